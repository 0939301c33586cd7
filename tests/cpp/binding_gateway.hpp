// What is special to the C++ binding of the gateway: APIs that move with their Database and end with it, methods that throw,
// answer elsewhere or end things on the server's threads, many threads at once, the texts and the answers; binding.cpp runs
// these cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open, nobody listening, and knows that each handler was destroyed once.
#ifndef COFFER_TESTS_CPP_BINDING_GATEWAY_HPP
#define COFFER_TESTS_CPP_BINDING_GATEWAY_HPP

#include "binding_plugins.hpp"
#include "support.hpp"
#include "tcp.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

static coffer::ApiOptions on_any_port() {
    coffer::ApiOptions options;
    options.listen = "127.0.0.1:0";
    options.anonymous_read = true;
    return options;
}

static bool listens(const std::string &address) { return tests::Connection(address).is_open(); }

/// Waits until something is so, for twenty seconds at most.
template <class Condition>
static bool eventually(Condition &&is_so) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_so() && std::chrono::steady_clock::now() < limit) {
        std::this_thread::yield();
    }
    return is_so();
}

/// The status of a response over TCP; 0 if there was none.
static int status_of(const std::string &response) {
    return response.compare(0, 9, "HTTP/1.1 ") == 0 ? std::stoi(response.substr(9, 3)) : 0;
}

static void apis_move(const std::string &folder) {
    coffer::Database first(folder + "/1");
    const std::string address = first.register_database_api(on_any_port()).address.value();
    coffer::Database second(std::move(first));
    REFUSED(COFFER_ERROR_INVALID_HANDLE, first.unregister_database_api());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)first.gateway_handle_request({"GET", "/"}));
    CHECK(status_of(tests::over_tcp(address, "GET /api/database/status", "")) == 200);
    CHECK(second.gateway_handle_request({"GET", "/api/database/status"}).status == 200);
    first = coffer::Database(folder + "/2");
    const std::string other = first.register_database_api(on_any_port()).address.value();
    CHECK(other != address && listens(address) && listens(other));
    second = std::move(first); // what it was ends
    CHECK(!listens(address) && listens(other));
    second.unregister_database_api();
    CHECK(!listens(other) && second.is_open());
    REFUSED(COFFER_ERROR_NOT_FOUND, second.unregister_database_api());
    const std::string again = second.register_database_api(on_any_port()).address.value();
    CHECK(listens(again));
    second.close();
    CHECK(!listens(again));
}

// Requests come all the time, one of them is stuck in a method, one is a stream.
static void destroyed_while_it_listens(const std::string &folder) {
    const auto alive = std::make_shared<int>(0);
    coffer::Database stays(folder);
    for (int turn = 0; turn < 3; ++turn) {
        auto db = std::make_unique<coffer::Database>(folder);
        const std::string address = db->register_database_api(on_any_port()).address.value();
        const Plugin stuck = db->register_plugin(of_kind("stuck", false), [alive](const MethodCall &) { return "{}"; });
        (void)db->gateway_register_endpoint({"stuck", "m", "GET", "/stuck"});
        std::atomic<bool> is_over{false};
        std::atomic<int> answered{0}, waiting{0};
        std::vector<std::thread> clients;
        for (int t = 0; t < 2; ++t) {
            clients.emplace_back([&] {
                while (!is_over) {
                    answered += status_of(tests::over_tcp(address, "GET /api/database/collections", "")) == 200;
                }
            });
        }
        for (const char *line : {"GET /stuck", "GET /api/database/events"}) {
            clients.emplace_back([&, line] {
                tests::Connection connection(address);
                (void)connection.send(line, "");
                ++waiting;
                (void)connection.receive(); // whatever comes, it ends
                --waiting;
            });
        }
        const bool are_there = eventually([&] { return answered >= 5 && waiting == 2; });
        const auto begun = std::chrono::steady_clock::now();
        db.reset();
        const bool was_quick = std::chrono::steady_clock::now() - begun < std::chrono::seconds(5);
        const bool is_gone = !listens(address);
        is_over = true;
        for (std::thread &client : clients) {
            client.join();
        }
        CHECK(are_there && was_quick && is_gone && waiting == 0 && alive.use_count() == 1);
        REFUSED(COFFER_ERROR_NOT_FOUND, (void)stays.gateway_handle_request({"GET", "/api/database/status"}));
    }
}

// What a method throws, on a thread of the server's, becomes a response.
static void endpoints_throw(const std::string &folder) {
    coffer::Database db(folder);
    const std::string address = db.register_database_api(on_any_port()).address.value();
    const auto alive = std::make_shared<int>(0);
    const auto here = std::this_thread::get_id();
    std::atomic<bool> elsewhere{false};
    Plugin plugin = db.register_plugin(of_kind("p", true), [&, alive](const MethodCall &call) -> std::string {
        elsewhere = std::this_thread::get_id() != here;
        const auto asks = [&call](const char *what) { return contains(call.json, std::string("{\"what\":\"") + what); };
        if (asks("throw")) {
            throw std::domain_error("the \xC3\xA9");
        } else if (asks("seven")) {
            throw 7; // not even an exception
        } else if (asks("bytes")) {
            throw std::domain_error("not \xFF UTF-8");
        } else if (asks("garbage")) {
            return "{";
        } else if (asks("nothing")) {
            return "[]";
        }
        return db.call("p", "m", "1");
    });
    (void)db.gateway_register_endpoint({"p", "m", "GET", "/p/{what}"});
    const auto get = [&](const std::string &what) { return tests::over_tcp(address, "GET /p/" + what, ""); };
    const auto fails = [&](const char *what, int status, const char *reason) {
        const std::string response = get(what);
        const coffer::HttpResponse inside = db.gateway_handle_request({"GET", std::string("/p/") + what});
        return status_of(response) == status && inside.status == status && contains(response, reason) &&
               contains(inside.body, reason) && contains(response, "application/problem+json");
    };
    CHECK(fails("throw", 502, "the \xC3\xA9") && fails("seven", 502, "no std::exception") && fails("bytes", 502, "not ? UTF-8"));
    CHECK(fails("garbage", 502, "") && fails("nothing", 502, ""));
    CHECK(fails("itself", 502, "CALL_FAILED") && status_of(get("throw")) == 502 && elsewhere); // a circle
    plugin.unregister();
    CHECK(fails("throw", 503, "plug-in") && alive.use_count() == 1);
    plugin = db.register_plugin(of_kind("p", true), [](const MethodCall &) { return "{\"body\":1}"; });
    CHECK(contains(get("x"), "\r\n\r\n1")); // another took the name
}

// A request may be answered later, by another thread, and a polled plug-in answers on its own.
static void endpoints_answer_elsewhere(const std::string &folder) {
    coffer::Database db(folder);
    const std::string address = db.register_database_api(on_any_port()).address.value();
    std::thread answering;
    const Plugin later = db.register_plugin(of_kind("later", true), [&answering](Request request) {
        answering = std::thread([own = std::move(request)]() mutable { own.answer("{\"body\":\"later\"}"); });
    });
    std::thread::id where;
    const Plugin polled = db.register_plugin(of_kind("polled", false), [&where](const MethodCall &) {
        where = std::this_thread::get_id();
        return "{\"status\":201,\"body\":\"polled\"}";
    });
    (void)db.gateway_register_endpoint({"later", "m", "GET", "/later"});
    coffer::EndpointWish wish{"polled", "m", "GET", "/polled"};
    wish.id = "by \"itself\"";
    wish.per_minute = 3u;
    const coffer::Endpoint offered = db.gateway_register_endpoint(wish);
    CHECK(offered.endpoint_id == *wish.id && offered.per_minute == 3 && offered.address == address + "/polled");
    CHECK(contains(tests::over_tcp(address, "GET /later", ""), "\r\n\r\n\"later\""));
    answering.join();
    for (const bool over_tcp : {true, false}) {
        std::atomic<bool> is_done{false};
        std::string response;
        std::thread client([&] {
            const std::string failure = thrown([&] {
                response = over_tcp ? tests::over_tcp(address, "GET /polled", "")
                                    : db.gateway_handle_request({"GET", "/polled"}).body;
            });
            response += failure;
            is_done = true;
        });
        (void)eventually([&] { return db.poll() > 0 || is_done; });
        client.join();
        CHECK(contains(response, "\"polled\"") && where == std::this_thread::get_id());
    }
    db.gateway_unregister_endpoint(*wish.id);
    CHECK(status_of(tests::over_tcp(address, "GET /polled", "")) == 404);
}

// A method that answers may end its endpoint and its plug-in, but neither the API nor the Database that has it.
static void ended_within_a_request(const std::string &folder) {
    coffer::Database db(folder);
    const std::string address = db.register_database_api(on_any_port()).address.value();
    std::vector<coffer_status> statuses;
    const auto note = [&statuses](auto &&call) {
        try {
            call();
            statuses.push_back(COFFER_OK);
        } catch (const coffer::Error &error) {
            statuses.push_back(error.status());
        }
    };
    const auto alive = std::make_shared<int>(0);
    Plugin plugin;
    for (const bool over_tcp : {true, false}) {
        statuses.clear();
        plugin = db.register_plugin(of_kind("p", true), [&, alive](const MethodCall &) {
            note([&] { db.unregister_database_api(); });
            note([&] { db.close(); });
            note([&] { db.gateway_unregister_endpoint("p.m"); });
            note([&] { db.gateway_unregister_endpoint("p.m"); });
            note([&] { db.save_persistent_data("k", "1"); });
            plugin.unregister();
            return "{\"body\":1}";
        });
        CHECK(db.gateway_register_endpoint({"p", "m", "GET", "/p"}).endpoint_id == "p.m");
        const int status = over_tcp ? status_of(tests::over_tcp(address, "GET /p", ""))
                                    : db.gateway_handle_request({"GET", "/p"}).status;
        const coffer_status no = COFFER_ERROR_INVALID_ARGUMENT;
        CHECK((statuses == std::vector<coffer_status>{no, no, COFFER_OK, COFFER_ERROR_NOT_FOUND, COFFER_OK}));
        CHECK(status == 502 && alive.use_count() == 1); // a call that its plug-in ends itself in fails
        CHECK(db.is_open() && listens(address));
    }
    db.close();
    CHECK(!listens(address) && coffer::Database::live_handles() == 0);
}

// Some ask, some add and remove endpoints, and one has the API come and go.
static void gateway_on_threads(const std::string &folder) {
    coffer::Database db(folder);
    coffer::ApiOptions options = on_any_port();
    options.limits = {{"collections", 1'000'000u}};
    std::atomic<int> wrong{0}, answered{0}, without{0};
    std::atomic<bool> is_over{false};
    const auto alive = std::make_shared<int>(0);
    const Plugin plugin = db.register_plugin(of_kind("p", true), [alive](const MethodCall &) { return "{}"; });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const std::string path = "/own/" + std::to_string(t);
            while (!is_over) {
                try {
                    answered += db.gateway_handle_request({"GET", "/api/database/collections"}).status == 200;
                    const coffer::Endpoint own = db.gateway_register_endpoint({"p", "m", "GET", path, 1'000'000u, path});
                    const int status = db.gateway_handle_request({"GET", path}).status;
                    wrong += status != 204 && status != 503 && status != 404; // there, ending, or another API by now
                    db.gateway_unregister_endpoint(own.endpoint_id);
                } catch (const coffer::Error &error) {
                    wrong += error.status() != COFFER_ERROR_NOT_FOUND;
                    ++without;
                }
            }
        });
    }
    const std::string failure = thrown([&] {
        for (int i = 0; i < 50; ++i) {
            const std::string address = db.register_database_api(options).address.value();
            wrong += status_of(tests::over_tcp(address, "GET /api/database/collections", "")) != 200;
            db.unregister_database_api();
        }
    });
    is_over = true;
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK(failure.empty() && wrong == 0 && answered > 0 && without > 0 && alive.use_count() == 2);
}

static void gateway_texts(const std::string &folder) {
    coffer::Database db(folder);
    coffer::ApiOptions options;
    options.allow_write = true;
    options.token = std::string("0123456789abcdef\0", 17);
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.register_database_api(options));
    options.token = "0123456789abcdef";
    options.listen = "\xFF";
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)db.register_database_api(options));
    options.listen = "192.0.2.1:0";
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.register_database_api(options));
    options.listen.reset();
    (void)db.register_database_api(options);
    const auto ask = [&db](const std::string &method, const std::string &target, const std::string &body) {
        return db.gateway_handle_request({method, target, {{"AUTHORIZATION", "Bearer 0123456789abcdef"}}, body}).status;
    };
    const std::string odd = "\" \xC3\xA9 \\n \\\" \xF0\x9F\x97\xA1 \t\r\n\"";
    CHECK(ask("PUT", "/api/database/documents/a%22%5C%0A", odd) == 400); // a tab in a string is no JSON
    const std::string even = "\r\n\t\" \xC3\xA9 \\n \\\" \\u0000 \xF0\x9F\x97\xA1\"";
    CHECK(ask("PUT", "/api/database/documents/a%22%5C%0A", even) == 201 && db.load_persistent_data("a\"\\\n") == even);
    CHECK(ask("PUT", "/api/database/documents/k", std::string("1\0", 2)) == 400);
    CHECK(ask("GET", "/api/database/documents/a%00", "") == 404);
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)ask("PUT", "/api/database/documents/k", "\"\xFF\""));
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)ask("GET", "/\xFF", ""));
    for (const char *target : {"", "api", "http://127.0.0.1/", "/a b"}) {
        REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)ask("GET", target, ""));
    }
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)ask("G T", "/", ""));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.gateway_handle_request({"GET", "/", {{"a b", "1"}}}));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.gateway_handle_request({"GET", "/", {{"a", "1\r\nb: 2"}}}));
    const char *null = nullptr;
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, db.gateway_unregister_endpoint(null));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.gateway_unregister_endpoint(std::string("a\0b", 3)));
    REFUSED(COFFER_ERROR_NOT_FOUND, db.gateway_unregister_endpoint(std::string_view("p.m")));
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.gateway_register_endpoint({"p", "m", "BREW", "/x"}));
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)db.gateway_register_endpoint({"p", "m\xFF", "GET", "/x"}));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)(db.gateway_register_endpoint({"p", "m", "GET", "/x/{a}"}),
                                                  db.gateway_register_endpoint({"p", "n", "POST", "/x/{b}"})));
}

static void gateway_options(const std::string &) {
    coffer::ApiOptions options;
    CHECK(options.to_json() == "{}");
    options.listen = "127.0.0.1:0";
    options.token = "a\"b";
    options.anonymous_read = options.allow_write = options.allow_remote = true;
    options.limits = {{"status", 1u}, {"export", 4'000'000'000u}};
    options.max_body_bytes = 1u << 30;
    options.allow_origins = {"http://a", "http://b"};
    CHECK(options.to_json() == "{\"listen\":\"127.0.0.1:0\",\"token\":\"a\\\"b\",\"anonymous_read\":true,\"allow_write\":true,"
                               "\"limits\":{\"export\":4000000000,\"status\":1},\"max_body_bytes\":1073741824,"
                               "\"allow_remote\":true,\"allow_origins\":[\"http://a\",\"http://b\"]}");
    coffer::EndpointWish wish{"p", "m", "GET", "/{a}"};
    CHECK(wish.to_json() == "{\"plugin\":\"p\",\"call\":\"m\",\"method\":\"GET\",\"path\":\"/{a}\"}");
    wish = {"p", "m", "GET", "/{a}", 5u, "\"", true};
    CHECK(contains(wish.to_json(), ",\"per_minute\":5,\"id\":\"\\\"\",\"write\":true}"));
    CHECK((coffer::HttpRequest{"GET", "/"}.to_json() == "{\"method\":\"GET\",\"target\":\"/\",\"headers\":{}}"));
    CHECK((coffer::HttpRequest{"PUT", "/", {{"a", "b"}, {"c", "\n"}}, std::string("\0", 1)}.to_json() ==
           "{\"method\":\"PUT\",\"target\":\"/\",\"headers\":{\"a\":\"b\",\"c\":\"\\u000a\"},\"body\":\"\\u0000\"}"));
}

static void gateway_answers(const std::string &) {
    const auto read = [](const char *json, auto reading) {
        coffer::detail::Reader all{std::string_view(json)};
        auto answer = reading(all);
        all.end();
        return answer;
    };
    const auto api = coffer::detail::read_registered_api;
    const coffer::RegisteredApi all =
        read("{\"new\":{},\"endpoints\":[{\"endpoint_id\":\"e\",\"method\":\"GET\",\"path\":\"/p\",\"per_minute\":6,\"address\":"
             "\"a\"},{\"address\":null}],\"address\":\"h\",\"token\":\"t\",\"inspector\":\"i\",\"status\":{\"per_minute\":1},"
             "\"export\":null}", api);
    CHECK(all.endpoints.size() == 2 && all.endpoints[0].endpoint_id == "e" && all.endpoints[0].method == "GET");
    CHECK(all.endpoints[0].path == "/p" && all.endpoints[0].per_minute == 6 && all.endpoints[0].address == "a");
    CHECK(!all.endpoints[1].address && all.address == "h" && all.token == "t" && all.inspector == "i");
    CHECK(all.status_endpoint.per_minute == 1 && all.export_endpoint.endpoint_id.empty());
    const coffer::HttpResponse response =
        read("{\"body\":\"\\u0000\xC3\xA9\",\"headers\":{\"etag\":\"\\\"1\\\"\",\"a\":\"\"},\"status\":418,\"x\":[]}",
             coffer::detail::read_http_response);
    CHECK(response.status == 418 && response.body == std::string("\0\xC3\xA9", 3) && response.headers.size() == 2);
    CHECK(response.headers.at("etag") == "\"1\"" && response.headers.at("a").empty());
    for (const char *bad : {"", "[]", "{\"endpoints\":{}}", "{\"endpoints\":[null]}", "{\"address\":1}", "{\"token\":null}",
                            "{\"status\":1}", "{} x"}) {
        REFUSED(COFFER_ERROR_INTERNAL, (void)read(bad, api));
    }
    for (const char *bad : {"", "1", "{\"status\":\"200\"}", "{\"status\":-1}", "{\"headers\":[]}", "{\"headers\":{\"a\":1}}",
                            "{\"body\":null}"}) {
        REFUSED(COFFER_ERROR_INTERNAL, (void)read(bad, coffer::detail::read_http_response));
    }
}

#endif
