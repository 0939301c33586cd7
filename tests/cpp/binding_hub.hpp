// What is special to the C++ binding of the hub: handlers that throw, subscriptions that are moved, ended from within, or
// outlive their database, and the texts and answers; binding.cpp runs these cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open, and knows that each handler was destroyed once.
#ifndef COFFER_TESTS_CPP_BINDING_HUB_HPP
#define COFFER_TESTS_CPP_BINDING_HUB_HPP

#include "support.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using coffer::Event;
using coffer::SubscribeOptions;
using coffer::Subscription;

static_assert(!std::is_copy_constructible<Subscription>::value && !std::is_copy_assignable<Subscription>::value, "");
static_assert(std::is_nothrow_move_constructible<Subscription>::value, "");
static_assert(std::is_nothrow_move_assignable<Subscription>::value, "");

static SubscribeOptions kind(bool direct) {
    SubscribeOptions options;
    options.direct = direct;
    return options;
}

/// The text of what `call` throws; empty if it throws nothing.
template <class Call>
static std::string thrown(Call &&call) {
    try {
        call();
    } catch (const std::exception &error) {
        return error.what();
    } catch (int number) {
        return std::to_string(number);
    }
    return "";
}

static std::string kept(Subscription &subscription) {
    const std::exception_ptr failure = subscription.take_failure();
    return failure ? thrown([&] { std::rethrow_exception(failure); }) : "";
}

static void polled_handlers_throw(const std::string &folder) {
    coffer::Database db(folder);
    int calls = 0;
    Subscription first = db.subscribe("t", [&](const Event &event) {
        ++calls;
        throw std::domain_error("first " + event.json);
    });
    Subscription second = db.subscribe("t", [&](const Event &) {
        ++calls;
        throw 7; // not even an exception
    });
    CHECK(thrown([&] { db.publish("t", "1"), db.publish("t", "2"); }).empty());
    CHECK(thrown([&] { db.poll(); }) == "first 1");
    CHECK(calls == 4); // the others were delivered too
    CHECK(thrown([&] { db.poll(); }).empty());
    first.unsubscribe();
    db.publish("t", "3");
    CHECK(thrown([&] { db.poll(); }) == "7" && kept(first).empty() && kept(second).empty());
    // Polled through C there is no C++ to throw through.
    db.publish("t", "4");
    db.publish("t", "5");
    CHECK(coffer_hub_poll(db.handle(), 0, 0, nullptr) == COFFER_OK);
    CHECK(kept(second) == "7" && kept(second).empty());
}

static void direct_handlers_throw(const std::string &folder) {
    coffer::Database db(folder);
    int calls = 0;
    Subscription direct = db.subscribe("*", [&](const Event &event) {
        ++calls;
        throw std::domain_error(event.json);
    }, kind(true));
    CHECK(thrown([&] { db.publish("t", "1"), db.publish("t", "2"), db.save_persistent_data("k", "3"); }).empty());
    CHECK(calls == 3 && db.load_persistent_data("k") == "3");
    CHECK(kept(direct) == "1" && kept(direct).empty());
    // Run within a poll, it is still none of the poll's.
    const Subscription polled = db.subscribe("poll", [&](const Event &) { db.publish("t", "4"); });
    db.publish("poll", "0");
    CHECK(kept(direct) == "0");
    CHECK(thrown([&] { CHECK(db.poll() == 1); }).empty());
    CHECK(kept(direct) == "4" && calls == 5);
    db.publish("t", "6");
    direct.unsubscribe();
    Subscription moved = std::move(direct);
    CHECK(kept(moved) == "6" && kept(direct).empty()); // it is there also after the end
}

static void polls_within_polls(const std::string &folder) {
    coffer::Database outer(folder + "/outer");
    coffer::Database inner(folder + "/inner");
    std::string seen;
    const Subscription within = inner.subscribe("t", [](const Event &) { throw std::domain_error("inner"); });
    const Subscription around = outer.subscribe("t", [&](const Event &) {
        inner.publish("t", "1");
        seen = thrown([&] { inner.poll(); });
        throw std::domain_error("outer");
    });
    outer.publish("t", "1");
    CHECK(thrown([&] { outer.poll(); }) == "outer" && seen == "inner");
    CHECK(thrown([&] { inner.poll(); }).empty() && thrown([&] { outer.poll(); }).empty());
}

static void polls_have_limits(const std::string &folder) {
    coffer::Database db(folder);
    const Subscription slow =
        db.subscribe("t", [](const Event &) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
    for (int i = 0; i < 100; ++i) {
        db.publish("t", "1");
    }
    CHECK(db.poll(0, std::chrono::microseconds(-1)) == 1);
    CHECK(db.poll(0, std::chrono::milliseconds(20)) < 50);
    CHECK(db.poll(3) == 3);
    CHECK(db.poll() > 40 && db.poll() == 0);
}

static void subscriptions_move(const std::string &folder) {
    coffer::Database db(folder);
    int heard = 0;
    const auto alive = std::make_shared<int>(0);
    const auto count = [&heard, alive](const Event &) { ++heard; };
    Subscription none;
    CHECK(!none.is_subscribed() && none.handle() == 0 && !none.take_failure());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, none.unsubscribe());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)none.next());
    const long before = alive.use_count();
    Subscription first = db.subscribe("t", count, kind(true));
    const coffer_subscription handle = first.handle();
    Subscription second(std::move(first));
    CHECK(second.handle() == handle && !first.is_subscribed());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, first.unsubscribe());
    none = std::move(second);
    Subscription &same = none;
    none = std::move(same);
    db.publish("t", "1");
    CHECK(heard == 1 && alive.use_count() == before + 1);
    none = db.subscribe("t", count, kind(true)); // ends the one before
    CHECK(coffer_hub_unsubscribe(handle) == COFFER_ERROR_INVALID_HANDLE && alive.use_count() == before + 1);
    std::vector<Subscription> many;
    many.push_back(db.subscribe("t", count, kind(true)));
    many.push_back(std::move(none));
    many.erase(many.begin());
    db.publish("t", "1");
    CHECK(heard == 2 && alive.use_count() == before + 1);
    // The database moves with its subscriptions.
    many.push_back(db.subscribe("t", count));
    coffer::Database moved(std::move(db));
    moved.publish("t", "1");
    CHECK(moved.poll() == 1 && heard == 4);
    many.clear();
    CHECK(alive.use_count() == before);
}

static void ended_from_within(const std::string &folder) {
    for (const bool direct : {false, true}) {
        coffer::Database db(folder);
        const auto alive = std::make_shared<int>(0);
        auto own = std::make_unique<Subscription>();
        // What the handler holds is there until it returns, also when it has destroyed its own subscription.
        *own = db.subscribe("t", [&own, alive](const Event &) {
            own.reset();
            ++*alive;
        }, kind(direct));
        Subscription replaced;
        replaced = db.subscribe("t", [&replaced, &db, alive, direct](const Event &) {
            replaced = db.subscribe("t", [alive](const Event &) { *alive += 100; }, kind(direct));
            *alive += 10;
        }, kind(direct));
        db.publish("t", "1");
        (void)db.poll();
        CHECK(!own && *alive == 11 && alive.use_count() == 2);
        db.publish("t", "2");
        (void)db.poll();
        CHECK(*alive == 111);
        auto base = std::make_unique<coffer::Database>(folder);
        const Subscription closes = base->subscribe("t", [&base, alive](const Event &) {
            base.reset();
            *alive += 1000;
            throw std::domain_error("closed");
        }, kind(direct));
        CHECK(thrown([&] { base->publish("t", "3"), (void)(base ? base->poll() : 0); }) == (direct ? "" : "closed"));
        CHECK(!base && *alive == (direct ? 1211 : 1111) && alive.use_count() == 2);
    }
}

static void in_any_order(const std::string &folder) {
    const auto alive = std::make_shared<int>(0);
    const auto count = [alive](const Event &) { ++*alive; };
    const long before = alive.use_count();
    {
        Subscription outlives;
        coffer::Database db(folder);
        outlives = db.subscribe("t", count, kind(true));
        db.publish("t", "1");
    }
    CHECK(*alive == 1 && alive.use_count() == before);
    {
        coffer::Database db(folder);
        const Subscription goes_first = db.subscribe("t", count);
        db.publish("t", "1");
    }
    CHECK(*alive == 1 && alive.use_count() == before);
    Subscription left;
    {
        coffer::Database db(folder);
        left = db.subscribe("t", count);
        db.close();
        CHECK(alive.use_count() == before);
        REFUSED(COFFER_ERROR_INVALID_HANDLE, left.replay(0));
    }
    REFUSED(COFFER_ERROR_INVALID_HANDLE, left.unsubscribe());
    (void)coffer::Database(folder).subscribe("t", count);
    CHECK(alive.use_count() == before && coffer::Database::live_handles() == 0);
}

// A handler that was not taken is destroyed too.
static void refused_subscriptions(const std::string &folder) {
    coffer::Database db(folder);
    const auto alive = std::make_shared<int>(0);
    const auto count = [alive](const Event &) { ++*alive; };
    const long before = alive.use_count();
    const std::string nul("a\0b", 3);
    const char *null = nullptr;
    SubscribeOptions options;
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.subscribe("a*b", count));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.subscribe(nul, count));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.subscribe(null, count));
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)db.subscribe("\xFF", count));
    options.queue = 0u;
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)db.subscribe("t", count, options));
    CHECK(alive.use_count() == before);
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.publish(nul, "1"));
    REFUSED(COFFER_ERROR_INVALID_JSON, db.publish("t", nul));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, db.publish("t", null));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.reference(nul));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.reference(null));
    CHECK(!db.reference("") && db.poll() == 0);
}

static void hub_texts(const std::string &folder) {
    SubscribeOptions options;
    CHECK(options.to_json() == "{\"direct\":false,\"data\":false}");
    options.direct = options.data = true;
    options.since = ~std::uint64_t{0};
    options.queue = 9u;
    CHECK(options.to_json() == "{\"direct\":true,\"data\":true,\"since\":18446744073709551615,\"queue\":9}");
    coffer::Database db(folder);
    int potions = 0;
    const Subscription hears =
        db.subscribe("potion", [&](const Event &event) { potions += event.json_as<Potion>().count; }, kind(true));
    db.publish("potion", Potion{3});
    CHECK(potions == 3);
    CHECK(thrown([&] { db.publish("potion", Potion{-1}); }) == "a negative number of potions" && potions == 3);
    const std::string json = "{\"new\":[1],\"topic\":\"t\",\"payload\": {\"a\":[ \"]\" ]} ,\"sequence\":7}";
    coffer::detail::Reader reader(json);
    const Event event = coffer::detail::read_event(reader);
    reader.end();
    CHECK(event.topic == "t" && event.sequence == 7 && event.json == "{\"a\":[ \"]\" ]}" && event.source.empty());
    for (const char *bad : {"", "[]", "{\"payload\":}", "{\"payload\":[}", "{\"sequence\":-1}", "{\"topic\":1}", "{\"topic\""}) {
        coffer::detail::Reader broken{std::string_view(bad)};
        REFUSED(COFFER_ERROR_INTERNAL, (void)coffer::detail::read_event(broken));
    }
}

// Four publish; two stay, direct and polled; the threads' own subscriptions come and go.
static void hub_on_threads(const std::string &folder) {
    constexpr int threads_of_all = 4, each = 500;
    coffer::Database db(folder);
    std::atomic<int> wrong{0};
    std::array<int, threads_of_all> direct_next{}, polled_next{};
    const auto alive = std::make_shared<int>(0);
    const auto in_order = [&wrong](std::array<int, threads_of_all> &next) {
        return [&wrong, &next](const Event &event) {
            const int number = std::stoi(event.json);
            wrong += next[static_cast<std::size_t>(number / each)]++ != number % each;
        };
    };
    SubscribeOptions options;
    options.queue = 100000u;
    const Subscription polled = db.subscribe("t", in_order(polled_next), options);
    options.direct = true;
    const Subscription direct = db.subscribe("t", in_order(direct_next), options);
    std::vector<std::thread> threads;
    for (int t = 0; t < threads_of_all; ++t) {
        threads.emplace_back([&, t] {
            try {
                for (int i = 0; i < each; ++i) {
                    Subscription comes = db.subscribe("t", [alive](const Event &) { throw 1; }, kind(i % 2 == 0));
                    db.publish("t", std::to_string(t * each + i));
                    if (i % 2 == 0) {
                        // Another thread may be about to deliver just this; but one call has begun, and the end waits.
                        Subscription moved = std::move(comes);
                        moved.unsubscribe();
                        wrong += !moved.take_failure();
                    }
                }
            } catch (const std::exception &error) {
                std::fprintf(stderr, "thread %d: %s\n", t, error.what());
                ++wrong;
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK(alive.use_count() == 1);
    CHECK(db.poll() == threads_of_all * each && wrong == 0);
    for (std::size_t t = 0; t < threads_of_all; ++t) {
        CHECK(direct_next[t] == each && polled_next[t] == each);
    }
}

#endif
