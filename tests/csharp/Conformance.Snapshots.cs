// The conformance cases about snapshots: made, listed, compared, restored and deleted.
//
// It must not look into a store's folder. Invariant: what is compared before and after a restore is every document, not
// only those that were changed. Moments and files are in Conformance.Moments.cs.
using System.Linq;
using Coffer;
using static Test;

internal static partial class Conformance
{
    // Every document but the snapshots' records and what only ever grows, as one text.
    private static string Contents(Database db)
    {
        return string.Join(" ", db.ListDatabaseKeys()
            .Where(key => !key.StartsWith("save_metadata", System.StringComparison.Ordinal) && !key.Contains("_v"))
            .Select(key => new { key, json = Load(db, key) }).Where(one => one.json != null)
            .Select(one => one.key + "=" + one.json));
    }

    private static void SnapshotCreate(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("a", "[1]");
            db.SavePersistentData("b", "[2,3]");
            db.SaveCharacterRosterState("[\"Aria\"]");
            Snapshot made = db.CreateDatabaseSnapshot("before the boss");
            Check(made.Id == "snapshot-3" && made.Label == "before the boss" && made.Kind == SnapshotKind.Manual);
            Check(!made.Pinned && made.Sequence == 3 && made.Documents == 3 && made.Bytes == 16);
            Check(made.Reason == null && made.File == null && IsRecent(made.CreatedAtMs));
            Check(made.Collections["plugin_data"].Documents == 2 && made.Collections["plugin_data"].Bytes == 8);
            Same(1ul, made.Collections["character_roster"].Documents);
            Same(0ul, made.Collections["party_configs"].Documents);
            Same(5, made.Collections.Count);
            Check(made.Versions.CharacterRoster == 1 && made.Versions.EquipmentSets == 0);
            Same("database_snapshot", db.CreateDatabaseSnapshot().Label);
            string key = "save_metadata/snapshots/" + made.Id;
            Check(db.ListDatabaseKeys().Contains(key));
            Check(Load(db, key).Contains("\"before the boss\""));
            Refused(Status.ReservedKey, () => db.SavePersistentData(key, "{}"));
            Refused(Status.ReservedKey, () => db.ClearDatabaseEntry(key));
            Same("before the boss", db.GetSnapshot(made.Id).Label);
        }
    }

    private static void SnapshotRestore(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("kept", "[0]");
            db.SavePersistentData("changed", " [1]");
            db.SavePersistentData("cleared", "[2]");
            db.SaveCharacterRosterState("[\"Aria\"]");
            string id = db.CreateDatabaseSnapshot("town").Id;
            string before = Contents(db);
            db.SavePersistentData("changed", "[1]");
            db.ClearDatabaseEntry("cleared");
            db.SavePersistentData("new", "[3]");
            db.SaveCharacterRosterState("[\"Bram\"]");
            db.SavePartyConfig("{}");
            string after = Contents(db);
            Restored restored = db.RestoreDatabaseFromSnapshot(id);
            Same(before, Contents(db));
            Check(restored.Id == id && restored.Sequence == 4 && !restored.DryRun && restored.Commit > 4);
            Check(restored.Saved == 3 && restored.Cleared == 2 && restored.Bytes == 15 && restored.Changes.Count == 0);
            Same(3ul, db.LoadEntry("changed").Revision);
            Same(1ul, db.LoadEntry("kept").Revision);
            Same(3ul, db.VersionCounters().CharacterRoster);
            Same("[\"Bram\"]", db.LoadVersion(Database.CharacterRoster, 2));
            Snapshot undo = db.GetSnapshot(restored.Undo);
            Check(undo.Kind == SnapshotKind.Automatic && undo.Reason == "restore");

            Restored again = db.RestoreDatabaseFromSnapshot(id);
            Check(again.Saved == 0 && again.Cleared == 0 && again.Commit == null && again.Undo == null);
            db.RestoreDatabaseFromSnapshot(undo.Id);
            Same(after, Contents(db));
        }
    }

    private static void SnapshotRestorePart(string folder)
    {
        string[] keys = { "a", "b", "character_roster", "party_configs" };
        using (var db = new Database(folder))
        {
            System.Action<string> saveAll = json => keys.ToList().ForEach(key => db.SavePersistentData(key, json));
            System.Func<string> now = () => string.Concat(keys.Select(key => Load(db, key)));
            saveAll("1");
            string id = db.CreateDatabaseSnapshot().Id;
            saveAll("2");
            db.SavePersistentData("extra", "3");
            string before = Contents(db);
            Restored plan = db.RestoreDatabaseFromSnapshot(id, new RestoreOptions { DryRun = true });
            Check(plan.DryRun && plan.Saved == 4 && plan.Cleared == 1 && plan.Commit == null && plan.Undo == null);
            SameList(new[] { "a Save 1", "b Save 1", "character_roster Save 1", "extra Clear 0", "party_configs Save 1" },
                plan.Changes.Select(one => one.Key + " " + one.Action + " " + one.Bytes).OrderBy(one => one,
                    System.StringComparer.Ordinal).ToArray());
            Same(before, Contents(db));

            db.RestoreDatabaseFromSnapshot(id, new RestoreOptions { Collections = new[] { "plugin_data" } });
            Same("1122", now());
            Same(null, Load(db, "extra"));
            saveAll("2");
            var some = new RestoreOptions { Keys = new[] { "b", "character_roster", "never there" } };
            db.RestoreDatabaseFromSnapshot(id, some);
            Same("2112", now());
            some.Collections = new[] { "party_configs" };
            Same(null, db.RestoreDatabaseFromSnapshot(id, some).Commit);
            Same(null, db.RestoreDatabaseFromSnapshot(id, new RestoreOptions { Keys = new string[0] }).Commit);
            var wrong = new RestoreOptions { Collections = new[] { "plugin_dat" } };
            Check(Refused(Status.InvalidOption, () => db.RestoreDatabaseFromSnapshot(id, wrong)).Contains("plugin_dat"));
            wrong.Collections = new[] { "save_metadata" };
            Refused(Status.InvalidOption, () => db.RestoreDatabaseFromSnapshot(id, wrong));
            Same("2112", now());
        }
    }

    private static void SnapshotUnknown(string folder)
    {
        using (var db = new Database(folder))
        {
            string json;
            Refused(Status.UnknownSnapshot, () => db.GetSnapshot("latest"));
            db.SavePersistentData("k", "1");
            string id = db.CreateDatabaseSnapshot("town").Id;
            string reason = Refused(Status.UnknownSnapshot, () => db.RestoreDatabaseFromSnapshot("twon"));
            Check(reason.Contains("town") && reason.Contains(id));
            Check(Refused(Status.UnknownSnapshot, () => db.GetSnapshot(id + "0")).Contains(id));
            System.Action[] calls =
            {
                () => db.DeleteSnapshot("twon"), () => db.PinSnapshot("twon"), () => db.VerifySnapshot("twon"),
                () => db.DiffSnapshots("twon"), () => db.DiffSnapshots("town", "twon"),
                () => db.LoadFromSnapshot("twon", "k"), () => db.TryLoadFromSnapshot("twon", "k", out json),
                () => db.ExportSnapshot("twon", folder + "/file")
            };
            foreach (System.Action call in calls)
            {
                Refused(Status.UnknownSnapshot, call);
            }
            Same(id, db.GetSnapshot("latest").Id);
            Same(id, db.GetSnapshot("town").Id);
            string second = db.CreateDatabaseSnapshot("town").Id;
            Check(second != id);
            Same(second, db.GetSnapshot("town").Id);
            Refused(Status.InvalidArgument, () => db.RestoreDatabaseFromSnapshot("now"));
            Refused(Status.InvalidArgument, () => db.DeleteSnapshot("sequence:1"));
        }
    }

    private static void SnapshotListPinDelete(string folder)
    {
        using (var db = new Database(folder))
        {
            Same(0, db.ListSnapshots().Snapshots.Count);
            db.SavePersistentData("k", "1");
            string first = db.CreateDatabaseSnapshot("first").Id;
            db.SavePersistentData("k", "2");
            string second = db.CreateDatabaseSnapshot("second").Id;
            SnapshotList list = db.ListSnapshots();
            SameList(new[] { first, second }, list.Snapshots.Select(one => one.Id).ToArray());
            Same("second", list.Snapshots[1].Label);
            Same(1ul, list.Snapshots[0].Collections["plugin_data"].Documents);
            Check(list.Journal.FromSequence == 0 && list.Journal.ToSequence == 4 && IsRecent(list.Journal.FromTimeMs));
            Same(0ul, list.HistoryBytes);
            Same(4ul, db.VerifySnapshot(first).JournalCommits);
            db.Checkpoint();
            list = db.ListSnapshots();
            Check(list.Journal.FromSequence == 4 && list.HistoryBytes > 0);

            Check(db.PinSnapshot(first).Pinned && db.GetSnapshot(first).Pinned && db.ListSnapshots().Snapshots[0].Pinned);
            Check(!db.PinSnapshot(first, false).Pinned && !db.GetSnapshot(first).Pinned);
            db.DeleteSnapshot(first);
            Refused(Status.UnknownSnapshot, () => db.GetSnapshot(first));
            Refused(Status.UnknownSnapshot, () => db.DeleteSnapshot(first));
            Same(second, db.ListSnapshots().Snapshots.Single().Id);
            SameList(new[] { "save_metadata/snapshots/" + second }, db.ListDatabaseKeysWith("save_metadata/"));
        }
    }

    private static void SnapshotDiff(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("hero", "{\"hp\":10,\"gold\":5}");
            db.SavePersistentData("gone", "1");
            db.SaveEquipmentConfig("[\"sword\"]");
            db.CreateDatabaseSnapshot("first");
            db.SavePersistentData("hero", "{\"hp\":7.50,\"gold\":5}");
            db.ClearDatabaseEntry("gone");
            db.SavePersistentData("new", "[1]");
            db.SaveEquipmentConfig("[\"sword\",\"bow\"]");
            string second = db.CreateDatabaseSnapshot("second").Id;
            const string from = "{\"from\":{\"id\":\"snapshot-3\",\"sequence\":3},\"to\":{\"id\":\"";
            const string rest = "},\"added\":[{\"key\":\"new\",\"bytes\":3}],\"changed\":[{\"key\":\"equipment_sets\",\"patch\":" +
                "[{\"op\":\"add\",\"path\":\"/1\",\"value\":\"bow\"}]},{\"key\":\"hero\",\"patch\":[{\"op\":\"replace\",\"path\":\"/hp\"," +
                "\"value\":7.50}]}],\"removed\":[{\"key\":\"gone\",\"bytes\":1}]}";
            Same(from + second + "\",\"sequence\":8" + rest, db.DiffSnapshots("first", "second"));
            Same(from + "now\",\"sequence\":9" + rest, db.DiffSnapshots("first"));
            Same(db.DiffSnapshots("first"), db.DiffSnapshots("first", "now"));
            Check(db.DiffSnapshots(second).EndsWith("\"added\":[],\"changed\":[],\"removed\":[]}", System.StringComparison.Ordinal));
            db.ClearDatabaseEntry("hero");
            Check(db.DiffSnapshots("second", "now").Contains("\"removed\":[{\"key\":\"hero\""));
        }
    }

    private static void SnapshotLoad(string folder)
    {
        using (var db = new Database(folder))
        {
            string json;
            db.SavePersistentData("k", " [ 1 ] ");
            db.SaveCharacterRosterState("[\"first\"]");
            string id = db.CreateDatabaseSnapshot().Id;
            db.SavePersistentData("k", "2");
            db.SavePersistentData("later", "3");
            db.SaveCharacterRosterState("[\"second\"]");
            string before = Contents(db);
            Same(" [ 1 ] ", db.LoadFromSnapshot(id, "k"));
            Check(db.TryLoadFromSnapshot(id, "character_roster", out json) && json == "[\"first\"]");
            Same("2", db.LoadFromSnapshot("now", "k"));
            Check(!db.TryLoadFromSnapshot(id, "later", out json) && json == null);
            Check(Refused(Status.NotFound, () => db.LoadFromSnapshot(id, "later")).Contains("later"));
            Refused(Status.InvalidKey, () => db.LoadFromSnapshot(id, ""));
            Same(before, Contents(db));
        }
    }
}
