// The plain data about the parts of a store in a HealthReport.
//
// It must not hold anything native: these objects outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System;
using System.Collections.Generic;

namespace Coffer
{
    internal static class Moment
    {
        /// <summary>A time that may be none.</summary>
        internal static DateTimeOffset? Of(long? unixMs)
        {
            return unixMs.HasValue ? DateTimeOffset.FromUnixTimeMilliseconds(unixMs.Value) : (DateTimeOffset?)null;
        }
    }

    /// <summary>What a collection holds.</summary>
    public sealed class CollectionHealth
    {
        internal CollectionHealth()
        {
        }

        /// <summary>Its name, as in "plugin_data".</summary>
        public string Name { get; internal set; }

        /// <summary>How many documents.</summary>
        public ulong Documents { get; internal set; }

        /// <summary>How many bytes of UTF-8 their texts have.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>The key of its largest document; null if it is empty.</summary>
        public string LargestKey { get; internal set; }

        /// <summary>How many bytes of UTF-8 that one has; 0 if it is empty.</summary>
        public ulong LargestBytes { get; internal set; }

        /// <summary>When the document was saved that was saved last, in Unix milliseconds; null if it is empty.</summary>
        public long? NewestSaveMs { get; internal set; }

        /// <summary>When the document was saved that was saved last; null if it is empty.</summary>
        public DateTimeOffset? NewestSave => Moment.Of(NewestSaveMs);

        /// <summary>When the document was saved whose save is the longest ago, in Unix milliseconds; null if it is
        /// empty.</summary>
        public long? OldestSaveMs { get; internal set; }

        /// <summary>When the document was saved whose save is the longest ago; null if it is empty.</summary>
        public DateTimeOffset? OldestSave => Moment.Of(OldestSaveMs);
    }

    /// <summary>How large a Tier 1 document is, and how many versions of it there are.</summary>
    public sealed class Tier1Health
    {
        internal Tier1Health()
        {
        }

        /// <summary>Its name, as in "character_roster".</summary>
        public string Name { get; internal set; }

        /// <summary>How many bytes of UTF-8 the newest has; 0 without one.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>How many versions were ever saved.</summary>
        public ulong Version { get; internal set; }

        /// <summary>How many of them are there.</summary>
        public ulong VersionsKept { get; internal set; }
    }

    /// <summary>How the journal is.</summary>
    public sealed class JournalHealth
    {
        internal JournalHealth()
        {
        }

        /// <summary>How many files it has.</summary>
        public ulong Segments { get; internal set; }

        /// <summary>How many bytes of records.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>How many of those tell of a document as it still is.</summary>
        public ulong LiveBytes { get; internal set; }

        /// <summary>How many the next checkpoint gives back.</summary>
        public ulong DeadBytes { get; internal set; }

        /// <summary>The share of the live ones, from 0 to 1.</summary>
        public double LiveShare { get; internal set; }

        /// <summary>How long ago the state in the image was the present, in milliseconds.</summary>
        public ulong CheckpointAgeMs { get; internal set; }

        /// <summary>How many commits a power cut would lose now.</summary>
        public ulong UnsyncedCommits { get; internal set; }
    }

    /// <summary>How the newest image is.</summary>
    public sealed class ImageHealth
    {
        internal ImageHealth()
        {
        }

        /// <summary>How many bytes it has; 0 without one.</summary>
        public ulong Bytes { get; internal set; }

        /// <summary>The last commit that it holds; null without one.</summary>
        public ulong? Sequence { get; internal set; }
    }

    /// <summary>How many snapshots there are, and what they hold.</summary>
    public sealed class SnapshotHealth
    {
        internal SnapshotHealth()
        {
        }

        /// <summary>How many.</summary>
        public ulong Count { get; internal set; }

        /// <summary>How many of them the store made by itself.</summary>
        public ulong Automatic { get; internal set; }

        /// <summary>How many bytes of past documents they hold on the disk, as of the last checkpoint.</summary>
        public ulong HistoryBytes { get; internal set; }

        /// <summary>When the oldest was made, in Unix milliseconds; null if there is none.</summary>
        public long? OldestMs { get; internal set; }

        /// <summary>When the oldest was made; null if there is none.</summary>
        public DateTimeOffset? Oldest => Moment.Of(OldestMs);
    }

    /// <summary>How long calls take, in microseconds.</summary>
    public sealed class CallTimes
    {
        internal CallTimes()
        {
        }

        /// <summary>How many were measured; the times are 0 if none was.</summary>
        public ulong Count { get; internal set; }

        /// <summary>Half of them took at most this.</summary>
        public double P50Us { get; internal set; }

        /// <summary>99 of 100 took at most this.</summary>
        public double P99Us { get; internal set; }

        /// <summary>None took longer.</summary>
        public double MaxUs { get; internal set; }

        /// <summary>One of so many is measured.</summary>
        public int Sampled { get; internal set; }
    }

    /// <summary>How events fare, since opening.</summary>
    public sealed class HubHealth
    {
        internal HubHealth()
        {
        }

        /// <summary>How many were published.</summary>
        public ulong Events { get; internal set; }

        /// <summary>How many subscriptions there are.</summary>
        public ulong Subscribers { get; internal set; }

        /// <summary>How many events wait for them.</summary>
        public ulong Queued { get; internal set; }

        /// <summary>How many did not fit their queues.</summary>
        public ulong Lost { get; internal set; }

        /// <summary>How many plug-ins are registered.</summary>
        public ulong Plugins { get; internal set; }
    }

    /// <summary>How much a store held at one time.</summary>
    public struct GrowthSample
    {
        internal GrowthSample(long timeMs, ulong documents, ulong bytes)
        {
            TimeMs = timeMs;
            Documents = documents;
            Bytes = bytes;
        }

        /// <summary>When, in Unix milliseconds.</summary>
        public long TimeMs { get; }

        /// <summary>When.</summary>
        public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs);

        /// <summary>How many documents.</summary>
        public ulong Documents { get; }

        /// <summary>How many bytes of UTF-8 their texts had.</summary>
        public ulong Bytes { get; }
    }

    /// <summary>How a store's size changed.</summary>
    public sealed class HealthGrowth
    {
        internal HealthGrowth()
        {
        }

        /// <summary>How much it held, oldest first; the last one is now.</summary>
        public IReadOnlyList<GrowthSample> Samples { get; internal set; }

        /// <summary>How many bytes come a day; null if that is not known yet.</summary>
        public double? BytesPerDay { get; internal set; }

        /// <summary>How many documents come a day; null if that is not known yet.</summary>
        public double? DocumentsPerDay { get; internal set; }

        /// <summary>When <see cref="HealthOptions.QuotaBytes"/> is reached; null without a quota, and unless the store
        /// grows.</summary>
        public double? DaysUntilQuota { get; internal set; }
    }
}
