/*
 * The conformance cases about the health report; conformance.c runs them with the others.
 *
 * It must not depend on how fast anything is, nor on what the store keeps of its own growth. Invariant: each case uses a
 * fresh store and closes it, and finds it unchanged after each report.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROSTER "{\"a\":1}"
#define TIER1(name, bytes, version) \
    "{\"name\":\"" name "\",\"bytes\":" bytes ",\"version\":" version ",\"versions_kept\":" version "}"
#define COLLECTION(name, documents, bytes) \
    "{\"name\":\"" name "\",\"documents\":" documents ",\"bytes\":" bytes ",\"largest\":"

static char *analyzed(coffer_db db, const char *options)
{
    char *json = NULL;
    CHECK_OK(coffer_analyze_database_health(db, options, NULL, NULL, &json));
    return json;
}

static void fill(coffer_db db)
{
    CHECK_OK(coffer_save_character_roster_state(db, ROSTER));
    CHECK_OK(coffer_save_equipment_config(db, "[]"));
    CHECK_OK(coffer_save_party_config(db, "null"));
    CHECK_OK(coffer_save_persistent_data(db, "slot-1", "[1]"));
    CHECK_OK(coffer_save_persistent_data(db, "slot-2", "[1,2]"));
    CHECK_OK(coffer_save_persistent_data(db, "gone", "[1,2,3]"));
    CHECK_OK(coffer_clear_database_entry(db, "gone"));
}

static void check_well(const char *json)
{
    CHECK_HOLDS(json, "\"integrity_status\":\"OK\",");
    CHECK_HOLDS(json, "\"score\":100,\"findings\":[],\"causes\":[],");
}

static void check_quick(char *json)
{
    static const char *const said[] = {
        "{\"total_records\":5,\"character_roster_size\":7,\"equipment_sets_size\":2,\"party_configs_size\":4,"
        "\"last_sync\":null,",
        "\"full\":false,", "\"sequence\":7,", "\"checked\":null", "\"growth\":{\"samples\":[{", "\"days_until_quota\":null",
        COLLECTION("character_roster", "1", "7"), COLLECTION("equipment_sets", "1", "2"),
        COLLECTION("party_configs", "1", "4"), COLLECTION("plugin_data", "2", "8") "{\"key\":\"slot-2\",\"bytes\":5},",
        "{\"name\":\"save_metadata\",",
        "\"tier1\":[" TIER1("character_roster", "7", "1") "," TIER1("equipment_sets", "2", "1") ","
        TIER1("party_configs", "4", "1") "],"};
    static const char *const members[] = {"trend", "took_ms", "time_ms", "journal", "image", "snapshots", "disk_bytes",
                                          "latency", "hub", "anomalies"};
    char member[32];
    size_t i;
    check_well(json);
    for (i = 0; i < sizeof said / sizeof said[0]; i++)
        CHECK_HOLDS(json, said[i]);
    for (i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(member, sizeof member, "\"%s\":", members[i]);
        CHECK_HOLDS(json, member);
    }
    coffer_string_free(json);
}

/* A broadcast is a time, which the report has too. */
static void check_last_sync(coffer_db db)
{
    char *json = NULL, expected[64];
    unsigned long long event, subscribers, time_ms = 0;
    CHECK_OK(coffer_sync_tier1_data_to_hub(db, &json));
    CHECK(sscanf(json, "{\"success\":true,\"event_id\":%llu,\"subscribers\":%llu,\"time_ms\":%llu,", &event, &subscribers,
                 &time_ms) == 3);
    coffer_string_free(json);
    snprintf(expected, sizeof expected, "\"last_sync\":%llu,", time_ms);
    json = analyzed(db, NULL);
    CHECK_HOLDS(json, expected);
    check_well(json);
    coffer_string_free(json);
}

void health_report(void)
{
    static const char *const unknown[] = {"{\"ful\":true}", "{\"full\":false,\"quota\":5}"};
    char *untouched = (char *)"as it was", *json = untouched, *before;
    coffer_db db = open_fresh("health_report");
    int i;
    fill(db);
    before = dump_store(db);
    check_quick(analyzed(db, NULL));
    check_quick(analyzed(db, "{\"full\":false,\"quota_bytes\":null}"));
    for (i = 0; i < 2; i++) {
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_analyze_database_health(db, unknown[i], NULL, NULL, &json));
        CHECK_HOLDS(coffer_last_error(), i == 0 ? "`ful`" : "`quota`");
    }
    CHECK(json == untouched);
    check_last_sync(db);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_save_character_roster_state(db, "[]"));
    json = analyzed(db, NULL);
    CHECK_HOLDS(json, "\"character_roster_size\":2,");
    CHECK_HOLDS(json, TIER1("character_roster", "2", "2"));
    check_well(json);
    coffer_string_free(json);
    CHECK_OK(coffer_close(db));
}

void health_full(void)
{
    static const struct progress nothing = {0, 0, 0, 0};
    struct progress told = nothing;
    char *untouched = (char *)"as it was", *json = untouched, *before;
    unsigned long long bytes = 0, files = 0;
    coffer_db db = open_fresh("health_full");
    fill(db);
    CHECK_OK(coffer_create_database_snapshot(db, NULL, NULL));
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_save_persistent_data(db, "slot-1", "[2]"));
    before = dump_store(db);
    told.stop = 1;
    CHECK_STATUS(COFFER_ERROR_CANCELLED, coffer_analyze_database_health(db, "{\"full\":true}", note_progress, &told, &json));
    CHECK(told.calls == 1 && json == untouched);
    told = nothing;
    CHECK_OK(coffer_analyze_database_health(db, "{\"full\":true}", note_progress, &told, &json));
    CHECK(told.calls >= 1 && told.done == told.total && told.total > 0);
    check_well(json);
    CHECK_HOLDS(json, "\"full\":true,");
    CHECK_HOLDS(json, "\"checked\":{");
    CHECK(sscanf(strstr(json, "\"checked\":{"), "\"checked\":{\"bytes\":%llu,\"files\":%llu,", &bytes, &files) == 2);
    /* An image and a segment of the journal at least. */
    CHECK(bytes > 0 && files >= 2);
    coffer_string_free(json);
    /* Nobody needs to be told, and nothing lasts in the quick form. */
    json = analyzed(db, "{\"full\":true,\"quota_bytes\":1000000000}");
    check_well(json);
    coffer_string_free(json);
    told.stop = 1;
    told.calls = 0;
    CHECK_OK(coffer_analyze_database_health(db, NULL, note_progress, &told, NULL));
    CHECK(told.calls == 0);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}
