// What is special to the C++ binding of plug-ins: handlers that throw, requests that are answered elsewhere or dropped,
// owners that are moved, ended from within, or outlive their database, and the texts and answers; binding.cpp runs these
// cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open, and knows that each handler was destroyed once.
#ifndef COFFER_TESTS_CPP_BINDING_PLUGINS_HPP
#define COFFER_TESTS_CPP_BINDING_PLUGINS_HPP

#include "binding_hub.hpp"
#include "support.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using coffer::MethodCall;
using coffer::MethodHandler;
using coffer::Plugin;
using coffer::Request;
using std::chrono::milliseconds;

template <class T>
constexpr bool is_move_only = !std::is_copy_constructible<T>::value && !std::is_copy_assignable<T>::value &&
                              std::is_nothrow_move_constructible<T>::value && std::is_nothrow_move_assignable<T>::value;
static_assert(is_move_only<Plugin> && is_move_only<Request> && is_move_only<coffer::Call>, "");
static_assert(is_move_only<coffer::SuppliedHub>, "");
static_assert(!std::is_constructible<MethodHandler, int (*)(int)>::value, "");

static coffer::PluginWish of_kind(const std::string &name, bool direct) {
    return {name, "1.0.0", {"m"}, {}, direct};
}

static bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// Calls "p"'s method through `db` and polls for it; gives the answer, or what was thrown.
static std::string outcome(coffer::Database &db, const std::string &json) {
    std::string answer;
    const std::string failure = thrown([&] {
        coffer::Call call = db.begin_call("p", "m", json, milliseconds(10'000));
        (void)db.poll();
        answer = call.await(milliseconds(5'000)).value_or("pending");
    });
    return failure.empty() ? answer : failure;
}

static void plugin_handlers_throw(const std::string &folder) {
    coffer::Database db(folder);
    for (const bool direct : {false, true}) {
        const Plugin plugin = db.register_plugin(of_kind("p", direct), [&db](const MethodCall &call) -> std::string {
            switch (call.json[0]) {
            case '1': throw std::domain_error("the first \xC3\xA9");
            case '2': throw 7; // not even an exception
            case '3': throw std::domain_error("not \xFF\xC3 UTF-8");
            case '4': throw std::domain_error("");
            case '5': return db.call("nobody", "m", "1");
            case '6': return "[";
            case '7': return std::string("1\0", 2);
            case '8': return "\"\xFF\"";
            default: return call.json;
            }
        });
        const auto fails = [&](const char *json, const char *reason) {
            const std::string told = outcome(db, json);
            return contains(told, "COFFER_ERROR_CALL_FAILED: \"m\" of plug-in \"p\" failed: ") && contains(told, reason);
        };
        CHECK(fails("1", "failed: the first \xC3\xA9") && fails("2", "no std::exception") && fails("3", "not ?? UTF-8"));
        CHECK(fails("4", "") && fails("5", "COFFER_ERROR_UNKNOWN_PLUGIN: there is no plug-in \"nobody\""));
        CHECK(fails("6", "INVALID_JSON") && fails("7", "NUL") && fails("8", "INVALID_UTF8") && outcome(db, "9") == "9");
    }
    // The new kinds of exceptions say what they are, and are errors like all others.
    CHECK(coffer::UnknownPlugin("x").status() == COFFER_ERROR_UNKNOWN_PLUGIN);
    CHECK(coffer::CallFailed("x").status() == COFFER_ERROR_CALL_FAILED);
    CHECK(coffer::TimedOut("x").status() == COFFER_ERROR_TIMED_OUT);
    CHECK(coffer::ModuleAbsent("x").status() == COFFER_ERROR_MODULE_ABSENT);
    const Plugin silent = db.register_plugin(of_kind("p", false));
    const auto kind_of = [](auto &&call) {
        try {
            call();
        } catch (const coffer::TimedOut &) {
            return 't';
        } catch (const coffer::CallFailed &) {
            return 'f';
        } catch (const coffer::UnknownPlugin &) {
            return 'u';
        }
        return '-';
    };
    CHECK(kind_of([&] { (void)db.call("p", "m", "1", milliseconds(-1)); }) == 't');
    CHECK(kind_of([&] { (void)db.call("p", "n", "1"); }) == 'u' && kind_of([&] { (void)db.plugin("q"); }) == 'u');
    coffer::Call left = db.begin_call("p", "m", "1", milliseconds(INT64_MAX));
    CHECK(!left.await(std::chrono::microseconds(-1)) && db.next_call()); // dropped at once
    CHECK(kind_of([&] { (void)left.await(); }) == 'f');
}

static void plugin_handlers_convert(const std::string &folder) {
    coffer::Database db(folder);
    const auto answers = [&db](MethodHandler handler) {
        CHECK(static_cast<bool>(handler));
        const Plugin plugin = db.register_plugin(of_kind("p", true), std::move(handler));
        return outcome(db, "{\"count\":1}");
    };
    CHECK(answers([](const MethodCall &) { return "1"; }) == "1");
    CHECK(answers([](const MethodCall &call) { return std::string_view(call.json).substr(9, 1); }) == "1");
    CHECK(answers([](const auto &call) { return call.json; }) == "{\"count\":1}");
    CHECK(answers([](const MethodCall &call) { return Potion{call.json_as<Potion>().count + 1}; }) == "{\"count\":2}");
    CHECK(contains(answers([](const MethodCall &) { return Potion{-1}; }), "a negative number of potions"));
    CHECK(answers([](Request request) { request.answer(Potion{3}); }) == "{\"count\":3}");
    CHECK(answers([](Request &&request) { request.answer("4"); }) == "4");
    CHECK(answers([count = 0](MethodCall) mutable { return std::to_string(++count); }) == "1");
    CHECK(answers(+[](const MethodCall &) { return std::string("5"); }) == "5");
    CHECK(answers(std::function<std::string(const MethodCall &)>([](const MethodCall &) { return "6"; })) == "6");
    CHECK(answers(std::function<void(Request)>([](Request one) { one.refuse("no"); })) ==
          "COFFER_ERROR_CALL_FAILED: \"m\" of plug-in \"p\" failed: no");
    std::string (*const no_function)(const MethodCall &) = nullptr;
    CHECK(!MethodHandler() && !MethodHandler(nullptr) && !MethodHandler(no_function));
    CHECK(!MethodHandler(std::function<void(Request)>()) && !MethodHandler(std::function<std::string(MethodCall)>()));
    const Plugin doubles = db.register_plugin(
        of_kind("p", true), [](const MethodCall &call) { return Potion{call.json_as<Potion>().count * 2}; });
    CHECK(db.call("p", "m", Potion{4}) == "{\"count\":8}" && db.call_as<Potion>("p", "m", Potion{5}).count == 10);
    CHECK(db.call_as<Potion>("p", "m", "{\"count\":6}", milliseconds(500)).count == 12);
    CHECK(db.begin_call("p", "m", Potion{7}).await_as<Potion>()->count == 14);
    CHECK(thrown([&] { (void)db.call("p", "m", Potion{-1}); }) == "a negative number of potions");
}

static void requests_end(const std::string &folder) {
    coffer::Database db(folder);
    std::vector<Request> stored;
    for (const bool direct : {false, true}) {
        const Plugin plugin = db.register_plugin(of_kind("p", direct), [&stored](Request request) {
            const std::string json = request.json;
            if (json == "1") {
                throw std::domain_error("thrown with the request");
            }
            if (json == "2") {
                return; // forgotten
            }
            stored.push_back(std::move(request));
            if (json == "3") {
                throw std::domain_error("thrown without the request");
            }
            if (json == "4") {
                stored.clear(); // dropped within its handler
                throw std::domain_error("after the drop");
            }
            stored.back().answer("\"at once\"");
        });
        CHECK(contains(outcome(db, "1"), "failed: thrown with the request"));
        CHECK(contains(outcome(db, "2"), "dropped without an answer"));
        CHECK(contains(outcome(db, "3"), "failed: thrown without the request") && stored.size() == 1);
        REFUSED(COFFER_ERROR_INVALID_HANDLE, stored[0].answer("1"));
        CHECK(!stored[0].is_open() && contains(outcome(db, "4"), "failed: after the drop") && stored.empty());
        CHECK(outcome(db, "5") == "\"at once\"" && !stored[0].is_open());
        stored.clear();
    }
}

static void requests_are_answered_later(const std::string &folder) {
    coffer::Database db(folder, [] {
        coffer::Options options;
        options.plugin = "asker";
        return options;
    }());
    for (const bool direct : {false, true}) {
        Request kept;
        const Plugin plugin = db.register_plugin(of_kind("p", direct), [&kept](Request one) { kept = std::move(one); });
        const auto ask = [&] {
            coffer::Call call = db.begin_call("p", "m", "[1]", milliseconds(10'000));
            CHECK(db.poll() == (direct ? 0 : 1) && kept.is_open() && !call.await());
            return call;
        };
        coffer::Call call = ask();
        CHECK(kept.plugin == "p" && kept.method == "m" && kept.caller == "asker" && kept.json == "[1]");
        std::thread([request = std::move(kept)]() mutable { request.answer("\"elsewhere\""); }).join();
        CHECK(call.await() == "\"elsewhere\"" && !kept.is_open());
        call = ask();
        std::thread([request = std::move(kept)]() {}).join(); // dropped elsewhere
        CHECK(contains(thrown([&] { (void)call.await(); }), "dropped without an answer"));
        call = ask();
        REFUSED(COFFER_ERROR_INVALID_JSON, kept.answer("["));
        REFUSED(COFFER_ERROR_INVALID_JSON, kept.answer(std::string("1\0", 2)));
        REFUSED(COFFER_ERROR_INVALID_UTF8, kept.answer("\"\xFF\""));
        REFUSED(COFFER_ERROR_TOO_DEEP, kept.answer(std::string(200, '[') + std::string(200, ']')));
        REFUSED(COFFER_ERROR_INVALID_UTF8, kept.refuse("\xFF"));
        REFUSED(COFFER_ERROR_INVALID_UTF8, kept.refuse(std::string("a\0b", 3)));
        const char *null = nullptr;
        REFUSED(COFFER_ERROR_NULL_ARGUMENT, kept.answer(null));
        CHECK(kept.is_open() && !call.await()); // none of these was an answer
        kept.answer("2");
        REFUSED(COFFER_ERROR_INVALID_HANDLE, kept.refuse("again"));
        CHECK(call.await() == "2");
        // One replaces another, which is dropped.
        call = ask();
        coffer::Call second = ask();
        CHECK(contains(thrown([&] { (void)call.await(); }), "dropped without an answer") && !second.await());
        Request &same = kept;
        kept = std::move(same);
        Request moved(std::move(kept));
        REFUSED(COFFER_ERROR_INVALID_HANDLE, kept.answer("1"));
        moved.refuse("moved");
        CHECK(contains(thrown([&] { (void)second.await(); }), "failed: moved"));
    }
    // The callee may wait for the caller's thread to do more.
    std::promise<Request> promised;
    const Plugin plugin = db.register_plugin(of_kind("p", true), [&](Request one) { promised.set_value(std::move(one)); });
    std::thread worker([&] { promised.get_future().get().answer("\"from a worker\""); });
    CHECK(db.call("p", "m", "1", milliseconds(10'000)) == "\"from a worker\"");
    worker.join();
}

static void requests_outlive(const std::string &folder) {
    Request kept;
    std::optional<Request> pulled, other;
    coffer::Call call;
    {
        coffer::Database db(folder);
        Plugin plugin = db.register_plugin(of_kind("p", true), [&](Request one) { kept = std::move(one); });
        call = db.begin_call("p", "m", "1", milliseconds(10'000));
        plugin.unregister();
        REFUSED(COFFER_ERROR_INVALID_ARGUMENT, kept.answer("1"));
        CHECK(!kept.is_open() && contains(thrown([&] { (void)call.await(); }), "left"));
        const Plugin pulls = db.register_plugin(of_kind("p", false));
        CHECK(!db.next_call());
        call = db.begin_call("p", "m", " {\"a\" : [1.50]}", milliseconds(10'000));
        const coffer::Call unheard = db.begin_call("p", "m", "2", milliseconds(10'000));
        CHECK(db.poll() == 0);
        pulled = db.next_call();
        other = db.next_call();
        CHECK(pulled->plugin == "p" && pulled->method == "m" && contains(pulled->json, "{\"a\" : [1.50]}"));
        CHECK(other->json == "2" && !db.next_call());
    }
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, pulled->answer("1"));
    other.reset();
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)call.await()); // it went with its own database
}

static void plugins_move(const std::string &folder) {
    coffer::Database db(folder);
    const auto alive = std::make_shared<int>(0);
    const auto count = [alive](const MethodCall &) { return std::to_string(++*alive); };
    const long before = alive.use_count();
    Plugin none;
    CHECK(!none.is_registered() && none.name().empty());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, none.unregister());
    Plugin first = db.register_plugin(of_kind("p", true), count);
    Plugin second(std::move(first));
    CHECK(second.is_registered() && second.name() == "p" && !first.is_registered());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, first.unregister());
    none = std::move(second);
    Plugin &same = none;
    none = std::move(same);
    CHECK(outcome(db, "0") == "1" && alive.use_count() == before + 1);
    none = db.register_plugin(of_kind("q", true), count); // ends the one before
    CHECK(db.plugins().size() == 1 && none.name() == "q" && alive.use_count() == before + 1);
    std::vector<Plugin> many;
    many.push_back(db.register_plugin(of_kind("p", false), count));
    many.push_back(std::move(none));
    many.erase(many.begin());
    CHECK(db.plugins().at(0).name == "q" && alive.use_count() == before + 1);
    // The database moves with its plug-ins.
    many.push_back(db.register_plugin(of_kind("p", false), count));
    coffer::Database moved(std::move(db));
    CHECK(outcome(moved, "0") == "2");
    many.clear();
    CHECK(moved.plugins().empty() && alive.use_count() == before);
}

static void plugins_end_from_within(const std::string &folder) {
    for (const bool direct : {false, true}) {
        const auto alive = std::make_shared<int>(0);
        coffer::Database db(folder);
        auto own = std::make_unique<Plugin>();
        // What the handler holds is there until it returns, also when it has destroyed its own plug-in.
        *own = db.register_plugin(of_kind("p", direct), [&own, alive](const MethodCall &) {
            own.reset();
            return std::to_string(++*alive);
        });
        CHECK(contains(outcome(db, "0"), "left") && !own && *alive == 1 && alive.use_count() == 1);
        own = std::make_unique<Plugin>(db.register_plugin(of_kind("p", direct), [&own, alive](Request request) {
            own.reset();
            *alive += request.is_open();
        }));
        CHECK(contains(outcome(db, "0"), "left") && *alive == 2 && alive.use_count() == 1);
        Plugin replaced;
        replaced = db.register_plugin(of_kind("p", direct), [&, alive](const MethodCall &call) {
            replaced = db.register_plugin(of_kind("q", false)); // ends the one that this belongs to
            *alive += 10;
            return call.json;
        });
        CHECK(contains(outcome(db, "0"), "left") && *alive == 12 && alive.use_count() == 1);
        CHECK(db.plugins().size() == 1 && replaced.name() == "q");
        auto base = std::make_unique<coffer::Database>(folder);
        const Plugin closes = base->register_plugin(of_kind("p", direct), [&base, alive](const MethodCall &call) {
            base.reset();
            *alive += 100;
            return call.json;
        });
        coffer::Call call = db.begin_call("p", "m", "1", milliseconds(10'000));
        (void)(base ? base->poll() : 0);
        CHECK(contains(thrown([&] { (void)call.await(); }), "left") && !base && *alive == 112 && alive.use_count() == 1);
    }
}

static void plugins_in_any_order(const std::string &folder) {
    const auto alive = std::make_shared<int>(0);
    const auto count = [alive](const MethodCall &) { return std::to_string(++*alive); };
    const long before = alive.use_count();
    Plugin outlives;
    coffer::SuppliedHub host;
    {
        coffer::Database db(folder);
        outlives = db.register_plugin(of_kind("p", true), count);
        host = db.supply_hub({}, count);
        CHECK(outcome(db, "0") == "1");
    }
    CHECK(alive.use_count() == before && outlives.is_registered() && host.is_supplied());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, outlives.unregister());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, host.withdraw());
    coffer::Database db(folder);
    (void)db.register_plugin(of_kind("p", true), count);
    (void)db.supply_hub({}, count);
    CHECK(db.plugins().empty() && alive.use_count() == before);
    // What was ended behind its back does not end who has the name and place now.
    {
        const Plugin former = db.register_plugin(of_kind("p", true), count);
        const coffer::SuppliedHub former_host = db.supply_hub({}, count);
        CHECK(coffer_hub_unregister_plugin(db.handle(), "p") == COFFER_OK);
        CHECK(coffer_hub_supply(db.handle(), nullptr, nullptr, nullptr, nullptr) == COFFER_OK);
        outlives = db.register_plugin(of_kind("p", true), count);
        host = db.supply_hub({}, count);
    }
    CHECK(outcome(db, "0") == "2" && db.load_phase11().integration_hub.origin == "host");
    // Nor does one that was refused.
    REFUSED(COFFER_ERROR_NAME_TAKEN, (void)db.register_plugin(of_kind("p", true), count));
    REFUSED(COFFER_ERROR_NAME_TAKEN, (void)db.supply_hub({}, count));
    CHECK(outcome(db, "0") == "3" && db.load_phase11().integration_hub.origin == "host");
    CHECK(alive.use_count() == before + 2);
    host.withdraw();
    outlives.unregister();
    REFUSED(COFFER_ERROR_INVALID_HANDLE, outlives.unregister());
    CHECK(alive.use_count() == before);
}

#endif
