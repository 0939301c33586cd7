/*
 * The store's folder is made read-only, renamed, removed, replaced by another store, or its files are cut short, while it
 * is open.
 *
 * For Linux. Each trial happens in a child. Invariant: calls come back with typed errors that name a file, loads go on, the
 * process lives, and what was acknowledged is there afterwards unless its very bytes were destroyed here; then opening
 * says which, and salvage keeps the rest. Whose folder it is not any more does not touch what is there now.
 *
 *     folder_lost WORKING_FOLDER
 */
#define _GNU_SOURCE

#include "ordeal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const small_segments = "{\"segment_bytes\":65536,\"checkpoint_bytes\":1000000000}";
/* Checkpoints all the time. */
static const char *const busy = "{\"segment_bytes\":65536,\"checkpoint_bytes\":65536}";

static void name_beside(char *path, const char *store, const char *ending)
{
    snprintf(path, PATH_ROOM, "%.4000s-%s", store, ending);
    remove_tree(path);
}

static void rename_folder(const char *from, const char *to)
{
    CHECK_SAID(strerror(errno), rename(from, to) == 0);
}

static off_t length_of(const char *path)
{
    struct stat status;
    CHECK_SAID(strerror(errno), stat(path, &status) == 0);
    return status.st_size;
}

/* Root may write everywhere; from now on this process may not. */
static void obey_modes(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    CHECK_SAID(strerror(errno), syscall(SYS_capset, &header, none) == 0);
}

static void check_obeys_modes(const char *folder)
{
    char path[PATH_ROOM + 16];
    FILE *file;
    snprintf(path, sizeof path, "%s/probe", folder);
    file = fopen(path, "wb");
    if (file == NULL)
        return;
    fclose(file);
    remove(path);
    skip("read-only folder: this file system lets everybody write in spite of a folder's mode");
}

static void make_read_only(const char *store)
{
    coffer_db db;
    int last = 40;
    obey_modes();
    CHECK_OK(coffer_open(store, small_segments, &db));
    save_numbers(db, 1, last, 1000);
    CHECK_OK(coffer_create_database_snapshot(db, "before", NULL));
    CHECK_SAID(strerror(errno), chmod(store, 0555) == 0);
    check_obeys_modes(store);
    /* The files that are open go on, and the active segment grows. */
    save_numbers(db, last + 1, last + 200, 2000);
    last += 200;
    CHECK_FAILS(COFFER_ERROR_IO, coffer_checkpoint(db), store);
    try_everything(db, store, last);
    save_numbers(db, last + 1, last + 10, 100);
    last += 10;
    CHECK_FAILS(COFFER_ERROR_IO, coffer_close(db), store);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_open(store, NULL, &db), store);
    CHECK_OK(coffer_open(store, "{\"read_only\":true}", &db));
    check_numbers(db, last);
    CHECK_OK(coffer_close(db));
    CHECK_SAID(strerror(errno), chmod(store, 0755) == 0);
    CHECK_OK(coffer_open(store, small_segments, &db));
    check_numbers(db, last);
    CHECK_OK(coffer_load_from_snapshot(db, "before", "n/00000001", NULL));
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_close(db));
}

static void rename_away(const char *store)
{
    char away[PATH_ROOM];
    coffer_db db, other = 0;
    int last = 40;
    name_beside(away, store, "away");
    CHECK_OK(coffer_open(store, small_segments, &db));
    save_numbers(db, 1, last, 1000);
    /* Otherwise the folder's first sync may be the one that fails. */
    CHECK_OK(coffer_flush(db));
    rename_folder(store, away);
    /* What is open is still the store. */
    save_numbers(db, last + 1, last + 100, 2000);
    last += 100;
    CHECK_FAILS(COFFER_ERROR_IO, coffer_checkpoint(db), store);
    try_everything(db, store, last);
    CHECK(entries_in(store) == -1);
    /* It is in use under its new name too. */
    CHECK_FAILS(COFFER_ERROR_BUSY, coffer_open(away, NULL, &other), "process");
    CHECK_FAILS(COFFER_ERROR_IO, coffer_close(db), store);
    CHECK(entries_in(store) == -1);
    CHECK_OK(coffer_open(away, NULL, &db));
    check_numbers(db, last);
    CHECK_OK(coffer_close(db));
    rename_folder(away, store);
}

/* Removed and never back: what was there was destroyed, and the next opening is a new store. */
static void remove_folder(const char *store)
{
    coffer_db db;
    int last = 40;
    CHECK_OK(coffer_open(store, small_segments, &db));
    save_numbers(db, 1, last, 1000);
    CHECK_OK(coffer_flush(db));
    remove_tree(store);
    try_everything(db, store, last);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_checkpoint(db), store);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_close(db), store);
    CHECK(entries_in(store) == -1);
    CHECK_FAILS(COFFER_ERROR_NO_STORE, coffer_open(store, "{\"create\":false}", &db), store);
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "n/00000001", NULL));
    save_numbers(db, 1, 10, 100);
    CHECK_OK(coffer_close(db));
}

/* Another process makes a store of its own in the same place, and dies without closing it. */
static void make_other_store(const char *store)
{
    int status = -1;
    pid_t child;
    fflush(stdout);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    if (child == 0) {
        coffer_db db;
        CHECK_OK(coffer_open(store, small_segments, &db));
        save_numbers(db, 1, 100, 1000);
        _exit(0);
    }
    CHECK_SAID(strerror(errno), waitpid(child, &status, 0) == child);
    CHECK_SAID("the other writer failed", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void replace_folder_and(const char *store, int moved)
{
    char away[PATH_ROOM], other[PATH_ROOM];
    coffer_db db;
    int last = 40;
    name_beside(away, store, "away");
    name_beside(other, store, "other");
    /* Before this process has a store open, so that it may fork. */
    make_other_store(other);
    CHECK_OK(coffer_open(store, busy, &db));
    CHECK_OK(coffer_save_persistent_data(db, "whose", "\"the first one's\""));
    save_numbers(db, 1, last, 1000);
    CHECK_OK(coffer_flush(db));
    if (moved)
        rename_folder(store, away);
    else
        remove_tree(store);
    rename_folder(other, store);
    /* These go where the first store went, or nowhere, and are not told to the parent. */
    last += 100;
    while (save_number(db, last, 5000) == COFFER_OK && last < 240)
        last++;
    try_everything(db, store, 40);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_checkpoint(db), store);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_close(db), store);
    /* The parent looks whether the other store is whole. */
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "whose", NULL));
    check_numbers(db, 100);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "n/00000101", NULL));
    CHECK_OK(coffer_close(db));
    if (!moved)
        return;
    CHECK_OK(coffer_open(away, NULL, &db));
    check_numbers(db, 40);
    CHECK_OK(coffer_load_persistent_data(db, "whose", NULL));
    CHECK_OK(coffer_close(db));
}

static void replace_moved(const char *store)
{
    replace_folder_and(store, 1);
}

static void replace_removed(const char *store)
{
    replace_folder_and(store, 0);
}

/* What was saved is in memory, and closing writes an image of that: nothing is missing though files were cut. */
static void cut_and_close(const char *store)
{
    char path[PATH_ROOM], *text = NULL;
    coffer_db db;
    int last = 60;
    CHECK_OK(coffer_open(store, small_segments, &db));
    save_numbers(db, 1, last, 1000);
    CHECK_OK(coffer_create_database_snapshot(db, "before", NULL));
    CHECK_OK(save_number(db, 1, 2000));
    CHECK_OK(coffer_checkpoint(db));
    save_numbers(db, last + 1, last + 30, 1000);
    last += 30;
    /* Image and journal are not needed while the store is open; what only the snapshot needs is read from its file. */
    CHECK(find_file(store, "image-", path));
    CHECK_SAID(strerror(errno), truncate(path, length_of(path) / 2) == 0);
    CHECK(find_last_file(store, "journal-", path));
    CHECK_SAID(strerror(errno), truncate(path, 1000) == 0);
    CHECK(find_file(store, "history-", path));
    CHECK_SAID(strerror(errno), truncate(path, length_of(path) / 2) == 0);
    check_numbers(db, last);
    CHECK_FAILS(COFFER_ERROR_CORRUPT, coffer_load_from_snapshot(db, "before", "n/00000001", &text), path);
    CHECK_HOLDS(coffer_last_error(), "damaged at byte ");
    try_everything(db, store, last);
    CHECK_OK(coffer_delete_snapshot(db, "before"));
    save_numbers(db, last + 1, last + 30, 1000);
    CHECK_OK(coffer_close(db));
}

/* The journal loses its end, more is saved behind the hole, and the process ends without closing. */
static void cut_and_die(const char *store, const char *beginning, off_t length, int flushed)
{
    char path[PATH_ROOM];
    coffer_db db;
    CHECK_OK(coffer_open(store, small_segments, &db));
    save_numbers(db, 1, 20, 1000);
    CHECK_OK(coffer_checkpoint(db));
    save_numbers(db, 21, 40, 1000);
    /* What comes behind the hole says that what was there had reached the disk, so that no power cut can have made it. */
    if (flushed)
        CHECK_OK(coffer_flush(db));
    CHECK(find_file(store, beginning, path));
    CHECK_SAID(strerror(errno), truncate(path, length) == 0);
    check_numbers(db, 40);
    save_numbers(db, 41, 50, 1000);
    check_numbers(db, 50);
    _exit(0);
}

static void cut_journal(const char *store)
{
    cut_and_die(store, "journal-", 10000, 1);
}

static void cut_unflushed(const char *store)
{
    cut_and_die(store, "journal-", 10000, 0);
}

static void cut_image(const char *store)
{
    cut_and_die(store, "image-", 10000, 1);
}

static void empty_journal(const char *store)
{
    cut_and_die(store, "journal-", 0, 1);
}

static void empty_image(const char *store)
{
    cut_and_die(store, "image-", 0, 1);
}

/* Opening says which file is damaged and where, again and again, until it is asked to keep what is whole. */
static void check_salvage(const char *store, const char *beginning, const struct ending *ending, int kept)
{
    char key[32], *report = NULL;
    coffer_db db = 0;
    int number, found = 0, i;
    for (i = 0; i < 2; i++) {
        CHECK_FAILS(COFFER_ERROR_CORRUPT, coffer_open(store, NULL, &db), store);
        CHECK_HOLDS(coffer_last_error(), beginning);
        CHECK_HOLDS(coffer_last_error(), "damaged at byte ");
        CHECK_HOLDS(coffer_last_error(), "salvage");
    }
    CHECK_OK(coffer_open(store, "{\"recovery\":\"salvage\"}", &db));
    CHECK_OK(coffer_recovery_report(db, &report));
    CHECK_HOLDS(report, "\"salvaged\":true");
    CHECK_HOLDS(report, beginning);
    coffer_string_free(report);
    for (number = 1; number <= ending->acknowledged; number++) {
        sprintf(key, "n/%08d", number);
        found += coffer_load_persistent_data(db, key, NULL) == COFFER_OK;
    }
    printf("   %d of %d found after salvage\n", found, ending->acknowledged);
    CHECK_SAID("salvage lost what was whole", found >= kept);
    CHECK_SAID("nothing was cut", found < ending->acknowledged);
    CHECK_OK(save_number(db, 1, 10));
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_OK(coffer_close(db));
}

/* What had not reached the disk looks like a power cut: the report tells how much went, and what is left is a prefix. */
static void check_torn(const char *store, const struct ending *ending)
{
    struct ending kept = {0, 0, 0};
    char *report = NULL, *keys = NULL;
    const char *place;
    char key[1025];
    coffer_db db = 0;
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_OK(coffer_recovery_report(db, &report));
    CHECK_SAID(report, strstr(report, "\"torn_bytes\":0,") == NULL && strstr(report, "\"torn_bytes\":0}") == NULL);
    coffer_string_free(report);
    CHECK_OK(coffer_list_database_keys_with(db, "n/", NULL, 0, &keys));
    for (place = keys; next_string(&place, key, sizeof key);)
        kept.acknowledged++;
    coffer_string_free(keys);
    CHECK_OK(coffer_close(db));
    CHECK(kept.acknowledged >= 28 && kept.acknowledged < ending->acknowledged);
    check_kept(store, &kept);
}

int main(int count, char **arguments)
{
    char store[PATH_ROOM];
    struct ending ending;
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    ending = undergo("read-only folder", make_read_only, store);
    check_kept(store, &ending);
    ending = undergo("renamed folder", rename_away, store);
    check_kept(store, &ending);
    undergo("removed folder", remove_folder, store);
    undergo("replaced folder, the first one moved", replace_moved, store);
    undergo("replaced folder, the first one removed", replace_removed, store);
    ending = undergo("files cut, then closed", cut_and_close, store);
    check_kept(store, &ending);
    /* 20 documents are in the image, 9 more are before the cut, and 10 behind the hole. */
    ending = undergo("journal cut, then killed", cut_journal, store);
    check_salvage(store, "journal-", &ending, 20 + 8 + 10);
    ending = undergo("journal cut before it was flushed", cut_unflushed, store);
    check_torn(store, &ending);
    ending = undergo("journal emptied, then killed", empty_journal, store);
    check_salvage(store, "journal-", &ending, 20 + 10);
    /* The 30 of the journal are whole. */
    ending = undergo("image cut, then killed", cut_image, store);
    check_salvage(store, "image-", &ending, 8 + 30);
    ending = undergo("image emptied, then killed", empty_image, store);
    check_salvage(store, "image-", &ending, 30);
    return 0;
}
