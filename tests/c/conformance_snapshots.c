/*
 * The conformance cases about snapshots and differences; conformance.c runs them with the others.
 *
 * It must not look inside a store's folder; only exported files are looked at. Invariant: each case uses a fresh store
 * and closes it.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Checks that an answer holds a part, and gives the answer back. */
static void expect_told(char *json, const char *part)
{
    if (strstr(json, part) == NULL) {
        fprintf(stderr, "no %s in %s\n", part, json);
        CHECK(strstr(json, part) != NULL);
    }
    coffer_string_free(json);
}

/* How much the snapshot has of a collection; the order of the two numbers is left open. */
static void expect_size(const char *json, const char *collection, int documents, int bytes)
{
    char one[128], other[128];
    sprintf(one, "\"%s\":{\"documents\":%d,\"bytes\":%d}", collection, documents, bytes);
    sprintf(other, "\"%s\":{\"bytes\":%d,\"documents\":%d}", collection, bytes, documents);
    CHECK(strstr(json, one) != NULL || strstr(json, other) != NULL);
}

/* Restores everything and checks what the answer begins with. */
static void expect_restored(coffer_db db, const char *id, const char *begin)
{
    char *json = NULL;
    CHECK_OK(coffer_restore_database_from_snapshot(db, id, NULL, &json));
    CHECK(strncmp(json, begin, strlen(begin)) == 0);
    coffer_string_free(json);
}

static void expect_in(coffer_db db, const char *id, const char *key, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_from_snapshot(db, id, key, &json));
    CHECK_SAME(expected, json);
}

static void save_all(coffer_db db, const char *const *keys, size_t count, const char *text)
{
    size_t i;
    for (i = 0; i < count; i++)
        CHECK_OK(coffer_save_persistent_data(db, keys[i], text));
}

void version_diff(void)
{
    static const char patch[] = "[{\"op\":\"replace\",\"path\":\"/hp\",\"value\":7}]";
    coffer_db db = open_fresh("version_diff");
    char *json = NULL;
    CHECK_OK(coffer_save_equipment_config(db, "{\"head\":\"cap\",\"hp\":10}"));
    CHECK_OK(coffer_save_equipment_config(db, "{\"head\":\"cap\",\"hp\":7}"));
    CHECK_OK(coffer_diff_versions(db, "equipment_sets", 1, 2, &json));
    CHECK_SAME(patch, json);
    CHECK_OK(coffer_diff_versions(db, "equipment_sets", 1, 0, &json));
    CHECK_SAME(patch, json);
    CHECK_OK(coffer_diff_versions(db, "equipment_sets", 0, 1, &json));
    CHECK_SAME("[{\"op\":\"replace\",\"path\":\"/hp\",\"value\":10}]", json);
    CHECK_OK(coffer_diff_versions(db, "equipment_sets", 2, 2, &json));
    CHECK_SAME("[]", json);
    json = NULL;
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_diff_versions(db, "equipment_sets", 1, 3, &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_diff_versions(db, "equipment_sets", 3, 1, &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_diff_versions(db, "party_configs", 0, 0, &json));
    CHECK(json == NULL);
    CHECK_OK(coffer_close(db));
}

void snapshot_create(void)
{
    static const char record[] = "save_metadata/snapshots/snapshot-3";
    coffer_db db = open_fresh("snapshot_create");
    char *json = NULL, *listed = NULL;
    CHECK_OK(coffer_save_persistent_data(db, "slot-1", "[1]"));
    CHECK_OK(coffer_save_persistent_data(db, "slot-2", "[1,2]"));
    CHECK_OK(coffer_save_character_roster_state(db, "{}"));
    CHECK_OK(coffer_create_database_snapshot(db, "before \"the\" boss \xE2\x9A\x94", &json));
    CHECK(strstr(json, "\"label\":\"before \\\"the\\\" boss \xE2\x9A\x94\",\"kind\":\"manual\",\"pinned\":false,") != NULL);
    CHECK(strstr(json, "\"sequence\":3,\"created_at_ms\":1") != NULL);
    CHECK(strstr(json, "\"documents\":3,\"bytes\":10,\"collections\":{") != NULL);
    expect_size(json, "character_roster", 1, 2);
    expect_size(json, "equipment_sets", 0, 0);
    expect_size(json, "plugin_data", 2, 8);
    CHECK(strstr(json, "\"versions\":{\"character_roster_v\":1,\"equipment_sets_v\":0,\"party_configs_v\":0}") != NULL);
    CHECK(strstr(json, "\"reason\"") == NULL && strstr(json, "\"file\"") == NULL);
    expect_told(json, "{\"id\":\"snapshot-3\",");
    CHECK_OK(coffer_create_database_snapshot(db, NULL, &json));
    expect_told(json, "{\"id\":\"snapshot-4\",\"label\":\"database_snapshot\",");
    CHECK_OK(coffer_create_database_snapshot(db, "", NULL));
    expect_keys(db, "save_metadata/", NULL, 1, "[\"save_metadata/snapshots/snapshot-3\"]");
    CHECK_OK(coffer_get_snapshot(db, "snapshot-3", &listed));
    expect(db, record, listed);
    CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_persistent_data(db, record, "1"));
    CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_clear_database_entry(db, record));
    expect(db, record, listed);
    coffer_string_free(listed);
    CHECK_OK(coffer_close(db));
}

void snapshot_restore(void)
{
    coffer_db db = open_fresh("snapshot_restore");
    CHECK_OK(coffer_save_persistent_data(db, "kept", "[0]"));
    CHECK_OK(coffer_save_persistent_data(db, "changed", " [1] "));
    CHECK_OK(coffer_save_persistent_data(db, "cleared", "[2]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    CHECK_OK(coffer_create_database_snapshot(db, "town", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "changed", "[10]"));
    CHECK_OK(coffer_clear_database_entry(db, "cleared"));
    CHECK_OK(coffer_save_persistent_data(db, "new", "[3]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[]"));
    expect_restored(db, "snapshot-4", "{\"id\":\"snapshot-4\",\"sequence\":4,\"dry_run\":false,\"commit\":10,\"saved\":3,"
                                      "\"cleared\":1,\"bytes\":15,\"undo\":\"snapshot-9\"}");
    expect(db, "kept", "[0]");
    expect(db, "changed", " [1] ");
    expect(db, "cleared", "[2]");
    expect_missing(db, "new");
    expect(db, "character_roster", "[\"Ash\"]");
    expect(db, "character_roster_v", "3");
    expect(db, "character_roster_v2", "[]");
    expect_revision(db, "kept", 1);
    expect_revision(db, "changed", 3);
    expect_restored(db, "snapshot-4", "{\"id\":\"snapshot-4\",\"sequence\":4,\"dry_run\":false,\"commit\":null,\"saved\":0,"
                                      "\"cleared\":0,\"bytes\":0,\"undo\":null}");
    expect_restored(db, "snapshot-9", "{\"id\":\"snapshot-9\",\"sequence\":9,\"dry_run\":false,\"commit\":11,\"saved\":3,"
                                      "\"cleared\":1,");
    expect(db, "changed", "[10]");
    expect_missing(db, "cleared");
    expect(db, "new", "[3]");
    expect(db, "character_roster", "[]");
    CHECK_OK(coffer_close(db));
}

void snapshot_restore_part(void)
{
    static const char *const keys[] = {"a", "b", "character_roster", "party_configs"};
    coffer_db db = open_fresh("snapshot_part");
    char *json = NULL, *before;
    save_all(db, keys, 4, "[1]");
    CHECK_OK(coffer_create_database_snapshot(db, "part", NULL));
    save_all(db, keys, 4, "[2]");
    CHECK_OK(coffer_restore_database_from_snapshot(db, "part", "{\"collections\":[\"plugin_data\"]}", NULL));
    expect(db, "a", "[1]");
    expect(db, "b", "[1]");
    expect(db, "character_roster", "[2]");
    expect(db, "party_configs", "[2]");
    save_all(db, keys, 4, "[2]");
    CHECK_OK(coffer_restore_database_from_snapshot(db, "part", "{\"keys\":[\"b\",\"character_roster\",\"never\"]}", NULL));
    expect(db, "a", "[2]");
    expect(db, "b", "[1]");
    expect(db, "character_roster", "[1]");
    expect(db, "party_configs", "[2]");
    CHECK_OK(coffer_save_persistent_data(db, "new", "[3]"));
    before = dump_store(db);
    CHECK_OK(coffer_restore_database_from_snapshot(
        db, "part", "{\"dry_run\":true,\"keys\":[\"a\",\"new\",\"party_configs\"]}", &json));
    expect_told(json, "\"dry_run\":true,\"commit\":null,\"saved\":2,\"cleared\":1,\"bytes\":6,\"undo\":null,\"changes\":["
                      "{\"key\":\"party_configs\",\"action\":\"save\",\"bytes\":3},{\"key\":\"a\",\"action\":\"save\","
                      "\"bytes\":3},{\"key\":\"new\",\"action\":\"clear\",\"bytes\":0}]}");
    json = NULL;
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_restore_database_from_snapshot(db, "part", "{\"dryrun\":true}", &json));
    CHECK(strstr(coffer_last_error(), "dryrun") != NULL && json == NULL);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

void snapshot_unknown(void)
{
    coffer_db db = open_fresh("snapshot_unknown");
    char *json = NULL;
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_get_snapshot(db, "latest", &json));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_create_database_snapshot(db, "town", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "2"));
    CHECK_OK(coffer_create_database_snapshot(db, "town", NULL));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_restore_database_from_snapshot(db, "twon", NULL, &json));
    CHECK(strstr(coffer_last_error(), "\"twon\"") != NULL && strstr(coffer_last_error(), "\"town\"") != NULL);
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_get_snapshot(db, "snapshot-11", &json));
    CHECK(strstr(coffer_last_error(), "\"snapshot-1\"") != NULL);
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_delete_snapshot(db, "twon"));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_pin_snapshot(db, "twon", 1, &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_verify_snapshot(db, "twon", &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_diff_snapshots(db, "twon", NULL, &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_diff_snapshots(db, "town", "twon", &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_load_from_snapshot(db, "twon", "slot", &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_export_snapshot(db, "twon", "never made", &json));
    CHECK(json == NULL);
    /* Two have the label: the newest is meant. */
    expect_in(db, "town", "slot", "2");
    expect_in(db, "latest", "slot", "2");
    expect_in(db, "snapshot-1", "slot", "1");
    expect(db, "slot", "2");
    CHECK_OK(coffer_close(db));
}

void snapshot_list_pin_delete(void)
{
    coffer_db db = open_fresh("snapshot_list");
    char *json = NULL;
    const char *first, *second;
    CHECK_OK(coffer_list_snapshots(db, &json));
    expect_told(json, "{\"snapshots\":[],\"journal\":{\"from_sequence\":0,");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_create_database_snapshot(db, "first", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "2"));
    CHECK_OK(coffer_create_database_snapshot(db, "second", NULL));
    CHECK_OK(coffer_list_snapshots(db, &json));
    first = strstr(json, "\"id\":\"snapshot-1\",\"label\":\"first\"");
    second = strstr(json, "\"id\":\"snapshot-3\",\"label\":\"second\"");
    CHECK(first != NULL && second != NULL && first < second);
    expect_told(json, ",\"to_sequence\":4},\"history_bytes\":0}");
    CHECK_OK(coffer_pin_snapshot(db, "first", 7, &json));
    expect_told(json, "\"label\":\"first\",\"kind\":\"manual\",\"pinned\":true,");
    CHECK_OK(coffer_get_snapshot(db, "snapshot-1", &json));
    expect_told(json, "\"pinned\":true,");
    CHECK_OK(coffer_pin_snapshot(db, "snapshot-1", 0, NULL));
    CHECK_OK(coffer_get_snapshot(db, "first", &json));
    expect_told(json, "\"pinned\":false,");
    CHECK_OK(coffer_delete_snapshot(db, "first"));
    CHECK_OK(coffer_list_snapshots(db, &json));
    CHECK(strstr(json, "snapshot-1") == NULL);
    expect_told(json, "{\"snapshots\":[{\"id\":\"snapshot-3\",");
    expect_keys(db, "save_metadata/", NULL, 0, "[\"save_metadata/snapshots/snapshot-3\"]");
    json = NULL;
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_get_snapshot(db, "snapshot-1", &json));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_SNAPSHOT, coffer_delete_snapshot(db, "first"));
    CHECK(json == NULL);
    CHECK_OK(coffer_close(db));
}

void snapshot_diff(void)
{
    static const char body[] = "\"added\":[{\"key\":\"new\",\"bytes\":3}],\"changed\":[{\"key\":\"hero\",\"patch\":[{\"op\":"
                               "\"replace\",\"path\":\"/hp\",\"value\":7}]}],\"removed\":[{\"key\":\"gone\",\"bytes\":1}]}";
    char expected[512], *json = NULL;
    coffer_db db = open_fresh("snapshot_diff");
    CHECK_OK(coffer_save_persistent_data(db, "hero", "{\"hp\":10,\"gold\":5}"));
    CHECK_OK(coffer_save_persistent_data(db, "gone", "1"));
    CHECK_OK(coffer_create_database_snapshot(db, "first", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "hero", "{\"hp\":7,\"gold\":5}"));
    CHECK_OK(coffer_clear_database_entry(db, "gone"));
    CHECK_OK(coffer_save_persistent_data(db, "new", "[1]"));
    CHECK_OK(coffer_create_database_snapshot(db, "second", NULL));
    sprintf(expected, "{\"from\":{\"id\":\"snapshot-2\",\"sequence\":2},\"to\":{\"id\":\"snapshot-6\",\"sequence\":6},%s",
            body);
    CHECK_OK(coffer_diff_snapshots(db, "first", "second", &json));
    CHECK_SAME(expected, json);
    sprintf(expected, "{\"from\":{\"id\":\"snapshot-2\",\"sequence\":2},\"to\":{\"id\":\"now\",\"sequence\":7},%s", body);
    CHECK_OK(coffer_diff_snapshots(db, "first", "now", &json));
    CHECK_SAME(expected, json);
    CHECK_OK(coffer_diff_snapshots(db, "first", NULL, &json));
    CHECK_SAME(expected, json);
    CHECK_OK(coffer_diff_snapshots(db, "now", "first", &json));
    expect_told(json, "\"added\":[{\"key\":\"gone\",\"bytes\":1}]");
    CHECK_OK(coffer_diff_snapshots(db, "second", NULL, &json));
    expect_told(json, "\"added\":[],\"changed\":[],\"removed\":[]}");
    CHECK_OK(coffer_close(db));
}

void snapshot_load(void)
{
    coffer_db db = open_fresh("snapshot_load");
    char *untouched = (char *)"as it was", *json = untouched, *before;
    CHECK_OK(coffer_save_persistent_data(db, "slot", " [1] "));
    CHECK_OK(coffer_save_party_config(db, "[1]"));
    CHECK_OK(coffer_create_database_snapshot(db, "town", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[2]"));
    CHECK_OK(coffer_save_persistent_data(db, "later", "[2]"));
    CHECK_OK(coffer_save_party_config(db, "[2]"));
    before = dump_store(db);
    expect_in(db, "town", "slot", " [1] ");
    expect_in(db, "town", "party_configs", "[1]");
    expect_in(db, "town", "party_configs_v", "1");
    expect_in(db, "now", "slot", "[2]");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_from_snapshot(db, "town", "later", &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_from_snapshot(db, "town", "party_configs_v2", &json));
    CHECK(json == untouched);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

void snapshot_moment(void)
{
    static const char *const away[] = {"sequence:0", "sequence:999", "time:1"};
    coffer_db db = open_fresh("snapshot_moment");
    char moment[64], text[32];
    int64_t middle = 0;
    int number;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_checkpoint(db));
    for (number = 2; number <= 4; number++) {
        /* Moments have milliseconds: each save gets its own. */
        sleep_ms(20);
        sprintf(text, "[%d]", number);
        CHECK_OK(coffer_save_persistent_data(db, "slot", text));
        if (number == 3)
            CHECK_OK(coffer_load_entry(db, "slot", NULL, NULL, &middle));
    }
    expect_restored(db, "sequence:2", "{\"id\":\"sequence:2\",\"sequence\":2,\"dry_run\":false,\"commit\":5,\"saved\":1,");
    expect(db, "slot", "[2]");
    sprintf(moment, "time:%lld", (long long)middle);
    CHECK_OK(coffer_restore_database_from_snapshot(db, moment, NULL, NULL));
    expect(db, "slot", "[3]");
    expect_in(db, "sequence:1", "slot", "[1]");
    expect_in(db, "sequence:4", "slot", "[4]");
    for (number = 0; number < 3; number++)
        CHECK_STATUS(COFFER_ERROR_OUT_OF_REACH, coffer_restore_database_from_snapshot(db, away[number], NULL, NULL));
    expect(db, "slot", "[3]");
    CHECK_OK(coffer_close(db));
}

/* Changes one bit in the middle of a file. */
static void damage(const char *path)
{
    FILE *file = fopen(path, "r+b");
    long middle;
    int byte;
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    middle = ftell(file) / 2;
    CHECK(fseek(file, middle, SEEK_SET) == 0);
    byte = fgetc(file);
    CHECK(byte != EOF && fseek(file, middle, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF && fclose(file) == 0);
}

void snapshot_export_import(void)
{
    char file[PATH_ROOM], damaged[PATH_ROOM], *json = NULL, *before;
    coffer_db db = open_fresh("export"), other = open_fresh("import");
    fresh_path(file, "town.coffer");
    fresh_path(damaged, "damaged.coffer");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    CHECK_OK(coffer_create_database_snapshot(db, "town", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[2]"));
    CHECK_OK(coffer_export_snapshot(db, "town", file, &json));
    CHECK(strstr(json, file) != NULL && strncmp(json, "{\"id\":\"snapshot-2\",\"path\":", 25) == 0);
    expect_told(json, "\"sequence\":2,\"documents\":2,\"bytes\":10,\"file_bytes\":");
    CHECK_OK(coffer_export_snapshot(db, "town", damaged, NULL));
    CHECK_OK(coffer_close(db));
    damage(damaged);
    CHECK_OK(coffer_save_persistent_data(other, "mine", "1"));
    before = dump_store(other);
    json = NULL;
    CHECK_STATUS(COFFER_ERROR_CORRUPT, coffer_import_snapshot(other, damaged, NULL, &json));
    CHECK(json == NULL && strstr(coffer_last_error(), "damaged.coffer") != NULL);
    CHECK_UNCHANGED(before, other);
    free(before);
    CHECK_OK(coffer_import_snapshot(other, file, NULL, &json));
    CHECK(strstr(json, "\"sequence\":2,") != NULL && strstr(json, "\"file\":\"import-") != NULL);
    expect_told(json, "{\"id\":\"import-2\",\"label\":\"town\",\"kind\":\"imported\",");
    CHECK_OK(coffer_import_snapshot(other, file, "renamed", &json));
    expect_told(json, "\"label\":\"renamed\"");
    CHECK(remove(file) == 0);
    CHECK_OK(coffer_verify_snapshot(other, "import-2", &json));
    expect_told(json, "{\"id\":\"import-2\",\"documents\":2,\"bytes\":10,");
    expect(other, "mine", "1");
    CHECK_OK(coffer_restore_database_from_snapshot(other, "import-2", NULL, NULL));
    expect(other, "slot", "[1]");
    expect(other, "character_roster", "[\"Ash\"]");
    expect_missing(other, "mine");
    CHECK_OK(coffer_close(other));
}

void snapshot_reopen(void)
{
    static const int order[] = {1, 0, 2};
    char path[PATH_ROOM], label[32], text[32], only[32];
    coffer_db db;
    int i;
    fresh_path(path, "snapshot_reopen");
    for (i = 0; i < 3; i++) {
        db = open_at(path, NULL);
        sprintf(label, "round %d", i);
        sprintf(text, "[%d]", i);
        sprintf(only, "only %d", i);
        CHECK_OK(coffer_save_persistent_data(db, "slot", text));
        CHECK_OK(coffer_save_persistent_data(db, only, "true"));
        CHECK_OK(coffer_create_database_snapshot(db, label, NULL));
        CHECK_OK(coffer_checkpoint(db));
        CHECK_OK(coffer_verify_snapshot(db, label, NULL));
        CHECK_OK(coffer_clear_database_entry(db, only));
        CHECK_OK(coffer_close(db));
    }
    db = open_at(path, NULL);
    for (i = 0; i < 3; i++) {
        sprintf(label, "round %d", order[i]);
        sprintf(text, "[%d]", order[i]);
        sprintf(only, "[\"only %d\"]", order[i]);
        CHECK_OK(coffer_verify_snapshot(db, label, NULL));
        CHECK_OK(coffer_restore_database_from_snapshot(db, label, NULL, NULL));
        expect(db, "slot", text);
        expect_keys(db, "only", NULL, 0, only);
        CHECK_OK(coffer_checkpoint(db));
    }
    CHECK_OK(coffer_close(db));
}
