/*
 * Wrong arguments of every kind: those of export to and import from files of other programs, and of the health report.
 *
 * It must not pass what C itself forbids, nor depend on who runs it. Invariant: each wrong argument has its own status, no
 * result is written, and what stands at a path that cannot be written or read is left alone; nothing waits for a pipe.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define ARGUMENT COFFER_ERROR_INVALID_ARGUMENT
#define EXPORT(db, format, path, json) coffer_export_database_for_sharing(db, format, path, NULL, NULL, json)
#define IMPORT(db, path, format, options, json) \
    coffer_import_database_from_external(db, path, format, options, NULL, NULL, json)

static int32_t never_told(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    check_failed(__FILE__, __LINE__, "nothing is under way", "");
    return 0;
}

void every_exchange_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    int context = 7;
    CHECK_STATUS(expected, coffer_export_database_for_sharing(db, NULL, "never made", never_told, &context, &json));
    CHECK_STATUS(expected, coffer_export_database_for_sharing(db, "yaml", NULL, never_told, NULL, NULL));
    CHECK_STATUS(expected, coffer_import_database_from_external(db, "never made", NULL, NULL, never_told, &context, &json));
    CHECK_STATUS(expected, coffer_import_database_from_external(db, NULL, NULL, "{", never_told, NULL, NULL));
    CHECK_STATUS(expected, coffer_analyze_database_health(db, "{\"full\":true}", never_told, &context, &json));
    CHECK_STATUS(expected, coffer_analyze_database_health(db, NULL, NULL, NULL, NULL));
    CHECK(json == untouched && context == 7);
}

void every_exchange_text_is_refused(coffer_db db, const char *bad)
{
    const coffer_status expected = COFFER_ERROR_INVALID_UTF8;
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, EXPORT(db, bad, "never made", &json));
    CHECK_STATUS(expected, EXPORT(db, "json", bad, &json));
    CHECK_STATUS(expected, EXPORT(db, NULL, bad, &json));
    CHECK_STATUS(expected, IMPORT(db, bad, NULL, NULL, &json));
    CHECK_STATUS(expected, IMPORT(db, "never made", bad, NULL, &json));
    CHECK_STATUS(expected, IMPORT(db, "never made", NULL, bad, &json));
    CHECK_STATUS(expected, coffer_analyze_database_health(db, bad, never_told, NULL, &json));
    CHECK(json == untouched);
}

static void exchange_nulls(coffer_db db)
{
    char path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, IMPORT(db, NULL, NULL, NULL, &json));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, IMPORT(db, NULL, "json", "{}", &json));
    CHECK(json == untouched);
    /* A result that is not wanted, and what may be left out. */
    fresh_path(path, "slot.json");
    write_file(path, "{\"slot\":\"another\"}");
    CHECK_OK(IMPORT(db, path, NULL, "{\"dry_run\":true}", NULL));
    CHECK_OK(IMPORT(db, path, "json", "{\"on_conflict\":\"skip\"}", NULL));
}

static void exchange_options(coffer_db db)
{
    static const char *const bad[] = {
        "", " ", "{", "{}x", "{}{}", "[]", "null", "7", "true", "\"replace\"", "{mode:\"merge\"}", "{\"dry_run\":true,}",
        "{\"dry_run\":1}", "{\"dry_run\":null}", "{\"Dry_run\":true}", "{\"dry_run\":true,\"dry_run\":true}", "{\"\":1}",
        "{\"nonsense\":1}", "{\"mode\":\"Merge\"}", "{\"mode\":\"\"}", "{\"mode\":null}", "{\"mode\":[\"merge\"]}",
        "{\"on_conflict\":\"overwrite \"}", "{\"on_conflict\":0}", "{\"collections\":\"plugin_data\"}",
        "{\"collections\":[1]}", "{\"collections\":{}}", "{\"collections\":[\"\"]}", "{\"collections\":[\"save_metadata\"]}",
        "{\"collections\":[\"plugin_data\",\"roster\"]}", "{\"key_column\":7}", "{\"key\":[]}", "{\"key\":\"\\ud800\"}",
        "{\"lenient\":\"yes\"}", "{\"whole\":0}", "{\"data\":{}}"};
    char path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched, *deep;
    size_t i;
    fresh_path(path, "options.json");
    write_file(path, "{\"slot\":\"another\",\"options\":1}");
    for (i = 0; i < LENGTH_OF(bad); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, IMPORT(db, path, NULL, bad[i], &json));
    deep = repeated(100000, "{\"collections\":[", "", "]}");
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, IMPORT(db, path, NULL, deep, &json));
    free(deep);
    CHECK(json == untouched);
    /* Nothing chosen is nothing imported, and nothing replaced. */
    CHECK_OK(IMPORT(db, path, NULL, "{\"collections\":[]}", NULL));
    CHECK_OK(IMPORT(db, path, NULL, "{\"collections\":[],\"mode\":\"replace\"}", NULL));
    CHECK_OK(IMPORT(db, path, NULL, "{\"collections\":[\"party_configs\",\"equipment_sets\"]}", NULL));
}

static void exchange_formats(coffer_db db)
{
    static const char *const unknown[] = {"", " ", "yaml", "json ", ".json", "jsonx", "js", "\xC3\xA9", "\x01", "two\nlines",
                                          "%s%n", "csv,xml"};
    char path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched, *name;
    size_t i;
    fresh_path(path, "format");
    for (i = 0; i < LENGTH_OF(unknown); i++)
        CHECK_STATUS(ARGUMENT, EXPORT(db, unknown[i], path, &json));
    name = repeated(1u << 20, "json", "", "");
    CHECK_STATUS(ARGUMENT, EXPORT(db, name, path, &json));
    CHECK(access(path, F_OK) != 0);
    write_file(path, "{\"slot\":\"another\"}");
    for (i = 0; i < LENGTH_OF(unknown); i++)
        CHECK_STATUS(ARGUMENT, IMPORT(db, path, unknown[i], NULL, &json));
    CHECK_STATUS(ARGUMENT, IMPORT(db, path, name, NULL, &json));
    free(name);
    CHECK_STATUS(COFFER_ERROR_UNREADABLE, IMPORT(db, path, "xml", NULL, &json));
    CHECK(json == untouched);
}

/* Refused in both directions, and in every format. */
static void no_place(coffer_db db, const char *path, coffer_status expected)
{
    static const char *const formats[] = {NULL, "json", "csv", "xml"};
    char *const untouched = (char *)"as it was", *json = untouched;
    size_t i;
    for (i = 0; i < LENGTH_OF(formats); i++) {
        CHECK_STATUS(expected, EXPORT(db, formats[i], path, &json));
        CHECK_STATUS(expected, IMPORT(db, path, formats[i], NULL, &json));
        CHECK_STATUS(expected, IMPORT(db, path, formats[i], "{\"dry_run\":true}", &json));
    }
    CHECK(json == untouched);
}

static void exchange_places(coffer_db db)
{
    static const char *const special[] = {"", "/", ".", "..", "./", "/dev/null", "/dev/zero", "/dev"};
    char folder[PATH_ROOM], below[PATH_ROOM + 32], *name;
    size_t i;
    int entries;
    for (i = 0; i < LENGTH_OF(special); i++)
        no_place(db, special[i], ARGUMENT);
    fresh_path(folder, "exchange places");
    CHECK_SAID("no folder", mkdir(folder, 0777) == 0);
    no_place(db, folder, ARGUMENT);
    snprintf(below, sizeof below, "%s/missing/file.json", folder);
    no_place(db, below, COFFER_ERROR_IO);
    snprintf(below, sizeof below, "%s/missing\nlines/\x01%%s%%n", folder);
    no_place(db, below, COFFER_ERROR_IO);
    snprintf(below, sizeof below, "%s/a file", folder);
    write_file(below, "keep me");
    strcat(below, "/file.json");
    no_place(db, below, COFFER_ERROR_IO);
    no_place(db, "/proc/self/coffer", COFFER_ERROR_IO);
    name = repeated(5000, "p", "", "");
    no_place(db, name, COFFER_ERROR_IO);
    free(name);
    entries = entries_in(folder);
    /* Pipes are never opened: nobody would come to the other end. */
    alarm(120);
    snprintf(below, sizeof below, "%s/pipe", folder);
    CHECK_SAID("no pipe", mkfifo(below, 0600) == 0);
    no_place(db, below, ARGUMENT);
    snprintf(folder, sizeof folder, "%.4000s.link", below);
    CHECK_SAID("no link", symlink("pipe", folder) == 0);
    no_place(db, folder, ARGUMENT);
    alarm(0);
    *strrchr(folder, '/') = '\0';
    CHECK(entries_in(folder) == entries + 2);
}

void abuse_exchange(coffer_db db)
{
    exchange_nulls(db);
    exchange_options(db);
    exchange_formats(db);
    exchange_places(db);
}

static coffer_db fresh_store(char *path, const char *name)
{
    coffer_db db = 0;
    fresh_path(path, name);
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1,\"\xC3\xA9\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"one\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"two\"]"));
    return db;
}

/* The files of an open store are not replaced, and read as what they are: no export. */
static void own_files(void)
{
    static const char *const formats[] = {NULL, "json", "csv", "xml"};
    char store[PATH_ROOM], path[PATH_ROOM * 2], *before;
    const struct dirent *entry;
    coffer_db db = fresh_store(store, "own files");
    DIR *folder;
    int entries, found = 0;
    size_t i;
    CHECK_OK(coffer_create_database_snapshot(db, "kept", NULL));
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_clear_database_entry(db, "slot"));
    CHECK_OK(coffer_checkpoint(db));
    before = dump_store(db);
    entries = entries_in(store);
    folder = opendir(store);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/./%s", store, entry->d_name);
        for (i = 0; i < LENGTH_OF(formats); i++) {
            coffer_status status = IMPORT(db, path, formats[i], "{\"dry_run\":true}", NULL);
            CHECK(status == COFFER_OK ? strcmp(entry->d_name, "lock") == 0 : status == COFFER_ERROR_UNREADABLE);
            CHECK_STATUS(ARGUMENT, EXPORT(db, formats[i], path, NULL));
        }
        found++;
    }
    closedir(folder);
    CHECK(found == entries && entries_in(store) == entries);
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_verify_snapshot(db, "kept", NULL));
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    free(before);
}

/* Names that are odd but right: what is exported to them is imported from them. */
static void odd_names(void)
{
    static const char *const names[] = {
        "with space", " ", "\xC3\xBCn\xC3\xAF \xF0\x9F\x8E\xB2.json", "quote\"d\\.csv", "two\nlines", "%s%n%d", "-rf",
        ".hidden", "x.tar.gz", "\x01", "...", "CON", "a:b*?<>|"};
    char store[PATH_ROOM], folder[PATH_ROOM], path[PATH_ROOM + 300], *json = NULL, told[2 * PATH_ROOM];
    const char *place;
    coffer_db db = fresh_store(store, "odd names");
    size_t i;
    int entries;
    fresh_path(folder, "odd \xC3\xA9 folder");
    CHECK_SAID("no folder", mkdir(folder, 0777) == 0);
    for (i = 0; i <= LENGTH_OF(names); i++) {
        char *name = i < LENGTH_OF(names) ? NULL : repeated(115, "\xC3\xA9", "", "");
        snprintf(path, sizeof path, "%s/%s", folder, name == NULL ? names[i] : name);
        free(name);
        entries = entries_in(folder);
        CHECK_OK(EXPORT(db, i % 3 == 0 ? "xml" : i % 3 == 1 ? "csv" : NULL, path, &json));
        place = strstr(json, "\"path\":") + 7;
        CHECK(next_string(&place, told, sizeof told) == 1 && strcmp(told, path) == 0);
        coffer_string_free(json);
        CHECK(entries_in(folder) == entries + 1);
        CHECK_OK(IMPORT(db, path, NULL, NULL, &json));
        CHECK(strstr(json, "\"saved\":0,\"unchanged\":2,\"cleared\":0,\"skipped\":1,") != NULL);
        coffer_string_free(json);
    }
    /* A document that the file gives no key has the file's name. */
    snprintf(path, sizeof path, "%s/\xC3\xA9t\xC3\xA9 1.csv", folder);
    write_file(path, "a,b\n1,2\n");
    CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
    CHECK_OK(coffer_load_persistent_data(db, "\xC3\xA9t\xC3\xA9 1", NULL));
    CHECK_OK(coffer_close(db));
}

/* A file or folder that this user may not touch is refused; who may do everything is not stopped. */
static void permissions(void)
{
    char store[PATH_ROOM], folder[PATH_ROOM], path[PATH_ROOM + 32];
    coffer_db db = fresh_store(store, "permissions");
    fresh_path(folder, "a read-only folder");
    CHECK_SAID("no folder", mkdir(folder, 0777) == 0);
    snprintf(path, sizeof path, "%s/closed.json", folder);
    write_file(path, "{\"slot\":2}");
    CHECK_SAID("no permission", chmod(path, 0) == 0 && chmod(folder, 0555) == 0);
    CHECK_STATUS(access(path, R_OK) == 0 ? COFFER_OK : COFFER_ERROR_IO, IMPORT(db, path, NULL, NULL, NULL));
    CHECK_STATUS(access(folder, W_OK) == 0 ? COFFER_OK : COFFER_ERROR_IO, EXPORT(db, "csv", path, NULL));
    CHECK(entries_in(folder) == 1);
    CHECK_SAID("no permission", chmod(folder, 0777) == 0);
    CHECK_OK(coffer_close(db));
}

/* A link's own name is replaced, not what it leads to; a folder's link is followed. */
static void links(void)
{
    char store[PATH_ROOM], folder[PATH_ROOM], path[PATH_ROOM + 32], kept[16] = "";
    coffer_db db = fresh_store(store, "links");
    FILE *file;
    fresh_path(folder, "links beside");
    CHECK_SAID("no folder", mkdir(folder, 0777) == 0);
    snprintf(path, sizeof path, "%s/target", folder);
    write_file(path, "keep me");
    snprintf(path, sizeof path, "%s/link.json", folder);
    CHECK_SAID("no link", symlink("target", path) == 0);
    CHECK_OK(EXPORT(db, NULL, path, NULL));
    CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
    snprintf(path, sizeof path, "%s/target", folder);
    file = fopen(path, "rb");
    CHECK(file != NULL && fgets(kept, sizeof kept, file) != NULL && fclose(file) == 0 && strcmp(kept, "keep me") == 0);
    snprintf(path, sizeof path, "%s/store", folder);
    CHECK_SAID("no link", symlink(store, path) == 0 || symlink("../links", path) == 0);
    strcat(path, "/lock");
    CHECK_STATUS(ARGUMENT, EXPORT(db, NULL, path, NULL));
    snprintf(path, sizeof path, "%s/nowhere", folder);
    CHECK_SAID("no link", symlink("no such", path) == 0);
    CHECK_STATUS(COFFER_ERROR_IO, IMPORT(db, path, NULL, NULL, NULL));
    CHECK_OK(EXPORT(db, NULL, path, NULL));
    CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
    CHECK(entries_in(folder) == 4);
    CHECK_OK(coffer_close(db));
}

/* Exporting works, importing does not, and neither leaves a record. */
static void read_only_handles(void)
{
    char store[PATH_ROOM], path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched, *before;
    coffer_db db = fresh_store(store, "read-only exchange"), reading = 0;
    int round;
    fresh_path(path, "read-only.xml");
    for (round = 0; round < 2; round++) {
        before = dump_store(db);
        if (round == 1)
            CHECK_OK(coffer_close(db));
        CHECK_OK(coffer_open(store, "{\"read_only\":true}", &reading));
        CHECK_OK(EXPORT(reading, "xml", path, NULL));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, IMPORT(reading, path, NULL, NULL, &json));
        CHECK_STATUS(COFFER_ERROR_READ_ONLY, IMPORT(reading, "no such file", NULL, NULL, &json));
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(reading, "save_metadata/last_export", &json));
        CHECK(json == untouched);
        CHECK_OK(IMPORT(reading, path, NULL, "{\"dry_run\":true}", &json));
        CHECK(strstr(json, "\"saved\":0,\"unchanged\":2,") != NULL);
        coffer_string_free(json);
        json = untouched;
        CHECK_UNCHANGED(before, reading);
        CHECK_OK(coffer_close(reading));
        free(before);
    }
    CHECK_OK(coffer_open(store, NULL, &db));
    CHECK_OK(IMPORT(db, path, NULL, NULL, &json));
    CHECK(strstr(json, "\"saved\":0,\"unchanged\":2,") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_close(db));
}

void abuse_exchange_stores(void)
{
    own_files();
    odd_names();
    permissions();
    links();
    read_only_handles();
}
