/*
 * The checks that ask the library: a status with its message, a text, and everything that a store holds.
 *
 * It must not change a store. Invariant: two dumps of a store are the same text exactly if nobody changed it between.
 */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows. */
struct growing {
    char *bytes;
    size_t length;
    size_t room;
};

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Whether a text is one line of whole UTF-8 sequences: a message that was cut must be cut between characters. */
static int is_one_line(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        int more = *at < 0x80 ? 0 : *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC2 ? 1 : -1;
        if (*at < 0x20 || *at == 0x7F || more < 0)
            return 0;
        for (at++; more > 0; more--, at++)
            if (!is_continuation(*at))
                return 0;
    }
    return 1;
}

void check_status(const char *file, int line, const char *call, coffer_status expected, coffer_status actual)
{
    char said[2048];
    const char *message = coffer_last_error();
    if (actual != expected) {
        snprintf(said, sizeof said, "%s (%s where %s was expected)", message, coffer_status_name(actual),
                 coffer_status_name(expected));
        check_failed(file, line, call, said);
    }
    if (actual == COFFER_OK ? message[0] != '\0' : message[0] == '\0')
        check_failed(file, line, "the last error goes with the status", message);
    if (strlen(message) > 1023 || !is_one_line(message))
        check_failed(file, line, "the last error is one short line", message);
}

void check_same(const char *file, int line, const char *expression, const char *expected, char *actual)
{
    if (strcmp(expected, actual) != 0) {
        char said[2048];
        snprintf(said, sizeof said, "expected %.900s, got %.900s", expected, actual);
        check_failed(file, line, expression, said);
    }
    coffer_string_free(actual);
}

static void add(struct growing *text, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (text->length + (size_t)length + 1 > text->room) {
        text->room = 2 * (text->length + (size_t)length + 1);
        text->bytes = realloc(text->bytes, text->room);
        CHECK(text->bytes != NULL);
    }
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

static void add_and_free(struct growing *text, char *json)
{
    add(text, "%s\n", json);
    coffer_string_free(json);
}

static void add_document(struct growing *text, coffer_db db, const char *key)
{
    char *json = NULL;
    uint64_t revision = 0;
    int64_t saved_at = 0;
    coffer_status status = coffer_load_entry(db, key, &json, &revision, &saved_at);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_NOT_FOUND);
    add(text, "%s %d %llu %lld %s\n", key, (int)status, (unsigned long long)revision, (long long)saved_at,
        json == NULL ? "-" : json);
    coffer_string_free(json);
}

char *dump_store(coffer_db db)
{
    static const char *const versioned[] = {"character_roster", "equipment_sets", "party_configs"};
    struct growing text = {NULL, 0, 0};
    char key[1025], *keys, *json;
    const char *place;
    size_t i;
    CHECK_OK(coffer_list_database_keys(db, &keys));
    for (place = keys; next_string(&place, key, sizeof key);)
        add_document(&text, db, key);
    coffer_string_free(keys);
    for (i = 0; i < 3; i++) {
        CHECK_OK(coffer_list_versions(db, versioned[i], &json));
        add_and_free(&text, json);
    }
    CHECK_OK(coffer_version_counters(db, &json));
    add_and_free(&text, json);
    return text.bytes;
}

void check_unchanged(const char *file, int line, const char *before, coffer_db db)
{
    char *now = dump_store(db);
    if (strcmp(before, now) != 0) {
        fprintf(stderr, "before:\n%s\nnow:\n%s\n", before, now);
        check_failed(file, line, "the store is as it was", "");
    }
    free(now);
}
