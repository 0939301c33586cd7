// Coffer.Database: what the library says of the parts of a store in a health report, as objects.
//
// It must not call the library. Invariant: members that are not known yet are skipped, so that a newer library can be read.
namespace Coffer
{
    public sealed unsafe partial class Database
    {
        private static CollectionHealth ReadCollection(JsonReader reader)
        {
            var collection = new CollectionHealth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "name": collection.Name = reader.String(); break;
                    case "documents": collection.Documents = reader.Count(); break;
                    case "bytes": collection.Bytes = reader.Count(); break;
                    case "largest": ReadLargest(reader, collection); break;
                    case "newest_save_ms": collection.NewestSaveMs = ReadMaybe(reader, reader.Integer); break;
                    case "oldest_save_ms": collection.OldestSaveMs = ReadMaybe(reader, reader.Integer); break;
                    default: reader.Skip(); break;
                }
            });
            return collection;
        }

        private static void ReadLargest(JsonReader reader, CollectionHealth collection)
        {
            if (reader.TakeNull())
            {
                return;
            }
            reader.Object(member =>
            {
                switch (member)
                {
                    case "key": collection.LargestKey = reader.String(); break;
                    case "bytes": collection.LargestBytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
        }

        private static Tier1Health ReadTier1(JsonReader reader)
        {
            var document = new Tier1Health();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "name": document.Name = reader.String(); break;
                    case "bytes": document.Bytes = reader.Count(); break;
                    case "version": document.Version = reader.Count(); break;
                    case "versions_kept": document.VersionsKept = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return document;
        }

        private static JournalHealth ReadJournal(JsonReader reader)
        {
            var journal = new JournalHealth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "segments": journal.Segments = reader.Count(); break;
                    case "bytes": journal.Bytes = reader.Count(); break;
                    case "live_bytes": journal.LiveBytes = reader.Count(); break;
                    case "dead_bytes": journal.DeadBytes = reader.Count(); break;
                    case "live_share": journal.LiveShare = reader.Number(); break;
                    case "checkpoint_age_ms": journal.CheckpointAgeMs = reader.Count(); break;
                    case "unsynced_commits": journal.UnsyncedCommits = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return journal;
        }

        private static ImageHealth ReadImage(JsonReader reader)
        {
            var image = new ImageHealth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "bytes": image.Bytes = reader.Count(); break;
                    case "sequence": image.Sequence = ReadMaybe(reader, reader.Count); break;
                    default: reader.Skip(); break;
                }
            });
            return image;
        }

        private static SnapshotHealth ReadSnapshots(JsonReader reader)
        {
            var snapshots = new SnapshotHealth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "count": snapshots.Count = reader.Count(); break;
                    case "automatic": snapshots.Automatic = reader.Count(); break;
                    case "history_bytes": snapshots.HistoryBytes = reader.Count(); break;
                    case "oldest_ms": snapshots.OldestMs = ReadMaybe(reader, reader.Integer); break;
                    default: reader.Skip(); break;
                }
            });
            return snapshots;
        }

        private static void ReadLatency(JsonReader reader, HealthReport health)
        {
            reader.Object(member =>
            {
                switch (member)
                {
                    case "save": health.SaveTimes = ReadTimes(reader); break;
                    case "load": health.LoadTimes = ReadTimes(reader); break;
                    case "sync": health.SyncTimes = ReadTimes(reader); break;
                    default: reader.Skip(); break;
                }
            });
        }

        private static CallTimes ReadTimes(JsonReader reader)
        {
            var times = new CallTimes { Sampled = 1 };
            reader.Object(member =>
            {
                switch (member)
                {
                    case "count": times.Count = reader.Count(); break;
                    case "p50_us": times.P50Us = reader.Number(); break;
                    case "p99_us": times.P99Us = reader.Number(); break;
                    case "max_us": times.MaxUs = reader.Number(); break;
                    case "sampled": times.Sampled = (int)reader.Integer(); break;
                    default: reader.Skip(); break;
                }
            });
            return times;
        }

        private static HubHealth ReadHub(JsonReader reader)
        {
            var hub = new HubHealth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "events": hub.Events = reader.Count(); break;
                    case "subscribers": hub.Subscribers = reader.Count(); break;
                    case "queued": hub.Queued = reader.Count(); break;
                    case "lost": hub.Lost = reader.Count(); break;
                    case "plugins": hub.Plugins = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return hub;
        }

        private static HealthGrowth ReadGrowth(JsonReader reader)
        {
            var growth = new HealthGrowth();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "samples": growth.Samples = ReadList(reader, ReadSample); break;
                    case "bytes_per_day": growth.BytesPerDay = ReadMaybe(reader, reader.Number); break;
                    case "documents_per_day": growth.DocumentsPerDay = ReadMaybe(reader, reader.Number); break;
                    case "days_until_quota": growth.DaysUntilQuota = ReadMaybe(reader, reader.Number); break;
                    default: reader.Skip(); break;
                }
            });
            return growth;
        }

        private static GrowthSample ReadSample(JsonReader reader)
        {
            long timeMs = 0;
            ulong documents = 0, bytes = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "time_ms": timeMs = reader.Integer(); break;
                    case "documents": documents = reader.Count(); break;
                    case "bytes": bytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return new GrowthSample(timeMs, documents, bytes);
        }
    }
}
