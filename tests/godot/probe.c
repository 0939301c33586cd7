/*
 * A class for the tests alone: the bridge's way between JSON and Variants, without a store between them, so that it also meets
 * text that the library would have refused.
 *
 *     read(text)    an Array: the status, the value or null, the message
 *     write(value)  an Array: the status, the text or null, the message
 *
 * It must not have a reader or writer of its own: it is compiled with json_read.c, json_write.c and text.c of the bridge.
 */
#include "bridge.h"

#include <string.h>

#define CLASS_NAME "JsonProbe"

const godot_gdnative_core_api_struct *gd;
static const godot_gdnative_ext_nativescript_api_struct *nativescript;

static GDCALLINGCONV void *create(godot_object *owner, void *unused)
{
    (void)unused;
    return owner;
}

static GDCALLINGCONV void destroy(godot_object *owner, void *unused, void *user) { (void)owner, (void)unused, (void)user; }

static void append(godot_array *list, godot_variant *value)
{
    gd->godot_array_append(list, value);
    gd->godot_variant_destroy(value);
}

static coffer_status transform(bool reads, const godot_variant *given, godot_variant *out)
{
    struct text text = {0};
    coffer_status status = COFFER_ERROR_OUT_OF_MEMORY;
    if (!reads) {
        status = json_write(given, &text);
        if (status == COFFER_OK) variant_of_text(text.data, text.length, out);
    } else if (text_of_variant(given, &text)) {
        status = json_read(text.data, out);
    }
    text_free(&text);
    return status;
}

static GDCALLINGCONV godot_variant call(godot_object *owner, void *data, void *user, int count, godot_variant **given)
{
    const bool reads = strcmp(data, "read") == 0;
    godot_variant value, result;
    godot_array list;
    (void)owner, (void)user;
    gd->godot_array_new(&list);
    if (count == 1) {
        const coffer_status status = transform(reads, given[0], &value);
        if (status != COFFER_OK) variant_nil(&value);
        godot_variant number, message;
        variant_int(&number, status);
        append(&list, &number);
        append(&list, &value);
        variant_of_text(last_message(), status != COFFER_OK ? strlen(last_message()) : 0, &message);
        append(&list, &message);
    }
    gd->godot_variant_new_array(&result, &list);
    gd->godot_array_destroy(&list);
    return result;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void godot_gdnative_init(godot_gdnative_init_options *options);
EXPORTED void godot_gdnative_terminate(godot_gdnative_terminate_options *options);
EXPORTED void godot_nativescript_init(void *library);

void godot_gdnative_init(godot_gdnative_init_options *options)
{
    gd = options->api_struct;
    for (unsigned i = 0; i < gd->num_extensions; i++) {
        if (gd->extensions[i]->type != GDNATIVE_EXT_NATIVESCRIPT) continue;
        nativescript = (const godot_gdnative_ext_nativescript_api_struct *)gd->extensions[i];
    }
}

void godot_gdnative_terminate(godot_gdnative_terminate_options *options) { (void)options; }

void godot_nativescript_init(void *library)
{
    static char read[] = "read", write[] = "write";
    const godot_instance_create_func creating = {create, NULL, NULL};
    const godot_instance_destroy_func destroying = {destroy, NULL, NULL};
    const godot_method_attributes no_rpc = {GODOT_METHOD_RPC_MODE_DISABLED};
    const godot_instance_method reading = {call, read, NULL}, writing = {call, write, NULL};
    nativescript->godot_nativescript_register_class(library, CLASS_NAME, "Reference", creating, destroying);
    nativescript->godot_nativescript_register_method(library, CLASS_NAME, read, no_rpc, reading);
    nativescript->godot_nativescript_register_method(library, CLASS_NAME, write, no_rpc, writing);
}
