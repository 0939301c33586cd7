/*
 * What the parts of Coffer's bridge for Godot 3 share: the engine's interface, one open database, texts, outcomes, and the
 * way between Variants and JSON. Included by every file of the bridge, by nobody else.
 *
 * It must not: keep anything of the engine's declarations here (they come from Godot's own headers), or know of single methods.
 * Invariant: whatever a script passes, a call comes back with a status and a line of text; nothing crashes the engine.
 */
#ifndef COFFER_GODOT_BRIDGE_H
#define COFFER_GODOT_BRIDGE_H

#include <coffer.h>
#include <gdnative_api_struct.gen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__GNUC__)
#error "the bridge is compiled with gcc, clang or MinGW: it uses their thread-local variables and atomic operations"
#endif

/* The engine's functions; set once when the library is loaded. */
extern const godot_gdnative_core_api_struct *gd;

/* ---- an object of the class CofferDatabase ---- */

struct database {
    godot_object *owner;       /* the engine's object; alive as long as this is */
    coffer_db handle;          /* 0 while it is not open; read and written atomically, for scripts with threads */
    struct database *previous; /* all of them, so that the library can close what a script left open */
    struct database *next;
    struct database *next_dead; /* see hold() */
};

coffer_db database_handle(const struct database *database);

/* Around a method that runs a script's handlers: whatever they do, the object stays until the engine is done with it. */
void hold(struct database *database);
void let_go(struct database *database);
void bury_the_dead(void);

/* Emits a signal of the object, on this thread, and destroys the arguments. */
void emit(godot_object *owner, const char *signal, godot_variant *arguments, int count);

/* The absolute path of one that begins with res:// or user://; false if the engine does not say. */
bool globalize(const godot_variant *path, godot_variant *out);

/* ---- outcomes: what get_last_status and get_last_error say, of this thread ---- */

/* Remembers a failure that the bridge itself found. Returns the status. */
coffer_status failed(coffer_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Remembers what the library said of its call. Returns the status. */
coffer_status settled(coffer_status status);

coffer_status last_status(void);
const char *last_message(void);

/* ---- texts ---- */

/* A NUL-terminated text in UTF-8 that grows. All zero is an empty one without memory. */
struct text {
    char *data;
    size_t length;
    size_t capacity;
};

bool text_append(struct text *text, const char *bytes, size_t count); /* false: memory ran out */
void text_free(struct text *text);

/* The UTF-8 of a String variant; surrogates that are a pair become one character. false: memory ran out. */
bool text_of_variant(const godot_variant *string, struct text *out);

/* Makes a String variant. The text must not hold a NUL. */
void variant_of_text(const char *utf8, size_t length, godot_variant *out);

void variant_nil(godot_variant *out);
void variant_int(godot_variant *out, int64_t number);
const char *type_name(const godot_variant *variant); /* "a String", "an int" */

/* ---- Variants and JSON ---- */

/* Appends the variant as JSON. What JSON cannot hold is a failure that says where it stands in the value. */
coffer_status json_write(const godot_variant *value, struct text *out);

/* Appends a text as a JSON string, with its quotation marks. false: memory ran out. */
bool json_write_string(struct text *out, const char *bytes, size_t length);

/* Makes a variant of JSON text; out is written on success only. */
coffer_status json_read(const char *json, godot_variant *out);

/* Whether a text is an integer's digits as JSON keys of integers have them: canonical and below 2 to the power of 53. */
bool integer_key(const char *text, size_t length, int64_t *out);

/* ---- methods ---- */

/* One argument as its kind made it; see methods.c. */
struct argument {
    const char *text;             /* NULL if it was left out */
    int64_t number;
    const godot_variant *variant; /* NULL if it was left out */
};

/* What a method that is more than one call of the library writes its result to. */
struct answer {
    char *json;          /* the library's text, or NULL */
    int64_t number;
    godot_variant value; /* nil until it is set */
};

typedef coffer_status (*special_method)(struct database *database, const struct argument *arguments, struct answer *answer);

/* Registers every method and signal of the class. */
void register_methods(void *library, const char *class_name, const godot_gdnative_ext_nativescript_api_struct *nativescript,
                      const godot_gdnative_ext_nativescript_1_1_api_struct *nativescript_1_1);

/* database.c */
coffer_status database_open(struct database *, const struct argument *, struct answer *);
coffer_status database_close(struct database *, const struct argument *, struct answer *);
coffer_status database_is_open(struct database *, const struct argument *, struct answer *);

/* documents.c */
coffer_status save_entry(struct database *, const struct argument *, struct answer *);
coffer_status clear_entry(struct database *, const struct argument *, struct answer *);
coffer_status load_entry(struct database *, const struct argument *, struct answer *);
coffer_status save_batch(struct database *, const struct argument *, struct answer *);
coffer_status list_keys(struct database *, const struct argument *, struct answer *);
coffer_status load_version(struct database *, const struct argument *, struct answer *);
coffer_status diff_versions(struct database *, const struct argument *, struct answer *);
coffer_status roll_back_version(struct database *, const struct argument *, struct answer *);
coffer_status pin_snapshot(struct database *, const struct argument *, struct answer *);
coffer_status export_database(struct database *, const struct argument *, struct answer *);
coffer_status import_database(struct database *, const struct argument *, struct answer *);
coffer_status analyze_health(struct database *, const struct argument *, struct answer *);

/* hub.c */
coffer_status hub_subscribe(struct database *, const struct argument *, struct answer *);
coffer_status hub_unsubscribe(struct database *, const struct argument *, struct answer *);
coffer_status hub_replay(struct database *, const struct argument *, struct answer *);
coffer_status hub_poll(struct database *, const struct argument *, struct answer *);
coffer_status hub_publish(struct database *, const struct argument *, struct answer *);
coffer_status hub_register_plugin(struct database *, const struct argument *, struct answer *);
coffer_status hub_call(struct database *, const struct argument *, struct answer *);
coffer_status hub_begin_call(struct database *, const struct argument *, struct answer *);
coffer_status hub_await_call(struct database *, const struct argument *, struct answer *);
coffer_status hub_answer(struct database *, const struct argument *, struct answer *);
coffer_status hub_refuse(struct database *, const struct argument *, struct answer *);

#endif
