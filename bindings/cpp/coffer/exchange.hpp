// The members of coffer::Database that write files for other programs and take in theirs.
//
// It must not let an exception into the library: "coffer/progress.hpp" sees to that. It must not be included alone:
// "coffer.hpp" does it.
//
// Invariant: each member is one call of the C function of the same name, and the library has forgotten the Progress when it
// returns.
#ifndef COFFER_EXCHANGE_HPP
#define COFFER_EXCHANGE_HPP

#include "coffer/exchange_types.hpp"
#include "coffer/progress.hpp"
#include "coffer/support.hpp"

#include <string>

namespace coffer {

/// What Database knows about files of other programs. All of it waits for the disk: keep it off the thread that draws frames.
///
/// A format is "json", "csv" or "xml", in any case; whatever names another throws Error with
/// COFFER_ERROR_INVALID_ARGUMENT. Everything throws ModuleAbsent where the library was built without this, and _FAILED
/// after an earlier failure of the disk.
template <class Self>
class ExchangeMembers {
  public:
    /// Writes every document of this moment, and the past versions of the Tier 1 documents, to a file that other programs
    /// read. The file appears whole or not at all; a file that is there is replaced, but none of the store's own.
    /// @param format   empty for JSON.
    /// @param path     a file, UTF-8 on every platform; empty for `database_export_YYYYMMDD_HHMMSS.<format>` (UTC) in the
    ///                 store's folder.
    /// @param progress is told how far it is; none for nobody.
    /// @throws Cancelled, or what `progress` threw; Error with COFFER_ERROR_INVALID_ARGUMENT for a path that will not do.
    ExportedFile export_database_for_sharing(const Text &format = "", const Text &path = "",
                                             const Progress &progress = nullptr) {
        const char *kind = detail::null_if_empty(format_for_c(format));
        const char *file = detail::null_if_empty(path_for_c(path));
        return detail::read_told(
            progress, detail::read_exported_file, [&](coffer_progress_callback callback, void *context, char **out) {
                return coffer_export_database_for_sharing(handle(), kind, file, callback, context, out);
            });
    }

    /// Takes in the documents of a file, in one durable commit. The state before is kept as an automatic snapshot,
    /// ImportedFile::undo. Whatever is thrown, nothing has changed.
    /// @param path     what export_database_for_sharing() wrote, or a JSON, CSV or XML file of anybody's; UTF-8 on every
    ///                 platform.
    /// @param format   empty to tell by the file's beginning.
    /// @param options  see ImportOptions.
    /// @param progress is told how far the file is read; none for nobody.
    /// @throws Unreadable, which names line and column; Conflict with OnConflict::Fail; Cancelled, or what `progress` threw;
    ///         Error with COFFER_ERROR_INVALID_OPTION when a collection is unknown, _READ_ONLY.
    ImportedFile import_database_from_external(const Text &path, const Text &format = "",
                                               const ImportOptions &options = {}, const Progress &progress = nullptr) {
        const char *file = path_for_c(path);
        const char *kind = detail::null_if_empty(format_for_c(format));
        const std::string json = options.to_json();
        return detail::read_told(
            progress, detail::read_imported_file, [&](coffer_progress_callback callback, void *context, char **out) {
                return coffer_import_database_from_external(handle(), file, kind, json.c_str(), callback, context, out);
            });
    }

  protected:
    ExchangeMembers() noexcept = default;
    ~ExchangeMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }

    static const char *path_for_c(const Text &path) { return detail::argument_for_c(path, "the path"); }
    static const char *format_for_c(const Text &format) { return detail::argument_for_c(format, "the format"); }
};

} // namespace coffer

#endif
