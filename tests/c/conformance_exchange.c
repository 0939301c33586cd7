/*
 * The conformance cases about files of other programs, exported and imported; conformance.c runs them with the others.
 *
 * It must not depend on white space that a format does not keep, so its documents have none. Invariant: each case uses
 * fresh stores, closes them, and after every refusal finds the store and its folder as they were.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/* What the formats find hard; sorted by key, as an export has them. */
static const struct {
    const char *key, *text;
} odd[] = {
    {"", "{\"0\":{\"name\":\"Ash\",\"level\":2},"
         "\"255\":{\"name\":\"\xC3\x9Cn\xC3\xAF \\\"q\\\" \xF0\x9F\x98\x80\",\"level\":1.0}}"},
    {"=formula", "{\"a\":\"@x\",\"a\":\"twice\",\"-b\":\"=1+1\"}"},
    {"crlf", "\"line\\r\\nend\\ttab\""},
    {"numbers", "{\"long\":123456789012345678901234567890.50,\"i64\":-9223372036854775808,\"u64\":18446744073709551615,"
                "\"d\":1.0,\"e\":1e400,\"small\":1E-400,\"zero\":-0}"},
    {"order-1", "{\"x\":1,\"y\":2}"},
    {"order-2", "{\"y\":2,\"x\":1}"},
    {"scalar", "\" leading and trailing \""},
    {"slot 2 \"odd\", key\n", "[{\"a\":1,\"b.c\":\"x\"},{\"a\":2,\"b[0]\":\"\",\"\":[1,[2,{\"deep\":[]}]]}]"},
    {"slot-1", "{\"n\":null,\"t\":true,\"f\":false,\"s\":\"true\",\"digits\":\"7\",\"empty\":{},\"none\":[],"
               "\"in\":[[],{},[[]]]}"},
    {"z\xC3\xA9ro \xF0\x9F\x8E\xB2", "null"}};

#define EQUIPMENT "[]"
#define FIRST_ROSTER "{\"0\":{\"name\":\"Ash\",\"level\":1}}"
/* The odd ones, the first of them the roster, equipment, and the past versions of roster and party. */
#define DOCUMENTS (LENGTH_OF(odd) + 3)

static void fill(coffer_db db)
{
    size_t i;
    CHECK_OK(coffer_save_character_roster_state(db, FIRST_ROSTER));
    CHECK_OK(coffer_save_character_roster_state(db, odd[0].text));
    CHECK_OK(coffer_save_equipment_config(db, EQUIPMENT));
    CHECK_OK(coffer_save_party_config(db, "{\"a\":1}"));
    CHECK_OK(coffer_clear_database_entry(db, "party_configs"));
    for (i = 1; i < LENGTH_OF(odd); i++)
        CHECK_OK(coffer_save_persistent_data(db, odd[i].key, odd[i].text));
}

static int is_of_the_layer(const char *key)
{
    static const char *const names[] = {"character_roster", "equipment_sets", "party_configs", "plugin_data",
                                        "save_metadata"};
    size_t i;
    for (i = 0; i < LENGTH_OF(names); i++)
        if (strncmp(key, names[i], strlen(names[i])) == 0)
            return 1;
    return 0;
}

/* Everything that `fill` saved is there, with these numbers of versions, and nothing else. */
static void expect_filled(coffer_db db)
{
    char *json = NULL, key[1025];
    const char *place;
    size_t i;
    for (i = 1; i < LENGTH_OF(odd); i++)
        expect(db, odd[i].key, odd[i].text);
    expect(db, "character_roster", odd[0].text);
    expect(db, "character_roster_v1", FIRST_ROSTER);
    expect(db, "character_roster_v2", odd[0].text);
    expect(db, "equipment_sets", EQUIPMENT);
    expect_missing(db, "party_configs");
    expect(db, "party_configs_v1", "{\"a\":1}");
    CHECK_OK(coffer_version_counters(db, &json));
    CHECK_SAME("{\"character_roster_v\":2,\"equipment_sets_v\":1,\"party_configs_v\":1}", json);
    CHECK_OK(coffer_list_database_keys(db, &json));
    for (place = json, i = 1; next_string(&place, key, sizeof key);)
        if (i < LENGTH_OF(odd) && strcmp(key, odd[i].key) == 0)
            i++;
        else
            CHECK(is_of_the_layer(key));
    CHECK(i == LENGTH_OF(odd));
    coffer_string_free(json);
}

/* What a result says under a name that stands once in it, as it stands there. */
static void expect_said(const char *json, const char *name, const char *expected)
{
    char member[64];
    const char *found;
    snprintf(member, sizeof member, "\"%s\":", name);
    found = strstr(json, member);
    if (found == NULL || strncmp(found + strlen(member), expected, strlen(expected)) != 0 ||
        strchr(",}", found[strlen(member) + strlen(expected)]) == NULL)
        check_failed(__FILE__, __LINE__, expected, found == NULL ? json : found);
}

static void expect_number(const char *json, const char *name, uint64_t expected)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)expected);
    expect_said(json, name, number);
}

/* How many documents an import did what with. Gives the result back. */
static void expect_counts(char *json, uint64_t saved, uint64_t unchanged, uint64_t cleared, uint64_t skipped)
{
    expect_number(json, "saved", saved);
    expect_number(json, "unchanged", unchanged);
    expect_number(json, "cleared", cleared);
    expect_number(json, "skipped", skipped);
    coffer_string_free(json);
}

static size_t size_of_file(const char *path)
{
    long size;
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    CHECK(size >= 0 && fclose(file) == 0);
    return (size_t)size;
}

static int is_there(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static char *imported(coffer_db db, const char *path, const char *options)
{
    char *json = NULL;
    CHECK_OK(coffer_import_database_from_external(db, path, NULL, options, NULL, NULL, &json));
    return json;
}

/* A fresh file in the working folder. */
static void fresh_file(char *path, const char *name, const char *content)
{
    fresh_path(path, name);
    write_file(path, content);
}

static void check_exported(const char *json, const char *path, const char *format, uint64_t sequence)
{
    const char *hash = strstr(json, "\"sha256\":\"");
    char quoted[16];
    snprintf(quoted, sizeof quoted, "\"%s\"", format);
    expect_said(json, "format", quoted);
    expect_number(json, "bytes", size_of_file(path));
    expect_number(json, "documents", DOCUMENTS);
    expect_number(json, "sequence", sequence);
    CHECK(hash != NULL && strspn(hash + 10, "0123456789abcdef") == 64 && hash[74] == '"');
    CHECK(strstr(json, path) != NULL && strstr(json, "\"time_ms\":1") != NULL);
}

static void round_trip(coffer_db from, const char *format, uint64_t sequence)
{
    char path[PATH_ROOM], store[PATH_ROOM], name[64], *json = NULL;
    coffer_db to;
    snprintf(name, sizeof name, "round_trip_out.%s", format);
    fresh_path(path, name);
    snprintf(name, sizeof name, "round_trip_%s", format);
    fresh_path(store, name);
    CHECK_OK(coffer_export_database_for_sharing(from, format, path, NULL, NULL, &json));
    check_exported(json, path, format, sequence);
    coffer_string_free(json);
    to = open_at(store, NULL);
    json = imported(to, path, NULL);
    expect_number(json, "documents", DOCUMENTS);
    expect_number(json, "file_bytes", size_of_file(path));
    expect_said(json, "commit", "1");
    expect_counts(json, DOCUMENTS, 0, 0, 0);
    expect_filled(to);
    json = imported(to, path, NULL);
    expect_said(json, "commit", "null");
    expect_said(json, "undo", "null");
    expect_number(json, "saved", 0);
    coffer_string_free(json);
    CHECK_OK(coffer_close(to));
    to = open_at(store, NULL);
    expect_filled(to);
    CHECK_OK(coffer_close(to));
}

void exchange_round_trip(void)
{
    static const char *const formats[] = {"json", "csv", "xml"};
    coffer_db from = open_fresh("round_trip");
    /* The commits of `fill`, and then each export's record. */
    const uint64_t filled = LENGTH_OF(odd) + 4;
    size_t i;
    fill(from);
    for (i = 0; i < LENGTH_OF(formats); i++)
        round_trip(from, formats[i], filled + i);
    expect_filled(from);
    CHECK_OK(coffer_close(from));
}

/* The file's name is the time, and the record in the store tells of it. */
static void default_place(coffer_db db, const char *store)
{
    char *json = NULL, path[PATH_ROOM + 64];
    char begin[32];
    const char *name;
    int date, time, length = 0;
    FILE *file;
    CHECK_OK(coffer_export_database_for_sharing(db, NULL, NULL, NULL, NULL, &json));
    expect_said(json, "format", "\"json\"");
    name = strstr(json, "database_export_");
    CHECK(name != NULL && sscanf(name, "database_export_%8d_%6d.json%n", &date, &time, &length) == 2 && length == 36);
    CHECK(name[36] == '"' && date > 20000000);
    snprintf(path, sizeof path, "%s/%.36s", store, name);
    file = fopen(path, "rb");
    CHECK(file != NULL && fgets(begin, sizeof begin, file) != NULL && fclose(file) == 0);
    CHECK(strncmp(begin, "{\"format\":\"coffer\"", 18) == 0);
    expect(db, "save_metadata/last_export", json);
    coffer_string_free(json);
}

void exchange_defaults(void)
{
    static const char *const cases[] = {"JSON", "Csv", "xMl"}, *const unknown[] = {"yaml", "", " json", "json "};
    static const char *const own[] = {"lock", "image-0000000000000000.coffer", "journal-0000000000000001.coffer"};
    char store[PATH_ROOM], path[PATH_ROOM + 64], *untouched = (char *)"as it was", *json = untouched;
    coffer_db db;
    size_t i;
    int entries;
    fresh_path(store, "exchange_defaults");
    db = open_at(store, NULL);
    fill(db);
    default_place(db, store);
    entries = entries_in(store);
    for (i = 0; i < LENGTH_OF(unknown); i++) {
        fresh_path(path, "defaults.out");
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                     coffer_export_database_for_sharing(db, unknown[i], path, NULL, NULL, &json));
        CHECK(!is_there(path));
    }
    for (i = 0; i < LENGTH_OF(own); i++) {
        snprintf(path, sizeof path, "%s/%s", store, own[i]);
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                     coffer_export_database_for_sharing(db, NULL, path, NULL, NULL, &json));
        CHECK(strstr(coffer_last_error(), own[i]) != NULL);
    }
    CHECK(json == untouched && entries_in(store) == entries);
    for (i = 0; i < LENGTH_OF(cases); i++) {
        fresh_path(path, "defaults.out");
        CHECK_OK(coffer_export_database_for_sharing(db, cases[i], path, NULL, NULL, NULL));
        CHECK_OK(coffer_import_database_from_external(db, path, cases[i], NULL, NULL, NULL, NULL));
    }
    expect_filled(db);
    CHECK_OK(coffer_close(db));
    db = open_at(store, NULL);
    expect_filled(db);
    CHECK_OK(coffer_close(db));
}

/* Files that no export wrote. */
static void take_foreign(coffer_db db)
{
    char path[PATH_ROOM];
    fresh_file(path, "array.json", "[{\"key\":\"m-1\",\"hp\":3},{\"key\":\"m-2\",\"hp\":4}]");
    expect_counts(imported(db, path, NULL), 2, 0, 0, 0);
    expect(db, "m-1", "{\"key\":\"m-1\",\"hp\":3}");
    expect(db, "m-2", "{\"key\":\"m-2\",\"hp\":4}");
    fresh_file(path, "items.csv", "\xEF\xBB\xBFid;name;price\r\n7;Potion;50\r\n8;\"Mega; potion\";1.50\r\n");
    expect_counts(imported(db, path, NULL), 1, 0, 0, 0);
    expect(db, "items", "[{\"id\":7,\"name\":\"Potion\",\"price\":50},"
                        "{\"id\":8,\"name\":\"Mega; potion\",\"price\":1.50}]");
    expect_counts(imported(db, path, "{\"key_column\":\"id\"}"), 2, 0, 0, 0);
    CHECK_OK(coffer_load_persistent_data(db, "8", NULL));
}

/* Merging, undoing and replacing, with a file that has one new, one changed and one equal document. */
static void merge_and_replace(coffer_db db)
{
    char path[PATH_ROOM], undo[64], *json;
    fresh_file(path, "in.json", "{\"changed\":[2],\"equal\":{\"b\":1,\"a\":2},\"added\":[1]}");
    json = imported(db, path, "{\"dry_run\":true}");
    expect_said(json, "dry_run", "true");
    expect_said(json, "commit", "null");
    expect_counts(json, 2, 1, 0, 0);
    expect(db, "changed", "[1]");
    expect_missing(db, "added");
    json = imported(db, path, NULL);
    CHECK(sscanf(strstr(json, "\"undo\":"), "\"undo\":\"%63[^\"]\"", undo) == 1);
    expect_counts(json, 2, 1, 0, 0);
    expect(db, "changed", "[2]");
    expect(db, "added", "[1]");
    expect(db, "left", "[0]");
    CHECK_OK(coffer_restore_database_from_snapshot(db, undo, NULL, NULL));
    expect(db, "changed", "[1]");
    expect_missing(db, "added");
    json = imported(db, path, "{\"mode\":\"replace\",\"collections\":[\"plugin_data\"]}");
    expect_counts(json, 2, 1, 1, 0);
    expect(db, "changed", "[2]");
    expect_missing(db, "left");
    expect(db, "equipment_sets", "[1]");
}

static void conflicts(coffer_db db)
{
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched;
    fresh_file(path, "conflict.json", "{\"changed\":[3],\"more\":[3]}");
    CHECK_STATUS(COFFER_ERROR_CONFLICT,
                 coffer_import_database_from_external(db, path, NULL, "{\"on_conflict\":\"fail\"}", NULL, NULL, &json));
    CHECK(json == untouched && strstr(coffer_last_error(), "changed") != NULL);
    expect_missing(db, "more");
    json = imported(db, path, "{\"on_conflict\":\"skip\"}");
    CHECK(strstr(json, "\"skipped_documents\":[{\"key\":\"changed\",") != NULL);
    expect_counts(json, 1, 0, 0, 1);
    expect(db, "changed", "[2]");
    expect(db, "more", "[3]");
}

void exchange_import(void)
{
    static const char *const wrong[] = {"{\"nonsense\":1}", "{\"mode\":\"mix\"}", "{\"on_conflict\":1}", "[]",
                                        "{\"collections\":[\"save_metadata\"]}"};
    char path[PATH_ROOM], *before;
    coffer_db db = open_fresh("exchange_import");
    size_t i;
    CHECK_OK(coffer_save_persistent_data(db, "changed", "[1]"));
    CHECK_OK(coffer_save_persistent_data(db, "equal", "{\"b\":1,\"a\":2}"));
    CHECK_OK(coffer_save_persistent_data(db, "left", "[0]"));
    CHECK_OK(coffer_save_equipment_config(db, "[1]"));
    merge_and_replace(db);
    conflicts(db);
    take_foreign(db);
    before = dump_store(db);
    fresh_file(path, "object.json", "{\"never\":1}");
    for (i = 0; i < LENGTH_OF(wrong); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION,
                     coffer_import_database_from_external(db, path, NULL, wrong[i], NULL, NULL, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION,
                 coffer_import_database_from_external(db, path, NULL, wrong[0], NULL, NULL, NULL));
    CHECK(strstr(coffer_last_error(), "nonsense") != NULL);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

void exchange_errors(void)
{
    static const struct {
        const char *name, *content, *place;
    } torn[] = {{"torn.json", "{\"a\":1,\n\"b\":[1,", "2"},
                {"ragged.csv", "a,b\n1,2\n1,2,3\n", "3"},
                {"doctype.xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY a \"b\">]>\n<r/>", "2"}};
    char path[PATH_ROOM], line[32], *untouched = (char *)"as it was", *json = untouched, *before;
    coffer_db db = open_fresh("exchange_errors");
    size_t i;
    fill(db);
    before = dump_store(db);
    for (i = 0; i < LENGTH_OF(torn); i++) {
        fresh_file(path, torn[i].name, torn[i].content);
        CHECK_STATUS(COFFER_ERROR_UNREADABLE,
                     coffer_import_database_from_external(db, path, NULL, NULL, NULL, NULL, &json));
        snprintf(line, sizeof line, "line %s", torn[i].place);
        CHECK(strstr(coffer_last_error(), line) != NULL && strstr(coffer_last_error(), "column ") != NULL);
        CHECK(strstr(coffer_last_error(), torn[i].name) != NULL);
        CHECK_UNCHANGED(before, db);
    }
    fresh_path(path, "missing.json");
    CHECK_STATUS(COFFER_ERROR_IO, coffer_import_database_from_external(db, path, NULL, NULL, NULL, NULL, &json));
    CHECK(json == untouched);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

void exchange_progress(void)
{
    static const struct progress nothing = {0, 0, 0, 0};
    struct progress told = nothing;
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched, *before;
    coffer_db db = open_fresh("exchange_progress"), to = open_fresh("exchange_progress_to");
    fill(db);
    before = dump_store(db);
    fresh_path(path, "progress.xml");
    told.stop = 1;
    CHECK_STATUS(COFFER_ERROR_CANCELLED, coffer_export_database_for_sharing(db, "xml", path, note_progress, &told, &json));
    CHECK(told.calls == 1 && !is_there(path) && json == untouched);
    CHECK_UNCHANGED(before, db);
    free(before);
    told = nothing;
    CHECK_OK(coffer_export_database_for_sharing(db, "xml", path, note_progress, &told, NULL));
    CHECK(told.calls >= 1 && told.done == told.total && told.total > 0);
    told = nothing;
    told.stop = -1;
    before = dump_store(to);
    CHECK_STATUS(COFFER_ERROR_CANCELLED,
                 coffer_import_database_from_external(to, path, NULL, NULL, note_progress, &told, &json));
    CHECK(told.calls == 1 && json == untouched);
    CHECK_UNCHANGED(before, to);
    free(before);
    told = nothing;
    CHECK_OK(coffer_import_database_from_external(to, path, NULL, NULL, note_progress, &told, NULL));
    CHECK(told.calls >= 1 && told.done == told.total && told.total == size_of_file(path));
    expect_filled(to);
    CHECK_OK(coffer_close(to));
    CHECK_OK(coffer_close(db));
}
