/*
 * Wrong arguments of every kind, part two: texts that are not UTF-8, not JSON, too deep or too long; batches and numbers.
 *
 * It must not pass what C itself forbids. Invariant: each wrong argument has its own status, and no result is written.
 */
#include "abuse.h"

#include <stdlib.h>
#include <string.h>

#define WRITTEN COFFER_DURABILITY_WRITTEN
#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/* Every function that takes a text, with this one as each of its texts. */
static void every_text_is_refused(coffer_db db, const char *bad)
{
    const coffer_status expected = COFFER_ERROR_INVALID_UTF8;
    const char *good_key = "slot", *good_document = "1";
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t number = 77;
    size_t length = 78;
    coffer_db out = 79;
    CHECK_STATUS(expected, coffer_open(bad, NULL, &out));
    CHECK_STATUS(expected, coffer_open("never made", bad, &out));
    CHECK_STATUS(expected, coffer_save_persistent_data(db, bad, good_document));
    CHECK_STATUS(expected, coffer_save_persistent_data(db, good_key, bad));
    CHECK_STATUS(expected, coffer_load_persistent_data(db, bad, &json));
    CHECK_STATUS(expected, coffer_load_persistent_data_into(db, bad, NULL, 0, &length));
    CHECK_STATUS(expected, coffer_clear_database_entry(db, bad));
    CHECK_STATUS(expected, coffer_list_database_keys_with(db, bad, NULL, 0, &json));
    CHECK_STATUS(expected, coffer_list_database_keys_with(db, NULL, bad, 0, &json));
    CHECK_STATUS(expected, coffer_load_entry(db, bad, &json, &number, NULL));
    CHECK_STATUS(expected, coffer_save_entry(db, bad, good_document, 0, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_save_entry(db, good_key, bad, 0, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_clear_entry(db, bad, 0, WRITTEN));
    CHECK_STATUS(expected, coffer_save_batch(db, &bad, &good_document, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_save_batch(db, &good_key, &bad, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_save_character_roster_state(db, bad));
    CHECK_STATUS(expected, coffer_save_equipment_config(db, bad));
    CHECK_STATUS(expected, coffer_save_party_config(db, bad));
    CHECK_STATUS(expected, coffer_load_version(db, bad, 1, &json));
    CHECK_STATUS(expected, coffer_roll_back_version(db, bad, 1, &number));
    CHECK_STATUS(expected, coffer_diff_versions(db, bad, 1, 2, &json));
    CHECK_STATUS(expected, coffer_list_versions(db, bad, &json));
    every_snapshot_text_is_refused(db, bad);
    every_hub_text_is_refused(db, bad);
    every_plugin_text_is_refused(db, bad);
    every_exchange_text_is_refused(db, bad);
    every_health_text_is_refused(db, bad);
    every_gateway_text_is_refused(db, bad);
    CHECK(json == untouched && number == 77 && length == 78 && out == 79);
}

void abuse_utf8(coffer_db db)
{
    /* A lone continuation, overlong forms, cut sequences, a surrogate, beyond the last code point, and no lead bytes. */
    static const char *const bad[] = {
        "\x80", "\"\xBF\"", "\"\xC0\xAF\"", "\"\xC1\xBF\"", "\"\xE0\x80\xAF\"", "\"\xF0\x80\x80\xAF\"", "\"\xC3",
        "\"\xE2\x82\"", "\"\xF0\x9F\x8E\"", "\"\xED\xA0\x80\"", "\"\xED\xBF\xBF\"", "\"\xF4\x90\x80\x80\"",
        "\"\xF8\x88\x80\x80\x80\"", "\xFE", "good and then \xFF"};
    size_t i;
    for (i = 0; i < LENGTH_OF(bad); i++)
        every_text_is_refused(db, bad[i]);
}

/* Every function that takes a document. */
static void every_save_gives(coffer_db db, coffer_status expected, const char *document)
{
    const char *keys[] = {"first", "slot"}, *documents[2];
    uint64_t number = 77;
    documents[0] = "1";
    documents[1] = document;
    CHECK_STATUS(expected, coffer_save_persistent_data(db, "slot", document));
    CHECK_STATUS(expected, coffer_save_entry(db, "slot", document, COFFER_ANY_REVISION, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_save_batch(db, keys, documents, NULL, 2, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_save_persistent_data(db, "party_configs", document));
    CHECK_STATUS(expected, coffer_save_character_roster_state(db, document));
    CHECK_STATUS(expected, coffer_save_equipment_config(db, document));
    CHECK_STATUS(expected, coffer_save_party_config(db, document));
    CHECK(number == 77);
}

void abuse_json(coffer_db db)
{
    static const char *const broken[] = {
        "", " ", "\n", "\xEF\xBB\xBF{}", "\xEF\xBB\xBF", "\xC2\xA0[]", "1\xC2\xA0", "\f1", "\v1",
        /* words */
        "nul", "nulll", "NULL", "True", "tru", "falsehood", "undefined", "NaN", "nan", "Infinity", "-Infinity", "a",
        /* numbers */
        "+1", ".5", "5.", "01", "-01", "00", "-", "--1", "1e", "1e+", "1E-", "1.e1", "0x1", "1_000", "1,0", "1 2", "-a",
        "0e", "\xEF\xBC\x91", "1.2.3", "1e1.5", "- 1",
        /* strings */
        "\"", "\"a", "a\"", "'a'", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\\a\"",
        "\"\\ \"", "\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1F\"", "\"a\" \"b\"", "\"\\0\"", "\"\\'\"", "\"\\u\"",
        /* arrays */
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[\"a\", \"b\"", "[]]", "[][]",
        "[1],", "[/**/1]", "[1]//", "[1]#", "[a]", "(1)", "[\"a\"\"b\"]", "[1;2]", "[...]",
        /* objects */
        "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\" 1}", "{\"a\":}",
        "{:1}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "{\"a\":1}}", "{}{}",
        "{\"a\"::1}", "{\"a\":1:2}", "{\"a\":1,,\"b\":2}", "{\"a\",\"b\":1}", "{[]:1}", "{\"a\":1}x", "{\"a\":1}/**/"};
    size_t i;
    for (i = 0; i < LENGTH_OF(broken); i++)
        every_save_gives(db, COFFER_ERROR_INVALID_JSON, broken[i]);
}

void abuse_depth(coffer_db db)
{
    static const struct {
        const char *piece, *middle, *end;
    } shapes[] = {{"[", "", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":", "1", "}]"}, {"[1,", "[]", ",2]"},
                  {"[", "", ""}, {"{\"a\":", "", ""}, {"{\"a\":[", "", ""}};
    char *document, *shallow;
    size_t i;
    for (i = 0; i < LENGTH_OF(shapes); i++) {
        document = repeated(100000, shapes[i].piece, shapes[i].middle, shapes[i].end);
        every_save_gives(db, COFFER_ERROR_TOO_DEEP, document);
        free(document);
    }
    /* Brackets that do not nest are no depth: as many in strings, beside each other, and closing ones alone. */
    document = repeated(100000, "]", "", "");
    every_save_gives(db, COFFER_ERROR_INVALID_JSON, document);
    free(document);
    document = repeated(100000, "[],", "[]", "");
    shallow = malloc(strlen(document) + 3);
    CHECK(shallow != NULL);
    strcat(strcat(strcpy(shallow, "["), document), "]");
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", shallow, 99, WRITTEN, NULL));
    free(shallow);
    free(document);
    document = repeated(100000, "[{\\\"", "", "");
    shallow = malloc(strlen(document) + 3);
    CHECK(shallow != NULL);
    strcat(strcat(strcpy(shallow, "\""), document), "\"");
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", shallow, 99, WRITTEN, NULL));
    free(shallow);
    free(document);
}

static void every_key_is_refused(coffer_db db, const char *key)
{
    const char *document = "1";
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t number = 77;
    size_t length = 78;
    const coffer_status expected = COFFER_ERROR_INVALID_KEY;
    CHECK_STATUS(expected, coffer_save_persistent_data(db, key, document));
    CHECK_STATUS(expected, coffer_load_persistent_data(db, key, &json));
    CHECK_STATUS(expected, coffer_load_persistent_data_into(db, key, NULL, 0, &length));
    CHECK_STATUS(expected, coffer_clear_database_entry(db, key));
    CHECK_STATUS(expected, coffer_load_entry(db, key, &json, &number, NULL));
    CHECK_STATUS(expected, coffer_save_entry(db, key, document, 0, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_clear_entry(db, key, 0, WRITTEN));
    CHECK_STATUS(expected, coffer_save_batch(db, &key, &document, NULL, 1, WRITTEN, &number));
    CHECK_STATUS(expected, coffer_load_from_snapshot(db, "latest", key, &json));
    CHECK(json == untouched && number == 77 && length == 78);
    /* Where to list from need not be a key. */
    CHECK_OK(coffer_list_database_keys_with(db, key, NULL, 1, NULL));
    CHECK_OK(coffer_list_database_keys_with(db, NULL, key, 1, NULL));
}

void abuse_sizes(coffer_db db)
{
    static const size_t lengths[] = {0, 1025, 1u << 20};
    char *text;
    size_t i;
    for (i = 0; i < LENGTH_OF(lengths); i++) {
        text = repeated(lengths[i], "k", "", "");
        every_key_is_refused(db, text);
        free(text);
    }
    /* 1,024 characters are too long if they have more bytes. */
    text = repeated(1024, "\xC3\xA9", "", "");
    every_key_is_refused(db, text);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_load_version(db, text, 1, NULL));
    free(text);
    text = long_document((64u << 20) + 1);
    every_save_gives(db, COFFER_ERROR_TOO_LARGE, text);
    /* One byte less is taken: only the expectation stops it, which is looked at last. */
    text[64u << 20] = '\0';
    text[(64u << 20) - 1] = '"';
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", text, 99, WRITTEN, NULL));
    free(text);
}

void abuse_batches(coffer_db db)
{
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 8, SIZE_MAX / 16, SIZE_MAX / 64, SIZE_MAX / 1024,
                                        (size_t)1 << 40};
    const char *keys[] = {"new", "slot", "new"}, *documents[] = {"1", NULL, "3"};
    int64_t expected[] = {0, 2, COFFER_ANY_REVISION};
    uint64_t sequence = 77;
    size_t i;
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_batch(db, keys, documents, NULL, 3, WRITTEN, &sequence));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_batch(db, keys, documents, expected, 3, WRITTEN, &sequence));
    expected[0] = 5;
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_batch(db, keys, documents, expected, 2, WRITTEN, &sequence));
    expected[0] = -2;
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_batch(db, keys, documents, expected, 2, WRITTEN, &sequence));
    expected[0] = 0;
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_batch(db, keys, documents, expected, 2, 9, &sequence));
    keys[0] = NULL;
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_save_batch(db, keys, documents, NULL, 2, WRITTEN, &sequence));
    keys[0] = "";
    CHECK_STATUS(COFFER_ERROR_INVALID_KEY, coffer_save_batch(db, keys, documents, NULL, 2, WRITTEN, &sequence));
    keys[0] = "character_roster_v1";
    CHECK_STATUS(COFFER_ERROR_RESERVED_KEY, coffer_save_batch(db, keys, documents, NULL, 2, WRITTEN, &sequence));
    keys[0] = "new";
    /* Every key has at least a byte and a batch at most 2 GiB, so such a count is a mistake, found before it is used. */
    for (i = 0; i < LENGTH_OF(impossible); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                     coffer_save_batch(db, keys, documents, NULL, impossible[i], WRITTEN, &sequence));
    CHECK(sequence == 77);
    CHECK_OK(coffer_save_batch(db, keys, documents, expected, 0, WRITTEN, &sequence));
    CHECK(sequence != 77);
    /* Clearing what is not there changes nothing either. */
    documents[0] = NULL;
    CHECK_OK(coffer_save_batch(db, keys, documents, NULL, 1, WRITTEN, NULL));
}

void abuse_arguments(coffer_db db)
{
    static const int32_t durabilities[] = {-1, 4, 9, INT32_MIN, INT32_MAX};
    static const int64_t revisions[] = {-2, INT64_MIN};
    static const char *const documents[] = {"", "roster", "Character_roster", "character_roster_v", "plugin_data",
                                            "character_roster_v1"};
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t number = 77;
    size_t i;
    for (i = 0; i < LENGTH_OF(durabilities); i++) {
        const coffer_status expected = COFFER_ERROR_INVALID_ARGUMENT;
        CHECK_STATUS(expected, coffer_save_entry(db, "slot", "1", COFFER_ANY_REVISION, durabilities[i], &number));
        CHECK_STATUS(expected, coffer_clear_entry(db, "slot", COFFER_ANY_REVISION, durabilities[i]));
        CHECK_STATUS(expected, coffer_save_batch(db, NULL, NULL, NULL, 0, durabilities[i], &number));
    }
    for (i = 0; i < LENGTH_OF(revisions); i++) {
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_save_entry(db, "slot", "1", revisions[i], WRITTEN, &number));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_clear_entry(db, "slot", revisions[i], WRITTEN));
    }
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_save_entry(db, "slot", "1", INT64_MAX, WRITTEN, &number));
    CHECK_STATUS(COFFER_ERROR_CONFLICT, coffer_clear_entry(db, "slot", 0, WRITTEN));
    for (i = 0; i < LENGTH_OF(documents); i++) {
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_load_version(db, documents[i], 1, &json));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_roll_back_version(db, documents[i], 1, NULL));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_diff_versions(db, documents[i], 1, 2, &json));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_list_versions(db, documents[i], &json));
    }
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_version(db, "character_roster", 0, &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_version(db, "character_roster", UINT64_MAX, &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_diff_versions(db, "character_roster", 1, UINT64_MAX, &json));
    CHECK(json == untouched && number == 77);
    for (i = 0; i < 200; i++)
        CHECK(strlen(coffer_status_name((coffer_status)i - 100)) > 0);
    CHECK(strcmp(coffer_status_name(INT32_MIN), "unknown status") == 0);
}
