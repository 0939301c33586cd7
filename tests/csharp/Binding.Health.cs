// What is special to health in C#: handlers of progress that throw, stop or work again, and are let go; options and answers
// in other cultures; what is found of damage.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    private static readonly HealthOptions Fully = new HealthOptions { Full = true };

    private static void HealthHandlers(string folder)
    {
        using (var other = new Database(folder + "/other"))
        using (var db = new Database(folder + "/store"))
        {
            SaveMuch(db);
            SaveMuch(other);
            db.Checkpoint();
            int calls = 0;
            var thrown = new InvalidOperationException("enough");
            ProgressHandler second = (done, total) => ++calls == 2 ? throw thrown : true;
            InvalidOperationException error = Throws<InvalidOperationException>(() => db.AnalyzeDatabaseHealth(Fully, second));
            Check(ReferenceEquals(thrown, error) && error.StackTrace.Contains("HealthHandlers"));
            Same(2, calls); // it is not asked again
            calls = 0;
            Check(Refused(Status.Cancelled, () => db.AnalyzeDatabaseHealth(Fully, (done, total) => ++calls < 2)).Length > 0);
            Same(2, calls);

            // On the thread that works, and one work within another.
            Thread here = Thread.CurrentThread;
            int elsewhere = 0, inner = 0;
            calls = 0;
            HealthReport report = db.AnalyzeDatabaseHealth(Fully, (done, total) =>
            {
                elsewhere += Thread.CurrentThread == here ? 0 : 1;
                db.SavePersistentData("progress", done.ToString());
                Collect();
                if (++calls == 1)
                {
                    Check(other.AnalyzeDatabaseHealth(Fully, (some, all) => ++inner > 0).Checked.Bytes > 2000000);
                    Check(db.AnalyzeDatabaseHealth().TotalRecords == 21);
                    Refused(Status.InvalidArgument, () => db.AnalyzeDatabaseHealth(Fully));
                }
                return true;
            });
            Check(calls > 1 && inner > 1 && elsewhere == 0 && report.IntegrityStatus == IntegrityStatus.Ok);
            Check(Load(db, "progress") != null);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> AnalyzeWithHandlers(Database db)
    {
        var all = new List<WeakReference>();
        foreach (int end in new[] { 0, 1, 2 })
        {
            var held = new int[1];
            all.Add(new WeakReference(held));
            try
            {
                db.AnalyzeDatabaseHealth(Fully, (done, total) =>
                {
                    held[0]++;
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

    private static void HealthHandlersAreLetGo(string folder)
    {
        using (var db = new Database(folder))
        {
            SaveMuch(db);
            List<WeakReference> all = Begin(() => AnalyzeWithHandlers(db))();
            for (int i = 0; i < 100 && all.Any(one => one.IsAlive); i++)
            {
                Collect();
                Thread.Sleep(10);
            }
            Check(!all.Any(one => one.IsAlive));
        }
    }

    // Where a comma stands before decimals, and a minus is none.
    private static void OtherCultures(string folder)
    {
        Begin(() =>
        {
            InAnotherCulture(folder);
            return true;
        })();
    }

    private static void InAnotherCulture(string folder)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.NegativeSign = "minus";
        Thread.CurrentThread.CurrentCulture = culture;
        Check(1.5.ToString() == "1,5" && (-1).ToString() == "minus1");
        Same("{\"quota_bytes\":18446744073709551615}", new HealthOptions { QuotaBytes = ulong.MaxValue }.ToJson());
        Same("{\"max_depth\":-1,\"versions_kept\":1000000}", new Options { MaxDepth = -1, VersionsKept = 1000000 }.ToJson());
        Same("{\"limits\":{\"status\":-2},\"max_body_bytes\":-3}", new ApiOptions
        {
            Limits = new Dictionary<string, int> { { "status", -2 } }, MaxBodyBytes = -3
        }.ToJson());
        Same("{\"per_minute\":-4}", new EndpointOptions { PerMinute = -4 }.ToJson());
        using (var db = new Database(folder))
        {
            // Too little for a checkpoint to come between.
            string json = "\"" + new string('x', 10000) + "\"";
            Enumerable.Range(0, 20).ToList().ForEach(i => db.SavePersistentData("k" + i, json));
            db.SavePersistentData("k0", "1");
            Enumerable.Range(0, 100).ToList().ForEach(i => Load(db, "k" + i % 20));
            HealthReport report = db.AnalyzeDatabaseHealth(Fully);
            Check(report.TookMs > 0 && report.TookMs < 60000 && report.Checked.MbPerS > 0.001);
            Check(report.Journal.LiveShare > 0.5 && report.Journal.LiveShare <= 1);
            Check(report.Journal.DeadBytes > 10000 && report.Journal.DeadBytes < 20000);
            Same(report.Journal.Bytes, report.Journal.LiveBytes + report.Journal.DeadBytes);
            foreach (CallTimes times in new[] { report.SaveTimes, report.LoadTimes })
            {
                Check(times.Count > 0 && times.P50Us > 0 && times.P50Us <= times.P99Us && times.P99Us <= times.MaxUs);
                Check(times.MaxUs < 60000000 && times.Sampled > 0);
            }
            Check(report.SyncTimes != null);
        }
    }

    private static void HealthAnswers(string folder)
    {
        Same("{}", new HealthOptions().ToJson());
        Same("{\"full\":true,\"quota_bytes\":0}", new HealthOptions { Full = true, QuotaBytes = 0 }.ToJson());
        const string key = "a \"quoted\" \\ \u0001\n\u00E9\U0001F600";
        var db = new Database(folder);
        HealthReport empty = db.AnalyzeDatabaseHealth();
        CollectionHealth none = empty.Collections.Single(one => one.Name == "plugin_data");
        Check(none.LargestKey == null && none.LargestBytes == 0 && none.NewestSave == null && none.OldestSaveMs == null);
        Check(empty.LastSync == null && empty.Snapshots.Count == 0 && empty.Snapshots.Oldest == null);
        Check(empty.Growth.DaysUntilQuota == null && empty.Growth.BytesPerDay == null && empty.TotalRecords == 0);

        db.SavePersistentData(key, "\"" + new string('x', 100) + "\"");
        db.SaveCharacterRosterState("[1]");
        db.SaveCharacterRosterState("[2]");
        Snapshot snapshot = db.CreateDatabaseSnapshot("here");
        db.SyncTier1DataToHub();
        db.Subscribe("*", one => { });
        db.Publish("topic", "1");
        db.RegisterPlugin(new PluginOptions { Name = "p", Version = "1.0.0" });
        db.Checkpoint();
        HealthReport report = db.AnalyzeDatabaseHealth();
        Check(report.Collections.Single(one => one.Name == "plugin_data").LargestKey == key);
        Check(report.Tier1.Single(one => one.Name == "character_roster").Version == 2 && report.CharacterRosterSize == 3);
        Check(report.Snapshots.Count == 1 && report.Snapshots.Automatic == 0);
        Same(snapshot.CreatedAt, report.Snapshots.Oldest);
        Check(report.Hub.Subscribers == 1 && report.Hub.Queued >= 1 && report.Hub.Lost == 0 && report.Hub.Plugins == 1);
        Check(report.Hub.Events >= 2 && report.Image.Bytes > 0 && report.Image.Sequence >= 3);
        GrowthSample now = report.Growth.Samples.Last();
        Check(now.Documents == report.TotalRecords && now.Bytes > 100 && IsRecent(now.TimeMs));
        Same(now.TimeMs, now.Time.ToUnixTimeMilliseconds());
        Same(report.TimeMs, report.Time.ToUnixTimeMilliseconds());
        Same(report.LastSyncMs, report.LastSync.Value.ToUnixTimeMilliseconds());
        // What was answered stays as it was.
        Throws<NotSupportedException>(() => ((IList<HealthFinding>)report.Findings).Clear());
        Throws<NotSupportedException>(() => ((IList<CollectionHealth>)report.Collections).Clear());
        db.Dispose();
        Throws<ObjectDisposedException>(() => db.AnalyzeDatabaseHealth());
        Throws<ObjectDisposedException>(() => db.AnalyzeDatabaseHealth(Fully, (done, total) => throw new TimeoutException()));
        Same(100, report.Score);
    }

    private static void HealthOfDamage(string folder)
    {
        using (var db = new Database(folder))
        {
            SaveMuch(db);
            db.Checkpoint();
            Same(IntegrityStatus.Ok, db.AnalyzeDatabaseHealth(Fully).IntegrityStatus);
            string image = Directory.GetFiles(folder).OrderBy(file => new FileInfo(file).Length).Last();
            using (var file = new FileStream(image, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                file.Position = 1000000;
                int old = file.ReadByte();
                file.Position = 1000000;
                file.WriteByte((byte)(old ^ 1));
            }
            HealthReport report = db.AnalyzeDatabaseHealth(Fully);
            Check(report.IntegrityStatus == IntegrityStatus.Corrupt && report.Score < 100);
            HealthCause cause = report.Causes.First();
            Check(cause.File == Path.GetFileName(image) && cause.Offset > 0 && cause.Reason.Length > 0);
            HealthFinding finding = report.Findings.First();
            Check(finding.Points > 0 && finding.What.Length > 0 && finding.Why.Length > 0 && finding.Do.Length > 0);
            Same(Math.Max(0, 100 - report.Findings.Sum(one => one.Points)), report.Score);
        }
    }
}
