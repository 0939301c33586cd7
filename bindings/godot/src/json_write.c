/*
 * Variants to JSON text.
 *
 * Not by the engine's own JSON (3.2.3): that one rounds floats to six digits (1e-9 becomes 0, 1.0 becomes 1), writes control
 * characters as they are and NAN as nan, neither of which is JSON, makes any other type the text that str() has for it, and turns
 * an int key into a string for good. A save must bring back what was saved, or be refused.
 *
 * It must not: change the value, or write what JSON cannot hold as something else.
 * Invariant: json_read of what this writes is the same value, for null, bool, int, float, String, and Dictionaries and Arrays
 * of these. An integer key is written as its digits, and a string key that looks like such digits gets one "=" in front, as
 * in Coffer's Lua binding, so that scripts of both see the same keys.
 */
#include "bridge.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The library's own limit of the option max_depth. It also ends a value that contains itself. */
#define DEEPEST 1024
#define EXACT ((int64_t)1 << 53)

/* Where in the value the writer is: a chain on the stack, only followed when there is something to say. */
struct place {
    const struct place *up;
    const godot_variant *key; /* NULL in an array */
    int64_t index;
    int depth;
};

static coffer_status write_value(struct text *out, const godot_variant *value, const struct place *place);

static coffer_status no_memory(void)
{
    return failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out while the value was turned into JSON");
}

static bool append(struct text *out, const char *literal) { return text_append(out, literal, strlen(literal)); }

static void describe(const struct place *place, struct text *out)
{
    struct text key = {0};
    char digits[32];
    if (place->up == NULL) return;
    describe(place->up, out);
    append(out, "/");
    if (place->key == NULL) {
        snprintf(digits, sizeof digits, "%lld", (long long)place->index);
        append(out, digits);
    } else if (text_of_variant(place->key, &key)) {
        size_t shown = key.length < 64 ? key.length : 64;
        while (shown < key.length && shown > 0 && (key.data[shown] & 0xC0) == 0x80) shown--; /* whole characters */
        text_append(out, key.data, shown);
    }
    text_free(&key);
}

/* A failure at a place: "value at /hero/pos: a Vector2 ...". */
static coffer_status refuse(coffer_status status, const struct place *place, const char *what, const char *why)
{
    struct text where = {0};
    if (place->depth < 16) describe(place, &where); /* deeper, the path says little */
    failed(status, "value%s%s: %s%s", where.length > 0 ? " at " : "", where.length > 0 ? where.data : "", what, why);
    text_free(&where);
    return status;
}

bool json_write_string(struct text *out, const char *bytes, size_t length)
{
    char escaped[8];
    size_t kept = 0;
    if (!append(out, "\"")) return false;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        size_t taken = 1;
        if (byte == 0xED && i + 2 < length && (unsigned char)bytes[i + 1] >= 0xA0) {
            /* Half a surrogate pair has no UTF-8; JSON can write it as an escape. */
            const unsigned half = 0xD000 | (unsigned)(bytes[i + 1] & 0x3F) << 6 | (unsigned)(bytes[i + 2] & 0x3F);
            snprintf(escaped, sizeof escaped, "\\u%04x", half);
            taken = 3;
        } else if (byte == '"' || byte == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", byte);
        } else if (byte == '\n') {
            snprintf(escaped, sizeof escaped, "\\n");
        } else if (byte < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
        } else {
            continue;
        }
        if (!text_append(out, bytes + kept, i - kept) || !append(out, escaped)) return false;
        i += taken - 1;
        kept = i + 1;
    }
    return text_append(out, bytes + kept, length - kept) && append(out, "\"");
}

static coffer_status write_string(struct text *out, const godot_variant *value)
{
    struct text utf8 = {0};
    const bool done = text_of_variant(value, &utf8) && json_write_string(out, utf8.data, utf8.length);
    text_free(&utf8);
    return done ? COFFER_OK : no_memory();
}

static coffer_status write_real(struct text *out, double number, const struct place *place)
{
    char digits[40], plain[40];
    size_t length = 0;
    bool integral = true;
    const bool nan = number != number; /* by hand, as MinGW's macros convert to float first, so its warnings say */
    if (nan || fabs(number) > DBL_MAX) return refuse(COFFER_ERROR_INVALID_JSON, place, nan ? "nan" : "inf", " is no number in JSON");
    /* The fewest digits that bring the same number back. */
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) break;
    }
    for (const char *at = digits; *at != '\0'; at++) {
        const bool sign = *at == '-' || *at == '+', exponent = *at == 'e';
        if ((*at >= '0' && *at <= '9') || sign || exponent) {
            plain[length++] = *at;
            integral = integral && !exponent;
        } else if (integral) { /* the decimal point of whatever locale, in however many bytes */
            plain[length++] = '.';
            integral = false;
        }
    }
    if (!text_append(out, plain, length) || (integral && !append(out, ".0"))) return no_memory(); /* 1.0 is not 1 */
    return COFFER_OK;
}

bool integer_key(const char *text, size_t length, int64_t *out)
{
    const size_t sign = length > 0 && text[0] == '-';
    int64_t number = 0;
    if (length == 1 && text[0] == '0') {
        *out = 0;
        return true;
    }
    if (length <= sign || length > 16 + sign || text[sign] == '0') return false;
    for (size_t i = sign; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        number = number * 10 + (text[i] - '0');
    }
    if (number >= EXACT) return false;
    *out = sign ? -number : number;
    return true;
}

static coffer_status write_key(struct text *out, const godot_variant *key, const struct place *place)
{
    struct text utf8 = {0};
    int64_t number = 0;
    char digits[32];
    bool done;
    if (gd->godot_variant_get_type(key) == GODOT_VARIANT_TYPE_INT) {
        number = gd->godot_variant_as_int(key);
        if (number >= EXACT || number <= -EXACT) {
            return refuse(COFFER_ERROR_INVALID_JSON, place, "an int key of 2 to the power of 53 or more",
                          " is kept by no other reader: use a String key");
        }
        snprintf(digits, sizeof digits, "\"%lld\"", (long long)number);
        return append(out, digits) ? COFFER_OK : no_memory();
    }
    if (gd->godot_variant_get_type(key) != GODOT_VARIANT_TYPE_STRING) {
        return refuse(COFFER_ERROR_INVALID_JSON, place, type_name(key), " is no key for JSON: use a String or an int");
    }
    if (!text_of_variant(key, &utf8)) return no_memory();
    const size_t signs = strspn(utf8.data, "=");
    if (integer_key(utf8.data + signs, utf8.length - signs, &number)) {
        struct text marked = {0};
        done = append(&marked, "=") && text_append(&marked, utf8.data, utf8.length) &&
               json_write_string(out, marked.data, marked.length);
        text_free(&marked);
    } else {
        done = json_write_string(out, utf8.data, utf8.length);
    }
    text_free(&utf8);
    return done ? COFFER_OK : no_memory();
}

static coffer_status write_dictionary(struct text *out, const godot_variant *value, const struct place *place)
{
    godot_dictionary dictionary = gd->godot_variant_as_dictionary(value);
    struct place inside = {place, NULL, 0, place->depth + 1};
    coffer_status status = append(out, "{") ? COFFER_OK : no_memory();
    bool first = true;
    const godot_variant *key = gd->godot_dictionary_next(&dictionary, NULL);
    while (key != NULL && status == COFFER_OK) {
        const godot_variant *member = gd->godot_dictionary_operator_index_const(&dictionary, key);
        inside.key = key;
        if (!first && !append(out, ",")) status = no_memory();
        if (status == COFFER_OK) status = write_key(out, key, &inside);
        if (status == COFFER_OK && !append(out, ":")) status = no_memory();
        if (status == COFFER_OK) status = write_value(out, member, &inside);
        first = false;
        key = gd->godot_dictionary_next(&dictionary, key);
    }
    gd->godot_dictionary_destroy(&dictionary);
    return status == COFFER_OK && !append(out, "}") ? no_memory() : status;
}

/* Also the pool arrays of what JSON holds, which the engine turns into Arrays. */
static coffer_status write_array(struct text *out, const godot_variant *value, const struct place *place)
{
    godot_array array = gd->godot_variant_as_array(value);
    struct place inside = {place, NULL, 0, place->depth + 1};
    coffer_status status = append(out, "[") ? COFFER_OK : no_memory();
    for (godot_int i = 0; i < gd->godot_array_size(&array) && status == COFFER_OK; i++) {
        inside.index = i;
        if (i > 0 && !append(out, ",")) status = no_memory();
        if (status == COFFER_OK) status = write_value(out, gd->godot_array_operator_index_const(&array, i), &inside);
    }
    gd->godot_array_destroy(&array);
    return status == COFFER_OK && !append(out, "]") ? no_memory() : status;
}

static coffer_status write_value(struct text *out, const godot_variant *value, const struct place *place)
{
    char digits[32];
    if (place->depth > DEEPEST) {
        return refuse(COFFER_ERROR_TOO_DEEP, place, "it nests deeper than 1,024,", " or contains itself");
    }
    switch (gd->godot_variant_get_type(value)) {
    case GODOT_VARIANT_TYPE_NIL: return append(out, "null") ? COFFER_OK : no_memory();
    case GODOT_VARIANT_TYPE_BOOL:
        return append(out, gd->godot_variant_as_bool(value) ? "true" : "false") ? COFFER_OK : no_memory();
    case GODOT_VARIANT_TYPE_INT:
        snprintf(digits, sizeof digits, "%lld", (long long)gd->godot_variant_as_int(value));
        return append(out, digits) ? COFFER_OK : no_memory();
    case GODOT_VARIANT_TYPE_REAL: return write_real(out, gd->godot_variant_as_real(value), place);
    case GODOT_VARIANT_TYPE_STRING: return write_string(out, value);
    case GODOT_VARIANT_TYPE_DICTIONARY: return write_dictionary(out, value, place);
    case GODOT_VARIANT_TYPE_ARRAY:
    case GODOT_VARIANT_TYPE_POOL_BYTE_ARRAY:
    case GODOT_VARIANT_TYPE_POOL_INT_ARRAY:
    case GODOT_VARIANT_TYPE_POOL_REAL_ARRAY:
    case GODOT_VARIANT_TYPE_POOL_STRING_ARRAY: return write_array(out, value, place);
    default:
        return refuse(COFFER_ERROR_INVALID_JSON, place, type_name(value),
                      " is nothing that JSON holds: save its parts as an Array or a Dictionary, or var2str of it");
    }
}

coffer_status json_write(const godot_variant *value, struct text *out)
{
    const struct place top = {NULL, NULL, 0, 0};
    return write_value(out, value, &top);
}
