// The plain data about how a store fares: what to look at, and the report; and how the report is read.
//
// It must not need an open store, nor judge: what is well and what is not is the library's to say.
//
// Invariant: what is left at its default is not sent; what a report leaves out, or says is null, stays empty here; what it
// says and nobody here knows is skipped, but for HealthReport::json, which has everything.
#ifndef COFFER_HEALTH_TYPES_HPP
#define COFFER_HEALTH_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/support.hpp"
#include "coffer/types.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer {

/// What to look at.
struct HealthOptions {
    bool full = false; ///< Read everything on the disk again and check it.
    /// How many bytes the documents may have, for "days_until_quota" in "growth". Default: no quota.
    std::optional<std::uint64_t> quota_bytes;

    /// The options as a JSON object, for coffer_analyze_database_health.
    std::string to_json() const {
        detail::ObjectText out;
        if (full) {
            out.flag("full", true);
        }
        if (quota_bytes) {
            out.number("quota_bytes", *quota_bytes);
        }
        return out.json();
    }
};

/// Something that took points off the score.
struct HealthFinding {
    std::uint64_t points = 0;
    std::string what;   ///< What was found.
    std::string why;    ///< Why it matters.
    std::string advice; ///< What to do; "do" in the JSON.
};

/// Something that is damaged, missing or in the way.
struct HealthCause {
    std::string file; ///< In the store's folder; empty if it is none's.
    std::uint64_t offset = 0;
    std::string reason;
};

/// A document and how long its text is.
struct DocumentSize {
    std::string key;
    std::uint64_t bytes = 0;
};

/// What a collection holds.
struct CollectionHealth {
    std::string name;
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0; ///< Of the documents' texts.
    std::optional<DocumentSize> largest;
    std::optional<std::int64_t> newest_save_ms; ///< In Unix milliseconds.
    std::optional<std::int64_t> oldest_save_ms; ///< The same.
};

/// What there is of a Tier 1 document.
struct Tier1Health {
    std::string name;
    std::uint64_t bytes = 0;         ///< Of the newest; 0 if there is none.
    std::uint64_t version = 0;       ///< The newest that was saved; 0 before the first.
    std::uint64_t versions_kept = 0; ///< How many past versions are there.
};

/// What was read again.
struct CheckedFiles {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// How a store fares.
struct HealthReport {
    std::uint64_t total_records = 0;         ///< Documents that users save, past versions included.
    std::uint64_t character_roster_size = 0; ///< Bytes of the newest; 0 if there is none.
    std::uint64_t equipment_sets_size = 0;   ///< The same.
    std::uint64_t party_configs_size = 0;    ///< The same.
    std::optional<std::int64_t> last_sync_ms; ///< When sync_tier1_data_to_hub() last did, in Unix milliseconds.
    /// "CORRUPT" if what documents need is damaged or missing, "DEGRADED" if only something else is, "OK".
    std::string integrity_status;
    std::string trend;                         ///< "growing", "shrinking", "stable", or "unknown" in the first hour.
    bool full = false;                         ///< Whether everything on the disk was checked.
    std::int64_t time_ms = 0;                  ///< When, in Unix milliseconds.
    std::uint64_t sequence = 0;                ///< The last commit then.
    std::uint64_t score = 0;                   ///< 100 less the points of all findings, and not below 0.
    std::vector<HealthFinding> findings;       ///< None if all is well.
    std::vector<HealthCause> causes;           ///< Of an integrity_status that is not "OK".
    std::vector<CollectionHealth> collections; ///< All five.
    std::vector<Tier1Health> tier1;            ///< All three.
    std::uint64_t disk_bytes = 0;              ///< Of all files in the store's folder.
    std::optional<CheckedFiles> checked;       ///< Of the full form.
    /// The whole report, for the program's own library: also took_ms, journal, image, snapshots, latency, hub, growth and
    /// anomalies. "coffer.h" describes it.
    std::string json;

    /// When it was made.
    TimePoint time() const noexcept { return TimePoint(std::chrono::milliseconds(time_ms)); }

    /// The whole report through Json<T>.
    template <class T>
    T json_as() const {
        return Json<T>::from_text(std::string_view(json));
    }
};

namespace detail {

inline HealthFinding read_finding(Reader &reader) {
    HealthFinding one;
    read_object(reader, [&](const Field &field) {
        return field.number("points", one.points) || field.text("what", one.what) || field.text("why", one.why) ||
               field.text("do", one.advice);
    });
    return one;
}

inline HealthCause read_cause(Reader &reader) {
    HealthCause one;
    read_object(reader, [&](const Field &field) {
        return field.text("file", one.file) || field.number("offset", one.offset) || field.text("reason", one.reason);
    });
    return one;
}

inline DocumentSize read_document_size(Reader &reader) {
    DocumentSize one;
    read_object(reader, [&](const Field &field) {
        return field.text("key", one.key) || field.number("bytes", one.bytes);
    });
    return one;
}

inline CollectionHealth read_collection_health(Reader &reader) {
    CollectionHealth one;
    const auto largest = [&] { return read_document_size(reader); };
    const auto moment = [&] { return reader.integer(); };
    read_object(reader, [&](const Field &field) {
        return field.text("name", one.name) || field.number("documents", one.documents) ||
               field.number("bytes", one.bytes) || field.unless_null("largest", one.largest, largest) ||
               field.unless_null("newest_save_ms", one.newest_save_ms, moment) ||
               field.unless_null("oldest_save_ms", one.oldest_save_ms, moment);
    });
    return one;
}

inline Tier1Health read_tier1_health(Reader &reader) {
    Tier1Health one;
    read_object(reader, [&](const Field &field) {
        return field.text("name", one.name) || field.number("bytes", one.bytes) ||
               field.number("version", one.version) || field.number("versions_kept", one.versions_kept);
    });
    return one;
}

inline CheckedFiles read_checked(Reader &reader) {
    CheckedFiles one;
    read_object(reader, [&](const Field &field) {
        return field.number("files", one.files) || field.number("bytes", one.bytes);
    });
    return one;
}

inline bool read_health_lists(const Field &field, HealthReport &one) {
    Reader &reader = field.reader;
    const auto list = [&](const char *name, auto &target, auto reading) {
        return field.take(name, [&] { reader.array([&] { target.push_back(reading(reader)); }); });
    };
    return list("findings", one.findings, read_finding) || list("causes", one.causes, read_cause) ||
           list("collections", one.collections, read_collection_health) || list("tier1", one.tier1, read_tier1_health);
}

inline HealthReport read_health(Reader &reader) {
    HealthReport one;
    one.json = reader.raw();
    Reader again(one.json);
    const auto moment = [&] { return again.integer(); };
    const auto checked = [&] { return read_checked(again); };
    read_object(again, [&](const Field &field) {
        return field.number("total_records", one.total_records) ||
               field.number("character_roster_size", one.character_roster_size) ||
               field.number("equipment_sets_size", one.equipment_sets_size) ||
               field.number("party_configs_size", one.party_configs_size) ||
               field.unless_null("last_sync", one.last_sync_ms, moment) ||
               field.text("integrity_status", one.integrity_status) || field.text("trend", one.trend) ||
               field.flag("full", one.full) || field.moment("time_ms", one.time_ms) ||
               field.number("sequence", one.sequence) || field.number("score", one.score) ||
               read_health_lists(field, one) || field.number("disk_bytes", one.disk_bytes) ||
               field.unless_null("checked", one.checked, checked);
    });
    return one;
}

} // namespace detail
} // namespace coffer

#endif
