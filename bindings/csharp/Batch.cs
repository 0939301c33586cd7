// Saves and clears that happen together or not at all.
//
// It must not check what the library checks. Invariant: all texts in it are UTF-8 with exactly one NUL, at the end,
// so that saving it only copies bytes.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Coffer
{
    /// <summary>Saves and clears for <see cref="Database.SaveBatch"/>. A key may stand in it once. It keeps copies of its texts and
    /// may be saved again; use it on one thread at a time.</summary>
    public sealed class Batch
    {
        private struct Item
        {
            internal byte[] Key;
            internal byte[] Json; // null clears
            internal long Expected;
        }

        private readonly List<Item> items = new List<Item>();
        private bool isChecked; // whether any revision is to be checked

        /// <summary>How many saves and clears it holds.</summary>
        public int Count => items.Count;

        /// <summary>Adds a save.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="json">The document, a JSON text.</param>
        /// <param name="expectedRevision">The revision that the document must have, or <see cref="Database.AnyRevision"/>, or 0:
        /// it must not exist.</param>
        /// <returns>This batch.</returns>
        /// <exception cref="CofferException">A text holds a NUL or half of a surrogate pair.</exception>
        public Batch Save(string key, string json, long expectedRevision = Database.AnyRevision)
        {
            return Add(key, Utf8.Copy(json, "json", Status.InvalidJson), expectedRevision);
        }

        /// <summary>Adds a clear. Clearing what is not there is allowed.</summary>
        /// <param name="key">1 to 1,024 bytes of UTF-8.</param>
        /// <param name="expectedRevision">As in <see cref="Save"/>.</param>
        /// <returns>This batch.</returns>
        /// <exception cref="CofferException">The key holds a NUL or half of a surrogate pair.</exception>
        public Batch Clear(string key, long expectedRevision = Database.AnyRevision)
        {
            return Add(key, null, expectedRevision);
        }

        /// <summary>Takes everything out.</summary>
        public void Reset()
        {
            items.Clear();
            isChecked = false;
        }

        private Batch Add(string key, byte[] json, long expected)
        {
            items.Add(new Item { Key = Utf8.Copy(key, "key", Status.InvalidKey), Json = json, Expected = expected });
            isChecked = isChecked || expected != Database.AnyRevision;
            return this;
        }

        // Lays everything out in one block of native memory: revisions, then both arrays of pointers, then the texts.
        internal unsafe int SaveTo(ulong db, Durability durability, out ulong sequence)
        {
            int count = items.Count;
            long size = (long)count * (sizeof(long) + 2 * sizeof(byte*)) + sizeof(long);
            foreach (Item item in items)
            {
                size += item.Key.Length + (item.Json == null ? 0 : item.Json.Length);
            }
            IntPtr block = Marshal.AllocHGlobal(new IntPtr(size));
            try
            {
                var revisions = (long*)block;
                var keys = (byte**)(revisions + count);
                var documents = keys + count;
                var free = (byte*)(documents + count);
                for (int i = 0; i < count; i++)
                {
                    revisions[i] = items[i].Expected;
                    keys[i] = Put(items[i].Key, ref free);
                    documents[i] = items[i].Json == null ? null : Put(items[i].Json, ref free);
                }
                fixed (ulong* result = &sequence)
                {
                    return Native.coffer_save_batch(db, keys, documents, isChecked ? revisions : null,
                        new UIntPtr((uint)count), (int)durability, result);
                }
            }
            finally
            {
                Marshal.FreeHGlobal(block);
            }
        }

        private static unsafe byte* Put(byte[] text, ref byte* free)
        {
            byte* at = free;
            Marshal.Copy(text, 0, (IntPtr)at, text.Length);
            free += text.Length;
            return at;
        }
    }
}
