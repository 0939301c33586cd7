// The conformance cases of tests/conformance/CASES.md, through the C++ binding.
//
// It must not test what only C++ has (that is binding.cpp). Invariant: one function per case, in the page's order and
// under its name, each on a store of its own.
#include "conformance_exchange.hpp"
#include "conformance_gateway.hpp"
#include "conformance_health.hpp"
#include "conformance_hub.hpp"
#include "conformance_lifecycle.hpp"
#include "conformance_plugins.hpp"
#include "conformance_snapshots.hpp"
#include "support.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

using coffer::Batch;
using coffer::Database;
using coffer::Durability;
using coffer::Options;
using Keys = std::vector<std::string>;

static const Keys fresh_keys = {"character_roster", "character_roster_v", "equipment_sets", "equipment_sets_v",
                                "party_configs",    "party_configs_v",    "plugin_data",    "save_metadata"};

static void version(const std::string &) {
    int major = 0, minor = 0, patch = 0, length = 0;
    CHECK(std::sscanf(Database::version(), "%d.%d.%d%n", &major, &minor, &patch, &length) == 3);
    CHECK(Database::version()[length] == '\0');
    CHECK(std::string(Database::version()) == COFFER_VERSION);
    CHECK(Database::abi_version() == COFFER_ABI_VERSION);
}

static void fresh_store_keys(const std::string &folder) {
    Database db(folder);
    CHECK(db.list_database_keys() == fresh_keys);
}

static void save_and_load(const std::string &folder) {
    Database db(folder);
    const std::string json = " { \"z\" : [1, 2.50 ,-0e1]\r\n,\t\"a\":{\"z\":null,\"a\":true} , \"z\":\"again\" }\n";
    db.save_persistent_data("some key", json);
    CHECK(db.load_persistent_data("some key") == json);
    for (const char *value : {"null", "true", "0", "\"\"", "[]", "{}", " 1 "}) {
        db.save_persistent_data("value", value);
        CHECK(db.load_persistent_data("value") == value);
    }
}

static void load_missing(const std::string &folder) {
    Database db(folder);
    CHECK(!db.load_persistent_data("nobody saved this"));
    CHECK(!db.load_entry("nobody saved this"));
    CHECK(!db.load_persistent_data("plugin_data"));
    CHECK(!db.load_persistent_data("save_metadata"));
    char marker = 'x';
    char *untouched = &marker;
    CHECK(coffer_load_persistent_data(db.handle(), "nobody saved this", &untouched) == COFFER_ERROR_NOT_FOUND);
    CHECK(untouched == &marker);
}

static void overwrite_counts_revisions(const std::string &folder) {
    Database db(folder);
    for (std::uint64_t revision = 1; revision <= 3; ++revision) {
        CHECK(db.save_entry("counted", std::to_string(revision * 10)) == revision);
        const auto entry = db.load_entry("counted");
        CHECK(entry && entry->revision == revision);
        CHECK(entry->json == std::to_string(revision * 10));
        CHECK(tests::is_recent(entry->saved_at_ms));
    }
}

static void clear_and_recreate(const std::string &folder) {
    Database db(folder);
    CHECK(db.save_entry("k", "1") == 1);
    db.clear_database_entry("k");
    db.clear_database_entry("k");
    db.clear_database_entry("never there");
    CHECK(!db.load_persistent_data("k"));
    CHECK(!db.load_entry("k"));
    CHECK(db.list_database_keys() == fresh_keys);
    const std::uint64_t again = db.save_entry("k", "2");
    CHECK(again > 1); // no revision is used twice; the clear may have taken one
    CHECK(db.load_persistent_data("k") == "2" && db.load_entry("k")->revision == again);
    CHECK(db.save_entry("k", "3") == again + 1);
}

static void tier1_round_trip(const std::string &folder) {
    Database db(folder);
    CHECK(!db.load_character_roster_state());
    CHECK(!db.load_equipment_config());
    CHECK(!db.load_party_config());
    db.save_character_roster_state("{\"roster\":1}");
    db.save_character_roster_state("{\"roster\":2}");
    db.save_equipment_config("[\"equipment 1\"]");
    db.save_equipment_config("[\"equipment 2\"]");
    db.save_party_config("\"party 1\"");
    db.save_party_config("\"party 2\"");
    CHECK(db.load_character_roster_state() == "{\"roster\":2}");
    CHECK(db.load_equipment_config() == "[\"equipment 2\"]");
    CHECK(db.load_party_config() == "\"party 2\"");
}

static void tier1_versions(const std::string &folder) {
    Database db(folder);
    db.save_character_roster_state("{}");
    db.save_character_roster_state("{\"names\":[\"Aria\"]}");
    db.save_party_config("[1]");
    CHECK(db.load_version(coffer::character_roster, 1) == "{}");
    CHECK(db.load_version(coffer::character_roster, 2) == "{\"names\":[\"Aria\"]}");
    CHECK(!db.load_version(coffer::character_roster, 3));
    CHECK(!db.load_version(coffer::character_roster, 0));
    CHECK(!db.load_version(coffer::equipment_sets, 1));
    const auto versions = db.list_versions(coffer::character_roster);
    CHECK(versions.size() == 2);
    CHECK(versions[0].version == 1 && versions[0].bytes == 2 && tests::is_recent(versions[0].saved_at_ms));
    CHECK(versions[1].version == 2 && versions[1].bytes == 18 && tests::is_recent(versions[1].saved_at_ms));
    CHECK(db.list_versions(coffer::equipment_sets).empty());
    const auto counters = db.version_counters();
    CHECK(counters.character_roster == 2 && counters.equipment_sets == 0 && counters.party_configs == 1);
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.load_version("plugin_data", 1));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.list_versions("anything"));
}

static void roll_back(const std::string &folder) {
    Database db(folder);
    db.save_party_config("[1]");
    db.save_party_config("[2]");
    CHECK(db.roll_back_version(coffer::party_configs, 1) == 3);
    CHECK(db.load_party_config() == "[1]");
    CHECK(db.load_version(coffer::party_configs, 2) == "[2]");
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)db.roll_back_version(coffer::party_configs, 9));
    CHECK(db.list_versions(coffer::party_configs).size() == 3);
}

static void tier1_through_keys(const std::string &folder) {
    Database db(folder);
    CHECK(db.load_persistent_data("character_roster_v") == "0");
    CHECK(!db.load_persistent_data("character_roster"));
    db.save_character_roster_state("[1]");
    db.save_persistent_data("character_roster", "[2]");
    CHECK(db.load_persistent_data("character_roster") == "[2]");
    CHECK(db.load_persistent_data("character_roster_v") == "2");
    CHECK(db.load_persistent_data("character_roster_v1") == "[1]");
    CHECK(db.load_persistent_data("character_roster_v2") == "[2]");
    CHECK(!db.load_persistent_data("character_roster_v3"));
    CHECK(db.load_entry("character_roster")->revision == 2);
    CHECK(db.load_character_roster_state() == "[2]");
    const Keys keys = db.list_database_keys_with("character_roster");
    CHECK((keys == Keys{"character_roster", "character_roster_v", "character_roster_v1", "character_roster_v2"}));
    db.clear_database_entry("character_roster");
    CHECK(!db.load_character_roster_state());
    CHECK(db.load_persistent_data("character_roster_v1") == "[1]");
    CHECK(db.version_counters().character_roster == 2);
}

static void past_versions_are_kept(const std::string &folder) {
    Database db(folder);
    db.save_character_roster_state("[1]");
    for (const char *key : {"character_roster_v1", "character_roster_v", "character_roster_v9", "save_metadata/x"}) {
        REFUSED(COFFER_ERROR_RESERVED_KEY, db.save_persistent_data(key, "2"));
        REFUSED(COFFER_ERROR_RESERVED_KEY, db.clear_database_entry(key));
        REFUSED(COFFER_ERROR_RESERVED_KEY, db.save_entry(key, "2"));
        REFUSED(COFFER_ERROR_RESERVED_KEY, db.clear_entry(key));
        REFUSED(COFFER_ERROR_RESERVED_KEY, db.save_batch(Batch().save("fine", "1").save(key, "2")));
    }
    CHECK(db.load_persistent_data("character_roster_v1") == "[1]");
    CHECK(db.load_persistent_data("character_roster_v") == "1");
    CHECK(!db.load_persistent_data("character_roster_v9"));
    CHECK(!db.load_persistent_data("fine"));
    // These only look like versions: they are documents like any other.
    for (const char *key : {"character_roster_v01", "character_roster_v0", "character_roster_vx"}) {
        db.save_persistent_data(key, "true");
        CHECK(db.load_persistent_data(key) == "true");
    }
}

static void list_with_prefix(const std::string &folder) {
    Database db(folder);
    for (const char *key : {"item/b", "item/\xC3\xA9", "item/a", "itEm/c", "item/B", "item", "item/\xF0\x9F\x97\xA1"}) {
        db.save_persistent_data(key, "1");
    }
    const Keys all = {"item/B", "item/a", "item/b", "item/\xC3\xA9", "item/\xF0\x9F\x97\xA1"};
    CHECK(db.list_database_keys_with("item/") == all);
    CHECK((db.list_database_keys_with("item/", "", 2) == Keys{"item/B", "item/a"}));
    CHECK((db.list_database_keys_with("item/", "item/a", 2) == Keys{"item/b", "item/\xC3\xA9"}));
    CHECK((db.list_database_keys_with("item/", "item/aa", 1) == Keys{"item/b"}));
    CHECK(db.list_database_keys_with("item/", "item/\xF0\x9F\x97\xA1").empty());
    CHECK(db.list_database_keys_with("nothing").empty());
    CHECK(db.list_database_keys_with("") == db.list_database_keys());
    CHECK(db.list_database_keys_with("", "party_configs_v").front() == "plugin_data");
    CHECK(db.list_database_keys().size() == fresh_keys.size() + 7);
}

static void batch_is_atomic(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("old", "1");
    const std::uint64_t first = db.save_batch(Batch().save("a", "[1]").save("b", "[2]", coffer::absent).clear("old"));
    CHECK(db.load_persistent_data("a") == "[1]");
    CHECK(db.load_persistent_data("b") == "[2]");
    CHECK(!db.load_persistent_data("old"));
    REFUSED(COFFER_ERROR_INVALID_JSON, db.save_batch(Batch().save("a", "3").clear("b").save("c", "[")));
    REFUSED(COFFER_ERROR_CONFLICT, db.save_batch(Batch().save("a", "3").clear("b").save("a2", "1", 7)));
    REFUSED(COFFER_ERROR_CONFLICT, db.save_batch(Batch().save("a", "3").clear("b", 9)));
    REFUSED(COFFER_ERROR_INVALID_KEY, db.save_batch(Batch().save("a", "3").save("", "1")));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.save_batch(Batch().save("a", "3").save("a", "4")));
    CHECK(db.load_persistent_data("a") == "[1]");
    CHECK(db.load_persistent_data("b") == "[2]");
    CHECK(!db.load_persistent_data("a2"));
    CHECK(!db.load_persistent_data("c"));
    CHECK(db.load_entry("a")->revision == 1);
    CHECK(db.save_batch(Batch().save("a", "5", 1).clear("b", 1)) > first);
    CHECK(db.load_entry("a")->revision == 2);
    CHECK(!db.load_persistent_data("b"));
}

static void expected_revision(const std::string &folder) {
    Database db(folder);
    CHECK(db.save_entry("k", "1", coffer::absent) == 1);
    REFUSED(COFFER_ERROR_CONFLICT, db.save_entry("k", "2", coffer::absent));
    CHECK(db.save_entry("k", "2", 1) == 2);
    REFUSED(COFFER_ERROR_CONFLICT, db.save_entry("k", "3", 1));
    REFUSED(COFFER_ERROR_CONFLICT, db.save_entry("k", "3", 3));
    REFUSED(COFFER_ERROR_CONFLICT, db.clear_entry("k", 1));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.save_entry("k", "3", -2));
    CHECK(db.load_persistent_data("k") == "2");
    CHECK(db.load_entry("k")->revision == 2);
    CHECK(db.save_entry("k", "3", coffer::any_revision) == 3);
    REFUSED(COFFER_ERROR_CONFLICT, db.save_entry("missing", "1", 4));
    db.clear_entry("k", 3);
    CHECK(!db.load_persistent_data("k"));
    CHECK(db.save_entry("k", "4", coffer::absent) > 3);
}

static void durability_levels(const std::string &folder) {
    int store = 0;
    for (Durability of_store : {Durability::Behind, Durability::Written, Durability::Durable}) {
        Options options;
        options.durability = of_store;
        const std::string path = folder + "/" + std::to_string(store++);
        {
            Database db(path, options);
            for (Durability of_call : {Durability::Default, Durability::Behind, Durability::Written, Durability::Durable}) {
                const std::string key = "k" + std::to_string(static_cast<int>(of_call));
                CHECK(db.save_entry(key, "1", coffer::any_revision, of_call) == 1);
                db.save_batch(Batch().save(key + "b", "2"), of_call);
                db.clear_entry(key + "b", coffer::any_revision, of_call);
                CHECK(db.load_persistent_data(key) == "1");
            }
            const Durability unknown = static_cast<Durability>(9);
            REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.save_entry("k", "1", coffer::any_revision, unknown));
            REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.clear_entry("k0", coffer::any_revision, unknown));
            REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.save_batch(Batch().save("k", "1"), unknown));
        }
        CHECK(Database(path).list_database_keys_with("k").size() == 4);
    }
    REFUSED(COFFER_ERROR_INVALID_OPTION, Database::open_json(folder + "/no", "{\"durability\":\"sometimes\"}"));
}

static void load_into_buffer(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", "[1,2,3]");
    char buffer[9] = "........";
    CHECK(db.load_persistent_data_into("k", buffer, 8) == std::size_t{7});
    CHECK(std::string(buffer) == "[1,2,3]");
    std::memset(buffer, '.', 8);
    CHECK(db.load_persistent_data_into("k", buffer, 7) == std::size_t{7});
    CHECK(std::string(buffer) == "........");
    CHECK(db.load_persistent_data_into("k", nullptr, 0) == std::size_t{7});
    CHECK(!db.load_persistent_data_into("missing", buffer, 8));
    CHECK(std::string(buffer) == "........");
}

static void reopen_finds_all(const std::string &folder) {
    Keys keys;
    std::int64_t saved_at = 0;
    {
        Database db(folder);
        db.save_persistent_data("k", " [1] ");
        db.save_persistent_data("k", " [2] ");
        db.save_persistent_data("gone", "1");
        db.clear_database_entry("gone");
        db.save_equipment_config("{\"v\":1}");
        db.save_equipment_config("{\"v\":2}");
        saved_at = db.load_entry("k")->saved_at_ms;
        keys = db.list_database_keys();
        db.close();
    }
    Database db(folder);
    CHECK(db.list_database_keys() == keys);
    const auto entry = db.load_entry("k");
    CHECK(entry && entry->json == " [2] " && entry->revision == 2 && entry->saved_at_ms == saved_at);
    CHECK(db.load_equipment_config() == "{\"v\":2}");
    CHECK(db.load_version(coffer::equipment_sets, 1) == "{\"v\":1}");
    CHECK(db.list_versions(coffer::equipment_sets).size() == 2);
    CHECK(db.version_counters().equipment_sets == 2);
    CHECK(db.save_entry("k", "3") == 3);
    CHECK(db.save_entry("gone", "2") > 1);
    CHECK(db.recovery_report().find("\"salvaged\":false") != std::string::npos);
}

static void two_handles_one_store(const std::string &folder) {
    Options options;
    options.plugin = "one";
    Database one(folder, options);
    options.plugin = "two";
    Database two(folder, options);
    CHECK(one.handle() != two.handle());
    one.save_persistent_data("k", "1");
    CHECK(two.load_persistent_data("k") == "1");
    CHECK(two.save_entry("k", "2", 1) == 2);
    CHECK(one.load_persistent_data("k") == "2");
    one.close();
    CHECK(two.load_persistent_data("k") == "2");
    two.save_persistent_data("k", "3");
    two.close();
    CHECK(Database(folder).load_persistent_data("k") == "3");
}

static void read_only(const std::string &folder) {
    Database(folder).save_persistent_data("k", "1");
    Options options;
    options.read_only = true;
    Database db(folder, options);
    CHECK(db.load_persistent_data("k") == "1");
    REFUSED(COFFER_ERROR_READ_ONLY, db.save_persistent_data("k", "2"));
    REFUSED(COFFER_ERROR_READ_ONLY, db.clear_database_entry("k"));
    REFUSED(COFFER_ERROR_READ_ONLY, db.save_party_config("2"));
    REFUSED(COFFER_ERROR_READ_ONLY, db.save_entry("k", "2"));
    REFUSED(COFFER_ERROR_READ_ONLY, db.save_batch(Batch().save("k", "2")));
    REFUSED(COFFER_ERROR_READ_ONLY, (void)db.create_database_snapshot());
    REFUSED(COFFER_ERROR_READ_ONLY, (void)db.restore_database_from_snapshot("latest"));
    CHECK(db.load_persistent_data("k") == "1");
    db.close();
    CHECK(Database(folder).load_persistent_data("k") == "1");
}

static void options(const std::string &folder) {
    const std::string named = REFUSED(COFFER_ERROR_INVALID_OPTION, Database::open_json(folder, "{\"colour\":\"red\"}"));
    CHECK(named.find("colour") != std::string::npos);
    for (const char *bad : {"{\"max_depth\":0}", "{\"max_depth\":1025}", "{\"create\":1}", "{\"durability\":2}",
                            "{\"flush_interval_ms\":0}", "{\"segment_bytes\":1}", "{\"recovery\":\"maybe\"}"}) {
        REFUSED(COFFER_ERROR_INVALID_OPTION, Database::open_json(folder, bad));
    }
    std::filesystem::create_directories(folder);
    Options no_create;
    no_create.create = false;
    REFUSED(COFFER_ERROR_NO_STORE, Database(folder, no_create));
    CHECK(Database::live_handles() == 0);
    Options every;
    every.durability = Durability::Durable;
    every.plugin = "a \"quoted\" name\\\n";
    every.create = true;
    every.read_only = false;
    every.recovery = coffer::Recovery::Salvage;
    every.flush_interval_ms = 60'000u;
    every.sync_interval_ms = 1u;
    every.checkpoint_bytes = 1u << 20;
    every.segment_bytes = 65'536u;
    every.max_document_bytes = 1u << 30;
    every.max_depth = 1'024u;
    Database db(folder, every);
    db.save_persistent_data("k", "1");
    Options other;
    other.max_depth = 5u;
    REFUSED(COFFER_ERROR_INVALID_OPTION, Database(folder, other));
    CHECK(db.load_persistent_data("k") == "1");
}

static void invalid_json(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", "[\"kept\"]");
    db.save_party_config("1");
    for (const char *bad : {"{", "[1,]", "01", "nul", "", "\"\x01\"", "1 2", "{} x", "[1] ,", " ", "'a'", "+1", "1.", "NaN",
                            "{\"a\"}", "{a:1}", "\"\\x\"", "\"\\u12\"", "\xEF\xBB\xBF{}"}) {
        REFUSED(COFFER_ERROR_INVALID_JSON, db.save_persistent_data("k", bad));
        REFUSED(COFFER_ERROR_INVALID_JSON, db.save_entry("k", bad));
        REFUSED(COFFER_ERROR_INVALID_JSON, db.save_party_config(bad));
    }
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.save_persistent_data("k", "\"\xFF\""));
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.save_persistent_data("k", "\"\xED\xA0\x80\""));
    CHECK(db.load_persistent_data("k") == "[\"kept\"]");
    CHECK(db.load_entry("k")->revision == 1);
    CHECK(db.version_counters().party_configs == 1);
}

static void invalid_keys(const std::string &folder) {
    Database db(folder);
    for (const std::string &bad : {std::string(), std::string(1025, 'k'), std::string(100'000, 'k')}) {
        REFUSED(COFFER_ERROR_INVALID_KEY, db.save_persistent_data(bad, "1"));
        REFUSED(COFFER_ERROR_INVALID_KEY, (void)db.load_persistent_data(bad));
        REFUSED(COFFER_ERROR_INVALID_KEY, db.clear_database_entry(bad));
        REFUSED(COFFER_ERROR_INVALID_KEY, db.save_batch(Batch().save(bad, "1")));
    }
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.save_persistent_data("\xC3", "1"));
    REFUSED(COFFER_ERROR_INVALID_UTF8, (void)db.load_persistent_data("\xC0\x80"));
    const std::string longest = std::string(1022, 'k') + "\xC3\xA9";
    db.save_persistent_data(longest, "1");
    CHECK(db.load_persistent_data(longest) == "1");
    CHECK(db.list_database_keys_with("kk").at(0) == longest);
}

static void too_large_and_too_deep(const std::string &folder) {
    Options options;
    options.max_document_bytes = 64u;
    options.max_depth = 4u;
    Database db(folder + "/limited", options);
    const std::string largest = "\"" + std::string(62, 'x') + "\"";
    db.save_persistent_data("large", largest);
    REFUSED(COFFER_ERROR_TOO_LARGE, db.save_persistent_data("large", largest + " "));
    CHECK(db.load_persistent_data("large") == largest);
    db.save_persistent_data("deep", "[[{\"a\":[1]}]]");
    REFUSED(COFFER_ERROR_TOO_DEEP, db.save_persistent_data("deep", "[[{\"a\":[[]]}]]"));
    CHECK(db.load_persistent_data("deep") == "[[{\"a\":[1]}]]");
    Database usual(folder + "/usual");
    usual.save_persistent_data("deep", std::string(128, '[') + std::string(128, ']'));
    REFUSED(COFFER_ERROR_TOO_DEEP, usual.save_persistent_data("deep", std::string(129, '[') + std::string(129, ']')));
    REFUSED(COFFER_ERROR_TOO_DEEP, usual.save_persistent_data("deep", std::string(1'000'000, '[')));
}

static void unicode(const std::string &folder) {
    const Keys keys = {"\x01\x1F\x7F", "\"\\/", "\xC2\x80\xDF\xBF", "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF",
                       "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80", "e\xCC\x81", "\n"};
    const Keys documents = {"\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\xF0\x9F\x98\x80 \xC3\xA9 \xE6\xBC\xA2\"",
                            "{\"\xF0\x9F\x98\x80\":\"\\/\\b\\f\\n\\r\\t\"}", "\"\xF4\x8F\xBF\xBF\"", "\"\x7F\xC2\x80\"", "\"\\u0000x\""};
    {
        Database db(folder);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            db.save_persistent_data(keys[i], documents[i]);
            CHECK(db.load_persistent_data(keys[i]) == documents[i]);
        }
    }
    Database db(folder);
    Keys listed = db.list_database_keys();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CHECK(db.load_persistent_data(keys[i]) == documents[i]);
        CHECK(std::count(listed.begin(), listed.end(), keys[i]) == 1);
    }
    CHECK(listed.size() == keys.size() + fresh_keys.size());
}

static void last_error(const std::string &folder) {
    Database db(folder);
    const std::string message = REFUSED(COFFER_ERROR_INVALID_JSON, db.save_persistent_data("the \xC3\xA9 key", "{"));
    CHECK(message == coffer::last_error());
    CHECK(message.find("the \xC3\xA9 key") != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
    db.save_persistent_data("k", "1");
    CHECK(coffer::last_error().empty());
    CHECK(!db.load_persistent_data("missing one"));
    CHECK(coffer::last_error().find("missing one") != std::string::npos);
    REFUSED(COFFER_ERROR_INVALID_JSON, db.save_persistent_data("line\nbreak", "{"));
    CHECK(coffer::last_error().find('\n') == std::string::npos);
}

#define CASE(name) {#name, name}

int main(int argc, char **argv) {
    return tests::run_all(
        argc, argv,
        {CASE(version), CASE(fresh_store_keys), CASE(save_and_load), CASE(load_missing), CASE(overwrite_counts_revisions),
         CASE(clear_and_recreate), CASE(tier1_round_trip), CASE(tier1_versions), CASE(roll_back), CASE(version_diff),
         CASE(tier1_through_keys), CASE(past_versions_are_kept), CASE(list_with_prefix), CASE(batch_is_atomic), CASE(expected_revision),
         CASE(durability_levels), CASE(load_into_buffer), CASE(reopen_finds_all), CASE(two_handles_one_store),
         CASE(read_only), CASE(options), CASE(invalid_json), CASE(invalid_keys), CASE(too_large_and_too_deep),
         CASE(unicode), CASE(last_error), CASE(closed_handle), CASE(flush_and_checkpoint),
         CASE(snapshot_create), CASE(snapshot_restore), CASE(snapshot_restore_part), CASE(snapshot_unknown),
         CASE(snapshot_list_pin_delete), CASE(snapshot_diff), CASE(snapshot_load), CASE(snapshot_moment),
         CASE(snapshot_export_import), CASE(snapshot_reopen), CASE(hub_changes), CASE(hub_topics), CASE(hub_delivery),
         CASE(hub_unsubscribe), CASE(hub_overflow), CASE(hub_since), CASE(hub_sync), CASE(hub_master_reference),
         CASE(hub_plugins), CASE(hub_calls), CASE(hub_call_failures), CASE(hub_begin_call), CASE(hub_host),
         CASE(phase11), CASE(exchange_round_trip), CASE(exchange_defaults), CASE(exchange_import), CASE(exchange_errors),
         CASE(exchange_progress), CASE(health_report), CASE(health_full), CASE(gateway_registers), CASE(gateway_requests),
         CASE(gateway_writes), CASE(gateway_limits), CASE(gateway_listens), CASE(gateway_endpoint), CASE(no_live_handles)},
        "ok");
}
