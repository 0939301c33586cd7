// The conformance cases about files of other programs.
//
// It must not take an exported file apart. Invariant: after what fails, every document is compared, not only those that
// were meant.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Coffer;
using static Test;

internal static partial class Conformance
{
    // Documents that one format or another finds hard. They have no white space to lose and no escape that can be written
    // otherwise, so that the same value is the same text.
    private static readonly string[] HardKeys =
    {
        "numbers", "empty", "doubled", "slot 2 \"odd\", key\n", "=formula", "lines", "\U0001F5E1/\u00E9", "null", "number",
        "order-1", "order-2"
    };

    private static readonly string[] HardDocuments =
    {
        "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"big\":123456789012345678901234567890,\"d\":1.0,\"e\":1e400}",
        "{\"object\":{},\"array\":[],\"text\":\"\",\"null\":null,\"yes\":true,\"deep\":[[],[{}],[[1,[2]]]]}",
        "{\"a\":\"@x\",\"b\":1,\"a\":\"twice\"}",
        "[{\"a\":1,\"b.c\":\"x\"},{\"a\":2,\"b[0]\":\"=1+1\",\"\":[1,{\"\":0}]}]",
        "\" \\\"leading\\\", <and> & trailing; \"", "\"line\\r\\nend\\ttab\\u0000\\\\\"", "\"]]> --> \u2028\"", "null",
        "-1.50E+3", "{\"x\":1,\"y\":2}", "{\"y\":2,\"x\":1}"
    };

    // Every document by its key, past versions included, but for the layer's own records, as one text.
    private static string Everything(Database db)
    {
        var all = new List<string>();
        foreach (string key in db.ListDatabaseKeys().Where(one => !one.StartsWith("save_metadata", StringComparison.Ordinal)))
        {
            all.Add(key + "=" + Load(db, key));
        }
        foreach (string name in new[] { Database.CharacterRoster, Database.EquipmentSets, Database.PartyConfigs })
        {
            all.AddRange(db.ListVersions(name).Select(one => name + one.Version + "=" + db.LoadVersion(name, one.Version)));
        }
        return string.Join("\n", all);
    }

    private static void Fill(Database db)
    {
        db.SaveCharacterRosterState("{\"0\":{\"name\":\"Ash\",\"level\":1}}");
        db.SaveCharacterRosterState("{\"0\":{\"name\":\"\u00DCn\u00EF \\\"q\\\" \U0001F600\",\"level\":1.0}}");
        db.SaveEquipmentConfig("[]");
        db.SavePartyConfig("{\"a\":1}");
        db.ClearDatabaseEntry(Database.PartyConfigs);
        for (int i = 0; i < HardKeys.Length; i++)
        {
            db.SavePersistentData(HardKeys[i], HardDocuments[i]);
        }
    }

    private static string WriteFile(string folder, string name, string text)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static void ExchangeRoundTrip(string folder)
    {
        using (var from = new Database(folder + "/from"))
        {
            Fill(from);
            string before = Everything(from);
            var hashes = new HashSet<string>();
            foreach (string format in new[] { "json", "csv", "xml" })
            {
                string path = folder + "/out." + format;
                ulong sequence = from.ListSnapshots().Journal.ToSequence;
                ExportedFile exported = from.ExportDatabaseForSharing(format, path);
                Check(exported.Path == path && exported.Format == format && exported.Sequence == sequence);
                Check(exported.Documents == 15 && exported.Bytes == (ulong)new FileInfo(path).Length);
                Check(Regex.IsMatch(exported.Sha256, "^[0-9a-f]{64}$") && hashes.Add(exported.Sha256));
                Check(IsRecent(exported.TimeMs) && Load(from, "save_metadata/last_export").Contains(exported.Sha256));
                using (var to = new Database(folder + "/to-" + format))
                {
                    ImportedFile imported = to.ImportDatabaseFromExternal(path);
                    Check(imported.Path == path && imported.Format == format && imported.FileBytes == exported.Bytes);
                    Check(imported.Documents == 15 && imported.Saved == 15 && imported.Unchanged == 0);
                    Check(imported.Skipped == 0 && imported.Cleared == 0 && !imported.DryRun && imported.Data == null);
                    Check(imported.Commit > 0 && imported.Undo != null);
                    Same(before, Everything(to));
                    VersionCounters counters = to.VersionCounters();
                    Check(counters.CharacterRoster == 2 && counters.EquipmentSets == 1 && counters.PartyConfigs == 1);
                    ImportedFile again = to.ImportDatabaseFromExternal(path, format);
                    Check(again.Saved == 0 && again.Commit == null && again.Undo == null);
                }
                using (var to = new Database(folder + "/to-" + format))
                {
                    Same(before, Everything(to));
                }
            }
        }
    }

    private static void ExchangeDefaults(string folder)
    {
        string store = folder + "/store", target = folder + "/out";
        using (var db = new Database(store))
        {
            db.SavePersistentData("k", "[1]");
            ExportedFile usual = db.ExportDatabaseForSharing();
            Check(usual.Format == "json" && File.Exists(usual.Path));
            Same(Path.GetFullPath(store), Path.GetDirectoryName(Path.GetFullPath(usual.Path)));
            Check(Regex.IsMatch(Path.GetFileName(usual.Path), "^database_export_[0-9]{8}_[0-9]{6}\\.json$"));
            foreach (string odd in new[] { "CSV", "Xml", "jSON" })
            {
                Same(odd.ToLowerInvariant(), db.ExportDatabaseForSharing(odd, target).Format);
                Same(1ul, db.ImportDatabaseFromExternal(target, odd).Unchanged);
            }
            Refused(Status.InvalidArgument, () => db.ExportDatabaseForSharing("yaml", target + "2"));
            Refused(Status.InvalidArgument, () => db.ImportDatabaseFromExternal(target, "yaml"));
            Check(!File.Exists(target + "2"));
            string[] files = Directory.GetFiles(store);
            Check(files.Length > 1);
            foreach (string own in files.Where(file => Path.GetFullPath(file) != Path.GetFullPath(usual.Path)))
            {
                Refused(Status.InvalidArgument, () => db.ExportDatabaseForSharing("json", own));
            }
            Same(files.Length, Directory.GetFiles(store).Length);
        }
        using (var db = new Database(store))
        {
            Same("[1]", Load(db, "k"));
        }
    }

    private static void ExchangeImport(string folder)
    {
        string found = WriteFile(folder, "object", " {\"same\": { \"x\" : 1 }, \"other\": [1], \"new\": \"n\"}");
        string array = WriteFile(folder, "array", "[{\"key\":\"m-1\",\"hp\":3},{\"key\":\"m-2\",\"hp\":4}]");
        string table = WriteFile(folder, "items.txt", "\uFEFFid;name;price\r\n7;Potion;50\r\n8;\"Me;ga\";1.50\r\n");
        using (var db = new Database(folder + "/store"))
        {
            db.SavePartyConfig("[\"kept\"]");
            db.SavePersistentData("same", "{\"x\":1}");
            db.SavePersistentData("other", "[0]");
            string before = Everything(db);
            ImportedFile planned = db.ImportDatabaseFromExternal(found, null, new ImportOptions { DryRun = true });
            Check(planned.DryRun && planned.Saved == 2 && planned.Unchanged == 1 && planned.Commit == null);
            var fail = new ImportOptions { OnConflict = OnConflict.Fail };
            Refused(Status.Conflict, () => db.ImportDatabaseFromExternal(found, null, fail));
            Same(before, Everything(db));
            var skip = new ImportOptions { OnConflict = OnConflict.Skip };
            ImportedFile skipped = db.ImportDatabaseFromExternal(found, null, skip);
            Check(skipped.Saved == 1 && skipped.Unchanged == 1 && skipped.Skipped == 1 && skipped.Cleared == 0);
            Check(skipped.SkippedDocuments.Single().Key == "other" && skipped.SkippedDocuments[0].Reason.Length > 0);
            Same("[0]", Load(db, "other"));
            ImportedFile merged = db.ImportDatabaseFromExternal(found);
            Check(merged.Format == "json" && merged.Saved == 1 && merged.Unchanged == 2 && Load(db, "other") == "[1]");
            Same(2ul, db.ImportDatabaseFromExternal(array).Saved);
            Check(Load(db, "same") == "{\"x\":1}" && Load(db, "m-2") == "{\"key\":\"m-2\",\"hp\":4}");
            Same("csv", db.ImportDatabaseFromExternal(table).Format);
            Same("[{\"id\":7,\"name\":\"Potion\",\"price\":50},{\"id\":8,\"name\":\"Me;ga\",\"price\":1.50}]", Load(db, "items"));

            string middle = Everything(db);
            var replace = new ImportOptions { Mode = ImportMode.Replace, Collections = new[] { "plugin_data" } };
            ImportedFile replaced = db.ImportDatabaseFromExternal(array, "JSON", replace);
            Check(replaced.Saved == 0 && replaced.Unchanged == 2 && replaced.Cleared == 4 && replaced.Commit != null);
            Check(Load(db, "same") == null && Load(db, "m-1") != null && db.LoadPartyConfig() == "[\"kept\"]");
            Same(4ul, db.RestoreDatabaseFromSnapshot(replaced.Undo).Saved);
            Same(middle, Everything(db));
            replace.Collections = new[] { "plugin_dat" };
            Check(Refused(Status.InvalidOption, () => db.ImportDatabaseFromExternal(array, null, replace))
                .Contains("plugin_dat"));
            replace = new ImportOptions { Mode = (ImportMode)7 };
            Refused(Status.InvalidOption, () => db.ImportDatabaseFromExternal(array, null, replace));
            Same(middle, Everything(db));
        }
    }

    private static void ExchangeErrors(string folder)
    {
        using (var db = new Database(folder + "/store"))
        {
            Fill(db);
            string before = Everything(db);
            ulong sequence = db.ListSnapshots().Journal.ToSequence;
            Action<string, string, string> unreadable = (name, text, place) =>
            {
                string path = WriteFile(folder, name, text);
                string reason = Refused(Status.Unreadable, () => db.ImportDatabaseFromExternal(path));
                Check(reason.Contains(place) && reason.Contains(name));
            };
            unreadable("torn.json", "{\"a\":1,\n\"b\":[1,", "line 2, column 8");
            unreadable("ragged.csv", "a,b\n1,2\n1,2,3\n", "line 3, column 5");
            unreadable("doctype.xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY a \"b\">]>\n<r/>", "line 2, column 1");
            Refused(Status.Io, () => db.ImportDatabaseFromExternal(folder + "/no such file"));
            Refused(Status.Io, () => db.ExportDatabaseForSharing("json", folder + "/no such folder/file"));
            Same(before, Everything(db));
            Same(sequence, db.ListSnapshots().Journal.ToSequence);
        }
    }

    private static void ExchangeProgress(string folder)
    {
        using (var db = new Database(folder + "/store"))
        {
            Enumerable.Range(0, 20).ToList().ForEach(
                i => db.SavePersistentData("large " + i, "\"" + new string('x', 100000) + "\""));
            var told = new List<ulong>();
            ulong all = 0;
            ProgressHandler note = (done, total) =>
            {
                told.Add(done);
                all = total;
                return true;
            };
            Action complete = () =>
            {
                Check(told.Count > 3 && told.Last() == all && all > 2000000 && told.SequenceEqual(told.OrderBy(one => one)));
                told.Clear();
            };
            string path = folder + "/out";
            foreach (string format in new[] { "json", "csv", "xml" })
            {
                Same(20ul, db.ExportDatabaseForSharing(format, path, note).Documents);
                complete();
                Same(20ul, db.ImportDatabaseFromExternal(path, format, null, note).Unchanged);
                complete();
            }
            byte[] before = File.ReadAllBytes(path);
            string wanted = WriteFile(folder, "wanted.json", "{\"new\":1}");
            int files = Directory.GetFiles(folder).Length;
            ulong sequence = db.ListSnapshots().Journal.ToSequence;
            ProgressHandler stop = (done, total) => false;
            Refused(Status.Cancelled, () => db.ExportDatabaseForSharing("json", path, stop));
            Refused(Status.Cancelled, () => db.ExportDatabaseForSharing("json", folder + "/new", stop));
            Refused(Status.Cancelled, () => db.ImportDatabaseFromExternal(wanted, null, null, stop));
            Check(before.SequenceEqual(File.ReadAllBytes(path)) && Directory.GetFiles(folder).Length == files);
            Check(Load(db, "new") == null && db.ListSnapshots().Journal.ToSequence == sequence);
        }
    }
}
