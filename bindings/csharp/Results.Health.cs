// The plain data that the database answers with about how a store fares. What its parts fare like is in
// Results.HealthParts.cs.
//
// It must not hold anything native: these objects outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System;
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>Whether what a store needs is whole.</summary>
    public enum IntegrityStatus
    {
        /// <summary>A word that this binding does not know.</summary>
        Unknown = 0,
        /// <summary>Nothing is known to be wrong.</summary>
        Ok = 1,
        /// <summary>Every document is whole, but something else is not: snapshots cannot be brought back, saves are
        /// refused, checkpoints fail, or salvage could not keep everything.</summary>
        Degraded = 2,
        /// <summary>What documents need on the disk is damaged or missing: the next opening would refuse it.</summary>
        Corrupt = 3
    }

    /// <summary>Where the size of a store is going.</summary>
    public enum GrowthTrend
    {
        /// <summary>There are no samples of an hour yet; or a word that this binding does not know.</summary>
        Unknown = 0,
        /// <summary>It stays.</summary>
        Stable = 1,
        /// <summary>It grows.</summary>
        Growing = 2,
        /// <summary>It shrinks.</summary>
        Shrinking = 3
    }

    /// <summary>How a store fares, and what to do about what is not well.</summary>
    public sealed class HealthReport
    {
        internal HealthReport()
        {
        }

        /// <summary>How many documents there are, past versions of Tier 1 documents included.</summary>
        public ulong TotalRecords { get; internal set; }

        /// <summary>How many bytes of UTF-8 the newest roster has; 0 without one.</summary>
        public ulong CharacterRosterSize { get; internal set; }

        /// <summary>How many bytes of UTF-8 the newest equipment has; 0 without one.</summary>
        public ulong EquipmentSetsSize { get; internal set; }

        /// <summary>How many bytes of UTF-8 the newest party has; 0 without one.</summary>
        public ulong PartyConfigsSize { get; internal set; }

        /// <summary>When <see cref="Database.SyncTier1DataToHub"/> last succeeded, in Unix milliseconds; null if it never
        /// did.</summary>
        public long? LastSyncMs { get; internal set; }

        /// <summary>When <see cref="Database.SyncTier1DataToHub"/> last succeeded; null if it never did.</summary>
        public DateTimeOffset? LastSync => Moment.Of(LastSyncMs);

        /// <summary>Whether what the store needs is whole. Damage inside of files that were not read since opening is found
        /// with <see cref="HealthOptions.Full"/> only.</summary>
        public IntegrityStatus IntegrityStatus { get; internal set; }

        /// <summary>Why it is not Ok.</summary>
        public IReadOnlyList<HealthCause> Causes { get; internal set; }

        /// <summary>Where its size is going.</summary>
        public GrowthTrend Trend { get; internal set; }

        /// <summary>Whether everything was checked.</summary>
        public bool Full { get; internal set; }

        /// <summary>How long it took to find all this out, in milliseconds.</summary>
        public double TookMs { get; internal set; }

        /// <summary>When this was so, in Unix milliseconds.</summary>
        public long TimeMs { get; internal set; }

        /// <summary>When this was so.</summary>
        public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs);

        /// <summary>The newest commit then.</summary>
        public ulong Sequence { get; internal set; }

        /// <summary>100 less the points of all findings, but not below 0.</summary>
        public int Score { get; internal set; }

        /// <summary>What took points off, the worst first.</summary>
        public IReadOnlyList<HealthFinding> Findings { get; internal set; }

        /// <summary>All five collections.</summary>
        public IReadOnlyList<CollectionHealth> Collections { get; internal set; }

        /// <summary>The three Tier 1 documents.</summary>
        public IReadOnlyList<Tier1Health> Tier1 { get; internal set; }

        /// <summary>The journal.</summary>
        public JournalHealth Journal { get; internal set; }

        /// <summary>The newest image.</summary>
        public ImageHealth Image { get; internal set; }

        /// <summary>The snapshots.</summary>
        public SnapshotHealth Snapshots { get; internal set; }

        /// <summary>How many bytes all files in the store's folder have.</summary>
        public ulong DiskBytes { get; internal set; }

        /// <summary>How long saves take since opening, until they are as durable as was asked for.</summary>
        public CallTimes SaveTimes { get; internal set; }

        /// <summary>How long loads take since opening.</summary>
        public CallTimes LoadTimes { get; internal set; }

        /// <summary>How long the disk takes to sync the journal, since opening.</summary>
        public CallTimes SyncTimes { get; internal set; }

        /// <summary>Events and plug-ins.</summary>
        public HubHealth Hub { get; internal set; }

        /// <summary>How its size changed.</summary>
        public HealthGrowth Growth { get; internal set; }

        /// <summary>What is unusual about how its size changed.</summary>
        public IReadOnlyList<HealthAnomaly> Anomalies { get; internal set; }

        /// <summary>What was read again with <see cref="HealthOptions.Full"/>; else null.</summary>
        public HealthCheck Checked { get; internal set; }
    }

    /// <summary>Why points were taken off.</summary>
    public sealed class HealthFinding
    {
        internal HealthFinding()
        {
        }

        /// <summary>How many.</summary>
        public int Points { get; internal set; }

        /// <summary>What was found.</summary>
        public string What { get; internal set; }

        /// <summary>Why it matters.</summary>
        public string Why { get; internal set; }

        /// <summary>What to do.</summary>
        public string Do { get; internal set; }
    }

    /// <summary>What is not whole.</summary>
    public sealed class HealthCause
    {
        internal HealthCause()
        {
        }

        /// <summary>A file in the store's folder; empty if it is none's.</summary>
        public string File { get; internal set; }

        /// <summary>Where in the file, in bytes.</summary>
        public ulong Offset { get; internal set; }

        /// <summary>What is wrong there.</summary>
        public string Reason { get; internal set; }
    }

    /// <summary>What is unusual about how a store's size changed.</summary>
    public enum AnomalyKind
    {
        /// <summary>A word that this binding does not know.</summary>
        Unknown = 0,
        /// <summary>The size changed at once.</summary>
        SizeJump = 1,
        /// <summary>The store grows at another rate from then on.</summary>
        RateJump = 2
    }

    /// <summary>Something unusual for this store.</summary>
    public sealed class HealthAnomaly
    {
        internal HealthAnomaly()
        {
        }

        /// <summary>What it is.</summary>
        public AnomalyKind Kind { get; internal set; }

        /// <summary>When it was seen first, in Unix milliseconds.</summary>
        public long AtMs { get; internal set; }

        /// <summary>When it was seen first.</summary>
        public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(AtMs);

        /// <summary>What it is, to be read.</summary>
        public string What { get; internal set; }
    }

    /// <summary>What the full form has read.</summary>
    public sealed class HealthCheck
    {
        internal HealthCheck()
        {
        }

        /// <summary>How many bytes.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>In how many files.</summary>
        public ulong Files { get; internal set; }

        /// <summary>How long that took, in milliseconds.</summary>
        public double TookMs { get; internal set; }

        /// <summary>How many millions of bytes a second that is.</summary>
        public double MbPerS { get; internal set; }
    }
}
