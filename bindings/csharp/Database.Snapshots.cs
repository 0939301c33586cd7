// Coffer.Database: snapshots, restoring, and how states and versions differ.
//
// It must not keep what the library told: whoever asks again is told anew. Reading the answers is in
// Database.SnapshotAnswers.cs. Invariant: as in Database.Documents.cs, every native call is followed by Check, Take or
// TryTake.

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>Makes a snapshot of all documents as they are now. It costs one durable commit, whatever the size of the
        /// store, so it waits for the disk.</summary>
        /// <param name="label">Up to 256 bytes of UTF-8; null or empty for "database_snapshot".</param>
        /// <returns>What is known of it.</returns>
        /// <exception cref="CofferException">InvalidArgument, ReadOnly, Io, Failed.</exception>
        public Snapshot CreateDatabaseSnapshot(string label = null)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var labelText = Utf8.Argument(label ?? "", nameof(label), room))
            {
                return SnapshotOf(Take(Native.coffer_create_database_snapshot(Db, labelText.Pointer, &text), text));
            }
        }

        /// <summary>Brings back the documents of a snapshot or a moment, in one durable commit. Revisions and version counters
        /// go on, and the state before is kept as a snapshot.</summary>
        /// <param name="id">A snapshot's id; "latest"; a label, for the newest snapshot that has it; or "sequence:" and a
        /// commit's number or "time:" and Unix milliseconds, as far back as the journal reaches.</param>
        /// <param name="options">What to restore; null for everything.</param>
        /// <returns>What was done.</returns>
        /// <exception cref="CofferException">UnknownSnapshot, whose message names the nearest ids and labels; OutOfReach,
        /// InvalidOption, InvalidArgument, ReadOnly, Corrupt, Io, Failed. Nothing has changed then.</exception>
        public Restored RestoreDatabaseFromSnapshot(string id, RestoreOptions options = null)
        {
            byte* idRoom = stackalloc byte[Utf8.Room];
            byte* optionsRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), idRoom))
            using (var optionsText = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), optionsRoom))
            {
                return RestoredOf(Take(Native.coffer_restore_database_from_snapshot(Db, idText.Pointer, optionsText.Pointer,
                    &text), text));
            }
        }

        /// <summary>Lists the snapshots, and says how far back the journal reaches.</summary>
        /// <returns>The snapshots, oldest first, and the reach.</returns>
        public SnapshotList ListSnapshots()
        {
            byte* text = null;
            return SnapshotListOf(Take(Native.coffer_list_snapshots(Db, &text), text));
        }

        /// <summary>Says what is known of one snapshot.</summary>
        /// <param name="id">As in <see cref="RestoreDatabaseFromSnapshot"/>, but no moment.</param>
        /// <returns>What is known.</returns>
        /// <exception cref="CofferException">UnknownSnapshot; InvalidArgument for a moment.</exception>
        public Snapshot GetSnapshot(string id)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), room))
            {
                return SnapshotOf(Take(Native.coffer_get_snapshot(Db, idText.Pointer, &text), text));
            }
        }

        /// <summary>Deletes a snapshot, durably.</summary>
        /// <param name="id">As in <see cref="GetSnapshot"/>.</param>
        /// <exception cref="CofferException">UnknownSnapshot, InvalidArgument, ReadOnly, Io, Failed.</exception>
        public void DeleteSnapshot(string id)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var idText = Utf8.Argument(id, nameof(id), room))
            {
                Check(Native.coffer_delete_snapshot(Db, idText.Pointer));
            }
        }

        /// <summary>Pins an automatic snapshot, so that the store never removes it by itself, or lets it go again.</summary>
        /// <param name="id">As in <see cref="GetSnapshot"/>.</param>
        /// <param name="pinned">Whether it stays.</param>
        /// <returns>The snapshot as it is then.</returns>
        /// <exception cref="CofferException">UnknownSnapshot, InvalidArgument, ReadOnly, Io, Failed.</exception>
        public Snapshot PinSnapshot(string id, bool pinned = true)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), room))
            {
                return SnapshotOf(Take(Native.coffer_pin_snapshot(Db, idText.Pointer, pinned ? 1 : 0, &text), text));
            }
        }

        /// <summary>Reads again every byte on the disk that a snapshot needs, and checks it.</summary>
        /// <param name="id">As in <see cref="GetSnapshot"/>.</param>
        /// <returns>What was found and what was read.</returns>
        /// <exception cref="CofferException">Corrupt, whose message names file and offset; UnknownSnapshot, InvalidArgument,
        /// Io.</exception>
        public Verified VerifySnapshot(string id)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), room))
            {
                return VerifiedOf(Take(Native.coffer_verify_snapshot(Db, idText.Pointer, &text), text));
            }
        }

        /// <summary>Says how two states differ: which documents came, changed and went.</summary>
        /// <param name="from">As in <see cref="RestoreDatabaseFromSnapshot"/>, or "now".</param>
        /// <param name="to">The same; null for now.</param>
        /// <returns>A JSON object: from and to, each with id and sequence; added and removed, with key and bytes of each
        /// document; changed, with key and patch, a JSON Patch (RFC 6902), of each document.</returns>
        /// <exception cref="CofferException">UnknownSnapshot, OutOfReach, InvalidArgument, Corrupt.</exception>
        public string DiffSnapshots(string from, string to = null)
        {
            byte* fromRoom = stackalloc byte[Utf8.Room];
            byte* toRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var fromText = Utf8.Argument(from, nameof(from), fromRoom))
            using (var toText = Utf8.Argument(to ?? "now", nameof(to), toRoom))
            {
                return Take(Native.coffer_diff_snapshots(Db, fromText.Pointer, toText.Pointer, &text), text);
            }
        }

        /// <summary>Says how two versions of a Tier 1 document differ.</summary>
        /// <param name="document">As in <see cref="LoadVersion"/>.</param>
        /// <param name="from">A version; 0 for the newest.</param>
        /// <param name="to">The same.</param>
        /// <returns>A JSON Patch (RFC 6902) that turns the one into the other; "[]" if both mean the same.</returns>
        /// <exception cref="CofferException">NotFound when one is not kept; InvalidArgument for another document.</exception>
        public string DiffVersions(string document, ulong from, ulong to)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var name = Utf8.Argument(document, nameof(document), room))
            {
                return Take(Native.coffer_diff_versions(Db, name.Pointer, from, to, &text), text);
            }
        }

        /// <summary>Loads a document as it was, which must have been there.</summary>
        /// <param name="id">As in <see cref="RestoreDatabaseFromSnapshot"/>, or "now".</param>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound, UnknownSnapshot, OutOfReach and others.</exception>
        public string LoadFromSnapshot(string id, string key)
        {
            string json;
            if (!TryLoadFromSnapshot(id, key, out json))
            {
                throw new CofferException(Status.NotFound, LastError);
            }
            return json;
        }

        /// <summary>Loads a document as it was, if it was there.</summary>
        /// <param name="id">As in <see cref="LoadFromSnapshot"/>.</param>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">The text as it was saved, or null.</param>
        /// <returns>Whether there was such a key.</returns>
        /// <exception cref="CofferException">A failure other than NotFound: UnknownSnapshot, OutOfReach and
        /// others.</exception>
        public bool TryLoadFromSnapshot(string id, string key, out string json)
        {
            byte* idRoom = stackalloc byte[Utf8.Room];
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), idRoom))
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                return TryTake(Native.coffer_load_from_snapshot(Db, idText.Pointer, keyText.Pointer, &text), text, out json);
            }
        }

        /// <summary>Writes a snapshot or a moment to one file, which any store on any machine can import.</summary>
        /// <param name="id">As in <see cref="RestoreDatabaseFromSnapshot"/>, or "now".</param>
        /// <param name="path">The file. It appears whole or not at all; one that is there is replaced.</param>
        /// <returns>What was written.</returns>
        /// <exception cref="CofferException">UnknownSnapshot, OutOfReach, InvalidArgument, Corrupt, Io.</exception>
        public Exported ExportSnapshot(string id, string path)
        {
            byte* idRoom = stackalloc byte[Utf8.Room];
            byte* pathRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var idText = Utf8.Argument(id, nameof(id), idRoom))
            using (var pathText = Utf8.Argument(path, nameof(path), pathRoom))
            {
                return ExportedOf(Take(Native.coffer_export_snapshot(Db, idText.Pointer, pathText.Pointer, &text), text));
            }
        }

        /// <summary>Takes in a file that <see cref="ExportSnapshot"/> wrote, as one more snapshot. No document changes until it
        /// is restored.</summary>
        /// <param name="path">The file; it is not needed afterwards.</param>
        /// <param name="label">What to call the snapshot; null or empty keeps the label that it had.</param>
        /// <returns>What is known of it.</returns>
        /// <exception cref="CofferException">Corrupt, UnsupportedFormat, InvalidArgument, ReadOnly, Io, Failed; InvalidJson,
        /// TooLarge and TooDeep for documents that this store does not take.</exception>
        public Snapshot ImportSnapshot(string path, string label = null)
        {
            byte* pathRoom = stackalloc byte[Utf8.Room];
            byte* labelRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var pathText = Utf8.Argument(path, nameof(path), pathRoom))
            using (var labelText = Utf8.Argument(label ?? "", nameof(label), labelRoom))
            {
                return SnapshotOf(Take(Native.coffer_import_snapshot(Db, pathText.Pointer, labelText.Pointer, &text), text));
            }
        }
    }
}
