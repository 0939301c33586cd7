// The members of coffer::Database that make, restore, compare and move snapshots.
//
// It must not own a handle: it borrows the one of the Database that it is a part of. It must not be included alone:
// "coffer.hpp" does it.
//
// Invariant: each member is one call of the C function of the same name.
//
// A state is named by a text: a snapshot's id; "latest", the newest snapshot; a label, for the newest snapshot that has
// it; or, where a moment will do, "sequence:<number>" and "time:<Unix milliseconds>", as far back as the journal reaches.
#ifndef COFFER_SNAPSHOTS_HPP
#define COFFER_SNAPSHOTS_HPP

#include "coffer/snapshot_types.hpp"
#include "coffer/support.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coffer {

/// What Database knows about snapshots. All of it reads or waits for the disk, but for list_snapshots() and
/// get_snapshot(): keep it off the thread that draws frames.
///
/// Whatever names a state throws Error with COFFER_ERROR_UNKNOWN_SNAPSHOT when there is none of that name (the message
/// tells the nearest), _OUT_OF_REACH when the journal does not reach back to the moment, and _INVALID_ARGUMENT when a
/// moment will not do. Whatever changes something throws _READ_ONLY and _FAILED as saving does.
template <class Self>
class SnapshotMembers {
  public:
    /// Makes a snapshot of all documents as they are now. It costs one durable commit, whatever the size of the store.
    /// @param label up to 256 bytes of UTF-8, and nothing that would be taken for an id or a moment; empty for
    ///              "database_snapshot".
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for another label.
    Snapshot create_database_snapshot(const Text &label = "") {
        const char *name = detail::argument_for_c(label, "the label");
        return detail::read(detail::read_snapshot,
                            [&](char **out) { return coffer_create_database_snapshot(handle(), name, out); });
    }

    /// Brings back the documents of a snapshot or a moment, in one durable commit. The state before is kept as an
    /// automatic snapshot, Restored::undo.
    /// @param id      names a state.
    /// @param options which documents, and whether only to say what would change.
    /// @throws Error with COFFER_ERROR_INVALID_OPTION when a collection is unknown.
    Restored restore_database_from_snapshot(const Text &id, const RestoreOptions &options = {}) {
        const char *name = state_for_c(id);
        const std::string json = options.to_json();
        return detail::read(detail::read_restored, [&](char **out) {
            return coffer_restore_database_from_snapshot(handle(), name, json.c_str(), out);
        });
    }

    /// @returns the snapshots, oldest first, and how far back the journal reaches.
    SnapshotList list_snapshots() const {
        return detail::read(detail::read_snapshot_list, [this](char **out) { return coffer_list_snapshots(handle(), out); });
    }

    /// @param id names a snapshot; a moment will not do.
    Snapshot get_snapshot(const Text &id) const {
        const char *name = state_for_c(id);
        return detail::read(detail::read_snapshot, [&](char **out) { return coffer_get_snapshot(handle(), name, out); });
    }

    /// Deletes a snapshot, durably. What only it kept is given back at the next checkpoint.
    /// @param id names a snapshot; a moment will not do.
    void delete_snapshot(const Text &id) { detail::check(coffer_delete_snapshot(handle(), state_for_c(id))); }

    /// Keeps the store from removing an automatic snapshot by itself, or lets it go again.
    /// @param id names a snapshot; a moment will not do.
    /// @returns the snapshot as it is then.
    Snapshot pin_snapshot(const Text &id, bool pinned) {
        const char *name = state_for_c(id);
        return detail::read(detail::read_snapshot,
                            [&](char **out) { return coffer_pin_snapshot(handle(), name, pinned ? 1 : 0, out); });
    }

    /// Reads again every byte on the disk that a snapshot needs, and checks it.
    /// @param id names a snapshot; a moment will not do.
    /// @throws Error with COFFER_ERROR_CORRUPT, which names file and offset.
    Verified verify_snapshot(const Text &id) const {
        const char *name = state_for_c(id);
        return detail::read(detail::read_verified,
                            [&](char **out) { return coffer_verify_snapshot(handle(), name, out); });
    }

    /// @param from names a state, or "now".
    /// @param to   the same.
    /// @returns how they differ, as a JSON object: from, to, added, changed (with a JSON Patch each) and removed.
    std::string diff_snapshots(const Text &from, const Text &to = "now") const {
        const char *before = state_for_c(from);
        const char *after = state_for_c(to);
        return detail::get([&](char **out) { return coffer_diff_snapshots(handle(), before, after, out); });
    }

    /// @param id names a state, or "now".
    /// @returns the document's text as it was then, or nothing when it was not there.
    std::optional<std::string> load_from_snapshot(const Text &id, const Text &key) const {
        const char *state = state_for_c(id);
        const char *name = detail::key_for_c(key);
        return detail::find([&](char **out) { return coffer_load_from_snapshot(handle(), state, name, out); });
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> load_from_snapshot_as(const Text &id, const Text &key) const {
        return detail::convert<T>(load_from_snapshot(id, key));
    }

    /// Writes a state to one file, which any store on any machine can import. The file appears whole or not at all; a file
    /// that is there is replaced, but nothing else, and none of the store's own.
    /// @param id   names a state, or "now".
    /// @param path a file, UTF-8 on every platform.
    Exported export_snapshot(const Text &id, const Text &path) const {
        const char *name = state_for_c(id);
        const char *file = detail::argument_for_c(path, "the path");
        return detail::read(detail::read_exported,
                            [&](char **out) { return coffer_export_snapshot(handle(), name, file, out); });
    }

    /// Takes in a file that export_snapshot() wrote, as one more snapshot. No document changes until it is restored.
    /// @param path  a file, UTF-8 on every platform; it is not needed afterwards.
    /// @param label what to call the snapshot; empty keeps the label that it had.
    /// @throws Error with COFFER_ERROR_CORRUPT, _UNSUPPORTED_FORMAT, _INVALID_ARGUMENT when it is no exported snapshot,
    ///         and, for documents that this store does not take, what saving them throws.
    Snapshot import_snapshot(const Text &path, const Text &label = "") {
        const char *file = detail::argument_for_c(path, "the path");
        const char *name = detail::argument_for_c(label, "the label");
        return detail::read(detail::read_snapshot,
                            [&](char **out) { return coffer_import_snapshot(handle(), file, name, out); });
    }

  protected:
    SnapshotMembers() noexcept = default;
    ~SnapshotMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }

    static const char *state_for_c(const Text &id) { return detail::argument_for_c(id, "the snapshot's name"); }
};

} // namespace coffer

#endif
