// Coffer.Database: documents by key. Loads, saves, clears, lists, batches, and the loads and saves that work on bytes
// and make no garbage.
//
// It must not look into documents. Invariant: every native call is followed by Check, Found, Take or TryTake, which
// keep the handle alive during it and turn its status into an exception.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>Saves a document with the database's durability.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">A JSON text.</param>
        /// <exception cref="CofferException">InvalidKey, InvalidJson, TooLarge, TooDeep, ReservedKey, ReadOnly, Io,
        /// Failed.</exception>
        public void SavePersistentData(string key, string json)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* jsonRoom = stackalloc byte[Utf8.Room];
            using (var keyText = Utf8.Key(key, keyRoom))
            using (var jsonText = Utf8.Json(json, jsonRoom))
            {
                Check(Native.coffer_save_persistent_data(Db, keyText.Pointer, jsonText.Pointer));
            }
        }

        /// <summary>Saves a document from UTF-8 bytes. When the byte behind them in the array is 0 they are not copied.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">Holds the JSON text, without a NUL in it. It is only read, and not kept.</param>
        /// <param name="offset">Where the text starts.</param>
        /// <param name="count">How many bytes it has.</param>
        /// <exception cref="ArgumentOutOfRangeException">The text is not inside the array.</exception>
        /// <exception cref="CofferException">As with a string.</exception>
        public void SavePersistentData(string key, byte[] json, int offset, int count)
        {
            if (json == null)
            {
                throw new ArgumentNullException(nameof(json));
            }
            if (offset < 0 || offset > json.Length)
            {
                throw new ArgumentOutOfRangeException(nameof(offset));
            }
            if (count < 0 || count > json.Length - offset)
            {
                throw new ArgumentOutOfRangeException(nameof(count));
            }
            Utf8.RefuseNul(json, offset, count, nameof(json), Status.InvalidJson);
            byte* keyRoom = stackalloc byte[Utf8.Room];
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                if (offset + count < json.Length && json[offset + count] == 0)
                {
                    fixed (byte* bytes = json)
                    {
                        Check(Native.coffer_save_persistent_data(Db, keyText.Pointer, bytes + offset));
                    }
                    return;
                }
                IntPtr copy = Marshal.AllocHGlobal(new IntPtr((long)count + 1));
                try
                {
                    Marshal.Copy(json, offset, copy, count);
                    ((byte*)copy)[count] = 0;
                    Check(Native.coffer_save_persistent_data(Db, keyText.Pointer, (byte*)copy));
                }
                finally
                {
                    Marshal.FreeHGlobal(copy);
                }
            }
        }

        /// <summary>Loads a document that must be there.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <returns>The text as it was saved.</returns>
        /// <exception cref="CofferException">NotFound and others.</exception>
        public string LoadPersistentData(string key)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                return Take(Native.coffer_load_persistent_data(Db, keyText.Pointer, &text), text);
            }
        }

        /// <summary>Loads a document that may be there.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">The text as it was saved, or null.</param>
        /// <returns>Whether there is such a key.</returns>
        /// <exception cref="CofferException">A failure other than NotFound.</exception>
        public bool TryLoadPersistentData(string key, out string json)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                return TryTake(Native.coffer_load_persistent_data(Db, keyText.Pointer, &text), text, out json);
            }
        }

        /// <summary>Loads into the caller's array, as UTF-8 with a 0 behind it; makes no garbage.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="buffer">What to write into; may be empty, to ask for the length.</param>
        /// <returns>The text's length in bytes without the 0, or -1 when there is no such key. A length of buffer.Length or
        /// more says that the buffer is too small: nothing is written then, and one byte more than the length is
        /// needed.</returns>
        /// <exception cref="CofferException">A failure other than NotFound.</exception>
        public int LoadPersistentDataInto(string key, byte[] buffer)
        {
            if (buffer == null)
            {
                throw new ArgumentNullException(nameof(buffer));
            }
            byte* keyRoom = stackalloc byte[Utf8.Room];
            UIntPtr length = UIntPtr.Zero;
            using (var keyText = Utf8.Key(key, keyRoom))
            fixed (byte* bytes = buffer)
            {
                // An empty array comes as null with capacity 0, which only asks for the length.
                int status = Native.coffer_load_persistent_data_into(Db, keyText.Pointer, bytes,
                    new UIntPtr((uint)buffer.Length), &length);
                if (status == (int)Status.BufferTooSmall || Found(status))
                {
                    GC.KeepAlive(this);
                    return checked((int)length.ToUInt64());
                }
                return -1;
            }
        }

        /// <summary>Loads into an array that is used again and again, and replaces it by a larger one when it must.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="buffer">The array; may be null at first. Its first bytes are the text, as UTF-8.</param>
        /// <param name="length">How many bytes the text has.</param>
        /// <returns>Whether there is such a key.</returns>
        /// <exception cref="CofferException">A failure other than NotFound.</exception>
        public bool TryLoadPersistentData(string key, ref byte[] buffer, out int length)
        {
            buffer = buffer ?? new byte[256];
            // A loop, because another thread may save a longer text meanwhile.
            while ((length = LoadPersistentDataInto(key, buffer)) >= buffer.Length)
            {
                buffer = new byte[Math.Max(checked(length + 1), (int)Math.Min(buffer.Length * 2L, 1 << 30))];
            }
            if (length >= 0)
            {
                return true;
            }
            length = 0;
            return false;
        }

        /// <summary>Removes a document. Doing so when there is none is allowed.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <exception cref="CofferException">ReservedKey for past versions and counters, and others.</exception>
        public void ClearDatabaseEntry(string key)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                Check(Native.coffer_clear_database_entry(Db, keyText.Pointer));
            }
        }

        /// <summary>Lists every key, sorted by its bytes in UTF-8, the documented collections and counters included.</summary>
        /// <returns>The keys.</returns>
        public string[] ListDatabaseKeys()
        {
            byte* text = null;
            return Keys(Take(Native.coffer_list_database_keys(Db, &text), text));
        }

        /// <summary>Lists some keys, sorted by their bytes in UTF-8.</summary>
        /// <param name="prefix">Only keys that start with it; null or empty for all.</param>
        /// <param name="after">Only keys behind it, to go on after a page; null or empty to start at the front.</param>
        /// <param name="limit">At most so many; 0 for all.</param>
        /// <returns>The keys.</returns>
        public string[] ListDatabaseKeysWith(string prefix, string after = null, int limit = 0)
        {
            if (limit < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(limit));
            }
            byte* prefixRoom = stackalloc byte[Utf8.Room];
            byte* afterRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var prefixText = Utf8.Argument(prefix ?? "", nameof(prefix), prefixRoom))
            using (var afterText = Utf8.Argument(after ?? "", nameof(after), afterRoom))
            {
                return Keys(Take(Native.coffer_list_database_keys_with(Db,
                    string.IsNullOrEmpty(prefix) ? null : prefixText.Pointer,
                    string.IsNullOrEmpty(after) ? null : afterText.Pointer, new UIntPtr((uint)limit), &text), text));
            }
        }

        /// <summary>Loads a document that must be there, with its revision and time.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <returns>The document.</returns>
        /// <exception cref="CofferException">NotFound and others.</exception>
        public Entry LoadEntry(string key)
        {
            Entry entry;
            if (!TryLoadEntry(key, out entry))
            {
                throw new CofferException(Status.NotFound, LastError);
            }
            return entry;
        }

        /// <summary>Loads a document that may be there, with its revision and time.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="entry">The document.</param>
        /// <returns>Whether there is such a key.</returns>
        /// <exception cref="CofferException">A failure other than NotFound.</exception>
        public bool TryLoadEntry(string key, out Entry entry)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            ulong revision = 0;
            long savedAtMs = 0;
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                string json;
                bool found = TryTake(Native.coffer_load_entry(Db, keyText.Pointer, &text, &revision, &savedAtMs), text, out json);
                entry = new Entry(json, revision, savedAtMs);
                return found;
            }
        }

        /// <summary>Saves a document if its revision is the expected one.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">A JSON text.</param>
        /// <param name="expectedRevision">The revision that it must have now; 0: it must not exist; <see cref="AnyRevision"/>: do
        /// not check.</param>
        /// <param name="durability">What the save has promised when this returns.</param>
        /// <returns>The document's new revision.</returns>
        /// <exception cref="CofferException">Conflict, when the revision is another; nothing has changed then. And as in
        /// <see cref="SavePersistentData(string, string)"/>.</exception>
        public ulong SaveEntry(string key, string json, long expectedRevision = AnyRevision,
            Durability durability = Durability.Default)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            byte* jsonRoom = stackalloc byte[Utf8.Room];
            ulong revision = 0;
            using (var keyText = Utf8.Key(key, keyRoom))
            using (var jsonText = Utf8.Json(json, jsonRoom))
            {
                Check(Native.coffer_save_entry(Db, keyText.Pointer, jsonText.Pointer, expectedRevision, (int)durability,
                    &revision));
            }
            return revision;
        }

        /// <summary>Removes a document if its revision is the expected one.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="expectedRevision">As in <see cref="SaveEntry"/>.</param>
        /// <param name="durability">What the clear has promised when this returns.</param>
        /// <exception cref="CofferException">Conflict and others; nothing has changed then.</exception>
        public void ClearEntry(string key, long expectedRevision = AnyRevision, Durability durability = Durability.Default)
        {
            byte* keyRoom = stackalloc byte[Utf8.Room];
            using (var keyText = Utf8.Key(key, keyRoom))
            {
                Check(Native.coffer_clear_entry(Db, keyText.Pointer, expectedRevision, (int)durability));
            }
        }

        /// <summary>Does everything in the batch, or nothing. The batch is only read, and may be saved again.</summary>
        /// <param name="batch">Saves and clears.</param>
        /// <param name="durability">What the commit has promised when this returns.</param>
        /// <returns>The commit's sequence number in the store.</returns>
        /// <exception cref="CofferException">For the first entry that fails; nothing has changed then.</exception>
        public ulong SaveBatch(Batch batch, Durability durability = Durability.Default)
        {
            if (batch == null)
            {
                throw new ArgumentNullException(nameof(batch));
            }
            ulong sequence = 0;
            Check(batch.SaveTo(Db, durability, out sequence));
            return sequence;
        }

        private static string[] Keys(string json)
        {
            var keys = new List<string>();
            var reader = new JsonReader(json);
            reader.Array(() => keys.Add(reader.String()));
            reader.End();
            return keys.ToArray();
        }
    }
}
