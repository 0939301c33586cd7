// What is special to the C++ binding of calls and of the host's hub: refused arguments, calls that are dropped, numbers of
// events, texts and answers, and many threads; binding.cpp runs these cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open, and knows that each handler was destroyed once.
#ifndef COFFER_TESTS_CPP_BINDING_CALLS_HPP
#define COFFER_TESTS_CPP_BINDING_CALLS_HPP

#include "binding_plugins.hpp"

// A handler that was not taken is destroyed too.
static void refused_plugins(const std::string &folder) {
    coffer::Database db(folder);
    const auto alive = std::make_shared<int>(0);
    const auto count = [alive](const MethodCall &) { return std::to_string(++*alive); };
    const long before = alive.use_count();
    const std::string nul("a\0b", 3);
    const char *null = nullptr;
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.register_plugin({nul, "1.0.0"}, count));
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.register_plugin({"p", "1"}, count));
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)db.register_plugin({"\xFF", "1.0.0"}, count));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.register_plugin(of_kind("p", true)));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.register_plugin(of_kind("p", true), std::function<void(Request)>()));
    coffer::HostOptions options;
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.supply_hub(options, nullptr));
    options.version = "new";
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.supply_hub(options, count));
    CHECK(alive.use_count() == before && db.plugins().empty());
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.plugin(nul));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.plugin(null));
    const Plugin plugin = db.register_plugin(of_kind("p", true), count);
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.call(nul, "m", "1"));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.call("p", nul, "1"));
    REFUSED(COFFER_ERROR_INVALID_JSON, (void)db.call("p", "m", nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.begin_call(nul, "m", "1"));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.begin_call("p", nul, "1"));
    REFUSED(COFFER_ERROR_INVALID_JSON, (void)db.begin_call("p", "m", nul));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.call(null, "m", "1"));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.begin_call("p", "m", null));
    CHECK(!db.next_call() && *alive == 0);
}

static void calls_move(const std::string &folder) {
    coffer::Database db(folder);
    int calls = 0;
    const Plugin plugin = db.register_plugin(of_kind("p", false), [&](const MethodCall &) { return std::to_string(++calls); });
    coffer::Call none;
    CHECK(!none.is_under_way() && none.handle() == 0);
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)none.await());
    coffer::Call first = db.begin_call("p", "m", "1", milliseconds(10'000));
    const coffer_call handle = first.handle();
    coffer::Call second(std::move(first));
    CHECK(second.handle() == handle && !first.is_under_way());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)first.await());
    none = std::move(second);
    coffer::Call &same = none;
    none = std::move(same);
    CHECK(db.poll() == 1 && none.await() == "1");
    // One whose answer is there is forgotten at once.
    coffer_call forgotten = 0;
    {
        const coffer::Call dropped = db.begin_call("p", "m", "1");
        forgotten = dropped.handle();
        CHECK(db.poll() == 1);
    }
    CHECK(coffer_hub_await_call(forgotten, 0, nullptr) == COFFER_ERROR_INVALID_HANDLE);
    // One that goes on is run all the same, and then forgotten.
    {
        const coffer::Call dropped = db.begin_call("p", "m", "1", milliseconds(10'000));
        forgotten = dropped.handle();
    }
    CHECK(db.poll() == 1 && calls == 3);
    const coffer::Call later = db.begin_call("p", "m", "1");
    CHECK(coffer_hub_await_call(forgotten, 0, nullptr) == COFFER_ERROR_INVALID_HANDLE);
}

// More calls than can be under way at a time, and nobody asks what came of them.
static void abandoned_calls(const std::string &folder) {
    coffer::Database db(folder);
    const Plugin plugin = db.register_plugin(of_kind("p", false), [](const MethodCall &) { return "1"; });
    const coffer::Call keeps_waiting = db.begin_call("p", "m", "1", std::chrono::hours(1));
    for (int i = 0; i < 70'000; ++i) {
        (void)db.begin_call("p", "m", "1");
        if (i % 1'000 == 0) {
            CHECK(db.poll() >= 1);
        }
    }
    (void)db.poll();
    CHECK(outcome(db, "1") == "1");
}

static void event_numbers(const std::string &folder) {
    coffer::Database db(folder);
    std::vector<Event> heard;
    const auto note = [&](const Event &event) { heard.push_back(event); };
    const Subscription polled = db.subscribe("*", note);
    const Subscription direct = db.subscribe("*", note, kind(true));
    Subscription pulled = db.subscribe("*", nullptr);
    const coffer::Synced synced = db.sync_tier1_data_to_hub();
    const std::uint64_t published = db.publish("own", "1");
    CHECK(heard.size() == 2 && heard[0].id == synced.event_id && heard[1].id == published && published > synced.event_id);
    CHECK(db.poll() == 2 && heard[2].id == synced.event_id && heard[3].id == published && heard[2].sequence == 0);
    CHECK(pulled.next()->id == synced.event_id && pulled.next()->id == published);
    db.save_persistent_data("k", "1");
    CHECK(heard.back().id > published && pulled.next()->id == heard.back().id);
    pulled = db.subscribe("database_changed", nullptr);
    pulled.replay(0);
    CHECK(pulled.next()->id == 0); // brought back from the journal
}

static void hosts_refuse(const std::string &folder) {
    coffer::Database db(folder);
    std::vector<Request> kept;
    coffer::SuppliedHub hub = db.supply_hub({}, [&kept](Request request) {
        if (contains(request.json, "\"throw\"")) {
            throw std::domain_error("thrown");
        } else if (contains(request.json, "\"keep\"")) {
            kept.push_back(std::move(request));
        } else if (contains(request.json, "\"garbage\"")) {
            request.answer("{");
        } else if (!contains(request.json, "\"drop\"")) {
            request.answer("{\"seen\":\"" + request.method + "\"}");
        }
    });
    int heard = 0;
    const Subscription hears = db.subscribe("*", [&](const Event &) { ++heard; }, kind(true));
    CHECK(contains(REFUSED(COFFER_ERROR_CALL_FAILED, db.publish("throw", "1")), "failed: thrown"));
    CHECK(contains(REFUSED(COFFER_ERROR_CALL_FAILED, db.publish("drop", "1")), "dropped without an answer"));
    CHECK(contains(REFUSED(COFFER_ERROR_CALL_FAILED, db.publish("garbage", "1")), "INVALID_JSON"));
    REFUSED(COFFER_ERROR_TIMED_OUT, db.publish("keep", "1"));
    REFUSED(COFFER_ERROR_TIMED_OUT, kept.at(0).answer("1"));
    CHECK(heard == 0);
    db.publish("take", "1");
    CHECK(heard == 1 && db.sync_tier1_data_to_hub().host == "{\"seen\":\"broadcast\"}" && heard == 2);
    coffer::SuppliedHub moved(std::move(hub));
    CHECK(!hub.is_supplied() && moved.is_supplied());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, hub.withdraw());
    hub = std::move(moved);
    hub.withdraw();
    db.publish("throw", "1");
    CHECK(heard == 3 && !db.sync_tier1_data_to_hub().host);
    // Withdrawn by itself; with changes, also for those.
    coffer::HostOptions options;
    options.changes = options.data = true;
    std::string seen;
    hub = db.supply_hub(options, [&](const MethodCall &call) -> std::string {
        seen += call.plugin + call.json;
        hub = {};
        throw std::domain_error("it happens all the same");
    });
    db.save_persistent_data("k", "[5]");
    CHECK(contains(seen, "\"data\":[5]") && !hub.is_supplied() && db.load_phase11().integration_hub.origin == "built_in");
    CHECK(db.load_persistent_data("k") == "[5]");
}

static void plugin_texts(const std::string &) {
    CHECK((coffer::PluginWish{"p", "1.0.0"}.to_json() ==
           "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[],\"dependencies\":{},\"direct\":false}"));
    CHECK((coffer::PluginWish{"a\"b", "1", {"x", "y\n"}, {{"c", "^1"}, {"d", "*"}}, true}.to_json() ==
           "{\"name\":\"a\\\"b\",\"version\":\"1\",\"exports\":[\"x\",\"y\\u000a\"],\"dependencies\":{\"c\":\"^1\",\"d\":\"*\"},"
           "\"direct\":true}"));
    coffer::HostOptions options;
    CHECK(options.to_json() == "{\"changes\":false,\"data\":false}");
    options.changes = options.data = true;
    options.version = "1\"";
    CHECK(options.to_json() == "{\"changes\":true,\"data\":true,\"version\":\"1\\\"\"}");
    const auto read = [](const char *json, auto reading) {
        coffer::detail::Reader all{std::string_view(json)};
        auto answer = reading(all);
        all.end();
        return answer;
    };
    const coffer::PluginInfo info = read("{\"new\":1,\"direct\":true,\"exports\":[\"m\"],\"dependencies\":[{\"found\":null,"
                                         "\"requires\":\"*\",\"x\":[]}],\"name\":\"p\"}", coffer::detail::read_plugin);
    CHECK(info.direct && info.exports.at(0) == "m" && !info.dependencies.at(0).found && info.name == "p");
    const coffer::Phase11 modules = read("{\"more\":{},\"analytics\":{\"present\":true,\"version\":\"2\",\"origin\":\"host\"},"
                                         "\"api_gateway\":{\"version\":null}}", coffer::detail::read_phase11);
    CHECK(modules.analytics.present && modules.analytics.version == "2" && modules.analytics.origin == "host");
    CHECK(!modules.api_gateway.version && !modules.integration_hub.present);
    CHECK(read("{\"host\": [1, \"]\"] ,\"event_id\":3}", coffer::detail::read_synced).host == "[1, \"]\"]");
    CHECK(read("{\"id\":7,\"payload\":1}", coffer::detail::read_event).id == 7);
    for (const char *bad : {"", "[]", "{\"exports\":{}}", "{\"dependencies\":[1]}", "{\"dependencies\":[{\"found\":1}]}",
                            "{\"direct\":null}", "{} x"}) {
        REFUSED(COFFER_ERROR_INTERNAL, (void)read(bad, coffer::detail::read_plugin));
    }
    for (const char *bad : {"", "{\"analytics\":1}", "{\"analytics\":{\"version\":2}}", "{\"analytics\":{\"present\":0}}"}) {
        REFUSED(COFFER_ERROR_INTERNAL, (void)read(bad, coffer::detail::read_phase11));
    }
}

// Four call two plug-ins that stay, direct and polled, and one another's, which come and go.
static void calls_on_threads(const std::string &folder) {
    constexpr int threads_of_all = 4, each = 150;
    coffer::Database db(folder);
    std::atomic<int> wrong{0}, running{threads_of_all}, came{0}, gone{0};
    const auto alive = std::make_shared<int>(0);
    const Plugin direct = db.register_plugin(of_kind("direct", true), [alive](const MethodCall &call) { return call.json; });
    std::thread answers;
    const Plugin polled = db.register_plugin(of_kind("polled", false), [&answers](Request request) {
        if (answers.joinable()) {
            answers.join();
        }
        answers = std::thread([own = std::move(request)]() mutable { own.answer(own.json); });
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < threads_of_all; ++t) {
        threads.emplace_back([&, t] {
            try {
                for (int i = 0; i < each; ++i) {
                    const std::string json = std::to_string(t * each + i);
                    const std::string own = "t" + std::to_string(t);
                    const Plugin comes = db.register_plugin(
                        of_kind(own, i % 2 == 0), [alive](const MethodCall &) -> std::string { throw 1; });
                    wrong += db.call("direct", "m", json, std::chrono::seconds(60)) != json;
                    wrong += db.call("polled", "m", json, std::chrono::seconds(60)) != json;
                    const std::string other = "t" + std::to_string((t + 1) % threads_of_all);
                    try {
                        coffer::Call call = db.begin_call(other, "m", "1", std::chrono::seconds(60));
                        wrong += call.await(std::chrono::seconds(60)).has_value(); // it is refused, or its plug-in leaves
                        ++wrong;
                    } catch (const coffer::CallFailed &) {
                        ++came;
                    } catch (const coffer::UnknownPlugin &) {
                        ++gone;
                    }
                }
            } catch (const std::exception &error) {
                std::fprintf(stderr, "thread %d: %s\n", t, error.what());
                ++wrong;
            }
            --running;
        });
    }
    while (running > 0) {
        (void)db.poll();
        std::this_thread::yield();
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    answers.join();
    CHECK(wrong == 0 && came > 0 && came + gone == threads_of_all * each);
    CHECK(alive.use_count() == 2 && db.plugins().size() == 2);
}

#endif
