// What is special to files of other programs in C#: handlers of progress that throw, stop or work again, the collector while
// C holds their context, arguments, and the text of options.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    // Enough for more than one piece of progress.
    private static void SaveMuch(Database db)
    {
        Enumerable.Range(0, 20).ToList().ForEach(
            i => db.SavePersistentData("large " + i, "\"" + new string('x', 100000) + "\""));
    }

    private static void ProgressThatThrows(string folder)
    {
        string path = folder + "/out", target = folder + "/other";
        using (var db = new Database(folder + "/store"))
        {
            SaveMuch(db);
            db.ExportDatabaseForSharing(null, path);
            ulong sequence = db.ListSnapshots().Journal.ToSequence;
            foreach (int when in new[] { 1, 2, 4 })
            {
                int calls = 0;
                var thrown = new InvalidOperationException("number " + when);
                ProgressHandler handler = (done, total) => ++calls >= when ? throw thrown : true;
                InvalidOperationException error =
                    Throws<InvalidOperationException>(() => db.ExportDatabaseForSharing("xml", target, handler));
                Check(ReferenceEquals(thrown, error) && error.StackTrace.Contains("ProgressThatThrows"));
                Same(when, calls); // it is not asked again
                calls = 0;
                Check(ReferenceEquals(thrown, Throws<InvalidOperationException>(
                    () => db.ImportDatabaseFromExternal(path, null, null, handler))));
                Same(when, calls);
            }
            // One of the binding's own is nothing special.
            Refused(Status.InvalidKey, () => db.ExportDatabaseForSharing(null, target, (done, total) => Load(db, "") == null));
            Check(!File.Exists(target));
            Same(sequence, db.ListSnapshots().Journal.ToSequence);
            Same(20ul, db.ExportDatabaseForSharing(null, target).Documents);
            Check(File.Exists(target));
        }
    }

    private static void ProgressThatStops(string folder)
    {
        string path = folder + "/out";
        using (var db = new Database(folder + "/store"))
        {
            SaveMuch(db);
            db.ExportDatabaseForSharing(null, path);
            int calls = 0;
            ProgressHandler second = (done, total) => ++calls < 2;
            Check(Refused(Status.Cancelled, () => db.ExportDatabaseForSharing("csv", folder + "/other", second)).Length > 0);
            Same(2, calls);
            calls = 0;
            Refused(Status.Cancelled, () => db.ImportDatabaseFromExternal(path, null, null, second));
            Same(2, calls);
            Check(!File.Exists(folder + "/other"));
        }
    }

    // It runs on the thread that works, and may work with the store; one work within another has its own handler.
    private static void ProgressThatWorks(string folder)
    {
        string path = folder + "/out";
        using (var other = new Database(folder + "/other"))
        using (var db = new Database(folder + "/store"))
        {
            SaveMuch(db);
            int calls = 0, inner = 0, elsewhere = 0;
            Thread here = Thread.CurrentThread;
            ProgressHandler handler = (done, total) =>
            {
                elsewhere += Thread.CurrentThread == here ? 0 : 1;
                db.SavePersistentData("progress", done.ToString());
                Collect();
                if (++calls == 1)
                {
                    other.ExportDatabaseForSharing("xml", path + "2", (some, all) => ++inner > 0);
                    Throws<TimeoutException>(() => other.ImportDatabaseFromExternal(path + "2", null, null,
                        (some, all) => throw new TimeoutException()));
                }
                return true;
            };
            db.ExportDatabaseForSharing(null, path, handler);
            Check(calls > 3 && inner > 0 && Load(db, "progress") != null);
            int before = calls;
            db.ImportDatabaseFromExternal(path, null, null, handler);
            Check(calls > before && elsewhere == 0);
        }
    }

    // In a method of its own, so that nothing on a stack still points at the object.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> ExportWithHandlers(Database db, string path)
    {
        var all = new List<WeakReference>();
        foreach (int end in new[] { 0, 1, 2 })
        {
            var held = new int[1];
            all.Add(new WeakReference(held));
            try
            {
                db.ExportDatabaseForSharing(null, path, (done, total) =>
                {
                    held[0]++;
                    Collect();
                    return end == 0 || (end == 1 ? false : throw new TimeoutException());
                });
            }
            catch (TimeoutException)
            {
            }
            catch (CofferException)
            {
            }
            Check(held[0] > 0);
        }
        return all;
    }

    private static void ProgressIsLetGo(string folder)
    {
        using (var db = new Database(folder + "/store"))
        {
            SaveMuch(db);
            List<WeakReference> all = null;
            var thread = new Thread(() => all = ExportWithHandlers(db, folder + "/out"));
            thread.Start();
            thread.Join();
            for (int i = 0; i < 100 && all.Any(one => one.IsAlive); i++)
            {
                Collect();
                Thread.Sleep(10);
            }
            Check(!all.Any(one => one.IsAlive));
        }
    }

    private static void ExchangeArguments(string folder)
    {
        // Windows has no quotes and controls in the names of files, and takes a backslash for a folder's end.
        string path = folder + (Path.DirectorySeparatorChar == '\\' ? "/ \u00E9 '\U0001F5E1" : "/ \u00E9 \"\\\n\U0001F5E1");
        ProgressHandler never = (done, total) => throw new TimeoutException("it was asked");
        var db = new Database(folder + "/store");
        Throws<ArgumentNullException>(() => db.ImportDatabaseFromExternal(null, null, null, never));
        Check(Refused(Status.InvalidArgument, () => db.ExportDatabaseForSharing("a\0b", path, never)).Contains("format holds"));
        Check(Refused(Status.InvalidArgument, () => db.ExportDatabaseForSharing(null, "a\0", never)).Contains("path holds"));
        Refused(Status.InvalidArgument, () => db.ImportDatabaseFromExternal("a\0", null, null, never));
        Refused(Status.InvalidArgument, () => db.ImportDatabaseFromExternal(path, "\0", null, never));
        Refused(Status.InvalidUtf8, () => db.ExportDatabaseForSharing(null, "\uD800", never));
        Refused(Status.InvalidArgument, () => db.ImportDatabaseFromExternal("", null, null, never));
        Refused(Status.InvalidUtf8, () => db.ImportDatabaseFromExternal(path, null, new ImportOptions { Key = "\uDC00" }, never));
        var nulls = new ImportOptions { Collections = new string[] { null } };
        Throws<ArgumentException>(() => db.ImportDatabaseFromExternal(path, null, nulls, never));
        Same(path, db.ExportDatabaseForSharing(null, path).Path);
        Same(path, db.ImportDatabaseFromExternal(path).Path);
        db.Dispose();
        Throws<ObjectDisposedException>(() => db.ExportDatabaseForSharing(null, path, never));
        Throws<ObjectDisposedException>(() => db.ImportDatabaseFromExternal(path, null, null, never));
        Throws<ObjectDisposedException>(() => db.ExportDatabaseForSharing());
        Same(0ul, Database.LiveHandles);
    }

    private static void ImportOptionsAndAnswers(string folder)
    {
        Same("{}", new ImportOptions().ToJson());
        Same("{\"lenient\":true}", new ImportOptions { Lenient = true }.ToJson());
        Same("{\"mode\":\"replace\",\"on_conflict\":\"fail\",\"collections\":[\"a\",\"b\"],\"key_column\":\"i\\\"d\",\"key\":\"\"," +
            "\"dry_run\":true,\"lenient\":true,\"whole\":true,\"data\":true}", new ImportOptions
            {
                Mode = ImportMode.Replace, OnConflict = OnConflict.Fail, Collections = new List<string> { "a", "b" },
                KeyColumn = "i\"d", Key = "", DryRun = true, Lenient = true, Whole = true, Data = true
            }.ToJson());
        string path = folder + "/in";
        using (var db = new Database(folder + "/store"))
        {
            Func<string, ImportOptions, ImportedFile> import = (text, options) =>
            {
                File.WriteAllText(path, text);
                return db.ImportDatabaseFromExternal(path, null, options);
            };
            ImportedFile twice = import("[{\"id\":\"a\",\"n\":1},{\"id\":\"a\",\"n\":2}]", new ImportOptions { KeyColumn = "id" });
            Check(twice.Documents == 2 && twice.Saved == 1 && twice.Skipped == 1 && twice.FileBytes == 35);
            SkippedDocument skipped = twice.SkippedDocuments.Single();
            Check(skipped.Key == "a" && skipped.Line == 1 && skipped.Column == 19 && skipped.Reason.Length > 0);
            const string mixed = "{\"party_configs\":{\"p\":[1.0]},\"mine\":2}";
            ImportedFile data = import(mixed, new ImportOptions { Data = true, DryRun = true, Collections = new[] { "party_configs" } });
            Check(data.DryRun && data.Saved == 1 && data.Skipped == 1 && Load(db, "party_configs") == null);
            Same("{\"party_configs\":{\"p\":[1.0]}}", data.Data);
            Same(0ul, import(mixed, new ImportOptions { Collections = new string[0] }).Saved);
            const string loose = "<r>loose<i key='x' a='1'/></r>";
            Refused(Status.Unreadable, () => import(loose, null));
            Check(import(loose, new ImportOptions { Lenient = true }).Format == "xml" && Load(db, "x") != null);
            Same(1ul, import(" [1] ", new ImportOptions { Whole = true, Key = "a \"quoted\" key\n" }).Saved);
            Check(Load(db, "a \"quoted\" key\n") != null);
            ExportedFile file = db.ExportDatabaseForSharing(null, path);
            Same(file.TimeMs, new DateTimeOffset(file.Time).ToUnixTimeMilliseconds());
            Same(DateTimeKind.Utc, file.Time.Kind);
        }
    }
}
