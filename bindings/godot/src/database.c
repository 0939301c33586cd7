/*
 * Loading the library into the engine, and the life of an object of the class CofferDatabase: creating, opening, closing,
 * destroying.
 *
 * It must not: know what the other methods do.
 * Invariant: a handle is closed exactly once: by close(), when its object goes, or when the engine unloads the library.
 */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_NAME "CofferDatabase"

const godot_gdnative_core_api_struct *gd;
static const godot_gdnative_ext_nativescript_api_struct *nativescript;
static const godot_gdnative_ext_nativescript_1_1_api_struct *nativescript_1_1;
static godot_method_bind *emit_signal_method;
static godot_method_bind *globalize_method;
static godot_method_bind *reference_method;
static godot_method_bind *unreference_method;
static bool wrong_library;

/* Every object there is. Taken for a few instructions only. */
static struct database *all_databases;
static char all_locked;

static void lock_all(void)
{
    while (__atomic_test_and_set(&all_locked, __ATOMIC_ACQUIRE)) { }
}

static void unlock_all(void) { __atomic_clear(&all_locked, __ATOMIC_RELEASE); }

coffer_db database_handle(const struct database *database) { return __atomic_load_n(&database->handle, __ATOMIC_ACQUIRE); }

static coffer_db take_handle(struct database *database) { return __atomic_exchange_n(&database->handle, 0, __ATOMIC_ACQ_REL); }

coffer_status database_open(struct database *database, const struct argument *a, struct answer *answer)
{
    coffer_db handle = 0, none = 0;
    (void)answer;
    if (wrong_library) {
        return failed(COFFER_ERROR_INTERNAL, "the bridge was compiled for version %d of the library's interface, and this is version %u: "
            "compile it with the library's own coffer.h", COFFER_ABI_VERSION, (unsigned)coffer_abi_version());
    }
    if (database_handle(database) != 0) {
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "open: this object has a store open already; close it first, or use another object");
    }
    const coffer_status status = settled(coffer_open(a[0].text, a[1].text, &handle));
    if (status != COFFER_OK) return status;
    if (!__atomic_compare_exchange_n(&database->handle, &none, handle, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        coffer_close(handle);
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "open: another thread has just opened a store with this object");
    }
    return status;
}

coffer_status database_close(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)a, (void)answer;
    const coffer_db handle = take_handle(database);
    const coffer_status status = settled(coffer_close(handle));
    if (status == COFFER_ERROR_INVALID_ARGUMENT && handle != 0) {
        /* Closed from within an answer to the API, the handle stays. */
        __atomic_store_n(&database->handle, handle, __ATOMIC_RELEASE);
    }
    return status;
}

coffer_status database_is_open(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)a;
    gd->godot_variant_destroy(&answer->value);
    gd->godot_variant_new_bool(&answer->value, database_handle(database) != 0);
    return COFFER_OK;
}

static GDCALLINGCONV void *create(godot_object *owner, void *unused)
{
    struct database *database = calloc(1, sizeof *database);
    (void)unused;
    if (database == NULL) return NULL; /* every method then says so */
    database->owner = owner;
    lock_all();
    database->next = all_databases;
    if (all_databases != NULL) all_databases->previous = database;
    all_databases = database;
    unlock_all();
    return database;
}

static void close_quietly(struct database *database)
{
    const coffer_db handle = take_handle(database);
    if (handle == 0) return;
    if (coffer_close(handle) != COFFER_OK) {
        gd->godot_print_error(coffer_last_error(), "closing a CofferDatabase", __FILE__, __LINE__);
    }
}

static GDCALLINGCONV void destroy(godot_object *owner, void *unused, void *user)
{
    struct database *database = user;
    (void)owner, (void)unused;
    if (database == NULL) return;
    lock_all();
    if (database->previous != NULL) database->previous->next = database->next;
    else all_databases = database->next;
    if (database->next != NULL) database->next->previous = database->previous;
    unlock_all();
    close_quietly(database);
    free(database);
}

/* ---- objects whose last reference goes while one of their methods runs a script ----
 *
 * The engine still writes to such an object when the method returns. So the method holds a reference of its own; if that turns
 * out to be the last one, the store is closed at once, and the object is destroyed when this thread calls a method again.
 */

static __thread struct database *dead_of_this_thread;

static bool call_plain(godot_method_bind *method, godot_object *owner)
{
    godot_variant_call_error error;
    godot_variant result = gd->godot_method_bind_call(method, owner, NULL, 0, &error);
    const bool answer = gd->godot_variant_booleanize(&result);
    gd->godot_variant_destroy(&result);
    return answer;
}

void hold(struct database *database) { call_plain(reference_method, database->owner); }

void let_go(struct database *database)
{
    if (!call_plain(unreference_method, database->owner)) return;
    close_quietly(database);
    database->next_dead = dead_of_this_thread;
    dead_of_this_thread = database;
}

void bury_the_dead(void)
{
    while (dead_of_this_thread != NULL) {
        struct database *database = dead_of_this_thread;
        dead_of_this_thread = database->next_dead;
        gd->godot_object_destroy(database->owner); /* which calls destroy() */
    }
}

void emit(godot_object *owner, const char *signal, godot_variant *arguments, int count)
{
    const godot_variant *pointers[8];
    godot_variant name;
    godot_variant_call_error error;
    variant_of_text(signal, strlen(signal), &name);
    pointers[0] = &name;
    for (int i = 0; i < count && i < 7; i++) pointers[i + 1] = &arguments[i];
    godot_variant result = gd->godot_method_bind_call(emit_signal_method, owner, pointers, count + 1, &error);
    gd->godot_variant_destroy(&result);
    for (int i = 0; i < count; i++) gd->godot_variant_destroy(&arguments[i]);
    gd->godot_variant_destroy(&name);
}

bool globalize(const godot_variant *path, godot_variant *out)
{
    char name[] = "ProjectSettings";
    godot_variant_call_error error = {GODOT_CALL_ERROR_CALL_OK, 0, GODOT_VARIANT_TYPE_NIL};
    godot_object *settings = gd->godot_global_get_singleton(name);
    if (settings == NULL || globalize_method == NULL) return false;
    *out = gd->godot_method_bind_call(globalize_method, settings, &path, 1, &error);
    return error.error == GODOT_CALL_ERROR_CALL_OK;
}

/* ---- what the engine calls by name ---- */

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default"))) /* the rest is compiled with hidden names */
#endif

EXPORTED void godot_gdnative_init(godot_gdnative_init_options *options);
EXPORTED void godot_gdnative_terminate(godot_gdnative_terminate_options *options);
EXPORTED void godot_nativescript_init(void *library);

void godot_gdnative_init(godot_gdnative_init_options *options)
{
    gd = options->api_struct;
    emit_signal_method = gd->godot_method_bind_get_method("Object", "emit_signal");
    reference_method = gd->godot_method_bind_get_method("Reference", "reference");
    unreference_method = gd->godot_method_bind_get_method("Reference", "unreference");
    globalize_method = gd->godot_method_bind_get_method("ProjectSettings", "globalize_path");
    for (unsigned i = 0; i < gd->num_extensions; i++) {
        if (gd->extensions[i]->type != GDNATIVE_EXT_NATIVESCRIPT) continue;
        nativescript = (const godot_gdnative_ext_nativescript_api_struct *)gd->extensions[i];
        const godot_gdnative_api_struct *next = nativescript->next;
        if (next != NULL && next->version.major == 1 && next->version.minor == 1) {
            nativescript_1_1 = (const godot_gdnative_ext_nativescript_1_1_api_struct *)next;
        }
    }
    wrong_library = coffer_abi_version() != COFFER_ABI_VERSION;
}

void godot_nativescript_init(void *library)
{
    const godot_instance_create_func creating = {create, NULL, NULL};
    const godot_instance_destroy_func destroying = {destroy, NULL, NULL};
    if (nativescript == NULL || emit_signal_method == NULL || reference_method == NULL || unreference_method == NULL) {
        gd->godot_print_error("this engine lacks NativeScript 1.0, which Coffer needs", "loading Coffer", __FILE__, __LINE__);
        return;
    }
    nativescript->godot_nativescript_register_class(library, CLASS_NAME, "Reference", creating, destroying);
    register_methods(library, CLASS_NAME, nativescript, nativescript_1_1);
}

/* An object that a script leaked keeps its memory, but its store is closed in order. */
void godot_gdnative_terminate(godot_gdnative_terminate_options *options)
{
    (void)options;
    bury_the_dead();
    for (struct database *database = all_databases; database != NULL; database = database->next) close_quietly(database);
}
