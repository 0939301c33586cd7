// Coffer.Database: an open store. This file holds its life: opening, closing, errors, and what belongs to the library as
// a whole. Documents are in Database.Documents.cs, Tier 1 in Database.Tier1.cs, snapshots in Database.Snapshots.cs, events
// in Database.Hub.cs, plug-ins in Database.Plugins.cs, files of other programs in Database.Exchange.cs, how the store fares in
// Database.Health.cs, its API over HTTP in Database.Gateway.cs.
//
// It must not let a managed exception cross into C (what C calls is all in Subscription.cs, Callee.cs and Telling.cs), and
// nothing here needs code made at run time, so that ahead-of-time compilers such as IL2CPP take it. The imports are in
// Native.cs, which is generated.
//
// Invariant: an open Database owns exactly one handle, and it is closed exactly once: by Close, by Dispose, or by the
// finalizer of a forgotten object.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Coffer
{
    /// <summary>An open store. Every member may be called from every thread at the same time.
    /// <para>Keys are 1 to 1,024 bytes of UTF-8; documents are JSON texts, kept as they were saved. What fails throws
    /// <see cref="CofferException"/>: with <see cref="Status.InvalidKey"/> or <see cref="Status.InvalidJson"/> also when a text holds a
    /// NUL, with <see cref="Status.InvalidUtf8"/> when it has half of a surrogate pair. A null text is an
    /// <see cref="ArgumentNullException"/>. A closed database throws <see cref="ObjectDisposedException"/>, C#'s form of
    /// <see cref="Status.InvalidHandle"/>.</para></summary>
    public sealed unsafe partial class Database : IDisposable
    {
        /// <summary>As an expected revision: do not check.</summary>
        public const long AnyRevision = -1;

        // What this binding was written for.
        private const uint AbiVersion = 2;

        private readonly Handle handle = new Handle();

        /// <summary>Opens the store in the directory <paramref name="path"/>, and makes it if there is none.</summary>
        /// <param name="path">A directory.</param>
        /// <param name="options">How to open; null for the defaults.</param>
        /// <exception cref="CofferException"><see cref="Status.Busy"/> when another process has the store; NoStore,
        /// InvalidOption, Corrupt, UnsupportedFormat, Io.</exception>
        /// <exception cref="DllNotFoundException">The native library is not there. The environment variable COFFER_LIBRARY may
        /// name its file.</exception>
        public Database(string path, Options options = null)
            : this(path, options?.ToJson(), Library.Ensure())
        {
        }

        // Not inlined, so that it is compiled when the library's place is known: see Library.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private Database(string path, string optionsJson, bool libraryIsKnown)
        {
            uint found = LibraryAbiVersion;
            if (found != AbiVersion)
            {
                throw new CofferException(Status.UnsupportedFormat, "this binding is written for version " + AbiVersion +
                    " of Coffer's C ABI, and the library has version " + found + ": take both from the same release");
            }
            byte* pathRoom = stackalloc byte[Utf8.Room];
            byte* optionsRoom = stackalloc byte[Utf8.Room];
            using (var pathText = Utf8.Argument(path, "path", pathRoom))
            using (var optionsText = Utf8.Argument(optionsJson ?? "{}", "options", optionsRoom))
            {
                ulong db = 0;
                Check(Native.coffer_open(pathText.Pointer, optionsJson == null ? null : optionsText.Pointer, &db));
                handle.Own(db);
            }
        }

        /// <summary>Opens with the options as JSON text, for options that this binding does not know.</summary>
        /// <param name="path">A directory.</param>
        /// <param name="optionsJson">A JSON object, or null for the defaults.</param>
        /// <returns>The open database.</returns>
        /// <exception cref="CofferException">As in the constructor.</exception>
        public static Database OpenJson(string path, string optionsJson)
        {
            return new Database(path, optionsJson, Library.Ensure());
        }

        /// <summary>The library's version, as in "0.1.0".</summary>
        public static string Version
        {
            get
            {
                Library.Ensure();
                return Info.Version();
            }
        }

        /// <summary>The version of the library's C ABI.</summary>
        public static uint LibraryAbiVersion
        {
            get
            {
                Library.Ensure();
                return Info.AbiVersion();
            }
        }

        /// <summary>How many databases are open in this process, for tests that look for leaks.</summary>
        public static ulong LiveHandles
        {
            get
            {
                Library.Ensure();
                return Info.LiveHandles();
            }
        }

        /// <summary>Why the last failing call on this thread failed, in one line; empty after a call that succeeded.</summary>
        public static string LastError
        {
            get
            {
                Library.Ensure();
                return Info.LastError();
            }
        }

        /// <summary>The name that the C header has for a status, as in "COFFER_ERROR_BUSY".</summary>
        /// <param name="status">Any status.</param>
        /// <returns>The name; "unknown status" for a number that is none.</returns>
        public static string StatusName(Status status)
        {
            Library.Ensure();
            return Info.StatusName(status);
        }

        /// <summary>Whether this object holds a handle.</summary>
        public bool IsOpen => !handle.IsClosed && !handle.IsInvalid;

        /// <summary>Waits until everything that was saved before is on the disk.</summary>
        public void Flush()
        {
            Check(Native.coffer_flush(Db));
        }

        /// <summary>Has the background thread write an image of the store, and waits for it.</summary>
        public void Checkpoint()
        {
            Check(Native.coffer_checkpoint(Db));
        }

        /// <summary>What opening found.</summary>
        /// <returns>A JSON object: recovered_records, torn_bytes, salvaged, and lost with one element for each lost
        /// part.</returns>
        public string RecoveryReport()
        {
            byte* text = null;
            return Take(Native.coffer_recovery_report(Db, &text), text);
        }

        /// <summary>Writes out what is pending and closes. The object is closed afterwards, also when this throws.</summary>
        /// <exception cref="ObjectDisposedException">It was closed before.</exception>
        /// <exception cref="CofferException">Writing out failed; InvalidArgument within what closing waits for, which is then
        /// done when that has ended: progress, and on a thread that is answering a request of the API.</exception>
        public void Close()
        {
            ulong unused = Db;
            handle.Dispose();
            Check(handle.CloseStatus);
        }

        /// <summary>Closes, if it is open. A failure goes unseen here: call <see cref="Close"/> to see it.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        // The handle for a call that Check or Take ends: those keep this object, and with it the handle, from being
        // finalized during the call.
        private ulong Db
        {
            get
            {
                if (!IsOpen)
                {
                    throw Closed();
                }
                return handle.Value;
            }
        }

        private static ObjectDisposedException Closed()
        {
            return new ObjectDisposedException(nameof(Database), StatusName(Status.InvalidHandle) + ": the database is closed");
        }

        internal void Check(int status)
        {
            GC.KeepAlive(this);
            if (status == (int)Status.Ok)
            {
                return;
            }
            if (status == (int)Status.InvalidHandle && handle.IsClosed)
            {
                throw Closed(); // another thread closed it meanwhile
            }
            throw new CofferException((Status)status, LastError);
        }

        // For calls where "not found" is an ordinary answer.
        private bool Found(int status)
        {
            if (status == (int)Status.NotFound)
            {
                GC.KeepAlive(this);
                return false;
            }
            Check(status);
            return true;
        }

        // A text that C handed out, which is given back to it here.
        private string Take(int status, byte* text)
        {
            Check(status);
            try
            {
                return Utf8.ToText(text);
            }
            finally
            {
                Native.coffer_string_free(text);
            }
        }

        private bool TryTake(int status, byte* text, out string json)
        {
            json = Found(status) ? Take(status, text) : null;
            return json != null;
        }

        // What needs no handle. Never inlined: see Library.
        private static class Info
        {
            [MethodImpl(MethodImplOptions.NoInlining)]
            internal static string Version()
            {
                return Utf8.ToText(Native.coffer_version());
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            internal static uint AbiVersion()
            {
                return Native.coffer_abi_version();
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            internal static ulong LiveHandles()
            {
                return Native.coffer_live_handles().ToUInt64();
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            internal static string LastError()
            {
                return Utf8.ToText(Native.coffer_last_error());
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            internal static string StatusName(Status status)
            {
                return Utf8.ToText(Native.coffer_status_name((int)status));
            }
        }

        // A database handle is 64 bits wide on every platform, a pointer is not: so the base class's own field only says
        // whether there is one.
        private sealed class Handle : SafeHandle
        {
            internal Handle()
                : base(IntPtr.Zero, true)
            {
            }

            internal ulong Value { get; private set; }

            internal int CloseStatus { get; private set; }

            public override bool IsInvalid => handle == IntPtr.Zero;

            internal void Own(ulong db)
            {
                Value = db;
                SetHandle(new IntPtr(1));
            }

            protected override bool ReleaseHandle()
            {
                ulong db = Value;
                CloseStatus = Native.coffer_close(db);
                if (CloseStatus == (int)Status.InvalidArgument)
                {
                    // This thread is amid what closing waits for, such as a request of the API: another one can wait.
                    ThreadPool.QueueUserWorkItem(unused => Native.coffer_close(db));
                }
                return CloseStatus == (int)Status.Ok;
            }
        }
    }
}
