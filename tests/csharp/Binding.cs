// What is special to the C# binding: handles that are forgotten, disposed twice or used afterwards, texts on their way to
// UTF-8, byte arrays, many threads, and the names of the statuses. What is special to events is in Binding.Hub.cs, to
// plug-ins in Binding.Plugins.cs, to hosts in Binding.Hosts.cs, to files of other programs in Binding.Exchange.cs, to health in
// Binding.Health.cs, to the API over HTTP in Binding.Gateway.cs, to application domains in Binding.Domains.cs.
//
// It must not repeat the conformance cases. Invariant: every case ends with no handle left open.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    // In a method and on a thread of its own, so that nothing on a stack still points at the objects.
    private static void Forget(string folder)
    {
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                new Database(folder).SavePersistentData("k" + i, "1");
            }
        });
        thread.Start();
        thread.Join();
    }

    private static void FinalizerClosesForgottenHandles(string folder)
    {
        Forget(folder);
        for (int i = 0; i < 100 && Database.LiveHandles > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }
        Same(0ul, Database.LiveHandles);
        using (var db = new Database(folder))
        {
            Same(20, db.ListDatabaseKeysWith("k").Length);
        }
    }

    private static void DisposeTwice(string folder)
    {
        var db = new Database(folder);
        db.SavePersistentData("k", "1");
        db.Dispose();
        db.Dispose();
        Check(!db.IsOpen);
        Throws<ObjectDisposedException>(() => db.Close());
        Throws<ObjectDisposedException>(() => db.LoadPersistentData("k"));
        db = new Database(folder);
        db.Close();
        db.Dispose();
        Throws<ObjectDisposedException>(() => db.Close());
        Same(0ul, Database.LiveHandles);
    }

    private static void FailedOpenLeavesNothing(string folder)
    {
        Refused(Status.InvalidOption, () => new Database(folder, new Options { MaxDepth = -1 }));
        Throws<ArgumentNullException>(() => new Database(null));
        Refused(Status.InvalidArgument, () => new Database("a\0b"));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Same(0ul, Database.LiveHandles);
        using (Database db = Database.OpenJson(folder, null))
        {
            Check(db.IsOpen);
        }
    }

    private static void NulsAndSurrogates(string folder)
    {
        using (var db = new Database(folder))
        {
            Check(Refused(Status.InvalidKey, () => db.SavePersistentData("a\0b", "1")).Contains("key holds a NUL"));
            Refused(Status.InvalidKey, () => Load(db, "a\0"));
            Refused(Status.InvalidJson, () => db.SavePersistentData("k", "1\0"));
            Refused(Status.InvalidJson, () => db.SavePersistentData("k", new byte[] { 0x31, 0, 0x31 }, 0, 3));
            Refused(Status.InvalidKey, () => new Batch().Clear("\0"));
            Refused(Status.InvalidJson, () => new Batch().Save("k", "\0"));
            foreach (int padding in new[] { 0, 2000 }) // on the stack, and in memory that is measured first
            {
                string pad = new string('x', padding);
                Refused(Status.InvalidUtf8, () => db.SavePersistentData(pad + "\uD800", "1"));
                Refused(Status.InvalidUtf8, () => db.SavePersistentData("k", "\"" + pad + "\uDC00\""));
            }
            Throws<ArgumentNullException>(() => db.SavePersistentData(null, "1"));
            Throws<ArgumentNullException>(() => db.SavePersistentData("k", (string)null));
            Throws<ArgumentNullException>(() => new Batch().Save("k", null));
            Throws<ArgumentNullException>(() => db.SaveBatch(null));
            SameList(new string[0], db.ListDatabaseKeysWith("a"));
            Same(null, Load(db, "k"));
            // Around the size where a text moves from the stack to the heap, in one, two, three and four bytes each.
            foreach (string unit in new[] { "x", "\u00E9", "\u6F22", "\U0001F600" })
            {
                for (int count = 80; count < 530; count += 1)
                {
                    string json = "\"" + string.Concat(Enumerable.Repeat(unit, count)) + "\"";
                    db.SavePersistentData("k", json);
                    Same(json, Load(db, "k"));
                }
            }
        }
    }

    private static void BytesInAndOut(string folder)
    {
        using (var db = new Database(folder))
        {
            byte[] bytes = Encoding.UTF8.GetBytes("..[\"\u00E9\"]\0..");
            db.SavePersistentData("pinned", bytes, 2, 6);
            Same("[\"\u00E9\"]", Load(db, "pinned"));
            db.SavePersistentData("copied", bytes, 3, 4);
            Same("\"\u00E9\"", Load(db, "copied"));
            db.SavePersistentData("end", new byte[] { 0x31, 0x32 }, 0, 2);
            Same("12", Load(db, "end"));
            Refused(Status.InvalidJson, () => db.SavePersistentData("k", new byte[0], 0, 0));
            Throws<ArgumentOutOfRangeException>(() => db.SavePersistentData("k", bytes, -1, 1));
            Throws<ArgumentOutOfRangeException>(() => db.SavePersistentData("k", bytes, 0, bytes.Length + 1));
            Throws<ArgumentOutOfRangeException>(() => db.SavePersistentData("k", bytes, bytes.Length + 1, 0));
            Throws<ArgumentOutOfRangeException>(() => db.SavePersistentData("k", bytes, 1, int.MaxValue));

            string large = "\"" + new string('x', 5000) + "\"";
            db.SavePersistentData("large", large);
            byte[] buffer = null;
            int length;
            Check(db.TryLoadPersistentData("end", ref buffer, out length) && length == 2 && buffer[0] == 0x31);
            Check(db.TryLoadPersistentData("large", ref buffer, out length));
            Same(large, Encoding.UTF8.GetString(buffer, 0, length));
            byte[] same = buffer;
            Check(db.TryLoadPersistentData("large", ref buffer, out length) && ReferenceEquals(same, buffer));
            Check(!db.TryLoadPersistentData("missing", ref buffer, out length) && length == 0);
        }
    }

    private static void Batches(string folder)
    {
        using (var db = new Database(folder))
        {
            Batch batch = new Batch().Save("a", "1", 0).Save("b", "2").Clear("c");
            Same(3, batch.Count);
            db.SaveBatch(batch);
            Refused(Status.Conflict, () => db.SaveBatch(batch));
            batch.Reset();
            Same(0, batch.Count);
            db.SaveBatch(batch);
            for (int i = 0; i < 1000; i++)
            {
                batch.Save("many/" + i, "\"" + new string('\u00E9', i) + "\"");
            }
            db.SaveBatch(batch);
            Same(1000, db.ListDatabaseKeysWith("many/").Length);
            Same("\"" + new string('\u00E9', 999) + "\"", Load(db, "many/999"));
        }
    }

    // Texts that JSON has to quote, on their way into options and out of answers.
    private static void SnapshotTexts(string folder)
    {
        const string key = "a \"quoted\" \\ \u0001\n\u00E9\U0001F600";
        using (var db = new Database(folder))
        {
            db.SavePersistentData(key, "1");
            db.SavePersistentData("other", "1");
            Snapshot snapshot = db.CreateDatabaseSnapshot(key);
            Same(key, snapshot.Label);
            Same(snapshot.Id, db.GetSnapshot(key).Id);
            Same(snapshot.CreatedAtMs, snapshot.CreatedAt.ToUnixTimeMilliseconds());
            Check(snapshot.Reason == null && snapshot.File == null);
            db.SavePersistentData(key, "2");
            db.SavePersistentData("other", "2");
            var options = new RestoreOptions { Keys = new HashSet<string> { key, "} , \"dry_run\":true" }, DryRun = true };
            PlannedChange planned = db.RestoreDatabaseFromSnapshot(key, options).Changes.Single();
            Check(planned.Key == key && planned.Action == RestoreAction.Save && planned.Bytes == 1);
            options.DryRun = false;
            Restored restored = db.RestoreDatabaseFromSnapshot(key, options);
            Check(restored.Saved == 1 && restored.Commit.HasValue && restored.Changes.Count == 0);
            Same("1", Load(db, key));
            Same("2", Load(db, "other"));
            Check(db.GetSnapshot(restored.Undo).Label.Length > 0);
            // What was answered stays as it was.
            Throws<NotSupportedException>(() => ((IDictionary<string, DocumentSize>)snapshot.Collections).Clear());
            Throws<NotSupportedException>(() => ((IList<Snapshot>)db.ListSnapshots().Snapshots).Clear());
            Throws<NotSupportedException>(() => ((IList<PlannedChange>)restored.Changes).Clear());
        }
    }

    private static void SnapshotArguments(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("k", "1");
            Snapshot snapshot = db.CreateDatabaseSnapshot("");
            Same("database_snapshot", snapshot.Label);
            Throws<ArgumentNullException>(() => db.RestoreDatabaseFromSnapshot(null));
            Throws<ArgumentNullException>(() => db.GetSnapshot(null));
            Throws<ArgumentNullException>(() => db.DeleteSnapshot(null));
            Throws<ArgumentNullException>(() => db.DiffSnapshots(null));
            Throws<ArgumentNullException>(() => db.LoadFromSnapshot("latest", null));
            Throws<ArgumentNullException>(() => db.ExportSnapshot("latest", null));
            Throws<ArgumentNullException>(() => db.ImportSnapshot(null));
            Check(Refused(Status.InvalidArgument, () => db.CreateDatabaseSnapshot("a\0b")).Contains("label holds a NUL"));
            Check(Refused(Status.InvalidArgument, () => db.GetSnapshot("latest\0")).Contains("id holds a NUL"));
            Refused(Status.InvalidKey, () => db.LoadFromSnapshot("latest", "k\0"));
            Refused(Status.InvalidUtf8, () => db.CreateDatabaseSnapshot("\uD800"));
            Refused(Status.InvalidArgument, () => db.CreateDatabaseSnapshot(new string('\u00E9', 129)));
            Same(128, db.CreateDatabaseSnapshot(new string('\u00E9', 128)).Label.Length);
            var halves = new RestoreOptions { Keys = new[] { "\uD800" } };
            Refused(Status.InvalidUtf8, () => db.RestoreDatabaseFromSnapshot(snapshot.Id, halves));
            var nulls = new RestoreOptions { Collections = new string[] { null } };
            Throws<ArgumentException>(() => db.RestoreDatabaseFromSnapshot(snapshot.Id, nulls));
            Same("{\"dry_run\":false,\"collections\":[],\"keys\":[\"a\",\"b\"]}",
                new RestoreOptions { Collections = new string[0], Keys = new List<string> { "a", "b" } }.ToJson());
            Same("1", Load(db, "k"));
        }
    }

    private static void StatusNames(string folder)
    {
        foreach (Status status in Enum.GetValues(typeof(Status)))
        {
            string native = Database.StatusName(status).Replace("COFFER_ERROR_", "").Replace("COFFER_", "").Replace("_", "");
            Same(status.ToString().ToLowerInvariant(), native.ToLowerInvariant());
        }
        Same("unknown status", Database.StatusName((Status)1));
        // And the other way: no number near them has a name in C that is not here.
        for (int number = -120; number < 120; number++)
        {
            Same(Enum.IsDefined(typeof(Status), number), Database.StatusName((Status)number) != "unknown status");
        }
        var error = new CofferException(Status.Busy, "why");
        Same("COFFER_ERROR_BUSY: why", error.Message);
        Same("why", error.Reason);
        Same("COFFER_ERROR_BUSY", new CofferException(Status.Busy, null).Message);
    }

    private static void ManyThreads(string folder)
    {
        var errors = new List<Exception>();
        using (var db = new Database(folder))
        {
            Thread[] threads = Enumerable.Range(0, 8).Select(t => new Thread(() =>
            {
                try
                {
                    OneThread(db, t);
                }
                catch (Exception error)
                {
                    lock (errors)
                    {
                        errors.Add(error);
                    }
                }
            })).ToArray();
            foreach (Thread thread in threads)
            {
                thread.Start();
            }
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
            Check(errors.Count == 0 ? true : throw errors[0]);
            Same(80, db.ListDatabaseKeysWith("t").Length);
        }
    }

    private static void OneThread(Database db, int t)
    {
        byte[] buffer = null;
        int length;
        for (int i = 0; i < 200; i++)
        {
            string key = "t" + t + "/" + i % 10;
            db.SavePersistentData(key, "\"" + i + "\"");
            Same("\"" + i + "\"", Load(db, key));
            Check(db.TryLoadPersistentData(key, ref buffer, out length));
            Same("\"" + i + "\"", Encoding.UTF8.GetString(buffer, 0, length));
            // The message belongs to this thread, whatever the others do.
            Check(Refused(Status.InvalidJson, () => db.SavePersistentData(key, "[")).Contains(key));
        }
    }

    private static void ClosingUnderOtherThreads(string folder)
    {
        for (int round = 0; round < 20; round++)
        {
            var db = new Database(folder);
            Exception wrong = null;
            Thread[] threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
            {
                try
                {
                    while (true)
                    {
                        db.SavePersistentData("k" + t, "1");
                        db.LoadPersistentData("k" + t);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
                catch (Exception error)
                {
                    wrong = error;
                }
            })).ToArray();
            foreach (Thread thread in threads)
            {
                thread.Start();
            }
            Thread.Sleep(5);
            db.Dispose();
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
            Check(wrong == null ? true : throw wrong);
        }
        Same(0ul, Database.LiveHandles);
    }

    private static void NothingLeft(string folder)
    {
        Same(0ul, Database.LiveHandles);
    }

    private static int Main(string[] args)
    {
        Console.WriteLine("on " + System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription);
        return Run(args, "passed", FinalizerClosesForgottenHandles, DisposeTwice, FailedOpenLeavesNothing, NulsAndSurrogates,
            BytesInAndOut, Batches, SnapshotTexts, SnapshotArguments, StatusNames, ManyThreads, ClosingUnderOtherThreads,
            SubscriptionsNobodyKeeps, ForgottenWithSubscriptions, EndedSubscriptionsAreLetGo, ExceptionsInPolledHandlers,
            ExceptionsInDirectHandlers, EndingFromWithin, HandlersOnOtherThreads, DisposeWaitsForTheHandler, HubArguments,
            PluginsNobodyKeeps, ForgottenWithPlugins, EndedPluginsAreLetGo, ExceptionsBecomeRefusals,
            RequestsFromOtherThreads, RequestsAnsweredTwice, RequestsThatArePulled, EndingPluginsFromWithin,
            EndingWaitsForTheCall, PluginsOnManyThreads, CallsOnOtherThreads, PluginArguments, HostsNobodyKeeps,
            HostsThatRefuse, HostsThatFail, HostsHearCommits, EndingHostsFromWithin, EventNumbers, ProgressThatThrows,
            ProgressThatStops, ProgressThatWorks, ProgressIsLetGo, ExchangeArguments, ImportOptionsAndAnswers, HealthHandlers,
            HealthHandlersAreLetGo, OtherCultures, HealthAnswers, HealthOfDamage, GatewayTexts, GatewayArguments,
            EndpointsOnServerThreads, PolledEndpoints, ApisNobodyKeeps, EndingApisFromWithin, RequestsOnManyThreads,
            DomainsThatEnd, NothingLeft);
    }
}
