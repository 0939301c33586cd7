// The conformance cases of tests/conformance/CASES.md, through the C# binding. "Not found" is a Try method that answers
// false, "invalid handle" an ObjectDisposedException.
//
// It must not test what only C# has (that is Binding.cs). Invariant: one method per case, run in the page's order and
// under its name, each on a store of its own. The cases about what is refused are in Conformance.Limits.cs, those about
// snapshots in Conformance.Snapshots.cs, their files and moments in Conformance.Moments.cs, events in Conformance.Hub.cs,
// plug-ins and hosts in Conformance.Plugins.cs, files of other programs in Conformance.Exchange.cs, health in
// Conformance.Health.cs, the API over HTTP in Conformance.Gateway.cs.
using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private static readonly string[] FreshKeys =
    {
        "character_roster", "character_roster_v", "equipment_sets", "equipment_sets_v", "party_configs", "party_configs_v",
        "plugin_data", "save_metadata"
    };

    private static void Version(string folder)
    {
        Check(Regex.IsMatch(Database.Version, "^[0-9]+\\.[0-9]+\\.[0-9]+$"));
        Same(2u, Database.LibraryAbiVersion);
    }

    private static void FreshStoreKeys(string folder)
    {
        using (var db = new Database(folder))
        {
            SameList(FreshKeys, db.ListDatabaseKeys());
        }
    }

    private static void SaveAndLoad(string folder)
    {
        using (var db = new Database(folder))
        {
            const string json = " { \"z\" : [1, 2.50 ,-0e1]\r\n,\t\"a\":{\"z\":null,\"a\":true} , \"z\":\"again\" }\n";
            db.SavePersistentData("some key", json);
            Same(json, db.LoadPersistentData("some key"));
            foreach (string value in new[] { "null", "true", "0", "\"\"", "[]", "{}", " 1 " })
            {
                db.SavePersistentData("value", value);
                Same(value, db.LoadPersistentData("value"));
            }
        }
    }

    private static void LoadMissing(string folder)
    {
        using (var db = new Database(folder))
        {
            foreach (string key in new[] { "nobody saved this", "plugin_data", "save_metadata" })
            {
                string json = "untouched";
                Entry entry;
                Check(!db.TryLoadPersistentData(key, out json) && json == null);
                Check(!db.TryLoadEntry(key, out entry));
                Refused(Status.NotFound, () => db.LoadPersistentData(key));
                Refused(Status.NotFound, () => db.LoadEntry(key));
            }
        }
    }

    private static void OverwriteCountsRevisions(string folder)
    {
        using (var db = new Database(folder))
        {
            for (ulong revision = 1; revision <= 3; revision++)
            {
                string json = (revision * 10).ToString(CultureInfo.InvariantCulture);
                Same(revision, db.SaveEntry("counted", json));
                Entry entry = db.LoadEntry("counted");
                Same(revision, entry.Revision);
                Same(json, entry.Json);
                Check(IsRecent(entry.SavedAtMs));
                Same(entry.SavedAtMs, entry.SavedAt.ToUnixTimeMilliseconds());
            }
        }
    }

    private static void ClearAndRecreate(string folder)
    {
        using (var db = new Database(folder))
        {
            Same(1ul, db.SaveEntry("k", "1"));
            db.ClearDatabaseEntry("k");
            db.ClearDatabaseEntry("k");
            db.ClearDatabaseEntry("never there");
            Same(null, Load(db, "k"));
            SameList(FreshKeys, db.ListDatabaseKeys());
            ulong again = db.SaveEntry("k", "2");
            Check(again > 1); // no revision is used twice; the clear may have taken one
            Same("2", Load(db, "k"));
            Same(again, db.LoadEntry("k").Revision);
            Same(again + 1, db.SaveEntry("k", "3"));
        }
    }

    private static void Tier1RoundTrip(string folder)
    {
        using (var db = new Database(folder))
        {
            string json;
            Check(!db.TryLoadCharacterRosterState(out json));
            Check(!db.TryLoadEquipmentConfig(out json));
            Check(!db.TryLoadPartyConfig(out json));
            Refused(Status.NotFound, () => db.LoadCharacterRosterState());
            for (int i = 1; i <= 2; i++)
            {
                db.SaveCharacterRosterState("{\"roster\":" + i + "}");
                db.SaveEquipmentConfig("[\"equipment " + i + "\"]");
                db.SavePartyConfig("\"party " + i + "\"");
            }
            Same("{\"roster\":2}", db.LoadCharacterRosterState());
            Same("[\"equipment 2\"]", db.LoadEquipmentConfig());
            Same("\"party 2\"", db.LoadPartyConfig());
            Check(db.TryLoadPartyConfig(out json) && json == "\"party 2\"");
        }
    }

    private static void Tier1Versions(string folder)
    {
        using (var db = new Database(folder))
        {
            string json;
            db.SaveCharacterRosterState("{}");
            db.SaveCharacterRosterState("{\"names\":[\"Aria\"]}");
            db.SavePartyConfig("[1]");
            Same("{}", db.LoadVersion(Database.CharacterRoster, 1));
            Same("{\"names\":[\"Aria\"]}", db.LoadVersion(Database.CharacterRoster, 2));
            Check(!db.TryLoadVersion(Database.CharacterRoster, 3, out json));
            Check(!db.TryLoadVersion(Database.CharacterRoster, 0, out json));
            Refused(Status.NotFound, () => db.LoadVersion(Database.EquipmentSets, 1));
            VersionInfo[] versions = db.ListVersions(Database.CharacterRoster);
            Same(2, versions.Length);
            Check(versions[0].Version == 1 && versions[0].Bytes == 2 && IsRecent(versions[0].SavedAtMs));
            Check(versions[1].Version == 2 && versions[1].Bytes == 18 && IsRecent(versions[1].SavedAtMs));
            Same(0, db.ListVersions(Database.EquipmentSets).Length);
            VersionCounters counters = db.VersionCounters();
            Check(counters.CharacterRoster == 2 && counters.EquipmentSets == 0 && counters.PartyConfigs == 1);
            Refused(Status.InvalidArgument, () => db.LoadVersion("plugin_data", 1));
            Refused(Status.InvalidArgument, () => db.ListVersions("anything"));
        }
    }

    private static void RollBack(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePartyConfig("[1]");
            db.SavePartyConfig("[2]");
            Same(3UL, db.RollBackVersion(Database.PartyConfigs, 1));
            Same("[1]", db.LoadPartyConfig());
            Same("[2]", db.LoadVersion(Database.PartyConfigs, 2));
            Refused(Status.NotFound, () => db.RollBackVersion(Database.PartyConfigs, 9));
            Same(3, db.ListVersions(Database.PartyConfigs).Length);
        }
    }

    private static void VersionDiff(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePartyConfig("{\"level\":1,\"items\":[0]}");
            db.SavePartyConfig("{ \"items\":[0,255], \"level\":1 }");
            db.SavePartyConfig("[ ]");
            Same("[{\"op\":\"add\",\"path\":\"/items/1\",\"value\":255}]", db.DiffVersions(Database.PartyConfigs, 1, 2));
            Same("[{\"op\":\"remove\",\"path\":\"/items/1\"}]", db.DiffVersions(Database.PartyConfigs, 2, 1));
            Same("[{\"op\":\"replace\",\"path\":\"\",\"value\":[ ]}]", db.DiffVersions(Database.PartyConfigs, 2, 0));
            Same("[]", db.DiffVersions(Database.PartyConfigs, 0, 3));
            Same("[]", db.DiffVersions(Database.PartyConfigs, 2, 2));
            Refused(Status.NotFound, () => db.DiffVersions(Database.PartyConfigs, 1, 9));
            Refused(Status.NotFound, () => db.DiffVersions(Database.PartyConfigs, 9, 0));
            Refused(Status.NotFound, () => db.DiffVersions(Database.EquipmentSets, 0, 0));
            Refused(Status.InvalidArgument, () => db.DiffVersions("plugin_data", 1, 2));
        }
    }

    private static void Tier1ThroughKeys(string folder)
    {
        using (var db = new Database(folder))
        {
            Same("0", Load(db, "character_roster_v"));
            Same(null, Load(db, "character_roster"));
            db.SaveCharacterRosterState("[1]");
            db.SavePersistentData("character_roster", "[2]");
            Same("[2]", Load(db, "character_roster"));
            Same("2", Load(db, "character_roster_v"));
            Same("[1]", Load(db, "character_roster_v1"));
            Same("[2]", Load(db, "character_roster_v2"));
            Same(null, Load(db, "character_roster_v3"));
            Same(2ul, db.LoadEntry("character_roster").Revision);
            Same("[2]", db.LoadCharacterRosterState());
            SameList(new[] { "character_roster", "character_roster_v", "character_roster_v1", "character_roster_v2" },
                db.ListDatabaseKeysWith("character_roster"));
            db.ClearDatabaseEntry("character_roster");
            Same(null, Load(db, "character_roster"));
            Same("[1]", Load(db, "character_roster_v1"));
            Same(2ul, db.VersionCounters().CharacterRoster);
        }
    }

    private static void PastVersionsAreKept(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SaveCharacterRosterState("[1]");
            foreach (string key in new[] { "character_roster_v1", "character_roster_v", "character_roster_v9", "save_metadata/x" })
            {
                Refused(Status.ReservedKey, () => db.SavePersistentData(key, "2"));
                Refused(Status.ReservedKey, () => db.ClearDatabaseEntry(key));
                Refused(Status.ReservedKey, () => db.SaveEntry(key, "2"));
                Refused(Status.ReservedKey, () => db.ClearEntry(key));
                Refused(Status.ReservedKey, () => db.SaveBatch(new Batch().Save("fine", "1").Save(key, "2")));
            }
            Same("[1]", Load(db, "character_roster_v1"));
            Same("1", Load(db, "character_roster_v"));
            Same(null, Load(db, "character_roster_v9"));
            Same(null, Load(db, "fine"));
        }
    }

    private static void ListWithPrefix(string folder)
    {
        using (var db = new Database(folder))
        {
            // Bytewise, U+FF5E stands before the emoji; in UTF-16 it would be behind.
            string[] all = { "item/B", "item/a", "item/b", "item/\u00E9", "item/\uFF5E", "item/\U0001F5E1" };
            foreach (string key in all.Reverse().Concat(new[] { "itEm/c", "item" }))
            {
                db.SavePersistentData(key, "1");
            }
            SameList(all, db.ListDatabaseKeysWith("item/"));
            SameList(new[] { "item/B", "item/a" }, db.ListDatabaseKeysWith("item/", null, 2));
            SameList(new[] { "item/b", "item/\u00E9" }, db.ListDatabaseKeysWith("item/", "item/a", 2));
            SameList(new[] { "item/b" }, db.ListDatabaseKeysWith("item/", "item/aa", 1));
            SameList(new string[0], db.ListDatabaseKeysWith("item/", "item/\U0001F5E1"));
            SameList(new string[0], db.ListDatabaseKeysWith("nothing"));
            SameList(db.ListDatabaseKeys(), db.ListDatabaseKeysWith(null));
            Same("plugin_data", db.ListDatabaseKeysWith("", "party_configs_v")[0]);
            Same(FreshKeys.Length + 8, db.ListDatabaseKeys().Length);
        }
    }

    private static void BatchIsAtomic(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("old", "1");
            ulong first = db.SaveBatch(new Batch().Save("a", "[1]").Save("b", "[2]", 0).Clear("old"));
            Same("[1]", Load(db, "a"));
            Same("[2]", Load(db, "b"));
            Same(null, Load(db, "old"));
            Refused(Status.InvalidJson, () => db.SaveBatch(new Batch().Save("a", "3").Clear("b").Save("c", "[")));
            Refused(Status.Conflict, () => db.SaveBatch(new Batch().Save("a", "3").Clear("b").Save("a2", "1", 7)));
            Refused(Status.Conflict, () => db.SaveBatch(new Batch().Save("a", "3").Clear("b", 9)));
            Refused(Status.InvalidKey, () => db.SaveBatch(new Batch().Save("a", "3").Save("", "1")));
            Refused(Status.InvalidArgument, () => db.SaveBatch(new Batch().Save("a", "3").Save("a", "4")));
            Same("[1]", Load(db, "a"));
            Same("[2]", Load(db, "b"));
            Same(null, Load(db, "a2"));
            Same(null, Load(db, "c"));
            Same(1ul, db.LoadEntry("a").Revision);
            Check(db.SaveBatch(new Batch().Save("a", "5", 1).Clear("b", 1)) > first);
            Same(2ul, db.LoadEntry("a").Revision);
            Same(null, Load(db, "b"));
        }
    }

    private static void ExpectedRevision(string folder)
    {
        using (var db = new Database(folder))
        {
            Same(1ul, db.SaveEntry("k", "1", 0));
            Refused(Status.Conflict, () => db.SaveEntry("k", "2", 0));
            Same(2ul, db.SaveEntry("k", "2", 1));
            Refused(Status.Conflict, () => db.SaveEntry("k", "3", 1));
            Refused(Status.Conflict, () => db.SaveEntry("k", "3", 3));
            Refused(Status.Conflict, () => db.ClearEntry("k", 1));
            Refused(Status.InvalidArgument, () => db.SaveEntry("k", "3", -2));
            Same("2", Load(db, "k"));
            Same(2ul, db.LoadEntry("k").Revision);
            Same(3ul, db.SaveEntry("k", "3", Database.AnyRevision));
            Refused(Status.Conflict, () => db.SaveEntry("missing", "1", 4));
            db.ClearEntry("k", 3);
            Same(null, Load(db, "k"));
            Check(db.SaveEntry("k", "4", 0) > 3);
        }
    }

    private static void DurabilityLevels(string folder)
    {
        Durability[] levels = { Durability.Behind, Durability.Written, Durability.Durable };
        foreach (Durability ofStore in levels)
        {
            string path = folder + "/" + ofStore;
            using (var db = new Database(path, new Options { Durability = ofStore }))
            {
                foreach (Durability ofCall in levels.Concat(new[] { Durability.Default }))
                {
                    string key = "k" + (int)ofCall;
                    Same(1ul, db.SaveEntry(key, "1", Database.AnyRevision, ofCall));
                    db.SaveBatch(new Batch().Save(key + "b", "2"), ofCall);
                    db.ClearEntry(key + "b", Database.AnyRevision, ofCall);
                    Same("1", Load(db, key));
                }
                const Durability unknown = (Durability)9;
                Refused(Status.InvalidArgument, () => db.SaveEntry("k", "1", Database.AnyRevision, unknown));
                Refused(Status.InvalidArgument, () => db.ClearEntry("k0", Database.AnyRevision, unknown));
                Refused(Status.InvalidArgument, () => db.SaveBatch(new Batch().Save("k", "1"), unknown));
            }
            using (var db = new Database(path))
            {
                Same(4, db.ListDatabaseKeysWith("k").Length);
            }
        }
        Refused(Status.InvalidOption, () => Database.OpenJson(folder + "/no", "{\"durability\":\"sometimes\"}"));
        Refused(Status.InvalidOption, () => new Database(folder + "/no", new Options { Durability = (Durability)9 }));
    }

    private static void LoadIntoBuffer(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("k", "[1,2,3]");
            var buffer = new byte[8];
            Same(7, db.LoadPersistentDataInto("k", buffer));
            Same("[1,2,3]\0", Encoding.UTF8.GetString(buffer));
            var small = new byte[7];
            Same(7, db.LoadPersistentDataInto("k", small));
            Check(small.All(b => b == 0));
            Same(7, db.LoadPersistentDataInto("k", new byte[0]));
            Same(-1, db.LoadPersistentDataInto("missing", buffer));
            Same("[1,2,3]\0", Encoding.UTF8.GetString(buffer));
        }
    }

    private static void ReopenFindsAll(string folder)
    {
        string[] keys;
        long savedAt;
        using (var db = new Database(folder))
        {
            db.SavePersistentData("k", " [1] ");
            db.SavePersistentData("k", " [2] ");
            db.SavePersistentData("gone", "1");
            db.ClearDatabaseEntry("gone");
            db.SaveEquipmentConfig("{\"v\":1}");
            db.SaveEquipmentConfig("{\"v\":2}");
            savedAt = db.LoadEntry("k").SavedAtMs;
            keys = db.ListDatabaseKeys();
            db.Close();
        }
        using (var db = new Database(folder))
        {
            SameList(keys, db.ListDatabaseKeys());
            Entry entry = db.LoadEntry("k");
            Check(entry.Json == " [2] " && entry.Revision == 2 && entry.SavedAtMs == savedAt);
            Same("{\"v\":2}", db.LoadEquipmentConfig());
            Same("{\"v\":1}", db.LoadVersion(Database.EquipmentSets, 1));
            Same(2, db.ListVersions(Database.EquipmentSets).Length);
            Same(2ul, db.VersionCounters().EquipmentSets);
            Same(3ul, db.SaveEntry("k", "3"));
            Check(db.SaveEntry("gone", "2") > 1);
            Check(db.RecoveryReport().Contains("\"salvaged\":false"));
        }
    }

    private static void TwoHandlesOneStore(string folder)
    {
        using (var one = new Database(folder, new Options { Plugin = "one" }))
        using (var two = new Database(folder, new Options { Plugin = "two" }))
        {
            one.SavePersistentData("k", "1");
            Same("1", Load(two, "k"));
            Same(2ul, two.SaveEntry("k", "2", 1));
            Same("2", Load(one, "k"));
            one.Close();
            Same("2", Load(two, "k"));
            two.SavePersistentData("k", "3");
        }
        using (var db = new Database(folder))
        {
            Same("3", Load(db, "k"));
        }
    }

    private static void ReadOnly(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("k", "1");
        }
        using (var db = new Database(folder, new Options { ReadOnly = true }))
        {
            Same("1", Load(db, "k"));
            Refused(Status.ReadOnly, () => db.SavePersistentData("k", "2"));
            Refused(Status.ReadOnly, () => db.ClearDatabaseEntry("k"));
            Refused(Status.ReadOnly, () => db.SavePartyConfig("2"));
            Refused(Status.ReadOnly, () => db.SaveEntry("k", "2"));
            Refused(Status.ReadOnly, () => db.SaveBatch(new Batch().Save("k", "2")));
            Refused(Status.ReadOnly, () => db.CreateDatabaseSnapshot());
            Refused(Status.ReadOnly, () => db.RestoreDatabaseFromSnapshot("latest"));
            Same("1", Load(db, "k"));
        }
    }

    private static void LastError(string folder)
    {
        using (var db = new Database(folder))
        {
            string reason = Refused(Status.InvalidJson, () => db.SavePersistentData("the \u00E9 key", "{"));
            Check(reason.Contains("the \u00E9 key") && !reason.Contains("\n"));
            Same(reason, Database.LastError);
            db.SavePersistentData("k", "1");
            Same("", Database.LastError);
            Same(null, Load(db, "missing one"));
            Check(Database.LastError.Contains("missing one"));
            Check(!Refused(Status.InvalidJson, () => db.SavePersistentData("line\nbreak", "{")).Contains("\n"));
        }
    }

    private static void FlushAndCheckpoint(string folder)
    {
        using (var db = new Database(folder, new Options { Durability = Durability.Behind }))
        {
            db.SavePersistentData("flushed", "1");
            db.Flush();
            db.SavePersistentData("checkpointed", "2");
            db.SaveCharacterRosterState("[3]");
            db.Checkpoint();
            db.SavePersistentData("after", "4");
            db.Checkpoint();
            db.Flush();
            Same("1", Load(db, "flushed"));
        }
        using (var db = new Database(folder))
        {
            Same("1", Load(db, "flushed"));
            Same("2", Load(db, "checkpointed"));
            Same("[3]", db.LoadCharacterRosterState());
            Same("4", Load(db, "after"));
        }
    }

    private static void NoLiveHandles(string folder)
    {
        Same(0ul, Database.LiveHandles);
        using (var db = new Database(folder))
        {
            Same(1ul, Database.LiveHandles);
            db.Flush();
        }
        Same(0ul, Database.LiveHandles);
    }

    private static int Main(string[] args)
    {
        return Run(args, "ok", Version, FreshStoreKeys, SaveAndLoad, LoadMissing, OverwriteCountsRevisions, ClearAndRecreate,
            Tier1RoundTrip, Tier1Versions, RollBack, VersionDiff, Tier1ThroughKeys, PastVersionsAreKept, ListWithPrefix,
            BatchIsAtomic, ExpectedRevision, DurabilityLevels, LoadIntoBuffer, ReopenFindsAll, TwoHandlesOneStore, ReadOnly,
            Options, InvalidJson, InvalidKeys, TooLargeAndTooDeep, Unicode, LastError, ClosedHandle, FlushAndCheckpoint,
            SnapshotCreate, SnapshotRestore, SnapshotRestorePart, SnapshotUnknown, SnapshotListPinDelete, SnapshotDiff,
            SnapshotLoad, SnapshotMoment, SnapshotExportImport, SnapshotReopen, HubChanges, HubTopics, HubDelivery,
            HubUnsubscribe, HubOverflow, HubSince, HubSync, HubMasterReference, HubPlugins, HubCalls, HubCallFailures,
            HubBeginCall, HubHost, Phase11, ExchangeRoundTrip, ExchangeDefaults, ExchangeImport, ExchangeErrors,
            ExchangeProgress, HealthReport, HealthFull, GatewayRegisters, GatewayRequests, GatewayWrites, GatewayLimits,
            GatewayListens, GatewayEndpoint, NoLiveHandles);
    }
}
