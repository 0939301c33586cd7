/*
 * The conformance cases in C: those of tests/conformance/CASES.md, in its order.
 *
 * It must not look inside a store's folder: what is checked here is what every language can see; the cases about
 * versions and limits are in conformance_more.c, those about snapshots in conformance_snapshots.c, those about the hub in
 * conformance_hub.c, those about plug-ins and hosts in conformance_plugins.c and conformance_host.c, those about files of
 * other programs in conformance_exchange.c, those about health and the gateway in conformance_health.c and
 * conformance_gateway.c. Invariant: each case uses a fresh store, closes it, and prints `ok <name>`
 * only if everything held.
 *
 *     conformance WORKING_FOLDER
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

coffer_db open_at(const char *path, const char *options)
{
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, options, &db));
    CHECK(db != 0);
    return db;
}

coffer_db open_fresh(const char *name)
{
    char path[PATH_ROOM];
    fresh_path(path, name);
    return open_at(path, NULL);
}

void expect(coffer_db db, const char *key, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    CHECK_SAME(expected, json);
}

void expect_missing(coffer_db db, const char *key)
{
    char *untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, key, &json));
    CHECK(json == untouched);
}

void expect_revision(coffer_db db, const char *key, uint64_t expected)
{
    uint64_t revision = 0;
    CHECK_OK(coffer_load_entry(db, key, NULL, &revision, NULL));
    CHECK(revision == expected);
}

void expect_keys(coffer_db db, const char *prefix, const char *after, size_t limit, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_list_database_keys_with(db, prefix, after, limit, &json));
    CHECK_SAME(expected, json);
}

static void version(void)
{
    int major, minor, patch;
    char rest;
    CHECK(sscanf(coffer_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest) == 3);
    CHECK(strcmp(coffer_version(), COFFER_VERSION) == 0);
    CHECK(major == COFFER_VERSION_MAJOR && minor == COFFER_VERSION_MINOR && patch == COFFER_VERSION_PATCH);
    CHECK(coffer_abi_version() == COFFER_ABI_VERSION);
}

static void fresh_store_keys(void)
{
    coffer_db db = open_fresh("fresh");
    char *keys = NULL;
    CHECK_OK(coffer_list_database_keys(db, &keys));
    CHECK_SAME("[\"character_roster\",\"character_roster_v\",\"equipment_sets\",\"equipment_sets_v\","
               "\"party_configs\",\"party_configs_v\",\"plugin_data\",\"save_metadata\"]", keys);
    expect(db, "character_roster_v", "0");
    expect_missing(db, "plugin_data");
    expect_missing(db, "save_metadata");
    CHECK_OK(coffer_close(db));
}

static void save_and_load(void)
{
    static const char odd[] = " {\n\t\"z\" : 1 , \"a\":[ true,null ],\"z\":2.50e+1}\r\n ";
    coffer_db db = open_fresh("save");
    CHECK_OK(coffer_save_persistent_data(db, "slot", odd));
    expect(db, "slot", odd);
    CHECK_OK(coffer_load_persistent_data(db, "slot", NULL));
    CHECK_OK(coffer_close(db));
}

static void load_missing(void)
{
    uint64_t revision = 77;
    int64_t saved_at = 78;
    size_t length = 79;
    coffer_db db = open_fresh("missing");
    expect_missing(db, "never saved");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_entry(db, "never saved", NULL, &revision, &saved_at));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data_into(db, "never saved", NULL, 0, &length));
    CHECK(revision == 77 && saved_at == 78 && length == 79);
    CHECK_OK(coffer_close(db));
}

static void overwrite_counts_revisions(void)
{
    static const char *const texts[] = {"1", "\"two\"", "[3]"};
    coffer_db db = open_fresh("revisions");
    uint64_t revision, i;
    int64_t saved_at;
    char *json;
    for (i = 1; i <= 3; i++) {
        CHECK_OK(coffer_save_entry(db, "slot", texts[i - 1], COFFER_ANY_REVISION, COFFER_DURABILITY_DEFAULT, &revision));
        CHECK(revision == i);
        CHECK_OK(coffer_load_entry(db, "slot", &json, &revision, &saved_at));
        CHECK_SAME(texts[i - 1], json);
        CHECK(revision == i);
        CHECK(saved_at > ((int64_t)time(NULL) - 60) * 1000 && saved_at < ((int64_t)time(NULL) + 60) * 1000);
    }
    CHECK_OK(coffer_close(db));
}

static void clear_and_recreate(void)
{
    coffer_db db = open_fresh("clear");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "2"));
    CHECK_OK(coffer_clear_database_entry(db, "slot"));
    CHECK_OK(coffer_clear_database_entry(db, "slot"));
    CHECK_OK(coffer_clear_entry(db, "slot", COFFER_ANY_REVISION, COFFER_DURABILITY_DURABLE));
    expect_missing(db, "slot");
    expect_keys(db, "slot", NULL, 0, "[]");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "3"));
    expect(db, "slot", "3");
    /* No revision is used twice, and clearing takes none. */
    expect_revision(db, "slot", 3);
    CHECK_OK(coffer_close(db));
}

static void list_with_prefix(void)
{
    static const char *const saved[] = {"b", "a/2", "a/10", "a", "a0", "a/\xC3\xA9", "a/Z", "\xF0\x9F\x8E\xB2"};
    coffer_db db = open_fresh("list");
    size_t i;
    for (i = 0; i < sizeof saved / sizeof saved[0]; i++)
        CHECK_OK(coffer_save_persistent_data(db, saved[i], "0"));
    expect_keys(db, "a/", NULL, 0, "[\"a/10\",\"a/2\",\"a/Z\",\"a/\xC3\xA9\"]");
    expect_keys(db, "a", NULL, 3, "[\"a\",\"a/10\",\"a/2\"]");
    expect_keys(db, "a", "a/2", 0, "[\"a/Z\",\"a/\xC3\xA9\",\"a0\"]");
    expect_keys(db, "a/", "a/11", 1, "[\"a/2\"]");
    expect_keys(db, "a/", "b", 0, "[]");
    expect_keys(db, NULL, "save_metadata", 0, "[\"\xF0\x9F\x8E\xB2\"]");
    expect_keys(db, "", "a/Z", 3, "[\"a/\xC3\xA9\",\"a0\",\"b\"]");
    expect_keys(db, "party_configs", NULL, 0, "[\"party_configs\",\"party_configs_v\"]");
    expect_keys(db, "nothing begins so", NULL, 5, "[]");
    CHECK_OK(coffer_close(db));
}

static void batch_is_atomic(void)
{
    const char *keys[] = {"one", "two", "gone"}, *documents[] = {"1", "2", NULL};
    int64_t expected[] = {0, 0, 1};
    uint64_t sequence = 0, later = 0;
    coffer_db db = open_fresh("batch");
    char *before;
    CHECK_OK(coffer_save_persistent_data(db, "gone", "0"));
    CHECK_OK(coffer_save_batch(db, keys, documents, expected, 3, COFFER_DURABILITY_DEFAULT, &sequence));
    expect(db, "one", "1");
    expect(db, "two", "2");
    expect_missing(db, "gone");
    before = dump_store(db);
    documents[1] = "[broken";
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_batch(db, keys, documents, NULL, 3, COFFER_DURABILITY_DEFAULT, &later));
    documents[1] = "3";
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_batch(db, keys, documents, expected, 3, COFFER_DURABILITY_DEFAULT, &later));
    CHECK(later == 0);
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_save_batch(db, keys, documents, NULL, 3, COFFER_DURABILITY_DURABLE, &later));
    CHECK(later > sequence);
    expect_revision(db, "two", 2);
    free(before);
    CHECK_OK(coffer_close(db));
}

static void expected_revision(void)
{
    uint64_t revision = 0;
    coffer_db db = open_fresh("expected");
    CHECK_OK(coffer_save_entry(db, "slot", "1", 0, COFFER_DURABILITY_DEFAULT, &revision));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", "2", 0, COFFER_DURABILITY_DEFAULT, &revision));
    CHECK(revision == 1);
    CHECK_OK(coffer_save_entry(db, "slot", "2", 1, COFFER_DURABILITY_DEFAULT, &revision));
    CHECK(revision == 2);
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", "3", 1, COFFER_DURABILITY_DEFAULT, &revision));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", "3", 3, COFFER_DURABILITY_DEFAULT, &revision));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_clear_entry(db, "slot", 1, COFFER_DURABILITY_DEFAULT));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "other", "3", 1, COFFER_DURABILITY_DEFAULT, NULL));
    CHECK(revision == 2);
    expect(db, "slot", "2");
    CHECK_OK(coffer_clear_entry(db, "slot", 2, COFFER_DURABILITY_DEFAULT));
    CHECK_OK(coffer_save_entry(db, "slot", "4", 0, COFFER_DURABILITY_DEFAULT, NULL));
    CHECK_OK(coffer_save_entry(db, "party_configs", "5", 0, COFFER_DURABILITY_DEFAULT, NULL));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "party_configs", "6", 0, COFFER_DURABILITY_DEFAULT, NULL));
    expect(db, "party_configs_v", "1");
    CHECK_OK(coffer_close(db));
}

static void durability_levels(void)
{
    static const char *const options[] = {
        "{\"durability\":\"behind\"}", "{\"durability\":\"written\"}", "{\"durability\":\"durable\"}"};
    char path[PATH_ROOM];
    int store, call;
    coffer_db db = 0;
    for (store = 0; store < 3; store++) {
        fresh_path(path, "durability");
        db = open_at(path, options[store]);
        for (call = COFFER_DURABILITY_DEFAULT; call <= COFFER_DURABILITY_DURABLE; call++)
            CHECK_OK(coffer_save_entry(db, "slot", "[1]", call, call, NULL));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_entry(db, "slot", "9", COFFER_ANY_REVISION, 4, NULL));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_clear_entry(db, "slot", COFFER_ANY_REVISION, -1));
        expect(db, "slot", "[1]");
        CHECK_OK(coffer_close(db));
        db = open_at(path, NULL);
        expect_revision(db, "slot", 4);
        CHECK_OK(coffer_close(db));
    }
    db = 0;
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_open(path, "{\"durability\":\"sometimes\"}", &db));
    CHECK(db == 0);
}

static void load_into_buffer(void)
{
    char buffer[9] = "........";
    size_t length = 0;
    coffer_db db = open_fresh("buffer");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1,2]"));
    CHECK_STATUS(COFFER_ERROR_BUFFER_TOO_SMALL, coffer_load_persistent_data_into(db, "slot", buffer, 5, &length));
    CHECK(length == 5 && strcmp(buffer, "........") == 0);
    CHECK_OK(coffer_load_persistent_data_into(db, "slot", buffer, length + 1, NULL));
    CHECK(memcmp(buffer, "[1,2]\0..", 9) == 0);
    length = 0;
    CHECK_STATUS(COFFER_ERROR_BUFFER_TOO_SMALL, coffer_load_persistent_data_into(db, "slot", NULL, 0, &length));
    CHECK(length == 5);
    CHECK_OK(coffer_load_persistent_data_into(db, "character_roster_v", buffer, sizeof buffer, &length));
    CHECK(length == 1 && strcmp(buffer, "0") == 0);
    CHECK_OK(coffer_close(db));
}

int32_t note_progress(void *context, uint64_t done, uint64_t total)
{
    struct progress *told = context;
    CHECK(done <= total && (told->calls == 0 || (done >= told->done && total == told->total)));
    told->done = done;
    told->total = total;
    told->calls++;
    return told->stop;
}

int main(int count, char **arguments)
{
    static const struct named_case cases[] = {
        CASE(version), CASE(fresh_store_keys), CASE(save_and_load), CASE(load_missing), CASE(overwrite_counts_revisions),
        CASE(clear_and_recreate), CASE(tier1_round_trip), CASE(tier1_versions), CASE(roll_back),
        CASE(version_diff), CASE(tier1_through_keys),
        CASE(past_versions_are_kept), CASE(list_with_prefix), CASE(batch_is_atomic), CASE(expected_revision),
        CASE(durability_levels), CASE(load_into_buffer), CASE(reopen_finds_all), CASE(two_handles_one_store),
        CASE(read_only), CASE(options), CASE(invalid_json), CASE(invalid_keys), CASE(too_large_and_too_deep),
        CASE(unicode), CASE(last_error), CASE(closed_handle), CASE(flush_and_checkpoint),
        CASE(snapshot_create), CASE(snapshot_restore), CASE(snapshot_restore_part), CASE(snapshot_unknown),
        CASE(snapshot_list_pin_delete), CASE(snapshot_diff), CASE(snapshot_load), CASE(snapshot_moment),
        CASE(snapshot_export_import), CASE(snapshot_reopen), CASE(hub_changes), CASE(hub_topics), CASE(hub_delivery),
        CASE(hub_unsubscribe), CASE(hub_overflow), CASE(hub_since), CASE(hub_sync), CASE(hub_master_reference),
        CASE(hub_plugins), CASE(hub_calls), CASE(hub_call_failures), CASE(hub_begin_call), CASE(hub_host), CASE(phase11),
        CASE(exchange_round_trip), CASE(exchange_defaults), CASE(exchange_import), CASE(exchange_errors),
        CASE(exchange_progress), CASE(health_report), CASE(health_full), CASE(gateway_registers), CASE(gateway_requests),
        CASE(gateway_writes), CASE(gateway_limits), CASE(gateway_listens), CASE(gateway_endpoint), CASE(no_live_handles)};
    size_t i;
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i].run();
        CHECK(coffer_live_handles() == 0);
        printf("ok %s\n", cases[i].name);
        fflush(stdout);
    }
    return 0;
}
