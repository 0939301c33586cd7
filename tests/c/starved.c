/*
 * Memory, file sizes and disks run out in the middle of saves, and come back.
 *
 * For Linux. Each trial happens in a child. Invariant: what is short gives a typed error that names what it is about, loads
 * go on, the process lives, and everything that was acknowledged is there afterwards.
 *
 *     starved WORKING_FOLDER
 */
#define _GNU_SOURCE

#include "ordeal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define KIB 1024u
#define MIB (1024u * 1024u)

static const char *const no_checkpoints = "{\"segment_bytes\":65536,\"checkpoint_bytes\":1000000000,\"max_document_bytes\":100000000}";

static rlim_t at_most(const struct rlimit *limits, rlim_t most)
{
    return most == RLIM_INFINITY || most > limits->rlim_max ? limits->rlim_max : most;
}

/* The type of a resource's name differs by C library. */
#define LIMIT(resource, most)                                                   \
    do {                                                                        \
        struct rlimit limits;                                                   \
        CHECK_SAID(strerror(errno), getrlimit((resource), &limits) == 0);       \
        limits.rlim_cur = at_most(&limits, (most));                             \
        CHECK_SAID(strerror(errno), setrlimit((resource), &limits) == 0);       \
    } while (0)

/* How many bytes of addresses this process has. */
static rlim_t addresses(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK_SAID(strerror(errno), file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* The most that a save under the limit has, and what fits no part of a heap (a thread's has 64 MiB). */
#define BIGGEST (12 * MIB)
#define HUGE (72 * MIB)

/* Saves and loads documents of every size while there is room for few of the large ones. Returns the last number saved. */
static int save_what_fits(coffer_db db, int last)
{
    uint64_t random = 20260131;
    int tries, refused = 0, saved = 0;
    for (tries = 0; tries < 300; tries++) {
        /* Half of them are large. */
        size_t size = (size_t)(next_random(&random) % (tries % 2 == 0 ? BIGGEST : 8 * KIB));
        coffer_status status = save_number(db, last + 1, size);
        if (status == COFFER_OK) {
            acknowledge(++last);
            saved++;
            continue;
        }
        CHECK_FAILS(COFFER_ERROR_OUT_OF_MEMORY, status, "no memory for ");
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "n/99999999", NULL));
        refused++;
    }
    printf("   %d documents fitted, %d did not\n", saved, refused);
    CHECK_SAID("memory was not short", refused > 20);
    CHECK_SAID("memory was too short for anything", saved > 20);
    return last;
}

/* Fills memory with ever shorter documents until even those of 64 KiB are refused. For small ones there is room then. */
static int fill_up(coffer_db db, int last)
{
    size_t size;
    int small;
    for (size = BIGGEST; size >= 64 * KIB; size /= 2) {
        coffer_status status;
        while ((status = save_number(db, last + 1, size)) == COFFER_OK)
            acknowledge(++last);
        CHECK_FAILS(COFFER_ERROR_OUT_OF_MEMORY, status, "no memory for ");
    }
    for (small = 0; small < 500; small++, last++)
        save_numbers(db, last + 1, last + 1, 3000);
    return last;
}

/* Of what was saved, large documents may not be loaded either: there is no room for the copy. */
static void load_what_fits(coffer_db db, int last)
{
    char key[32], *text = NULL;
    int number, refused = 0;
    for (number = 1; number <= last; number++) {
        coffer_status status;
        sprintf(key, "n/%08d", number);
        status = coffer_load_persistent_data(db, key, &text);
        CHECK_STATUS(status == COFFER_OK ? COFFER_OK : COFFER_ERROR_OUT_OF_MEMORY, status);
        refused += status != COFFER_OK;
        if (status == COFFER_OK)
            coffer_string_free(text);
        text = NULL;
    }
    printf("   %d of %d documents had no room for a copy\n", refused, last);
}

static void lose_memory(const char *store)
{
    coffer_db db;
    int last = 20;
    CHECK_OK(coffer_open(store, no_checkpoints, &db));
    save_numbers(db, 1, last, 1000);
    /* Of so many bytes the C library keeps none; and the test's own room for a text is made by it. */
    CHECK_OK(save_number(db, 1, HUGE));
    /* By then the store's own thread has what it needs of the system. */
    CHECK_OK(coffer_checkpoint(db));
    LIMIT(RLIMIT_AS, addresses() + 40 * MIB);
    last = save_what_fits(db, last);
    last = fill_up(db, last);
    load_what_fits(db, last);
    /* An image is written entry by entry, and the longest finds no room. */
    LIMIT(RLIMIT_AS, addresses() + 16 * MIB);
    CHECK_FAILS(COFFER_ERROR_OUT_OF_MEMORY, coffer_checkpoint(db), "no memory for ");
    LIMIT(RLIMIT_AS, RLIM_INFINITY);
    check_numbers(db, last);
    save_numbers(db, last + 1, last + 1, BIGGEST);
    check_numbers(db, last + 1);
    CHECK_OK(coffer_close(db));
}

/* More documents of 3,000 bytes than fit into the heap that the C library may have reserved for a thread (64 MiB). */
#define MANY 40000

/* To the last byte: what is too small to be refused ends the process, as it does any program. */
static void exhaust_memory(const char *store)
{
    coffer_db db;
    coffer_status status;
    int number = 1;
    CHECK_OK(coffer_open(store, "{\"segment_bytes\":65536,\"checkpoint_bytes\":200000}", &db));
    save_numbers(db, 1, 100, 1000);
    CHECK_OK(coffer_checkpoint(db));
    number = 101;
    LIMIT(RLIMIT_AS, addresses() + 3 * MIB);
    while (number < MANY && (status = save_number(db, number, 3000)) == COFFER_OK)
        acknowledge(number++);
    CHECK_SAID("memory was not short", number < MANY);
    CHECK_FAILS(COFFER_ERROR_OUT_OF_MEMORY, status, "no memory for ");
    CHECK_OK(coffer_load_persistent_data(db, "n/00000001", NULL));
    coffer_close(db);
}

/* Files may not grow beyond a limit: that of the journal ends the writing, that of the image does not. */
static void lose_file_size(const char *store)
{
    coffer_db db;
    coffer_status status = COFFER_OK;
    int last;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK(coffer_open(store, no_checkpoints, &db));
    save_numbers(db, 1, 20, 1000);
    LIMIT(RLIMIT_FSIZE, 128 * KIB);
    /* It fits no segment, so the active one grows, beyond the limit. */
    CHECK_FAILS(COFFER_ERROR_IO, save_number(db, 21, 200 * KIB), "cannot write ");
    CHECK_HOLDS(coffer_last_error(), store);
    CHECK_HOLDS(coffer_last_error(), "journal-");
    CHECK_FAILS(COFFER_ERROR_FAILED, save_number(db, 21, 10), "journal-");
    CHECK_FAILS(COFFER_ERROR_FAILED, coffer_flush(db), "journal-");
    CHECK_FAILS(COFFER_ERROR_FAILED, coffer_checkpoint(db), "journal-");
    try_everything(db, store, 20);
    CHECK_FAILS(COFFER_ERROR_FAILED, coffer_close(db), "journal-");
    /* What is small goes on; an image that is too large does not come to be, and the journal keeps everything. */
    CHECK_OK(coffer_open(store, no_checkpoints, &db));
    check_numbers(db, 20);
    for (last = 20; last < 60 && status == COFFER_OK; last++) {
        save_numbers(db, last + 1, last + 1, 10 * KIB);
        status = coffer_checkpoint(db);
    }
    CHECK_FAILS(COFFER_ERROR_IO, status, "image-");
    CHECK_HOLDS(coffer_last_error(), store);
    save_numbers(db, last + 1, last + 10, 10);
    last += 10;
    try_everything(db, store, last);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_close(db), "image-");
    LIMIT(RLIMIT_FSIZE, RLIM_INFINITY);
    CHECK_OK(coffer_open(store, no_checkpoints, &db));
    check_numbers(db, last);
    CHECK_OK(coffer_checkpoint(db));
    save_numbers(db, last + 1, last + 1, 200 * KIB);
    CHECK_OK(coffer_close(db));
}

/* Maps this user to root of a namespace of its own, where a file system may be mounted; root may do it at once. */
static void enter_namespace(void)
{
    static const char *const files[] = {"/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/gid_map"};
    char lines[3][64];
    int i, file;
    strcpy(lines[0], "deny");
    sprintf(lines[1], "0 %d 1", (int)getuid());
    sprintf(lines[2], "0 %d 1", (int)getgid());
    if (getuid() == 0 && unshare(CLONE_NEWNS) == 0)
        return;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        skip("full disk: this system allows no mounts (run as root, or allow user namespaces: user.max_user_namespaces)");
    for (i = 0; i < 3; i++) {
        file = open(files[i], O_WRONLY);
        if (file < 0 || write(file, lines[i], strlen(lines[i])) < 0)
            skip("full disk: a user namespace does not map this user");
        close(file);
    }
}

/* A file system in memory of so many bytes in a folder, or what becomes of the one that is there. */
static void mount_small(const char *folder, const char *options, unsigned long flags)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("tmpfs", folder, "tmpfs", flags, options) != 0)
        skip("full disk: this system does not let a tmpfs be mounted in a namespace");
}

/* Fills what is left, and leaves `left` bytes. */
static void fill_disk(const char *path, long left)
{
    static char block[4096];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    off_t length = 0;
    CHECK_SAID(strerror(errno), file >= 0);
    while (write(file, block, sizeof block) > 0)
        length += (off_t)sizeof block;
    CHECK_SAID(strerror(errno), errno == ENOSPC);
    CHECK_SAID(strerror(errno), ftruncate(file, length > left ? length - left : 0) == 0);
    close(file);
}

/* Saves until the disk is full. Returns the last number that was saved. */
static int save_until_full(coffer_db db, const char *folder, int last)
{
    coffer_status status = COFFER_OK;
    while (last < 10000 && (status = save_number(db, last + 1, 2000)) == COFFER_OK)
        acknowledge(++last);
    CHECK_FAILS(COFFER_ERROR_IO, status, "cannot write ");
    CHECK_HOLDS(coffer_last_error(), folder);
    CHECK_HOLDS(coffer_last_error(), "journal-");
    CHECK_FAILS(COFFER_ERROR_FAILED, save_number(db, last + 1, 10), "journal-");
    return last;
}

static void fill_and_clear(const char *options, const char *folder, const char *store, const char *ballast)
{
    coffer_db db;
    static int last;
    int before = last;
    CHECK_OK(coffer_open(store, options, &db));
    check_numbers(db, last);
    save_numbers(db, last + 1, last + 20, 1000);
    last += 20;
    fill_disk(ballast, 300000);
    last = save_until_full(db, folder, last);
    CHECK_SAID("the disk was full at once", last > before + 20);
    try_everything(db, store, last);
    CHECK_FAILS(COFFER_ERROR_FAILED, coffer_close(db), "journal-");
    /* There is no room for what opening needs, or just enough; looking needs none. */
    fill_disk(ballast, 0);
    if (coffer_open(store, options, &db) == COFFER_OK) {
        check_numbers(db, last);
        try_everything(db, store, last);
        coffer_close(db);
    } else {
        CHECK_HOLDS(coffer_last_error(), "cannot ");
        CHECK_HOLDS(coffer_last_error(), folder);
    }
    CHECK_OK(coffer_open(store, "{\"read_only\":true}", &db));
    check_numbers(db, last);
    CHECK_OK(coffer_close(db));
    /* Space is given back. */
    CHECK_SAID(strerror(errno), remove(ballast) == 0);
    CHECK_OK(coffer_open(store, options, &db));
    check_numbers(db, last);
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_close(db));
}

/* The whole file system is gone with this child, so it looks itself whether everything is there. */
static void lose_disk(const char *store)
{
    char folder[PATH_ROOM], on_it[PATH_ROOM + 16], ballast[PATH_ROOM + 16];
    coffer_db db;
    snprintf(folder, sizeof folder, "%s", store);
    snprintf(on_it, sizeof on_it, "%s/store", folder);
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    enter_namespace();
    ensure_folder(folder);
    mount_small(folder, "size=4m", 0);
    fill_and_clear("{\"segment_bytes\":65536,\"checkpoint_bytes\":1000000000}", folder, on_it, ballast);
    fill_and_clear("{\"segment_bytes\":65536,\"checkpoint_bytes\":70000}", folder, on_it, ballast);
    fill_and_clear("{\"durability\":\"durable\"}", folder, on_it, ballast);
    mount_small(folder, "size=4m", MS_REMOUNT | MS_RDONLY);
    CHECK_FAILS(COFFER_ERROR_IO, coffer_open(on_it, NULL, &db), "lock");
    CHECK_OK(coffer_open(on_it, "{\"read_only\":true}", &db));
    check_numbers(db, 60);
    CHECK_OK(coffer_close(db));
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
    if (IS_SANITIZED) {
        printf("SKIPPED memory: the address sanitizer ends the process itself when there is none\n");
    } else {
        ending = undergo("memory", lose_memory, store);
        check_kept(store, &ending);
        ending = undergo_or_die("the last of the memory", exhaust_memory, store);
        CHECK_SAID("neither a typed error nor the allocator's abort", ending.signal == 0 || ending.signal == SIGABRT);
        check_kept(store, &ending);
    }
    ending = undergo("file size", lose_file_size, store);
    check_kept(store, &ending);
    undergo("full disk", lose_disk, store);
    return 0;
}
