// The conformance cases about plug-ins, calls, the host's hub and the modules; conformance.cpp runs them with the others.
//
// It must not be included anywhere else. Invariant: each case works in the folder that it is given and closes what it
// opens.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_PLUGINS_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_PLUGINS_HPP

#include "conformance_hub.hpp"
#include "support.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using coffer::MethodCall;
using coffer::Plugin;
using coffer::PluginWish;
using std::chrono::milliseconds;

static PluginWish wish(const std::string &name, const std::vector<std::string> &exports, bool direct) {
    return PluginWish{name, "1.0.0", exports, {}, direct};
}

static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

static void hub_plugins(const std::string &folder) {
    Database one(folder, named("tools"));
    Database other(folder, named("other"));
    Log log;
    const Subscription hears = other.subscribe("plugin*", log.handler());
    Plugin party = one.register_plugin(
        {"party-optimizer", "1.2.0", {"optimize", "rate"}, {{"roster", "^1.4"}, {"equipment", "*"}, {"maps", ">=2"}}});
    const Plugin roster = other.register_plugin({"roster", "1.4.2"});
    const Plugin maps = other.register_plugin({"maps", "1.9.9-beta.1"});
    const coffer::PluginInfo info = other.plugin("party-optimizer");
    CHECK(info.name == "party-optimizer" && info.version == "1.2.0" && info.holder == "tools" && !info.direct);
    CHECK((info.exports == Lines{"optimize", "rate"}) && info.dependencies.size() == 3);
    const auto is = [&](std::size_t at, const char *name, const char *requires_, const char *found, bool satisfied) {
        const coffer::Dependency &need = info.dependencies.at(at);
        return need.name == name && need.requirement == requires_ && need.found.value_or("none") == found &&
               need.satisfied == satisfied;
    };
    CHECK(is(0, "equipment", "*", "none", false) && is(1, "maps", ">=2", "1.9.9-beta.1", false));
    CHECK(is(2, "roster", "^1.4", "1.4.2", true));
    const std::vector<coffer::PluginInfo> all = one.plugins();
    CHECK(all.size() == 3 && all[0].name == "maps" && all[1].name == "party-optimizer" && all[2].holder == "other");
    const std::string taken = REFUSED(COFFER_ERROR_NAME_TAKEN, (void)other.register_plugin({"party-optimizer", "9.0.0"}));
    CHECK(has(taken, "tools") && one.plugin("party-optimizer").version == "1.2.0");
    for (const char *wrong : {"", "1", "1.2", "one", "01.2.3"}) {
        REFUSED(COFFER_ERROR_INVALID_OPTION, (void)one.register_plugin({"x", wrong}));
    }
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)one.register_plugin({"x", "1.0.0", {}, {{"roster", "new"}}}));
    REFUSED(COFFER_ERROR_INVALID_OPTION, (void)one.register_plugin({"", "1.0.0"}));
    party.unregister();
    const std::string nearest = REFUSED(COFFER_ERROR_UNKNOWN_PLUGIN, (void)one.plugin("party-optimizer"));
    CHECK(has(nearest, "roster") || has(nearest, "maps"));
    CHECK(has(REFUSED(COFFER_ERROR_UNKNOWN_PLUGIN, (void)one.plugin("rooster")), "\"roster\""));
    CHECK(other.poll() == 4);
    CHECK((log.take() ==
           Lines{"plugin_registered 0 <tools> {\"exports\":[\"optimize\",\"rate\"],\"name\":\"party-optimizer\",\"version\":\"1.2.0\"}",
                 "plugin_registered 0 <other> {\"exports\":[],\"name\":\"roster\",\"version\":\"1.4.2\"}",
                 "plugin_registered 0 <other> {\"exports\":[],\"name\":\"maps\",\"version\":\"1.9.9-beta.1\"}",
                 "plugin_left 0 <tools> {\"exports\":[\"optimize\",\"rate\"],\"name\":\"party-optimizer\",\"version\":\"1.2.0\"}"}));
    Log late;
    const Subscription leaves = one.subscribe("plugin_left", late.handler());
    other.close();
    CHECK(one.plugins().empty() && one.poll() == 2 && has(late.lines.at(0), "plugin_left 0 <other> "));
    REFUSED(COFFER_ERROR_UNKNOWN_PLUGIN, (void)one.plugin("roster"));
}

static void hub_calls(const std::string &folder) {
    Database mine(folder, named("mine"));
    Database theirs(folder, named("the \"other\""));
    Lines seen;
    std::thread::id where;
    const auto answer = [&](const MethodCall &call) {
        where = std::this_thread::get_id();
        seen.push_back(call.plugin + " " + call.method + " <" + call.caller + "> " + call.json);
        return " [ 1e400, 12345678901234567890.10 , \"\xE2\x9A\x94\" ]";
    };
    const Plugin polled = mine.register_plugin(wish("polled", {"double", "\xC3\xA9tude"}, false), answer);
    coffer::Call begun = theirs.begin_call("polled", "double", " {\"a\": 1.50}");
    CHECK(theirs.poll() == 0 && seen.empty() && !begun.await());
    CHECK(mine.poll() == 1 && mine.poll() == 0);
    CHECK((std::exchange(seen, {}) == Lines{"polled double <the \"other\">  {\"a\": 1.50}"}));
    CHECK(begun.await() == " [ 1e400, 12345678901234567890.10 , \"\xE2\x9A\x94\" ]");
    // With the caller waiting: another thread polls.
    std::string came;
    std::thread caller([&] { came = theirs.call("polled", "\xC3\xA9tude", "0.10e0", milliseconds(10'000)); });
    while (mine.poll() == 0) {
        std::this_thread::yield();
    }
    caller.join();
    CHECK(came == " [ 1e400, 12345678901234567890.10 , \"\xE2\x9A\x94\" ]" && where == std::this_thread::get_id());
    CHECK((std::exchange(seen, {}) == Lines{"polled \xC3\xA9tude <the \"other\"> 0.10e0"}));
    const Plugin direct = mine.register_plugin(wish("direct", {"m"}, true), answer);
    CHECK(theirs.call("direct", "m", "[1, 2]") == came && (seen == Lines{"direct m <the \"other\"> [1, 2]"}));
    CHECK(mine.call("direct", "m", "\"own\"") == came && seen.at(1) == "direct m <mine> \"own\"");
}

static void hub_call_failures(const std::string &folder) {
    Database mine(folder, named("mine"));
    Database theirs(folder, named("theirs"));
    const Plugin direct =
        mine.register_plugin(wish("direct", {"refuse", "garbage", "echo", "slow"}, true), [](const MethodCall &call) -> std::string {
            if (call.method == "refuse") {
                throw std::domain_error("no such hero: \xC3\x89owyn");
            }
            if (call.method == "slow") {
                std::this_thread::sleep_for(milliseconds(60));
            }
            return call.method == "garbage" ? "{" : call.json;
        });
    const Plugin silent = mine.register_plugin(wish("silent", {"m"}, false));
    CHECK(has(REFUSED(COFFER_ERROR_UNKNOWN_PLUGIN, (void)theirs.call("dirict", "echo", "1")), "\"direct\""));
    CHECK(has(REFUSED(COFFER_ERROR_UNKNOWN_PLUGIN, (void)theirs.call("direct", "ecko", "1")), "\"echo\""));
    const std::string refusal = REFUSED(COFFER_ERROR_CALL_FAILED, (void)theirs.call("direct", "refuse", "1"));
    CHECK(has(refusal, "no such hero: \xC3\x89owyn") && has(refusal, "direct"));
    for (const char *bad : {"", "{", "1 2"}) {
        REFUSED(COFFER_ERROR_INVALID_JSON, (void)theirs.call("direct", "echo", bad));
        REFUSED(COFFER_ERROR_INVALID_JSON, (void)theirs.begin_call("direct", "echo", bad));
    }
    CHECK(has(REFUSED(COFFER_ERROR_CALL_FAILED, (void)theirs.call("direct", "garbage", "1")), "INVALID_JSON"));
    CHECK(has(REFUSED(COFFER_ERROR_TIMED_OUT, (void)theirs.call("silent", "m", "1", milliseconds(30))), "30 ms"));
    REFUSED(COFFER_ERROR_TIMED_OUT, (void)theirs.call("direct", "slow", "1", milliseconds(20)));
    CHECK(!mine.next_call()); // nobody waits for it any more
    coffer::Call late = theirs.begin_call("silent", "m", "1", milliseconds(400));
    coffer::Request pulled = mine.next_call().value();
    REFUSED(COFFER_ERROR_TIMED_OUT, (void)late.await(std::chrono::seconds(10)));
    REFUSED(COFFER_ERROR_TIMED_OUT, pulled.answer("1"));
    REFUSED(COFFER_ERROR_INVALID_HANDLE, pulled.answer("1"));
    int deepest = 0;
    const auto relay = [&](const char *next) {
        return [&theirs, &deepest, next](const MethodCall &call) {
            ++deepest;
            return theirs.call(next, "m", call.json);
        };
    };
    const Plugin a = mine.register_plugin(wish("a", {"m"}, true), relay("b"));
    const Plugin b = mine.register_plugin(wish("b", {"m"}, true), relay("a"));
    REFUSED(COFFER_ERROR_CALL_FAILED, (void)theirs.call("a", "m", "1"));
    CHECK(std::exchange(deepest, 0) == 32);
    coffer_status innermost = COFFER_OK;
    const Plugin own = mine.register_plugin(wish("own", {"m"}, true), [&](const MethodCall &call) {
        try {
            return theirs.call("own", "m", call.json);
        } catch (const coffer::Error &error) {
            innermost = ++deepest == 1 ? error.status() : innermost;
            return std::string("\"caught\"");
        }
    });
    CHECK(theirs.call("own", "m", "1") == "\"caught\"" && innermost == COFFER_ERROR_CALLS_TOO_DEEP && deepest == 1);
    CHECK(theirs.call("direct", "echo", "[7]") == "[7]");
}

static void hub_begin_call(const std::string &folder) {
    Database mine(folder);
    Database theirs(folder);
    Plugin plugin = mine.register_plugin(wish("p", {"m"}, false), [](const MethodCall &call) { return "[" + call.json + "]"; });
    coffer::Call call = theirs.begin_call("p", "m", "7", milliseconds(10'000));
    CHECK(call.is_under_way() && !call.await() && !call.await(milliseconds(5)));
    CHECK(mine.poll() == 1);
    CHECK(call.await(milliseconds(5)) == "[7]" && !call.is_under_way());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)call.await());
    coffer::Call left = theirs.begin_call("p", "m", "7", milliseconds(10'000));
    plugin.unregister();
    CHECK(has(REFUSED(COFFER_ERROR_CALL_FAILED, (void)left.await()), "left"));
    REFUSED(COFFER_ERROR_INVALID_HANDLE, (void)left.await());
    plugin = mine.register_plugin(wish("p", {"m"}, false));
    coffer::Call closed = theirs.begin_call("p", "m", "7", milliseconds(10'000));
    mine.close();
    CHECK(has(REFUSED(COFFER_ERROR_CALL_FAILED, (void)closed.await()), "left"));
}

static void hub_host(const std::string &folder) {
    Database engine(folder, named("engine"));
    Database party(folder, named("party"));
    CHECK(!party.sync_tier1_data_to_hub().host);
    const auto alive = std::make_shared<int>(0);
    Lines asked;
    const auto host = [&, alive](const MethodCall &call) -> std::string {
        asked.push_back(call.plugin + call.method + " <" + call.caller + "> " + call.json);
        if (has(call.json, "\"forbidden\"")) {
            throw std::domain_error("not here");
        }
        return call.method == "broadcast" ? "{\"event_id\": \"e-1\"}" : "{\"registered\":true,\"ref_id\":\"ref-7\"}";
    };
    const long before = alive.use_count();
    coffer::HostOptions options;
    options.version = "7.0.0";
    coffer::SuppliedHub hub = engine.supply_hub(options, host);
    CHECK(alive.use_count() == before + 1 && hub.is_supplied());
    CHECK(has(REFUSED(COFFER_ERROR_NAME_TAKEN, (void)party.supply_hub(options, host)), "engine"));
    CHECK(alive.use_count() == before + 1);
    Log log;
    const Subscription hears = party.subscribe("*", log.handler());
    party.save_party_config("[4]");
    party.publish("own", "[2]");
    CHECK(has(REFUSED(COFFER_ERROR_CALL_FAILED, party.publish("forbidden", "1")), "not here"));
    CHECK(party.sync_tier1_data_to_hub().host == "{\"event_id\": \"e-1\"}");
    const coffer::Registered registered = party.register_database_as_master_reference();
    CHECK(registered.registered && registered.reference.ref_id == "ref-7" && registered.reference.holder == "party");
    CHECK(asked.size() == 4);
    CHECK(asked[0] == "broadcast <party> {\"topic\":\"own\",\"sequence\":1,\"source\":\"party\",\"payload\":[2]}");
    CHECK(has(asked[2], "\"database_sync\"") && has(asked[2], "\"party_configs\":[4]") && has(asked[2], "\"sequence\":1,"));
    CHECK(has(asked[3], "register_reference <party> {") && has(asked[3], "database-persistence-layer"));
    CHECK(party.poll() == 3 && has(log.lines.at(1), "own 1 <party> [2]") && has(log.lines.at(2), "database_sync 1 "));
    hub.withdraw();
    CHECK(alive.use_count() == before && !hub.is_supplied());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, hub.withdraw());
    party.publish("forbidden", "1");
    CHECK(!party.sync_tier1_data_to_hub().host && asked.size() == 4);
    // What a host says of a reference counts, also when it says no.
    party.close();
    const auto elsewhere = [](const MethodCall &) {
        return "{\"registered\":false,\"holder\":\"main hub\",\"ref_id\":\"ref-3\"}";
    };
    hub = engine.supply_hub({}, elsewhere);
    const coffer::Registered refused = engine.register_database_as_master_reference();
    CHECK(!refused.registered && refused.reference.holder == "main hub" && refused.reference.ref_id == "ref-3");
    CHECK(engine.references().empty());
}

static void phase11(const std::string &folder) {
    Database db(folder);
    const coffer::Phase11 usual = db.load_phase11();
    for (const coffer::Module &there : {usual.integration_hub, usual.backup_restore, usual.analytics, usual.import_export,
                                        usual.api_gateway}) {
        CHECK(there.present && there.origin == "built_in" && there.version == COFFER_VERSION);
    }
    coffer::HostOptions options;
    options.version = "7.1.0-rc.1";
    coffer::SuppliedHub hub = db.supply_hub(options, [](const MethodCall &) { return "null"; });
    const coffer::Module host = db.load_phase11().integration_hub;
    CHECK(host.present && host.origin == "host" && host.version == "7.1.0-rc.1");
    CHECK(db.load_phase11().backup_restore.origin == "built_in");
    hub.withdraw();
    CHECK(db.load_phase11().integration_hub.origin == "built_in");
}

#endif
