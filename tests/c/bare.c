/*
 * What is left of a library that was built without the Integration Hub, without snapshots, without export and import,
 * without the health report and without the gateway.
 *
 * It must be linked to such a library; bare_store.c is linked to a full one and makes the store with snapshots. Invariant:
 * each operation of a module that was left out says so and changes nothing, neither a result nor the store, and everything
 * else works as ever; a host's hub takes the place of the one that was left out.
 *
 *     bare WORKING_FOLDER [STORE_WITH_SNAPSHOTS]
 */
#include "callee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT COFFER_ERROR_MODULE_ABSENT
#define LEFT_OUT(name) "\"" name "\":{\"present\":false,\"version\":null,\"origin\":\"left_out\"}"
#define OTHERS LEFT_OUT("backup_restore") "," LEFT_OUT("analytics") "," LEFT_OUT("import_export") "," LEFT_OUT("api_gateway")
#define ECHO "{\"name\":\"echo\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}"

static coffer_db open_at(const char *path, const char *options)
{
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, options, &db));
    return db;
}

static void expect(coffer_db db, const char *key, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    CHECK_SAME(expected, json);
}

static void ignore_event(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                         int64_t time_ms, const char *json)
{
    (void)context, (void)topic, (void)sequence, (void)event_id, (void)source, (void)time_ms, (void)json;
    check_failed(__FILE__, __LINE__, "nobody publishes", "");
}

/* The module is absent, and the message says which. */
#define CHECK_ABSENT(module, call) (CHECK_STATUS(ABSENT, call), CHECK(strstr(coffer_last_error(), module) != NULL))
#define CHECK_NO_HUB(call) CHECK_ABSENT("integration_hub", call)
#define CHECK_NO_SNAPSHOTS(call) CHECK_ABSENT("backup_restore", call)
#define CHECK_NO_EXCHANGE(call) CHECK_ABSENT("import_export", call)
#define CHECK_NO_HEALTH(call) CHECK_ABSENT("analytics", call)
#define CHECK_NO_GATEWAY(call) CHECK_ABSENT("api_gateway", call)

static void hub_is_absent(coffer_db db)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t number = 77;
    size_t delivered = 78;
    struct callee callee;
    memset(&callee, 0, sizeof callee);
    CHECK_NO_HUB(coffer_hub_subscribe(db, "topic", NULL, ignore_event, &callee, count_ended, &number));
    CHECK_NO_HUB(coffer_hub_subscribe(db, "database_changed", "{\"direct\":true,\"since\":0}", ignore_event, &callee,
                                      count_ended, &number));
    CHECK_NO_HUB(coffer_hub_subscribe(db, "*", NULL, NULL, &callee, count_ended, &number));
    CHECK_NO_HUB(coffer_hub_poll(db, 0, 0, &delivered));
    CHECK_NO_HUB(coffer_hub_references(db, NULL, &json));
    CHECK_NO_HUB(coffer_hub_references(db, "database-persistence-layer", &json));
    CHECK_NO_HUB(coffer_hub_register_plugin(db, ECHO, take, &callee, count_ended));
    CHECK_NO_HUB(coffer_hub_register_plugin(db, "{\"name\":\"p\",\"version\":\"1.0.0\"}", NULL, &callee, count_ended));
    CHECK_NO_HUB(coffer_hub_unregister_plugin(db, "echo"));
    CHECK_NO_HUB(coffer_hub_plugins(db, NULL, &json));
    CHECK_NO_HUB(coffer_hub_plugins(db, "echo", &json));
    CHECK_NO_HUB(coffer_hub_call(db, "echo", "m", "1", 0, &json));
    CHECK_NO_HUB(coffer_hub_begin_call(db, "echo", "m", "1", 0, &number));
    CHECK_NO_HUB(coffer_hub_next_call(db, &number, &json));
    CHECK_NO_HUB(coffer_hub_supply(db, "{\"changes\":true}", take, &callee, count_ended));
    CHECK_NO_HUB(coffer_hub_supply(db, "{\"changes\":true,\"data\":true}", take, &callee, count_ended));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_supply(db, NULL, NULL, &callee, count_ended));
    /* There is none of these without it. */
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(number));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_next(number, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_replay(number, 0));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(number, 0, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(number, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_refuse(number, "no"));
    CHECK(json == untouched && number == 77 && delivered == 78 && callee.freed == 0 && callee.calls == 0);
}

/* What a host's hub can do instead. */
static void broadcasts_are_absent(coffer_db db)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t event = 77;
    CHECK_NO_HUB(coffer_hub_publish(db, "topic", "1", &event));
    CHECK_NO_HUB(coffer_sync_tier1_data_to_hub(db, &json));
    CHECK_NO_HUB(coffer_register_database_as_master_reference(db, &json));
    CHECK(json == untouched && event == 77);
}

static void snapshots_are_absent(coffer_db db)
{
    char file[PATH_ROOM];
    char *const untouched = (char *)"as it was", *json = untouched;
    static const char *const ids[] = {"latest", "before", "snapshot-3", "sequence:1", "no such"};
    size_t i;
    fresh_path(file, "exported.coffer");
    CHECK_NO_SNAPSHOTS(coffer_create_database_snapshot(db, "label", &json));
    CHECK_NO_SNAPSHOTS(coffer_create_database_snapshot(db, NULL, NULL));
    CHECK_NO_SNAPSHOTS(coffer_list_snapshots(db, &json));
    CHECK_NO_SNAPSHOTS(coffer_import_snapshot(db, file, NULL, &json));
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        CHECK_NO_SNAPSHOTS(coffer_restore_database_from_snapshot(db, ids[i], NULL, &json));
        CHECK_NO_SNAPSHOTS(coffer_restore_database_from_snapshot(db, ids[i], "{\"dry_run\":true}", &json));
        CHECK_NO_SNAPSHOTS(coffer_diff_snapshots(db, ids[i], NULL, &json));
        CHECK_NO_SNAPSHOTS(coffer_load_from_snapshot(db, ids[i], "slot", &json));
        CHECK_NO_SNAPSHOTS(coffer_export_snapshot(db, ids[i], file, &json));
        CHECK(entries_in(file) == -1 && fopen(file, "rb") == NULL);
        if (strchr(ids[i], ':') != NULL)
            continue;
        CHECK_NO_SNAPSHOTS(coffer_get_snapshot(db, ids[i], &json));
        CHECK_NO_SNAPSHOTS(coffer_delete_snapshot(db, ids[i]));
        CHECK_NO_SNAPSHOTS(coffer_pin_snapshot(db, ids[i], 1, &json));
        CHECK_NO_SNAPSHOTS(coffer_verify_snapshot(db, ids[i], &json));
    }
    CHECK(json == untouched);
}

/* The number of a commit that is made for it, of a document that the caller knows. */
static uint64_t commit(coffer_db db)
{
    const char *key = "commit", *document = "1";
    uint64_t sequence = 0;
    CHECK_OK(coffer_save_batch(db, &key, &document, NULL, 1, COFFER_DURABILITY_DEFAULT, &sequence));
    return sequence;
}

static int32_t ignore_progress(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    check_failed(__FILE__, __LINE__, "nothing is under way", "");
    return 0;
}

/* `path` is the store's. No file is looked at: none that could be read, none that is missing, none to be made. */
static void exchange_is_absent(coffer_db db, const char *path)
{
    static const char *const formats[] = {NULL, "json", "CSV", "xml", "yaml"};
    char file[PATH_ROOM], missing[PATH_ROOM];
    char *const untouched = (char *)"as it was", *json = untouched;
    int entries = entries_in(path);
    size_t i;
    fresh_path(missing, "never exported");
    fresh_path(file, "in.json");
    write_file(file, "{\"slot\":[9],\"imported\":[1]}");
    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        CHECK_NO_EXCHANGE(coffer_export_database_for_sharing(db, formats[i], missing, NULL, NULL, &json));
        CHECK_NO_EXCHANGE(coffer_export_database_for_sharing(db, formats[i], NULL, ignore_progress, NULL, &json));
        CHECK_NO_EXCHANGE(coffer_export_database_for_sharing(db, formats[i], file, ignore_progress, &entries, NULL));
        CHECK_NO_EXCHANGE(coffer_import_database_from_external(db, file, formats[i], NULL, ignore_progress, NULL, &json));
        CHECK_NO_EXCHANGE(
            coffer_import_database_from_external(db, file, formats[i], "{\"dry_run\":true}", NULL, NULL, &json));
        CHECK_NO_EXCHANGE(coffer_import_database_from_external(db, missing, formats[i], "{}", NULL, NULL, NULL));
    }
    CHECK(json == untouched && fopen(missing, "rb") == NULL && entries_in(path) == entries);
    CHECK(remove(file) == 0);
}

static void health_is_absent(coffer_db db)
{
    static const char *const options[] = {NULL, "{}", "{\"full\":true}", "{\"full\":true,\"quota_bytes\":1}"};
    char *const untouched = (char *)"as it was", *json = untouched;
    size_t i;
    for (i = 0; i < sizeof options / sizeof options[0]; i++) {
        CHECK_NO_HEALTH(coffer_analyze_database_health(db, options[i], ignore_progress, NULL, &json));
        CHECK_NO_HEALTH(coffer_analyze_database_health(db, options[i], NULL, NULL, NULL));
    }
    CHECK(json == untouched);
}

/* Nothing listens, so that a port which is taken is no other error. */
static void gateway_is_absent(coffer_db db)
{
    static const char *const options[] = {NULL, "{}", "{\"listen\":\"127.0.0.1:0\"}", "{\"listen\":\"127.0.0.1:1\"}"};
    static const char endpoint[] = "{\"plugin\":\"p\",\"call\":\"m\",\"method\":\"GET\",\"path\":\"/x\"}";
    static const char request[] = "{\"method\":\"GET\",\"target\":\"/api/database/status\"}";
    char *const untouched = (char *)"as it was", *json = untouched;
    size_t i;
    for (i = 0; i < sizeof options / sizeof options[0]; i++) {
        CHECK_NO_GATEWAY(coffer_register_database_api(db, options[i], &json));
        CHECK_NO_GATEWAY(coffer_register_database_api(db, options[i], NULL));
    }
    CHECK_NO_GATEWAY(coffer_gateway_register_endpoint(db, endpoint, &json));
    CHECK_NO_GATEWAY(coffer_gateway_unregister_endpoint(db, "p.m"));
    CHECK_NO_GATEWAY(coffer_gateway_handle_request(db, request, &json));
    CHECK_NO_GATEWAY(coffer_gateway_handle_request(db, request, NULL));
    CHECK_NO_GATEWAY(coffer_unregister_database_api(db));
    CHECK(json == untouched);
}

/* Whatever is absent changes neither documents nor the sequence of commits. */
static void absent_changes_nothing(coffer_db db, const char *path)
{
    uint64_t sequence = commit(db);
    char *before = dump_store(db);
    hub_is_absent(db);
    broadcasts_are_absent(db);
    snapshots_are_absent(db);
    exchange_is_absent(db, path);
    health_is_absent(db);
    gateway_is_absent(db);
    CHECK_UNCHANGED(before, db);
    CHECK(commit(db) == sequence + 1);
    CHECK(coffer_live_handles() == 1);
    free(before);
}

static void expect_modules(coffer_db db, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_phase11(db, &json));
    CHECK_SAME(expected, json);
}

static void documents(const char *path)
{
    const char *keys[] = {"slot", "other"}, *texts[] = {NULL, "[2]"};
    coffer_db db = open_at(path, "{\"snapshot_every_minutes\":1,\"snapshots_kept\":3}");
    char *json = NULL, *before;
    CHECK_OK(coffer_save_persistent_data(db, "slot", " [1, 2]"));
    expect(db, "slot", " [1, 2]");
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Birch\"]"));
    CHECK_OK(coffer_load_version(db, "character_roster", 1, &json));
    CHECK_SAME("[\"Ash\"]", json);
    CHECK_OK(coffer_roll_back_version(db, "character_roster", 1, NULL));
    CHECK_OK(coffer_load_character_roster_state(db, &json));
    CHECK_SAME("[\"Ash\"]", json);
    CHECK_OK(coffer_diff_versions(db, "character_roster", 2, 0, &json));
    CHECK_SAME("[{\"op\":\"replace\",\"path\":\"/0\",\"value\":\"Ash\"}]", json);
    CHECK_OK(coffer_save_batch(db, keys, texts, NULL, 2, COFFER_DURABILITY_DURABLE, NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "slot", NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_persistent_data(db, "slot", "{"));
    CHECK_OK(coffer_flush(db));
    absent_changes_nothing(db, path);
    before = dump_store(db);
    CHECK_OK(coffer_checkpoint(db));
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    db = open_at(path, NULL);
    CHECK_UNCHANGED(before, db);
    expect_modules(db, "{" LEFT_OUT("integration_hub") "," OTHERS "}");
    CHECK_OK(coffer_close(db));
    db = open_at(path, "{\"read_only\":true}");
    hub_is_absent(db);
    snapshots_are_absent(db);
    exchange_is_absent(db, path);
    health_is_absent(db);
    gateway_is_absent(db);
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    free(before);
}

static void broadcasts_reach_the_host(coffer_db party, struct callee *host)
{
    char *json = NULL;
    CHECK_OK(coffer_hub_publish(party, "own", " {\"a\":1.0}", NULL));
    CHECK(host->calls == 1 && strcmp(host->method, "broadcast") == 0 && strcmp(host->caller, "party") == 0);
    CHECK(strstr(host->argument, "{\"topic\":\"own\",") == host->argument);
    CHECK(strstr(host->argument, ",\"source\":\"party\",\"payload\":{\"a\":1.0}}") != NULL);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_publish(party, "database_sync", "1", NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_publish(party, "own", "{", NULL));
    CHECK(host->calls == 1);
    host->answer = "{\"event_id\":\"e-1\"}";
    CHECK_OK(coffer_sync_tier1_data_to_hub(party, &json));
    CHECK(strncmp(json, "{\"success\":true,", 16) == 0 && strstr(json, "\"subscribers\":0,") != NULL);
    CHECK(strstr(json, ",\"host\":{\"event_id\":\"e-1\"}}") != NULL);
    coffer_string_free(json);
    CHECK(host->calls == 2 && strstr(host->argument, "\"character_roster\":[\"Ash\"],") != NULL);
    host->answer = "{\"registered\":false,\"holder\":\"somebody\",\"ref_id\":\"ref-3\"}";
    CHECK_OK(coffer_register_database_as_master_reference(party, &json));
    CHECK(strncmp(json, "{\"registered\":false,\"ref_id\":\"ref-3\",", 37) == 0 && strstr(json, "\"somebody\"") != NULL);
    coffer_string_free(json);
    host->answer = "{\"registered\":true,\"ref_id\":\"ref-7\"}";
    CHECK_OK(coffer_register_database_as_master_reference(party, &json));
    CHECK(strncmp(json, "{\"registered\":true,\"ref_id\":\"ref-7\",", 36) == 0 && strstr(json, "\"party\"") != NULL);
    coffer_string_free(json);
    CHECK(host->calls == 4 && strcmp(host->method, "register_reference") == 0);
}

static void host_instead(const char *path)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    coffer_db engine = open_at(path, "{\"plugin\":\"engine\"}"), party = open_at(path, "{\"plugin\":\"party\"}");
    char *before = dump_store(party);
    struct callee host, unused;
    uint64_t event = 77;
    memset(&unused, 0, sizeof unused);
    supply(engine, "{\"version\":\"7.1.0\",\"data\":true}", "true", &host);
    expect_modules(party, "{\"integration_hub\":{\"present\":true,\"version\":\"7.1.0\",\"origin\":\"host\"}," OTHERS "}");
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_supply(party, NULL, take, &unused, count_ended));
    broadcasts_reach_the_host(party, &host);
    /* It stands for broadcasts and references, and for nothing else. */
    hub_is_absent(party);
    snapshots_are_absent(party);
    exchange_is_absent(party, path);
    health_is_absent(party);
    gateway_is_absent(party);
    CHECK_UNCHANGED(before, party);
    CHECK_OK(coffer_save_persistent_data(party, "commit", "1"));
    CHECK(host.calls == 4);
    host.reason = "not now";
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_publish(party, "own", "1", &event));
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_sync_tier1_data_to_hub(party, &json));
    CHECK(event == 77 && json == untouched && host.calls == 6 && host.freed == 0);
    CHECK_OK(coffer_hub_supply(engine, NULL, NULL, NULL, NULL));
    CHECK(host.freed == 1);
    CHECK_OK(coffer_close(party));
    broadcasts_are_absent(engine);
    expect_modules(engine, "{" LEFT_OUT("integration_hub") "," OTHERS "}");
    supply(engine, NULL, "1", &host);
    CHECK_OK(coffer_close(engine));
    CHECK(host.freed == 1 && unused.freed == 0 && unused.calls == 0);
    free(before);
}

/* A store that bare_store.c made: three snapshots, each with its record, and what is there now. */
static void store_with_snapshots(const char *path)
{
    char *records[3] = {NULL, NULL, NULL}, *json = NULL, key[256];
    const char *place;
    coffer_db db = open_at(path, "{\"snapshot_every_minutes\":1}");
    int found = 0, round;
    CHECK_OK(coffer_list_database_keys_with(db, "save_metadata/snapshots/", NULL, 0, &json));
    for (place = json; next_string(&place, key, sizeof key); found++) {
        CHECK(found < 3);
        CHECK_OK(coffer_load_persistent_data(db, key, &records[found]));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_clear_database_entry(db, key));
    }
    CHECK(found == 3);
    expect(db, "slot", "[\"new\"]");
    expect(db, "gone", "[\"gone\"]");
    absent_changes_nothing(db, path);
    for (round = 0; round < 3; round++) {
        CHECK_OK(coffer_save_persistent_data(db, "slot", round == 2 ? "[\"bare\"]" : "[0]"));
        CHECK_OK(coffer_save_persistent_data(db, "of the bare one", "[1]"));
        CHECK_OK(coffer_clear_database_entry(db, "gone"));
        CHECK_OK(coffer_save_character_roster_state(db, "[\"Cedar\"]"));
        CHECK_OK(coffer_checkpoint(db));
        if (round == 1) {
            CHECK_OK(coffer_close(db));
            db = open_at(path, NULL);
        }
    }
    CHECK_OK(coffer_close(db));
    db = open_at(path, NULL);
    for (place = json, found = 0; next_string(&place, key, sizeof key); found++) {
        expect(db, key, records[found]);
        coffer_string_free(records[found]);
    }
    coffer_string_free(json);
    expect(db, "slot", "[\"bare\"]");
    CHECK_OK(coffer_close(db));
}

int main(int count, char **arguments)
{
    char path[PATH_ROOM];
    if (count != 2 && count != 3) {
        fprintf(stderr, "usage: %s WORKING_FOLDER [STORE_WITH_SNAPSHOTS]\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    fresh_path(path, "bare");
    documents(path);
    printf("ok documents\n");
    host_instead(path);
    printf("ok a host instead\n");
    if (count == 3) {
        store_with_snapshots(arguments[2]);
        printf("ok a store with snapshots\n");
    }
    CHECK(coffer_live_handles() == 0);
    return 0;
}
