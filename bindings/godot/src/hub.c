/*
 * Events and calls between plug-ins, as signals of the object. They are emitted from poll() only, on the thread that polls.
 *
 * It must not: let the library call back on threads of its own; a script's handlers belong to the thread that polls.
 * Invariant: a listener lives until the library has freed it, also when a handler ends it.
 */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

/* What a subscription or a plug-in of this object is called with. The library frees it by free_listener. */
struct listener {
    godot_object *owner;  /* alive: closing the object's handle ends all of its listeners */
    int64_t subscription; /* known a moment after the library has the listener */
    int holders;          /* the library, and for that moment the one who subscribes */
    char name[];          /* the plug-in's */
};

static struct listener *new_listener(const struct database *database, const char *name)
{
    struct listener *listener = malloc(sizeof *listener + strlen(name) + 1);
    if (listener == NULL) return NULL;
    listener->owner = database->owner;
    listener->subscription = 0;
    listener->holders = 1;
    strcpy(listener->name, name);
    return listener;
}

static void free_listener(void *context)
{
    struct listener *listener = context;
    if (__atomic_sub_fetch(&listener->holders, 1, __ATOMIC_ACQ_REL) == 0) free(listener);
}

/* The payload as a value; one that no Variant holds arrives as its JSON text. */
static void value_of(const char *json, godot_variant *out)
{
    if (json_read(json, out) != COFFER_OK) variant_of_text(json, strlen(json), out);
}

static void on_event(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                     int64_t time_ms, const char *json)
{
    const struct listener *listener = context;
    godot_variant arguments[7];
    variant_of_text(topic, strlen(topic), &arguments[0]);
    value_of(json, &arguments[1]);
    variant_int(&arguments[2], (int64_t)sequence);
    variant_of_text(source, strlen(source), &arguments[3]);
    variant_int(&arguments[4], time_ms);
    variant_int(&arguments[5], (int64_t)event_id);
    variant_int(&arguments[6], __atomic_load_n(&listener->subscription, __ATOMIC_ACQUIRE));
    emit(listener->owner, "hub_event", arguments, 7);
}

static void on_call(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    const struct listener *listener = context;
    godot_variant arguments[5];
    variant_int(&arguments[0], (int64_t)request);
    variant_of_text(listener->name, strlen(listener->name), &arguments[1]);
    variant_of_text(method, strlen(method), &arguments[2]);
    value_of(json, &arguments[3]);
    variant_of_text(caller, strlen(caller), &arguments[4]);
    emit(listener->owner, "plugin_called", arguments, 5);
}

/* Whether a Dictionary asks for callbacks on other threads. */
static bool asks_for_direct(const godot_variant *options)
{
    godot_variant key;
    bool asks = false;
    if (options == NULL) return false;
    godot_dictionary dictionary = gd->godot_variant_as_dictionary(options);
    variant_of_text("direct", 6, &key);
    if (gd->godot_dictionary_has(&dictionary, &key)) {
        asks = gd->godot_variant_booleanize(gd->godot_dictionary_operator_index_const(&dictionary, &key));
    }
    gd->godot_variant_destroy(&key);
    gd->godot_dictionary_destroy(&dictionary);
    return asks;
}

static coffer_status no_direct(const char *method)
{
    return failed(COFFER_ERROR_INVALID_OPTION,
        "%s: \"direct\" would run a script on the thread that saves; signals are emitted by poll()", method);
}

static coffer_status no_memory(void) { return failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out for a listener"); }

coffer_status hub_subscribe(struct database *database, const struct argument *a, struct answer *answer)
{
    coffer_subscription subscription = 0;
    if (asks_for_direct(a[1].variant)) return no_direct("subscribe");
    struct listener *listener = new_listener(database, "");
    if (listener == NULL) return no_memory();
    listener->holders = 2;
    const coffer_status status = settled(coffer_hub_subscribe(database_handle(database), a[0].text, a[1].text, on_event,
        listener, free_listener, &subscription));
    __atomic_store_n(&listener->subscription, (int64_t)subscription, __ATOMIC_RELEASE);
    if (status != COFFER_OK) free_listener(listener); /* the library did not take it */
    free_listener(listener);
    answer->number = (int64_t)subscription;
    return status;
}

coffer_status hub_unsubscribe(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)answer;
    return settled(coffer_hub_unsubscribe((coffer_subscription)a[0].number));
}

coffer_status hub_replay(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)answer;
    return settled(coffer_hub_replay((coffer_subscription)a[0].number, (uint64_t)a[1].number));
}

coffer_status hub_poll(struct database *database, const struct argument *a, struct answer *answer)
{
    size_t delivered = 0;
    if (a[0].number < 0 || a[1].number < 0) {
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "poll: neither max_events nor budget_us may be negative");
    }
    const coffer_status status =
        settled(coffer_hub_poll(database_handle(database), (size_t)a[0].number, (uint64_t)a[1].number, &delivered));
    answer->number = (int64_t)delivered;
    return status;
}

coffer_status hub_publish(struct database *database, const struct argument *a, struct answer *answer)
{
    uint64_t event = 0;
    const coffer_status status = settled(coffer_hub_publish(database_handle(database), a[0].text, a[1].text, &event));
    answer->number = (int64_t)event;
    return status;
}

coffer_status hub_register_plugin(struct database *database, const struct argument *a, struct answer *answer)
{
    godot_variant key, name;
    struct text text = {0};
    coffer_status status = COFFER_OK;
    (void)answer;
    if (asks_for_direct(a[0].variant)) return no_direct("register_plugin");
    godot_dictionary dictionary = gd->godot_variant_as_dictionary(a[0].variant);
    variant_of_text("name", 4, &key);
    name = gd->godot_dictionary_get(&dictionary, &key);
    struct listener *listener = text_of_variant(&name, &text) ? new_listener(database, text.data) : NULL;
    if (listener == NULL) {
        status = no_memory();
    } else {
        status = settled(coffer_hub_register_plugin(database_handle(database), a[0].text, on_call, listener, free_listener));
        if (status != COFFER_OK) free_listener(listener);
    }
    text_free(&text);
    gd->godot_variant_destroy(&name);
    gd->godot_variant_destroy(&key);
    gd->godot_dictionary_destroy(&dictionary);
    return status;
}

static bool as_limit(const char *method, int64_t number, int64_t most)
{
    if (number >= 0 && number <= most) return true;
    failed(COFFER_ERROR_INVALID_ARGUMENT, "%s: the time limit %lld is out of range", method, (long long)number);
    return false;
}

coffer_status hub_call(struct database *database, const struct argument *a, struct answer *answer)
{
    if (!as_limit("call_plugin", a[3].number, UINT32_MAX)) return COFFER_ERROR_INVALID_ARGUMENT;
    return settled(coffer_hub_call(database_handle(database), a[0].text, a[1].text, a[2].text, (uint32_t)a[3].number,
        &answer->json));
}

coffer_status hub_begin_call(struct database *database, const struct argument *a, struct answer *answer)
{
    coffer_call call = 0;
    if (!as_limit("begin_call", a[3].number, UINT32_MAX)) return COFFER_ERROR_INVALID_ARGUMENT;
    const coffer_status status = settled(coffer_hub_begin_call(database_handle(database), a[0].text, a[1].text, a[2].text,
        (uint32_t)a[3].number, &call));
    answer->number = (int64_t)call;
    return status;
}

coffer_status hub_await_call(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database;
    if (!as_limit("await_call", a[1].number, INT64_MAX)) return COFFER_ERROR_INVALID_ARGUMENT;
    return settled(coffer_hub_await_call((coffer_call)a[0].number, (uint64_t)a[1].number, &answer->json));
}

coffer_status hub_answer(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)answer;
    return settled(coffer_hub_answer((coffer_request)a[0].number, a[1].text));
}

coffer_status hub_refuse(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)answer;
    return settled(coffer_hub_refuse((coffer_request)a[0].number, a[1].text));
}
