/*
 * JSON text to Variants. Integers that fit an int become ints, other numbers floats; objects become Dictionaries in their
 * order, of a doubled member the last one stays.
 *
 * Not by the engine's own JSON (3.2.3): it makes every number a float, so that 9007199254740993 comes back as ...992; sorts the
 * members; leaves an escaped pair of surrogates as two characters; and takes "1 2", "01", "[1,]" and "-" for values.
 *
 * It must not: trust the text, though the library hands out valid JSON only. A test holds it against the library's own reader.
 * Invariant: on failure nothing is left behind, and the result was not written. What a Variant cannot hold is a failure and not
 * something else, but for numbers: one that no int holds becomes the nearest float, and one beyond all floats infinity.
 */
#include "bridge.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 1024

struct reader {
    const char *at;     /* in the text, which ends with a NUL */
    const char *begin;
    struct text string; /* the string that was read last */
};

static bool read_value(struct reader *reader, int depth, godot_variant *out);

static bool stop(const struct reader *reader, const char *what)
{
    failed(COFFER_ERROR_INVALID_JSON, "%s at byte %lld of the JSON text", what, (long long)(reader->at - reader->begin));
    return false;
}

static bool no_memory(void)
{
    failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out while JSON was turned into a value");
    return false;
}

static void skip_space(struct reader *reader) { reader->at += strspn(reader->at, " \t\r\n"); }

static bool taken(struct reader *reader, char what)
{
    skip_space(reader);
    if (*reader->at != what) return false;
    reader->at++;
    return true;
}

/* Four hexadecimal digits. */
static bool read_unit(struct reader *reader, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const char digit = *reader->at;
        unsigned value;
        if (digit >= '0' && digit <= '9') value = (unsigned)(digit - '0');
        else if (digit >= 'a' && digit <= 'f') value = (unsigned)(digit - 'a' + 10);
        else if (digit >= 'A' && digit <= 'F') value = (unsigned)(digit - 'A' + 10);
        else return stop(reader, "there is no hexadecimal digit");
        *out = *out << 4 | value;
        reader->at++;
    }
    return true;
}

/* Half a pair becomes three bytes, which the engine turns into the same half. */
static bool append_point(struct text *out, unsigned point)
{
    char bytes[4];
    size_t count = 0;
    if (point < 0x80) {
        bytes[count++] = (char)point;
    } else if (point < 0x800) {
        bytes[count++] = (char)(0xC0 | point >> 6);
    } else if (point < 0x10000) {
        bytes[count++] = (char)(0xE0 | point >> 12);
        bytes[count++] = (char)(0x80 | (point >> 6 & 0x3F));
    } else {
        bytes[count++] = (char)(0xF0 | point >> 18);
        bytes[count++] = (char)(0x80 | (point >> 12 & 0x3F));
        bytes[count++] = (char)(0x80 | (point >> 6 & 0x3F));
    }
    if (point >= 0x80) bytes[count++] = (char)(0x80 | (point & 0x3F));
    return text_append(out, bytes, count) || no_memory();
}

static bool read_escape(struct reader *reader)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char name = *reader->at++;
    unsigned point, low;
    if (name != 'u') {
        const char *found = name != '\0' ? strchr(names, name) : NULL;
        if (found == NULL) {
            reader->at--;
            return stop(reader, "there is no such escape");
        }
        return text_append(&reader->string, &values[found - names], 1) || no_memory();
    }
    if (!read_unit(reader, &point)) return false;
    if (point == 0) {
        return stop(reader, "there is \\u0000, which no String of Godot's can hold (the methods for texts can load it),");
    }
    if (point >= 0xD800 && point < 0xDC00 && reader->at[0] == '\\' && reader->at[1] == 'u') {
        const char *after_first = reader->at;
        reader->at += 2;
        if (!read_unit(reader, &low)) return false;
        if (low >= 0xDC00 && low < 0xE000) point = 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00));
        else reader->at = after_first;
    }
    return append_point(&reader->string, point);
}

/* Reads what follows a quotation mark into reader->string. */
static bool read_string(struct reader *reader)
{
    /* A string has no control characters but as escapes. */
    static const char ends[] = "\"\\\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37";
    reader->string.length = 0;
    if (!text_append(&reader->string, "", 0)) return no_memory();
    for (;;) {
        const size_t plain = strcspn(reader->at, ends);
        if (!text_append(&reader->string, reader->at, plain)) return no_memory();
        reader->at += plain;
        if (*reader->at == '\0') return stop(reader, "a string does not end");
        if ((unsigned char)*reader->at < 0x20) return stop(reader, "there is a control character");
        if (*reader->at++ == '"') return true;
        if (!read_escape(reader)) return false;
    }
}

static size_t digits(const char *at) { return strspn(at, "0123456789"); }

/* The length of the number here by the grammar of JSON, 0 if there is none. Tells whether it has digits only. */
static size_t number_length(const char *begin, bool *integer)
{
    const char *at = begin + (*begin == '-');
    size_t count = *at == '0' ? 1 : digits(at);
    *integer = true;
    if (count == 0) return 0;
    at += count;
    if (*at == '.') {
        if ((count = digits(at + 1)) == 0) return 0;
        at += 1 + count;
        *integer = false;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        if ((count = digits(at)) == 0) return 0;
        at += count;
        *integer = false;
    }
    return (size_t)(at - begin);
}

/* strtod goes by the locale, which a plug-in of the game may have set, so it is given the locale's point. */
static bool read_real(const char *begin, size_t length, double *out)
{
    const char *point = localeconv()->decimal_point;
    struct text local = {0};
    bool done = true;
    for (size_t i = 0; i < length && done; i++) {
        done = begin[i] == '.' ? text_append(&local, point, strlen(point)) : text_append(&local, begin + i, 1);
    }
    if (done) *out = strtod(local.data, NULL);
    text_free(&local);
    return done || no_memory();
}

static bool read_number(struct reader *reader, godot_variant *out)
{
    bool integer;
    double real;
    const size_t length = number_length(reader->at, &integer);
    if (length == 0) return stop(reader, "there is no value");
    if (integer && strncmp(reader->at, "-0", 2) != 0) { /* no int has the sign of -0 */
        errno = 0;
        const long long number = strtoll(reader->at, NULL, 10);
        if (errno == 0) {
            variant_int(out, number);
            reader->at += length;
            return true;
        }
    }
    if (!read_real(reader->at, length, &real)) return false;
    gd->godot_variant_new_real(out, real);
    reader->at += length;
    return true;
}

static bool read_array(struct reader *reader, int depth, godot_array *array)
{
    if (taken(reader, ']')) return true;
    do {
        godot_variant item;
        if (!read_value(reader, depth, &item)) return false;
        gd->godot_array_append(array, &item);
        gd->godot_variant_destroy(&item);
    } while (taken(reader, ','));
    return taken(reader, ']') || stop(reader, "there is no ',' or ']'");
}

/* The key as the script knows it; see json_write.c for the signs. */
static void key_of_string(const struct text *string, godot_variant *out)
{
    int64_t number = 0;
    const size_t signs = strspn(string->data, "=");
    if (integer_key(string->data + signs, string->length - signs, &number)) {
        if (signs == 0) variant_int(out, number);
        else variant_of_text(string->data + 1, string->length - 1, out);
    } else {
        variant_of_text(string->data, string->length, out);
    }
}

static bool read_object(struct reader *reader, int depth, godot_dictionary *dictionary)
{
    if (taken(reader, '}')) return true;
    do {
        godot_variant key, member;
        if (!taken(reader, '"')) return stop(reader, "there is no member");
        if (!read_string(reader)) return false;
        key_of_string(&reader->string, &key);
        const bool done = taken(reader, ':') ? read_value(reader, depth, &member) : stop(reader, "there is no ':'");
        if (done) {
            gd->godot_dictionary_set(dictionary, &key, &member);
            gd->godot_variant_destroy(&member);
        }
        gd->godot_variant_destroy(&key);
        if (!done) return false;
    } while (taken(reader, ','));
    return taken(reader, '}') || stop(reader, "there is no ',' or '}'");
}

static bool read_container(struct reader *reader, int depth, godot_variant *out)
{
    bool done;
    if (depth >= DEEPEST) return stop(reader, "it nests deeper than 1,024");
    if (*reader->at++ == '[') {
        godot_array array;
        gd->godot_array_new(&array);
        done = read_array(reader, depth + 1, &array);
        if (done) gd->godot_variant_new_array(out, &array);
        gd->godot_array_destroy(&array);
    } else {
        godot_dictionary dictionary;
        gd->godot_dictionary_new(&dictionary);
        done = read_object(reader, depth + 1, &dictionary);
        if (done) gd->godot_variant_new_dictionary(out, &dictionary);
        gd->godot_dictionary_destroy(&dictionary);
    }
    return done;
}

static bool read_word(struct reader *reader, const char *word)
{
    if (strncmp(reader->at, word, strlen(word)) != 0) return stop(reader, "there is no value");
    reader->at += strlen(word);
    return true;
}

static bool read_value(struct reader *reader, int depth, godot_variant *out)
{
    skip_space(reader);
    switch (*reader->at) {
    case '{':
    case '[': return read_container(reader, depth, out);
    case '"':
        reader->at++;
        if (!read_string(reader)) return false;
        variant_of_text(reader->string.data, reader->string.length, out);
        return true;
    case 't':
    case 'f':
        if (!read_word(reader, *reader->at == 't' ? "true" : "false")) return false;
        gd->godot_variant_new_bool(out, reader->at[-2] == 'u');
        return true;
    case 'n':
        if (!read_word(reader, "null")) return false;
        variant_nil(out);
        return true;
    default: return read_number(reader, out);
    }
}

coffer_status json_read(const char *json, godot_variant *out)
{
    struct reader reader = {json, json, {0}};
    godot_variant value;
    bool done = read_value(&reader, 0, &value);
    if (done) {
        skip_space(&reader);
        if (*reader.at == '\0') {
            *out = value;
        } else {
            gd->godot_variant_destroy(&value);
            done = stop(&reader, "there is something behind the value");
        }
    }
    text_free(&reader.string);
    return done ? COFFER_OK : last_status();
}
