// The conformance cases about what outlives the moment: moments of the journal, exported files, reopening.
//
// It must not write into a store's folder. Invariant: as in Conformance.Snapshots.cs, every document is compared.
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private static void SnapshotMoment(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 1; i <= 5; i++)
            {
                db.SavePersistentData("k", i.ToString(CultureInfo.InvariantCulture));
            }
            db.Checkpoint();
            long fromTime = db.ListSnapshots().Journal.FromTimeMs;
            db.SavePersistentData("k", "6");
            db.SavePersistentData("k", "7");
            long time = db.LoadEntry("k").SavedAtMs;
            Thread.Sleep(20); // so that the time means one state
            db.SavePersistentData("k", "8");
            Restored restored = db.RestoreDatabaseFromSnapshot("sequence:6");
            Check(restored.Id == "sequence:6" && restored.Sequence == 6);
            Same("6", Load(db, "k"));
            Same("7", db.LoadFromSnapshot("sequence:7", "k"));
            db.RestoreDatabaseFromSnapshot("time:" + time.ToString(CultureInfo.InvariantCulture));
            Same("7", Load(db, "k"));
            db.RestoreDatabaseFromSnapshot("sequence:5");
            Same("5", Load(db, "k"));
            string before = Contents(db);
            string early = "time:" + (fromTime - 1000).ToString(CultureInfo.InvariantCulture);
            foreach (string moment in new[] { "sequence:4", "sequence:100000", early })
            {
                Refused(Status.OutOfReach, () => db.RestoreDatabaseFromSnapshot(moment));
                Refused(Status.OutOfReach, () => db.LoadFromSnapshot(moment, "k"));
                Refused(Status.OutOfReach, () => db.DiffSnapshots(moment));
                Refused(Status.OutOfReach, () => db.ExportSnapshot(moment, folder + ".file"));
            }
            Refused(Status.InvalidArgument, () => db.RestoreDatabaseFromSnapshot("sequence:x"));
            Same(before, Contents(db));
        }
    }

    private static void SnapshotExportImport(string folder)
    {
        string file = folder + "_\u00E9.coffer";
        string before;
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 50; i++)
            {
                db.SavePersistentData("slot/" + i, "[" + i + "]");
            }
            db.SaveCharacterRosterState("[\"Aria\"]");
            string id = db.CreateDatabaseSnapshot("town").Id;
            before = Contents(db);
            db.SavePersistentData("slot/7", "\"later\"");
            Exported exported = db.ExportSnapshot("town", file);
            Check(exported.Id == id && exported.Path == file && exported.Sequence == 51 && exported.Documents == 51);
            Check(exported.Bytes > 0 && exported.FileBytes == (ulong)new FileInfo(file).Length);
        }
        byte[] good = File.ReadAllBytes(file);
        using (var db = new Database(folder + "_other"))
        {
            db.SavePersistentData("mine", "1");
            db.SavePersistentData("slot/7", "\"mine\"");
            string mine = Contents(db);
            Snapshot imported = db.ImportSnapshot(file);
            Check(imported.Kind == SnapshotKind.Imported && imported.Label == "town" && imported.File != null);
            Same("again", db.ImportSnapshot(file, "again").Label);
            Same(mine, Contents(db));
            File.Delete(file);
            Verified verified = db.VerifySnapshot(imported.Id);
            Check(verified.Id == imported.Id && verified.Documents == 51 && verified.Bytes == imported.Bytes);
            Check(verified.Files == 1 && verified.FileBytes > 0 && verified.JournalCommits == 0);
            db.RestoreDatabaseFromSnapshot(imported.Id);
            Same(before, Contents(db));
            RefuseDamaged(db, file, good);
            Same(before, Contents(db));
        }
    }

    private static void RefuseDamaged(Database db, string file, byte[] good)
    {
        int count = db.ListSnapshots().Snapshots.Count;
        for (int place = 64; place < good.Length; place += 41)
        {
            byte[] damaged = good.ToArray();
            damaged[place] ^= 4;
            File.WriteAllBytes(file, damaged);
            Refused(Status.Corrupt, () => db.ImportSnapshot(file));
        }
        File.WriteAllBytes(file, good.Take(good.Length - 1).ToArray());
        Refused(Status.Corrupt, () => db.ImportSnapshot(file));
        File.Delete(file);
        Refused(Status.Io, () => db.ImportSnapshot(file));
        Same(count, db.ListSnapshots().Snapshots.Count);
    }

    private static void SnapshotReopen(string folder)
    {
        var states = new string[4];
        for (int round = 0; round < states.Length; round++)
        {
            using (var db = new Database(folder))
            {
                for (int i = 0; i < 20; i++)
                {
                    db.SavePersistentData("slot/" + i, "[" + round + "," + i + "]");
                }
                if (round > 1)
                {
                    db.ClearDatabaseEntry("slot/1");
                }
                db.CreateDatabaseSnapshot("round " + round);
                states[round] = Contents(db);
                if (round == 1)
                {
                    db.Checkpoint();
                }
                db.Close();
            }
        }
        using (var db = new Database(folder))
        {
            Same(states.Length, db.ListSnapshots().Snapshots.Count);
            foreach (int round in new[] { 0, 3, 1, 2 })
            {
                string name = "round " + round;
                Verified verified = db.VerifySnapshot(name);
                Check(verified.Documents == db.GetSnapshot(name).Documents && verified.Bytes > 0);
                Check(verified.Files > 0 && verified.FileBytes > 0);
                db.RestoreDatabaseFromSnapshot(name);
                Same(states[round], Contents(db));
            }
        }
    }
}
