// The conformance cases about how a store fares, through the C# binding.
//
// It must not test what only C# has (that is Binding.Health.cs). Invariant: as in Conformance.cs. Options have types here:
// one that is unknown cannot be asked for.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private static void HealthReport(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SaveCharacterRosterState("{\"0\":\"\u00C6sa\"}"); // 12 bytes
            db.SaveEquipmentConfig("[]");
            db.SavePartyConfig("[1,2]");
            db.SavePersistentData("small", "1");
            Thread.Sleep(5);
            db.SavePersistentData("large", "[" + new string(' ', 500) + "]");
            HealthReport report = db.AnalyzeDatabaseHealth();
            Check(report.IntegrityStatus == IntegrityStatus.Ok && report.Causes.Count == 0);
            Check(report.Score == 100 && report.Findings.Count == 0 && report.Anomalies.Count == 0);
            Check(report.TotalRecords == 5 && report.Sequence == 5 && !report.Full && report.Checked == null);
            Check(report.CharacterRosterSize == 12 && report.EquipmentSetsSize == 2 && report.PartyConfigsSize == 5);
            Check(report.Trend == GrowthTrend.Unknown && IsRecent(report.TimeMs) && report.TookMs > 0);
            Check(report.DiskBytes > 500 && report.Journal.Segments > 0 && report.Journal.Bytes > 500);
            SameList(new[] { "character_roster 1 12", "equipment_sets 1 2", "party_configs 1 5", "plugin_data 2 503" },
                report.Collections.Where(one => one.Name != "save_metadata").OrderBy(one => one.Name, StringComparer.Ordinal)
                    .Select(one => one.Name + " " + one.Documents + " " + one.Bytes).ToArray());
            Same(5, report.Collections.Count);
            CollectionHealth data = report.Collections.Single(one => one.Name == "plugin_data");
            Check(data.LargestKey == "large" && data.LargestBytes == 502);
            Check(IsRecent(data.OldestSaveMs.Value) && data.NewestSaveMs > data.OldestSaveMs);
            SameList(new[] { "character_roster 12 1 1", "equipment_sets 2 1 1", "party_configs 5 1 1" },
                report.Tier1.Select(one => one.Name + " " + one.Bytes + " " + one.Version + " " + one.VersionsKept)
                    .ToArray());

            Check(report.LastSyncMs == null);
            Synced synced = db.SyncTier1DataToHub();
            db.SavePartyConfig("[]");
            report = db.AnalyzeDatabaseHealth(new HealthOptions { QuotaBytes = 1000000 });
            Check(IsRecent(report.LastSyncMs.Value) && Math.Abs(report.LastSyncMs.Value - synced.TimeMs) < 1000);
            Check(report.PartyConfigsSize == 2 && report.Tier1[2].Version == 2 && report.Sequence == 6);
            Same("character_roster", report.Tier1[0].Name);
        }
    }

    private static void HealthFull(string folder)
    {
        using (var db = new Database(folder))
        {
            Enumerable.Range(0, 20).ToList().ForEach(
                i => db.SavePersistentData("large " + i, "\"" + new string('x', 100000) + "\""));
            db.Checkpoint();
            db.SavePersistentData("in the journal", "1");
            var told = new List<ulong>();
            ulong all = 0;
            var full = new HealthOptions { Full = true };
            HealthReport report = db.AnalyzeDatabaseHealth(full, (done, total) =>
            {
                told.Add(done);
                all = total;
                return true;
            });
            Check(report.Full && report.IntegrityStatus == IntegrityStatus.Ok && report.Score == 100);
            Check(report.Checked.Bytes > 2000000 && report.Checked.Files >= 2);
            Check(report.Checked.TookMs > 0 && report.Checked.MbPerS > 0);
            Check(told.Count > 1 && told.Last() == all && all > 2000000 && told.SequenceEqual(told.OrderBy(one => one)));
            Check(db.AnalyzeDatabaseHealth(full).Checked != null);
            Refused(Status.Cancelled, () => db.AnalyzeDatabaseHealth(full, (done, total) => false));
            Check(db.AnalyzeDatabaseHealth(new HealthOptions(), (done, total) => false).Checked == null);
        }
    }
}
