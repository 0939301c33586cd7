/*
 * The conformance cases about versions, reopening, limits and errors; conformance.c runs them with the others.
 *
 * It must not look inside a store's folder. Invariant: each case uses a fresh store and closes it.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef coffer_status (*save_function)(coffer_db, const char *);
typedef coffer_status (*load_function)(coffer_db, char **);

static const save_function tier1_saves[] = {
    coffer_save_character_roster_state, coffer_save_equipment_config, coffer_save_party_config};
static const load_function tier1_loads[] = {
    coffer_load_character_roster_state, coffer_load_equipment_config, coffer_load_party_config};

void tier1_round_trip(void)
{
    coffer_db db = open_fresh("tier1");
    char *json = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, tier1_loads[i](db, &json));
        CHECK(json == NULL);
        CHECK_OK(tier1_saves[i](db, "{\"first\": true}"));
        CHECK_OK(tier1_saves[i](db, "[2]"));
        CHECK_OK(tier1_loads[i](db, &json));
        CHECK_SAME("[2]", json);
        json = NULL;
    }
    CHECK_OK(coffer_close(db));
}

/* `[{"version":1,"saved_at_ms":…,"bytes":3},{"version":2,…,"bytes":5}]`, the times apart. */
static void expect_two_versions(coffer_db db, const char *document)
{
    char *json = NULL;
    long long first_time = 0, second_time = 0;
    int end = 0;
    CHECK_OK(coffer_list_versions(db, document, &json));
    CHECK(sscanf(json, "[{\"version\":1,\"saved_at_ms\":%lld,\"bytes\":3},{\"version\":2,\"saved_at_ms\":%lld,\"bytes\":5}]%n",
                 &first_time, &second_time, &end) == 2);
    CHECK(end > 0 && json[end] == '\0' && first_time > 1700000000000LL && second_time >= first_time);
    coffer_string_free(json);
}

void tier1_versions(void)
{
    coffer_db db = open_fresh("versions");
    char *json = NULL;
    CHECK_OK(coffer_list_versions(db, "equipment_sets", &json));
    CHECK_SAME("[]", json);
    CHECK_OK(coffer_save_equipment_config(db, "[1]"));
    CHECK_OK(coffer_save_equipment_config(db, "[1,2]"));
    CHECK_OK(coffer_load_version(db, "equipment_sets", 1, &json));
    CHECK_SAME("[1]", json);
    CHECK_OK(coffer_load_version(db, "equipment_sets", 2, &json));
    CHECK_SAME("[1,2]", json);
    expect_two_versions(db, "equipment_sets");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_version(db, "equipment_sets", 3, &json));
    CHECK_OK(coffer_version_counters(db, &json));
    CHECK_SAME("{\"character_roster_v\":0,\"equipment_sets_v\":2,\"party_configs_v\":0}", json);
    CHECK_OK(coffer_clear_database_entry(db, "equipment_sets"));
    expect_missing(db, "equipment_sets");
    expect_two_versions(db, "equipment_sets");
    CHECK_OK(coffer_save_equipment_config(db, "3"));
    expect(db, "equipment_sets_v", "3");
    CHECK_OK(coffer_close(db));
}

void roll_back(void)
{
    coffer_db db = open_fresh("roll_back");
    uint64_t version = 0;
    char *json = NULL;
    CHECK_OK(coffer_save_party_config(db, "[1]"));
    CHECK_OK(coffer_save_party_config(db, "[2]"));
    CHECK_OK(coffer_roll_back_version(db, "party_configs", 1, &version));
    CHECK(version == 3);
    expect(db, "party_configs", "[1]");
    expect(db, "party_configs_v2", "[2]");
    expect(db, "party_configs_v", "3");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_roll_back_version(db, "party_configs", 9, &version));
    CHECK(version == 3);
    CHECK_OK(coffer_list_versions(db, "party_configs", &json));
    coffer_string_free(json);
    CHECK_OK(coffer_close(db));
}

void tier1_through_keys(void)
{
    coffer_db db = open_fresh("keys");
    CHECK_OK(coffer_save_character_roster_state(db, "[\"a\"]"));
    CHECK_OK(coffer_save_persistent_data(db, "character_roster", "[\"b\"]"));
    expect(db, "character_roster", "[\"b\"]");
    expect(db, "character_roster_v", "2");
    expect(db, "character_roster_v1", "[\"a\"]");
    expect(db, "character_roster_v2", "[\"b\"]");
    expect_missing(db, "character_roster_v3");
    expect_revision(db, "character_roster", 2);
    expect_revision(db, "character_roster_v", 2);
    expect_keys(db, "character_roster", NULL, 0,
                "[\"character_roster\",\"character_roster_v\",\"character_roster_v1\",\"character_roster_v2\"]");
    CHECK_OK(coffer_close(db));
}

void past_versions_are_kept(void)
{
    static const char *const reserved[] = {"character_roster_v1", "character_roster_v", "character_roster_v9",
                                           "equipment_sets_v", "save_metadata/label"};
    coffer_db db = open_fresh("kept");
    char *before;
    size_t i;
    CHECK_OK(coffer_save_character_roster_state(db, "[1]"));
    before = dump_store(db);
    for (i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        const char *document = "2", *none = NULL;
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_persistent_data(db, reserved[i], document));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_clear_database_entry(db, reserved[i]));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_entry(db, reserved[i], "2", 0, COFFER_DURABILITY_DEFAULT, NULL));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_clear_entry(db, reserved[i], 1, COFFER_DURABILITY_DEFAULT));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_batch(db, &reserved[i], &document, NULL, 1, 0, NULL));
        CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_batch(db, &reserved[i], &none, NULL, 1, 0, NULL));
    }
    CHECK_UNCHANGED(before, db);
    free(before);
    /* What only looks like one is a plain document. */
    CHECK_OK(coffer_save_persistent_data(db, "character_roster_v01", "1"));
    CHECK_OK(coffer_save_persistent_data(db, "save_metadata", "2"));
    CHECK_OK(coffer_close(db));
}

void reopen_finds_all(void)
{
    char path[PATH_ROOM], *before;
    coffer_db db;
    int i;
    fresh_path(path, "reopen");
    db = open_at(path, NULL);
    for (i = 0; i < 3; i++)
        CHECK_OK(tier1_saves[i](db, "[1]"));
    CHECK_OK(coffer_save_party_config(db, "[2]"));
    CHECK_OK(coffer_clear_database_entry(db, "equipment_sets"));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "{\"two\" : 2}"));
    CHECK_OK(coffer_save_persistent_data(db, "gone", "1"));
    CHECK_OK(coffer_clear_database_entry(db, "gone"));
    before = dump_store(db);
    CHECK_OK(coffer_close(db));
    for (i = 0; i < 2; i++) {
        db = open_at(path, NULL);
        CHECK_UNCHANGED(before, db);
        CHECK_OK(coffer_close(db));
    }
    db = open_at(path, NULL);
    CHECK_OK(coffer_save_persistent_data(db, "slot", "3"));
    expect_revision(db, "slot", 3);
    free(before);
    CHECK_OK(coffer_close(db));
}

void two_handles_one_store(void)
{
    char path[PATH_ROOM];
    coffer_db one, two;
    fresh_path(path, "two");
    one = open_at(path, NULL);
    two = open_at(path, "{\"plugin\":\"second\",\"durability\":\"behind\"}");
    CHECK(one != two && coffer_live_handles() == 2);
    CHECK_OK(coffer_save_persistent_data(one, "from one", "1"));
    expect(two, "from one", "1");
    CHECK_OK(coffer_save_persistent_data(two, "from two", "2"));
    expect(one, "from two", "2");
    CHECK_OK(coffer_close(one));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_save_persistent_data(one, "from one", "3"));
    CHECK_OK(coffer_save_persistent_data(two, "from two", "3"));
    expect(two, "from one", "1");
    CHECK_OK(coffer_close(two));
}

void read_only(void)
{
    static const char only[] = "{\"read_only\":true}";
    const char *key = "slot", *document = "2";
    char path[PATH_ROOM], *before;
    coffer_db db, reader;
    int i;
    fresh_path(path, "read_only");
    db = open_at(path, NULL);
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_create_database_snapshot(db, NULL, NULL));
    for (i = 0; i < 2; i++) {
        /* First beside a writer in this process, then alone on the closed store. */
        reader = open_at(path, only);
        before = dump_store(reader);
        expect(reader, "slot", "1");
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_save_persistent_data(reader, "slot", "2"));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_save_party_config(reader, "2"));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_clear_database_entry(reader, "slot"));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_save_batch(reader, &key, &document, NULL, 1, 0, NULL));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_checkpoint(reader));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_create_database_snapshot(reader, NULL, NULL));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_restore_database_from_snapshot(reader, "latest", NULL, NULL));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_delete_snapshot(reader, "latest"));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_pin_snapshot(reader, "latest", 1, NULL));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_import_snapshot(reader, path, NULL, NULL));
        CHECK_OK(coffer_verify_snapshot(reader, "latest", NULL));
        CHECK_OK(coffer_diff_snapshots(reader, "latest", NULL, NULL));
        CHECK_OK(coffer_load_from_snapshot(reader, "latest", "slot", NULL));
        CHECK_UNCHANGED(before, reader);
        free(before);
        CHECK_OK(coffer_close(reader));
        if (i == 0)
            CHECK_OK(coffer_close(db));
    }
}

void options(void)
{
    char path[PATH_ROOM];
    coffer_db db = 0;
    fresh_path(path, "options");
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_open(path, "{\"durabilty\":\"durable\"}", &db));
    CHECK(strstr(coffer_last_error(), "durabilty") != NULL);
    CHECK_STATUS(COFFER_ERROR_NO_STORE, coffer_open(path, "{\"create\":false}", &db));
    CHECK(db == 0 && entries_in(path) == -1);
    db = open_at(path, "{\"durability\":\"durable\",\"plugin\":\"p\",\"create\":true,\"read_only\":false,"
                       "\"recovery\":\"strict\",\"flush_interval_ms\":1,\"sync_interval_ms\":60000,\"checkpoint_bytes\":1,"
                       "\"segment_bytes\":65536,\"max_document_bytes\":10,\"max_depth\":1}");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_close(db));
    db = open_at(path, "{\"create\":false}");
    expect(db, "slot", "[1]");
    CHECK_OK(coffer_close(db));
}

void invalid_json(void)
{
    static const char *const broken[] = {"{", "[1,]", "01", "nul", "", "\"\x01\"", "[1] x", "{\"a\":1}}"};
    coffer_db db = open_fresh("json");
    size_t i;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "\"old\""));
    for (i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_persistent_data(db, "slot", broken[i]));
    expect(db, "slot", "\"old\"");
    expect_revision(db, "slot", 1);
    CHECK_OK(coffer_close(db));
}

void invalid_keys(void)
{
    char *longest = repeated(1024, "k", "", ""), *too_long = repeated(1025, "k", "", "");
    coffer_db db = open_fresh("key_length");
    CHECK_STATUS(COFFER_ERROR_INVALID_KEY, coffer_save_persistent_data(db, "", "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_KEY, coffer_load_persistent_data(db, "", NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_KEY, coffer_save_persistent_data(db, too_long, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_KEY, coffer_load_persistent_data(db, too_long, NULL));
    CHECK_OK(coffer_save_persistent_data(db, longest, "1"));
    expect(db, longest, "1");
    CHECK_OK(coffer_close(db));
    free(longest);
    free(too_long);
}

void too_large_and_too_deep(void)
{
    char path[PATH_ROOM], *deep = repeated(128, "[", "", "]"), *too_deep = repeated(129, "[", "", "]");
    coffer_db db = open_fresh("default_limits");
    CHECK_OK(coffer_save_persistent_data(db, "deep", deep));
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_save_persistent_data(db, "deep", too_deep));
    expect(db, "deep", deep);
    CHECK_OK(coffer_close(db));
    fresh_path(path, "own_limits");
    db = open_at(path, "{\"max_document_bytes\":9,\"max_depth\":2}");
    CHECK_OK(coffer_save_persistent_data(db, "large", "123456789"));
    CHECK_STATUS(COFFER_ERROR_TOO_LARGE, coffer_save_persistent_data(db, "large", "1234567890"));
    CHECK_OK(coffer_save_persistent_data(db, "deep", "{\"a\":[1]}"));
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_save_persistent_data(db, "deep", "[[[1]]]"));
    expect(db, "large", "123456789");
    CHECK_OK(coffer_close(db));
    free(deep);
    free(too_deep);
}

void unicode(void)
{
    /* One, two, three and four bytes, their first and last code points, controls, escapes and lone surrogates. */
    static const char *const keys[] = {"a b\t\n\x01\x7F\"\\/", "\xC2\x80\xDF\xBF", "\xE0\xA0\x80\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "e\xCC\x81", "\xC3\xA9"};
    static const char document[] = "{\"\\u0000\":\"\\ud83c\\udfb2 \xF0\x9F\x8E\xB2 \\ud800 \xC3\xA9 \x7F\xE2\x80\xA8\"}";
    coffer_db db = open_fresh("unicode");
    size_t i, found = 0;
    char key[1025], *listed;
    const char *place;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CHECK_OK(coffer_save_persistent_data(db, keys[i], document));
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        expect(db, keys[i], document);
    CHECK_OK(coffer_list_database_keys(db, &listed));
    for (place = listed; next_string(&place, key, sizeof key);)
        for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
            found += strcmp(key, keys[i]) == 0;
    CHECK(found == sizeof keys / sizeof keys[0]);
    coffer_string_free(listed);
    CHECK_OK(coffer_close(db));
}

void last_error(void)
{
    coffer_db db = open_fresh("error");
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_persistent_data(db, "slot\nseven", "{"));
    CHECK(strstr(coffer_last_error(), "slot") != NULL && strstr(coffer_last_error(), "seven") != NULL);
    CHECK(strchr(coffer_last_error(), '\n') == NULL);
    CHECK_OK(coffer_save_persistent_data(db, "slot", "{}"));
    CHECK(strcmp(coffer_last_error(), "") == 0);
    CHECK(strcmp(coffer_status_name(COFFER_ERROR_BUSY), "COFFER_ERROR_BUSY") == 0);
    CHECK(strcmp(coffer_status_name(12345), "unknown status") == 0);
    CHECK_OK(coffer_close(db));
}

void closed_handle(void)
{
    char *json = NULL;
    coffer_db db = open_fresh("closed");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_close(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_flush(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_save_persistent_data(db, "slot", "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_load_persistent_data(db, "slot", &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_list_database_keys(db, &json));
    CHECK(json == NULL);
}

void flush_and_checkpoint(void)
{
    char path[PATH_ROOM], *before;
    coffer_db db;
    fresh_path(path, "flush");
    db = open_at(path, "{\"durability\":\"behind\"}");
    CHECK_OK(coffer_save_persistent_data(db, "before", "1"));
    CHECK_OK(coffer_flush(db));
    CHECK_OK(coffer_save_persistent_data(db, "between", "2"));
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_save_persistent_data(db, "after", "3"));
    CHECK_OK(coffer_checkpoint(db));
    before = dump_store(db);
    CHECK_OK(coffer_close(db));
    db = open_at(path, NULL);
    CHECK_UNCHANGED(before, db);
    expect(db, "after", "3");
    free(before);
    CHECK_OK(coffer_close(db));
}

void no_live_handles(void)
{
    coffer_db db = open_fresh("live");
    CHECK(coffer_live_handles() == 1);
    CHECK_OK(coffer_close(db));
    CHECK(coffer_live_handles() == 0);
}
