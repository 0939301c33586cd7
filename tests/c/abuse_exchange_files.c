/*
 * Files of every kind of wrong content, imported; and such as are right but large.
 *
 * It must not know more of the formats than what an export says of itself. Invariant: whatever a file holds, the library
 * says what is wrong with it and changes nothing, or takes in what the file says; a part of an export never gives a
 * document that the whole does not have, but for the last one of a CSV file, which has no end that could be missed.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define UNREADABLE COFFER_ERROR_UNREADABLE
#define EXPORT(db, format, path) coffer_export_database_for_sharing(db, format, path, NULL, NULL, NULL)
#define IMPORT(db, path, format, options, json) \
    coffer_import_database_from_external(db, path, format, options, NULL, NULL, json)
#define TRY "{\"dry_run\":true}"

static const char *const formats[] = {"json", "csv", "xml"};

/* Makes a new file: some systems write a file that is made empty and filled again to the disk at once. */
static void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *file;
    remove(path);
    file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static char *read_bytes(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1u << 20);
    CHECK(file != NULL && bytes != NULL);
    *length = fread(bytes, 1, 1u << 20, file);
    CHECK(*length > 0 && *length < 1u << 20 && fclose(file) == 0);
    return bytes;
}

static uint64_t number_in(const char *json, const char *name)
{
    char member[64];
    const char *found;
    snprintf(member, sizeof member, "\"%s\":", name);
    found = strstr(json, member);
    CHECK(found != NULL);
    return strtoull(found + strlen(member), NULL, 10);
}

static coffer_db fresh_store(const char *name)
{
    char path[PATH_ROOM];
    coffer_db db = 0;
    fresh_path(path, name);
    CHECK_OK(coffer_open(path, "{\"durability\":\"behind\"}", &db));
    return db;
}

/* A file that is refused in the format that it looks like or is said to have. */
static void refused(coffer_db db, const char *format, const char *content)
{
    char path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched;
    fresh_path(path, "refused.file");
    write_file(path, content);
    CHECK_STATUS(UNREADABLE, IMPORT(db, path, format, NULL, &json));
    CHECK_STATUS(UNREADABLE, IMPORT(db, path, format, "{\"mode\":\"replace\",\"lenient\":false}", &json));
    CHECK(json == untouched && strstr(coffer_last_error(), "line ") != NULL);
    CHECK(strstr(coffer_last_error(), "refused.file") != NULL);
}

static void refused_contents(coffer_db db)
{
    static const char *const json[] = {
        "", " ", "{", "[", "\xEF\xBB\xBF", "{\"a\":1}x", "{\"a\":1}{\"b\":2}", "[1,]", "{\"a\":01}", "{\"\":1}", "\xFF\xFE{",
        "{\"a\":\"\x01\"}", "{\"a\":\"\xFF\"}", "{\"a\":nul}", "{'a':1}", "<a/>", "{\"a\":\"\\u12\"}", "{\"a\" 1}"};
    static const char *const csv[] = {"", "a,b\n1,2,3\n", "a,b\n1\n2,3\n", "a,b\n\"1,2\n", "a,a\n1\xFF,2\n"};
    static const char *const xml[] = {
        "", " ", "x", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<a b=1/>", "<a b='1' b='2'/>", "<a>&none;</a>",
        "<a>&#0;</a>", "<a>&#xD800;</a>", "<!DOCTYPE a><a/>", "<a><![CDATA[</a>", "<?xml version=\"1.0\"?>", "<a>\x01</a>",
        "<a>\xFF</a>", "<a>]]></a>", "<a><!-- -- --></a>", "<coffer xmlns=\"urn:coffer:export:1\"><document/></coffer>"};
    size_t i;
    for (i = 0; i < LENGTH_OF(json); i++)
        refused(db, "json", json[i]);
    for (i = 0; i < LENGTH_OF(csv); i++)
        refused(db, "csv", csv[i]);
    for (i = 0; i < LENGTH_OF(xml); i++)
        refused(db, "xml", xml[i]);
}

static void refused_and_freed(coffer_db db, const char *format, char *content)
{
    refused(db, format, content);
    free(content);
}

/* Nesting without an end, and one level more than a document may have. */
static void nesting(coffer_db db)
{
    const size_t huge = (size_t)sized(1000000, 20000);
    char path[PATH_ROOM], *content;
    refused_and_freed(db, NULL, repeated(huge, "[", "", ""));
    refused_and_freed(db, NULL, repeated(huge, "{\"a\":", "1", "}"));
    refused_and_freed(db, "json", repeated(huge, "[", "", "]"));
    refused_and_freed(db, NULL, repeated(huge, "<a>", "", "</a>"));
    refused_and_freed(db, NULL, repeated(huge, "<a b='1'>", "", ""));
    refused_and_freed(db, "json", repeated(130, "{\"a\":", "1", "}"));
    content = repeated(huge, "a.b[0].", "\n1\n", "");
    fresh_path(path, "deep.csv");
    write_file(path, content);
    free(content);
    /* A foreign header's name may be anything, but no document may come of it that is too deep. */
    CHECK(IMPORT(db, path, NULL, TRY, NULL) == UNREADABLE || coffer_last_error()[0] == '\0');
    content = repeated(128, "{\"a\":", "1", "}");
    fresh_path(path, "deep enough.json");
    write_file(path, content);
    CHECK_OK(IMPORT(db, path, NULL, "{\"whole\":true,\"dry_run\":true}", NULL));
    free(content);
}

static void taken_as(coffer_db db, const char *name, const char *content, const char *key, const char *document)
{
    char path[PATH_ROOM], *json = NULL;
    fresh_path(path, name);
    write_file(path, content);
    CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    if (document != NULL)
        CHECK(strcmp(json, document) == 0);
    coffer_string_free(json);
    CHECK_OK(coffer_clear_database_entry(db, key));
}

/* One megabyte in one line. */
static void large_contents(void)
{
    const size_t megabyte = 1u << 20;
    coffer_db db = fresh_store("large contents");
    char *text = repeated(megabyte - 2, "x", "", ""), *content, *document;
    content = repeated(1, "{\"long\":\"", text, "\"}");
    document = repeated(1, "\"", text, "\"");
    taken_as(db, "line.json", content, "long", document);
    free(content);
    content = repeated(1, "long\n", text, "\n");
    taken_as(db, "line.csv", content, "line", NULL);
    free(content);
    content = repeated(1, "", text, ",b\n1,2\n");
    taken_as(db, "name.csv", content, "name", NULL);
    free(content);
    content = repeated(1, "<r><i key='long'>", text, "</i></r>");
    taken_as(db, "line.xml", content, "long", NULL);
    free(content);
    content = repeated(1, "<r><i key='long' a='", text, "'/></r>");
    taken_as(db, "attribute.xml", content, "long", NULL);
    free(content);
    free(document);
    free(text);
    CHECK_OK(coffer_close(db));
}

/* A CSV file of so many columns, whose last row may lack its last cell. */
static char *csv_columns(size_t columns, int is_ragged)
{
    char *text = malloc(columns * 12), *end = text;
    size_t row, i;
    CHECK(text != NULL);
    for (i = 0; i < columns; i++)
        end += sprintf(end, "c%lu%c", (unsigned long)i, i + 1 < columns ? ',' : '\n');
    for (row = 0; row < 2; row++)
        for (i = row * (size_t)is_ragged; i < columns; i++)
            end += sprintf(end, "7%c", i + 1 < columns ? ',' : '\n');
    return text;
}

/* A document of so many members in all formats; there may be fewer columns than that. */
static void wide_document(coffer_db db, size_t members)
{
    char path[PATH_ROOM], *document = malloc(members * 24), *end = document, *json = NULL;
    size_t i;
    CHECK(document != NULL);
    for (i = 0; i < members; i++)
        end += sprintf(end, "%c\"m%lu\":%lu", i == 0 ? '{' : ',', (unsigned long)i, (unsigned long)i % 10);
    strcpy(end, "}");
    for (i = 0; i < LENGTH_OF(formats); i++) {
        CHECK_OK(coffer_save_persistent_data(db, "wide", document));
        fresh_path(path, "wide.file");
        CHECK_OK(EXPORT(db, formats[i], path));
        CHECK_OK(coffer_clear_database_entry(db, "wide"));
        CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
        CHECK_OK(coffer_load_persistent_data(db, "wide", &json));
        CHECK(strcmp(json, document) == 0);
        coffer_string_free(json);
    }
    free(document);
}

static void many_columns(void)
{
    const size_t columns = 20000;
    coffer_db db = fresh_store("many columns");
    char *content;
    /* A CSV file has at most 10,000. */
    refused_and_freed(db, NULL, csv_columns(columns, 0));
    refused_and_freed(db, NULL, csv_columns(columns / 2 + 1, 0));
    refused_and_freed(db, NULL, csv_columns(columns / 2, 1));
    content = csv_columns((size_t)sized(10000, 1000), 0);
    taken_as(db, "columns.csv", content, "columns", NULL);
    free(content);
    wide_document(db, (size_t)sized(20000, 11000));
    refused_and_freed(db, NULL, repeated(columns, "{\"a\":1,", "\"b\":2", "}"));
    CHECK_OK(coffer_close(db));
}

/* The documents of the exports that are torn and damaged. */
static const struct {
    const char *key, *text;
} small[] = {{"character_roster", "{\"0\":{\"name\":\"Ash\",\"level\":12}}"},
             {"character_roster_v1", "{\"0\":{\"name\":\"Ash\"}}"},
             {"equipment_sets", "[1,[2,[]],{}]"},
             {"numbers", "{\"d\":1.50,\"e\":1e400,\"long\":18446744073709551616}"},
             {"odd \"key\",\n", "\"line\\r\\nend & <\xC3\xA9>\""},
             {"rows", "[{\"id\":1,\"n\":null},{\"id\":2,\"n\":true}]"}};

static void export_small(char *path, const char *format)
{
    coffer_db db = fresh_store("small exports");
    char name[32];
    size_t i;
    CHECK_OK(coffer_save_character_roster_state(db, small[1].text));
    CHECK_OK(coffer_save_character_roster_state(db, small[0].text));
    for (i = 2; i < LENGTH_OF(small); i++)
        CHECK_OK(coffer_save_persistent_data(db, small[i].key, small[i].text));
    snprintf(name, sizeof name, "small.%s", format);
    fresh_path(path, name);
    CHECK_OK(EXPORT(db, format, path));
    CHECK_OK(coffer_close(db));
}

/* How many of the small documents are in a store: those that are have their text, but maybe for the last one. */
static size_t small_documents(coffer_db db, int last_differs)
{
    size_t found = 0, i;
    int differs = 0;
    char *json;
    for (i = 0; i < LENGTH_OF(small); i++) {
        coffer_status status = coffer_load_persistent_data(db, small[i].key, &json);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_NOT_FOUND);
        if (status != COFFER_OK)
            continue;
        CHECK(!differs);
        found++;
        /* Without the past version the newest one is the first. */
        differs = strcmp(json, small[i].text) != 0 && (i != 1 || strcmp(json, small[0].text) != 0);
        coffer_string_free(json);
    }
    CHECK(!differs || last_differs);
    return found;
}

/* An export that ends after any of its bytes. */
static void torn(const char *format)
{
    const int is_csv = strcmp(format, "csv") == 0;
    char whole[PATH_ROOM], path[PATH_ROOM], *bytes, *empty;
    coffer_db db = fresh_store("torn");
    size_t length, cut, documents = 0;
    empty = dump_store(db);
    export_small(whole, format);
    bytes = read_bytes(whole, &length);
    fresh_path(path, "torn.file");
    for (cut = 0; cut <= length; cut += cut + 8 < length ? (size_t)sized(1, 7) : 1) {
        coffer_status status;
        write_bytes(path, bytes, cut);
        status = IMPORT(db, path, cut < 4 || cut % 2 == 0 ? format : NULL, NULL, NULL);
        CHECK(status == COFFER_OK || status == UNREADABLE);
        if (status == UNREADABLE) {
            CHECK(cut < length);
            CHECK_UNCHANGED(empty, db);
            continue;
        }
        /* A CSV file may end in its header, which may be somebody else's, after each row, and in a row's last cell. */
        CHECK(small_documents(db, is_csv && cut < length) >= documents);
        documents = small_documents(db, is_csv);
        CHECK(is_csv || documents == LENGTH_OF(small));
        CHECK_OK(coffer_close(db));
        db = fresh_store("torn");
    }
    CHECK(documents == LENGTH_OF(small));
    CHECK_OK(coffer_close(db));
    free(empty);
    free(bytes);
}

/* What a dry run says comes true, and is then there: importing the same again changes nothing. */
static void consistent(coffer_db db, const char *path, const char *planned)
{
    static const char *const counts[] = {"documents", "saved", "unchanged", "cleared", "skipped"};
    char *done = NULL, *again = NULL, *keys = NULL, key[1025];
    const char *place;
    size_t i;
    CHECK_OK(IMPORT(db, path, NULL, NULL, &done));
    for (i = 0; i < LENGTH_OF(counts); i++)
        CHECK(number_in(done, counts[i]) == number_in(planned, counts[i]));
    CHECK_OK(IMPORT(db, path, NULL, NULL, &again));
    CHECK(number_in(again, "saved") == 0 && strstr(again, "\"commit\":null,\"undo\":null") != NULL);
    CHECK_OK(coffer_list_database_keys_with(db, NULL, NULL, 0, &keys));
    for (place = keys; next_string(&place, key, sizeof key);)
        CHECK(coffer_load_persistent_data(db, key, NULL) != COFFER_ERROR_CORRUPT);
    coffer_string_free(keys);
    coffer_string_free(again);
    coffer_string_free(done);
}

/* An export of which one byte is another. */
static void damaged(const char *format)
{
    static const char masks[] = {1, 2, 0x10, 0x20, (char)0x80, (char)0xFF};
    char whole[PATH_ROOM], path[PATH_ROOM], *bytes, *empty, *planned = NULL;
    coffer_db db = fresh_store("damaged");
    size_t length, at, i;
    uint64_t taken = 0;
    empty = dump_store(db);
    export_small(whole, format);
    bytes = read_bytes(whole, &length);
    fresh_path(path, "damaged.file");
    for (at = 0; at < length; at += (size_t)sized(1, 19)) {
        for (i = at % 2; i < sizeof masks; i += (size_t)sized(2, 4)) {
            coffer_status status;
            bytes[at] = (char)(bytes[at] ^ masks[i]);
            write_bytes(path, bytes, length);
            bytes[at] = (char)(bytes[at] ^ masks[i]);
            status = IMPORT(db, path, NULL, TRY, &planned);
            CHECK(status == COFFER_OK || status == UNREADABLE);
            if (status == UNREADABLE) {
                CHECK_STATUS(UNREADABLE, IMPORT(db, path, NULL, NULL, NULL));
            } else if (taken++ % 32 == 0) {
                consistent(db, path, planned);
                CHECK_OK(coffer_close(db));
                db = fresh_store("damaged");
            }
            if (status == COFFER_OK)
                coffer_string_free(planned);
            CHECK_UNCHANGED(empty, db);
        }
    }
    CHECK(taken > 0);
    CHECK_OK(coffer_close(db));
    free(empty);
    free(bytes);
}

/* Bytes without any meaning, of which the first looks like each of the formats. */
static void noise(coffer_db db)
{
    static const char *const begins[] = {"{", "[", "<", "<?xml ", "a,b\n", "\xFF\xFE", "\xFE\xFF", "\xEF\xBB\xBF",
                                        "<coffer ", "{\"a\":"};
    char path[PATH_ROOM], bytes[600];
    uint64_t seed = 0x9E3779B97F4A7C15;
    int round, rounds = sized(3000, 100);
    size_t i, length;
    fresh_path(path, "noise");
    for (round = 0; round < rounds; round++) {
        static const char letters[] = "{}[]<>/=\"',:;\n\r\t &#x0a1\\-.eE!?\x80\xC3\xA9";
        const char *begin = begins[(size_t)round % LENGTH_OF(begins)];
        length = 1 + next_random(&seed) % (sizeof bytes - 20);
        strcpy(bytes, begin);
        for (i = strlen(begin); i < length; i++)
            bytes[i] = round % 3 == 0 ? (char)next_random(&seed) : letters[next_random(&seed) % (sizeof letters - 1)];
        write_bytes(path, bytes, length < strlen(begin) ? strlen(begin) : length);
        for (i = 0; i <= LENGTH_OF(formats); i++) {
            coffer_status status = IMPORT(db, path, i == 0 ? NULL : formats[i - 1], TRY, NULL);
            CHECK(status == COFFER_OK || status == UNREADABLE);
        }
    }
}

/* Numbers of versions are taken as far as they are numbers, and saving goes on behind them. */
static void version_numbers(void)
{
    static const struct {
        const char *content, *counter;
    } files[] = {
        {"{\"format\":\"coffer\",\"character_roster\":[2],\"past_versions\":{\"character_roster_v1099511627776\":[1]}}",
         "1099511627778"},
        {"{\"format\":\"coffer\",\"character_roster\":[2],\"past_versions\":{\"character_roster_v0\":[1]}}", "2"},
        {"{\"format\":\"coffer\",\"character_roster\":[2],\"past_versions\":{\"character_roster_v01\":[1]}}", "2"},
        {"{\"character_roster_v18446744073709551616\":[1],\"character_roster\":[2]}", "2"},
        {"{\"character_roster_v-1\":[1],\"character_roster\":[2]}", "2"},
        {"{\"character_roster_v18446744073709551615\":[1],\"character_roster\":[2]}", "2"},
        {"{\"character_roster_v18446744073709551614\":[1],\"character_roster\":[2]}", "2"}};
    char path[PATH_ROOM], *json = NULL;
    size_t i;
    for (i = 0; i < LENGTH_OF(files); i++) {
        coffer_db db = fresh_store("version numbers");
        fresh_path(path, "versions.json");
        write_file(path, files[i].content);
        CHECK_OK(IMPORT(db, path, NULL, NULL, NULL));
        CHECK_OK(coffer_load_character_roster_state(db, &json));
        CHECK_SAME("[2]", json);
        CHECK_OK(coffer_save_character_roster_state(db, "[3]"));
        CHECK_OK(coffer_load_character_roster_state(db, &json));
        CHECK_SAME("[3]", json);
        CHECK_OK(coffer_load_persistent_data(db, "character_roster_v", &json));
        CHECK_SAME(files[i].counter, json);
        CHECK_OK(coffer_close(db));
    }
}

/* Makes a folder where the export is to stand, when all of it is written. */
static int32_t make_folder(void *context, uint64_t done, uint64_t total)
{
    if (done == total)
        CHECK_SAID("no folder", mkdir(context, 0777) == 0);
    return 0;
}

/* Cuts the file that is imported, or makes it longer. */
static int32_t cut_file(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    if (done > 0)
        CHECK_SAID("not cut", truncate(context, 10) == 0);
    return 0;
}

static int32_t extend_file(void *context, uint64_t done, uint64_t total)
{
    FILE *file = fopen(context, "ab");
    CHECK(file != NULL && fputs("]]]]", file) >= 0 && fclose(file) == 0);
    CHECK(done <= total);
    return 0;
}

/* Files that are changed by others while they are written or read. */
static void changing_files(void)
{
    char path[PATH_ROOM], unfinished[PATH_ROOM + 32], *before, *content, *text;
    coffer_db db = fresh_store("changing files");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    before = dump_store(db);
    fresh_path(path, "becomes a folder");
    CHECK_STATUS(COFFER_ERROR_IO, coffer_export_database_for_sharing(db, NULL, path, make_folder, path, NULL));
    CHECK_SAID("a folder is kept", rmdir(path) == 0);
    snprintf(unfinished, sizeof unfinished, "%s.coffer-export.tmp", path);
    CHECK_SAID("nothing unfinished is left", remove(unfinished) != 0);
    fresh_path(path, "changing.json");
    content = repeated(100000, "[1],", "[2]", "");
    text = repeated(1, "{\"list\":[", content, "]}");
    write_file(path, text);
    CHECK_STATUS(UNREADABLE, coffer_import_database_from_external(db, path, NULL, NULL, cut_file, path, NULL));
    write_file(path, text);
    CHECK_STATUS(UNREADABLE, coffer_import_database_from_external(db, path, NULL, NULL, extend_file, path, NULL));
    free(text);
    free(content);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

void abuse_exchange_files(void)
{
    coffer_db db = fresh_store("wrong contents");
    char *before;
    size_t i;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"one\"]"));
    before = dump_store(db);
    refused_contents(db);
    nesting(db);
    noise(db);
    CHECK_UNCHANGED(before, db);
    CHECK_OK(coffer_close(db));
    free(before);
    large_contents();
    many_columns();
    version_numbers();
    changing_files();
    for (i = 0; i < LENGTH_OF(formats); i++) {
        torn(formats[i]);
        damaged(formats[i]);
    }
}
