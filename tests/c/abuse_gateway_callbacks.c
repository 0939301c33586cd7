/*
 * The gateway while callbacks do what they like: plug-ins that answer its endpoints late, never, twice or not as they should,
 * or end what they are part of; subscribers that hear of what a request saved; and those who are told a progress.
 *
 * It must not depend on time further than that a plug-in's limit is over after it. Invariant: each request has one answer,
 * and nobody waits for what waits for it: that is refused.
 */
#define _XOPEN_SOURCE 700

#include "abuse_visitor.h"
#include "callee.h"
#include "http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define ENDPOINT "{\"plugin\":\"p\",\"call\":\"m\",\"method\":\"POST\",\"path\":\"/p/{x}\"}"
#define ASK_PLUGIN(api) ask(api, "POST", "/p/x", NULL, "[1]")
#define FULL "{\"full\":true}"

static coffer_db fresh_store(char *path, const char *name)
{
    coffer_db db = 0;
    fresh_path(path, name);
    CHECK_OK(coffer_open(path, NULL, &db));
    return db;
}

static struct api with_endpoint(coffer_db db)
{
    struct api api;
    register_api(db, NULL, &api, NULL);
    CHECK_OK(coffer_gateway_register_endpoint(db, ENDPOINT, NULL));
    return api;
}

/* JSON that is no response, and responses that would break HTTP. */
static void odd_answers(coffer_db db)
{
    static const char *const wrong[] = {
        "1", "\"x\"", "[]", "[200,null,{}]", "null", "true", "{\"status\":\"200\"}", "{\"status\":99}", "{\"status\":100}",
        "{\"status\":101}", "{\"status\":600}", "{\"status\":-1}", "{\"status\":65536}", "{\"status\":200.5}",
        "{\"nonsense\":1}",
        "{\"headers\":[]}", "{\"headers\":{\"a\":1}}", "{\"headers\":{\"content-length\":\"5\"}}",
        "{\"headers\":{\"\":\"x\"}}",
        "{\"headers\":{\"Transfer-Encoding\":\"chunked\"}}", "{\"headers\":{\"connection\":\"upgrade\"}}",
        "{\"headers\":{\"a\\r\\nb\":\"c\"}}", "{\"headers\":{\"a\":\"b\\r\\n\\r\\nc\"}}",
        "{\"headers\":{\"a\":\"\\u0000\"}}"};
    static const struct {
        const char *json;
        int status;
    } odd[] = {{"{}", 204}, {"{\"body\":null}", 200}, {"{\"status\":204,\"body\":[1]}", 204},
    {"{\"status\":599,\"headers\":{}}", 599},
               {"{\"status\":304,\"body\":1}", 304}, {"{\"headers\":{\"x-odd\":\"\xC3\xA9\"},\"body\":\"\\u0000\"}", 200}};
    struct api api = with_endpoint(db);
    struct callee callee;
    char *request, *json = NULL;
    size_t i;
    register_as(db, DIRECT, NULL, &callee);
    for (i = 0; i < LENGTH_OF(wrong); i++) {
        callee.answer = wrong[i];
        CHECK_ANSWERED(502, ASK_PLUGIN(&api));
    }
    request = request_json(&api, "POST", "/p/x", NULL, NULL);
    for (i = 0; i < LENGTH_OF(odd); i++) {
        char expected[32];
        callee.answer = odd[i].json;
        /* What a plug-in answers with 599 is its own, and no problem of ours. */
        CHECK_OK(coffer_gateway_handle_request(db, request, &json));
        sprintf(expected, "{\"status\":%d,", odd[i].status);
        CHECK_HOLDS(json, expected);
        coffer_string_free(json);
    }
    free(request);
    CHECK(callee.calls == (int)(LENGTH_OF(wrong) + LENGTH_OF(odd)));
    CHECK_OK(coffer_unregister_database_api(db));
    CHECK_OK(coffer_hub_unregister_plugin(db, "p"));
    CHECK(callee.freed == 1);
}

static void answer_badly(struct visitor *visitor)
{
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_answer(visitor->request, "{"));
    CHECK_STATUS(COFFER_ERROR_INVALID_UTF8, coffer_hub_answer(visitor->request, "\"\xFF\""));
}

static void answer_twice(struct visitor *visitor)
{
    CHECK_OK(coffer_hub_answer(visitor->request, "{\"body\":1}"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(visitor->request, "{\"body\":2}"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_refuse(visitor->request, "no"));
}

static void leave(struct visitor *visitor)
{
    CHECK_OK(coffer_hub_unregister_plugin(visitor->db, "p"));
    visitor->status = coffer_hub_answer(visitor->request, "{\"body\":1}");
}

static void leave_the_path(struct visitor *visitor)
{
    CHECK_OK(coffer_gateway_unregister_endpoint(visitor->db, "p.m"));
    CHECK_OK(coffer_hub_answer(visitor->request, "{\"body\":1}"));
}

/* Whoever answers cannot end what waits for the answer. */
static void end_the_api(struct visitor *visitor)
{
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_unregister_database_api(visitor->db));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_close(visitor->db));
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_register_database_api(visitor->db, NULL, NULL));
    CHECK_OK(coffer_save_persistent_data(visitor->db, "from the callback", "1"));
    CHECK_OK(coffer_hub_answer(visitor->request, "{\"body\":1}"));
}

static const struct api *asked_within;

/* Each level asks the next; the last one is too deep. */
static void ask_within(struct visitor *visitor)
{
    coffer_request own = visitor->request;
    struct answer answer = ASK_PLUGIN(asked_within);
    CHECK(answer.status == 200 || (answer.status == 508 && visitor->depth == 32));
    forget(&answer);
    CHECK_OK(coffer_hub_answer(own, "{\"body\":1}"));
}

static void direct_plugins(coffer_db db)
{
    static const struct {
        void (*act)(struct visitor *);
        int expected, then;
    } kinds[] = {{answer_twice, 200, 200}, {answer_badly, 504, 504}, {leave, 502, 503}, {leave_the_path, 200, 404},
                 {end_the_api, 200, 200}};
    struct visitor visitor;
    size_t i;
    for (i = 0; i < LENGTH_OF(kinds); i++) {
        struct api api = with_endpoint(db);
        invite_callee(db, DIRECT, kinds[i].act, &visitor);
        CHECK_ANSWERED(kinds[i].expected, ASK_PLUGIN(&api));
        if (kinds[i].then != 504)
            CHECK_ANSWERED(kinds[i].then, ASK_PLUGIN(&api));
        CHECK_OK(coffer_unregister_database_api(db));
        if (kinds[i].act == leave)
            CHECK(visitor.freed == 1 && visitor.status == COFFER_ERROR_INVALID_ARGUMENT);
        else
            dismiss(&visitor);
        if (kinds[i].act == answer_badly)
            CHECK_STATUS(COFFER_ERROR_TIMED_OUT, coffer_hub_answer(visitor.request, "{}"));
    }
    CHECK_OK(coffer_clear_database_entry(db, "from the callback"));
}

static void recursion(coffer_db db)
{
    struct api api = with_endpoint(db);
    struct visitor visitor;
    invite_callee(db, DIRECT, ask_within, &visitor);
    asked_within = &api;
    CHECK_ANSWERED(200, ASK_PLUGIN(&api));
    CHECK(visitor.calls == 32 && visitor.deepest == 32 && visitor.depth == 0);
    CHECK_OK(coffer_unregister_database_api(db));
    dismiss(&visitor);
}

/* A thread that asks one thing of an API, again if the limit was over, and what it was answered. */
struct asker {
    pthread_t thread;
    const struct api *api;
    int is_patient, status;
};

static void *ask_plugin(void *context)
{
    struct asker *asker = context;
    struct answer answer;
    do {
        answer = ASK_PLUGIN(asker->api);
        asker->status = answer.status;
        forget(&answer);
    } while (asker->status == 504 && asker->is_patient);
    return NULL;
}

static void end_from_outside(struct visitor *visitor)
{
    CHECK_OK(coffer_unregister_database_api(visitor->db));
}

static void close_from_outside(struct visitor *visitor)
{
    CHECK_OK(coffer_close(visitor->db));
}

/* What is polled runs on a thread that answers no request, so that it may end what the request waits in. */
static void polled_plugins(void (*act)(struct visitor *), int has_other)
{
    char path[PATH_ROOM];
    coffer_db db = fresh_store(path, "polled endpoints"), other = 0;
    struct api api = with_endpoint(db), through;
    struct asker asker;
    struct visitor visitor;
    size_t delivered = 0;
    if (has_other)
        CHECK_OK(coffer_open(path, NULL, &other));
    invite_callee(db, POLLED, act, &visitor);
    through = api;
    through.db = has_other ? other : db;
    asker.api = &through;
    asker.is_patient = 1;
    CHECK(pthread_create(&asker.thread, NULL, ask_plugin, &asker) == 0);
    while (delivered == 0)
        CHECK_OK(coffer_hub_poll(db, 0, 1000, &delivered));
    CHECK(pthread_join(asker.thread, NULL) == 0);
    CHECK(visitor.calls == 1 && (asker.status == 503 || asker.status == 502));
    CHECK_STATUS(act == close_from_outside ? COFFER_ERROR_INVALID_HANDLE : COFFER_OK, coffer_close(db));
    CHECK(visitor.freed == 1);
    if (has_other) {
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_unregister_database_api(other));
        CHECK_OK(coffer_close(other));
    }
}

/* Nobody answers, and those who wait leave when the API ends; it does not wait for the limit of each. */
static void ending_under_requests(void)
{
    enum { ASKERS = 8 };
    char path[PATH_ROOM];
    coffer_db db = fresh_store(path, "ended under requests");
    struct api api = with_endpoint(db);
    struct asker askers[ASKERS];
    struct visitor visitor;
    struct answer answer;
    int i, waiting;
    invite_callee(db, POLLED, NULL, &visitor);
    for (i = 0; i < ASKERS; i++) {
        askers[i].api = &api;
        askers[i].is_patient = 0;
        CHECK(pthread_create(&askers[i].thread, NULL, ask_plugin, &askers[i]) == 0);
    }
    do {
        answer = ask(&api, "GET", "/api/database/limits", NULL, NULL);
        waiting = strstr(answer.body, "\"path\":\"/p/{x}\",\"per_minute\":6000,\"used\":8,") != NULL;
        forget(&answer);
    } while (!waiting);
    CHECK_OK(coffer_close(db));
    for (i = 0; i < ASKERS; i++) {
        CHECK(pthread_join(askers[i].thread, NULL) == 0);
        /* On a slow machine the limit of some was over. */
        CHECK(askers[i].status >= 502 && askers[i].status <= 504);
    }
    CHECK(visitor.calls == 0 && visitor.freed == 1 && coffer_live_handles() == 0);
}

/* Hears of each commit on the thread that made it, which is answering a request. */
static void hear_of_commit(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                           int64_t time_ms, const char *json)
{
    struct visitor *visitor = context;
    (void)topic, (void)sequence, (void)event_id, (void)source, (void)time_ms, (void)json;
    visitor->calls++;
    visitor->status = coffer_unregister_database_api(visitor->db);
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_close(visitor->db));
    CHECK_OK(coffer_load_persistent_data(visitor->db, "heard", NULL));
}

static void subscribers(void)
{
    char path[PATH_ROOM];
    coffer_db db = fresh_store(path, "heard of requests");
    struct visitor visitor;
    struct api api;
    int i;
    memset(&visitor, 0, sizeof visitor);
    visitor.db = db;
    CHECK_OK(coffer_hub_subscribe(db, "database_changed", "{\"direct\":true}", hear_of_commit, &visitor, count_visitor,
                                  &visitor.request));
    register_api(db, "{\"allow_write\":true,\"listen\":\"127.0.0.1:0\"}", &api, NULL);
    for (i = 0; i < 4; i++) {
        CHECK_ANSWERED(i == 0 ? 201 : 204, (i % 2 == 0 ? ask : ask_server)(&api, "PUT", DOCUMENT("heard"), NULL, "1"));
        CHECK(visitor.calls == i + 1 && visitor.status == COFFER_ERROR_INVALID_ARGUMENT);
    }
    CHECK_OK(coffer_close(db));
    CHECK(visitor.freed == 1 && coffer_live_handles() == 0);
}

/* Somebody who is told the progress of an export or a check, while a request waits for that to end. */
struct told {
    const struct api *api;
    pthread_t thread;
    int calls;
};

static void *ask_for_the_same(void *context)
{
    const struct told *told = context;
    struct answer answer = ask(told->api, "GET", "/api/database/health?full=true", NULL, NULL);
    CHECK(answer.status == 200 || answer.status == 503);
    forget(&answer);
    return NULL;
}

static int32_t end_while_told(void *context, uint64_t done, uint64_t total)
{
    static const char *const refused[] = {"/api/database/export", "/api/database/health?full=true"};
    struct told *told = context;
    const coffer_db db = told->api->db;
    size_t i;
    CHECK(done <= total);
    if (told->calls++ > 0)
        return 0;
    CHECK_ANSWERED(200, ask(told->api, "GET", STATUS, NULL, NULL));
    CHECK_ANSWERED(200, ask(told->api, "GET", "/api/database/health", NULL, NULL));
    for (i = 0; i < LENGTH_OF(refused); i++)
        CHECK_ANSWERED(400, ask(told->api, "GET", refused[i], NULL, NULL));
    CHECK_ANSWERED(400, ask(told->api, "POST", "/api/database/snapshots/latest/restore", NULL, NULL));
    CHECK_ANSWERED(400, ask(told->api, "POST", "/api/database/import", NULL, "{\"a\":1}"));
    CHECK(pthread_create(&told->thread, NULL, ask_for_the_same, told) == 0);
    sleep_ms(100);
    /* The request waits for this, and ending the API would wait for the request. */
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_unregister_database_api(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_close(db));
    return 0;
}

static void progress(void)
{
    char path[PATH_ROOM], file[PATH_ROOM];
    coffer_db db = fresh_store(path, "progress and requests");
    struct told told = {NULL, 0, 0};
    struct api api;
    int i;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    CHECK_OK(coffer_create_database_snapshot(db, NULL, NULL));
    register_api(db, "{\"allow_write\":true}", &api, NULL);
    fresh_path(file, "progress.export");
    told.api = &api;
    for (i = 0; i < 2; i++) {
        told.calls = 0;
        if (i == 0)
            CHECK_OK(coffer_export_database_for_sharing(db, NULL, file, end_while_told, &told, NULL));
        else
            CHECK_OK(coffer_analyze_database_health(db, FULL, end_while_told, &told, NULL));
        CHECK(told.calls > 0 && pthread_join(told.thread, NULL) == 0);
    }
    CHECK_OK(coffer_unregister_database_api(db));
    CHECK_OK(coffer_close(db));
}

void abuse_gateway_callbacks(void)
{
    char path[PATH_ROOM];
    coffer_db db = fresh_store(path, "endpoints");
    /* Nobody waits for ever. */
    alarm(300);
    odd_answers(db);
    direct_plugins(db);
    recursion(db);
    CHECK_OK(coffer_close(db));
    polled_plugins(end_from_outside, 0);
    polled_plugins(end_from_outside, 1);
    polled_plugins(close_from_outside, 0);
    polled_plugins(close_from_outside, 1);
    ending_under_requests();
    subscribers();
    progress();
    alarm(0);
}
