// The plain data that the database answers with about snapshots.
//
// It must not hold anything native: these objects outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System;
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>How a snapshot came about.</summary>
    public enum SnapshotKind
    {
        /// <summary>A kind that this binding does not know.</summary>
        Unknown = 0,
        /// <summary>Somebody asked for it; it stays until somebody deletes it.</summary>
        Manual = 1,
        /// <summary>The store made it, before a restore or on its schedule; old ones go.</summary>
        Automatic = 2,
        /// <summary>It came from a file.</summary>
        Imported = 3
    }

    /// <summary>How much there is of something.</summary>
    public struct DocumentSize
    {
        internal DocumentSize(ulong documents, ulong bytes)
        {
            Documents = documents;
            Bytes = bytes;
        }

        /// <summary>How many documents.</summary>
        public ulong Documents { get; }

        /// <summary>How many bytes of UTF-8 their texts have.</summary>
        public ulong Bytes { get; }
    }

    /// <summary>What is known of a snapshot.</summary>
    public sealed class Snapshot
    {
        internal Snapshot()
        {
        }

        /// <summary>Its name, as in "snapshot-42".</summary>
        public string Id { get; internal set; }

        /// <summary>What its maker called it; not necessarily unique.</summary>
        public string Label { get; internal set; }

        /// <summary>How it came about.</summary>
        public SnapshotKind Kind { get; internal set; }

        /// <summary>What an automatic one was made for, "restore" or "schedule"; null for others.</summary>
        public string Reason { get; internal set; }

        /// <summary>Whether it stays although it is automatic.</summary>
        public bool Pinned { get; internal set; }

        /// <summary>The last commit that it holds; of an imported one, in the store that it came from.</summary>
        public ulong Sequence { get; internal set; }

        /// <summary>When it was made, in Unix milliseconds.</summary>
        public long CreatedAtMs { get; internal set; }

        /// <summary>When it was made.</summary>
        public DateTimeOffset CreatedAt => DateTimeOffset.FromUnixTimeMilliseconds(CreatedAtMs);

        /// <summary>How many documents it holds.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>How many bytes of UTF-8 their texts have.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>What each collection holds, by the collection's name.</summary>
        public IReadOnlyDictionary<string, DocumentSize> Collections { get; internal set; }

        /// <summary>The version counters as they were.</summary>
        public VersionCounters Versions { get; internal set; }

        /// <summary>The file of an imported one, in the store's folder; null for others.</summary>
        public string File { get; internal set; }
    }

    /// <summary>Which moments can be restored without a snapshot.</summary>
    public struct JournalReach
    {
        internal JournalReach(ulong fromSequence, long fromTimeMs, ulong toSequence)
        {
            FromSequence = fromSequence;
            FromTimeMs = fromTimeMs;
            ToSequence = toSequence;
        }

        /// <summary>The oldest commit that can be restored.</summary>
        public ulong FromSequence { get; }

        /// <summary>The oldest time that can be restored, in Unix milliseconds.</summary>
        public long FromTimeMs { get; }

        /// <summary>The oldest time that can be restored.</summary>
        public DateTimeOffset FromTime => DateTimeOffset.FromUnixTimeMilliseconds(FromTimeMs);

        /// <summary>The newest commit.</summary>
        public ulong ToSequence { get; }
    }

    /// <summary>What listing snapshots answers.</summary>
    public sealed class SnapshotList
    {
        internal SnapshotList()
        {
        }

        /// <summary>The snapshots, oldest first.</summary>
        public IReadOnlyList<Snapshot> Snapshots { get; internal set; }

        /// <summary>How far back the journal reaches.</summary>
        public JournalReach Journal { get; internal set; }

        /// <summary>What past versions take on the disk, as of the last checkpoint.</summary>
        public ulong HistoryBytes { get; internal set; }
    }

    /// <summary>What a restore does with a document.</summary>
    public enum RestoreAction
    {
        /// <summary>Something that this binding does not know.</summary>
        Unknown = 0,
        /// <summary>Saves it as it was.</summary>
        Save = 1,
        /// <summary>Clears it, because it was not there.</summary>
        Clear = 2
    }

    /// <summary>One change that a dry run announces.</summary>
    public struct PlannedChange
    {
        internal PlannedChange(string key, RestoreAction action, ulong bytes)
        {
            Key = key;
            Action = action;
            Bytes = bytes;
        }

        /// <summary>The document's key.</summary>
        public string Key { get; }

        /// <summary>What would be done.</summary>
        public RestoreAction Action { get; }

        /// <summary>How many bytes of UTF-8 the text has that would be saved.</summary>
        public ulong Bytes { get; }
    }

    /// <summary>What a restore did, or would do.</summary>
    public sealed class Restored
    {
        internal Restored()
        {
        }

        /// <summary>The state that was restored: a snapshot's id, or a moment.</summary>
        public string Id { get; internal set; }

        /// <summary>The last commit of that state.</summary>
        public ulong Sequence { get; internal set; }

        /// <summary>Whether nothing was done.</summary>
        public bool DryRun { get; internal set; }

        /// <summary>The commit that did it; null if nothing differed, and of a dry run.</summary>
        public ulong? Commit { get; internal set; }

        /// <summary>How many documents were saved.</summary>
        public ulong Saved { get; internal set; }

        /// <summary>How many documents were cleared.</summary>
        public ulong Cleared { get; internal set; }

        /// <summary>How many bytes of UTF-8 were saved.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>The snapshot of the state before: restoring it undoes this. Null where <see cref="Commit"/> is.</summary>
        public string Undo { get; internal set; }

        /// <summary>What a dry run would change; empty otherwise.</summary>
        public IReadOnlyList<PlannedChange> Changes { get; internal set; }
    }

    /// <summary>What was read again of a snapshot, and is right.</summary>
    public sealed class Verified
    {
        internal Verified()
        {
        }

        /// <summary>The snapshot.</summary>
        public string Id { get; internal set; }

        /// <summary>How many documents it holds.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>How many bytes of UTF-8 their texts have.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>How many files were read, but for the journal.</summary>
        public ulong Files { get; internal set; }

        /// <summary>How many bytes those files have.</summary>
        public ulong FileBytes { get; internal set; }

        /// <summary>How many commits were read from the journal.</summary>
        public ulong JournalCommits { get; internal set; }
    }

    /// <summary>What was written to a file.</summary>
    public sealed class Exported
    {
        internal Exported()
        {
        }

        /// <summary>The state that was written: a snapshot's id, a moment, or "now".</summary>
        public string Id { get; internal set; }

        /// <summary>The file.</summary>
        public string Path { get; internal set; }

        /// <summary>The last commit of that state.</summary>
        public ulong Sequence { get; internal set; }

        /// <summary>How many documents it holds.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>How many bytes of UTF-8 their texts have.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>How many bytes the file has.</summary>
        public ulong FileBytes { get; internal set; }
    }
}
