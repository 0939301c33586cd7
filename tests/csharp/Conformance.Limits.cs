// The conformance cases about options, limits and texts: what is refused, and what is only just accepted.
//
// It must not hold cases about what the store does with good input: those are in Conformance.cs, whose Main runs
// both. Invariant: what is refused changes nothing.
using System;
using System.IO;
using System.Linq;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private static void Options(string folder)
    {
        Check(Refused(Status.InvalidOption, () => Database.OpenJson(folder, "{\"colour\":\"red\"}")).Contains("colour"));
        foreach (string bad in new[] { "{\"max_depth\":0}", "{\"max_depth\":1025}", "{\"create\":1}", "{\"durability\":2}",
            "{\"flush_interval_ms\":0}", "{\"segment_bytes\":1}", "{\"recovery\":\"maybe\"}", "{\"snapshots_kept\":0}",
            "{\"snapshot_every_minutes\":-1}" })
        {
            Refused(Status.InvalidOption, () => Database.OpenJson(folder, bad));
        }
        Directory.CreateDirectory(folder);
        Refused(Status.NoStore, () => new Database(folder, new Options { Create = false }));
        Same(0ul, Database.LiveHandles);
        var every = new Options
        {
            Durability = Durability.Durable, Plugin = "a \"quoted\" name\\\n\u00E9", Create = true, ReadOnly = false,
            Recovery = Recovery.Salvage, FlushIntervalMs = 60000, SyncIntervalMs = 1, CheckpointBytes = 1 << 20,
            SegmentBytes = 65536, MaxDocumentBytes = 1 << 30, MaxDepth = 1024,
            VersionsKept = 5, SnapshotEveryMinutes = 60, SnapshotsKept = 3
        };
        using (var db = new Database(folder, every))
        {
            db.SavePersistentData("k", "1");
            Refused(Status.InvalidOption, () => new Database(folder, new Options { MaxDepth = 5 }));
            Refused(Status.InvalidOption, () => new Database(folder, new Options { SnapshotEveryMinutes = 61 }));
            Refused(Status.InvalidOption, () => new Database(folder, new Options { SnapshotsKept = 4 }));
            Same("1", Load(db, "k"));
        }
    }

    private static void InvalidJson(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("k", "[\"kept\"]");
            db.SavePartyConfig("1");
            foreach (string bad in new[] { "{", "[1,]", "01", "nul", "", "\"\x01\"", "1 2", "{} x", "[1] ,", " ", "'a'", "+1", "1.",
                "NaN", "{\"a\"}", "{a:1}", "\"\\x\"", "\"\\u12\"", "\uFEFF{}" })
            {
                Refused(Status.InvalidJson, () => db.SavePersistentData("k", bad));
                Refused(Status.InvalidJson, () => db.SaveEntry("k", bad));
                Refused(Status.InvalidJson, () => db.SavePartyConfig(bad));
            }
            Refused(Status.InvalidUtf8, () => db.SavePersistentData("k", new byte[] { 0x22, 0xFF, 0x22 }, 0, 3));
            Same("[\"kept\"]", Load(db, "k"));
            Same(1ul, db.LoadEntry("k").Revision);
            Same(1ul, db.VersionCounters().PartyConfigs);
        }
    }

    private static void InvalidKeys(string folder)
    {
        using (var db = new Database(folder))
        {
            foreach (string bad in new[] { "", new string('k', 1025), new string('k', 100000), new string('\u00E9', 513) })
            {
                Refused(Status.InvalidKey, () => db.SavePersistentData(bad, "1"));
                Refused(Status.InvalidKey, () => Load(db, bad));
                Refused(Status.InvalidKey, () => db.ClearDatabaseEntry(bad));
                Refused(Status.InvalidKey, () => db.SaveBatch(new Batch().Save(bad, "1")));
            }
            string longest = new string('\u00E9', 512);
            db.SavePersistentData(longest, "1");
            Same("1", Load(db, longest));
            SameList(new[] { longest }, db.ListDatabaseKeysWith("\u00E9\u00E9"));
        }
    }

    private static void TooLargeAndTooDeep(string folder)
    {
        using (var db = new Database(folder + "/limited", new Options { MaxDocumentBytes = 64, MaxDepth = 4 }))
        {
            string largest = "\"" + new string('\u00E9', 31) + "\"";
            db.SavePersistentData("large", largest);
            Refused(Status.TooLarge, () => db.SavePersistentData("large", largest + " "));
            Same(largest, Load(db, "large"));
            db.SavePersistentData("deep", "[[{\"a\":[1]}]]");
            Refused(Status.TooDeep, () => db.SavePersistentData("deep", "[[{\"a\":[[]]}]]"));
            Same("[[{\"a\":[1]}]]", Load(db, "deep"));
        }
        using (var db = new Database(folder + "/usual"))
        {
            db.SavePersistentData("deep", new string('[', 128) + new string(']', 128));
            Refused(Status.TooDeep, () => db.SavePersistentData("deep", new string('[', 129) + new string(']', 129)));
            Refused(Status.TooDeep, () => db.SavePersistentData("deep", new string('[', 1000000)));
        }
    }

    private static void Unicode(string folder)
    {
        string[] keys =
        {
            "\u0001\u001F\u007F", "\"\\/", "\u0080\u07FF", "\u0800\uD7FF\uE000\uFFFF", "\U00010000\U0010FFFF",
            "\U0001F469\u200D\U0001F680", "e\u0301", "\n"
        };
        string[] documents =
        {
            "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\U0001F600 \u00E9 \u6F22\"", "{\"\U0001F600\":\"\\/\\b\\f\\n\\r\\t\"}",
            "\"\U0010FFFF\"", "\"\u007F\u0080\"", "\"\\u0000x\""
        };
        using (var db = new Database(folder))
        {
            for (int i = 0; i < keys.Length; i++)
            {
                db.SavePersistentData(keys[i], documents[i]);
                Same(documents[i], Load(db, keys[i]));
            }
        }
        using (var db = new Database(folder))
        {
            for (int i = 0; i < keys.Length; i++)
            {
                Same(documents[i], Load(db, keys[i]));
                Same(1, db.ListDatabaseKeys().Count(key => key == keys[i]));
            }
            Same(keys.Length + FreshKeys.Length, db.ListDatabaseKeys().Length);
        }
    }

    private static void ClosedHandle(string folder)
    {
        string json;
        Entry entry;
        var db = new Database(folder);
        db.Close();
        Check(!db.IsOpen);
        Action[] calls =
        {
            () => db.SavePersistentData("k", "1"), () => db.SavePersistentData("k", new byte[] { 0x31 }, 0, 1),
            () => db.LoadPersistentData("k"), () => db.TryLoadPersistentData("k", out json),
            () => db.LoadPersistentDataInto("k", new byte[9]), () => db.ClearDatabaseEntry("k"), () => db.ListDatabaseKeys(),
            () => db.ListDatabaseKeysWith("k"), () => db.LoadEntry("k"), () => db.TryLoadEntry("k", out entry),
            () => db.SaveEntry("k", "1"), () => db.ClearEntry("k"), () => db.SaveBatch(new Batch().Save("k", "1")),
            () => db.SaveCharacterRosterState("1"), () => db.LoadCharacterRosterState(), () => db.SaveEquipmentConfig("1"),
            () => db.LoadEquipmentConfig(), () => db.SavePartyConfig("1"), () => db.LoadPartyConfig(),
            () => db.LoadVersion("party_configs", 1), () => db.ListVersions("party_configs"), () => db.VersionCounters(),
            () => db.CreateDatabaseSnapshot(), () => db.RestoreDatabaseFromSnapshot("latest"), () => db.ListSnapshots(),
            () => db.GetSnapshot("latest"), () => db.DeleteSnapshot("latest"), () => db.PinSnapshot("latest"),
            () => db.VerifySnapshot("latest"), () => db.DiffSnapshots("latest"), () => db.LoadFromSnapshot("latest", "k"),
            () => db.TryLoadFromSnapshot("latest", "k", out json), () => db.ExportSnapshot("latest", folder + "/file"),
            () => db.ImportSnapshot(folder + "/file"), () => db.DiffVersions("party_configs", 1, 2),
            () => db.Subscribe("*", one => { }), () => db.Poll(), () => db.Publish("topic", "1"), () => db.References(),
            () => db.SyncTier1DataToHub(), () => db.RegisterDatabaseAsMasterReference(),
            () => db.ExportDatabaseForSharing(), () => db.ImportDatabaseFromExternal(folder + "/file"),
            () => db.RecoveryReport(), () => db.Flush(), () => db.Checkpoint(), () => db.Close()
        };
        foreach (Action call in calls)
        {
            Check(Throws<ObjectDisposedException>(call).Message.Contains("COFFER_ERROR_INVALID_HANDLE"));
        }
    }
}
