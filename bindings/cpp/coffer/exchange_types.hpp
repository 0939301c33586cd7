// The plain data about files that other programs read and write: how to import, what was written, what was taken in; and
// how the answers are read.
//
// It must not need an open store, nor take a document apart: those are JSON for the program's own library.
//
// Invariant: what is left at its default is not sent; what an answer leaves out, or says is null, stays empty here; what it
// says and nobody here knows is skipped.
#ifndef COFFER_EXCHANGE_TYPES_HPP
#define COFFER_EXCHANGE_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/types.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coffer {

/// What becomes of documents that the file does not have.
enum class ImportMode {
    Merge,  ///< They stay.
    Replace ///< They are cleared.
};

/// What becomes of a document that is there and differs from the file's.
enum class OnConflict {
    Overwrite, ///< The file's counts.
    Skip,      ///< The store's stays.
    Fail       ///< The import throws Conflict, and nothing changes.
};

/// How to import.
struct ImportOptions {
    ImportMode mode = ImportMode::Merge;
    OnConflict on_conflict = OnConflict::Overwrite;
    std::optional<std::vector<std::string>> collections; ///< Only these: `coffer::party_configs`, "plugin_data", …
    /// The column or member that is the key of a record in a file that is not Coffer's. Default: "key".
    std::optional<std::string> key_column;
    /// Of a document that the file gives no key. Default: the file's name without its ending.
    std::optional<std::string> key;
    bool dry_run = false; ///< Change nothing; ImportedFile says what would be.
    bool lenient = false; ///< Pass what is only carelessly written in XML.
    bool whole = false;   ///< A JSON file is one document, whatever it holds.
    bool data = false;    ///< Have the Tier 1 documents of the file in ImportedFile::data.

    /// The options as a JSON object, for coffer_import_database_from_external.
    std::string to_json() const {
        std::string out = "{";
        if (mode == ImportMode::Replace) {
            detail::append_quoted(name(out, "mode"), "replace");
        }
        if (on_conflict != OnConflict::Overwrite) {
            detail::append_quoted(name(out, "on_conflict"), on_conflict == OnConflict::Skip ? "skip" : "fail");
        }
        if (collections) {
            detail::append_texts(name(out, "collections"), *collections);
        }
        if (key_column) {
            detail::append_quoted(name(out, "key_column"), *key_column);
        }
        if (key) {
            detail::append_quoted(name(out, "key"), *key);
        }
        add_flag(out, "dry_run", dry_run);
        add_flag(out, "lenient", lenient);
        add_flag(out, "whole", whole);
        add_flag(out, "data", data);
        return out + "}";
    }

  private:
    static std::string &name(std::string &out, const char *member) {
        if (out.size() > 1) {
            out += ',';
        }
        detail::append_quoted(out, member);
        return out += ':';
    }

    static void add_flag(std::string &out, const char *member, bool value) {
        if (value) {
            name(out, member) += "true";
        }
    }
};

/// What was written to a file.
struct ExportedFile {
    std::string path;
    std::string format;          ///< "json", "csv" or "xml".
    std::uint64_t bytes = 0;     ///< Of the file.
    std::uint64_t documents = 0; ///< Past versions included.
    std::uint64_t sequence = 0;  ///< The last commit that is in it.
    std::string sha256;          ///< Of the file, 64 hexadecimal digits.
    std::int64_t time_ms = 0;    ///< When it was written, in Unix milliseconds.

    /// When it was written.
    TimePoint time() const noexcept { return TimePoint(std::chrono::milliseconds(time_ms)); }
};

/// A document of a file that was not taken in.
struct SkippedDocument {
    std::string key;
    std::uint64_t line = 0;   ///< Where it stands, from 1 on; 0 if that is not known.
    std::uint64_t column = 0; ///< The same.
    std::string reason;
};

/// What importing did, or would do.
struct ImportedFile {
    std::string path;
    std::string format;           ///< "json", "csv" or "xml".
    std::uint64_t file_bytes = 0;
    bool dry_run = false;
    std::uint64_t documents = 0;  ///< That the file holds.
    std::uint64_t saved = 0;
    std::uint64_t unchanged = 0;  ///< There already with the same value.
    std::uint64_t cleared = 0;    ///< Since the file does not have them, with ImportMode::Replace.
    std::uint64_t skipped = 0;
    std::vector<SkippedDocument> skipped_documents; ///< The first 100 of those.
    std::optional<std::uint64_t> commit; ///< The commit that did it; none if nothing changed.
    std::optional<std::string> undo;     ///< The snapshot of the state before: restoring it undoes this import.
    std::optional<std::string> data;     ///< With ImportOptions::data: a JSON object of the Tier 1 documents by name.
};

namespace detail {

inline ExportedFile read_exported_file(Reader &reader) {
    ExportedFile one;
    read_object(reader, [&](const Field &field) {
        return field.text("path", one.path) || field.text("format", one.format) || field.number("bytes", one.bytes) ||
               field.number("documents", one.documents) || field.number("sequence", one.sequence) ||
               field.text("sha256", one.sha256) || field.moment("time_ms", one.time_ms);
    });
    return one;
}

inline SkippedDocument read_skipped(Reader &reader) {
    SkippedDocument one;
    read_object(reader, [&](const Field &field) {
        return field.text("key", one.key) || field.number("line", one.line) || field.number("column", one.column) ||
               field.text("reason", one.reason);
    });
    return one;
}

inline ImportedFile read_imported_file(Reader &reader) {
    ImportedFile one;
    const auto skipped = [&] { one.skipped_documents.push_back(read_skipped(reader)); };
    const auto commit = [&] { one.commit = reader.null() ? std::nullopt : std::optional(reader.count()); };
    const auto undo = [&] { one.undo = reader.null() ? std::nullopt : std::optional(reader.string()); };
    const auto data = [&] { one.data = reader.null() ? std::nullopt : std::optional(reader.raw()); };
    read_object(reader, [&](const Field &field) {
        return field.text("path", one.path) || field.text("format", one.format) ||
               field.number("file_bytes", one.file_bytes) || field.flag("dry_run", one.dry_run) ||
               field.number("documents", one.documents) || field.number("saved", one.saved) ||
               field.number("unchanged", one.unchanged) || field.number("cleared", one.cleared) ||
               field.number("skipped", one.skipped) ||
               field.take("skipped_documents", [&] { reader.array(skipped); }) || field.take("commit", commit) ||
               field.take("undo", undo) || field.take("data", data);
    });
    return one;
}

} // namespace detail
} // namespace coffer

#endif
