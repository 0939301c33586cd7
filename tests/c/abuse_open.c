/*
 * Wrong arguments of every kind, part three: options and paths.
 *
 * It must not depend on who runs it: where the superuser may do what others may not, a place is used that refuses both.
 * Invariant: an open that fails gives out no handle, creates no folder and leaves what is there alone.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static void expect_open(coffer_status expected, const char *path, const char *options)
{
    coffer_db db = 77;
    CHECK_STATUS(expected, coffer_open(path, options, &db));
    CHECK(db == 77);
}

static void bad_options(const char *path)
{
    static const struct {
        const char *options;
        /* What the message has to name; NULL where there is no option to name. */
        const char *named;
    } bad[] = {
        {"", NULL}, {" ", NULL}, {"{", NULL}, {"{}x", NULL}, {"{}{}", NULL}, {"[]", NULL}, {"[\"durable\"]", NULL},
        {"null", NULL}, {"7", NULL}, {"\"durable\"", NULL}, {"{\"max_depth\":1,}", NULL}, {"{max_depth:1}", NULL},
        {"{\"nonsense\":1}", "nonsense"}, {"{\"Durability\":\"durable\"}", "Durability"}, {"{\"\":1}", ""},
        {"{\"background\":false}", "background"},
        {"{\"durability\":\"sometimes\"}", "sometimes"}, {"{\"durability\":\"Durable\"}", "Durable"},
        {"{\"durability\":2}", NULL}, {"{\"plugin\":1}", NULL}, {"{\"create\":1}", NULL}, {"{\"create\":\"true\"}", NULL},
        {"{\"read_only\":0}", NULL}, {"{\"recovery\":\"lenient\"}", "lenient"},
        {"{\"flush_interval_ms\":0}", "flush_interval_ms"}, {"{\"flush_interval_ms\":60001}", "flush_interval_ms"},
        {"{\"sync_interval_ms\":0}", "sync_interval_ms"}, {"{\"sync_interval_ms\":60001}", "sync_interval_ms"},
        {"{\"sync_interval_ms\":1.5}", NULL}, {"{\"sync_interval_ms\":\"5\"}", NULL},
        {"{\"checkpoint_bytes\":-1}", NULL}, {"{\"checkpoint_bytes\":1e30}", NULL},
        {"{\"segment_bytes\":65535}", "segment_bytes"}, {"{\"segment_bytes\":67108865}", "segment_bytes"},
        {"{\"max_document_bytes\":0}", "max_document_bytes"}, {"{\"max_document_bytes\":1073741825}", "max_document_bytes"},
        {"{\"max_document_bytes\":18446744073709551616}", NULL},
        {"{\"max_depth\":0}", "max_depth"}, {"{\"max_depth\":1025}", "max_depth"}, {"{\"max_depth\":-1}", NULL},
        {"{\"max_depth\":18446744073709551615}", "max_depth"},
        {"{\"max_depth\":5,\"max_depth\":6}", "max_depth"},
        {"{\"snapshot_every_minutes\":527041}", "snapshot_every_minutes"}, {"{\"snapshot_every_minutes\":-1}", NULL},
        {"{\"snapshots_kept\":0}", "snapshots_kept"}, {"{\"snapshots_kept\":10001}", "snapshots_kept"}};
    size_t i;
    for (i = 0; i < LENGTH_OF(bad); i++) {
        expect_open(COFFER_ERROR_INVALID_OPTION, path, bad[i].options);
        CHECK(bad[i].named == NULL || strstr(coffer_last_error(), bad[i].named) != NULL);
    }
}

static void deep_and_long_options(const char *path)
{
    char *options = repeated(100000, "{\"plugin\":", "1", "}");
    expect_open(COFFER_ERROR_INVALID_OPTION, path, options);
    free(options);
    options = repeated(100000, "[", "", "]");
    expect_open(COFFER_ERROR_INVALID_OPTION, path, options);
    free(options);
    /* A name of a megabyte must not make a message of a megabyte. */
    options = repeated(1u << 20, "\xC3\xA9", "", "");
    memcpy(options, "{\"", 2);
    memcpy(options + strlen(options) - 4, "\":1}", 4);
    expect_open(COFFER_ERROR_INVALID_OPTION, path, options);
    free(options);
}

/* A store that is open is not changed by a second open that wants other limits. */
static void options_of_an_open_store(const char *path)
{
    coffer_db db = 0, second = 0;
    char *deep = repeated(9, "[", "", "]"), *before;
    CHECK_OK(coffer_open(path, "{\"max_depth\":8}", &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    before = dump_store(db);
    expect_open(COFFER_ERROR_INVALID_OPTION, path, "{\"max_depth\":9}");
    CHECK(strstr(coffer_last_error(), "max_depth") != NULL);
    expect_open(COFFER_ERROR_INVALID_OPTION, path, "{\"sync_interval_ms\":7}");
    expect_open(COFFER_ERROR_INVALID_OPTION, path, "{\"segment_bytes\":65536}");
    bad_options(path);
    CHECK(coffer_live_handles() == 1);
    CHECK_OK(coffer_open(path, "{\"max_depth\":8,\"plugin\":\"same\"}", &second));
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_save_persistent_data(second, "slot", deep));
    CHECK_OK(coffer_close(second));
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    free(before);
    free(deep);
}

void abuse_options(void)
{
    char path[PATH_ROOM];
    fresh_path(path, "options");
    bad_options(path);
    deep_and_long_options(path);
    CHECK(entries_in(path) == -1);
    options_of_an_open_store(path);
    CHECK(coffer_live_handles() == 0);
}

/* A folder without a store stays as it is when nothing is to be created. */
static void folders_without_a_store(void)
{
    char path[PATH_ROOM];
    fresh_path(path, "nothing here");
    expect_open(COFFER_ERROR_NO_STORE, path, "{\"create\":false}");
    CHECK(strstr(coffer_last_error(), "nothing here") != NULL);
    expect_open(COFFER_ERROR_NO_STORE, path, "{\"read_only\":true}");
    CHECK(entries_in(path) == -1);
    CHECK_SAID(strerror(errno), mkdir(path, 0777) == 0);
    expect_open(COFFER_ERROR_NO_STORE, path, "{\"read_only\":true}");
    CHECK(entries_in(path) == 0);
    expect_open(COFFER_ERROR_NO_STORE, path, "{\"create\":false}");
    CHECK(entries_in(path) == 0);
}

static void paths_that_are_files(void)
{
    char file[PATH_ROOM], below[PATH_ROOM + 16];
    struct stat status;
    fresh_path(file, "a file");
    write_file(file, "keep me");
    snprintf(below, sizeof below, "%s/store", file);
    expect_open(COFFER_ERROR_IO, file, NULL);
    CHECK(strstr(coffer_last_error(), "a file") != NULL);
    expect_open(COFFER_ERROR_IO, file, "{\"read_only\":true}");
    expect_open(COFFER_ERROR_IO, below, NULL);
    expect_open(COFFER_ERROR_IO, "/dev/null", NULL);
    CHECK(stat(file, &status) == 0 && status.st_size == 7);
}

static void paths_that_go_nowhere(void)
{
    char link[PATH_ROOM], lock[PATH_ROOM + 16];
    fresh_path(link, "loop");
    CHECK_SAID(strerror(errno), symlink("loop", link) == 0);
    expect_open(COFFER_ERROR_IO, link, NULL);
    fresh_path(link, "dangling");
    CHECK_SAID(strerror(errno), symlink("no such target", link) == 0);
    expect_open(COFFER_ERROR_IO, link, NULL);
    expect_open(COFFER_ERROR_NO_STORE, link, "{\"create\":false}");
    /* Something else stands where the lock should be. */
    fresh_path(link, "lock is a folder");
    snprintf(lock, sizeof lock, "%s/lock", link);
    CHECK_SAID(strerror(errno), mkdir(link, 0777) == 0 && mkdir(lock, 0777) == 0);
    expect_open(COFFER_ERROR_IO, link, NULL);
    expect_open(COFFER_ERROR_INVALID_ARGUMENT, "", NULL);
}

static void paths_that_are_too_long(void)
{
    static const size_t lengths[] = {256, 5000, 1u << 20};
    char path[PATH_ROOM], *component, *whole;
    size_t i;
    for (i = 0; i < LENGTH_OF(lengths); i++) {
        fresh_path(path, "long");
        component = repeated(lengths[i], "p", "", "");
        whole = malloc(strlen(path) + strlen(component) + 2);
        CHECK(whole != NULL);
        strcat(strcat(strcpy(whole, path), "/"), component);
        expect_open(COFFER_ERROR_IO, whole, NULL);
        free(whole);
        free(component);
    }
}

static void paths_that_are_forbidden(void)
{
    char path[PATH_ROOM], below[PATH_ROOM + 16];
    fresh_path(path, "forbidden");
    CHECK_SAID(strerror(errno), mkdir(path, 0500) == 0);
    snprintf(below, sizeof below, "%s/store", path);
    if (geteuid() != 0) {
        expect_open(COFFER_ERROR_IO, path, NULL);
        expect_open(COFFER_ERROR_IO, below, NULL);
        CHECK(entries_in(path) == 0);
    }
    /* Nobody makes folders among the processes, not even who may write everywhere. */
    expect_open(COFFER_ERROR_IO, "/proc/self/coffer", NULL);
    CHECK(strstr(coffer_last_error(), "/proc/self/coffer") != NULL);
}

/* A process that may open no more files is told so, and can go on once it may. */
static void no_files_left(void)
{
    char path[PATH_ROOM];
    struct rlimit limit, none;
    coffer_db db = 0;
    fresh_path(path, "no files left");
    CHECK_SAID(strerror(errno), getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 3;
    CHECK_SAID(strerror(errno), setrlimit(RLIMIT_NOFILE, &none) == 0);
    expect_open(COFFER_ERROR_IO, path, NULL);
    CHECK_SAID(strerror(errno), setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_close(db));
}

void abuse_paths(void)
{
    no_files_left();
    folders_without_a_store();
    paths_that_are_files();
    paths_that_go_nowhere();
    paths_that_are_too_long();
    paths_that_are_forbidden();
    CHECK(coffer_live_handles() == 0);
}
