// Coffer.Database: what the library answers about snapshots, as objects.
//
// It must not call the library. Invariant: members that are not known yet are skipped, and words that are not known yet
// become Unknown, so that a newer library can be read.
using System.Collections.Generic;
using System.Collections.ObjectModel;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        private static Snapshot SnapshotOf(string json)
        {
            var reader = new JsonReader(json);
            Snapshot snapshot = ReadSnapshot(reader);
            reader.End();
            return snapshot;
        }

        private static Snapshot ReadSnapshot(JsonReader reader)
        {
            var snapshot = new Snapshot();
            var sizes = new Dictionary<string, DocumentSize>();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "id": snapshot.Id = reader.String(); break;
                    case "label": snapshot.Label = reader.String(); break;
                    case "kind": snapshot.Kind = KindOf(reader.String()); break;
                    case "reason": snapshot.Reason = reader.String(); break;
                    case "pinned": snapshot.Pinned = reader.Flag(); break;
                    case "sequence": snapshot.Sequence = reader.Count(); break;
                    case "created_at_ms": snapshot.CreatedAtMs = reader.Integer(); break;
                    case "documents": snapshot.Documents = reader.Count(); break;
                    case "bytes": snapshot.Bytes = reader.Count(); break;
                    case "collections": reader.Object(name => sizes[name] = ReadSize(reader)); break;
                    case "versions": snapshot.Versions = ReadCounters(reader); break;
                    case "file": snapshot.File = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            snapshot.Collections = new ReadOnlyDictionary<string, DocumentSize>(sizes);
            return snapshot;
        }

        private static SnapshotKind KindOf(string word)
        {
            switch (word)
            {
                case "manual": return SnapshotKind.Manual;
                case "automatic": return SnapshotKind.Automatic;
                case "imported": return SnapshotKind.Imported;
                default: return SnapshotKind.Unknown;
            }
        }

        private static DocumentSize ReadSize(JsonReader reader)
        {
            ulong documents = 0, bytes = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "documents": documents = reader.Count(); break;
                    case "bytes": bytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return new DocumentSize(documents, bytes);
        }

        private static SnapshotList SnapshotListOf(string json)
        {
            var list = new SnapshotList();
            var snapshots = new List<Snapshot>();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "snapshots": reader.Array(() => snapshots.Add(ReadSnapshot(reader))); break;
                    case "journal": list.Journal = ReadReach(reader); break;
                    case "history_bytes": list.HistoryBytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            list.Snapshots = snapshots.AsReadOnly();
            return list;
        }

        private static JournalReach ReadReach(JsonReader reader)
        {
            ulong fromSequence = 0, toSequence = 0;
            long fromTimeMs = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "from_sequence": fromSequence = reader.Count(); break;
                    case "from_time_ms": fromTimeMs = reader.Integer(); break;
                    case "to_sequence": toSequence = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return new JournalReach(fromSequence, fromTimeMs, toSequence);
        }

        private static Restored RestoredOf(string json)
        {
            var restored = new Restored();
            var changes = new List<PlannedChange>();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "id": restored.Id = reader.String(); break;
                    case "sequence": restored.Sequence = reader.Count(); break;
                    case "dry_run": restored.DryRun = reader.Flag(); break;
                    case "commit": restored.Commit = reader.TakeNull() ? (ulong?)null : reader.Count(); break;
                    case "saved": restored.Saved = reader.Count(); break;
                    case "cleared": restored.Cleared = reader.Count(); break;
                    case "bytes": restored.Bytes = reader.Count(); break;
                    case "undo": restored.Undo = reader.TakeNull() ? null : reader.String(); break;
                    case "changes": reader.Array(() => changes.Add(ReadChange(reader))); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            restored.Changes = changes.AsReadOnly();
            return restored;
        }

        private static PlannedChange ReadChange(JsonReader reader)
        {
            string key = null;
            RestoreAction action = RestoreAction.Unknown;
            ulong bytes = 0;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "key": key = reader.String(); break;
                    case "action": action = ActionOf(reader.String()); break;
                    case "bytes": bytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            return new PlannedChange(key, action, bytes);
        }

        private static RestoreAction ActionOf(string word)
        {
            switch (word)
            {
                case "save": return RestoreAction.Save;
                case "clear": return RestoreAction.Clear;
                default: return RestoreAction.Unknown;
            }
        }

        private static Verified VerifiedOf(string json)
        {
            var verified = new Verified();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "id": verified.Id = reader.String(); break;
                    case "documents": verified.Documents = reader.Count(); break;
                    case "bytes": verified.Bytes = reader.Count(); break;
                    case "files": verified.Files = reader.Count(); break;
                    case "file_bytes": verified.FileBytes = reader.Count(); break;
                    case "journal_commits": verified.JournalCommits = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return verified;
        }

        private static Exported ExportedOf(string json)
        {
            var exported = new Exported();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "id": exported.Id = reader.String(); break;
                    case "path": exported.Path = reader.String(); break;
                    case "sequence": exported.Sequence = reader.Count(); break;
                    case "documents": exported.Documents = reader.Count(); break;
                    case "bytes": exported.Bytes = reader.Count(); break;
                    case "file_bytes": exported.FileBytes = reader.Count(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return exported;
        }
    }
}
