/*
 * Wrong arguments of every kind: those of the functions about the gateway, and requests that a host hands in.
 *
 * It must not pass what C itself forbids, nor depend on time; what comes over sockets is in abuse_gateway_tcp.c, callbacks
 * are in abuse_gateway_callbacks.c and threads in abuse_gateway_threads.c. Invariant: each wrong argument has its own status
 * and no result is written; what is wrong with a request is told by its answer, and changes nothing.
 */
#include "abuse.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define OPTION COFFER_ERROR_INVALID_OPTION
#define GET_STATUS "{\"method\":\"GET\",\"target\":\"/api/database/status\"}"
#define ENDPOINT(more) "{\"plugin\":\"p\",\"call\":\"m\"," more "}"
#define AT_PATH(path) ENDPOINT("\"method\":\"GET\",\"path\":\"" path "\"")
#define GOOD_ENDPOINT AT_PATH("/x")

void every_gateway_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_register_database_api(db, NULL, &json));
    CHECK_STATUS(expected, coffer_register_database_api(db, "{", NULL));
    CHECK_STATUS(expected, coffer_gateway_register_endpoint(db, GOOD_ENDPOINT, &json));
    CHECK_STATUS(expected, coffer_gateway_unregister_endpoint(db, "p.m"));
    CHECK_STATUS(expected, coffer_gateway_handle_request(db, GET_STATUS, &json));
    CHECK_STATUS(expected, coffer_unregister_database_api(db));
    CHECK(json == untouched);
}

void every_gateway_text_is_refused(coffer_db db, const char *bad)
{
    const coffer_status expected = COFFER_ERROR_INVALID_UTF8;
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_register_database_api(db, bad, &json));
    CHECK_STATUS(expected, coffer_gateway_register_endpoint(db, bad, &json));
    CHECK_STATUS(expected, coffer_gateway_unregister_endpoint(db, bad));
    CHECK_STATUS(expected, coffer_gateway_handle_request(db, bad, &json));
    CHECK(json == untouched);
}

static void gateway_nulls(coffer_db db)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    int round;
    /* Without an API, and with one. */
    for (round = 0; round < 2; round++) {
        CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_gateway_register_endpoint(db, NULL, &json));
        CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_gateway_unregister_endpoint(db, NULL));
        CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_gateway_handle_request(db, NULL, &json));
        CHECK(json == untouched);
        if (round == 0)
            CHECK_OK(coffer_register_database_api(db, NULL, NULL));
    }
    CHECK_OK(coffer_gateway_register_endpoint(db, GOOD_ENDPOINT, NULL));
    CHECK_OK(coffer_gateway_handle_request(db, GET_STATUS, NULL));
    CHECK_OK(coffer_unregister_database_api(db));
}

/* Nothing is registered: each has nothing to work on. */
static void without_an_api(coffer_db db)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_unregister_database_api(db));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_register_endpoint(db, GOOD_ENDPOINT, &json));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, "status"));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_handle_request(db, GET_STATUS, &json));
    CHECK(json == untouched);
}

static void not_registered(coffer_db db, const char *options, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_register_database_api(db, options, &json));
    CHECK(json == untouched);
}

/* Options of the wrong type, form or size. */
static void gateway_options(coffer_db db)
{
    static const char *const bad[] = {
        "", " ", "{", "{}x", "[]", "null", "7", "\"listen\"", "{listen:null}", "{\"listen\":null,}", "{\"Listen\":null}",
        "{\"listen\":null,\"listen\":null}", "{\"\":1}", "{\"nonsense\":1}", "[\"127.0.0.1:0\"]",
        "{\"listen\":0}", "{\"listen\":true}", "{\"listen\":[\"127.0.0.1:0\"]}", "{\"listen\":\"\"}",
        "{\"listen\":\":0\"}",
        "{\"listen\":\"127.0.0.1\"}", "{\"listen\":\"127.0.0.1:\"}", "{\"listen\":\"127.0.0.1:65536\"}",
        "{\"listen\":\"127.0.0.1:-1\"}",
        "{\"listen\":\"127.0.0.1:0x50\"}", "{\"listen\":\"127.0.0.1: 80\"}", "{\"listen\":\"127.0.0.1:0/x\"}",
        "{\"listen\":\"8080\"}",
        "{\"listen\":\"http://127.0.0.1:0\"}", "{\"listen\":\"example.org:80\"}", "{\"listen\":\"::1:0\"}",
        "{\"listen\":\"127.0.0.1:0\\u0000\"}",
        "{\"listen\":\"0.0.0.0:0\"}", "{\"listen\":\"[::]:0\"}", "{\"listen\":\"192.0.2.1:0\"}",
        "{\"listen\":\"8.8.8.8:80\",\"allow_remote\":false}",
        "{\"listen\":\"[::ffff:192.0.2.1]:0\"}", "{\"listen\":\"255.255.255.255:0\"}",
        "{\"token\":7}", "{\"token\":\"\"}", "{\"token\":\"0123456789abcde\"}", "{\"token\":\"0123456789 abcdef\"}",
        "{\"token\":\"0123456789\\nabcdef\"}", "{\"token\":\"0123456789abcd\xC3\xA9\"}",
        "{\"token\":[\"0123456789abcdef\"]}",
        "{\"anonymous_read\":1}", "{\"anonymous_read\":null}", "{\"allow_write\":\"yes\"}", "{\"allow_remote\":0}",
        "{\"limits\":null}", "{\"limits\":[]}", "{\"limits\":60}", "{\"limits\":{\"status\":0}}",
        "{\"limits\":{\"status\":-1}}",
        "{\"limits\":{\"status\":1.5}}", "{\"limits\":{\"status\":\"60\"}}", "{\"limits\":{\"status\":null}}",
        "{\"limits\":{\"status\":1000001}}", "{\"limits\":{\"status\":4294967297}}", "{\"limits\":{\"Status\":1}}",
        "{\"limits\":{\"\":1}}",
        "{\"limits\":{\"GET /api/database/status\":1}}",
        "{\"max_body_bytes\":0}", "{\"max_body_bytes\":-1}", "{\"max_body_bytes\":1073741825}",
        "{\"max_body_bytes\":1e6}",
        "{\"max_body_bytes\":null}", "{\"max_body_bytes\":\"1\"}", "{\"max_body_bytes\":18446744073709551616}",
        "{\"allow_origins\":null}", "{\"allow_origins\":\"http://localhost\"}", "{\"allow_origins\":[7]}",
        "{\"allow_origins\":[\"\"]}",
        "{\"allow_origins\":[\"*\"]}", "{\"allow_origins\":[\"null\"]}", "{\"allow_origins\":[\"localhost:80\"]}",
        "{\"allow_origins\":[\"http://a/\"]}", "{\"allow_origins\":[\"http://a b\"]}",
        "{\"allow_origins\":[\"file://a\"]}"};
    static const char *const good[] = {
        "{}", " {\n} ", "{\"listen\":null,\"token\":null}", "{\"token\":\"abcXYZ019-._~+/=\"}", "{\"limits\":{}}",
        "{\"limits\":{\"status\":1,\"export\":1000000}}", "{\"max_body_bytes\":1}", "{\"max_body_bytes\":1073741824}",
        "{\"allow_origins\":[\"http://localhost:5173\",\"https://editor.example\"],\"anonymous_read\":true}",
        "{\"allow_write\":true,\"allow_remote\":true}", "{\"listen\":\"127.0.0.1:0\"}", "{\"listen\":\"localhost:0\"}"};
    struct api api;
    size_t i;
    for (i = 0; i < LENGTH_OF(bad); i++)
        not_registered(db, bad[i], OPTION);
    for (i = 0; i < LENGTH_OF(good); i++) {
        register_api(db, good[i], &api, NULL);
        CHECK_OK(coffer_unregister_database_api(db));
    }
}

/* Tokens, lists and nesting that are longer than anything is. */
static void long_options(coffer_db db)
{
    char *text;
    struct api api;
    size_t i;
    for (i = 1023; i <= 1000000; i = i < 1026 ? i + 1 : i * 10) {
        char *token = repeated(i, "t", "", ""), *json = NULL;
        text = repeated(1, "{\"token\":\"", token, "\"}");
        if (i > 1024) {
            not_registered(db, text, OPTION);
        } else {
            CHECK_OK(coffer_register_database_api(db, text, &json));
            CHECK_HOLDS(json, token);
            coffer_string_free(json);
            CHECK_OK(coffer_unregister_database_api(db));
        }
        free(token);
        free(text);
    }
    text = repeated(100000, "{\"limits\":", "1", "}");
    not_registered(db, text, OPTION);
    free(text);
    text = repeated(20000, "\"http://localhost:1\",", "\"nonsense\"]}", "");
    memcpy(text, "{\"allow_origins\" :[   ", 21);
    not_registered(db, text, OPTION);
    free(text);
    register_api(db, NULL, &api, NULL);
    not_registered(db, NULL, COFFER_ERROR_NAME_TAKEN);
    not_registered(db, "{\"listen\":\"127.0.0.1:0\"}", COFFER_ERROR_NAME_TAKEN);
    not_registered(db, "{\"nonsense\":1}", OPTION);
    CHECK_OK(coffer_unregister_database_api(db));
}

static void not_offered(coffer_db db, const char *endpoint, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_gateway_register_endpoint(db, endpoint, &json));
    CHECK(json == untouched);
}

static void gateway_endpoints(coffer_db db)
{
    static const char *const bad[] = {
        "", "{", "[]", "null", "{}", "[\"p\",\"m\",\"GET\",\"/x\",null,null,false]", ENDPOINT("\"method\":\"GET\""),
        ENDPOINT("\"path\":\"/x\""), "{\"plugin\":\"p\",\"method\":\"GET\",\"path\":\"/x\"}",
        "{\"call\":\"m\",\"method\":\"GET\",\"path\":\"/x\"}",
        "{\"plugin\":7,\"call\":\"m\",\"method\":\"GET\",\"path\":\"/x\"}",
        "{\"plugin\":\"p\",\"call\":null,\"method\":\"GET\",\"path\":\"/x\"}",
        ENDPOINT("\"method\":\"get\",\"path\":\"/x\""),
        ENDPOINT("\"method\":\"HEAD\",\"path\":\"/x\""), ENDPOINT("\"method\":\"OPTIONS\",\"path\":\"/x\""),
        ENDPOINT("\"method\":\"CONNECT\",\"path\":\"/x\""), ENDPOINT("\"method\":\"\",\"path\":\"/x\""),
        ENDPOINT("\"method\":[],\"path\":\"/x\""), ENDPOINT("\"method\":\"GET \",\"path\":\"/x\""),
        ENDPOINT("\"method\":\"GET\",\"path\":7"), AT_PATH(""), AT_PATH("x"), AT_PATH("/"), AT_PATH("//"), AT_PATH("/x/"),
        AT_PATH("/x//y"), AT_PATH("/./x"), AT_PATH("/x/.."), AT_PATH("/x y"), AT_PATH("/x?y=1"),
        AT_PATH("/x#y"), AT_PATH("/%20"),
        AT_PATH("/\xC3\xA9"), AT_PATH("/{}"), AT_PATH("/{*rest}"), AT_PATH("/{a"), AT_PATH("/a}"), AT_PATH("/{a}{b}"),
        AT_PATH("/{a}/{a}"), AT_PATH("/{{a}}"), AT_PATH("/x\\u0000"), AT_PATH("/api/database/status"),
        AT_PATH("/api/database"),
        AT_PATH("/api/openapi.json"), AT_PATH("/inspector"), AT_PATH("/inspector/x"), AT_PATH("http://x/y"), AT_PATH("*"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"per_minute\":0"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"per_minute\":-1"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"per_minute\":1000001"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"per_minute\":\"1\""),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"id\":7"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"id\":\"\""),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"write\":null"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"write\":1"),
        ENDPOINT("\"method\":\"GET\",\"path\":\"/x\",\"nonsense\":1"), GOOD_ENDPOINT GOOD_ENDPOINT};
    char *text, *json = NULL;
    size_t i;
    CHECK_OK(coffer_register_database_api(db, NULL, NULL));
    for (i = 0; i < LENGTH_OF(bad); i++)
        not_offered(db, bad[i], OPTION);
    text = repeated(300, "/long", "", "");
    json = repeated(1, "{\"plugin\":\"p\",\"call\":\"m\",\"method\":\"GET\",\"path\":\"", text, "\"}");
    not_offered(db, json, OPTION);
    free(text);
    free(json);
    /* Of paths that differ in their parameters' names alone, nobody could say which one is meant. */
    CHECK_OK(coffer_gateway_register_endpoint(db, AT_PATH("/x/{a}/y"), NULL));
    not_offered(db, ENDPOINT("\"method\":\"GET\",\"path\":\"/x/{b}/y\",\"id\":\"other\""), COFFER_ERROR_INVALID_ARGUMENT);
    not_offered(db, AT_PATH("/other"), COFFER_ERROR_NAME_TAKEN);
    CHECK_OK(coffer_gateway_register_endpoint(db,
    ENDPOINT("\"method\":\"PUT\",\"path\":\"/x/{a}/y\",\"id\":\"other\""), &json));
    coffer_string_free(json);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, ""));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, "no\nsuch"));
    CHECK_OK(coffer_gateway_unregister_endpoint(db, "p.m"));
    CHECK_OK(coffer_unregister_database_api(db));
}

/* As many endpoints as anybody likes, which go with the API. */
static void many_endpoints(coffer_db db)
{
    char json[160];
    struct api api;
    int i;
    register_api(db, NULL, &api, NULL);
    for (i = 0; i < sized(300, 40); i++) {
        sprintf(json, ENDPOINT("\"method\":\"GET\",\"path\":\"/many/%d/{n}\",\"id\":\"many %d\""), i, i);
        CHECK_OK(coffer_gateway_register_endpoint(db, json, NULL));
    }
    CHECK_ANSWERED(503, ask(&api, "GET", "/many/7/x", NULL, NULL));
    CHECK_ANSWERED(200, ask(&api, "GET", "/api/openapi.json", NULL, NULL));
    CHECK_OK(coffer_unregister_database_api(db));
    register_api(db, NULL, &api, NULL);
    CHECK_ANSWERED(404, ask(&api, "GET", "/many/7/x", NULL, NULL));
    CHECK_OK(coffer_unregister_database_api(db));
}

/* What is no request at all has a status; what is a wrong one has an answer. */
static void gateway_requests(coffer_db db)
{
    static const char *const bad[] = {
        "", " ", "{", "[]", "null", "7", "{}", "{\"method\":\"GET\"}", "{\"target\":\"/\"}",
        "{\"method\":7,\"target\":\"/\"}",
        "{\"method\":\"GET\",\"target\":null}", "{\"method\":\"GET\",\"target\":\"/\",\"headers\":[]}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{\"a\":1}}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":null}",
        "{\"method\":\"GET\",\"target\":\"/\",\"body\":7}", "{\"method\":\"GET\",\"target\":\"/\",\"body\":{}}",
        "{\"method\":\"GET\",\"target\":\"/\",\"nonsense\":1}",
        "{\"method\":\"GET\",\"target\":\"/\",\"body\":\"\\ud800\"}",
        "{\"method\":\"GET\",\"target\":\"/\"}x", "[\"GET\",\"/\",{},null]",
        "{\"method\":\"GET\",\"method\":\"GET\",\"target\":\"/\"}"};
    static const char *const unreadable[] = {
        "{\"method\":\"\",\"target\":\"/\"}", "{\"method\":\"G T\",\"target\":\"/\"}",
        "{\"method\":\"GET\\r\\nX: y\",\"target\":\"/\"}",
        "{\"method\":\"GET\",\"target\":\"\"}", "{\"method\":\"GET\",\"target\":\"api\"}",
        "{\"method\":\"GET\",\"target\":\"*\"}",
        "{\"method\":\"GET\",\"target\":\"http://x/\"}", "{\"method\":\"GET\",\"target\":\"/ HTTP/1.1\\r\\nX: y\"}",
        "{\"method\":\"GET\",\"target\":\"/\\u0000\"}", "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{\"\":\"x\"}}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{\"a b\":\"x\"}}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
        "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{\"a\":\"\\u0000\"}}"};
    char *const untouched = (char *)"as it was", *json = untouched, *deep;
    size_t i;
    CHECK_OK(coffer_register_database_api(db, "{\"anonymous_read\":true}", NULL));
    for (i = 0; i < LENGTH_OF(bad); i++)
        CHECK_STATUS(OPTION, coffer_gateway_handle_request(db, bad[i], &json));
    for (i = 0; i < LENGTH_OF(unreadable); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_gateway_handle_request(db, unreadable[i], &json));
    deep = repeated(100000, "{\"method\":", "1", "}");
    CHECK_STATUS(OPTION, coffer_gateway_handle_request(db, deep, &json));
    free(deep);
    CHECK(json == untouched);
    CHECK_OK(coffer_unregister_database_api(db));
}

/* Each of these is a request, and none of them is one that anything happens for. */
static void wrong_requests(coffer_db db)
{
    static const struct {
        int expected;
        const char *method, *target, *headers, *body;
    } wrong[] = {
        {404, "GET", "/../etc/passwd", NULL, NULL}, {404, "GET", "/inspector/../../Cargo.toml", NULL, NULL},
        {404, "GET", "/inspector/..%2f..%2fetc%2fpasswd", NULL, NULL}, {404, "GET", DOCUMENT("%ff"), NULL, NULL},
        {404, "GET", DOCUMENT("a%00b"), NULL, NULL}, {404, "GET", DOCUMENT(""), NULL, NULL}, {404, "GET",
        "//", NULL, NULL},
        {405, "BREW", STATUS, NULL, NULL}, {405, "get", STATUS, NULL, NULL}, {405, "OPTIONS", STATUS, NULL, NULL},
        {400, "GET", STATUS "?%ff", NULL, NULL}, {400, "GET", STATUS "?a=1", NULL, NULL},
        {400, "GET", "/api/database/health?full=1", NULL, NULL}, {400, "GET",
        "/api/database/health?quota=-1", NULL, NULL},
        {400, "GET", "/api/database/health?full=true&full=true", NULL, NULL},
        {400, "GET", "/api/database/collections/plugin_data/documents?limit=0", NULL, NULL},
        {400, "GET", "/api/database/collections/plugin_data/documents?limit=1001", NULL, NULL},
        {400, "GET", "/api/database/collections/plugin_data/documents?limit=99999999999999999999", NULL, NULL},
        {404, "GET", "/api/database/collections/no%20such/documents", NULL, NULL},
        {404, "GET", "/api/database/versions/slot", NULL, NULL}, {404, "GET",
        "/api/database/versions/party_configs/99", NULL, NULL},
        {400, "GET", "/api/database/versions/party_configs/diff?from=x", NULL, NULL},
        {404, "GET", "/api/database/snapshots/no%20such", NULL, NULL}, {400, "GET",
        "/api/database/snapshot-diff", NULL, NULL},
        {400, "GET", "/api/database/export?format=yaml", NULL, NULL}, {501, "GET", "/api/database/events", NULL, NULL},
        {403, "GET", STATUS, "origin: https://evil.example\n", NULL}, {403, "GET", STATUS,
        "sec-fetch-site: cross-site\n", NULL},
        {403, "GET", STATUS, "origin: null\n", NULL}, {400, "PUT", DOCUMENT("slot"), NULL, ""}, {400,
        "PUT", DOCUMENT("slot"), NULL, "{"},
        {415, "PUT", DOCUMENT("slot"), "content-type: text/plain\n", "1"}, {413, "PUT", DOCUMENT("slot"),
        "content-length: 99999999999\n", "1"},
        {403, "PUT", DOCUMENT("party_configs_v1"), NULL, "1"}, {403,
        "DELETE", DOCUMENT("character_roster_v"), NULL, NULL},
        {412, "PUT", DOCUMENT("slot"), "if-match: nonsense\n", "1"}, {412, "PUT", DOCUMENT("slot"),
        "if-match: W/\"2\"\n", "1"},
        {400, "POST", "/api/database/snapshots", NULL, "[]"}, {400, "POST", "/api/database/snapshots", NULL,
        "{\"label\":7}"},
        {404, "POST", "/api/database/snapshots/no%20such/restore", NULL, NULL},
        {400, "POST", "/api/database/snapshots/latest/restore", NULL, "{\"nonsense\":1}"},
        {422, "POST", "/api/database/import?format=json", NULL, "{"}, {400, "POST",
        "/api/database/import?format=yaml", NULL, "{}"},
        {400, "POST", "/api/database/import?mode=mix", NULL, "{}"}, {400, "POST",
        "/api/database/import?dry_run=yes", NULL, "{}"}};
    struct api api;
    size_t i;
    register_api(db, "{\"allow_write\":true}", &api, NULL);
    for (i = 0; i < LENGTH_OF(wrong); i++) {
        struct answer answer = ask(&api, wrong[i].method, wrong[i].target, wrong[i].headers, wrong[i].body);
        if (answer.status != wrong[i].expected)
            fprintf(stderr, "%s %s: expected %d\n", wrong[i].method, wrong[i].target, wrong[i].expected);
        CHECK_ANSWERED(wrong[i].expected, answer);
    }
    /* Without the token all of them are refused before anything else is looked at. */
    api.token[0] = '\0';
    CHECK_ANSWERED(401, ask(&api, "PUT", DOCUMENT("slot"), NULL, "{"));
    CHECK_ANSWERED(401, ask(&api, "GET", STATUS "?a=1", NULL, NULL));
    CHECK_ANSWERED(401, ask(&api, "GET", "/api/database/events", "authorization: Basic eDp5\n", NULL));
    CHECK_OK(coffer_unregister_database_api(db));
}

/* Requests that are longer than anything should be. */
static void huge_requests(coffer_db db)
{
    static const size_t lengths[] = {70000, 4000000};
    struct api api, small;
    char *text, *target;
    size_t i;
    register_api(db, "{\"allow_write\":true}", &api, NULL);
    for (i = 0; i < LENGTH_OF(lengths); i++) {
        text = repeated(lengths[i], "k", "", "");
        target = repeated(1, STATUS "?", text, "");
        free(text);
        text = request_json(&api, "GET", target, NULL, NULL);
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_gateway_handle_request(db, text, NULL));
        free(text);
        free(target);
    }
    text = repeated(2000, "k", "", "");
    target = repeated(1, DOCUMENT(""), text, "");
    CHECK_ANSWERED(404, ask(&api, "GET", target, NULL, NULL));
    CHECK_ANSWERED(404, ask(&api, "PUT", target, NULL, "1"));
    free(text);
    free(target);
    text = repeated(100000, "[", "", "]");
    CHECK_ANSWERED(400, ask(&api, "PUT", DOCUMENT("slot"), NULL, text));
    free(text);
    text = long_document((size_t)sized(67108865, 1 << 20));
    if (sized(1, 0))
        CHECK_ANSWERED(413, ask(&api, "PUT", DOCUMENT("slot"), NULL, text));
    CHECK_OK(coffer_unregister_database_api(db));
    register_api(db, "{\"allow_write\":true,\"max_body_bytes\":5}", &small, NULL);
    CHECK_ANSWERED(413, ask(&small, "PUT", DOCUMENT("slot"), NULL, text));
    CHECK_ANSWERED(413, ask(&small, "POST", "/api/database/import", NULL, "{\"a\":1}"));
    CHECK_OK(coffer_unregister_database_api(db));
    free(text);
}

void abuse_gateway(coffer_db db)
{
    without_an_api(db);
    gateway_nulls(db);
    gateway_options(db);
    long_options(db);
    gateway_endpoints(db);
    many_endpoints(db);
    gateway_requests(db);
    wrong_requests(db);
    huge_requests(db);
    without_an_api(db);
    CHECK(coffer_live_handles() == 1);
}
