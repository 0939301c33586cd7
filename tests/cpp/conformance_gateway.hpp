// The conformance cases about the gateway; conformance.cpp runs them with the others.
//
// It must not be included anywhere else. Invariant: each case works in the folder that it is given and closes what it opens,
// and listens on 127.0.0.1 only.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_GATEWAY_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_GATEWAY_HPP

#include "conformance_hub.hpp"
#include "conformance_plugins.hpp"
#include "support.hpp"
#include "tcp.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

using coffer::ApiOptions;
using coffer::Endpoint;
using coffer::HttpResponse;
using coffer::RegisteredApi;

// Asks through a Database, with the token unless there is none.
struct Client {
    Database &db;
    std::string token;

    HttpResponse operator()(const std::string &method, const std::string &target, const std::string &body = "",
                            std::map<std::string, std::string> headers = {}) const {
        if (!token.empty()) {
            headers["Authorization"] = "Bearer " + token;
        }
        return db.gateway_handle_request({method, target, headers, body});
    }
};

static std::string header(const HttpResponse &response, const std::string &name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
}

/// Whether a response is a problem with this status, as RFC 9457 has it.
static bool is_problem(const HttpResponse &response, int status) {
    return response.status == status && header(response, "content-type") == "application/problem+json" &&
           has(response.body, "\"status\":" + std::to_string(status)) && has(response.body, "\"title\":");
}

static bool is_endpoint(const Endpoint &one, const std::string &path, std::uint64_t per_minute) {
    return !one.endpoint_id.empty() && one.method == "GET" && one.path == path && one.per_minute == per_minute && !one.address;
}

static void gateway_registers(const std::string &folder) {
    Database db(folder, named("tools"));
    Database other(folder);
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)db.gateway_handle_request({"GET", "/api/database/status"}));
    const RegisteredApi api = db.register_database_api();
    CHECK(is_endpoint(api.status_endpoint, "/api/database/status", 60));
    CHECK(is_endpoint(api.export_endpoint, "/api/database/export", 30));
    CHECK(api.status_endpoint.endpoint_id != api.export_endpoint.endpoint_id);
    CHECK(!api.address && !api.inspector && api.token.size() == 64);
    for (const Endpoint &own : {api.status_endpoint, api.export_endpoint}) {
        CHECK(std::count_if(api.endpoints.begin(), api.endpoints.end(), [&own](const Endpoint &one) {
                  return one.endpoint_id == own.endpoint_id && one.path == own.path && one.method == own.method;
              }) == 1);
    }
    REFUSED(COFFER_ERROR_NAME_TAKEN, (void)db.register_database_api());
    CHECK(has(REFUSED(COFFER_ERROR_NAME_TAKEN, (void)other.register_database_api()), "tools"));
    REFUSED(COFFER_ERROR_NAME_TAKEN, other.unregister_database_api());
    db.unregister_database_api();
    REFUSED(COFFER_ERROR_NOT_FOUND, db.unregister_database_api());
    char *untouched = nullptr;
    const coffer_status unknown = coffer_register_database_api(db.handle(), "{\"lissten\":null}", &untouched);
    CHECK(unknown == COFFER_ERROR_INVALID_OPTION && untouched == nullptr && has(coffer::last_error(), "lissten"));
    ApiOptions options;
    options.limits = {{"stattus", 1u}};
    CHECK(has(REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.register_database_api(options)), "stattus"));
    options.limits = {{"status", 7u}, {"export", 8u}};
    const RegisteredApi again = other.register_database_api(options);
    CHECK(is_endpoint(again.status_endpoint, "/api/database/status", 7));
    CHECK(is_endpoint(again.export_endpoint, "/api/database/export", 8) && again.token != api.token);
}

static void gateway_requests(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("item/\xC3\xA9 1", "[1]");
    db.save_persistent_data("item/\xC3\xA9 1", " {\"count\" : 2.50} ");
    const Client ask{db, db.register_database_api().token};
    const Client stranger{db, ""};
    const Client liar{db, std::string(64, '0')};
    const std::string document = "/api/database/documents/item/%C3%A9%201";
    for (const Client &one : {stranger, liar}) {
        const HttpResponse refused = one("GET", "/api/database/status");
        CHECK(is_problem(refused, 401) && has(header(refused, "www-authenticate"), "Bearer"));
        CHECK(is_problem(one("GET", document), 401));
    }
    const HttpResponse status = ask("GET", "/api/database/status");
    CHECK(status.status == 200 && header(status, "content-type") == "application/json");
    for (const char *part : {"\"status\":\"OK\"", "\"version\":\"" COFFER_VERSION "\"", "\"documents\":1", "\"sequence\":2",
                             "\"last_sync\":null", "\"read_only\":false", "\"write_allowed\":false"}) {
        CHECK(has(status.body, part));
    }
    const HttpResponse got = ask("GET", document);
    CHECK(got.status == 200 && got.body == " {\"count\" : 2.50} " && header(got, "etag") == "\"2\"");
    CHECK(header(got, "content-type") == "application/json");
    const HttpResponse unchanged = ask("GET", document, "", {{"If-None-Match", "\"2\""}});
    CHECK(unchanged.status == 304 && unchanged.body.empty() && header(unchanged, "etag") == "\"2\"");
    CHECK(ask("GET", document, "", {{"if-none-match", "\"1\""}}).status == 200);
    const HttpResponse head = ask("HEAD", document);
    CHECK(head.status == 200 && head.body.empty() && header(head, "etag") == "\"2\"");
    CHECK(is_problem(ask("GET", "/api/database/documents/missing"), 404));
    CHECK(is_problem(ask("GET", "/api/database/stattus"), 404) && is_problem(ask("GET", "/nothing"), 404));
    const HttpResponse wrong = ask("POST", "/api/database/status");
    CHECK(is_problem(wrong, 405) && header(wrong, "allow") == "GET, HEAD");
    CHECK(is_problem(ask("GET", "/api/database/status?colour=red"), 400));
    CHECK(is_problem(ask("PUT", document, "3"), 403) && is_problem(ask("DELETE", document), 403));
    CHECK(db.load_entry("item/\xC3\xA9 1")->revision == 2);
}

static void gateway_writes(const std::string &folder) {
    Database db(folder);
    Database other(folder);
    ApiOptions options;
    options.allow_write = true;
    options.token = "not.a~secret-at_all";
    CHECK(db.register_database_api(options).token == "not.a~secret-at_all");
    const Client ask{other, "not.a~secret-at_all"}; // whichever Database
    const std::string document = "/api/database/documents/slot";
    const HttpResponse created = ask("PUT", document, " [1.0, \"\xC3\xA9\\u0000\"]");
    CHECK(created.status == 201 && header(created, "etag") == "\"1\"" && created.body.empty());
    CHECK(db.load_persistent_data("slot") == " [1.0, \"\xC3\xA9\\u0000\"]");
    CHECK(is_problem(ask("PUT", document, "2", {{"If-Match", "\"7\""}}), 412));
    CHECK(is_problem(ask("PUT", document, "2", {{"If-None-Match", "*"}}), 412));
    CHECK(db.load_entry("slot")->revision == 1);
    const HttpResponse replaced = ask("PUT", document, "[2]", {{"If-Match", "\"1\""}});
    CHECK(replaced.status == 204 && header(replaced, "etag") == "\"2\"" && db.load_persistent_data("slot") == "[2]");
    CHECK(is_problem(ask("PUT", document, "{"), 400) && is_problem(ask("PUT", document, ""), 400));
    db.save_persistent_data("slot", "[3]");
    const HttpResponse seen = ask("GET", document);
    CHECK(seen.body == "[3]" && header(seen, "etag") == "\"3\"");
    const HttpResponse made = ask("POST", "/api/database/snapshots", "{\"label\":\"before the boss\"}");
    const coffer::Snapshot snapshot = db.get_snapshot("before the boss");
    CHECK(made.status == 201 && has(made.body, "\"id\":\"" + snapshot.id + "\"") && snapshot.sequence == 3);
    CHECK(header(made, "location") == "/api/database/snapshots/" + snapshot.id);
    CHECK(is_problem(ask("DELETE", document, "", {{"If-Match", "\"2\""}}), 412) && db.load_persistent_data("slot"));
    CHECK(ask("DELETE", document).status == 204 && !db.load_persistent_data("slot"));
    CHECK(is_problem(ask("DELETE", document), 404) && is_problem(ask("GET", document), 404));
    const HttpResponse restored = ask("POST", header(made, "location") + "/restore");
    CHECK(restored.status == 200 && has(restored.body, "\"saved\":1") && db.load_persistent_data("slot") == "[3]");
    CHECK(is_problem(ask("POST", "/api/database/snapshots/snapshot-999/restore"), 404));
    CHECK(is_problem(Client{db, ""}("PUT", document, "4"), 401) && db.load_persistent_data("slot") == "[3]");
}

static void gateway_limits(const std::string &folder) {
    Database db(folder);
    ApiOptions options;
    options.limits["status"] = 2;
    const RegisteredApi api = db.register_database_api(options);
    CHECK(api.status_endpoint.per_minute == 2);
    const Client ask{db, api.token};
    CHECK(is_problem(Client{db, ""}("GET", "/api/database/status"), 401)); // it does not count
    CHECK(ask("GET", "/api/database/status").status == 200 && ask("GET", "/api/database/status").status == 200);
    for (int i = 0; i < 3; ++i) {
        const HttpResponse refused = ask("GET", "/api/database/status");
        const int wait = std::stoi(header(refused, "retry-after"));
        CHECK(is_problem(refused, 429) && wait >= 1 && wait <= 60);
    }
    CHECK(ask("GET", "/api/database/collections").status == 200 && ask("GET", "/api/database/limits").status == 200);
}

static void gateway_listens(const std::string &folder) {
    Database db(folder);
    ApiOptions options;
    options.listen = "127.0.0.1:0";
    const RegisteredApi api = db.register_database_api(options);
    const std::string address = api.address.value();
    CHECK(address.find("http://127.0.0.1:") == 0 && !has(address, ":0"));
    CHECK(api.inspector == address + "/#token=" + api.token);
    CHECK(api.status_endpoint.address == address + "/api/database/status");
    const std::string bearer = "Authorization: Bearer " + api.token + "\r\n";
    const std::string answer = tests::over_tcp(address, "GET /api/database/status", bearer);
    CHECK(answer.find("HTTP/1.1 200 ") == 0 && has(answer, "\r\n\r\n{\"status\":\"OK\""));
    CHECK(tests::over_tcp(address, "GET /api/database/status", "").find("HTTP/1.1 401 ") == 0);
    const std::string crossing = bearer + "Origin: http://elsewhere\r\n";
    CHECK(tests::over_tcp(address, "GET /api/database/status", crossing).find("HTTP/1.1 403 ") == 0);
    const std::string page = tests::over_tcp(address, "GET /", "");
    CHECK(page.find("HTTP/1.1 200 ") == 0 && has(page, "<html") && !has(page, api.token));
    db.unregister_database_api();
    CHECK(!tests::Connection(address).is_open());
}

static void gateway_endpoint(const std::string &folder) {
    Database mine(folder);
    Database theirs(folder);
    Lines seen;
    const auto answer = [&seen](const MethodCall &call) -> std::string {
        seen.push_back(call.plugin + "." + call.method + " " + call.json);
        if (has(call.json, "\"slot\":\"curse\"")) {
            throw std::domain_error("no such slot");
        }
        return has(call.json, "\"slot\":\"none\"") ? "{}" : "{\"status\":203,\"body\":[ 1.50 ],\"headers\":{\"x-own\":\"1\"}}";
    };
    const Plugin plugin = theirs.register_plugin(wish("equipment-optimizer", {"best"}, true), answer);
    const coffer::EndpointWish offer{"equipment-optimizer", "best", "POST", "/equipment/{slot}/best"};
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)theirs.gateway_register_endpoint(offer));
    const Client ask{mine, mine.register_database_api().token};
    const Endpoint offered = theirs.gateway_register_endpoint(offer);
    CHECK(!offered.endpoint_id.empty() && offered.method == "POST" && offered.path == "/equipment/{slot}/best");
    CHECK(offered.per_minute > 0 && !offered.address);
    const HttpResponse best = ask("POST", "/equipment/h%20t/best?level=3&x=%C3%A9", "{\"gold\": 1e2}",
                                  {{"content-type", "application/json"}});
    CHECK(best.status == 203 && best.body == "[ 1.50 ]" && header(best, "x-own") == "1" && seen.size() == 1);
    for (const char *part : {"equipment-optimizer.best {", "\"method\":\"POST\"", "\"parameters\":{\"slot\":\"h t\"}", "\"x\":\"\xC3\xA9\"",
                             "\"level\":\"3\"", "\"body\":{\"gold\": 1e2}", "\"content_type\":\"application/json\""}) {
        CHECK(has(seen[0], part));
    }
    const HttpResponse empty = ask("POST", "/equipment/none/best");
    CHECK(empty.status == 204 && empty.body.empty() && has(seen.at(1), "\"body\":null") && has(seen[1], "\"query\":{}"));
    const HttpResponse failed = ask("POST", "/equipment/curse/best", "1");
    CHECK(is_problem(failed, 502) && has(failed.body, "no such slot"));
    CHECK(is_problem(ask("GET", "/equipment/hat/best"), 405) && is_problem(Client{mine, ""}("POST", "/equipment/hat/best"), 401));
    REFUSED(COFFER_ERROR_NAME_TAKEN, (void)mine.gateway_register_endpoint(offer));
    coffer::EndpointWish unknown{"nobody", "best", "GET", "/nobody"};
    (void)mine.gateway_register_endpoint(unknown); // it may come yet; until then each request is refused
    CHECK(is_problem(ask("GET", "/nobody"), 503));
    unknown.path = "/api/database/status";
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)mine.gateway_register_endpoint(unknown));
    CHECK(seen.size() == 3);
    theirs.gateway_unregister_endpoint(offered.endpoint_id);
    CHECK(is_problem(ask("POST", "/equipment/hat/best", "1"), 404) && seen.size() == 3);
    REFUSED(COFFER_ERROR_NOT_FOUND, theirs.gateway_unregister_endpoint(offered.endpoint_id));
}

#endif
