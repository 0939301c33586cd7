// What is special to the C++ binding of the health report: a Progress that throws or works within another, a Database that
// is closed where it cannot be, the text of options, and the answers; binding.cpp runs these cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open.
#ifndef COFFER_TESTS_CPP_BINDING_HEALTH_HPP
#define COFFER_TESTS_CPP_BINDING_HEALTH_HPP

#include "binding_exchange.hpp"
#include "support.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

static coffer::HealthOptions in_full() {
    coffer::HealthOptions options;
    options.full = true;
    return options;
}

static void checks_are_told(const std::string &folder) {
    coffer::Database db(folder);
    save_much(db);
    const auto alive = std::make_shared<int>(0);
    for (const int when : {1, 2}) {
        *alive = 0;
        std::string what;
        try {
            (void)db.analyze_database_health(in_full(), [alive, when](std::uint64_t, std::uint64_t) {
                if (++*alive == when) {
                    throw std::domain_error("the " + std::to_string(when) + "th");
                }
                return true;
            });
        } catch (const std::domain_error &error) {
            what = error.what();
        }
        CHECK(*alive == when && what == "the " + std::to_string(when) + "th" && alive.use_count() == 1);
    }
    int caught = 0;
    try {
        (void)db.analyze_database_health(in_full(), [](std::uint64_t, std::uint64_t) -> bool { throw 7; });
    } catch (int number) { // not even an exception
        caught = number;
    }
    CHECK(caught == 7);
    const auto here = std::this_thread::get_id();
    coffer_status within = COFFER_OK;
    const coffer::HealthReport report = db.analyze_database_health(in_full(), [&](std::uint64_t, std::uint64_t) {
        CHECK(std::this_thread::get_id() == here);
        CHECK(!db.analyze_database_health().full); // the quick form is no work
        db.save_persistent_data("meanwhile", "1");
        try {
            (void)db.analyze_database_health(in_full());
        } catch (const coffer::Error &error) {
            within = error.status();
        }
        return true;
    });
    CHECK(report.full && report.integrity_status == "OK" && within == COFFER_ERROR_INVALID_ARGUMENT);
    const coffer::Progress never = [](std::uint64_t, std::uint64_t) -> bool { throw std::logic_error("called"); };
    CHECK(!db.analyze_database_health({}, never).checked); // the quick form tells nobody
    CHECK(db.analyze_database_health(in_full(), nullptr).checked->files > 0);
    const coffer::Database &only_to_look = db;
    try {
        (void)only_to_look.analyze_database_health().json_as<Potion>();
        CHECK(false);
    } catch (const std::domain_error &error) { // the adapter saw the report
        CHECK(std::string(error.what()).find("not a potion: {\"total_records\":21,") == 0);
    }
}

// What cannot be closed yet stays open, and is closed later.
static void closed_too_early(const std::string &folder) {
    coffer::Database db(folder + "/store");
    save_much(db);
    int refused = 0;
    const auto close = [&](std::uint64_t, std::uint64_t) {
        REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.close());
        ++refused;
        return db.is_open();
    };
    CHECK(db.export_database_for_sharing("", folder + "/out", close).documents == 20 && refused > 1);
    refused = 0;
    CHECK(db.analyze_database_health(in_full(), close).checked && refused > 1);
    db.save_persistent_data("k", "1");
    db.close();
    CHECK(!db.is_open() && coffer::Database::live_handles() == 0);
}

static void health_texts(const std::string &folder) {
    coffer::HealthOptions options;
    CHECK(options.to_json() == "{}");
    options.quota_bytes = UINT64_MAX;
    options.full = true;
    CHECK(options.to_json() == "{\"full\":true,\"quota_bytes\":18446744073709551615}");
    coffer::Database db(folder);
    const std::string odd = "a \"quoted\" \\ key\n\x01\xF0\x9F\x97\xA1";
    db.save_persistent_data(odd, "[1]");
    const coffer::HealthReport report = db.analyze_database_health(options);
    CHECK(report.checked && report.time().time_since_epoch().count() == report.time_ms && report.json[0] == '{');
    for (const coffer::CollectionHealth &one : report.collections) {
        CHECK(one.name != "plugin_data" || one.largest->key == odd);
    }
    for (const char *part : {"\"latency\":", "\"growth\":", "\"journal\":", "\"hub\":", "\"snapshots\":", "\"anomalies\":[]"}) {
        CHECK(report.json.find(part) != std::string::npos);
    }
}

static void health_answers(const std::string &) {
    const auto read = [](const char *json) {
        coffer::detail::Reader all{std::string_view(json)};
        const coffer::HealthReport report = coffer::detail::read_health(all);
        all.end();
        return report;
    };
    const coffer::HealthReport ill =
        read(" {\"score\":72,\"integrity_status\":\"CORRUPT\",\"took_ms\":0.4,\"findings\":[{\"points\":28,\"what\":\"w\",\"why\":"
             "\"y\",\"do\":\"d\",\"new\":1}],\"causes\":[{\"file\":\"f\",\"offset\":9,\"reason\":\"r\"},{}],\"growth\":{\"samples\":[]},"
             "\"checked\":{\"bytes\":3,\"files\":2,\"mb_per_s\":1e3},\"last_sync\":7,\"tier1\":[{\"versions_kept\":4,\"name\":\"n\"}],"
             "\"collections\":[{\"largest\":{\"key\":\"k\",\"bytes\":5},\"newest_save_ms\":8},{\"largest\":null}],\"full\":true,"
             "\"disk_bytes\":6,\"trend\":\"growing\"} ");
    CHECK(ill.score == 72 && ill.integrity_status == "CORRUPT" && ill.trend == "growing" && ill.full && ill.disk_bytes == 6);
    CHECK(ill.findings.size() == 1 && ill.findings[0].points == 28 && ill.findings[0].what == "w");
    CHECK(ill.findings[0].why == "y" && ill.findings[0].advice == "d" && ill.causes.size() == 2);
    CHECK(ill.causes[0].file == "f" && ill.causes[0].offset == 9 && ill.causes[0].reason == "r");
    CHECK(ill.checked->bytes == 3 && ill.checked->files == 2 && ill.last_sync_ms == 7 && ill.tier1.at(0).versions_kept == 4);
    CHECK(ill.collections.at(0).largest->key == "k" && ill.collections[0].largest->bytes == 5);
    CHECK(ill.collections[0].newest_save_ms == 8 && !ill.collections[0].oldest_save_ms && !ill.collections.at(1).largest);
    CHECK(ill.json.front() == '{' && ill.json.back() == '}');
    const coffer::HealthReport nothing = read("{\"last_sync\":null,\"checked\":null}");
    CHECK(!nothing.last_sync_ms && !nothing.checked && nothing.json == "{\"last_sync\":null,\"checked\":null}");
    for (const char *bad : {"", "[]", "null", "{\"score\":-1}", "{\"score\":null}", "{\"full\":0}", "{\"findings\":{}}",
                            "{\"findings\":[1]}", "{\"checked\":1}", "{\"last_sync\":\"x\"}", "{\"tier1\":null}", "{} x",
                            "{\"collections\":[{\"largest\":1}]}", "{\"integrity_status\":1}", "{\"score\":1"}) {
        REFUSED(COFFER_ERROR_INTERNAL, (void)read(bad));
    }
}

#endif
