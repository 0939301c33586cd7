/*
 * Wrong arguments of every kind, part eight: plug-ins that close handles, hosts that do what they like, and stores with
 * limits and names of their own.
 *
 * It must not depend on time further than that a limit is over after it. Invariant: a callback that closes its own handle,
 * be it the store's last, returns to code that is still there; what a host refused or did not answer did not happen; and
 * every context is freed exactly once.
 */
#define _XOPEN_SOURCE 700

#include "abuse_visitor.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void close_own(struct visitor *visitor)
{
    CHECK_OK(coffer_close(visitor->db));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(visitor->db));
    every_plugin_function_refuses(visitor->db, COFFER_ERROR_INVALID_HANDLE);
    visitor->status = coffer_hub_answer(visitor->request, "[\"gone\"]");
}

/* The handle of a plug-in is closed by its callback, which the same or another handle called; maybe as the last. */
static void closing_from_within(const char *path, int is_polled, int has_other, int answers_before, int waits)
{
    const coffer_status expected = answers_before ? COFFER_OK : COFFER_ERROR_CALL_FAILED;
    struct visitor visitor;
    coffer_db db = 0, other = 0, caller;
    coffer_call call = 77;
    CHECK_OK(coffer_open(path, NULL, &db));
    if (has_other)
        CHECK_OK(coffer_open(path, NULL, &other));
    caller = has_other ? other : db;
    invite_callee(db, is_polled ? POLLED : DIRECT, close_own, &visitor);
    visitor.answers_before = answers_before != 0;
    if (waits) {
        CHECK_STATUS(expected, coffer_hub_call(caller, "p", "m", "1", 600000, NULL));
    } else if (has_other || is_polled) {
        call = begin(caller);
        if (is_polled)
            CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        if (has_other)
            expect_outcome(call, expected, "[\"before\"]");
        else
            CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(call, 0, NULL));
    } else {
        /* The call went with the handle, before there was one. */
        CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_begin_call(db, "p", "m", "1", 600000, &call));
        CHECK(call == 77);
    }
    CHECK(visitor.calls == 1 && visitor.freed == 1);
    CHECK(visitor.status == (answers_before ? COFFER_ERROR_INVALID_HANDLE : COFFER_ERROR_INVALID_ARGUMENT));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(db));
    if (has_other)
        CHECK_OK(coffer_close(other));
    CHECK(coffer_live_handles() == 0 && visitor.freed == 1);
}

static void withdraw(struct visitor *visitor)
{
    CHECK_OK(coffer_hub_supply(visitor->db, NULL, NULL, NULL, NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_supply(visitor->db, NULL, NULL, NULL, NULL));
    visitor->status = coffer_hub_answer(visitor->request, "[\"gone\"]");
}

/* A host that is withdrawn, or whose handle is closed, from within its own callback. */
static void hosts_that_leave(const char *path, void (*act)(struct visitor *), int has_other, int answers_before)
{
    struct visitor visitor;
    uint64_t event = 77;
    coffer_db db = 0, other = 0;
    CHECK_OK(coffer_open(path, NULL, &db));
    if (has_other)
        CHECK_OK(coffer_open(path, NULL, &other));
    invite_callee(db, NULL, act, &visitor);
    visitor.answers_before = answers_before != 0;
    /* Whether it answers before or not at all: it refused nothing. */
    CHECK_OK(coffer_hub_publish(has_other ? other : db, "topic", "1", &event));
    CHECK(event != 77 && visitor.calls == 1 && visitor.freed == 1);
    CHECK(visitor.status == (answers_before ? COFFER_ERROR_INVALID_HANDLE : COFFER_ERROR_INVALID_ARGUMENT));
    if (has_other) {
        CHECK_OK(coffer_hub_publish(other, "topic", "2", NULL));
        CHECK_OK(coffer_close(other));
    }
    CHECK_STATUS(act == withdraw ? COFFER_OK : COFFER_ERROR_INVALID_HANDLE, coffer_close(db));
    CHECK(visitor.calls == 1 && visitor.freed == 1 && coffer_live_handles() == 0);
}

static void publish_on(struct visitor *visitor)
{
    coffer_status status = coffer_hub_publish(visitor->db, "topic", "[\"on\"]", NULL);
    if (visitor->depth == 32)
        CHECK(status == COFFER_ERROR_CALLS_TOO_DEEP);
    else
        CHECK(status == COFFER_OK && visitor->deepest == 32);
}

static void save_on(struct visitor *visitor)
{
    if (visitor->left-- > 0)
        CHECK_OK(coffer_save_persistent_data(visitor->db, "from the host", "1"));
}

static void refuse(struct visitor *visitor)
{
    CHECK_OK(coffer_hub_refuse(visitor->request, "no"));
}

static void answer_badly(struct visitor *visitor)
{
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_answer(visitor->request, "{"));
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_hub_answer(visitor->request, NULL));
}

/* Hosts that ask for more of what they are asked, that answer what nobody expects, and one that says nothing. */
static void hosts(const char *path)
{
    struct visitor visitor;
    size_t delivered = 0;
    uint64_t event = 77;
    coffer_subscription hears = 0;
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_hub_subscribe(db, "topic", NULL, NULL, NULL, NULL, &hears));
    invite_callee(db, NULL, publish_on, &visitor);
    visitor.answers_after = 1;
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK(visitor.calls == 32 && visitor.deepest == 32);
    while (coffer_hub_next(hears, NULL) == COFFER_OK)
        delivered++;
    CHECK(delivered == 32);
    visitor.act = answer_badly;
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK_OK(coffer_hub_next(hears, NULL));
    /* Any JSON will do, for a reference too. */
    CHECK_OK(coffer_register_database_as_master_reference(db, NULL));
    visitor.act = NULL;
    visitor.answers_after = 0;
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_publish(db, "topic", "2", &event));
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_answer(visitor.request, "1"));
    CHECK(event == 77);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(hears, NULL));
    CHECK_OK(coffer_hub_supply(db, NULL, NULL, NULL, NULL));
    CHECK(visitor.freed == 1);
    CHECK_OK(coffer_close(db));
}

static double seconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Hosts that are handed commits: one that saves at each, and one that leaves them unanswered or refuses them. */
static void hosts_of_commits(const char *path)
{
    struct visitor visitor;
    coffer_db db = 0;
    double start;
    int i;
    CHECK_OK(coffer_open(path, NULL, &db));
    memset(&visitor, 0, sizeof visitor);
    visitor.db = db;
    visitor.act = save_on;
    visitor.left = 50;
    visitor.answers_after = 1;
    CHECK_OK(coffer_hub_supply(db, "{\"changes\":true,\"data\":true}", visit_call, &visitor, count_visitor));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK(visitor.calls == 51 && visitor.deepest == 1);
    visitor.act = NULL;
    visitor.answers_after = 0;
    start = seconds();
    for (i = 0; i < 5; i++)
        CHECK_OK(coffer_save_persistent_data(db, "slot", "[2]"));
    CHECK(visitor.calls == 56 && seconds() - start < 2);
    visitor.act = refuse;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[3]"));
    CHECK(visitor.calls == 57);
    CHECK_OK(coffer_load_persistent_data(db, "slot", NULL));
    /* Nor does a host have to be there when the commit comes: one that closes its handle is the last thing it hears. */
    visitor.act = close_own;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[4]"));
    CHECK(visitor.calls == 58 && visitor.freed == 1 && coffer_live_handles() == 0);
}

/* Stores whose own limits or names matter, and one that is only read. */
static void other_stores(const char *path)
{
    struct visitor visitor;
    char *text = long_document(101), *json = NULL;
    coffer_db db = 0, reader = 0;
    CHECK_OK(coffer_open(path, "{\"max_document_bytes\":100,\"max_depth\":2,\"plugin\":\"a\\u0000\\n\\\"b\"}", &db));
    invite_callee(db, DIRECT, NULL, &visitor);
    CHECK_STATUS(COFFER_ERROR_TOO_LARGE, coffer_hub_call(db, "p", "m", text, 0, NULL));
    CHECK_STATUS(COFFER_ERROR_TOO_DEEP, coffer_hub_call(db, "p", "m", "[[[]]]", 0, NULL));
    CHECK(visitor.calls == 0);
    CHECK_OK(coffer_hub_plugins(db, "p", &json));
    CHECK(strstr(json, "\"holder\":\"a\\u0000\\n\\\"b\"") != NULL);
    coffer_string_free(json);
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_register_plugin(db, DIRECT, visit_call, &visitor, count_visitor));
    CHECK(visitor.freed == 0);
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(begin(db), 0, NULL));
    free(text);
    CHECK_OK(coffer_close(db));
    CHECK(visitor.freed == 1);
    CHECK_OK(coffer_open(path, "{\"read_only\":true}", &reader));
    invite_callee(reader, DIRECT, NULL, &visitor);
    visitor.answers_after = 1;
    expect_outcome(begin(reader), COFFER_OK, "[\"after\"]");
    dismiss(&visitor);
    CHECK_OK(coffer_close(reader));
}

void abuse_call_stores(void)
{
    char path[PATH_ROOM];
    int i;
    fresh_path(path, "closed by a callee");
    for (i = 0; i < 16; i++)
        if (!((i & 1) && (i & 8))) /* nobody polls while the only thread waits */
            closing_from_within(path, i & 1, i & 2, i & 4, i & 8);
    for (i = 0; i < 8; i++)
        hosts_that_leave(path, i & 1 ? withdraw : close_own, i & 2, (i & 4) != 0);
    hosts(path);
    hosts_of_commits(path);
    other_stores(path);
}
