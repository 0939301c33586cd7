/*
 * Checks, names and numbers for the C tests; support.h says what each is for, and platform.h what differs by system.
 *
 * It must not call the library (dump.c does), so that a program which loads the library at run time can use it.
 * Invariant: a failed check ends the whole process at once, from whichever thread.
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char working_folder[PATH_ROOM / 2];

void check_failed(const char *file, int line, const char *expression, const char *said)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: failed: %s\n    last error: %s\n", file, line, expression, said);
    fflush(stderr);
    /* Not exit(): other threads may be inside the library, and its tear-down would hide what went wrong. */
    end_at_once(1);
}

void check_holds(const char *file, int line, const char *text, const char *piece)
{
    if (strstr(text, piece) == NULL)
        check_failed(file, line, piece, text);
}

void use_working_folder(const char *folder)
{
    CHECK_SAID("the path is too long", strlen(folder) < sizeof working_folder - 256);
    ensure_folder(folder);
    strcpy(working_folder, folder);
}

void fresh_path(char *path, const char *name)
{
    snprintf(path, PATH_ROOM, "%s/%s", working_folder, name);
    remove_tree(path);
}

void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "wb");
    CHECK_SAID(strerror(errno), file != NULL);
    CHECK_SAID(strerror(errno), fputs(content, file) >= 0);
    CHECK_SAID(strerror(errno), fclose(file) == 0);
}

char *repeated(size_t count, const char *piece, const char *middle, const char *end)
{
    size_t piece_length = strlen(piece), middle_length = strlen(middle), end_length = strlen(end), i;
    char *text = malloc(count * (piece_length + end_length) + middle_length + 1), *place = text;
    CHECK_SAID("out of memory", text != NULL);
    for (i = 0; i < count; i++, place += piece_length)
        memcpy(place, piece, piece_length);
    memcpy(place, middle, middle_length);
    place += middle_length;
    for (i = 0; i < count; i++, place += end_length)
        memcpy(place, end, end_length);
    *place = '\0';
    return text;
}

char *long_document(size_t length)
{
    char *text = malloc(length + 1);
    CHECK_SAID("a JSON string has two quotes", text != NULL && length >= 2);
    memset(text, 'x', length);
    text[0] = text[length - 1] = '"';
    text[length] = '\0';
    return text;
}

int sized(int large, int small)
{
    const char *size = getenv("COFFER_TEST_SIZE");
    return size != NULL && strcmp(size, "small") == 0 ? small : large;
}

uint64_t next_random(uint64_t *state)
{
    /* xorshift: every state but 0 is on one cycle. */
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static unsigned hex_value(const char *digits)
{
    char four[5] = {0};
    memcpy(four, digits, 4);
    return (unsigned)strtoul(four, NULL, 16);
}

/* One escape of a JSON string, behind its backslash. The library escapes what is below U+0080 only. */
static char unescaped(const char **place)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char kind = *(*place)++;
    if (kind == 'u') {
        unsigned value = hex_value(*place);
        *place += 4;
        CHECK_SAID("an escape that was not needed", value > 0 && value < 0x80);
        return (char)value;
    }
    found = strchr(from, kind);
    CHECK_SAID("an unknown escape", found != NULL && *found != '\0');
    return to[found - from];
}

int next_string(const char **place, char *into, size_t room)
{
    size_t length = 0;
    const char *start = strchr(*place, '"');
    if (start == NULL)
        return 0;
    for (start++; *start != '"';) {
        char byte = *start++;
        CHECK_SAID("the string does not end", byte != '\0');
        if (byte == '\\')
            byte = unescaped(&start);
        CHECK_SAID("the string is too long", length + 1 < room);
        into[length++] = byte;
    }
    into[length] = '\0';
    *place = start + 1;
    return 1;
}
