/*
 * What the full library has to do with the test of a bare one: it makes a store with snapshots, and looks at it again after
 * the bare library had it open.
 *
 * It must be linked to a full library. Invariant: what `make` saved, and only that, is what `verify` finds in the snapshots,
 * whatever the bare library did to the documents between.
 *
 *     bare_store make|verify STORE
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

static coffer_db open_store(const char *path)
{
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, "{\"snapshot_every_minutes\":60}", &db));
    return db;
}

static void expect(coffer_db db, const char *key, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    CHECK_SAME(expected, json);
}

/* What is told of the snapshots, without the journal's reach; to be given back. */
static char *told_snapshots(coffer_db db)
{
    char *json = NULL, *end;
    CHECK_OK(coffer_list_snapshots(db, &json));
    end = strstr(json, ",\"journal\":");
    CHECK(end != NULL);
    *end = '\0';
    return json;
}

static void remember(coffer_db db, const char *path)
{
    char file[PATH_ROOM], *json = told_snapshots(db);
    snprintf(file, sizeof file, "%.2000s.snapshots", path);
    write_file(file, json);
    coffer_string_free(json);
}

static void expect_remembered(coffer_db db, const char *path)
{
    static char before[16384];
    char file[PATH_ROOM];
    FILE *remembered;
    size_t length;
    snprintf(file, sizeof file, "%.2000s.snapshots", path);
    remembered = fopen(file, "rb");
    CHECK(remembered != NULL);
    length = fread(before, 1, sizeof before - 1, remembered);
    before[length] = '\0';
    CHECK(length > 0 && fclose(remembered) == 0);
    CHECK_SAME(before, told_snapshots(db));
}

/* A snapshot, one that another store exported, and an automatic one; bare.c knows the documents. */
static void make(const char *path)
{
    char file[PATH_ROOM];
    coffer_db db = open_store(path);
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[\"old\"]"));
    CHECK_OK(coffer_save_persistent_data(db, "gone", "[\"gone\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    CHECK_OK(coffer_create_database_snapshot(db, "before", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[\"between\"]"));
    CHECK_OK(coffer_clear_database_entry(db, "gone"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\",\"Birch\"]"));
    snprintf(file, sizeof file, "%.2000s.export", path);
    CHECK_OK(coffer_export_snapshot(db, "before", file, NULL));
    CHECK_OK(coffer_import_snapshot(db, file, "brought in", NULL));
    CHECK_OK(coffer_restore_database_from_snapshot(db, "before", "{\"keys\":[\"gone\"]}", NULL));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[\"new\"]"));
    CHECK(remove(file) == 0);
    remember(db, path);
    CHECK_OK(coffer_close(db));
}

static void verify_one(coffer_db db, const char *id)
{
    char *json = NULL;
    CHECK_OK(coffer_verify_snapshot(db, id, &json));
    CHECK(strstr(json, "\"documents\":3,") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_load_from_snapshot(db, id, "slot", &json));
    CHECK_SAME("[\"old\"]", json);
    CHECK_OK(coffer_load_from_snapshot(db, id, "character_roster", &json));
    CHECK_SAME("[\"Ash\"]", json);
}

static void verify(const char *path)
{
    char *json = NULL, id[64];
    const char *automatic;
    coffer_db db = open_store(path);
    expect_remembered(db, path);
    expect(db, "slot", "[\"bare\"]");
    verify_one(db, "before");
    verify_one(db, "brought in");
    json = told_snapshots(db);
    automatic = strstr(json, "{\"id\":\"snapshot-8\"");
    CHECK(automatic != NULL && sscanf(automatic, "{\"id\":\"%63[^\"]\"", id) == 1);
    coffer_string_free(json);
    CHECK_OK(coffer_verify_snapshot(db, id, NULL));
    CHECK_OK(coffer_load_from_snapshot(db, id, "slot", &json));
    CHECK_SAME("[\"between\"]", json);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_from_snapshot(db, id, "gone", &json));
    CHECK_OK(coffer_restore_database_from_snapshot(db, "before", NULL, NULL));
    expect(db, "slot", "[\"old\"]");
    expect(db, "gone", "[\"gone\"]");
    expect(db, "character_roster", "[\"Ash\"]");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "of the bare one", NULL));
    CHECK_OK(coffer_close(db));
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "make") == 0) {
        make(arguments[2]);
    } else if (count == 3 && strcmp(arguments[1], "verify") == 0) {
        verify(arguments[2]);
    } else {
        fprintf(stderr, "usage: %s make|verify STORE\n", arguments[0]);
        return 2;
    }
    CHECK(coffer_live_handles() == 0);
    return 0;
}
