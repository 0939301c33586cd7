// The plain data that the database answers with about files of other programs.
//
// It must not hold anything native: these objects outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System;
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>What was written to a file.</summary>
    public sealed class ExportedFile
    {
        internal ExportedFile()
        {
        }

        /// <summary>The file.</summary>
        public string Path { get; internal set; }

        /// <summary>"json", "csv" or "xml".</summary>
        public string Format { get; internal set; }

        /// <summary>How long the file is.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>How many documents are in it, past versions included.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>The last commit that is in it.</summary>
        public ulong Sequence { get; internal set; }

        /// <summary>The file's hash, 64 hexadecimal digits.</summary>
        public string Sha256 { get; internal set; }

        /// <summary>When it was written, in Unix milliseconds.</summary>
        public long TimeMs { get; internal set; }

        /// <summary>When it was written, UTC.</summary>
        public DateTime Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs).UtcDateTime;
    }

    /// <summary>A document of a file that was not taken in.</summary>
    public struct SkippedDocument
    {
        internal SkippedDocument(string key, ulong line, ulong column, string reason)
        {
            Key = key;
            Line = line;
            Column = column;
            Reason = reason;
        }

        /// <summary>Its key.</summary>
        public string Key { get; }

        /// <summary>Where it stands in the file, from 1 on; 0 if that is not known.</summary>
        public ulong Line { get; }

        /// <summary>Where it stands in the line, from 1 on; 0 if that is not known.</summary>
        public ulong Column { get; }

        /// <summary>Why it was not taken.</summary>
        public string Reason { get; }
    }

    /// <summary>What importing did, or would do.</summary>
    public sealed class ImportedFile
    {
        internal ImportedFile()
        {
        }

        /// <summary>The file.</summary>
        public string Path { get; internal set; }

        /// <summary>"json", "csv" or "xml".</summary>
        public string Format { get; internal set; }

        /// <summary>How long the file is.</summary>
        public ulong FileBytes { get; internal set; }

        /// <summary>Whether nothing was changed because of <see cref="ImportOptions.DryRun"/>.</summary>
        public bool DryRun { get; internal set; }

        /// <summary>How many documents the file holds.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>How many were saved.</summary>
        public ulong Saved { get; internal set; }

        /// <summary>How many were there already with the same value.</summary>
        public ulong Unchanged { get; internal set; }

        /// <summary>How many were cleared since the file does not have them, with <see cref="ImportMode.Replace"/>.</summary>
        public ulong Cleared { get; internal set; }

        /// <summary>How many were not taken.</summary>
        public ulong Skipped { get; internal set; }

        /// <summary>The first 100 of those.</summary>
        public IReadOnlyList<SkippedDocument> SkippedDocuments { get; internal set; }

        /// <summary>The commit that did it; null if nothing changed.</summary>
        public ulong? Commit { get; internal set; }

        /// <summary>The snapshot of the state before, which undoes this import when it is restored; null if nothing
        /// changed.</summary>
        public string Undo { get; internal set; }

        /// <summary>With <see cref="ImportOptions.Data"/> a JSON object of the file's Tier 1 documents by name; else
        /// null.</summary>
        public string Data { get; internal set; }
    }
}
