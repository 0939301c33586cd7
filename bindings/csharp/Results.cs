// The plain data that the database answers with.
//
// It must not hold anything native: these values outlive the database they came from, on any thread.
// Invariant: immutable once made.
using System;

namespace Coffer
{
    /// <summary>A document with what Coffer knows about it.</summary>
    public struct Entry
    {
        internal Entry(string json, ulong revision, long savedAtMs)
        {
            Json = json;
            Revision = revision;
            SavedAtMs = savedAtMs;
        }

        /// <summary>The text as it was saved.</summary>
        public string Json { get; }

        /// <summary>Grows with every save of this key; none is used twice.</summary>
        public ulong Revision { get; }

        /// <summary>When it was saved, in Unix milliseconds.</summary>
        public long SavedAtMs { get; }

        /// <summary>When it was saved.</summary>
        public DateTimeOffset SavedAt => DateTimeOffset.FromUnixTimeMilliseconds(SavedAtMs);
    }

    /// <summary>One kept version of a Tier 1 document.</summary>
    public struct VersionInfo
    {
        internal VersionInfo(ulong version, long savedAtMs, ulong bytes)
        {
            Version = version;
            SavedAtMs = savedAtMs;
            Bytes = bytes;
        }

        /// <summary>1, 2, 3 and so on.</summary>
        public ulong Version { get; }

        /// <summary>When it was saved, in Unix milliseconds.</summary>
        public long SavedAtMs { get; }

        /// <summary>How many bytes of UTF-8 its text has.</summary>
        public ulong Bytes { get; }

        /// <summary>When it was saved.</summary>
        public DateTimeOffset SavedAt => DateTimeOffset.FromUnixTimeMilliseconds(SavedAtMs);
    }

    /// <summary>How many versions of each Tier 1 document were ever saved.</summary>
    public struct VersionCounters
    {
        internal VersionCounters(ulong characterRoster, ulong equipmentSets, ulong partyConfigs)
        {
            CharacterRoster = characterRoster;
            EquipmentSets = equipmentSets;
            PartyConfigs = partyConfigs;
        }

        /// <summary>The counter character_roster_v.</summary>
        public ulong CharacterRoster { get; }

        /// <summary>The counter equipment_sets_v.</summary>
        public ulong EquipmentSets { get; }

        /// <summary>The counter party_configs_v.</summary>
        public ulong PartyConfigs { get; }
    }
}
