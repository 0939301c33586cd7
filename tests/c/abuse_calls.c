/*
 * Wrong arguments of every kind, part seven: answers at the wrong time or place, and plug-ins whose callbacks do what they
 * like.
 *
 * It must not depend on time further than that a limit is over after it; abuse_hosts.c has hosts, and what closes handles.
 * Invariant: a request is answered once, a caller gets one outcome, a callback that ends its own plug-in returns to code
 * that is still there, and every context is freed exactly once.
 */
#include "abuse_visitor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

/* Answers what it is given, and notes what came of it. */
static void *answer_elsewhere(void *given)
{
    struct visitor *visitor = given;
    sleep_ms(visitor->left);
    visitor->status = coffer_hub_answer(visitor->request, "[\"elsewhere\"]");
    return NULL;
}

static void answer_from_a_thread(struct visitor *visitor)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, answer_elsewhere, visitor) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(visitor->status == COFFER_OK);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(visitor->request, "1"));
}

static void answers_from_threads(coffer_db db)
{
    struct visitor visitor;
    pthread_t thread;
    coffer_call call;
    char *json = NULL;
    int round, here;
    invite_callee(db, DIRECT, answer_from_a_thread, &visitor);
    CHECK_OK(coffer_hub_call(db, "p", "m", "1", 600000, &json));
    CHECK_SAME("[\"elsewhere\"]", json);
    /* After the callback, while the caller waits. */
    visitor.act = NULL;
    call = begin(db);
    visitor.left = 10;
    CHECK(pthread_create(&thread, NULL, answer_elsewhere, &visitor) == 0);
    CHECK_OK(coffer_hub_await_call(call, 60000000, &json));
    CHECK_SAME("[\"elsewhere\"]", json);
    CHECK(pthread_join(thread, NULL) == 0);
    /* Two at once: one of them answers. */
    visitor.left = 0;
    for (round = 0; round < sized(300, 20); round++) {
        call = begin(db);
        CHECK(pthread_create(&thread, NULL, answer_elsewhere, &visitor) == 0);
        here = coffer_hub_answer(visitor.request, "[\"here\"]");
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(here == COFFER_OK ? visitor.status == COFFER_ERROR_INVALID_HANDLE
                                : here == COFFER_ERROR_INVALID_HANDLE && visitor.status == COFFER_OK);
        expect_outcome(call, COFFER_OK, here == COFFER_OK ? "[\"here\"]" : "[\"elsewhere\"]");
    }
    dismiss(&visitor);
}

static void answers_at_the_wrong_time(coffer_db db)
{
    struct visitor visitor;
    coffer_call call;
    coffer_request first;
    invite_callee(db, DIRECT, NULL, &visitor);
    call = begin(db);
    CHECK_OK(coffer_hub_answer(visitor.request, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(visitor.request, "2"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_refuse(visitor.request, "no"));
    expect_outcome(call, COFFER_OK, "1");
    call = begin(db);
    CHECK_OK(coffer_hub_refuse(visitor.request, "no"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(visitor.request, "2"));
    expect_outcome(call, COFFER_ERROR_CALL_FAILED, NULL);
    CHECK_OK(coffer_hub_begin_call(db, "p", "m", "1", 1, &call));
    first = visitor.request;
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_call(db, "p", "m", "1", 1, NULL));
    sleep_ms(3);
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_refuse(first, "too late"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_refuse(first, "too late"));
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_answer(visitor.request, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(visitor.request, "1"));
    expect_outcome(call, COFFER_ERROR_TIMED_OUT, NULL);
    /* The limit is over before anybody polls, so that nobody is called. */
    dismiss(&visitor);
    invite_callee(db, POLLED, NULL, &visitor);
    CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_call(db, "p", "m", "1", 1, NULL));
    CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
    CHECK(visitor.calls == 0);
    dismiss(&visitor);
}

/* What a plug-in says becomes one short line for its caller. */
static void reasons(coffer_db db)
{
    static const char *const odd[] = {"", "two\nlines\r\n", "\x01\x1B[31m\x7F\t", "\xE2\x9A\x94", "%s%n%d", "\xC2\x85\xC2\x9F",
                                      "\xE2\x80\xA8"};
    struct visitor visitor;
    char *text;
    coffer_call call;
    size_t i;
    invite_callee(db, DIRECT, NULL, &visitor);
    for (i = 0; i < LENGTH_OF(odd); i++) {
        call = begin(db);
        CHECK_OK(coffer_hub_refuse(visitor.request, odd[i]));
        expect_outcome(call, COFFER_ERROR_CALL_FAILED, NULL);
    }
    for (i = 900; i < 1100; i++) {
        text = repeated(i, "\xE2\x9A\x94", "\n", "");
        call = begin(db);
        CHECK_OK(coffer_hub_refuse(visitor.request, text));
        expect_outcome(call, COFFER_ERROR_CALL_FAILED, NULL);
        free(text);
    }
    text = repeated(10000000, "n", "", "");
    call = begin(db);
    CHECK_OK(coffer_hub_refuse(visitor.request, text));
    expect_outcome(call, COFFER_ERROR_CALL_FAILED, NULL);
    free(text);
    dismiss(&visitor);
}

static void leave(struct visitor *visitor)
{
    coffer_call call = 77;
    CHECK_OK(coffer_hub_unregister_plugin(visitor->db, "p"));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_unregister_plugin(visitor->db, "p"));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_begin_call(visitor->db, "p", "m", "1", 0, &call));
    CHECK(call == 77);
    visitor->status = coffer_hub_answer(visitor->request, "[\"gone\"]");
}

/* Its name is free at once; whoever takes it has another context. */
static void leave_and_come_back(struct visitor *visitor)
{
    static struct visitor next;
    leave(visitor);
    invite_callee(visitor->db, DIRECT, NULL, &next);
    next.answers_after = 1;
    CHECK_OK(coffer_hub_call(visitor->db, "p", "m", "1", 600000, NULL));
    CHECK(next.calls == 1);
    dismiss(&next);
}

static void leaving_from_within(coffer_db db)
{
    static const char *const kinds[] = {DIRECT, POLLED};
    void (*const acts[])(struct visitor *) = {leave, leave_and_come_back};
    struct visitor visitor;
    coffer_call call;
    size_t i;
    for (i = 0; i < 8; i++) {
        invite_callee(db, kinds[i % 2], acts[i / 2 % 2], &visitor);
        visitor.answers_before = i >= 4;
        call = begin(db);
        CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
        CHECK(visitor.calls == 1 && visitor.freed == 1);
        CHECK(visitor.status == (visitor.answers_before ? COFFER_ERROR_INVALID_HANDLE : COFFER_ERROR_INVALID_ARGUMENT));
        expect_outcome(call, visitor.answers_before ? COFFER_OK : COFFER_ERROR_CALL_FAILED, "[\"before\"]");
    }
}

static void call_itself(struct visitor *visitor)
{
    coffer_status status = coffer_hub_call(visitor->db, "p", "m", "1", 600000, NULL);
    if (visitor->depth == 32)
        CHECK(status == COFFER_ERROR_CALLS_TOO_DEEP);
    else
        CHECK(status == COFFER_OK && visitor->deepest == 32);
}

/* The innermost ends all that it is in. */
static void leave_at_the_bottom(struct visitor *visitor)
{
    coffer_status status;
    if (visitor->depth == 20) {
        CHECK_OK(coffer_hub_unregister_plugin(visitor->db, "p"));
        return;
    }
    status = coffer_hub_call(visitor->db, "p", "m", "1", 600000, NULL);
    CHECK(status == COFFER_ERROR_CALL_FAILED && visitor->deepest == 20);
}

/* So many calls would overflow the stack if a poll within a callback called that callback again. */
#define WAITING 20000

static void poll_within(struct visitor *visitor)
{
    coffer_request own = visitor->request;
    CHECK_OK(coffer_hub_poll(visitor->db, 0, 0, NULL));
    CHECK_OK(coffer_hub_answer(own, "1"));
}

static void circles(coffer_db db)
{
    static coffer_call calls[WAITING];
    struct visitor visitor;
    int i;
    invite_callee(db, DIRECT, call_itself, &visitor);
    visitor.answers_before = 0;
    visitor.answers_after = 1;
    /* Each level keeps its own request in `visit_call`, so that each is answered. */
    CHECK_OK(coffer_hub_call(db, "p", "m", "1", 600000, NULL));
    CHECK(visitor.calls == 32 && visitor.deepest == 32 && visitor.depth == 0);
    CHECK_OK(coffer_hub_call(db, "p", "m", "1", 600000, NULL));
    CHECK(visitor.calls == 64 && visitor.deepest == 32);
    dismiss(&visitor);
    invite_callee(db, DIRECT, leave_at_the_bottom, &visitor);
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_call(db, "p", "m", "1", 600000, NULL));
    CHECK(visitor.calls == 20 && visitor.freed == 1);
    invite_callee(db, POLLED, poll_within, &visitor);
    for (i = 0; i < sized(WAITING, 100); i++)
        calls[i] = begin(db);
    CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
    CHECK(visitor.calls == sized(WAITING, 100) && visitor.deepest == 1);
    for (i = 0; i < sized(WAITING, 100); i++)
        expect_outcome(calls[i], COFFER_OK, "1");
    dismiss(&visitor);
}

/* As many calls as may be under way, and one more. */
static void too_many_calls(coffer_db db)
{
    const int most = 65536;
    struct visitor visitor;
    coffer_call untouched = 77, last = 0;
    coffer_db other = 0;
    char path[PATH_ROOM];
    int i;
    fresh_path(path, "many calls");
    CHECK_OK(coffer_open(path, NULL, &other));
    invite_callee(other, DIRECT, NULL, &visitor);
    visitor.answers_after = 1;
    for (i = 0; i < most; i++)
        last = begin(other);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_begin_call(other, "p", "m", "1", 0, &untouched));
    CHECK(untouched == 77);
    expect_outcome(last, COFFER_OK, "[\"after\"]");
    last = begin(other);
    CHECK_OK(coffer_close(other));
    CHECK(visitor.freed == 1);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(last, 0, NULL));
    /* Closing gave them all back. */
    invite_callee(db, DIRECT, NULL, &visitor);
    visitor.answers_after = 1;
    expect_outcome(begin(db), COFFER_OK, "[\"after\"]");
    dismiss(&visitor);
}

void abuse_calls(coffer_db db)
{
    answers_from_threads(db);
    answers_at_the_wrong_time(db);
    reasons(db);
    leaving_from_within(db);
    circles(db);
    if (sized(1, 0))
        too_many_calls(db);
}
