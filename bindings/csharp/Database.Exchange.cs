// Coffer.Database: files that other programs read and write.
//
// It must not keep a handler beyond its call. Invariant: as in Database.Documents.cs, every native call is followed by Take;
// members of answers that are not known yet are skipped.
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>Writes every document of this moment, and the past versions of the Tier 1 documents, to a file that other
        /// programs read. The file appears whole or not at all; one that is there is replaced, but none of the store's own. It
        /// waits for the disk.</summary>
        /// <param name="format">"json", "csv" or "xml", in any case; null for JSON.</param>
        /// <param name="path">A file; null for "database_export_YYYYMMDD_HHMMSS.format" (UTC) in the store's folder.</param>
        /// <param name="progress">Is told how far it is; null for nobody.</param>
        /// <returns>What was written.</returns>
        /// <exception cref="CofferException">InvalidArgument for another format or a path that will not do; Cancelled, Io,
        /// Failed, ModuleAbsent. Nothing is left behind then, nor when <paramref name="progress"/> throws.</exception>
        public ExportedFile ExportDatabaseForSharing(string format = null, string path = null,
            ProgressHandler progress = null)
        {
            byte* formatRoom = stackalloc byte[Utf8.Room];
            byte* pathRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var formatText = Utf8.Argument(format ?? "", nameof(format), formatRoom))
            using (var pathText = Utf8.Argument(path ?? "", nameof(path), pathRoom))
            using (var telling = new Telling(progress))
            {
                int status = Native.coffer_export_database_for_sharing(Db, format == null ? null : formatText.Pointer,
                    path == null ? null : pathText.Pointer, telling.Export, telling.Context, &text);
                return ExportedFileOf(TakeTold(status, text, telling));
            }
        }

        /// <summary>Takes in the documents of a file, in one durable commit. The state before is kept as an automatic snapshot.
        /// It waits for the disk.</summary>
        /// <param name="path">What <see cref="ExportDatabaseForSharing"/> wrote, or a JSON, CSV or XML file of
        /// anybody's.</param>
        /// <param name="format">As there; null to tell by the file's beginning.</param>
        /// <param name="options">How to import; null for the defaults.</param>
        /// <param name="progress">Is told how far the file is read; null for nobody.</param>
        /// <returns>What was done.</returns>
        /// <exception cref="CofferException">Unreadable, whose message names line and column; Conflict with
        /// <see cref="OnConflict.Fail"/>; InvalidOption, InvalidArgument, ReadOnly, Cancelled, Io, Failed, ModuleAbsent.
        /// Nothing has changed then, nor when <paramref name="progress"/> throws.</exception>
        public ImportedFile ImportDatabaseFromExternal(string path, string format = null, ImportOptions options = null,
            ProgressHandler progress = null)
        {
            byte* pathRoom = stackalloc byte[Utf8.Room];
            byte* formatRoom = stackalloc byte[Utf8.Room];
            byte* optionsRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var pathText = Utf8.Argument(path, nameof(path), pathRoom))
            using (var formatText = Utf8.Argument(format ?? "", nameof(format), formatRoom))
            using (var optionsText = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), optionsRoom))
            using (var telling = new Telling(progress))
            {
                int status = Native.coffer_import_database_from_external(Db, pathText.Pointer,
                    format == null ? null : formatText.Pointer, optionsText.Pointer, telling.Import, telling.Context, &text);
                return ImportedFileOf(TakeTold(status, text, telling));
            }
        }

        // What the handler threw goes before the status, which only says that it stopped the work.
        private string TakeTold(int status, byte* text, Telling telling)
        {
            if (telling.HasFailed)
            {
                Native.coffer_string_free(text);
                System.GC.KeepAlive(this);
                telling.Rethrow();
            }
            return Take(status, text);
        }

        private static ExportedFile ExportedFileOf(string json)
        {
            var file = new ExportedFile();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "path": file.Path = reader.String(); break;
                    case "format": file.Format = reader.String(); break;
                    case "bytes": file.Bytes = reader.Count(); break;
                    case "documents": file.Documents = reader.Count(); break;
                    case "sequence": file.Sequence = reader.Count(); break;
                    case "sha256": file.Sha256 = reader.String(); break;
                    case "time_ms": file.TimeMs = reader.Integer(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return file;
        }

        private static ImportedFile ImportedFileOf(string json)
        {
            var file = new ImportedFile();
            var skipped = new List<SkippedDocument>();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "path": file.Path = reader.String(); break;
                    case "format": file.Format = reader.String(); break;
                    case "file_bytes": file.FileBytes = reader.Count(); break;
                    case "dry_run": file.DryRun = reader.Flag(); break;
                    case "documents": file.Documents = reader.Count(); break;
                    case "saved": file.Saved = reader.Count(); break;
                    case "unchanged": file.Unchanged = reader.Count(); break;
                    case "cleared": file.Cleared = reader.Count(); break;
                    case "skipped": file.Skipped = reader.Count(); break;
                    case "skipped_documents": reader.Array(() => skipped.Add(ReadSkipped(reader))); break;
                    case "commit": file.Commit = reader.TakeNull() ? (ulong?)null : reader.Count(); break;
                    case "undo": file.Undo = reader.TakeNull() ? null : reader.String(); break;
                    case "data": file.Data = reader.TakeNull() ? null : reader.Raw(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            file.SkippedDocuments = skipped.AsReadOnly();
            return file;
        }

        private static SkippedDocument ReadSkipped(JsonReader reader)
        {
            string key = null, reason = null;
            ulong line = 0, column = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "key": key = reader.String(); break;
                    case "line": line = reader.Count(); break;
                    case "column": column = reader.Count(); break;
                    case "reason": reason = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            return new SkippedDocument(key, line, column, reason);
        }
    }
}
