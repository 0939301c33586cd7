// Coffer.Database: the three Tier 1 documents and their versions.
//
// It must not keep anything of its own: versions and counters are the library's. Invariant: as in
// Database.Documents.cs, every native call is followed by Check, Take or TryTake.
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>The name of the character roster, for <see cref="LoadVersion"/> and <see cref="ListVersions"/>.</summary>
        public const string CharacterRoster = "character_roster";

        /// <summary>The name of the equipment sets, for <see cref="LoadVersion"/> and <see cref="ListVersions"/>.</summary>
        public const string EquipmentSets = "equipment_sets";

        /// <summary>The name of the party configurations, for <see cref="LoadVersion"/> and <see cref="ListVersions"/>.</summary>
        public const string PartyConfigs = "party_configs";

        /// <summary>Saves the character roster; every save adds a version.</summary>
        /// <param name="json">A JSON text.</param>
        /// <exception cref="CofferException">InvalidJson, TooLarge, TooDeep, ReadOnly, Io, Failed.</exception>
        public void SaveCharacterRosterState(string json)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Json(json, room))
            {
                Check(Native.coffer_save_character_roster_state(Db, text.Pointer));
            }
        }

        /// <summary>Loads the newest character roster.</summary>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound before the first save.</exception>
        public string LoadCharacterRosterState()
        {
            byte* text = null;
            return Take(Native.coffer_load_character_roster_state(Db, &text), text);
        }

        /// <summary>Loads the newest character roster, if one was saved.</summary>
        /// <param name="json">The text, or null.</param>
        /// <returns>Whether one was saved.</returns>
        public bool TryLoadCharacterRosterState(out string json)
        {
            byte* text = null;
            return TryTake(Native.coffer_load_character_roster_state(Db, &text), text, out json);
        }

        /// <summary>Saves the equipment sets; every save adds a version.</summary>
        /// <param name="json">A JSON text.</param>
        /// <exception cref="CofferException">InvalidJson, TooLarge, TooDeep, ReadOnly, Io, Failed.</exception>
        public void SaveEquipmentConfig(string json)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Json(json, room))
            {
                Check(Native.coffer_save_equipment_config(Db, text.Pointer));
            }
        }

        /// <summary>Loads the newest equipment sets.</summary>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound before the first save.</exception>
        public string LoadEquipmentConfig()
        {
            byte* text = null;
            return Take(Native.coffer_load_equipment_config(Db, &text), text);
        }

        /// <summary>Loads the newest equipment sets, if any were saved.</summary>
        /// <param name="json">The text, or null.</param>
        /// <returns>Whether any were saved.</returns>
        public bool TryLoadEquipmentConfig(out string json)
        {
            byte* text = null;
            return TryTake(Native.coffer_load_equipment_config(Db, &text), text, out json);
        }

        /// <summary>Saves the party configurations; every save adds a version.</summary>
        /// <param name="json">A JSON text.</param>
        /// <exception cref="CofferException">InvalidJson, TooLarge, TooDeep, ReadOnly, Io, Failed.</exception>
        public void SavePartyConfig(string json)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Json(json, room))
            {
                Check(Native.coffer_save_party_config(Db, text.Pointer));
            }
        }

        /// <summary>Loads the newest party configurations.</summary>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound before the first save.</exception>
        public string LoadPartyConfig()
        {
            byte* text = null;
            return Take(Native.coffer_load_party_config(Db, &text), text);
        }

        /// <summary>Loads the newest party configurations, if any were saved.</summary>
        /// <param name="json">The text, or null.</param>
        /// <returns>Whether any were saved.</returns>
        public bool TryLoadPartyConfig(out string json)
        {
            byte* text = null;
            return TryTake(Native.coffer_load_party_config(Db, &text), text, out json);
        }

        /// <summary>Loads one version of a Tier 1 document.</summary>
        /// <param name="document"><see cref="CharacterRoster"/>, <see cref="EquipmentSets"/> or <see cref="PartyConfigs"/>.</param>
        /// <param name="version">1 for the first save.</param>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound when it is not kept; InvalidArgument for another document.</exception>
        public string LoadVersion(string document, ulong version)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var name = Utf8.Argument(document, nameof(document), room))
            {
                return Take(Native.coffer_load_version(Db, name.Pointer, version, &text), text);
            }
        }

        /// <summary>Loads one version of a Tier 1 document, if it is kept.</summary>
        /// <param name="document">As in <see cref="LoadVersion"/>.</param>
        /// <param name="version">1 for the first save.</param>
        /// <param name="json">The text, or null.</param>
        /// <returns>Whether it is kept.</returns>
        /// <exception cref="CofferException">InvalidArgument for another document.</exception>
        public bool TryLoadVersion(string document, ulong version, out string json)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var name = Utf8.Argument(document, nameof(document), room))
            {
                return TryTake(Native.coffer_load_version(Db, name.Pointer, version, &text), text, out json);
            }
        }

        /// <summary>Saves an earlier version again as a new one, so that it is the newest; what was newest stays before it.
        /// </summary>
        /// <param name="document">As in <see cref="LoadVersion"/>.</param>
        /// <param name="version">The version to go back to.</param>
        /// <returns>The number of the new version.</returns>
        /// <exception cref="CofferException">NotFound when it is not kept; InvalidArgument for another document; ReadOnly,
        /// Io, Failed.</exception>
        public ulong RollBackVersion(string document, ulong version)
        {
            byte* room = stackalloc byte[Utf8.Room];
            ulong newVersion = 0;
            using (var name = Utf8.Argument(document, nameof(document), room))
            {
                Check(Native.coffer_roll_back_version(Db, name.Pointer, version, &newVersion));
            }
            return newVersion;
        }

        /// <summary>Lists the kept versions of a Tier 1 document, oldest first.</summary>
        /// <param name="document">As in <see cref="LoadVersion"/>.</param>
        /// <returns>The versions; empty before the first save.</returns>
        /// <exception cref="CofferException">InvalidArgument for another document.</exception>
        public VersionInfo[] ListVersions(string document)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var name = Utf8.Argument(document, nameof(document), room))
            {
                return Versions(Take(Native.coffer_list_versions(Db, name.Pointer, &text), text));
            }
        }

        /// <summary>Says how many versions of each Tier 1 document were ever saved.</summary>
        /// <returns>The three counters.</returns>
        public VersionCounters VersionCounters()
        {
            byte* text = null;
            var reader = new JsonReader(Take(Native.coffer_version_counters(Db, &text), text));
            VersionCounters counters = ReadCounters(reader);
            reader.End();
            return counters;
        }

        private static VersionInfo[] Versions(string json)
        {
            var versions = new List<VersionInfo>();
            var reader = new JsonReader(json);
            reader.Array(() =>
            {
                ulong version = 0, bytes = 0;
                long savedAtMs = 0;
                reader.Object(member =>
                {
                    switch (member)
                    {
                        case "version": version = reader.Count(); break;
                        case "saved_at_ms": savedAtMs = reader.Integer(); break;
                        case "bytes": bytes = reader.Count(); break;
                        default: reader.Skip(); break;
                    }
                });
                versions.Add(new VersionInfo(version, savedAtMs, bytes));
            });
            reader.End();
            return versions.ToArray();
        }

        private static VersionCounters ReadCounters(JsonReader reader)
        {
            ulong roster = 0, equipment = 0, party = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "character_roster_v": roster = reader.Count(); break;
                    case "equipment_sets_v": equipment = reader.Count(); break;
                    case "party_configs_v": party = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return new VersionCounters(roster, equipment, party);
        }
    }
}
