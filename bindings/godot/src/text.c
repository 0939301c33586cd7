/*
 * Texts between Godot's strings and UTF-8, and the outcome of a thread's last call.
 *
 * It must not: know JSON or the library's functions beyond its messages.
 * Invariant: a text is NUL-terminated whenever it has memory; what is remembered of a call is one line of at most 1,023 bytes.
 */
#include "bridge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Per thread, like the library's own: a script with threads must not read another thread's failure. */
static __thread coffer_status status_of_last;
static __thread char message_of_last[1024];

/* The engine takes no text that ends within a character, so one that was cut ends before its last one. */
static void end_whole(int wanted)
{
    size_t end = sizeof message_of_last - 1;
    if (wanted >= 0 && (size_t)wanted <= end) return;
    while (end > 0 && (message_of_last[end - 1] & 0xC0) == 0x80) end--;
    if (end > 0) end--;
    message_of_last[end] = '\0';
}

coffer_status failed(coffer_status status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    end_whole(vsnprintf(message_of_last, sizeof message_of_last, format, values));
    va_end(values);
    status_of_last = status;
    return status;
}

coffer_status settled(coffer_status status)
{
    message_of_last[0] = '\0';
    status_of_last = status;
    if (status != COFFER_OK) {
        const char *message = coffer_last_error();
        end_whole(snprintf(message_of_last, sizeof message_of_last, "%s", message[0] ? message : coffer_status_name(status)));
    }
    return status;
}

coffer_status last_status(void) { return status_of_last; }
const char *last_message(void) { return message_of_last; }

bool text_append(struct text *text, const char *bytes, size_t count)
{
    if (text->capacity - text->length <= count) { /* room for the NUL too */
        size_t capacity = text->capacity * 2 + count + 64;
        char *data = capacity > count ? realloc(text->data, capacity) : NULL;
        if (data == NULL) return false;
        text->data = data;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
    return true;
}

void text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

static bool is_surrogate(const unsigned char *at, unsigned char low, unsigned char high)
{
    return at[0] == 0xED && at[1] >= low && at[1] <= high;
}

/* Where a character has 16 bits (Windows), the engine writes each half of a pair as three bytes of its own. */
static void join_surrogates(struct text *text)
{
    unsigned char *from = (unsigned char *)text->data, *to = from, *end = from + text->length;
    while (from < end) {
        if (end - from >= 6 && is_surrogate(from, 0xA0, 0xAF) && is_surrogate(from + 3, 0xB0, 0xBF)) {
            unsigned high = (unsigned)(from[1] & 0x0F) << 6 | (from[2] & 0x3F);
            unsigned low = (unsigned)(from[4] & 0x0F) << 6 | (from[5] & 0x3F);
            unsigned point = 0x10000 + (high << 10 | low);
            *to++ = (unsigned char)(0xF0 | point >> 18);
            *to++ = (unsigned char)(0x80 | (point >> 12 & 0x3F));
            *to++ = (unsigned char)(0x80 | (point >> 6 & 0x3F));
            *to++ = (unsigned char)(0x80 | (point & 0x3F));
            from += 6;
        } else {
            *to++ = *from++;
        }
    }
    text->length = (size_t)(to - (unsigned char *)text->data);
    text->data[text->length] = '\0';
}

bool text_of_variant(const godot_variant *variant, struct text *out)
{
    godot_string string = gd->godot_variant_as_string(variant);
    godot_char_string utf8 = gd->godot_string_utf8(&string);
    const godot_int length = gd->godot_char_string_length(&utf8);
    const char *data = gd->godot_char_string_get_data(&utf8);
    const bool done = text_append(out, data != NULL ? data : "", data != NULL && length > 0 ? (size_t)length : 0);
    gd->godot_char_string_destroy(&utf8);
    gd->godot_string_destroy(&string);
    if (done) join_surrogates(out);
    return done;
}

/* Where a character has 16 bits, one beyond them has to be given to the engine as a pair of halves. */
static bool split_for_16_bits(const char *utf8, size_t length, struct text *out)
{
    const unsigned char *at = (const unsigned char *)utf8, *end = at + length;
    while (at < end) {
        if (*at >= 0xF0 && end - at >= 4) {
            unsigned point = (unsigned)(at[0] & 0x07) << 18 | (unsigned)(at[1] & 0x3F) << 12 | (unsigned)(at[2] & 0x3F) << 6 |
                             (unsigned)(at[3] & 0x3F);
            unsigned halves[2] = {0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF)};
            for (int i = 0; i < 2; i++) {
                char bytes[3] = {(char)0xED, (char)(0x80 | (halves[i] >> 6 & 0x3F)), (char)(0x80 | (halves[i] & 0x3F))};
                if (!text_append(out, bytes, 3)) return false;
            }
            at += 4;
        } else {
            if (!text_append(out, (const char *)at++, 1)) return false;
        }
    }
    return true;
}

void variant_of_text(const char *utf8, size_t length, godot_variant *out)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const bool splits = sizeof(wchar_t) == 2, marked = length >= 3 && memcmp(utf8, mark, 3) == 0;
    struct text own = {0};
    /* The engine drops a byte order mark in front, also one that belongs to the text; so it gets one more to drop. */
    if ((splits || marked) && (!marked || text_append(&own, mark, 3)) &&
        (splits ? split_for_16_bits(utf8, length, &own) : text_append(&own, utf8, length)) && own.data != NULL) {
        utf8 = own.data;
        length = own.length;
    }
    godot_string string;
    gd->godot_string_new(&string);
    if (length > 0) gd->godot_string_parse_utf8_with_len(&string, utf8, (godot_int)length);
    gd->godot_variant_new_string(out, &string);
    gd->godot_string_destroy(&string);
    text_free(&own);
}

void variant_nil(godot_variant *out) { gd->godot_variant_new_nil(out); }
void variant_int(godot_variant *out, int64_t number) { gd->godot_variant_new_int(out, number); }

const char *type_name(const godot_variant *variant)
{
    static const char *const names[] = {
        "null", "a bool", "an int", "a float", "a String", "a Vector2", "a Rect2", "a Vector3", "a Transform2D", "a Plane",
        "a Quat", "an AABB", "a Basis", "a Transform", "a Color", "a NodePath", "an RID", "an Object", "a Dictionary",
        "an Array", "a PoolByteArray", "a PoolIntArray", "a PoolRealArray", "a PoolStringArray", "a PoolVector2Array",
        "a PoolVector3Array", "a PoolColorArray",
    };
    const size_t type = (size_t)gd->godot_variant_get_type(variant);
    return type < sizeof names / sizeof names[0] ? names[type] : "a value of a type that is not known here";
}
