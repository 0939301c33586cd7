/*
 * Children in which a store is tormented, and what is checked during and after it; ordeal.h says what each is for.
 *
 * Invariant: a child that hangs is ended and fails the test, and one that a signal ends fails it unless that was allowed.
 */
#define _XOPEN_SOURCE 700

#include "ordeal.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that needs longer waits for something that will not come. */
#define LONGEST_SECONDS 120
#define SKIPPED_STATUS 77
#define KEY_ROOM 32

/* Where a child tells what was acknowledged. */
static int told_to = -1;

static struct ending ending_of(int status, int from)
{
    struct ending ending = {0, 0, 0};
    int number;
    while (read(from, &number, sizeof number) == (ssize_t)sizeof number)
        ending.acknowledged = number;
    close(from);
    if (WIFSIGNALED(status))
        ending.signal = WTERMSIG(status);
    else
        ending.was_skipped = WEXITSTATUS(status) == SKIPPED_STATUS;
    CHECK_SAID("the child hung", ending.signal != SIGALRM);
    CHECK_SAID("the child failed; its message stands above",
               ending.signal != 0 || ending.was_skipped || WEXITSTATUS(status) == 0);
    return ending;
}

struct ending undergo_or_die(const char *name, torment *work, char *store)
{
    struct ending ending;
    int ends[2], status = -1;
    pid_t child;
    fresh_path(store, name);
    fflush(stdout);
    CHECK_SAID(strerror(errno), pipe(ends) == 0);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    if (child == 0) {
        close(ends[0]);
        told_to = ends[1];
        alarm(LONGEST_SECONDS);
        work(store);
        CHECK(coffer_live_handles() == 0);
        exit(0);
    }
    close(ends[1]);
    while (waitpid(child, &status, 0) < 0)
        CHECK_SAID(strerror(errno), errno == EINTR);
    /* A pipe holds some ten thousand numbers, which is more than anybody tells. */
    ending = ending_of(status, ends[0]);
    if (!ending.was_skipped)
        printf("%s: %d saves acknowledged%s\n", name, ending.acknowledged,
               ending.signal != 0 ? ", ended by a signal" : "");
    return ending;
}

struct ending undergo(const char *name, torment *work, char *store)
{
    struct ending ending = undergo_or_die(name, work, store);
    char said[64];
    sprintf(said, "the child was ended by signal %d", ending.signal);
    CHECK_SAID(said, ending.signal == 0);
    return ending;
}

void skip(const char *reason)
{
    printf("SKIPPED %s\n", reason);
    fflush(stdout);
    _exit(SKIPPED_STATUS);
}

void acknowledge(int number)
{
    CHECK_SAID("the pipe is full", write(told_to, &number, sizeof number) == (ssize_t)sizeof number);
}

static void key_of(char *key, int number)
{
    sprintf(key, "n/%08d", number);
}

/* The text of a number begins so; what follows are as many x as were wanted, so it tells its own length. */
static int head_of(char *head, int number, size_t size)
{
    return sprintf(head, "{\"number\":%d,\"size\":%lu,\"x\":\"", number, (unsigned long)size);
}

coffer_status save_number(coffer_db db, int number, size_t size)
{
    /* Kept, so that where memory is short the test itself needs none. */
    static char *text;
    static size_t room;
    char key[KEY_ROOM];
    int head;
    if (room < size + 128) {
        text = realloc(text, size + 128);
        CHECK_SAID("no memory for the test itself", text != NULL);
        room = size + 128;
    }
    head = head_of(text, number, size);
    memset(text + head, 'x', size);
    strcpy(text + head + size, "\"}");
    key_of(key, number);
    return coffer_save_persistent_data(db, key, text);
}

void save_numbers(coffer_db db, int first, int last, size_t size)
{
    int number;
    for (number = first; number <= last; number++) {
        CHECK_OK(save_number(db, number, size));
        acknowledge(number);
    }
}

static void check_number(coffer_db db, int number)
{
    char key[KEY_ROOM], expected[128], *text = NULL;
    unsigned long size = 0;
    int head;
    key_of(key, number);
    CHECK_OK(coffer_load_persistent_data(db, key, &text));
    CHECK_SAID(text, sscanf(text, "{\"number\":%*d,\"size\":%lu,", &size) == 1);
    head = head_of(expected, number, (size_t)size);
    CHECK_SAID(key, strncmp(text, expected, (size_t)head) == 0);
    CHECK_SAID(key, strspn(text + head, "x") == (size_t)size);
    CHECK_SAID(key, strcmp(text + head + size, "\"}") == 0);
    coffer_string_free(text);
}

void check_numbers(coffer_db db, int last)
{
    int number;
    for (number = 1; number <= last; number++)
        check_number(db, number);
}

void check_fails(const char *file, int line, const char *call, coffer_status expected, coffer_status actual,
                 const char *piece)
{
    check_status(file, line, call, expected, actual);
    check_holds(file, line, coffer_last_error(), piece);
}

/* What a call may come back with while the system fails it. */
static void check_typed(const char *call, coffer_status status)
{
    static const coffer_status typed[] = {COFFER_OK, COFFER_ERROR_IO, COFFER_ERROR_FAILED, COFFER_ERROR_CORRUPT,
                                          COFFER_ERROR_OUT_OF_MEMORY};
    size_t i;
    for (i = 0; i < sizeof typed / sizeof *typed; i++) {
        if (status == typed[i]) {
            /* Which also looks at the message. */
            CHECK_STATUS(status, status);
            return;
        }
    }
    check_failed(__FILE__, __LINE__, call, coffer_last_error());
}

#define TRY(call) check_typed(#call, (call))

void try_everything(coffer_db db, const char *store, int last)
{
    char path[PATH_ROOM + 16], *text = NULL;
    snprintf(path, sizeof path, "%s/shared.json", store);
    check_numbers(db, last);
    TRY(coffer_save_persistent_data(db, "tried", "[1]"));
    TRY(coffer_clear_database_entry(db, "tried"));
    TRY(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    TRY(coffer_create_database_snapshot(db, "tried", NULL));
    TRY(coffer_analyze_database_health(db, "{\"full\":true}", NULL, NULL, NULL));
    TRY(coffer_export_database_for_sharing(db, "json", path, NULL, NULL, NULL));
    TRY(coffer_checkpoint(db));
    TRY(coffer_flush(db));
    CHECK_OK(coffer_list_database_keys(db, &text));
    coffer_string_free(text);
    CHECK_OK(coffer_list_snapshots(db, &text));
    coffer_string_free(text);
    CHECK_OK(coffer_recovery_report(db, &text));
    coffer_string_free(text);
    check_numbers(db, last);
}

/* How many numbers there are, from 1 on without a gap. */
static int count_numbers(coffer_db db)
{
    char key[1025], expected[KEY_ROOM], *keys = NULL;
    const char *place;
    int count = 0;
    CHECK_OK(coffer_list_database_keys_with(db, "n/", NULL, 0, &keys));
    for (place = keys; next_string(&place, key, sizeof key);) {
        key_of(expected, ++count);
        CHECK_SAID(key, strcmp(key, expected) == 0);
    }
    coffer_string_free(keys);
    return count;
}

void check_kept(const char *store, const struct ending *ending)
{
    coffer_db db = 0;
    int count, looks;
    if (ending->was_skipped)
        return;
    CHECK_SAID("nothing was acknowledged, so nothing was tried", ending->acknowledged > 0);
    /* Once as a new writer, and once more after what it left. */
    for (looks = 0; looks < 2; looks++) {
        CHECK_OK(coffer_open(store, NULL, &db));
        count = count_numbers(db);
        CHECK(count == ending->acknowledged + looks || (looks == 0 && count == ending->acknowledged + 1));
        check_numbers(db, count);
        if (looks == 0 && count == ending->acknowledged)
            CHECK_OK(save_number(db, count + 1, 100));
        CHECK_OK(coffer_close(db));
    }
}

static int find(const char *folder, const char *beginning, int is_last, char *path)
{
    char best[256] = "";
    const struct dirent *entry;
    DIR *directory = opendir(folder);
    CHECK_SAID(strerror(errno), directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        int order = strcmp(entry->d_name, best);
        if (strncmp(entry->d_name, beginning, strlen(beginning)) != 0 || strlen(entry->d_name) >= sizeof best)
            continue;
        if (best[0] == '\0' || (is_last ? order > 0 : order < 0))
            strcpy(best, entry->d_name);
    }
    closedir(directory);
    snprintf(path, PATH_ROOM, "%s/%s", folder, best);
    return best[0] != '\0';
}

int find_file(const char *folder, const char *beginning, char *path)
{
    return find(folder, beginning, 0, path);
}

int find_last_file(const char *folder, const char *beginning, char *path)
{
    return find(folder, beginning, 1, path);
}
