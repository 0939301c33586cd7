/*
 * Wrong arguments of every kind, part five: those of the functions about the hub; and callbacks that do what they like.
 *
 * It must not pass what C itself forbids, nor depend on time. Invariant: each wrong argument has its own status and no
 * result is written; a context is freed exactly once, and not at all where subscribing fails.
 */
#include "abuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define DIRECT "{\"direct\":true}"

/* What a callback has, and what was done with it. */
struct guest {
    coffer_db db;
    coffer_subscription subscription;
    int calls;
    int freed;
    /* How deep the callback is in itself, and how often it publishes on. */
    int depth;
    int deepest;
    int left;
    void (*act)(struct guest *guest);
};

static void visit(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                  int64_t time_ms, const char *json)
{
    struct guest *guest = context;
    (void)event_id;
    CHECK(guest->freed == 0);
    CHECK(topic[0] != '\0' && source != NULL && json[0] != '\0' && time_ms > 0 && sequence < 1000);
    guest->calls++;
    guest->depth++;
    if (guest->depth > guest->deepest)
        guest->deepest = guest->depth;
    if (guest->act != NULL)
        guest->act(guest);
    CHECK(guest->freed == 0);
    guest->depth--;
}

static void count_free(void *context)
{
    ((struct guest *)context)->freed++;
}

/* With a context of NULL there is nothing to count in. */
static void visit_nobody(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                         int64_t time_ms, const char *json)
{
    (void)event_id;
    CHECK(context == NULL && topic != NULL && source != NULL && json != NULL && sequence < 1000 && time_ms > 0);
}

static int freed_nobody;
static void free_nobody(void *context)
{
    CHECK(context == NULL);
    freed_nobody++;
}

static void invite(coffer_db db, const char *topic, const char *options, void (*act)(struct guest *), struct guest *guest)
{
    memset(guest, 0, sizeof *guest);
    guest->db = db;
    guest->act = act;
    CHECK_OK(coffer_hub_subscribe(db, topic, options, visit, guest, count_free, &guest->subscription));
}

/* Subscribing with this fails and leaves the context alone. */
static void not_subscribed(coffer_db db, const char *topic, const char *options, coffer_status expected)
{
    struct guest guest;
    memset(&guest, 0, sizeof guest);
    guest.subscription = 77;
    CHECK_STATUS(expected, coffer_hub_subscribe(db, topic, options, visit, &guest, count_free, &guest.subscription));
    CHECK_STATUS(expected, coffer_hub_subscribe(db, topic, options, NULL, &guest, count_free, &guest.subscription));
    CHECK(guest.subscription == 77 && guest.freed == 0 && guest.calls == 0);
}

void every_hub_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    size_t delivered = 77;
    uint64_t event = 78;
    not_subscribed(db, "topic", NULL, expected);
    CHECK_STATUS(expected, coffer_hub_poll(db, 0, 0, &delivered));
    CHECK_STATUS(expected, coffer_hub_publish(db, "topic", "1", &event));
    CHECK_STATUS(expected, coffer_sync_tier1_data_to_hub(db, &json));
    CHECK_STATUS(expected, coffer_register_database_as_master_reference(db, &json));
    CHECK_STATUS(expected, coffer_hub_references(db, NULL, &json));
    CHECK_STATUS(expected, coffer_hub_references(db, "name", &json));
    /* A database is no subscription, open or not. */
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_next(db, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_replay(db, 0));
    CHECK(json == untouched && delivered == 77 && event == 78);
}

void every_hub_text_is_refused(coffer_db db, const char *bad)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    uint64_t event = 78;
    not_subscribed(db, bad, NULL, COFFER_ERROR_INVALID_UTF8);
    not_subscribed(db, "topic", bad, COFFER_ERROR_INVALID_UTF8);
    CHECK_STATUS(COFFER_ERROR_INVALID_UTF8, coffer_hub_publish(db, bad, "1", &event));
    CHECK_STATUS(COFFER_ERROR_INVALID_UTF8, coffer_hub_publish(db, "topic", bad, &event));
    CHECK_STATUS(COFFER_ERROR_INVALID_UTF8, coffer_hub_references(db, bad, &json));
    CHECK(json == untouched && event == 78);
}

static void hub_nulls(coffer_db db)
{
    struct guest guest;
    coffer_subscription subscription = 77;
    uint64_t event = 78;
    memset(&guest, 0, sizeof guest);
    not_subscribed(db, NULL, NULL, COFFER_ERROR_NULL_ARGUMENT);
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_hub_subscribe(db, "topic", NULL, visit, &guest, count_free, NULL));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_hub_publish(db, NULL, "1", &event));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_hub_publish(db, "topic", NULL, &event));
    CHECK(guest.freed == 0 && subscription == 77 && event == 78);
    /* What may be left out. */
    CHECK_OK(coffer_hub_subscribe(db, "topic", NULL, visit_nobody, NULL, NULL, &subscription));
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
    CHECK_OK(coffer_sync_tier1_data_to_hub(db, NULL));
    CHECK_OK(coffer_hub_references(db, NULL, NULL));
    CHECK_OK(coffer_register_database_as_master_reference(db, NULL));
    CHECK_OK(coffer_hub_unsubscribe(subscription));
    CHECK_OK(coffer_hub_subscribe(db, "topic", DIRECT, visit_nobody, NULL, free_nobody, &subscription));
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK(freed_nobody == 0);
    CHECK_OK(coffer_hub_unsubscribe(subscription));
    CHECK(freed_nobody == 1);
    CHECK_OK(coffer_hub_subscribe(db, "topic", DIRECT, visit, &guest, NULL, &subscription));
    CHECK_OK(coffer_hub_unsubscribe(subscription));
    CHECK(guest.freed == 0);
}

/* Nobody is called, so the context is only freed, once, by the end at the latest. */
static void hub_without_callback(coffer_db db)
{
    struct guest guest;
    size_t delivered = 77;
    int kept;
    memset(&guest, 0, sizeof guest);
    CHECK_OK(coffer_hub_subscribe(db, "topic", NULL, NULL, &guest, count_free, &guest.subscription));
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK_OK(coffer_hub_publish(db, "topic", "2", NULL));
    /* Polling leaves alone what will be asked for. */
    CHECK_OK(coffer_hub_poll(db, 0, 0, &delivered));
    CHECK(delivered == 0);
    CHECK_OK(coffer_hub_next(guest.subscription, NULL));
    CHECK_OK(coffer_hub_next(guest.subscription, NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(guest.subscription, NULL));
    CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
    CHECK(guest.freed == 1 && guest.calls == 0);
    kept = guest.freed;
    not_subscribed(db, "topic", "{\"direct\":7}", COFFER_ERROR_INVALID_OPTION);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                 coffer_hub_subscribe(db, "topic", DIRECT, NULL, &guest, count_free, &guest.subscription));
    CHECK(guest.freed == kept);
}

static void hub_topics_and_options(coffer_db db)
{
    static const char *const patterns[] = {"", "**", "*a", "a*b", "a**", "*a*"};
    static const char *const topics[] = {"", "*", "a*", "database_changed", "database_sync", "overflow"};
    static const char *const options[] = {
        "", "null", "1", "[]", "[true]", "\"direct\"", "{", "{\"direct\"}", "{\"direct\":1}", "{\"direct\":\"true\"}",
        "{\"Direct\":true}", "{\"data\":null}", "{\"queue\":0}", "{\"queue\":16777217}", "{\"queue\":-1}",
        "{\"queue\":1.5}", "{\"queue\":null}", "{\"queue\":99999999999999999999}", "{\"since\":-1}", "{\"since\":\"1\"}",
        "{\"since\":1e3}", "{\"since\":18446744073709551616}", "{\"direct\":true,\"direct\":true}", "{} {}", "{},"};
    static const char *const good[] = {"{}", " {\"since\":null} ", "{\"queue\":1}", "{\"queue\":16777216}",
                                       "{\"direct\":true,\"data\":true}", "{\"since\":18446744073709551615}"};
    struct guest guest;
    char *text;
    size_t i;
    for (i = 0; i < LENGTH_OF(patterns); i++)
        not_subscribed(db, patterns[i], NULL, COFFER_ERROR_INVALID_ARGUMENT);
    for (i = 0; i < LENGTH_OF(topics); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_publish(db, topics[i], "1", NULL));
    for (i = 0; i < LENGTH_OF(options); i++)
        not_subscribed(db, "database_changed", options[i], COFFER_ERROR_INVALID_OPTION);
    for (i = 0; i < LENGTH_OF(good); i++) {
        invite(db, "database_changed", good[i], NULL, &guest);
        CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
        CHECK(guest.freed == 1);
    }
    not_subscribed(db, "party", "{\"since\":1}", COFFER_ERROR_INVALID_ARGUMENT);
    for (i = 255; i <= 100000; i = i < 258 ? i + 1 : i * 10) {
        text = repeated(i, "t", "", "");
        CHECK_STATUS(i > 256 ? COFFER_ERROR_INVALID_ARGUMENT : COFFER_OK, coffer_hub_publish(db, text, "1", NULL));
        if (i > 256)
            not_subscribed(db, text, NULL, COFFER_ERROR_INVALID_ARGUMENT);
        free(text);
    }
}

static void hub_documents(coffer_db db)
{
    static const char *const broken[] = {"", " ", "{", "[1,]", "nul", "01", "\"\n\"", "1 2", "\xEF\xBB\xBF{}", "NaN"};
    uint64_t event = 78;
    char *deep;
    size_t i;
    struct guest guest;
    invite(db, "*", DIRECT, NULL, &guest);
    for (i = 0; i < LENGTH_OF(broken); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_publish(db, "topic", broken[i], &event));
    deep = repeated(129, "[", "", "]");
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_hub_publish(db, "topic", deep, &event));
    free(deep);
    deep = repeated(1000000, "[", "", "");
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_hub_publish(db, "topic", deep, &event));
    free(deep);
    deep = long_document(67108865);
    CHECK_STATUS(COFFER_ERROR_TOO_LARGE, coffer_hub_publish(db, "topic", deep, &event));
    free(deep);
    CHECK(event == 78 && guest.calls == 0);
    deep = repeated(128, "[", "", "]");
    CHECK_OK(coffer_hub_publish(db, "topic", deep, &event));
    free(deep);
    CHECK(guest.calls == 1 && event != 78);
    CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_references(db, "", NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_references(db, "no such", NULL));
}

static void no_subscription(coffer_subscription subscription)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(subscription));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_next(subscription, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_replay(subscription, 0));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_publish(subscription, "topic", "1", NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(subscription));
    CHECK(json == untouched);
}

/* Numbers that are no subscription, beside one that is. */
static void hub_garbage(coffer_db db)
{
    static const coffer_subscription made_up[] = {0, 1, 0xC1, UINT64_MAX, 0xDEADBEEFCAFEBABE, 0xC100000000000000};
    coffer_subscription ended[40];
    struct guest guest, other;
    uint64_t seed = 0x9E3779B97F4A7C15;
    size_t i, j;
    for (i = 0; i < LENGTH_OF(ended); i++) {
        invite(db, "topic", i % 2 == 0 ? DIRECT : NULL, NULL, &other);
        ended[i] = other.subscription;
        for (j = 0; j < i; j++)
            CHECK(ended[i] != ended[j]);
        CHECK_OK(coffer_hub_unsubscribe(ended[i]));
        CHECK(other.freed == 1);
    }
    invite(db, "topic", DIRECT, NULL, &guest);
    for (i = 0; i < LENGTH_OF(ended); i++)
        no_subscription(ended[i]);
    for (i = 0; i < LENGTH_OF(made_up); i++)
        no_subscription(made_up[i]);
    for (i = 0; i < 64; i++)
        no_subscription(guest.subscription ^ (uint64_t)1 << i);
    for (i = 0; i < 1000; i++)
        no_subscription(next_random(&seed) | 1u << 31);
    CHECK(guest.freed == 0 && coffer_live_handles() == 1);
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK(guest.calls == 1);
    CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
    CHECK(guest.freed == 1);
}

static void leave(struct guest *guest)
{
    CHECK_OK(coffer_hub_unsubscribe(guest->subscription));
    no_subscription(guest->subscription);
    /* Others, and this one that is gone, are published to from here too. */
    CHECK_OK(coffer_hub_publish(guest->db, "topic", "\"after\"", NULL));
}

static void publish_on(struct guest *guest)
{
    if (guest->left-- > 0)
        CHECK_OK(coffer_hub_publish(guest->db, "topic", "\"on\"", NULL));
}

static void poll_within(struct guest *guest)
{
    CHECK_OK(coffer_hub_poll(guest->db, 0, 0, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_publish(guest->db, "*", "1", NULL));
}

static void hub_callbacks(coffer_db db)
{
    static const char *const options[] = {NULL, DIRECT};
    struct guest guest, other;
    size_t i;
    for (i = 0; i < LENGTH_OF(options); i++) {
        invite(db, "topic", options[i], leave, &guest);
        invite(db, "topic", options[i], NULL, &other);
        CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
        CHECK_OK(coffer_hub_publish(db, "topic", "2", NULL));
        CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(guest.calls == 1 && guest.freed == 1 && other.calls == 3);
        CHECK_OK(coffer_hub_unsubscribe(other.subscription));
        invite(db, "topic", options[i], publish_on, &guest);
        guest.left = 500;
        CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
        CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(guest.calls == 501 && guest.deepest == 1 && guest.depth == 0);
        CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
        CHECK(guest.freed == 1);
        invite(db, "topic", options[i], poll_within, &guest);
        CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
        CHECK_OK(coffer_hub_publish(db, "topic", "2", NULL));
        CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(guest.calls == 2 && guest.deepest == 1);
        CHECK_OK(coffer_hub_unsubscribe(guest.subscription));
    }
}

void abuse_hub(coffer_db db)
{
    hub_nulls(db);
    hub_without_callback(db);
    hub_topics_and_options(db);
    hub_documents(db);
    hub_garbage(db);
    hub_callbacks(db);
}

static void close_own(struct guest *guest)
{
    CHECK_OK(coffer_close(guest->db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(guest->db));
    no_subscription(guest->subscription);
    every_hub_function_refuses(guest->db, COFFER_ERROR_INVALID_HANDLE);
}

static void save_on(struct guest *guest)
{
    if (guest->left-- > 0)
        CHECK_OK(coffer_save_persistent_data(guest->db, "from the callback", "1"));
}

void abuse_hub_stores(void)
{
    static const char *const options[] = {NULL, DIRECT, NULL, DIRECT};
    char path[PATH_ROOM];
    struct guest guest, other;
    coffer_db db, second;
    size_t i;
    for (i = 0; i < LENGTH_OF(options); i++) {
        fresh_path(path, "closed from within");
        second = 0;
        CHECK_OK(coffer_open(path, NULL, &db));
        /* The last handle of the store is closed from within, or one of two. */
        if (i >= 2)
            CHECK_OK(coffer_open(path, NULL, &second));
        invite(db, "*", options[i], close_own, &guest);
        invite(db, "*", options[i], NULL, &other);
        CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
        if (options[i] == NULL)
            CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(guest.calls == 1 && guest.freed == 1 && other.freed == 1 && other.calls <= 1);
        CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(db));
        if (second != 0)
            CHECK_OK(coffer_close(second));
        CHECK(coffer_live_handles() == 0);
        CHECK_OK(coffer_open(path, NULL, &db));
        CHECK_OK(coffer_load_persistent_data(db, "slot", NULL));
        invite(db, "*", options[i], save_on, &guest);
        guest.left = 50;
        CHECK_OK(coffer_save_persistent_data(db, "slot", "[2]"));
        CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(guest.calls == 51 && guest.deepest == 1);
        CHECK_OK(coffer_close(db));
        CHECK(guest.freed == 1);
    }
    CHECK_OK(coffer_open(path, "{\"read_only\":true}", &db));
    not_subscribed(db, "*", "{\"since\":1}", COFFER_ERROR_READ_ONLY);
    invite(db, "*", NULL, NULL, &guest);
    CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_hub_replay(guest.subscription, 0));
    CHECK_OK(coffer_close(db));
    CHECK(guest.freed == 1);
}
