// The plain data that goes in and out of the database: durability, options, expected revisions, batches, entries,
// versions.
//
// It must not need an open store: every type here can be made, copied and destroyed at any time, on any thread.
//
// Invariant: what is not set is not sent. Options that a program leaves alone stay Coffer's own defaults, and a second
// open of a store asks only for what its caller asked for.
#ifndef COFFER_TYPES_HPP
#define COFFER_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/support.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace coffer {

/// What a save has promised when it returns.
enum class Durability : std::int32_t {
    Default = COFFER_DURABILITY_DEFAULT, ///< The database's own, from its options.
    Behind = COFFER_DURABILITY_BEHIND,   ///< Seen by every reader; a crash may lose the last flush interval.
    Written = COFFER_DURABILITY_WRITTEN, ///< Survives a crash of the process.
    Durable = COFFER_DURABILITY_DURABLE  ///< Survives a power cut.
};

/// What opening does about damage.
enum class Recovery {
    Strict, ///< Refuse to open, and name the file and offset.
    Salvage ///< Keep every undamaged record; recovery_report() says what was lost.
};

/// The revision that a document must have for a save or clear to happen. Made from a revision number, from `any_revision` or
/// from `absent`: `save_entry(key, json, entry.revision)`.
class Expected {
  public:
    /// @param revision the revision that the document must have now. 0: it must not exist. COFFER_ANY_REVISION: do not check.
    template <class Integer,
              std::enable_if_t<std::is_integral<Integer>::value && !std::is_same<Integer, bool>::value, int> = 0>
    constexpr Expected(Integer revision) noexcept : value_(static_cast<std::int64_t>(revision)) {}

    /// The number for C.
    constexpr std::int64_t value() const noexcept { return value_; }

  private:
    std::int64_t value_;
};

/// Do not check the revision.
inline constexpr Expected any_revision{COFFER_ANY_REVISION};
/// The document must not exist.
inline constexpr Expected absent{0};

/// How to open a store. What is left unset keeps Coffer's default.
///
/// `durability`, `plugin` and `read_only` belong to one database object; the others belong to the store, and a second
/// open in the same process that asks for other values fails with COFFER_ERROR_INVALID_OPTION.
struct Options {
    std::optional<Durability> durability;            ///< Of saves that name none. Default: Written.
    std::optional<std::string> plugin;               ///< Who opens: a name for reports. UTF-8.
    std::optional<bool> create;                      ///< Make the store if there is none. Default: true.
    std::optional<bool> read_only;                   ///< Refuse saves here. Default: false.
    std::optional<Recovery> recovery;                ///< Default: Strict.
    std::optional<std::uint32_t> flush_interval_ms;  ///< 1 to 60,000. Default: 250.
    std::optional<std::uint32_t> sync_interval_ms;   ///< 1 to 60,000. Default: 1,000.
    std::optional<std::uint64_t> checkpoint_bytes;   ///< Journal size that starts a checkpoint. Default: 0, automatic.
    std::optional<std::uint64_t> segment_bytes;      ///< 65,536 to 67,108,864. Default: 4,194,304.
    std::optional<std::uint64_t> max_document_bytes; ///< 1 to 1,073,741,824. Default: 67,108,864.
    std::optional<std::uint32_t> max_depth;          ///< 1 to 1,024. Default: 128.
    std::optional<std::uint64_t> versions_kept;      ///< Of each Tier 1 document, at least 1. Default: 100.
    /// How often the store makes an automatic snapshot if something was saved, up to 527,040. Default: 0, never.
    std::optional<std::uint32_t> snapshot_every_minutes;
    std::optional<std::uint32_t> snapshots_kept; ///< Automatic ones besides the pinned, 1 to 10,000. Default: 10.

    /// The options as a JSON object, for coffer_open.
    std::string to_json() const {
        std::string out;
        if (durability) {
            add_text(out, "durability", durability_name(*durability));
        }
        if (plugin) {
            add_text(out, "plugin", *plugin);
        }
        add_flag(out, "create", create);
        add_flag(out, "read_only", read_only);
        if (recovery) {
            add_text(out, "recovery", *recovery == Recovery::Salvage ? "salvage" : "strict");
        }
        add_number(out, "flush_interval_ms", flush_interval_ms);
        add_number(out, "sync_interval_ms", sync_interval_ms);
        add_number(out, "checkpoint_bytes", checkpoint_bytes);
        add_number(out, "segment_bytes", segment_bytes);
        add_number(out, "max_document_bytes", max_document_bytes);
        add_number(out, "max_depth", max_depth);
        add_number(out, "versions_kept", versions_kept);
        add_number(out, "snapshot_every_minutes", snapshot_every_minutes);
        add_number(out, "snapshots_kept", snapshots_kept);
        return "{" + out + "}";
    }

  private:
    static const char *durability_name(Durability durability) {
        switch (durability) {
        case Durability::Behind: return "behind";
        case Durability::Written: return "written";
        case Durability::Durable: return "durable";
        case Durability::Default: break;
        }
        throw Error(COFFER_ERROR_INVALID_OPTION, "durability of a store must be Behind, Written or Durable");
    }

    static void add_name(std::string &out, const char *name) {
        if (!out.empty()) {
            out += ',';
        }
        detail::append_quoted(out, name);
        out += ':';
    }

    static void add_text(std::string &out, const char *name, std::string_view value) {
        add_name(out, name);
        detail::append_quoted(out, value);
    }

    template <class Number>
    static void add_number(std::string &out, const char *name, const std::optional<Number> &value) {
        if (value) {
            add_name(out, name);
            out += std::to_string(*value);
        }
    }

    static void add_flag(std::string &out, const char *name, const std::optional<bool> &value) {
        if (value) {
            add_name(out, name);
            out += *value ? "true" : "false";
        }
    }
};

/// A moment that Coffer reports, in the standard library's clock.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// A document with what Coffer knows about it.
struct Entry {
    std::string json;              ///< The text, byte for byte as it was saved.
    std::uint64_t revision = 0;    ///< Grows with every save of this key; none is used twice.
    std::int64_t saved_at_ms = 0;  ///< When it was saved, in Unix milliseconds.

    /// When it was saved.
    TimePoint saved_at() const noexcept { return TimePoint(std::chrono::milliseconds(saved_at_ms)); }
};

/// One kept version of a Tier 1 document.
struct Version {
    std::uint64_t version = 0;     ///< 1, 2, 3 and so on.
    std::int64_t saved_at_ms = 0;  ///< When it was saved, in Unix milliseconds.
    std::uint64_t bytes = 0;       ///< How long its text is.

    /// When it was saved.
    TimePoint saved_at() const noexcept { return TimePoint(std::chrono::milliseconds(saved_at_ms)); }
};

/// How many versions of each Tier 1 document were ever saved.
struct VersionCounters {
    std::uint64_t character_roster = 0; ///< `character_roster_v`
    std::uint64_t equipment_sets = 0;   ///< `equipment_sets_v`
    std::uint64_t party_configs = 0;    ///< `party_configs_v`
};

namespace detail {

inline VersionCounters read_counters(Reader &reader) {
    VersionCounters counters;
    reader.object([&](const std::string &member) {
        if (member == "character_roster_v") {
            counters.character_roster = reader.count();
        } else if (member == "equipment_sets_v") {
            counters.equipment_sets = reader.count();
        } else if (member == "party_configs_v") {
            counters.party_configs = reader.count();
        } else {
            reader.skip();
        }
    });
    return counters;
}

} // namespace detail

/// Saves and clears that happen together or not at all. Fill it, hand it to Database::save_batch(), and reuse it after
/// reset(). A key may stand in it once. It owns copies of its texts; use it on one thread at a time.
class Batch {
  public:
    /// Adds a save.
    /// @param key      1 to 1,024 bytes of UTF-8.
    /// @param json     the document, a JSON text.
    /// @param expected the revision that the document must have.
    /// @throws Error with COFFER_ERROR_INVALID_KEY or COFFER_ERROR_INVALID_JSON when a text holds a NUL. All other
    ///         checks are made when the batch is saved.
    Batch &save(std::string_view key, std::string_view json, Expected expected = any_revision) {
        refuse_nul(json, COFFER_ERROR_INVALID_JSON, "the document");
        return add(key, std::string(json), expected);
    }

    /// Adds a save of a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    Batch &save(std::string_view key, const T &value, Expected expected = any_revision) {
        const std::string json(Json<T>::to_text(value));
        return save(key, std::string_view(json), expected);
    }

    /// Adds a clear. Clearing what is not there is allowed.
    Batch &clear(std::string_view key, Expected expected = any_revision) { return add(key, std::nullopt, expected); }

    /// Takes everything out.
    void reset() noexcept {
        items_.clear();
        checked_ = false;
    }

    /// How many saves and clears it holds.
    std::size_t size() const noexcept { return items_.size(); }

    /// Whether it holds nothing. Saving an empty batch is allowed.
    bool empty() const noexcept { return items_.empty(); }

  private:
    friend class Database;

    struct Item {
        std::string key;
        std::optional<std::string> json;
        std::int64_t expected;
    };

    static void refuse_nul(std::string_view text, coffer_status status, const char *what) {
        const std::size_t at = text.find('\0');
        if (at != std::string_view::npos) {
            throw Error(status, std::string(what) + " holds a NUL byte, at byte " + std::to_string(at));
        }
    }

    Batch &add(std::string_view key, std::optional<std::string> json, Expected expected) {
        refuse_nul(key, COFFER_ERROR_INVALID_KEY, "the key");
        items_.push_back(Item{std::string(key), std::move(json), expected.value()});
        checked_ = checked_ || expected.value() != COFFER_ANY_REVISION;
        return *this;
    }

    std::vector<Item> items_;
    bool checked_ = false; // whether any revision is to be checked
};

} // namespace coffer

#endif
