/*
 * The conformance cases about the gateway; conformance.c runs them with the others.
 *
 * It must not wait until a limit is over, nor depend on which port is free. Invariant: each case uses a fresh store, and
 * unregisters what it registered or closes the handle that did.
 */
#include "callee.h"
#include "conformance.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT(id, method, path, per_minute, address) \
    "{\"endpoint_id\":\"" id "\",\"method\":\"" method "\",\"path\":\"" path "\",\"per_minute\":" per_minute \
    ",\"address\":" address "}"
#define STATUS_AT(per_minute, address) ENDPOINT("status", "GET", "/api/database/status", per_minute, address)
#define EXPORT_AT(per_minute, address) ENDPOINT("export", "GET", "/api/database/export", per_minute, address)

/* Registered without `listen`. */
static void check_registered(coffer_db db, const char *options, const char *status, const char *exported)
{
    struct api api;
    char *json = NULL, expected[256];
    register_api(db, options, &api, &json);
    CHECK_HOLDS(json, "{\"endpoints\":[{");
    CHECK_HOLDS(json, "],\"address\":null,\"token\":\"");
    snprintf(expected, sizeof expected, "\",\"inspector\":null,\"status\":%s,\"export\":%s}", status, exported);
    CHECK_HOLDS(json, expected);
    CHECK_HOLDS(json, status);
    CHECK(strstr(json, "http://") == NULL && api.port == 0);
    /* Each of them is among the others too. */
    CHECK(strstr(json, status) < strstr(json, "],\"address\"") && strstr(json, exported) < strstr(json, "],\"address\""));
    coffer_string_free(json);
}

void gateway_registers(void)
{
    static const char *const unknown[] = {"{\"lisen\":null}", "{\"limits\":{\"stats\":1}}"};
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched;
    struct api first, second;
    coffer_db db, other;
    int i;
    fresh_path(path, "gateway_registers");
    db = open_at(path, "{\"plugin\":\"tools\"}");
    other = open_at(path, "{\"plugin\":\"other\"}");
    check_registered(db, NULL, STATUS_AT("60", "null"), EXPORT_AT("30", "null"));
    for (i = 0; i < 2; i++) {
        CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_register_database_api(i == 0 ? db : other, NULL, &json));
        CHECK_HOLDS(coffer_last_error(), "tools");
    }
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_unregister_database_api(other));
    CHECK_OK(coffer_unregister_database_api(db));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_unregister_database_api(db));
    for (i = 0; i < 2; i++) {
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_register_database_api(db, unknown[i], &json));
        CHECK_HOLDS(coffer_last_error(), i == 0 ? "lisen" : "stats");
    }
    CHECK(json == untouched);
    check_registered(other, "{\"listen\":null,\"limits\":{\"status\":7,\"export\":3}}", STATUS_AT("7", "null"),
                     EXPORT_AT("3", "null"));
    /* Closing is an end as well. */
    CHECK_OK(coffer_close(other));
    register_api(db, NULL, &first, NULL);
    CHECK_OK(coffer_unregister_database_api(db));
    register_api(db, NULL, &second, NULL);
    CHECK(strlen(first.token) >= 32 && strcmp(first.token, second.token) != 0);
    CHECK_OK(coffer_close(db));
}

static void check_documents(const struct api *api)
{
    static const char odd[] = " {\"z\" : 1.50,\n\"\xC3\xA9\":\"\\u0000 \xF0\x9F\x8E\xB2 \\\"\"} ";
    struct answer answer;
    CHECK_OK(coffer_save_persistent_data(api->db, "a/b c", "1"));
    CHECK_OK(coffer_save_persistent_data(api->db, "a/b c", odd));
    answer = ask(api, "GET", DOCUMENT("a/b%20c"), NULL, NULL);
    CHECK(answer.status == 200 && strcmp(answer.body, odd) == 0);
    CHECK(has_header(&answer, "etag", "\"2\"") && has_header(&answer, "content-type", "application/json"));
    CHECK(has_header(&answer, "x-content-type-options", "nosniff"));
    forget(&answer);
    answer = ask(api, "GET", DOCUMENT("a%2Fb%20c"), "if-none-match: \"2\"\n", NULL);
    CHECK(answer.status == 304 && answer.body[0] == '\0' && has_header(&answer, "etag", "\"2\""));
    forget(&answer);
    CHECK_ANSWERED(200, ask(api, "GET", DOCUMENT("a/b%20c"), "if-none-match: \"1\"\n", NULL));
    answer = ask(api, "HEAD", DOCUMENT("a/b%20c"), NULL, NULL);
    CHECK(answer.status == 200 && answer.body[0] == '\0' && has_header(&answer, "etag", "\"2\""));
    forget(&answer);
    CHECK_ANSWERED(404, ask(api, "GET", DOCUMENT("never%20saved"), NULL, NULL));
}

void gateway_requests(void)
{
    coffer_db db = open_fresh("gateway_requests");
    struct api api, nobody;
    struct answer answer;
    char allow[64], *before;
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_handle_request(db, "{\"method\":\"GET\",\"target\":\"/\"}", NULL));
    register_api(db, NULL, &api, NULL);
    nobody = api;
    nobody.token[0] = '\0';
    answer = ask(&nobody, "GET", STATUS, NULL, NULL);
    CHECK(answer.status == 401 && strncmp(header_of(&answer, "www-authenticate", allow, sizeof allow), "Bearer", 6) == 0);
    CHECK_HOLDS(answer.body, "\"type\":\"");
    CHECK_HOLDS(answer.body, "\"title\":\"Unauthorized\",");
    CHECK_HOLDS(answer.body, "\"detail\":\"");
    forget(&answer);
    CHECK_ANSWERED(401, ask(&nobody, "GET", STATUS, "authorization: Bearer " SECRET "\n", NULL));
    answer = ask(&api, "GET", STATUS, NULL, NULL);
    CHECK(answer.status == 200 && has_header(&answer, "content-type", "application/json"));
    CHECK_HOLDS(answer.body, "{\"status\":\"OK\",\"version\":\"" COFFER_VERSION "\",\"documents\":0,");
    CHECK_HOLDS(answer.body, "\"read_only\":false,\"write_allowed\":false,");
    forget(&answer);
    check_documents(&api);
    before = dump_store(db);
    CHECK_ANSWERED(404, ask(&api, "GET", "/api/database/statuses", NULL, NULL));
    answer = ask(&api, "PUT", STATUS, NULL, "1");
    CHECK(answer.status == 405 && strstr(header_of(&answer, "allow", allow, sizeof allow), "GET") != NULL);
    forget(&answer);
    CHECK_ANSWERED(403, ask(&api, "PUT", DOCUMENT("a/b%20c"), NULL, "3"));
    CHECK_ANSWERED(403, ask(&api, "DELETE", DOCUMENT("a/b%20c"), NULL, NULL));
    CHECK_ANSWERED(400, ask(&api, "GET", STATUS "?unknown=1", NULL, NULL));
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

/* A snapshot that is made, restored and deleted over HTTP. */
static void check_snapshots(const struct api *api)
{
    struct answer answer;
    char location[128], target[192];
    CHECK_OK(coffer_save_persistent_data(api->db, "slot", "\"before\""));
    answer = ask(api, "POST", "/api/database/snapshots", "content-type: application/json\n",
    "{\"label\":\"before the boss\"}");
    CHECK(answer.status == 201);
    CHECK_HOLDS(answer.body, "\"label\":\"before the boss\"");
    header_of(&answer, "location", location, sizeof location);
    CHECK_HOLDS(location, "/api/database/snapshots/snapshot-");
    forget(&answer);
    CHECK_OK(coffer_save_persistent_data(api->db, "slot", "\"after\""));
    CHECK_OK(coffer_save_persistent_data(api->db, "added", "1"));
    CHECK_ANSWERED(200, ask(api, "GET", location, NULL, NULL));
    snprintf(target, sizeof target, "%s/restore", location);
    answer = ask(api, "POST", target, NULL, NULL);
    CHECK(answer.status == 200);
    CHECK_HOLDS(answer.body, "\"undo\":\"");
    forget(&answer);
    expect(api->db, "slot", "\"before\"");
    expect_missing(api->db, "added");
    CHECK_ANSWERED(204, ask(api, "DELETE", location, NULL, NULL));
    CHECK_ANSWERED(404, ask(api, "GET", location, NULL, NULL));
}

void gateway_writes(void)
{
    coffer_db db = open_fresh("gateway_writes");
    struct api api;
    struct answer answer;
    register_api(db, "{\"allow_write\":true,\"token\":\"" SECRET "\"}", &api, NULL);
    CHECK(strcmp(api.token, SECRET) == 0);
    answer = ask(&api, "PUT", DOCUMENT("slot"), "content-type: application/json\n", " [1, 2]");
    CHECK(answer.status == 201 && has_header(&answer, "etag", "\"1\""));
    forget(&answer);
    expect(db, "slot", " [1, 2]");
    CHECK_ANSWERED(412, ask(&api, "PUT", DOCUMENT("slot"), "if-match: \"7\"\n", "[3]"));
    CHECK_ANSWERED(412, ask(&api, "PUT", DOCUMENT("slot"), "if-none-match: *\n", "[3]"));
    CHECK_ANSWERED(412, ask(&api, "DELETE", DOCUMENT("slot"), "if-match: \"7\"\n", NULL));
    CHECK_ANSWERED(400, ask(&api, "PUT", DOCUMENT("slot"), NULL, "[3"));
    expect(db, "slot", " [1, 2]");
    expect_revision(db, "slot", 1);
    answer = ask(&api, "PUT", DOCUMENT("slot"), "if-match: \"1\"\n", "[3]");
    CHECK(answer.status == 204 && has_header(&answer, "etag", "\"2\"") && answer.body[0] == '\0');
    forget(&answer);
    expect(db, "slot", "[3]");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[4]"));
    answer = ask(&api, "GET", DOCUMENT("slot"), NULL, NULL);
    CHECK(answer.status == 200 && strcmp(answer.body, "[4]") == 0 && has_header(&answer, "etag", "\"3\""));
    forget(&answer);
    CHECK_ANSWERED(204, ask(&api, "DELETE", DOCUMENT("slot"), NULL, NULL));
    expect_missing(db, "slot");
    CHECK_ANSWERED(404, ask(&api, "DELETE", DOCUMENT("slot"), NULL, NULL));
    CHECK_ANSWERED(404, ask(&api, "GET", DOCUMENT("slot"), NULL, NULL));
    check_snapshots(&api);
    CHECK_OK(coffer_unregister_database_api(db));
    CHECK_OK(coffer_close(db));
}

void gateway_limits(void)
{
    coffer_db db = open_fresh("gateway_limits");
    struct api api;
    struct answer answer;
    char seconds[16];
    long wait;
    register_api(db, "{\"limits\":{\"status\":2}}", &api, NULL);
    CHECK_ANSWERED(200, ask(&api, "GET", STATUS, NULL, NULL));
    CHECK_ANSWERED(200, ask(&api, "GET", STATUS, NULL, NULL));
    answer = ask(&api, "GET", STATUS, NULL, NULL);
    CHECK(answer.status == 429);
    wait = strtol(header_of(&answer, "retry-after", seconds, sizeof seconds), NULL, 10);
    CHECK(wait >= 1 && wait <= 60);
    forget(&answer);
    CHECK_ANSWERED(200, ask(&api, "GET", "/api/database/collections", NULL, NULL));
    answer = ask(&api, "GET", "/api/database/limits", NULL, NULL);
    CHECK(answer.status == 200);
    CHECK_HOLDS(answer.body, "\"per_minute\":2,\"used\":2,\"remaining\":0,");
    CHECK_HOLDS(answer.body, "\"rejected\":1}");
    forget(&answer);
    CHECK_ANSWERED(429, ask(&api, "HEAD", STATUS, NULL, NULL));
    CHECK_OK(coffer_close(db));
}

void gateway_listens(void)
{
    coffer_db db = open_fresh("gateway_listens");
    struct api api, nobody;
    struct answer answer;
    char *json = NULL, expected[256];
    int round;
    for (round = 0; round < 2; round++) {
        register_api(db, "{\"listen\":\"127.0.0.1:0\"}", &api, &json);
        snprintf(expected, sizeof expected, "\"inspector\":\"http://127.0.0.1:%d/#token=%s\"", api.port, api.token);
        CHECK_HOLDS(json, expected);
        snprintf(expected, sizeof expected, STATUS_AT("60", "\"http://127.0.0.1:%d/api/database/status\""), api.port);
        CHECK_HOLDS(json, expected);
        coffer_string_free(json);
        answer = ask_server(&api, "GET", STATUS, NULL, NULL);
        CHECK(answer.status == 200);
        CHECK_HOLDS(answer.body, "\"status\":\"OK\"");
        forget(&answer);
        nobody = api;
        nobody.token[0] = '\0';
        CHECK_ANSWERED(401, ask_server(&nobody, "GET", STATUS, NULL, NULL));
        /* The page has no data, and needs no token. */
        answer = ask_server(&nobody, "GET", "/", NULL, NULL);
        CHECK(answer.status == 200 && strncmp(header_of(&answer, "content-type", expected, sizeof expected),
        "text/html", 9) == 0);
        forget(&answer);
        /* Both ways lead to the same. */
        CHECK_ANSWERED(200, ask(&api, "GET", STATUS, NULL, NULL));
        if (round == 0)
            CHECK_OK(coffer_unregister_database_api(db));
        else
            CHECK_OK(coffer_close(db));
        CHECK(connect_to(api.port) == -1);
    }
}

#define BEST "{\"plugin\":\"optimizer\",\"call\":\"best\",\"method\":\"POST\",\"path\":\"/equipment/{slot}/best\","

static void check_endpoint(const struct api *api, struct callee *callee)
{
    struct answer answer = ask(api, "POST", "/equipment/left%20hand/best?level=7&x=%26", "content-type: application/json\n",
                               "{\"hp\":1.50}");
    CHECK(answer.status == 201 && strcmp(answer.body, "{\"best\":7.0}") == 0);
    CHECK(has_header(&answer, "content-type", "application/json"));
    forget(&answer);
    expect_asked(callee, 1, "tools", "best",
                 "{\"id\":\"best\",\"method\":\"POST\",\"path\":\"/equipment/left%20hand/best\",\"parameters\":{\"slot\":"
                 "\"left hand\"},\"query\":{\"level\":\"7\",\"x\":\"&\"},\"content_type\":\"application/json\","
                 "\"body\":{\"hp\":1.50}}");
    callee->answer = "{}";
    CHECK_ANSWERED(204, ask(api, "POST", "/equipment/hat/best", NULL, NULL));
    CHECK_HOLDS(callee->argument, "\"query\":{},\"content_type\":null,\"body\":null}");
    callee->reason = "nothing fits";
    answer = ask(api, "POST", "/equipment/hat/best", NULL, NULL);
    CHECK(answer.status == 502);
    CHECK_HOLDS(answer.body, "nothing fits");
    forget(&answer);
    CHECK(callee->calls == 3);
    CHECK_ANSWERED(405, ask(api, "GET", "/equipment/hat/best", NULL, NULL));
    CHECK_ANSWERED(400, ask(api, "POST", "/equipment/hat/best", NULL, "{"));
    /* That was the limit: what went no further than the method counts not, what was refused for its body does. */
    CHECK_ANSWERED(429, ask(api, "POST", "/equipment/hat/best", NULL, NULL));
    CHECK(callee->calls == 3);
}

void gateway_endpoint(void)
{
    static const char *const doubled[] = {
        BEST "\"id\":\"another\"}", BEST "\"id\":\"status\"}",
        "{\"plugin\":\"optimizer\",\"call\":\"best\",\"method\":\"GET\",\"path\":\"/x\",\"id\":\"best\"}"};
    char path[PATH_ROOM], *untouched = (char *)"as it was", *json = untouched;
    struct callee callee;
    struct api api;
    coffer_db db;
    size_t i;
    fresh_path(path, "gateway_endpoint");
    db = open_at(path, "{\"plugin\":\"tools\"}");
    register_as(db, "{\"name\":\"optimizer\",\"version\":\"1.0.0\",\"exports\":[\"best\"],\"direct\":true}",
                "{\"status\":201,\"body\":{\"best\":7.0}}", &callee);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_register_endpoint(db, BEST "\"id\":\"best\"}", &json));
    CHECK(json == untouched);
    register_api(db, NULL, &api, NULL);
    CHECK_OK(coffer_gateway_register_endpoint(db, BEST "\"id\":\"best\",\"per_minute\":4}", &json));
    CHECK_SAME(ENDPOINT("best", "POST", "/equipment/{slot}/best", "4", "null"), json);
    json = untouched;
    for (i = 0; i < sizeof doubled / sizeof doubled[0]; i++)
        CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_gateway_register_endpoint(db, doubled[i], &json));
    CHECK(json == untouched);
    check_endpoint(&api, &callee);
    /* A plug-in need not be there yet; until then nobody can answer. */
    CHECK_OK(coffer_gateway_register_endpoint(db,
    "{\"plugin\":\"nobody\",\"call\":\"m\",\"method\":\"GET\",\"path\":\"/nobody\"}",
                                              NULL));
    CHECK_ANSWERED(503, ask(&api, "GET", "/nobody", NULL, NULL));
    CHECK_OK(coffer_gateway_unregister_endpoint(db, "best"));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, "best"));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_gateway_unregister_endpoint(db, "status"));
    CHECK_ANSWERED(404, ask(&api, "POST", "/equipment/hat/best", NULL, NULL));
    CHECK(callee.calls == 3);
    CHECK_OK(coffer_close(db));
    CHECK(callee.freed == 1);
}
