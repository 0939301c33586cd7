/*
 * Requests on many threads while the API, its handle and the store come and go; and what belongs to which handle.
 *
 * It must not depend on who wins a race. Invariant: each request has one answer, what was answered as saved is there
 * afterwards, and nothing is left of what ended.
 */
#include "abuse_visitor.h"
#include "callee.h"
#include "end.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITING \
    "{\"token\":\"" SECRET "\",\"allow_write\":true,\"limits\":{\"save\":1000000,\"document\":1000000,\"status\":1000000}"
#define ENDPOINT "{\"plugin\":\"p\",\"call\":\"m\",\"method\":\"POST\",\"path\":\"/p/{x}\"}"
#define ASK_PLUGIN(api) ask(api, "POST", "/p/x", NULL, "[1]")

/* Endpoints go with the handle that registered them, be the API another one's. */
static void endpoints_of_another_handle(void)
{
    char path[PATH_ROOM];
    coffer_db db = 0, other = 0;
    struct callee callee;
    struct api api;
    fresh_path(path, "another's endpoints");
    CHECK_OK(coffer_open(path, "{\"plugin\":\"api\"}", &db));
    CHECK_OK(coffer_open(path, "{\"plugin\":\"other\"}", &other));
    register_api(db, NULL, &api, NULL);
    register_as(other, DIRECT, "{\"body\":1}", &callee);
    CHECK_OK(coffer_gateway_register_endpoint(other, ENDPOINT, NULL));
    CHECK_ANSWERED(200, ASK_PLUGIN(&api));
    /* It is the API that calls. */
    CHECK(strcmp(callee.caller, "api") == 0);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, "p.m"));
    CHECK_OK(coffer_close(other));
    CHECK(callee.freed == 1);
    CHECK_ANSWERED(404, ASK_PLUGIN(&api));
    CHECK_OK(coffer_open(path, NULL, &other));
    CHECK_OK(coffer_gateway_register_endpoint(other, ENDPOINT, NULL));
    CHECK_OK(coffer_close(db));
    api.db = other;
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(other, "p.m"));
    register_api(other, NULL, &api, NULL);
    CHECK_ANSWERED(404, ASK_PLUGIN(&api));
    CHECK_OK(coffer_close(other));
    CHECK(coffer_live_handles() == 0);
}

/* A handle that cannot write has an API that cannot, whatever it was asked for. */
static void read_only_handles(void)
{
    char path[PATH_ROOM], *before;
    coffer_db db = 0, reading = 0;
    struct api api;
    struct answer answer;
    int round;
    fresh_path(path, "read-only gateway");
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    before = dump_store(db);
    for (round = 0; round < 2; round++) {
        /* First beside a writer in this process, then alone on the closed store. */
        CHECK_OK(coffer_open(path, "{\"read_only\":true}", &reading));
        if (round == 1)
            CHECK_OK(coffer_close(db));
        register_api(reading, WRITING "}", &api, NULL);
        answer = ask(&api, "GET", STATUS, NULL, NULL);
        CHECK(answer.status == 200);
        CHECK_HOLDS(answer.body, "\"read_only\":true,\"write_allowed\":false,");
        forget(&answer);
        CHECK_ANSWERED(200, ask(&api, "GET", DOCUMENT("slot"), NULL, NULL));
        CHECK_ANSWERED(403, ask(&api, "PUT", DOCUMENT("slot"), NULL, "2"));
        CHECK_ANSWERED(403, ask(&api, "POST", "/api/database/import?dry_run=true", NULL, "{\"slot\":2}"));
        CHECK_ANSWERED(403, ask(&api, "POST", "/api/database/snapshots", NULL, NULL));
        CHECK_ANSWERED(200, ask(&api, "GET", "/api/database/export?format=xml", NULL, NULL));
        CHECK_ANSWERED(200, ask(&api, "GET", "/api/database/health?full=true", NULL, NULL));
        CHECK_UNCHANGED(before, reading);
        CHECK_OK(coffer_close(reading));
    }
    free(before);
    CHECK(coffer_live_handles() == 0);
}

#define WRITERS 6

static char meeting_path[PATH_ROOM];
static pthread_mutex_t meeting_lock = PTHREAD_MUTEX_INITIALIZER;
static coffer_db meeting;

static coffer_db met(coffer_db set)
{
    coffer_db now;
    pthread_mutex_lock(&meeting_lock);
    if (set != 0)
        meeting = set;
    now = meeting;
    pthread_mutex_unlock(&meeting_lock);
    return now;
}

/* A thread that saves numbers through an API that may be gone; what was answered as saved is saved. */
struct writer {
    pthread_t thread;
    char target[64], key[32];
    long acknowledged, tried;
    int answered;
};

/* Returns the answer's status, or 0 if there was nobody to answer. */
static int try_to_ask(struct api *api, const char *method, const char *target, const char *body)
{
    char *request = request_json(api, method, target, NULL, body), *json = NULL;
    coffer_status status = coffer_gateway_handle_request(met(0), request, &json);
    struct answer answer;
    int code;
    free(request);
    if (status != COFFER_OK) {
        CHECK(status == COFFER_ERROR_NOT_FOUND || status == COFFER_ERROR_INVALID_HANDLE);
        sleep_ms(1);
        return 0;
    }
    answer = read_json_answer(json);
    code = answer.status;
    forget(&answer);
    return code;
}

static void *write_numbers(void *context)
{
    struct writer *writer = context;
    struct api api = {0, SECRET, "", 0};
    char text[32];
    int status;
    while (!is_at_end()) {
        sprintf(text, "[%ld]", ++writer->tried);
        status = try_to_ask(&api, "PUT", writer->target, text);
        CHECK(status == 0 || status == 201 || status == 204 || status == 503);
        if (status == 201 || status == 204) {
            writer->acknowledged = writer->tried;
            writer->answered++;
        }
        status = try_to_ask(&api, "GET", writer->target, NULL);
        CHECK(status == 0 || status == 200 || status == 503 || (status == 404 && writer->answered == 0));
        status = try_to_ask(&api, "GET", STATUS, NULL);
        CHECK(status == 0 || status == 200 || status == 503);
    }
    return NULL;
}

/* Registers and unregisters, closes and opens again; whoever asks meanwhile is answered or told that nobody is there. */
static void come_and_go(int rounds)
{
    coffer_db db = 0, next = 0;
    int i;
    CHECK_OK(coffer_open(meeting_path, NULL, &db));
    met(db);
    for (i = 0; i < rounds; i++) {
        CHECK_OK(coffer_register_database_api(db, i % 3 == 0 ? WRITING ",\"listen\":\"127.0.0.1:0\"}" : WRITING "}", NULL));
        sleep_ms(5);
        if (i % 2 == 0)
            CHECK_OK(coffer_unregister_database_api(db));
        if (i % 4 == 3) {
            /* Another one is open before it is closed, so that the store stays. */
            CHECK_OK(coffer_open(meeting_path, NULL, &next));
            CHECK_OK(coffer_close(db));
            db = next;
        } else {
            CHECK_OK(coffer_close(db));
            CHECK_OK(coffer_open(meeting_path, NULL, &db));
        }
        met(db);
    }
    CHECK_OK(coffer_close(db));
}

static void coming_and_going(void)
{
    struct writer writers[WRITERS];
    coffer_db db = 0;
    char *json = NULL;
    long number, answered = 0;
    int i;
    fresh_path(meeting_path, "coming and going");
    set_end(0);
    memset(writers, 0, sizeof writers);
    met(1);
    for (i = 0; i < WRITERS; i++) {
        sprintf(writers[i].key, "writer-%d", i);
        sprintf(writers[i].target, DOCUMENT("writer-%d"), i);
        CHECK(pthread_create(&writers[i].thread, NULL, write_numbers, &writers[i]) == 0);
    }
    come_and_go(sized(24, 6));
    set_end(1);
    for (i = 0; i < WRITERS; i++)
        CHECK(pthread_join(writers[i].thread, NULL) == 0);
    CHECK_OK(coffer_open(meeting_path, NULL, &db));
    for (i = 0; i < WRITERS; i++) {
        answered += writers[i].answered;
        if (writers[i].answered == 0)
            continue;
        CHECK_OK(coffer_load_persistent_data(db, writers[i].key, &json));
        CHECK(sscanf(json, "[%ld]", &number) == 1);
        CHECK(number >= writers[i].acknowledged && number <= writers[i].tried);
        coffer_string_free(json);
    }
    CHECK(answered > 0);
    CHECK_OK(coffer_close(db));
}

/* Many register and unregister the same one: one of them has it at any time. */
static void *fight(void *context)
{
    const coffer_db db = *(coffer_db *)context;
    coffer_status status;
    int i;
    for (i = 0; i < sized(40, 4); i++) {
        status = coffer_register_database_api(db, i % 2 == 0 ? WRITING "}" : WRITING ",\"listen\":\"127.0.0.1:0\"}", NULL);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_NAME_TAKEN);
        status = coffer_gateway_register_endpoint(db, ENDPOINT, NULL);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_NAME_TAKEN || status == COFFER_ERROR_NOT_FOUND);
        status = coffer_gateway_unregister_endpoint(db, "p.m");
        CHECK(status == COFFER_OK || status == COFFER_ERROR_NOT_FOUND);
        status = coffer_unregister_database_api(db);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_NAME_TAKEN || status == COFFER_ERROR_NOT_FOUND);
    }
    return NULL;
}

static void fighting(void)
{
    enum { FIGHTERS = 6 };
    char path[PATH_ROOM];
    pthread_t threads[FIGHTERS];
    coffer_db handles[2];
    struct api api;
    int i;
    fresh_path(path, "fought for");
    for (i = 0; i < 2; i++)
        CHECK_OK(coffer_open(path, NULL, &handles[i]));
    for (i = 0; i < FIGHTERS; i++)
        CHECK(pthread_create(&threads[i], NULL, fight, &handles[i % 2]) == 0);
    for (i = 0; i < FIGHTERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_unregister_database_api(handles[0]));
    register_api(handles[1], NULL, &api, NULL);
    CHECK_ANSWERED(404, ASK_PLUGIN(&api));
    CHECK_OK(coffer_close(handles[0]));
    CHECK_ANSWERED(200, ask(&api, "GET", STATUS, NULL, NULL));
    CHECK_OK(coffer_close(handles[1]));
    CHECK(coffer_live_handles() == 0);
}

void abuse_gateway_threads(void)
{
    endpoints_of_another_handle();
    read_only_handles();
    coming_and_going();
    fighting();
}
