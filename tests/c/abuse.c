/*
 * Wrong arguments of every kind, part one: handles and NULLs; and the program that runs all parts.
 *
 * It must not pass what C itself forbids (a dangling pointer, a text without an end). Invariant: each wrong argument has
 * its own status, no result is written, and the store holds afterwards exactly what it held before.
 *
 *     abuse WORKING_FOLDER
 */
#include "abuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITTEN COFFER_DURABILITY_WRITTEN

static void every_change_refuses(coffer_db db, coffer_status expected)
{
    const char *key = "slot", *document = "[9]";
    uint64_t revision = 77, sequence = 78;
    CHECK_STATUS(expected, coffer_save_persistent_data(db, key, document));
    CHECK_STATUS(expected, coffer_clear_database_entry(db, key));
    CHECK_STATUS(expected, coffer_save_entry(db, key, document, COFFER_ANY_REVISION, WRITTEN, &revision));
    CHECK_STATUS(expected, coffer_clear_entry(db, key, COFFER_ANY_REVISION, WRITTEN));
    CHECK_STATUS(expected, coffer_save_batch(db, &key, &document, NULL, 1, WRITTEN, &sequence));
    CHECK_STATUS(expected, coffer_save_character_roster_state(db, document));
    CHECK_STATUS(expected, coffer_save_equipment_config(db, document));
    CHECK_STATUS(expected, coffer_save_party_config(db, document));
    CHECK_STATUS(expected, coffer_flush(db));
    CHECK_STATUS(expected, coffer_checkpoint(db));
    CHECK_STATUS(expected, coffer_close(db));
    CHECK(revision == 77 && sequence == 78);
}

void every_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched, buffer[8] = "as it is";
    uint64_t revision = 77;
    int64_t saved_at = 78;
    size_t length = 79;
    every_change_refuses(db, expected);
    CHECK_STATUS(expected, coffer_recovery_report(db, &json));
    CHECK_STATUS(expected, coffer_load_persistent_data(db, "slot", &json));
    CHECK_STATUS(expected, coffer_load_persistent_data_into(db, "slot", buffer, sizeof buffer, &length));
    CHECK_STATUS(expected, coffer_list_database_keys(db, &json));
    CHECK_STATUS(expected, coffer_list_database_keys_with(db, NULL, NULL, 0, &json));
    CHECK_STATUS(expected, coffer_load_entry(db, "slot", &json, &revision, &saved_at));
    CHECK_STATUS(expected, coffer_load_character_roster_state(db, &json));
    CHECK_STATUS(expected, coffer_load_equipment_config(db, &json));
    CHECK_STATUS(expected, coffer_load_party_config(db, &json));
    CHECK_STATUS(expected, coffer_load_version(db, "character_roster", 1, &json));
    CHECK_STATUS(expected, coffer_roll_back_version(db, "character_roster", 1, &revision));
    CHECK_STATUS(expected, coffer_diff_versions(db, "character_roster", 1, 2, &json));
    CHECK_STATUS(expected, coffer_list_versions(db, "character_roster", &json));
    CHECK_STATUS(expected, coffer_version_counters(db, &json));
    every_snapshot_function_refuses(db, expected);
    every_hub_function_refuses(db, expected);
    every_plugin_function_refuses(db, expected);
    every_exchange_function_refuses(db, expected);
    every_health_function_refuses(db, expected);
    every_gateway_function_refuses(db, expected);
    CHECK(json == untouched && memcmp(buffer, "as it is", 8) == 0);
    CHECK(revision == 77 && saved_at == 78 && length == 79);
}

void abuse_handles(coffer_db db)
{
    static const coffer_db made_up[] = {0, 1, 0xC0, UINT64_MAX, 0xDEADBEEFCAFEBABE, UINT64_MAX / 2, 0xC000000000000000};
    uint64_t seed = 0x9E3779B97F4A7C15;
    size_t i;
    int bit;
    for (i = 0; i < sizeof made_up / sizeof made_up[0]; i++)
        every_function_refuses(made_up[i], COFFER_ERROR_INVALID_HANDLE);
    /* This is the only open handle, so whatever differs in a bit is none. */
    CHECK(coffer_live_handles() == 1);
    for (bit = 0; bit < 64; bit++)
        every_function_refuses(db ^ (uint64_t)1 << bit, COFFER_ERROR_INVALID_HANDLE);
    for (i = 0; i < 1000; i++) {
        coffer_db other = next_random(&seed);
        if (other != db)
            every_function_refuses(other, COFFER_ERROR_INVALID_HANDLE);
    }
    CHECK(coffer_live_handles() == 1);
}

/* A handle's number is not given out again, so an old one never reaches somebody else's store. */
static void abuse_closed_handles(const char *path)
{
    coffer_db closed[40], open = 0;
    size_t i, j;
    for (i = 0; i < 40; i++) {
        CHECK_OK(coffer_open(path, NULL, &closed[i]));
        for (j = 0; j < i; j++)
            CHECK(closed[i] != closed[j]);
        CHECK_OK(coffer_close(closed[i]));
    }
    CHECK_OK(coffer_open(path, NULL, &open));
    for (i = 0; i < 40; i++)
        every_function_refuses(closed[i], COFFER_ERROR_INVALID_HANDLE);
    CHECK_OK(coffer_close(open));
}

static void nulls_that_are_refused(coffer_db db)
{
    const char *key = "slot", *none = NULL, *document = "1";
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t number = 77;
    size_t length = 79;
    coffer_db out = 80;
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_open(NULL, NULL, &out));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_open("x", NULL, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_persistent_data(db, NULL, document));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_persistent_data(db, key, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_load_persistent_data(db, NULL, &json));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_load_persistent_data_into(db, NULL, NULL, 0, &length));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_load_persistent_data_into(db, key, NULL, 1000, &length));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_clear_database_entry(db, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_load_entry(db, NULL, &json, &number, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_entry(db, NULL, document, 0, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_entry(db, key, NULL, 0, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_clear_entry(db, NULL, 0, WRITTEN));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_batch(db, NULL, &document, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_batch(db, &key, NULL, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_batch(db, &none, &document, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_character_roster_state(db, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_equipment_config(db, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_party_config(db, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_load_version(db, NULL, 1, &json));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_roll_back_version(db, NULL, 1, &number));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_diff_versions(db, NULL, 1, 2, &json));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_list_versions(db, NULL, &json));
    CHECK(json == untouched && number == 77 && length == 79 && out == 80);
}

/* A result that is not wanted, and what may be left out. */
static void nulls_that_are_fine(coffer_db db)
{
    CHECK_OK(coffer_recovery_report(db, NULL));
    CHECK_OK(coffer_load_persistent_data(db, "slot", NULL));
    CHECK_OK(coffer_list_database_keys(db, NULL));
    CHECK_OK(coffer_list_database_keys_with(db, NULL, NULL, 0, NULL));
    CHECK_OK(coffer_load_entry(db, "slot", NULL, NULL, NULL));
    CHECK_OK(coffer_load_character_roster_state(db, NULL));
    CHECK_OK(coffer_load_equipment_config(db, NULL));
    CHECK_OK(coffer_load_party_config(db, NULL));
    CHECK_OK(coffer_load_version(db, "character_roster", 1, NULL));
    CHECK_OK(coffer_diff_versions(db, "character_roster", 1, 2, NULL));
    CHECK_OK(coffer_list_versions(db, "character_roster", NULL));
    CHECK_OK(coffer_version_counters(db, NULL));
    CHECK_OK(coffer_save_batch(db, NULL, NULL, NULL, 0, WRITTEN, NULL));
    CHECK_STATUS(COFFER_ERROR_BUFFER_TOO_SMALL, coffer_load_persistent_data_into(db, "slot", NULL, 0, NULL));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", "1", 99, WRITTEN, NULL));
    coffer_string_free(NULL);
}

void abuse_nulls(coffer_db db)
{
    nulls_that_are_refused(db);
    nulls_that_are_fine(db);
}

/* A store with documents, versions, revisions above 1, a cleared document and a snapshot that differs from now. */
static coffer_db furnished(const char *path)
{
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1,2]"));
    CHECK_OK(coffer_save_persistent_data(db, "other", "{\"a\":null}"));
    CHECK_OK(coffer_save_persistent_data(db, "gone", "0"));
    CHECK_OK(coffer_create_database_snapshot(db, "furnished", NULL));
    CHECK_OK(coffer_clear_database_entry(db, "gone"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"one\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"two\"]"));
    CHECK_OK(coffer_save_equipment_config(db, "\"equipment\""));
    CHECK_OK(coffer_save_party_config(db, "\"party\""));
    return db;
}

static void run_parts(const char *path)
{
    static const struct {
        const char *name;
        void (*run)(coffer_db db);
    } parts[] = {{"handles", abuse_handles}, {"nulls", abuse_nulls}, {"utf8", abuse_utf8}, {"json", abuse_json},
                 {"depth", abuse_depth}, {"sizes", abuse_sizes}, {"batches", abuse_batches},
                 {"arguments", abuse_arguments}, {"snapshots", abuse_snapshots}, {"hub", abuse_hub},
                 {"plug-ins", abuse_plugins}, {"calls", abuse_calls}, {"exchange", abuse_exchange},
                 {"health", abuse_health}, {"gateway", abuse_gateway}};
    coffer_db db = furnished(path);
    char *before = dump_store(db);
    size_t i;
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        parts[i].run(db);
        CHECK_UNCHANGED(before, db);
        printf("ok %s\n", parts[i].name);
        fflush(stdout);
    }
    CHECK_OK(coffer_close(db));
    abuse_closed_handles(path);
    printf("ok closed handles\n");
    /* Nothing of it reached the disk either. */
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    free(before);
}

int main(int count, char **arguments)
{
    char path[PATH_ROOM];
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    fresh_path(path, "abused");
    run_parts(path);
    abuse_options();
    printf("ok options\n");
    abuse_paths();
    printf("ok paths\n");
    abuse_hub_stores();
    printf("ok hub and handles\n");
    abuse_call_stores();
    printf("ok calls and handles\n");
    abuse_exchange_stores();
    printf("ok exchange and stores\n");
    abuse_exchange_files();
    printf("ok files to import\n");
    abuse_exchange_threads();
    printf("ok exchange and threads\n");
    abuse_health_stores();
    printf("ok reports meanwhile\n");
    abuse_gateway_callbacks();
    printf("ok gateway and callbacks\n");
    abuse_gateway_threads();
    printf("ok gateway and threads\n");
    abuse_gateway_tcp();
    printf("ok gateway and sockets\n");
    CHECK(coffer_live_handles() == 0);
    return 0;
}
