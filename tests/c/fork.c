/*
 * The host forks: before a store is open, again and again while threads save, and after it was closed.
 *
 * A child must not wait for anything: what the parent's other threads held stays held there. Invariant: in a child of a
 * process that had a store open every call comes back at once with COFFER_ERROR_FORKED, and what the parent saved, before
 * and after, is whole; any other child uses stores as if there had been no parent.
 *
 *     fork WORKING_FOLDER
 */
#define _XOPEN_SOURCE 700

#include "end.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAVERS 4
/* A child that needs longer waits for a lock that nobody will give back. */
#define LONGEST_SECONDS 60

struct saver {
    coffer_db db;
    int number;
    /* How many of its saves were acknowledged. */
    int saved;
    pthread_t thread;
};

static void key_of(char *key, int saver, int number)
{
    sprintf(key, "s%d/%08d", saver, number);
}

static void *save_until_the_end(void *argument)
{
    struct saver *saver = argument;
    char key[32], text[64];
    while (!is_at_end()) {
        key_of(key, saver->number, saver->saved);
        sprintf(text, "{\"saver\":%d,\"number\":%d}", saver->number, saver->saved);
        CHECK_OK(coffer_save_persistent_data(saver->db, key, text));
        saver->saved++;
    }
    return NULL;
}

/* Runs `work` in a child, which then ends as programs do, and checks that all went well there. */
static void in_child(void (*work)(coffer_db, const char *), coffer_db db, const char *path)
{
    int status = -1;
    pid_t child;
    fflush(stdout);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    if (child == 0) {
        alarm(LONGEST_SECONDS);
        work(db, path);
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        CHECK_SAID(strerror(errno), errno == EINTR);
    CHECK_SAID("the child hung", !WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM);
    CHECK_SAID("the child failed", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void use_store(coffer_db none, const char *path)
{
    coffer_db db;
    (void)none;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK(coffer_live_handles() == 1);
    CHECK_OK(coffer_save_persistent_data(db, "child", "\"was here\""));
    CHECK_OK(coffer_close(db));
    CHECK(coffer_live_handles() == 0);
}

#define REFUSED(call) CHECK_STATUS(COFFER_ERROR_FORKED, call)

static void be_refused(coffer_db db, const char *path)
{
    char other[PATH_ROOM + 8], *text = NULL;
    coffer_db another = 0;
    sprintf(other, "%s-child", path);
    REFUSED(coffer_save_persistent_data(db, "s0/00000000", "\"from the child\""));
    CHECK_HOLDS(coffer_last_error(), "forked");
    REFUSED(coffer_load_persistent_data(db, "s0/00000000", &text));
    REFUSED(coffer_list_database_keys(db, &text));
    REFUSED(coffer_create_database_snapshot(db, "from the child", NULL));
    REFUSED(coffer_flush(db));
    REFUSED(coffer_checkpoint(db));
    REFUSED(coffer_open(path, "{\"read_only\":true}", &another));
    REFUSED(coffer_open(other, NULL, &another));
    CHECK(coffer_live_handles() == 0);
    REFUSED(coffer_close(db));
    REFUSED(coffer_close(0));
    CHECK(another == 0 && text == NULL);
    CHECK(entries_in(other) == -1);
    CHECK(strcmp(coffer_status_name(COFFER_ERROR_FORKED), "COFFER_ERROR_FORKED") == 0);
}

static void check_saved(coffer_db db, const struct saver *saver)
{
    char key[32], expected[64], *text;
    int number;
    for (number = 0; number < saver->saved; number++) {
        key_of(key, saver->number, number);
        sprintf(expected, "{\"saver\":%d,\"number\":%d}", saver->number, number);
        CHECK_OK(coffer_load_persistent_data(db, key, &text));
        CHECK_SAME(expected, text);
    }
    key_of(key, saver->number, saver->saved);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, key, &text));
}

static int total(const struct saver *savers)
{
    int number, sum = 0;
    for (number = 0; number < SAVERS; number++)
        sum += savers[number].saved;
    return sum;
}

/* Checkpoints and new segments all the time, so that a fork meets the store's own thread at work. */
static const char *const busy = "{\"segment_bytes\":65536,\"checkpoint_bytes\":65536}";

static void fork_while_saving(const char *path, int forks)
{
    struct saver savers[SAVERS];
    coffer_db db;
    char *report;
    int number;
    memset(savers, 0, sizeof savers);
    CHECK_OK(coffer_open(path, busy, &db));
    for (number = 0; number < SAVERS; number++) {
        savers[number].db = db;
        savers[number].number = number;
        CHECK_SAID("no thread", pthread_create(&savers[number].thread, NULL, save_until_the_end, &savers[number]) == 0);
    }
    for (number = 0; number < forks; number++)
        in_child(be_refused, db, path);
    set_end(1);
    for (number = 0; number < SAVERS; number++)
        pthread_join(savers[number].thread, NULL);
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_recovery_report(db, &report));
    CHECK_HOLDS(report, "\"torn_bytes\":0");
    CHECK_HOLDS(report, "\"lost\":[]");
    coffer_string_free(report);
    for (number = 0; number < SAVERS; number++)
        check_saved(db, &savers[number]);
    CHECK_OK(coffer_close(db));
    printf("%d forks, %d saves found\n", forks, total(savers));
}

static void check_child_was_here(const char *path)
{
    coffer_db db;
    char *text;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_load_persistent_data(db, "child", &text));
    CHECK_SAME("\"was here\"", text);
    CHECK_OK(coffer_close(db));
}

/* A child that lives on has inherited the open lock file, but a store that was closed is nobody's. */
static void close_beside_child(const char *path)
{
    coffer_db db;
    int hold[2], status = -1;
    char byte;
    pid_t child;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_SAID(strerror(errno), pipe(hold) == 0);
    fflush(stdout);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    if (child == 0) {
        alarm(LONGEST_SECONDS);
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(hold[0]);
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_close(db));
    close(hold[1]);
    while (waitpid(child, &status, 0) < 0)
        CHECK_SAID(strerror(errno), errno == EINTR);
    CHECK_SAID("the child failed", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int count, char **arguments)
{
    char first[PATH_ROOM], second[PATH_ROOM];
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    fresh_path(first, "first");
    fresh_path(second, "second");
    in_child(use_store, 0, first);
    check_child_was_here(first);
    fork_while_saving(second, sized(200, 10));
    in_child(use_store, 0, second);
    check_child_was_here(second);
    close_beside_child(second);
    return 0;
}
