/*
 * The methods that are more than a key, a text and a result: entries, batches, versions, and calls with an argument that a
 * script has no use for.
 *
 * It must not: register anything, or look at the type of an argument that methods.c has checked.
 * Invariant: every method leaves an outcome behind, by settled() or failed().
 */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

static int64_t number_or(const struct argument *argument, int64_t otherwise)
{
    return argument->variant != NULL ? argument->number : otherwise;
}

/* One of COFFER_DURABILITY_...; what is out of range stays so, for the library to refuse. */
static int32_t durability_of(const struct argument *argument)
{
    const int64_t number = number_or(argument, COFFER_DURABILITY_DEFAULT);
    return number >= 0 && number <= INT32_MAX ? (int32_t)number : -1;
}

coffer_status save_entry(struct database *database, const struct argument *a, struct answer *answer)
{
    uint64_t revision = 0;
    const coffer_status status = settled(coffer_save_entry(database_handle(database), a[0].text, a[1].text,
        number_or(&a[2], COFFER_ANY_REVISION), durability_of(&a[3]), &revision));
    answer->number = (int64_t)revision;
    return status;
}

coffer_status clear_entry(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)answer;
    return settled(coffer_clear_entry(database_handle(database), a[0].text, number_or(&a[1], COFFER_ANY_REVISION),
        durability_of(&a[2])));
}

static void set_member(godot_dictionary *dictionary, const char *name, godot_variant *value)
{
    godot_variant key;
    variant_of_text(name, strlen(name), &key);
    gd->godot_dictionary_set(dictionary, &key, value);
    gd->godot_variant_destroy(&key);
    gd->godot_variant_destroy(value);
}

coffer_status load_entry(struct database *database, const struct argument *a, struct answer *answer)
{
    uint64_t revision = 0;
    int64_t saved_at = 0;
    char *json = NULL;
    godot_variant value;
    coffer_status status = settled(coffer_load_entry(database_handle(database), a[0].text, &json, &revision, &saved_at));
    if (status == COFFER_OK) status = json_read(json, &value);
    coffer_string_free(json);
    if (status != COFFER_OK) return status;
    godot_dictionary entry;
    gd->godot_dictionary_new(&entry);
    set_member(&entry, "value", &value);
    variant_int(&value, (int64_t)revision);
    set_member(&entry, "revision", &value);
    variant_int(&value, saved_at);
    set_member(&entry, "saved_at_ms", &value);
    gd->godot_variant_destroy(&answer->value);
    gd->godot_variant_new_dictionary(&answer->value, &entry);
    gd->godot_dictionary_destroy(&entry);
    return status;
}

/* ---- batches ---- */

/* The arrays that the library wants. The texts that they point to are kept in texts. */
struct batch {
    const char **keys;
    const char **documents;
    int64_t *expected;
    struct text *texts;
    size_t count; /* documents and cleared keys so far */
    size_t used;  /* texts so far */
};

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->used; i++) text_free(&batch->texts[i]);
    free(batch->keys);
    free(batch->documents);
    free(batch->expected);
    free(batch->texts);
}

static bool batch_reserve(struct batch *batch, size_t count)
{
    batch->keys = calloc(count + 1, sizeof *batch->keys);
    batch->documents = calloc(count + 1, sizeof *batch->documents);
    batch->expected = calloc(count + 1, sizeof *batch->expected);
    batch->texts = calloc(2 * count + 1, sizeof *batch->texts);
    return batch->keys != NULL && batch->documents != NULL && batch->expected != NULL && batch->texts != NULL;
}

static coffer_status no_memory(void) { return failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out while a batch was made"); }

/* Adds one key with its document, or NULL to clear it. */
static coffer_status batch_add(struct batch *batch, const godot_variant *key, const godot_variant *document,
                               const godot_dictionary *expected)
{
    const godot_variant *revision = gd->godot_dictionary_has(expected, key) ?
        gd->godot_dictionary_operator_index_const(expected, key) : NULL;
    struct text *text = &batch->texts[batch->used++];
    if (gd->godot_variant_get_type(key) != GODOT_VARIANT_TYPE_STRING) {
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "save_batch: a key is %s and must be a String", type_name(key));
    }
    if (!text_of_variant(key, text)) return no_memory();
    if (strlen(text->data) != text->length) {
        return failed(COFFER_ERROR_INVALID_KEY, "save_batch: the key '%s' goes on behind a character 0", text->data);
    }
    if (revision != NULL && gd->godot_variant_get_type(revision) != GODOT_VARIANT_TYPE_INT) {
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "save_batch: the expected revision of '%s' is %s and must be an int",
            text->data, type_name(revision));
    }
    batch->keys[batch->count] = text->data;
    batch->expected[batch->count] = revision != NULL ? gd->godot_variant_as_int(revision) : COFFER_ANY_REVISION;
    if (document != NULL) {
        struct text *json = &batch->texts[batch->used++];
        const coffer_status status = json_write(document, json);
        if (status != COFFER_OK) return status;
        batch->documents[batch->count] = json->data;
    }
    batch->count++;
    return COFFER_OK;
}

static coffer_status batch_fill(struct batch *batch, const godot_dictionary *documents, const godot_array *cleared,
                                const godot_dictionary *expected)
{
    coffer_status status = COFFER_OK;
    const size_t saves = (size_t)gd->godot_dictionary_size(documents);
    const size_t clears = (size_t)gd->godot_array_size(cleared);
    if (!batch_reserve(batch, saves + clears)) return no_memory();
    const godot_variant *key = gd->godot_dictionary_next(documents, NULL);
    while (key != NULL && status == COFFER_OK) {
        status = batch_add(batch, key, gd->godot_dictionary_operator_index_const(documents, key), expected);
        key = gd->godot_dictionary_next(documents, key);
    }
    for (size_t i = 0; i < clears && status == COFFER_OK; i++) {
        status = batch_add(batch, gd->godot_array_operator_index_const(cleared, (godot_int)i), NULL, expected);
    }
    /* An expectation of a key that is not in the batch would silently not be checked. */
    key = gd->godot_dictionary_next(expected, NULL);
    while (key != NULL && status == COFFER_OK) {
        if (!gd->godot_dictionary_has(documents, key) && !gd->godot_array_has(cleared, key)) {
            status = failed(COFFER_ERROR_INVALID_ARGUMENT, "save_batch: a revision is expected of a key that the batch does not have");
        }
        key = gd->godot_dictionary_next(expected, key);
    }
    return status;
}

coffer_status save_batch(struct database *database, const struct argument *a, struct answer *answer)
{
    struct batch batch = {0};
    uint64_t sequence = 0;
    godot_dictionary expected, documents = gd->godot_variant_as_dictionary(a[0].variant);
    godot_array cleared;
    if (a[1].variant != NULL) cleared = gd->godot_variant_as_array(a[1].variant);
    else gd->godot_array_new(&cleared);
    if (a[2].variant != NULL) expected = gd->godot_variant_as_dictionary(a[2].variant);
    else gd->godot_dictionary_new(&expected);
    coffer_status status = batch_fill(&batch, &documents, &cleared, &expected);
    if (status == COFFER_OK) {
        status = settled(coffer_save_batch(database_handle(database), batch.keys, batch.documents, batch.expected, batch.count,
            durability_of(&a[3]), &sequence));
    }
    batch_free(&batch);
    gd->godot_dictionary_destroy(&expected);
    gd->godot_array_destroy(&cleared);
    gd->godot_dictionary_destroy(&documents);
    answer->number = (int64_t)sequence;
    return status;
}

/* ---- calls with numbers, or with an argument that is left out ---- */

coffer_status list_keys(struct database *database, const struct argument *a, struct answer *answer)
{
    const int64_t limit = number_or(&a[2], 0);
    if (limit < 0) return failed(COFFER_ERROR_INVALID_ARGUMENT, "list_database_keys: limit is %lld and must not be negative", (long long)limit);
    return settled(coffer_list_database_keys_with(database_handle(database), a[0].text, a[1].text, (size_t)limit, &answer->json));
}

coffer_status load_version(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_load_version(database_handle(database), a[0].text, (uint64_t)a[1].number, &answer->json));
}

coffer_status diff_versions(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_diff_versions(database_handle(database), a[0].text, (uint64_t)a[1].number,
        (uint64_t)number_or(&a[2], 0), &answer->json));
}

coffer_status roll_back_version(struct database *database, const struct argument *a, struct answer *answer)
{
    uint64_t version = 0;
    const coffer_status status =
        settled(coffer_roll_back_version(database_handle(database), a[0].text, (uint64_t)a[1].number, &version));
    answer->number = (int64_t)version;
    return status;
}

coffer_status pin_snapshot(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_pin_snapshot(database_handle(database), a[0].text, number_or(&a[1], 1) != 0, &answer->json));
}

/* ---- work that tells how far it is ---- */

/* Calls a script's FuncRef with (done, total). It stops the work by returning false; one that cannot be called stops it too. */
static int32_t tell(void *context, uint64_t done, uint64_t total)
{
    godot_variant callee, arguments[2];
    const godot_variant *pointers[2] = {&arguments[0], &arguments[1]};
    godot_variant_call_error error = {GODOT_CALL_ERROR_CALL_OK, 0, GODOT_VARIANT_TYPE_NIL};
    godot_string method;
    gd->godot_string_new(&method);
    gd->godot_string_parse_utf8(&method, "call_func");
    gd->godot_variant_new_copy(&callee, context); /* it stays, whatever the script does */
    variant_int(&arguments[0], (int64_t)done);
    variant_int(&arguments[1], (int64_t)total);
    godot_variant result = gd->godot_variant_call(&callee, &method, pointers, 2, &error);
    const bool stops = error.error != GODOT_CALL_ERROR_CALL_OK ||
        (gd->godot_variant_get_type(&result) == GODOT_VARIANT_TYPE_BOOL && !gd->godot_variant_as_bool(&result));
    gd->godot_variant_destroy(&result);
    gd->godot_variant_destroy(&arguments[0]);
    gd->godot_variant_destroy(&arguments[1]);
    gd->godot_variant_destroy(&callee);
    gd->godot_string_destroy(&method);
    return stops;
}

static coffer_progress_callback teller(const struct argument *progress) { return progress->variant != NULL ? tell : NULL; }

coffer_status export_database(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_export_database_for_sharing(database_handle(database), a[0].text, a[1].text, teller(&a[2]),
        (void *)a[2].variant, &answer->json));
}

coffer_status import_database(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_import_database_from_external(database_handle(database), a[0].text, a[1].text, a[2].text,
        teller(&a[3]), (void *)a[3].variant, &answer->json));
}

coffer_status analyze_health(struct database *database, const struct argument *a, struct answer *answer)
{
    return settled(coffer_analyze_database_health(database_handle(database), a[0].text, teller(&a[1]), (void *)a[1].variant,
        &answer->json));
}
