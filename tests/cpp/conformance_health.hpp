// The conformance cases about how a store fares; conformance.cpp runs them with the others.
//
// It must not be included anywhere else, nor damage a store. Invariant: each case works in the folder that it is given and
// closes what it opens.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_HEALTH_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_HEALTH_HPP

#include "support.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using coffer::Database;
using coffer::HealthOptions;
using coffer::HealthReport;

static void health_report(const std::string &folder) {
    Database db(folder);
    db.save_character_roster_state("[\"Ash\"]");
    db.save_character_roster_state("[\"Ash\",\"\xC3\x9Cn\xC3\xAF\"]");
    db.save_equipment_config("[]");
    db.save_party_config("{\"a\":1}");
    db.save_persistent_data("small", "1");
    db.save_persistent_data("the largest", "[1,2,3]");
    const HealthReport report = db.analyze_database_health();
    CHECK(report.integrity_status == "OK" && report.score == 100 && report.findings.empty() && report.causes.empty());
    CHECK(report.total_records == 6 && report.sequence == 6 && tests::is_recent(report.time_ms));
    CHECK(report.character_roster_size == 15 && report.equipment_sets_size == 2 && report.party_configs_size == 7);
    CHECK(!report.full && !report.checked && !report.trend.empty() && report.disk_bytes > 0);
    const char *names[] = {"character_roster", "equipment_sets", "party_configs", "plugin_data", "save_metadata"};
    std::vector<std::string> listed;
    for (const coffer::CollectionHealth &one : report.collections) {
        listed.push_back(one.name);
        const bool is_empty = one.documents == 0;
        CHECK(is_empty == !one.largest && is_empty == !one.newest_save_ms && is_empty == !one.oldest_save_ms);
        CHECK(is_empty || (tests::is_recent(*one.newest_save_ms) && *one.oldest_save_ms <= *one.newest_save_ms));
        if (one.name == "plugin_data") {
            CHECK(one.documents == 2 && one.bytes == 8 && one.largest->key == "the largest" && one.largest->bytes == 7);
        } else if (one.name == "character_roster") {
            CHECK(one.documents == 2 && one.bytes == 22 && one.largest->bytes == 15);
        }
    }
    std::sort(listed.begin(), listed.end());
    CHECK(std::equal(listed.begin(), listed.end(), std::begin(names), std::end(names)) && report.tier1.size() == 3);
    const auto is = [&](std::size_t at, const char *name, std::uint64_t bytes, std::uint64_t version) {
        const coffer::Tier1Health &one = report.tier1.at(at);
        return one.name == name && one.bytes == bytes && one.version == version && one.versions_kept == version;
    };
    CHECK(is(0, "character_roster", 15, 2) && is(1, "equipment_sets", 2, 1) && is(2, "party_configs", 7, 1));
    CHECK(!report.last_sync_ms);
    const coffer::Synced synced = db.sync_tier1_data_to_hub();
    CHECK(db.analyze_database_health().last_sync_ms == synced.time_ms);
    char *untouched = nullptr;
    const coffer_status unknown =
        coffer_analyze_database_health(db.handle(), "{\"fulll\":true}", nullptr, nullptr, &untouched);
    CHECK(unknown == COFFER_ERROR_INVALID_OPTION && untouched == nullptr);
    CHECK(coffer::last_error().find("fulll") != std::string::npos);
}

static void health_full(const std::string &folder) {
    Database db(folder);
    const std::string text = "\"" + std::string(100'000, 'x') + "\"";
    for (int number = 0; number < 20; ++number) {
        db.save_persistent_data("large " + std::to_string(number), text);
        if (number == 10) {
            db.checkpoint(); // an image and a journal
        }
    }
    HealthOptions options;
    options.full = true;
    options.quota_bytes = 1'000'000'000u;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
    const HealthReport report = db.analyze_database_health(options, [&told](std::uint64_t done, std::uint64_t total) {
        told.emplace_back(done, total);
        return true;
    });
    CHECK(report.full && report.integrity_status == "OK" && report.score == 100 && report.total_records == 20);
    CHECK(report.checked && report.checked->files >= 2 && report.checked->bytes > 2'000'000);
    CHECK(told.size() > 2 && std::is_sorted(told.begin(), told.end()) && told.back().first == told.back().second);
    CHECK(told.back().first == report.checked->bytes);
    int calls = 0;
    const auto stop = [&calls](std::uint64_t, std::uint64_t) { return ++calls < 2; };
    REFUSED(COFFER_ERROR_CANCELLED, (void)db.analyze_database_health(options, stop));
    CHECK(calls == 2 && db.analyze_database_health().integrity_status == "OK");
}

#endif
