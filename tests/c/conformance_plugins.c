/*
 * The conformance cases about plug-ins and the calls between them; conformance.c runs them with the others.
 *
 * It must not depend on threads, and on time only as far as a limit has to be over: plugin_threads.c has the rest.
 * Invariant: each case uses a fresh store, closes it, and knows how often every context was freed.
 */
#include "callee.h"
#include "conformance.h"

#include <stdio.h>
#include <string.h>

static void unregister(const char *name, struct callee *callee)
{
    CHECK(callee->freed == 0);
    CHECK_OK(coffer_hub_unregister_plugin(callee->db, name));
    CHECK(callee->freed == 1);
}

static void expect_answer(coffer_db db, const char *plugin, const char *method, const char *json, const char *expected)
{
    char *answer = NULL;
    CHECK_OK(coffer_hub_call(db, plugin, method, json, 10000, &answer));
    CHECK_SAME(expected, answer);
}

/* Fails with this status and a message that holds a text, and gives no answer. */
static void expect_failure(coffer_db db, const char *plugin, const char *method, const char *json, coffer_status expected,
                           const char *said)
{
    char *untouched = (char *)"as it was", *answer = untouched;
    uint32_t limit = expected == COFFER_ERROR_TIMED_OUT ? 30 : 10000;
    CHECK_STATUS(expected, coffer_hub_call(db, plugin, method, json, limit, &answer));
    CHECK(answer == untouched);
    CHECK(strstr(coffer_last_error(), said) != NULL);
}

static void expect_plugins(coffer_db db, const char *name, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_hub_plugins(db, name, &json));
    CHECK_SAME(expected, json);
}

static void poll_all(coffer_db db, size_t expected)
{
    size_t delivered = 777;
    CHECK_OK(coffer_hub_poll(db, 0, 0, &delivered));
    CHECK(delivered == expected);
}

/* The next event that waits tells of this plug-in. */
static void expect_event(coffer_subscription subscription, const char *topic, const char *name, const char *version,
                         const char *exports)
{
    const char *const parts[] = {"topic", topic, "source", "tools", "name", name, "version", version};
    char *json = NULL, expected[128];
    size_t i;
    CHECK_OK(coffer_hub_next(subscription, &json));
    for (i = 0; i < sizeof parts / sizeof parts[0]; i += 2) {
        snprintf(expected, sizeof expected, "\"%s\":\"%s\"", parts[i], parts[i + 1]);
        CHECK(strstr(json, expected) != NULL);
    }
    snprintf(expected, sizeof expected, "\"exports\":%s", exports);
    CHECK(strstr(json, expected) != NULL);
    coffer_string_free(json);
}

#define VIEW_A(dependencies) \
    "{\"name\":\"a\",\"version\":\"1.2.0\",\"holder\":\"tools\",\"dependencies\":[" dependencies \
    "],\"exports\":[\"optimize\",\"explain\"],\"direct\":false}"
#define NEEDS(name, requires, found, satisfied) \
    "{\"name\":\"" name "\",\"requires\":\"" requires "\",\"found\":" found ",\"satisfied\":" satisfied "}"
#define VIEW_B \
    "{\"name\":\"b\",\"version\":\"1.9.0\",\"holder\":\"tools\",\"dependencies\":[" \
    NEEDS("a", "*", "\"1.2.0\"", "true") "],\"exports\":[],\"direct\":false}"

static void refused_plugins(coffer_db one, coffer_db other)
{
    static const char *const wrong[] = {"1", "1.2", "one", "1.2.0.0", "", "01.2.0"};
    struct callee unused;
    char json[128];
    size_t i;
    memset(&unused, 0, sizeof unused);
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_register_plugin(other, "{\"name\":\"a\",\"version\":\"3.0.0\"}", take,
                                                                     &unused, count_ended));
    CHECK(strstr(coffer_last_error(), "tools") != NULL);
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_register_plugin(one, "{\"name\":\"a\",\"version\":\"3.0.0\"}", take,
                                                                     &unused, count_ended));
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_unregister_plugin(other, "a"));
    CHECK(strstr(coffer_last_error(), "tools") != NULL);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sprintf(json, "{\"name\":\"x\",\"version\":\"%s\"}", wrong[i]);
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_hub_register_plugin(one, json, take, &unused, count_ended));
    }
    CHECK(unused.freed == 0 && unused.calls == 0);
}

void hub_plugins(void)
{
    struct callee a, b, c;
    coffer_subscription events = 0;
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched;
    coffer_db one, other;
    fresh_path(path, "hub_plugins");
    one = open_at(path, "{\"plugin\":\"tools\"}");
    other = open_at(path, "{\"plugin\":\"other\"}");
    CHECK_OK(coffer_hub_subscribe(other, "plugin_*", NULL, NULL, NULL, NULL, &events));
    expect_plugins(one, NULL, "[]");
    register_as(one, "{\"name\":\"a\",\"version\":\"1.2.0\",\"dependencies\":{\"c\":\">=1\",\"b\":\"^2\"},"
                     "\"exports\":[\"optimize\",\"explain\"]}", NULL, &a);
    register_as(one, "{\"name\":\"b\",\"version\":\"1.9.0\",\"dependencies\":[\"a\"]}", NULL, &b);
    expect_plugins(other, "a", VIEW_A(NEEDS("b", "^2", "\"1.9.0\"", "false") "," NEEDS("c", ">=1", "null", "false")));
    refused_plugins(one, other);
    unregister("b", &b);
    register_as(other, "{\"name\":\"c\",\"version\":\"1.0.0-rc.1\",\"direct\":true}", NULL, &c);
    expect_plugins(one, "a", VIEW_A(NEEDS("b", "^2", "null", "false") "," NEEDS("c", ">=1", "\"1.0.0-rc.1\"", "false")));
    unregister("c", &c);
    register_as(other, "{\"name\":\"c\",\"version\":\"1.0.0\",\"direct\":true}", NULL, &c);
    register_as(one, "{\"name\":\"b\",\"version\":\"1.9.0\",\"dependencies\":[\"a\"]}", NULL, &b);
    expect_plugins(one, NULL,
                   "[" VIEW_A(NEEDS("b", "^2", "\"1.9.0\"", "false") "," NEEDS("c", ">=1", "\"1.0.0\"", "true")) "," VIEW_B
                   ",{\"name\":\"c\",\"version\":\"1.0.0\",\"holder\":\"other\",\"dependencies\":[],\"exports\":[],"
                   "\"direct\":true}]");
    unregister("a", &a);
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_unregister_plugin(one, "a"));
    CHECK_OK(coffer_close(one));
    CHECK(b.freed == 1 && c.freed == 0);
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_plugins(other, "cc", &json));
    CHECK(json == untouched && strstr(coffer_last_error(), "\"c\"") != NULL);
    expect_event(events, "plugin_registered", "a", "1.2.0", "[\"optimize\",\"explain\"]");
    CHECK_OK(coffer_hub_next(events, NULL));
    expect_event(events, "plugin_left", "b", "1.9.0", "[]");
    CHECK_OK(coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_next(events, NULL));
    expect_event(events, "plugin_left", "a", "1.2.0", "[\"optimize\",\"explain\"]");
    expect_event(events, "plugin_left", "b", "1.9.0", "[]");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(events, NULL));
    CHECK_OK(coffer_close(other));
    CHECK(a.freed == 1 && b.freed == 1 && c.freed == 1);
}

static const char odd[] = " {\"hp\" : 1.50e+1,\n\"b\":[ 1,2 ],\"n\":12345678901234567890123}";

static void pulled_calls(coffer_db one, coffer_db other)
{
    char *untouched = (char *)"as it was", *json = untouched;
    coffer_call call = 0;
    coffer_request request = 78;
    CHECK_OK(coffer_hub_register_plugin(one, "{\"name\":\"pulled\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}", NULL, NULL,
                                        NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next_call(one, &request, &json));
    CHECK_OK(coffer_hub_begin_call(other, "pulled", "m", "[1.0]", 10000, &call));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next_call(other, &request, &json));
    CHECK(json == untouched && request == 78);
    poll_all(one, 0);
    CHECK_OK(coffer_hub_next_call(one, &request, &json));
    CHECK_SAME("{\"plugin\":\"pulled\",\"method\":\"m\",\"caller\":\"the \\\"other\\\"\",\"argument\":[1.0]}", json);
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(call, 0, NULL));
    CHECK_OK(coffer_hub_answer(request, "[2.0]"));
    CHECK_OK(coffer_hub_await_call(call, 0, &json));
    CHECK_SAME("[2.0]", json);
    CHECK_OK(coffer_hub_unregister_plugin(one, "pulled"));
}

void hub_calls(void)
{
    struct callee polled, direct;
    char path[PATH_ROOM], *json = NULL;
    coffer_call call = 0;
    coffer_db one, other;
    fresh_path(path, "hub_calls");
    one = open_at(path, "{\"plugin\":\"one\"}");
    other = open_at(path, "{\"plugin\":\"the \\\"other\\\"\"}");
    register_as(one, "{\"name\":\"polled\",\"version\":\"1.0.0\",\"exports\":[\"n\",\"m\"]}", " [ 1.0 , 1e400] ", &polled);
    CHECK_OK(coffer_hub_begin_call(other, "polled", "m", odd, 10000, &call));
    /* Another handle's poll leaves it, and nobody else runs it. */
    poll_all(other, 0);
    CHECK(polled.calls == 0 && call != 0);
    poll_all(one, 1);
    expect_asked(&polled, 1, "the \"other\"", "m", odd);
    CHECK_OK(coffer_hub_await_call(call, 0, &json));
    CHECK_SAME(" [ 1.0 , 1e400] ", json);
    poll_all(one, 0);
    register_as(one, "{\"name\":\"direct\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}", odd, &direct);
    expect_answer(other, "direct", "m", "\"\xE2\x9A\x94 \\u0000\"", odd);
    expect_asked(&direct, 1, "the \"other\"", "m", "\"\xE2\x9A\x94 \\u0000\"");
    /* Through one's own handle, and with nobody who wants the answer. */
    CHECK_OK(coffer_hub_call(one, "direct", "m", " 1", 0, NULL));
    expect_asked(&direct, 2, "one", "m", " 1");
    poll_all(one, 0);
    unregister("polled", &polled);
    pulled_calls(one, other);
    CHECK_OK(coffer_close(other));
    CHECK(direct.freed == 0);
    CHECK_OK(coffer_close(one));
    CHECK(direct.freed == 1 && polled.freed == 1 && polled.calls == 1 && direct.calls == 2);
}

/* What is asked wrongly, what is answered wrongly, and what nobody answers in time. */
static void call_failures(coffer_db db, struct callee *p)
{
    coffer_request late;
    expect_failure(db, "optimiser", "m", "1", COFFER_ERROR_UNKNOWN_PLUGIN, "\"optimizer\"");
    expect_failure(db, "optimizer", "n", "1", COFFER_ERROR_UNKNOWN_PLUGIN, "\"m\"");
    expect_failure(db, "optimizer", "m", "{", COFFER_ERROR_INVALID_JSON, "");
    expect_failure(db, "optimizer", "m", "", COFFER_ERROR_INVALID_JSON, "");
    CHECK(p->calls == 0);
    p->reason = "no such hero";
    expect_failure(db, "optimizer", "m", "1", COFFER_ERROR_CALL_FAILED, "no such hero");
    p->reason = NULL;
    p->answer = NULL;
    expect_failure(db, "optimizer", "m", "1", COFFER_ERROR_TIMED_OUT, "optimizer");
    late = p->request;
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_answer(late, "{"));
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_answer(late, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(late, "1"));
    expect_failure(db, "optimizer", "m", "1", COFFER_ERROR_TIMED_OUT, "optimizer");
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_refuse(p->request, "too late"));
    CHECK(p->calls == 3);
    p->answer = "[3]";
    expect_answer(db, "optimizer", "m", "1", "[3]");
}

void hub_call_failures(void)
{
    struct callee p, a, b;
    coffer_db db = open_fresh("hub_call_failures");
    char *json = NULL;
    coffer_call call = 0;
    register_as(db, "{\"name\":\"optimizer\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}", NULL, &p);
    call_failures(db, &p);
    /* An answer that is no JSON leaves the request, so that a better one can follow. */
    p.answer = NULL;
    CHECK_OK(coffer_hub_begin_call(db, "optimizer", "m", "1", 10000, &call));
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_answer(p.request, "nul"));
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(call, 0, &json));
    CHECK_OK(coffer_hub_answer(p.request, "null"));
    CHECK_OK(coffer_hub_await_call(call, 0, &json));
    CHECK_SAME("null", json);
    register_as(db, "{\"name\":\"a\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}", NULL, &a);
    register_as(db, "{\"name\":\"b\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}", NULL, &b);
    a.next = "b";
    b.next = "a";
    expect_failure(db, "a", "m", "1", COFFER_ERROR_CALL_FAILED, "COFFER_ERROR_CALL");
    CHECK(a.calls == 16 && b.calls == 16 && a.too_deep == 0 && b.too_deep == 1);
    /* As deep again: the way back left nothing behind. One that ends the circle at its deepest gives the answer. */
    expect_failure(db, "b", "m", "1", COFFER_ERROR_CALL_FAILED, "COFFER_ERROR_CALL");
    CHECK(a.calls == 32 && b.calls == 32 && a.too_deep == 1 && b.too_deep == 1);
    b.next = "optimizer";
    p.answer = "[7]";
    expect_answer(db, "a", "m", "1", "[7]");
    p.next = "a";
    expect_failure(db, "optimizer", "m", "1", COFFER_ERROR_CALL_FAILED, "COFFER_ERROR_CALL");
    CHECK(a.next_status == COFFER_ERROR_CALL_FAILED && b.next_status == COFFER_ERROR_CALL_FAILED);
    CHECK(p.next_status == COFFER_ERROR_CALL_FAILED && a.too_deep == 2 && b.too_deep == 1 && p.too_deep == 0);
    b.next = "no such";
    expect_failure(db, "a", "m", "1", COFFER_ERROR_CALL_FAILED, "COFFER_ERROR_CALL_FAILED");
    CHECK(b.next_status == COFFER_ERROR_UNKNOWN_PLUGIN);
    CHECK_OK(coffer_close(db));
    CHECK(p.freed == 1 && a.freed == 1 && b.freed == 1);
}

void hub_begin_call(void)
{
    struct callee p;
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched;
    coffer_call first = 0, second = 0, third = 0;
    coffer_request pulled = 0;
    coffer_db one, other;
    fresh_path(path, "hub_begin_call");
    one = open_at(path, NULL);
    other = open_at(path, NULL);
    register_as(one, "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}", "[1]", &p);
    CHECK_OK(coffer_hub_begin_call(other, "p", "m", "1", 60000, &first));
    CHECK_OK(coffer_hub_begin_call(other, "p", "m", "2", 60000, &second));
    CHECK_OK(coffer_hub_begin_call(other, "p", "m", "3", 60000, &third));
    CHECK(first != 0 && second != 0 && third != 0 && first != second && second != third && first != third);
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(first, 0, &json));
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(first, 1000, &json));
    CHECK(json == untouched && p.calls == 0);
    CHECK_OK(coffer_hub_poll(one, 1, 0, NULL));
    expect_asked(&p, 1, "", "m", "1");
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(second, 0, &json));
    CHECK_OK(coffer_hub_await_call(first, 0, &json));
    CHECK_SAME("[1]", json);
    json = untouched;
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(first, 0, &json));
    /* One is left open when the plug-in leaves, one was never looked at. */
    p.answer = NULL;
    CHECK_OK(coffer_hub_poll(one, 1, 0, NULL));
    pulled = p.request;
    unregister("p", &p);
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(second, 0, &json));
    CHECK(strstr(coffer_last_error(), "left") != NULL);
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(third, 60000000, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(second, 0, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_answer(pulled, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(pulled, "1"));
    CHECK(json == untouched && p.calls == 2);
    /* A call goes with the handle that it was made through. */
    register_as(one, "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}", "[1]", &p);
    CHECK_OK(coffer_hub_begin_call(other, "p", "m", "1", 60000, &first));
    CHECK_OK(coffer_close(other));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(first, 0, &json));
    CHECK_OK(coffer_close(one));
    CHECK(p.freed == 1);
}
