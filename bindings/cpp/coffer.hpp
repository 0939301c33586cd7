// Coffer for C++17: coffer::Database, a move-only owner of one handle, over the C ABI of "coffer.h".
//
//     coffer::Database db("saves/slot1");
//     db.save_persistent_data("item/potion", R"({"count":3})");
//     if (std::optional<std::string> json = db.load_persistent_data("item/potion")) { ... }
//
// The members keep the C names without the prefix. Text goes in as UTF-8 (a Text is made from a string literal, a
// std::string or a std::string_view) and comes out as std::string. What fails throws coffer::Error; a document that is
// not there is no failure but an empty std::optional.
//
// It must not include a JSON library (specialize coffer::Json instead) and must not let an exception out of a
// destructor. Header only: link the program with Coffer's shared or static library.
//
// Invariant: a Database that is open owns exactly one handle, and closes it exactly once.
//
// Threads: every member of an open Database may be called from every thread at the same time, except that nobody may
// close, move, assign or destroy it while another thread is in a call.
#ifndef COFFER_HPP
#define COFFER_HPP

#include "coffer/exchange.hpp"
#include "coffer/gateway.hpp"
#include "coffer/health.hpp"
#include "coffer/hub.hpp"
#include "coffer/plugins.hpp"
#include "coffer/snapshots.hpp"
#include "coffer/support.hpp"
#include "coffer/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer {

/// The names of the Tier 1 documents, for list_versions(), load_version() and RestoreOptions::collections.
inline constexpr const char *character_roster = "character_roster";
inline constexpr const char *equipment_sets = "equipment_sets";
inline constexpr const char *party_configs = "party_configs";

/// An open store. Unless a member says otherwise, it throws Error with COFFER_ERROR_INVALID_HANDLE when this object is
/// closed or moved from, COFFER_ERROR_IO or COFFER_ERROR_CORRUPT when the disk fails, and what its own text names.
/// Keys are 1 to 1,024 bytes of UTF-8 (COFFER_ERROR_INVALID_KEY); documents are JSON texts within the limits
/// of the options (COFFER_ERROR_INVALID_JSON, _TOO_LARGE, _TOO_DEEP) and are kept byte for byte.
/// Its members for snapshots come from SnapshotMembers, those for events from HubMembers, those for plug-ins, calls and the
/// host's hub from PluginMembers, those for files of other programs from ExchangeMembers, the one for its health from
/// HealthMembers, those for HTTP from GatewayMembers.
class Database : public SnapshotMembers<Database>,
                 public HubMembers<Database>,
                 public PluginMembers<Database>,
                 public ExchangeMembers<Database>,
                 public HealthMembers<Database>,
                 public GatewayMembers<Database> {
  public:
    /// An object that is not open.
    Database() noexcept = default;

    /// Opens the store in the directory `path`, and makes it if there is none.
    /// @param path    a directory, UTF-8 on every platform.
    /// @param options see Options.
    /// @throws Error with COFFER_ERROR_BUSY when another process has the store, _NO_STORE, _INVALID_OPTION, _CORRUPT,
    ///         _UNSUPPORTED_FORMAT, _IO.
    explicit Database(const Text &path, const Options &options = {}) : Database(open_json(path, options.to_json())) {}

    /// The same with the options as JSON text, for options that this binding does not know.
    /// @param options_json a JSON object, or a null pointer for the defaults.
    static Database open_json(const Text &path, const Text &options_json) {
        if (coffer_abi_version() != COFFER_ABI_VERSION) {
            throw Error(COFFER_ERROR_UNSUPPORTED_FORMAT,
                        "this program is built for version " + std::to_string(COFFER_ABI_VERSION) +
                            " of Coffer's C ABI, and the library has version " + std::to_string(coffer_abi_version()));
        }
        Database database;
        detail::check(coffer_open(path.for_c(COFFER_ERROR_INVALID_ARGUMENT, "the path"),
                                  options_json.for_c(COFFER_ERROR_INVALID_OPTION, "the options"), &database.handle_));
        return database;
    }

    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    /// Takes the handle over, with its subscriptions, plug-ins and API; `other` is closed afterwards.
    Database(Database &&other) noexcept : handle_(std::exchange(other.handle_, 0)) {}

    /// Closes what was open here, as the destructor does, and takes the handle over.
    Database &operator=(Database &&other) noexcept {
        if (this != &other) {
            close_quietly();
            handle_ = std::exchange(other.handle_, 0);
        }
        return *this;
    }

    /// Closes. A failure goes unseen here: call close() to see it. Not within a Progress of the same store, nor within a
    /// method that answers a request of its API: the handle would stay open for ever.
    ~Database() { close_quietly(); }

    /// Writes out what is pending and closes. This object is closed afterwards, also when it throws anything else than
    /// COFFER_ERROR_INVALID_ARGUMENT.
    /// @throws Error with COFFER_ERROR_INVALID_HANDLE when it was closed before, _INVALID_ARGUMENT within a Progress of the
    ///         same store or a method that answers a request of its API; it stays open then.
    void close() {
        const coffer_db handle = std::exchange(handle_, 0);
        const coffer_status status = coffer_close(handle);
        if (status == COFFER_ERROR_INVALID_ARGUMENT) {
            handle_ = handle;
        }
        detail::check(status);
    }

    /// Whether this object holds a handle.
    bool is_open() const noexcept { return handle_ != 0; }

    /// The handle, for C functions. It stays this object's; 0 when closed.
    coffer_db handle() const noexcept { return handle_; }

    /// Waits until everything that was saved before is on the disk.
    void flush() { detail::check(coffer_flush(handle_)); }

    /// Has the background thread write an image of the store, and waits for it.
    void checkpoint() { detail::check(coffer_checkpoint(handle_)); }

    /// What opening found, as a JSON object: recovered_records, torn_bytes, salvaged, and lost with one element
    /// for each lost part.
    std::string recovery_report() const {
        return detail::get([this](char **out) { return coffer_recovery_report(handle_, out); });
    }

    // --- Documents -------------------------------------------------------------------------------------------------

    /// Saves a document with the database's durability.
    /// @throws Error with COFFER_ERROR_RESERVED_KEY when it would overwrite a past version or a counter, _READ_ONLY, or
    ///         _FAILED after an earlier failure of the disk.
    void save_persistent_data(const Text &key, const Text &json) {
        detail::check(coffer_save_persistent_data(handle_, detail::key_for_c(key), detail::json_for_c(json)));
    }

    /// Saves a value through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    void save_persistent_data(const Text &key, const T &value) {
        save_persistent_data(key, Text(Json<T>::to_text(value)));
    }

    /// @returns the document's text, or nothing when there is no such key.
    std::optional<std::string> load_persistent_data(const Text &key) const {
        const char *name = detail::key_for_c(key);
        return detail::find([this, name](char **out) { return coffer_load_persistent_data(handle_, name, out); });
    }

    /// @returns the document through Json<T>, or nothing when there is no such key.
    template <class T>
    std::optional<T> load_persistent_data_as(const Text &key) const {
        return detail::convert<T>(load_persistent_data(key));
    }

    /// Loads into the caller's memory; allocates nothing. As with snprintf, a length of `capacity` or more
    /// says that the buffer was too small: nothing is written then, and length + 1 bytes are needed.
    /// @param buffer   may be null when `capacity` is 0, to ask for the length.
    /// @param capacity how many bytes `buffer` has; a NUL goes behind the text.
    /// @returns the text's length without the NUL, or nothing when there is no such key.
    std::optional<std::size_t> load_persistent_data_into(const Text &key, char *buffer, std::size_t capacity) const {
        std::size_t length = 0;
        const coffer_status status =
            coffer_load_persistent_data_into(handle_, detail::key_for_c(key), buffer, capacity, &length);
        if (status == COFFER_ERROR_BUFFER_TOO_SMALL || detail::found(status)) {
            return length;
        }
        return std::nullopt;
    }

    /// Loads into a string that is used again and again: it allocates only when a text needs more than the string has
    /// ever held.
    /// @param out the document's text afterwards; empty when there is no such key or something is thrown.
    /// @returns whether there is such a key.
    bool load_persistent_data_into(const Text &key, std::string &out) const {
        const char *name = detail::key_for_c(key);
        out.resize(out.capacity());
        while (true) {
            std::size_t length = 0;
            // A string of size n has n + 1 bytes, and the last one is a NUL before and after.
            const coffer_status status =
                coffer_load_persistent_data_into(handle_, name, out.data(), out.size() + 1, &length);
            if (status == COFFER_ERROR_BUFFER_TOO_SMALL) {
                out.resize(length); // another thread may save a longer text meanwhile: hence a loop
                continue;
            }
            out.resize(status == COFFER_OK ? length : 0);
            return detail::found(status);
        }
    }

    /// Removes a document. Doing so when there is none is allowed.
    /// @throws Error with COFFER_ERROR_RESERVED_KEY for past versions and counters.
    void clear_database_entry(const Text &key) {
        detail::check(coffer_clear_database_entry(handle_, detail::key_for_c(key)));
    }

    /// @returns every key, sorted bytewise, the documented collections and counters included.
    std::vector<std::string> list_database_keys() const {
        return keys(detail::get([this](char **out) { return coffer_list_database_keys(handle_, out); }));
    }

    /// @param prefix only keys that start with it; empty for all.
    /// @param after  only keys behind it in bytewise order, to go on after a page; empty to start at the front.
    /// @param limit  at most so many; 0 for all.
    /// @returns the keys, sorted bytewise.
    std::vector<std::string> list_database_keys_with(const Text &prefix, const Text &after = "",
                                                     std::size_t limit = 0) const {
        const char *from = detail::argument_for_c(prefix, "the prefix");
        const char *behind = detail::null_if_empty(detail::argument_for_c(after, "the key to start after"));
        return keys(detail::get([&](char **out) {
            return coffer_list_database_keys_with(handle_, detail::null_if_empty(from), behind, limit, out);
        }));
    }

    /// @returns the document with its revision and time, or nothing when there is no such key.
    std::optional<Entry> load_entry(const Text &key) const {
        const char *name = detail::key_for_c(key);
        Entry entry;
        const bool there = detail::fetch(entry.json, [&](char **out) {
            return coffer_load_entry(handle_, name, out, &entry.revision, &entry.saved_at_ms);
        });
        return there ? std::optional<Entry>(std::move(entry)) : std::nullopt;
    }

    /// Saves a document if its revision is the expected one.
    /// @param expected   a revision, `absent` or `any_revision`.
    /// @param durability what the save has promised when this returns.
    /// @returns the document's new revision.
    /// @throws Conflict when the revision is another; then nothing has changed.
    std::uint64_t save_entry(const Text &key, const Text &json, Expected expected = any_revision,
                             Durability durability = Durability::Default) {
        std::uint64_t revision = 0;
        detail::check(coffer_save_entry(handle_, detail::key_for_c(key), detail::json_for_c(json), expected.value(),
                                        static_cast<std::int32_t>(durability), &revision));
        return revision;
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    std::uint64_t save_entry(const Text &key, const T &value, Expected expected = any_revision,
                             Durability durability = Durability::Default) {
        return save_entry(key, Text(Json<T>::to_text(value)), expected, durability);
    }

    /// Removes a document if its revision is the expected one.
    /// @throws Conflict when the revision is another; then nothing has changed.
    void clear_entry(const Text &key, Expected expected = any_revision, Durability durability = Durability::Default) {
        detail::check(coffer_clear_entry(handle_, detail::key_for_c(key), expected.value(),
                                         static_cast<std::int32_t>(durability)));
    }

    /// Does everything in the batch, or nothing. The batch is only read, and may be saved again.
    /// @returns the commit's sequence number in the store.
    /// @throws Conflict or another Error for the first entry that fails; then nothing has changed.
    std::uint64_t save_batch(const Batch &batch, Durability durability = Durability::Default) {
        std::vector<const char *> names;
        std::vector<const char *> documents;
        std::vector<std::int64_t> expected;
        const std::size_t room = batch.size() + 1; // never a null array, also when the batch is empty
        names.reserve(room);
        documents.reserve(room);
        expected.reserve(room);
        for (const Batch::Item &item : batch.items_) {
            names.push_back(item.key.c_str());
            documents.push_back(item.json ? item.json->c_str() : nullptr);
            expected.push_back(item.expected);
        }
        std::uint64_t sequence = 0;
        detail::check(coffer_save_batch(handle_, names.data(), documents.data(),
                                        batch.checked_ ? expected.data() : nullptr, batch.size(),
                                        static_cast<std::int32_t>(durability), &sequence));
        return sequence;
    }

    // --- Tier 1 ----------------------------------------------------------------------------------------------------

    /// Saves the character roster; every save adds a version.
    void save_character_roster_state(const Text &json) {
        detail::check(coffer_save_character_roster_state(handle_, detail::json_for_c(json)));
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    void save_character_roster_state(const T &value) {
        save_character_roster_state(Text(Json<T>::to_text(value)));
    }

    /// @returns the newest character roster, or nothing before the first save.
    std::optional<std::string> load_character_roster_state() const {
        return detail::find([this](char **out) { return coffer_load_character_roster_state(handle_, out); });
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> load_character_roster_state_as() const {
        return detail::convert<T>(load_character_roster_state());
    }

    /// Saves the equipment sets; every save adds a version.
    void save_equipment_config(const Text &json) {
        detail::check(coffer_save_equipment_config(handle_, detail::json_for_c(json)));
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    void save_equipment_config(const T &value) {
        save_equipment_config(Text(Json<T>::to_text(value)));
    }

    /// @returns the newest equipment sets, or nothing before the first save.
    std::optional<std::string> load_equipment_config() const {
        return detail::find([this](char **out) { return coffer_load_equipment_config(handle_, out); });
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> load_equipment_config_as() const {
        return detail::convert<T>(load_equipment_config());
    }

    /// Saves the party configurations; every save adds a version.
    void save_party_config(const Text &json) {
        detail::check(coffer_save_party_config(handle_, detail::json_for_c(json)));
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    void save_party_config(const T &value) {
        save_party_config(Text(Json<T>::to_text(value)));
    }

    /// @returns the newest party configurations, or nothing before the first save.
    std::optional<std::string> load_party_config() const {
        return detail::find([this](char **out) { return coffer_load_party_config(handle_, out); });
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> load_party_config_as() const {
        return detail::convert<T>(load_party_config());
    }

    /// @param document `character_roster`, `equipment_sets` or `party_configs`.
    /// @param version  1 for the first save.
    /// @returns the text of that version, or nothing when it is not kept.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for another document.
    std::optional<std::string> load_version(const Text &document, std::uint64_t version) const {
        const char *name = detail::argument_for_c(document, "the document's name");
        return detail::find([this, name, version](char **out) { return coffer_load_version(handle_, name, version, out); });
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> load_version_as(const Text &document, std::uint64_t version) const {
        return detail::convert<T>(load_version(document, version));
    }

    /// Saves an earlier version again as a new one, so that it is the newest; what was newest stays before it.
    /// @param document `character_roster`, `equipment_sets` or `party_configs`.
    /// @param version  the version to go back to.
    /// @returns the number of the new version.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when it is not kept, _INVALID_ARGUMENT for another document.
    std::uint64_t roll_back_version(const Text &document, std::uint64_t version) {
        const char *name = detail::argument_for_c(document, "the document's name");
        std::uint64_t new_version = 0;
        detail::check(coffer_roll_back_version(handle_, name, version, &new_version));
        return new_version;
    }

    /// @param document `character_roster`, `equipment_sets` or `party_configs`.
    /// @returns the kept versions, oldest first.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for another document.
    std::vector<Version> list_versions(const Text &document) const {
        const char *name = detail::argument_for_c(document, "the document's name");
        const std::string json = detail::get([this, name](char **out) { return coffer_list_versions(handle_, name, out); });
        std::vector<Version> versions;
        detail::Reader reader(json);
        reader.array([&] {
            Version version;
            reader.object([&](const std::string &member) {
                if (member == "version") {
                    version.version = reader.count();
                } else if (member == "saved_at_ms") {
                    version.saved_at_ms = reader.integer();
                } else if (member == "bytes") {
                    version.bytes = reader.count();
                } else {
                    reader.skip();
                }
            });
            versions.push_back(version);
        });
        reader.end();
        return versions;
    }

    /// @param document `character_roster`, `equipment_sets` or `party_configs`.
    /// @param from     a version; 0 for the newest.
    /// @param to       another; 0 for the newest.
    /// @returns a JSON Patch (RFC 6902) that turns `from` into `to`, "[]" when both mean the same.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when one is not kept, _INVALID_ARGUMENT for another document.
    std::string diff_versions(const Text &document, std::uint64_t from, std::uint64_t to = 0) const {
        const char *name = detail::argument_for_c(document, "the document's name");
        return detail::get([&](char **out) { return coffer_diff_versions(handle_, name, from, to, out); });
    }

    /// @returns how many versions of each Tier 1 document were ever saved.
    VersionCounters version_counters() const {
        const std::string json = detail::get([this](char **out) { return coffer_version_counters(handle_, out); });
        detail::Reader reader(json);
        const VersionCounters counters = detail::read_counters(reader);
        reader.end();
        return counters;
    }

    // --- The library -----------------------------------------------------------------------------------------------

    /// Says which modules of the documented layer are there. One that is not is no error here; an operation that needs it
    /// throws ModuleAbsent and changes nothing.
    Phase11 load_phase11() const {
        return detail::read(detail::read_phase11, [this](char **out) { return coffer_load_phase11(handle_, out); });
    }

    /// The library's version, as in "0.1.0". The text is static.
    static const char *version() noexcept { return coffer_version(); }

    /// The version of the library's C ABI; COFFER_ABI_VERSION is the one that this program was built for.
    static std::uint32_t abi_version() noexcept { return coffer_abi_version(); }

    /// How many databases are open in this process, for tests that look for leaks.
    static std::size_t live_handles() noexcept { return coffer_live_handles(); }

  private:
    void close_quietly() noexcept {
        if (handle_ != 0) {
            (void)coffer_close(std::exchange(handle_, 0));
        }
    }

    static std::vector<std::string> keys(const std::string &json) {
        std::vector<std::string> all;
        detail::Reader reader(json);
        reader.array([&] { all.push_back(reader.string()); });
        reader.end();
        return all;
    }

    coffer_db handle_ = 0;
};

} // namespace coffer

#endif
