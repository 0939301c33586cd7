// The plain data about snapshots: what is known of one, of all, of a restore, a check and a file; and how each is read
// from Coffer's answer.
//
// It must not need an open store, nor take a difference apart: differences and patches are JSON for the program's own
// library.
//
// Invariant: what an answer leaves out, or says is null, stays empty here; what it says and nobody here knows is skipped.
#ifndef COFFER_SNAPSHOT_TYPES_HPP
#define COFFER_SNAPSHOT_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/types.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer {

/// How much a collection holds.
struct CollectionSize {
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0; ///< Of the documents' texts.
};

/// What is known of a snapshot.
struct Snapshot {
    std::string id;                  ///< Its name for every call; unique in its store.
    std::string label;               ///< What its maker called it; not necessarily unique.
    std::string kind;                ///< "manual", "automatic" or "imported".
    std::string reason;              ///< Of an automatic one "restore" or "schedule", else empty.
    bool pinned = false;             ///< A pinned one stays, automatic or not.
    std::uint64_t sequence = 0;      ///< The last commit in it; of an imported one, in the store that it came from.
    std::int64_t created_at_ms = 0;  ///< When it was made, in Unix milliseconds.
    std::uint64_t documents = 0;     ///< In all collections.
    std::uint64_t bytes = 0;         ///< Of the documents' texts.
    std::map<std::string, CollectionSize> collections; ///< By the collection's name.
    VersionCounters versions;        ///< As they were.
    std::string file;                ///< Of an imported one, its file in the store's folder, else empty.

    /// When it was made.
    TimePoint created_at() const noexcept { return TimePoint(std::chrono::milliseconds(created_at_ms)); }
};

/// The moments that can be restored without a snapshot, as `sequence:<number>` and `time:<milliseconds>`.
struct JournalReach {
    std::uint64_t from_sequence = 0; ///< The oldest.
    std::int64_t from_time_ms = 0;   ///< The same in Unix milliseconds.
    std::uint64_t to_sequence = 0;   ///< The newest: now.
};

/// The snapshots of a store.
struct SnapshotList {
    std::vector<Snapshot> snapshots; ///< Oldest first.
    JournalReach journal;
    std::uint64_t history_bytes = 0; ///< What past versions take on the disk, as of the last checkpoint.
};

/// What to restore. What is left unset is not narrowed down.
struct RestoreOptions {
    std::optional<std::vector<std::string>> collections; ///< Only these: `coffer::party_configs`, "plugin_data", …
    std::optional<std::vector<std::string>> keys;        ///< Only these documents.
    bool dry_run = false;                                ///< Change nothing; Restored::changes says what would be.

    /// The options as a JSON object, for coffer_restore_database_from_snapshot.
    std::string to_json() const {
        std::string out = dry_run ? "{\"dry_run\":true" : "{\"dry_run\":false";
        if (collections) {
            detail::append_texts(out += ",\"collections\":", *collections);
        }
        if (keys) {
            detail::append_texts(out += ",\"keys\":", *keys);
        }
        return out + "}";
    }
};

/// One change that a dry run announces.
struct RestoreChange {
    std::string key;
    std::string action;      ///< "save" or "clear".
    std::uint64_t bytes = 0; ///< Of the text that would be saved.
};

/// What restoring did, or would do.
struct Restored {
    std::string id;                      ///< The state that was restored.
    std::uint64_t sequence = 0;          ///< The last commit in it.
    bool dry_run = false;
    std::optional<std::uint64_t> commit; ///< The commit that did it; none if nothing differed.
    std::uint64_t saved = 0;             ///< How many documents were saved.
    std::uint64_t cleared = 0;           ///< How many were cleared.
    std::uint64_t bytes = 0;             ///< Of the texts that were saved.
    std::optional<std::string> undo;     ///< The snapshot of the state before: restoring it undoes this restore.
    std::vector<RestoreChange> changes;  ///< Of a dry run only.
};

/// What the check of a snapshot found and read.
struct Verified {
    std::string id;
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0;           ///< Of the documents' texts.
    std::uint64_t files = 0;           ///< But for the journal.
    std::uint64_t file_bytes = 0;
    std::uint64_t journal_commits = 0; ///< Read from the journal.
};

/// What was written to a file.
struct Exported {
    std::string id;
    std::string path;
    std::uint64_t sequence = 0;
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0; ///< Of the documents' texts.
    std::uint64_t file_bytes = 0;
};

namespace detail {

inline CollectionSize read_size(Reader &reader) {
    CollectionSize size;
    read_object(reader, [&](const Field &field) {
        return field.number("documents", size.documents) || field.number("bytes", size.bytes);
    });
    return size;
}

inline Snapshot read_snapshot(Reader &reader) {
    Snapshot one;
    const auto collection = [&](const std::string &name) { one.collections[name] = read_size(reader); };
    read_object(reader, [&](const Field &field) {
        return field.text("id", one.id) || field.text("label", one.label) || field.text("kind", one.kind) ||
               field.text("reason", one.reason) || field.flag("pinned", one.pinned) ||
               field.number("sequence", one.sequence) || field.moment("created_at_ms", one.created_at_ms) ||
               field.number("documents", one.documents) || field.number("bytes", one.bytes) ||
               field.take("collections", [&] { reader.object(collection); }) ||
               field.take("versions", [&] { one.versions = read_counters(reader); }) || field.text("file", one.file);
    });
    return one;
}

inline SnapshotList read_snapshot_list(Reader &reader) {
    SnapshotList list;
    JournalReach &reach = list.journal;
    const auto known_of_reach = [&](const Field &field) {
        return field.number("from_sequence", reach.from_sequence) || field.moment("from_time_ms", reach.from_time_ms) ||
               field.number("to_sequence", reach.to_sequence);
    };
    const auto snapshot = [&] { list.snapshots.push_back(read_snapshot(reader)); };
    read_object(reader, [&](const Field &field) {
        return field.take("snapshots", [&] { reader.array(snapshot); }) ||
               field.take("journal", [&] { read_object(reader, known_of_reach); }) ||
               field.number("history_bytes", list.history_bytes);
    });
    return list;
}

inline RestoreChange read_change(Reader &reader) {
    RestoreChange change;
    read_object(reader, [&](const Field &field) {
        return field.text("key", change.key) || field.text("action", change.action) || field.number("bytes", change.bytes);
    });
    return change;
}

inline Restored read_restored(Reader &reader) {
    Restored one;
    const auto commit = [&] { one.commit = reader.null() ? std::nullopt : std::optional(reader.count()); };
    const auto undo = [&] { one.undo = reader.null() ? std::nullopt : std::optional(reader.string()); };
    const auto change = [&] { one.changes.push_back(read_change(reader)); };
    read_object(reader, [&](const Field &field) {
        return field.text("id", one.id) || field.number("sequence", one.sequence) || field.flag("dry_run", one.dry_run) ||
               field.take("commit", commit) || field.number("saved", one.saved) || field.number("cleared", one.cleared) ||
               field.number("bytes", one.bytes) || field.take("undo", undo) ||
               field.take("changes", [&] { reader.array(change); });
    });
    return one;
}

inline Verified read_verified(Reader &reader) {
    Verified one;
    read_object(reader, [&](const Field &field) {
        return field.text("id", one.id) || field.number("documents", one.documents) || field.number("bytes", one.bytes) ||
               field.number("files", one.files) || field.number("file_bytes", one.file_bytes) ||
               field.number("journal_commits", one.journal_commits);
    });
    return one;
}

inline Exported read_exported(Reader &reader) {
    Exported one;
    read_object(reader, [&](const Field &field) {
        return field.text("id", one.id) || field.text("path", one.path) || field.number("sequence", one.sequence) ||
               field.number("documents", one.documents) || field.number("bytes", one.bytes) ||
               field.number("file_bytes", one.file_bytes);
    });
    return one;
}

} // namespace detail
} // namespace coffer

#endif
