// The conformance cases about the hub; conformance.cpp runs them with the others.
//
// It must not be included anywhere else. Invariant: each case works in the folder that it is given and closes what it
// opens.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_HUB_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_HUB_HPP

#include "support.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using coffer::Database;
using coffer::Event;
using coffer::Options;
using coffer::SubscribeOptions;
using coffer::Subscription;

static const char *const changed = "database_changed";

// Notes each event as "topic sequence <source> json".
struct Log {
    std::vector<std::string> lines;

    coffer::EventHandler handler() {
        return [this](const Event &event) {
            lines.push_back(event.topic + " " + std::to_string(event.sequence) + " <" + event.source + "> " + event.json);
        };
    }

    std::vector<std::string> take() { return std::exchange(lines, {}); }
};

using Lines = std::vector<std::string>;

static std::string change(const std::string &key, int revision, int old_revision, const std::string &rest = "false",
                          const std::string &collection = "plugin_data") {
    return "{\"collection\":\"" + collection + "\",\"key\":\"" + key + "\",\"revision\":" + std::to_string(revision) +
           ",\"old_revision\":" + std::to_string(old_revision) + ",\"cleared\":" + rest + "}";
}

static std::string told(int sequence, const std::string &changes, const std::string &source = "") {
    return std::string(changed) + " " + std::to_string(sequence) + " <" + source + "> {\"changes\":[" + changes + "]}";
}

static Options named(const std::string &plugin) {
    Options options;
    options.plugin = plugin;
    return options;
}

static SubscribeOptions direct_one() {
    SubscribeOptions options;
    options.direct = true;
    return options;
}

static void hub_changes(const std::string &folder) {
    Database one(folder, named("one"));
    Database other(folder, named("the \"other\""));
    Log plain, full, elsewhere;
    SubscribeOptions with_data;
    with_data.data = true;
    const Subscription first = one.subscribe(changed, plain.handler());
    const Subscription second = one.subscribe(changed, full.handler(), with_data);
    const Subscription third = one.subscribe("somewhere else", elsewhere.handler());
    other.save_persistent_data("slot", "[1, 2]");
    other.save_entry("other", "\"\xC3\xA9\"", coffer::absent, coffer::Durability::Behind);
    other.clear_database_entry("slot");
    other.clear_database_entry("slot"); // there is nothing to clear, so that nothing is told
    other.save_batch(coffer::Batch().save("slot", "[3]").clear("other").save("party_configs", "{}"));
    one.save_persistent_data("slot", "4");
    CHECK(other.poll() == 0 && one.poll() == 10 && one.poll() == 0);
    const std::string name = "the \"other\"";
    const std::string batch =
        change("slot", 2, 0) + "," + change("other", 1, 1, "true") + "," + change("party_configs", 1, 0, "false", "party_configs");
    CHECK((plain.take() == Lines{told(1, change("slot", 1, 0), name), told(2, change("other", 1, 0), name),
                                 told(3, change("slot", 1, 1, "true"), name), told(4, batch, name),
                                 told(5, change("slot", 3, 2), "one")}));
    const Lines heard = full.take();
    CHECK(heard.size() == 5 && elsewhere.lines.empty());
    CHECK(heard[0] == told(1, change("slot", 1, 0, "false,\"data\":[1, 2]"), name));
    CHECK(heard[1] == told(2, change("other", 1, 0, "false,\"data\":\"\xC3\xA9\""), name));
    CHECK(heard[2] == told(3, change("slot", 1, 1, "true"), name));
    CHECK(heard[4] == told(5, change("slot", 3, 2, "false,\"data\":4"), "one"));
}

static void hub_topics(const std::string &folder) {
    Database db(folder);
    Log exact, prefix, all;
    const Subscription first = db.subscribe("party", exact.handler());
    const Subscription second = db.subscribe("party*", prefix.handler());
    const Subscription third = db.subscribe("*", all.handler());
    const std::uint64_t id = db.publish("party", " {\"members\" : 4}");
    CHECK(id > 0 && db.publish("party.left", "1e400") == id + 1);
    db.publish("par", "\"\xE2\x9A\x94 \\n\"");
    for (const char *topic : {changed, "database_sync", "overflow", "", "party*", "*", "a*b"}) {
        REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.publish(topic, "1"));
    }
    REFUSED(COFFER_ERROR_INVALID_JSON, db.publish("party", "{"));
    CHECK(db.poll() == 6);
    CHECK((exact.take() == Lines{"party 0 <>  {\"members\" : 4}"}));
    CHECK((prefix.take() == Lines{"party 0 <>  {\"members\" : 4}", "party.left 0 <> 1e400"}));
    CHECK((all.take() == Lines{"party 0 <>  {\"members\" : 4}", "party.left 0 <> 1e400", "par 0 <> \"\xE2\x9A\x94 \\n\""}));
}

static void hub_pulled(const std::string &folder) {
    Database db(folder, named("puller"));
    Subscription pull = db.subscribe("pull", nullptr);
    CHECK(!pull.next());
    db.publish("pull", "[1, {\"a\\\"\": 2}]");
    db.publish("pull", "2");
    CHECK(db.poll() == 0); // it leaves alone what will be asked for
    const Event event = pull.next().value();
    CHECK(event.topic == "pull" && event.sequence == 0 && event.source == "puller");
    CHECK(event.json == "[1, {\"a\\\"\": 2}]" && event.time_ms > 1600000000000);
    CHECK(pull.next().value().json == "2" && !pull.next());
    pull.unsubscribe();
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)pull.next());
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.subscribe("pull", nullptr, direct_one()));
}

static void hub_delivery(const std::string &folder) {
    Database db(folder);
    Log log;
    {
        const Subscription a = db.subscribe("a", log.handler());
        const Subscription b = db.subscribe("b*", log.handler());
        for (const char *topic : {"a", "b", "a", "a", "b"}) {
            db.publish(topic, "1");
        }
        CHECK(log.lines.empty());
        CHECK(db.poll(2) == 2);
        CHECK((log.take() == Lines{"a 0 <> 1", "b 0 <> 1"}));
        CHECK(db.poll(1, std::chrono::seconds(1)) == 1 && db.poll() == 2);
        CHECK((log.take() == Lines{"a 0 <> 1", "a 0 <> 1", "b 0 <> 1"}));
    }
    const Subscription direct = db.subscribe("*", log.handler(), direct_one());
    db.publish("now", "1");
    CHECK((log.take() == Lines{"now 0 <> 1"}));
    db.save_persistent_data("slot", "1");
    CHECK((log.take() == Lines{told(1, change("slot", 1, 0))}));
    CHECK(db.poll() == 0);
    hub_pulled(folder + "/pulled");
}

static void hub_unsubscribe(const std::string &folder) {
    Database db(folder);
    Database other(folder);
    const auto alive = std::make_shared<int>(0); // each handler holds it: the count says which are still there
    Subscription polled, direct;
    for (const bool is_direct : {false, true}) {
        Subscription &own = is_direct ? direct : polled;
        SubscribeOptions options;
        options.direct = is_direct;
        own = db.subscribe("t", [alive, &own](const Event &) {
            if (++*alive % 2 == 0) {
                own.unsubscribe();
                CHECK(!own.is_subscribed());
            }
        }, options);
    }
    CHECK(alive.use_count() == 3);
    db.publish("t", "1");
    db.publish("t", "2");
    CHECK(*alive == 2 && alive.use_count() == 2);
    db.publish("t", "3");
    CHECK(db.poll() == 2 && *alive == 4 && alive.use_count() == 1 && !direct.take_failure());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, polled.unsubscribe());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, polled.replay(0));
    Subscription waiting = db.subscribe("t", [alive](const Event &) { ++*alive; });
    db.publish("t", "4");
    waiting.unsubscribe();
    CHECK(db.poll() == 0 && alive.use_count() == 1);
    REFUSED(COFFER_ERROR_INVALID_HANDLE, waiting.unsubscribe());
    direct = db.subscribe("*", [alive](const Event &) { ++*alive; }, direct_one());
    waiting = other.subscribe("*", [alive](const Event &) { ++*alive; });
    db.close();
    CHECK(alive.use_count() == 2 && direct.is_subscribed());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, direct.unsubscribe());
    other.publish("t", "5");
    other.close();
    CHECK(*alive == 4 && alive.use_count() == 1);
}

static void hub_overflow(const std::string &folder) {
    Database db(folder);
    Log log;
    SubscribeOptions options;
    options.queue = 3u;
    Subscription slow = db.subscribe(changed, log.handler(), options);
    Lines every;
    for (int number = 1; number <= 10; ++number) {
        db.save_persistent_data("slot", std::to_string(number));
        every.push_back(told(number, change("slot", number, number - 1)));
    }
    CHECK(db.poll() == 4);
    CHECK((log.take() == Lines{every[0], every[1], every[2],
                               "overflow 10 <> {\"events\":7,\"from_sequence\":4,\"to_sequence\":10}"}));
    slow.replay(3);
    CHECK(db.poll() == 7);
    CHECK((log.take() == Lines(every.begin() + 3, every.end())));
    db.save_persistent_data("slot", "11");
    CHECK(db.poll() == 1 && log.take().at(0) == told(11, change("slot", 11, 10)));
}

static void hub_since(const std::string &folder) {
    Database db(folder);
    const auto save = [&db](int number) { db.save_persistent_data("slot", std::to_string(number)); };
    Log log, at_once;
    SubscribeOptions options;
    save(1), save(2), save(3);
    options.since = 1u;
    const Subscription late = db.subscribe(changed, log.handler(), options);
    options.direct = true;
    const Subscription direct = db.subscribe(changed, at_once.handler(), options);
    CHECK((at_once.take() == Lines{told(2, change("slot", 2, 1)), told(3, change("slot", 3, 2))}));
    options.direct = false;
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.subscribe("party", log.handler(), options));
    save(4);
    CHECK(db.poll() == 3);
    CHECK((log.take() ==
           Lines{told(2, change("slot", 2, 1)), told(3, change("slot", 3, 2)), told(4, change("slot", 4, 3))}));
    db.checkpoint();
    save(5);
    options.since = 2u;
    Log reached;
    const Subscription early = db.subscribe(changed, reached.handler(), options);
    CHECK(db.poll() == 3); // the save of both who were there before, too
    CHECK((reached.take() == Lines{"overflow 4 <> {\"events\":2,\"from_sequence\":3,\"to_sequence\":4}",
                                   told(5, change("slot", 5, 4))}));
}

static void hub_sync(const std::string &folder) {
    Database db(folder);
    const coffer::Synced nobody = db.sync_tier1_data_to_hub();
    CHECK(nobody.success && nobody.subscribers == 0);
    db.save_character_roster_state("[\"Ash\"]");
    db.save_character_roster_state("[\"Ash\", 2]");
    db.save_party_config("[1]");
    db.clear_database_entry("party_configs");
    Log log;
    const Subscription hears = db.subscribe("database_sync", log.handler());
    const coffer::Synced synced = db.sync_tier1_data_to_hub();
    CHECK(synced.success && synced.subscribers == 1 && synced.event_id > nobody.event_id);
    CHECK(synced.time_ms >= nobody.time_ms && nobody.time_ms > 1600000000000);
    CHECK(db.poll() == 1);
    CHECK((log.take() == Lines{"database_sync 4 <> {\"character_roster\":[\"Ash\", 2],\"equipment_sets\":null,"
                               "\"party_configs\":null,\"versions\":{\"character_roster_v\":2,\"equipment_sets_v\":0,"
                               "\"party_configs_v\":1},\"timestamp_ms\":" + std::to_string(synced.time_ms) + "}"}));
}

static void hub_master_reference(const std::string &folder) {
    const std::string name = "database-persistence-layer";
    Database one(folder, named("one"));
    Database other(folder, named("other"));
    CHECK(!one.reference(name) && one.references().empty());
    const coffer::Registered first = one.register_database_as_master_reference();
    CHECK(first.registered && first.reference.name == name && first.reference.holder == "one");
    CHECK(first.reference.ref_id.find(name + "@") == 0);
    for (const char *part : {"\"version\":\"" COFFER_VERSION "\"", "[\"character_roster\",\"equipment_sets\",\"party_configs\"]",
                             "[\"read\",\"write\",\"sync\",\"version_control\"]"}) {
        CHECK(first.reference.about.find(part) != std::string::npos);
    }
    CHECK(one.register_database_as_master_reference().registered); // by the same again: it is so already
    const coffer::Registered second = other.register_database_as_master_reference();
    CHECK(!second.registered && second.reference.holder == "one" && second.reference.ref_id == first.reference.ref_id);
    CHECK(other.reference(name).value().about == first.reference.about);
    CHECK(other.references().size() == 1 && other.references()[0].ref_id == first.reference.ref_id);
    one.close();
    CHECK(!other.reference(name) && other.register_database_as_master_reference().registered);
    CHECK(other.reference(name).value().holder == "other");
}

#endif
