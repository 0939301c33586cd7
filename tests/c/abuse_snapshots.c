/*
 * Wrong arguments of every kind, part four: those of the functions about snapshots.
 *
 * It must not pass what C itself forbids, nor depend on who runs it. Invariant: each wrong argument has its own status,
 * no result is written, and a file that cannot be written or taken in leaves the store and what is beside it alone.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

void every_snapshot_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_create_database_snapshot(db, "label", &json));
    CHECK_STATUS(expected, coffer_restore_database_from_snapshot(db, "latest", NULL, &json));
    CHECK_STATUS(expected, coffer_list_snapshots(db, &json));
    CHECK_STATUS(expected, coffer_get_snapshot(db, "latest", &json));
    CHECK_STATUS(expected, coffer_delete_snapshot(db, "latest"));
    CHECK_STATUS(expected, coffer_pin_snapshot(db, "latest", 1, &json));
    CHECK_STATUS(expected, coffer_verify_snapshot(db, "latest", &json));
    CHECK_STATUS(expected, coffer_diff_snapshots(db, "latest", NULL, &json));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, "latest", "slot", &json));
    CHECK_STATUS(expected, coffer_export_snapshot(db, "latest", "never made", &json));
    CHECK_STATUS(expected, coffer_import_snapshot(db, "never made", NULL, &json));
    CHECK(json == untouched);
}

void every_snapshot_text_is_refused(coffer_db db, const char *bad)
{
    const coffer_status expected = COFFER_ERROR_INVALID_UTF8;
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_create_database_snapshot(db, bad, &json));
    CHECK_STATUS(expected, coffer_restore_database_from_snapshot(db, bad, NULL, &json));
    CHECK_STATUS(expected, coffer_restore_database_from_snapshot(db, "latest", bad, &json));
    CHECK_STATUS(expected, coffer_get_snapshot(db, bad, &json));
    CHECK_STATUS(expected, coffer_delete_snapshot(db, bad));
    CHECK_STATUS(expected, coffer_pin_snapshot(db, bad, 1, &json));
    CHECK_STATUS(expected, coffer_verify_snapshot(db, bad, &json));
    CHECK_STATUS(expected, coffer_diff_snapshots(db, bad, NULL, &json));
    CHECK_STATUS(expected, coffer_diff_snapshots(db, "latest", bad, &json));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, bad, "slot", &json));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, "latest", bad, &json));
    CHECK_STATUS(expected, coffer_export_snapshot(db, bad, "never made", &json));
    CHECK_STATUS(expected, coffer_export_snapshot(db, "latest", bad, &json));
    CHECK_STATUS(expected, coffer_import_snapshot(db, bad, NULL, &json));
    CHECK_STATUS(expected, coffer_import_snapshot(db, "never made", bad, &json));
    CHECK(json == untouched);
}

static void snapshot_nulls(coffer_db db)
{
    const coffer_status expected = COFFER_ERROR_NULL_ARGUMENT;
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_restore_database_from_snapshot(db, NULL, NULL, &json));
    CHECK_STATUS(expected, coffer_get_snapshot(db, NULL, &json));
    CHECK_STATUS(expected, coffer_delete_snapshot(db, NULL));
    CHECK_STATUS(expected, coffer_pin_snapshot(db, NULL, 1, &json));
    CHECK_STATUS(expected, coffer_verify_snapshot(db, NULL, &json));
    CHECK_STATUS(expected, coffer_diff_snapshots(db, NULL, "latest", &json));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, NULL, "slot", &json));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, "latest", NULL, &json));
    CHECK_STATUS(expected, coffer_export_snapshot(db, NULL, "never made", &json));
    CHECK_STATUS(expected, coffer_export_snapshot(db, "latest", NULL, &json));
    CHECK_STATUS(expected, coffer_import_snapshot(db, NULL, NULL, &json));
    CHECK(json == untouched);
    /* A result that is not wanted. */
    CHECK_OK(coffer_restore_database_from_snapshot(db, "latest", "{\"dry_run\":true}", NULL));
    CHECK_OK(coffer_list_snapshots(db, NULL));
    CHECK_OK(coffer_get_snapshot(db, "latest", NULL));
    CHECK_OK(coffer_pin_snapshot(db, "latest", 0, NULL));
    CHECK_OK(coffer_verify_snapshot(db, "latest", NULL));
    CHECK_OK(coffer_diff_snapshots(db, "latest", NULL, NULL));
    CHECK_OK(coffer_load_from_snapshot(db, "latest", "slot", NULL));
}

/* Every function that takes a state's name. A moment, and now, do for those that change no snapshot. */
static void every_name_is_refused(coffer_db db, const char *name, coffer_status of_state, coffer_status of_snapshot)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(of_state, coffer_restore_database_from_snapshot(db, name, NULL, &json));
    CHECK_STATUS(of_state, coffer_diff_snapshots(db, name, NULL, &json));
    CHECK_STATUS(of_state, coffer_diff_snapshots(db, "latest", name, &json));
    CHECK_STATUS(of_state, coffer_load_from_snapshot(db, name, "slot", &json));
    CHECK_STATUS(of_state, coffer_export_snapshot(db, name, "never made", &json));
    CHECK_STATUS(of_snapshot, coffer_get_snapshot(db, name, &json));
    CHECK_STATUS(of_snapshot, coffer_delete_snapshot(db, name));
    CHECK_STATUS(of_snapshot, coffer_pin_snapshot(db, name, 1, &json));
    CHECK_STATUS(of_snapshot, coffer_verify_snapshot(db, name, &json));
    CHECK(json == untouched);
}

static void snapshot_names(coffer_db db)
{
    static const char *const unknown[] = {
        "", " ", "none", "Latest", "latest ", "snapshot-", "snapshot-99", "snapshot-x", "snapshot-01", "snapshot--1",
        "snapshot-18446744073709551615", "snapshot-18446744073709551616", "import-1", "save_metadata/snapshots/snapshot-3",
        "../snapshot-3", "two\nlines", "\x01", "\"", "%s%n", "\xF0\x9F\x8E\xB2", "sequence", "time", "Sequence:1", ":", "a:b"};
    static const char *const no_number[] = {"sequence:", "sequence:x", "sequence:-1", "sequence:1.5", "sequence: 1",
                                            "sequence:18446744073709551616", "time:", "time:yesterday", "time:1e3"};
    static const char *const away[] = {"sequence:999", "sequence:18446744073709551615", "time:0", "time:1"};
    const coffer_status argument = COFFER_ERROR_INVALID_ARGUMENT;
    char *name = repeated(1u << 20, "\xC3\xA9", "", "");
    size_t i;
    every_name_is_refused(db, name, COFFER_ERROR_UNKNOWN_SNAPSHOT, COFFER_ERROR_UNKNOWN_SNAPSHOT);
    free(name);
    for (i = 0; i < LENGTH_OF(unknown); i++)
        every_name_is_refused(db, unknown[i], COFFER_ERROR_UNKNOWN_SNAPSHOT, COFFER_ERROR_UNKNOWN_SNAPSHOT);
    for (i = 0; i < LENGTH_OF(no_number); i++)
        every_name_is_refused(db, no_number[i], argument, argument);
    for (i = 0; i < LENGTH_OF(away); i++)
        every_name_is_refused(db, away[i], COFFER_ERROR_OUT_OF_REACH, argument);
    CHECK_STATUS(argument, coffer_restore_database_from_snapshot(db, "now", NULL, NULL));
    CHECK_STATUS(argument, coffer_delete_snapshot(db, "now"));
    CHECK_STATUS(argument, coffer_verify_snapshot(db, "sequence:1", NULL));
}

static void snapshot_options(coffer_db db)
{
    static const char *const bad[] = {
        "", " ", "{", "{}x", "{}{}", "[]", "[[\"plugin_data\"]]", "null", "7", "true", "\"latest\"", "{dry_run:true}",
        "{\"dry_run\":true,}", "{\"dry_run\":1}", "{\"dry_run\":\"true\"}", "{\"dry_run\":null}", "{\"Dry_run\":true}",
        "{\"dry_run\":true,\"dry_run\":true}", "{\"nonsense\":1}", "{\"\":1}", "{\"collection\":[]}",
        "{\"collections\":\"plugin_data\"}", "{\"collections\":[1]}", "{\"collections\":{}}", "{\"collections\":[\"\"]}",
        "{\"collections\":[\"save_metadata\"]}", "{\"collections\":[\"plugin_data\",\"roster\"]}",
        "{\"collections\":[[\"plugin_data\"]]}", "{\"keys\":\"slot\"}", "{\"keys\":[null]}", "{\"keys\":{}}",
        "{\"keys\":[\"\\ud800\"]}", "{\"keys\":[\"slot\"]", "{\"keys\":[\"slot\",]}"};
    char *const untouched = (char *)"as it was", *json = untouched, *deep;
    size_t i;
    for (i = 0; i < LENGTH_OF(bad); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_restore_database_from_snapshot(db, "latest", bad[i], &json));
    deep = repeated(100000, "{\"keys\":[", "", "]}");
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_restore_database_from_snapshot(db, "latest", deep, &json));
    free(deep);
    CHECK(json == untouched);
    /* Nothing chosen is nothing restored. */
    CHECK_OK(coffer_restore_database_from_snapshot(db, "latest", "{\"collections\":[]}", NULL));
    CHECK_OK(coffer_restore_database_from_snapshot(db, "latest", "{\"keys\":[]}", NULL));
    CHECK_OK(coffer_restore_database_from_snapshot(db, "latest", "{\"keys\":[\"never there\"]}", NULL));
}

static void snapshot_labels(coffer_db db)
{
    static const char *const taken[] = {"latest", "now", "snapshot-1", "snapshot-999", "import-1", "sequence:1", "sequence:x",
                                        "time:1", "time:"};
    static const char *const fine[] = {"Latest", "snapshot-", "import-x", "time", "a\nb\x01\"\\", "/../\xF0\x9F\x8E\xB2"};
    static const size_t lengths[] = {257, 1u << 20};
    char *const untouched = (char *)"as it was", *json = untouched, *label, *listed;
    const char *begin, *end;
    char id[64];
    size_t i;
    for (i = 0; i < LENGTH_OF(lengths); i++) {
        label = repeated(lengths[i], "l", "", "");
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_create_database_snapshot(db, label, &json));
        free(label);
    }
    for (i = 0; i < LENGTH_OF(taken); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_create_database_snapshot(db, taken[i], &json));
    /* 256 bytes are the limit, not 256 characters. */
    label = repeated(129, "\xC3\xA9", "", "");
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_create_database_snapshot(db, label, &json));
    CHECK(json == untouched);
    label[256] = '\0';
    CHECK_OK(coffer_create_database_snapshot(db, label, NULL));
    CHECK_OK(coffer_delete_snapshot(db, label));
    free(label);
    for (i = 0; i < LENGTH_OF(fine); i++) {
        CHECK_OK(coffer_create_database_snapshot(db, fine[i], &listed));
        begin = strstr(listed, "snapshot-");
        end = strchr(begin, '"');
        sprintf(id, "%.*s", (int)(end - begin), begin);
        coffer_string_free(listed);
        CHECK_OK(coffer_verify_snapshot(db, fine[i], NULL));
        CHECK_OK(coffer_delete_snapshot(db, id));
        CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_get_snapshot(db, fine[i], NULL));
    }
}

/* Files that cannot be written, and such as are no exported snapshots. */
static void snapshot_files(coffer_db db)
{
    char folder[PATH_ROOM], below[PATH_ROOM + 16], *const untouched = (char *)"as it was", *json = untouched, *label;
    FILE *file;
    fresh_path(folder, "a file to export to");
    write_file(folder, "keep me");
    snprintf(below, sizeof below, "%s/snapshot", folder);
    CHECK_STATUS(COFFER_ERROR_IO, coffer_export_snapshot(db, "latest", below, &json));
    CHECK_STATUS(COFFER_ERROR_IO, coffer_import_snapshot(db, below, NULL, &json));
    CHECK_STATUS(COFFER_ERROR_CORRUPT, coffer_import_snapshot(db, folder, NULL, &json));
    CHECK(strstr(coffer_last_error(), "a file to export to") != NULL);
    CHECK_STATUS(COFFER_ERROR_IO, coffer_export_snapshot(db, "latest", "/proc/self/coffer", &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_snapshot(db, "latest", "", &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, "", NULL, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, "/", NULL, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, "/dev/null", NULL, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, folder, "latest", &json));
    label = repeated(5000, "p", "", "");
    CHECK_STATUS(COFFER_ERROR_IO, coffer_export_snapshot(db, "latest", label, &json));
    CHECK_STATUS(COFFER_ERROR_IO, coffer_import_snapshot(db, label, NULL, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, folder, label, &json));
    free(label);
    CHECK(json == untouched);
    file = fopen(folder, "rb");
    CHECK(file != NULL && fgetc(file) == 'k' && fclose(file) == 0);
    /* A file that is there is replaced by a whole one. */
    CHECK_OK(coffer_export_snapshot(db, "latest", folder, NULL));
    CHECK_OK(coffer_export_snapshot(db, "now", folder, NULL));
    CHECK_OK(coffer_import_snapshot(db, folder, "taken in", NULL));
    CHECK_OK(coffer_delete_snapshot(db, "taken in"));
}

/* What is no file, and a store's own files, are not replaced. */
static void snapshot_places(void)
{
    static const char *const own[] = {"lock", "./lock", "../exporting store/lock", "image-0000000000000001.coffer"};
    char store[PATH_ROOM], place[PATH_ROOM + 32];
    coffer_db db = 0;
    size_t i;
    int entries;
    fresh_path(store, "exporting store");
    CHECK_OK(coffer_open(store, NULL, &db));
    entries = entries_in(store);
    for (i = 0; i < LENGTH_OF(own); i++) {
        snprintf(place, sizeof place, "%s/%s", store, own[i]);
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_snapshot(db, "now", place, NULL));
    }
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_snapshot(db, "now", store, NULL));
    /* A pipe stands for all that is neither file nor folder; a device would be lost if it were replaced after all. */
    fresh_path(place, "a pipe");
    CHECK_SAID("no pipe", mkfifo(place, 0600) == 0);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_snapshot(db, "now", place, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_import_snapshot(db, place, NULL, NULL));
    CHECK(entries_in(store) == entries);
    CHECK_OK(coffer_close(db));
}

void abuse_snapshots(coffer_db db)
{
    snapshot_nulls(db);
    snapshot_names(db);
    snapshot_options(db);
    snapshot_labels(db);
    snapshot_files(db);
    snapshot_places();
}
