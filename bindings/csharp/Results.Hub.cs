// The plain data that the database answers with about events and references.
//
// It must not hold anything native: these values outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System;
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>An event as a handler is called with it.</summary>
    public sealed class Event
    {
        internal Event(string topic, ulong sequence, ulong id, string source, long timeMs, string json)
        {
            Topic = topic;
            Sequence = sequence;
            Id = id;
            Source = source;
            TimeMs = timeMs;
            Json = json;
        }

        /// <summary>"database_changed" for a commit, "database_sync" for the broadcast of the Tier 1 documents,
        /// "plugin_registered" and "plugin_left" for plug-ins, "overflow" for what was missed, or what somebody
        /// published.</summary>
        public string Topic { get; }

        /// <summary>The commit that it tells of, or the newest one when it was published.</summary>
        public ulong Sequence { get; }

        /// <summary>The event's number, as publishing and <see cref="Synced.EventId"/> tell it; 0 if it was brought back
        /// from the journal.</summary>
        public ulong Id { get; }

        /// <summary>The option Plugin of the database that published it; empty if it was brought back from the
        /// journal.</summary>
        public string Source { get; }

        /// <summary>When, in Unix milliseconds.</summary>
        public long TimeMs { get; }

        /// <summary>When.</summary>
        public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs);

        /// <summary>What it says, as JSON. Of a commit {"changes": [{"collection", "key", "revision", "old_revision",
        /// "cleared"}, ...]}, of an overflow {"events", "from_sequence", "to_sequence"}.</summary>
        public string Json { get; }
    }

    /// <summary>What broadcasting the Tier 1 documents came to.</summary>
    public struct Synced
    {
        internal Synced(ulong eventId, ulong subscribers, long timeMs, string host)
        {
            EventId = eventId;
            Subscribers = subscribers;
            TimeMs = timeMs;
            Host = host;
        }

        /// <summary>The event's number.</summary>
        public ulong EventId { get; }

        /// <summary>How many subscribers it went to; 0 is a success too.</summary>
        public ulong Subscribers { get; }

        /// <summary>When, in Unix milliseconds.</summary>
        public long TimeMs { get; }

        /// <summary>When.</summary>
        public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs);

        /// <summary>What the host's hub answered, as JSON; null if there is none.</summary>
        public string Host { get; }
    }

    /// <summary>Who says that it is the one source of something, and what it says of itself.</summary>
    public sealed class Reference
    {
        internal Reference()
        {
        }

        /// <summary>Its own id, as in "database-persistence-layer@1".</summary>
        public string RefId { get; internal set; }

        /// <summary>The name that has one holder at most.</summary>
        public string Name { get; internal set; }

        /// <summary>The option Plugin of the database that holds it.</summary>
        public string Holder { get; internal set; }

        /// <summary>The version of what it is.</summary>
        public string Version { get; internal set; }

        /// <summary>What it is the source of.</summary>
        public IReadOnlyList<string> Provides { get; internal set; }

        /// <summary>What can be done with it.</summary>
        public IReadOnlyList<string> Capabilities { get; internal set; }
    }

    /// <summary>What registering a reference came to.</summary>
    public struct Registration
    {
        internal Registration(bool registered, Reference reference)
        {
            Registered = registered;
            Reference = reference;
        }

        /// <summary>False if another database holds it, or the host's hub refused.</summary>
        public bool Registered { get; }

        /// <summary>The reference as it is now, whoever holds it.</summary>
        public Reference Reference { get; }
    }
}
