/*
 * Wrong arguments of every kind, part six: those of the functions about plug-ins, calls and hosts.
 *
 * It must not pass what C itself forbids, nor depend on time; callbacks that do what they like are in abuse_calls.c.
 * Invariant: each wrong argument has its own status and no result is written; where registering fails the context is
 * left alone, and what is refused leaves a request or call as it was.
 */
#include "abuse.h"
#include "callee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define ECHO "{\"name\":\"echo\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}"

/* Registering and supplying with this fail and leave the context alone. */
static void not_registered(coffer_db db, const char *json, coffer_status expected)
{
    struct callee callee;
    memset(&callee, 0, sizeof callee);
    CHECK_STATUS(expected, coffer_hub_register_plugin(db, json, take, &callee, count_ended));
    CHECK_STATUS(expected, coffer_hub_register_plugin(db, json, NULL, &callee, count_ended));
    CHECK(callee.freed == 0 && callee.calls == 0);
}

static void not_supplied(coffer_db db, const char *options, coffer_status expected)
{
    struct callee callee;
    memset(&callee, 0, sizeof callee);
    CHECK_STATUS(expected, coffer_hub_supply(db, options, take, &callee, count_ended));
    CHECK_STATUS(expected, coffer_hub_supply(db, options, NULL, &callee, count_ended));
    CHECK(callee.freed == 0 && callee.calls == 0);
}

static void no_request(coffer_request request)
{
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_answer(request, "1"));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_refuse(request, "no"));
}

static void no_call(coffer_call call)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(call, 0, &json));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(call, UINT64_MAX, NULL));
    CHECK(json == untouched);
}

void every_plugin_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    coffer_call call = 77;
    coffer_request request = 78;
    not_registered(db, ECHO, expected);
    not_supplied(db, NULL, expected);
    CHECK_STATUS(expected, coffer_hub_unregister_plugin(db, "echo"));
    CHECK_STATUS(expected, coffer_hub_plugins(db, NULL, &json));
    CHECK_STATUS(expected, coffer_hub_plugins(db, "echo", &json));
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", "m", "1", 0, &json));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", "m", "1", 0, &call));
    CHECK_STATUS(expected, coffer_hub_next_call(db, &request, &json));
    CHECK_STATUS(expected, coffer_load_phase11(db, &json));
    /* A database is no call and no request, open or not. */
    no_call(db);
    no_request(db);
    CHECK(json == untouched && call == 77 && request == 78);
}

void every_plugin_text_is_refused(coffer_db db, const char *bad)
{
    const coffer_status expected = COFFER_ERROR_INVALID_UTF8;
    char *const untouched = (char *)"as it was", *json = untouched;
    coffer_call call = 77;
    struct callee echo;
    not_registered(db, bad, expected);
    not_supplied(db, bad, expected);
    CHECK_STATUS(expected, coffer_hub_unregister_plugin(db, bad));
    CHECK_STATUS(expected, coffer_hub_plugins(db, bad, &json));
    register_as(db, ECHO, NULL, &echo);
    CHECK_STATUS(expected, coffer_hub_call(db, bad, "m", "1", 0, &json));
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", bad, "1", 0, &json));
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", "m", bad, 0, &json));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, bad, "m", "1", 0, &call));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", bad, "1", 0, &call));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", "m", bad, 0, &call));
    CHECK(echo.calls == 0 && json == untouched && call == 77);
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 60000, &call));
    CHECK_STATUS(expected, coffer_hub_answer(echo.request, bad));
    CHECK_STATUS(expected, coffer_hub_refuse(echo.request, bad));
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(call, 0, &json));
    CHECK_OK(coffer_hub_answer(echo.request, "[1]"));
    CHECK_OK(coffer_hub_await_call(call, 0, &json));
    CHECK_SAME("[1]", json);
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK(echo.freed == 1);
}

static void nulls_refused(coffer_db db)
{
    const coffer_status expected = COFFER_ERROR_NULL_ARGUMENT;
    char *const untouched = (char *)"as it was", *json = untouched;
    coffer_call call = 77;
    struct callee echo;
    not_registered(db, NULL, expected);
    register_as(db, ECHO, NULL, &echo);
    CHECK_STATUS(expected, coffer_hub_unregister_plugin(db, NULL));
    CHECK_STATUS(expected, coffer_hub_call(db, NULL, "m", "1", 0, &json));
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", NULL, "1", 0, &json));
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", "m", NULL, 0, &json));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, NULL, "m", "1", 0, &call));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", NULL, "1", 0, &call));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", "m", NULL, 0, &call));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", "m", "1", 0, NULL));
    CHECK_STATUS(expected, coffer_hub_next_call(db, NULL, &json));
    CHECK_STATUS(expected, coffer_hub_answer(0, NULL));
    CHECK_STATUS(expected, coffer_hub_refuse(0, NULL));
    CHECK(echo.calls == 0 && json == untouched && call == 77);
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 60000, &call));
    CHECK_STATUS(expected, coffer_hub_answer(echo.request, NULL));
    CHECK_STATUS(expected, coffer_hub_refuse(echo.request, NULL));
    CHECK_OK(coffer_hub_refuse(echo.request, ""));
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(call, 0, &json));
    CHECK(json == untouched);
    /* What may be left out. */
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_supply(db, NULL, NULL, NULL, NULL));
    CHECK_OK(coffer_hub_plugins(db, NULL, NULL));
    CHECK_OK(coffer_hub_plugins(db, "echo", NULL));
    CHECK_OK(coffer_load_phase11(db, NULL));
    echo.answer = "1";
    CHECK_OK(coffer_hub_call(db, "echo", "m", "1", 0, NULL));
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 60000, &call));
    CHECK_OK(coffer_hub_await_call(call, 0, NULL));
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
}

static void take_nobody(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    CHECK(context == NULL && caller != NULL && method != NULL && json != NULL);
    CHECK_OK(coffer_hub_answer(request, json));
}

static int freed_nobody;
static void free_nobody(void *context)
{
    CHECK(context == NULL);
    freed_nobody++;
}

/* Contexts of NULL, no way to free one, and nobody to use it. */
static void contexts(coffer_db db)
{
    struct callee callee;
    char *json = NULL;
    coffer_call call = 0;
    coffer_request request = 0;
    CHECK_OK(coffer_hub_register_plugin(db, ECHO, take_nobody, NULL, free_nobody));
    CHECK_OK(coffer_hub_call(db, "echo", "m", " [1]", 0, &json));
    CHECK_SAME(" [1]", json);
    CHECK(freed_nobody == 0);
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK(freed_nobody == 1);
    CHECK_OK(coffer_hub_supply(db, NULL, take_nobody, NULL, free_nobody));
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK(freed_nobody == 1);
    CHECK_OK(coffer_hub_supply(db, NULL, NULL, NULL, free_nobody));
    CHECK(freed_nobody == 2);
    memset(&callee, 0, sizeof callee);
    callee.answer = "1";
    CHECK_OK(coffer_hub_register_plugin(db, ECHO, take, &callee, NULL));
    CHECK_OK(coffer_hub_call(db, "echo", "m", "1", 0, NULL));
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK(callee.calls == 1 && callee.freed == 0);
    /* Without a callback the context is freed at once; but not if that is refused. */
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_register_plugin(db, ECHO, NULL, &callee, count_ended));
    CHECK(callee.freed == 0);
    CHECK_OK(coffer_hub_register_plugin(db, "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}", NULL, &callee,
                                        count_ended));
    CHECK(callee.freed == 1);
    CHECK_OK(coffer_hub_begin_call(db, "p", "m", "1", 60000, &call));
    CHECK_OK(coffer_hub_next_call(db, &request, NULL));
    CHECK_OK(coffer_hub_refuse(request, "no"));
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(call, 0, NULL));
    CHECK_OK(coffer_hub_unregister_plugin(db, "p"));
    CHECK(callee.freed == 1 && callee.calls == 1);
}

static void wrong_options(coffer_db db)
{
    static const char *const plugins[] = {
        "", "null", "1", "[]", "\"p\"", "{", "{}", "{} {}", "{\"name\":\"p\"}", "{\"version\":\"1.0.0\"}",
        "{\"name\":7,\"version\":\"1.0.0\"}", "{\"name\":null,\"version\":\"1.0.0\"}", "{\"name\":\"p\",\"version\":1}",
        "{\"name\":\"\",\"version\":\"1.0.0\"}", "{\"name\":\"p\",\"version\":\"\"}", "{\"name\":\"p\",\"version\":\"1.0\"}",
        "{\"name\":\"p\",\"version\":\"v1.0.0\"}", "{\"name\":\"p\",\"version\":\"99999999999999999999.0.0\"}",
        "{\"name\":\"p\",\"name\":\"p\",\"version\":\"1.0.0\"}", "{\"Name\":\"p\",\"name\":\"p\",\"version\":\"1.0.0\"}",
        "{\"name\":\"p\\u0000q\",\"version\":\"1.0.0\"}", "{\"name\":\"p\\n\",\"version\":\"1.0.0\"}",
        "{\"name\":\"\\u001f\",\"version\":\"1.0.0\"}", "{\"name\":\"p\\u007f\",\"version\":\"1.0.0\"}",
        "{\"name\":\"\\u0085\",\"version\":\"1.0.0\"}", "{\"name\":\"\\ud800\",\"version\":\"1.0.0\"}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":\"m\"}", "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[1]}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"\"]}", "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":null}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\",\"m\\u0001\"]}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"direct\":1}", "{\"name\":\"p\",\"version\":\"1.0.0\",\"direct\":\"yes\"}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":\"a\"}", "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":7}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":1}}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"new\"}}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":{\"\":\"*\"}}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":[\"\\t\"]}",
        "{\"name\":\"p\",\"version\":\"1.0.0\",\"dependencies\":[[\"a\"]]}"};
    static const char *const hosts[] = {
        "", "null", "1", "[]", "{", "{},", "{\"version\":1}", "{\"version\":null}", "{\"changes\":1}", "{\"data\":\"\"}",
        "{\"Version\":\"1.0.0\"}", "{\"name\":\"host\"}", "{\"changes\":true,\"changes\":true}"};
    struct callee unused;
    size_t i;
    for (i = 0; i < LENGTH_OF(plugins); i++)
        not_registered(db, plugins[i], COFFER_ERROR_INVALID_OPTION);
    for (i = 0; i < LENGTH_OF(hosts); i++)
        not_supplied(db, hosts[i], COFFER_ERROR_INVALID_OPTION);
    /* Only whoever supplies a host says its version. */
    memset(&unused, 0, sizeof unused);
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_hub_supply(db, "{\"version\":\"1\"}", take, &unused, count_ended));
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_hub_supply(db, "{\"version\":\"\"}", take, &unused, count_ended));
    CHECK(unused.freed == 0);
}

/* A plug-in whose name, method and dependency have so many bytes. */
static void long_names(coffer_db db)
{
    struct callee callee;
    char *name, *json, *answer = NULL;
    size_t length;
    for (length = 1; length <= 100000; length = length == 1 ? 255 : length < 257 ? length + 1 : length * 10) {
        name = repeated(length, "n", "", "");
        json = malloc(3 * length + 200);
        CHECK(json != NULL);
        sprintf(json, "{\"name\":\"%s\",\"version\":\"1.0.0\",\"exports\":[\"%s\"],\"dependencies\":[\"%s\"],\"direct\":true}",
                name, name, name);
        memset(&callee, 0, sizeof callee);
        CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_unregister_plugin(db, name));
        if (length > 256) {
            CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_hub_register_plugin(db, json, take, &callee, count_ended));
            CHECK(callee.freed == 0);
        } else {
            CHECK_OK(coffer_hub_register_plugin(db, json, take_nobody, NULL, NULL));
            CHECK_OK(coffer_hub_call(db, name, name, " 1", 0, &answer));
            CHECK_SAME(" 1", answer);
            CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_register_plugin(db, json, take, &callee, count_ended));
            CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_call(db, name, "no such", "1", 0, &answer));
            CHECK_OK(coffer_hub_plugins(db, name, NULL));
            CHECK_OK(coffer_hub_unregister_plugin(db, name));
        }
        CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_plugins(db, name, NULL));
        CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_call(db, name, name, "1", 0, NULL));
        free(name);
        free(json);
    }
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_plugins(db, "", NULL));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_call(db, "", "", "1", 0, NULL));
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_unregister_plugin(db, "\x01\x7F\n"));
}

/* A document as an argument, and as an answer to a request that then is still there. */
static void document_gives(coffer_db db, coffer_status expected, const char *document)
{
    struct callee callee;
    char *const untouched = (char *)"as it was", *json = untouched;
    coffer_call call = 77;
    register_as(db, ECHO, NULL, &callee);
    CHECK_STATUS(expected, coffer_hub_call(db, "echo", "m", document, 0, &json));
    CHECK_STATUS(expected, coffer_hub_begin_call(db, "echo", "m", document, 0, &call));
    CHECK(callee.calls == 0 && call == 77 && json == untouched);
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 600000, &call));
    CHECK_STATUS(expected, coffer_hub_answer(callee.request, document));
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(call, 0, &json));
    CHECK_OK(coffer_hub_answer(callee.request, "{}"));
    CHECK_OK(coffer_hub_await_call(call, 0, &json));
    CHECK_SAME("{}", json);
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK(callee.freed == 1);
}

static void documents(coffer_db db)
{
    static const char *const broken[] = {"", " ", "{", "[1,]", "nul", "01", "\"\n\"", "1 2", "\xEF\xBB\xBF{}", "NaN", "'a'"};
    char *text, *json = NULL;
    size_t i;
    for (i = 0; i < LENGTH_OF(broken); i++)
        document_gives(db, COFFER_ERROR_INVALID_JSON, broken[i]);
    text = repeated(129, "[", "", "]");
    document_gives(db, COFFER_ERROR_TOO_DEEP, text);
    free(text);
    text = repeated(1000000, "[", "", "");
    document_gives(db, COFFER_ERROR_TOO_DEEP, text);
    not_registered(db, text, COFFER_ERROR_INVALID_OPTION);
    not_supplied(db, text, COFFER_ERROR_INVALID_OPTION);
    free(text);
    text = repeated(200000, "{\"a\":", "1", "}");
    document_gives(db, COFFER_ERROR_TOO_DEEP, text);
    not_registered(db, text, COFFER_ERROR_INVALID_OPTION);
    free(text);
    text = long_document(67108865);
    document_gives(db, COFFER_ERROR_TOO_LARGE, text);
    CHECK_OK(coffer_hub_register_plugin(db, ECHO, take_nobody, NULL, NULL));
    /* One byte less is what is allowed, both ways. */
    memmove(text + 1, text + 2, 67108864);
    if (sized(1, 0)) {
        CHECK_OK(coffer_hub_call(db, "echo", "m", text, 600000, &json));
        CHECK_SAME(text, json);
    }
    free(text);
    text = repeated(128, "[", "", "]");
    CHECK_OK(coffer_hub_call(db, "echo", "m", text, 0, &json));
    CHECK_SAME(text, json);
    free(text);
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
}

/* One open handle of each kind, each given as every other kind, with each of its bits turned, and after its end. */
static void kinds(coffer_db db)
{
    static const uint64_t made_up[] = {0, 1, 0xC2, 0xC3, UINT64_MAX, 0xDEADBEEFCAFEBABE, 0xC200000000000000,
                                       0xC300000000000000, 0xC2FFFFFFFFFFFFFF, 0xC3FFFFFFFFFFFFFF};
    struct callee callee;
    coffer_subscription subscription = 0;
    coffer_call call = 0;
    uint64_t seed = 0x9E3779B97F4A7C15;
    size_t i;
    register_as(db, ECHO, NULL, &callee);
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 600000, &call));
    CHECK_OK(coffer_hub_subscribe(db, "topic", NULL, NULL, NULL, NULL, &subscription));
    no_request(call);
    no_request(subscription);
    no_call(callee.request);
    no_call(subscription);
    every_hub_function_refuses(call, COFFER_ERROR_INVALID_HANDLE);
    every_hub_function_refuses(callee.request, COFFER_ERROR_INVALID_HANDLE);
    every_plugin_function_refuses(subscription, COFFER_ERROR_INVALID_HANDLE);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_call(call, "echo", "m", "1", 0, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(call));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_close(callee.request));
    for (i = 0; i < LENGTH_OF(made_up); i++) {
        no_request(made_up[i]);
        no_call(made_up[i]);
    }
    for (i = 0; i < 64; i++) {
        no_request(callee.request ^ (uint64_t)1 << i);
        no_call(call ^ (uint64_t)1 << i);
    }
    for (i = 0; i < 1000; i++) {
        no_request(next_random(&seed) | 1u << 31);
        no_call(next_random(&seed) | 1u << 31);
    }
    /* All that left the two that are there alone. */
    CHECK(callee.calls == 1 && coffer_live_handles() == 1);
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(call, 0, NULL));
    CHECK_OK(coffer_hub_answer(callee.request, "1"));
    no_request(callee.request);
    CHECK_OK(coffer_hub_await_call(call, UINT64_MAX, NULL));
    no_call(call);
    CHECK_OK(coffer_hub_unsubscribe(subscription));
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK(callee.freed == 1);
}

/* No number of an ended call or request comes again. */
static void ended_numbers(coffer_db db)
{
    coffer_call calls[40];
    coffer_request requests[40];
    struct callee callee;
    size_t i, j;
    register_as(db, ECHO, NULL, &callee);
    for (i = 0; i < LENGTH_OF(calls); i++) {
        CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 600000, &calls[i]));
        requests[i] = callee.request;
        for (j = 0; j < i; j++)
            CHECK(calls[i] != calls[j] && requests[i] != requests[j]);
        CHECK_OK(i % 2 == 0 ? coffer_hub_answer(requests[i], "1") : coffer_hub_refuse(requests[i], "no"));
        CHECK_STATUS(i % 2 == 0 ? COFFER_OK : COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(calls[i], 0, NULL));
    }
    CHECK_OK(coffer_hub_begin_call(db, "echo", "m", "1", 600000, &calls[0]));
    for (i = 1; i < LENGTH_OF(calls); i++) {
        no_call(calls[i]);
        no_request(requests[i]);
    }
    CHECK_STATUS(COFFER_ERROR_PENDING, coffer_hub_await_call(calls[0], 0, NULL));
    CHECK_OK(coffer_hub_unregister_plugin(db, "echo"));
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_await_call(calls[0], 0, NULL));
}

void abuse_plugins(coffer_db db)
{
    nulls_refused(db);
    contexts(db);
    wrong_options(db);
    long_names(db);
    documents(db);
    kinds(db);
    ended_numbers(db);
}
