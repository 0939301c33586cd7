// Coffer.Database: how the store fares.
//
// It must not keep a handler beyond its call. Invariant: as in Database.Documents.cs, every native call is followed by Take;
// members of answers that are not known yet are skipped, and words that are not known yet become Unknown.
using System;
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>Says how the store fares, and what to do about what is not well. Others save meanwhile; with
        /// <see cref="HealthOptions.Full"/> it reads the disk.</summary>
        /// <param name="options">How closely to look; null for the defaults.</param>
        /// <param name="progress">Is told how far the full form is; null for nobody.</param>
        /// <returns>What was found.</returns>
        /// <exception cref="CofferException">InvalidOption, Cancelled, Io, ModuleAbsent; InvalidArgument for the full form
        /// within another's progress.</exception>
        public HealthReport AnalyzeDatabaseHealth(HealthOptions options = null, ProgressHandler progress = null)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var optionsText = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), room))
            using (var telling = new Telling(progress))
            {
                int status = Native.coffer_analyze_database_health(Db, optionsText.Pointer, telling.Health, telling.Context,
                    &text);
                return HealthOf(TakeTold(status, text, telling));
            }
        }

        private static HealthReport HealthOf(string json)
        {
            var health = new HealthReport();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                if (!ReadSummary(reader, member, health) && !ReadPart(reader, member, health))
                {
                    reader.Skip();
                }
            });
            reader.End();
            return health;
        }

        // The members of a report that are numbers and words.
        private static bool ReadSummary(JsonReader reader, string member, HealthReport health)
        {
            switch (member)
            {
                case "total_records": health.TotalRecords = reader.Count(); return true;
                case "character_roster_size": health.CharacterRosterSize = reader.Count(); return true;
                case "equipment_sets_size": health.EquipmentSetsSize = reader.Count(); return true;
                case "party_configs_size": health.PartyConfigsSize = reader.Count(); return true;
                case "last_sync": health.LastSyncMs = ReadMaybe(reader, reader.Integer); return true;
                case "integrity_status": health.IntegrityStatus = IntegrityOf(reader.String()); return true;
                case "trend": health.Trend = TrendOf(reader.String()); return true;
                case "full": health.Full = reader.Flag(); return true;
                case "took_ms": health.TookMs = reader.Number(); return true;
                case "time_ms": health.TimeMs = reader.Integer(); return true;
                case "sequence": health.Sequence = reader.Count(); return true;
                case "score": health.Score = (int)reader.Integer(); return true;
                case "disk_bytes": health.DiskBytes = reader.Count(); return true;
                default: return false;
            }
        }

        // The members that are objects and arrays.
        private static bool ReadPart(JsonReader reader, string member, HealthReport health)
        {
            switch (member)
            {
                case "findings": health.Findings = ReadList(reader, ReadFinding); return true;
                case "causes": health.Causes = ReadList(reader, ReadCause); return true;
                case "collections": health.Collections = ReadList(reader, ReadCollection); return true;
                case "tier1": health.Tier1 = ReadList(reader, ReadTier1); return true;
                case "journal": health.Journal = ReadJournal(reader); return true;
                case "image": health.Image = ReadImage(reader); return true;
                case "snapshots": health.Snapshots = ReadSnapshots(reader); return true;
                case "latency": ReadLatency(reader, health); return true;
                case "hub": health.Hub = ReadHub(reader); return true;
                case "growth": health.Growth = ReadGrowth(reader); return true;
                case "anomalies": health.Anomalies = ReadList(reader, ReadAnomaly); return true;
                case "checked": health.Checked = reader.TakeNull() ? null : ReadCheck(reader); return true;
                default: return false;
            }
        }

        private static IReadOnlyList<T> ReadList<T>(JsonReader reader, Func<JsonReader, T> read)
        {
            var list = new List<T>();
            reader.Array(() => list.Add(read(reader)));
            return list.AsReadOnly();
        }

        private static T? ReadMaybe<T>(JsonReader reader, Func<T> read)
            where T : struct
        {
            return reader.TakeNull() ? (T?)null : read();
        }

        private static IntegrityStatus IntegrityOf(string word)
        {
            switch (word)
            {
                case "OK": return IntegrityStatus.Ok;
                case "DEGRADED": return IntegrityStatus.Degraded;
                case "CORRUPT": return IntegrityStatus.Corrupt;
                default: return IntegrityStatus.Unknown;
            }
        }

        private static GrowthTrend TrendOf(string word)
        {
            switch (word)
            {
                case "stable": return GrowthTrend.Stable;
                case "growing": return GrowthTrend.Growing;
                case "shrinking": return GrowthTrend.Shrinking;
                default: return GrowthTrend.Unknown;
            }
        }

        private static AnomalyKind AnomalyOf(string word)
        {
            switch (word)
            {
                case "size_jump": return AnomalyKind.SizeJump;
                case "rate_jump": return AnomalyKind.RateJump;
                default: return AnomalyKind.Unknown;
            }
        }

        private static HealthFinding ReadFinding(JsonReader reader)
        {
            var finding = new HealthFinding();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "points": finding.Points = (int)reader.Integer(); break;
                    case "what": finding.What = reader.String(); break;
                    case "why": finding.Why = reader.String(); break;
                    case "do": finding.Do = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            return finding;
        }

        private static HealthCause ReadCause(JsonReader reader)
        {
            var cause = new HealthCause();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "file": cause.File = reader.String(); break;
                    case "offset": cause.Offset = reader.Count(); break;
                    case "reason": cause.Reason = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            return cause;
        }

        private static HealthAnomaly ReadAnomaly(JsonReader reader)
        {
            var anomaly = new HealthAnomaly();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "kind": anomaly.Kind = AnomalyOf(reader.String()); break;
                    case "at_ms": anomaly.AtMs = reader.Integer(); break;
                    case "what": anomaly.What = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            return anomaly;
        }

        private static HealthCheck ReadCheck(JsonReader reader)
        {
            var check = new HealthCheck();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "bytes": check.Bytes = reader.Count(); break;
                    case "files": check.Files = reader.Count(); break;
                    case "took_ms": check.TookMs = reader.Number(); break;
                    case "mb_per_s": check.MbPerS = reader.Number(); break;
                    default: reader.Skip(); break;
                }
            });
            return check;
        }
    }
}
