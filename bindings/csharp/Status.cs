// What can go wrong, as C# sees it: the status numbers of the C ABI and the exception that carries one.
//
// It must not invent statuses: the numbers are the header's, and a test compares every name with the library's own.
// Invariant: a CofferException always carries a failure, never Ok.
using System;

namespace Coffer
{
    /// <summary>How a call of the library ended. The numbers are those of the C header.</summary>
    public enum Status
    {
        /// <summary>It succeeded.</summary>
        Ok = 0,
        /// <summary>An argument was null.</summary>
        NullArgument = -1,
        /// <summary>The database is closed.</summary>
        InvalidHandle = -2,
        /// <summary>A text is not Unicode: it has half of a surrogate pair, or bytes that are not UTF-8.</summary>
        InvalidUtf8 = -3,
        /// <summary>The document is not JSON.</summary>
        InvalidJson = -4,
        /// <summary>The key is empty, longer than 1,024 bytes of UTF-8, or holds a NUL.</summary>
        InvalidKey = -5,
        /// <summary>An option is unknown, out of range, or other than the open store's.</summary>
        InvalidOption = -6,
        /// <summary>An argument is out of range.</summary>
        InvalidArgument = -7,
        /// <summary>The document is longer than max_document_bytes.</summary>
        TooLarge = -8,
        /// <summary>The document is nested deeper than max_depth.</summary>
        TooDeep = -9,
        /// <summary>There is no such key, version, reference, API or endpoint.</summary>
        NotFound = -10,
        /// <summary>The document's revision is not the expected one.</summary>
        Conflict = -11,
        /// <summary>The key belongs to a past version, a counter or the layer itself.</summary>
        ReservedKey = -12,
        /// <summary>The buffer is too small.</summary>
        BufferTooSmall = -13,
        /// <summary>Another process has the store.</summary>
        Busy = -14,
        /// <summary>This database was opened to read only.</summary>
        ReadOnly = -15,
        /// <summary>The disk failed.</summary>
        Io = -16,
        /// <summary>There is no store, and it was not to be made.</summary>
        NoStore = -17,
        /// <summary>The store is damaged.</summary>
        Corrupt = -18,
        /// <summary>An earlier write failed: saves are refused until the store is opened again.</summary>
        Failed = -19,
        /// <summary>The store's format, or the library's interface, is of a version that is not known here.</summary>
        UnsupportedFormat = -20,
        /// <summary>Memory ran out.</summary>
        OutOfMemory = -21,
        /// <summary>There is no such snapshot; the message names the nearest ids and labels.</summary>
        UnknownSnapshot = -22,
        /// <summary>The moment is not, or no longer, among those that the journal reaches.</summary>
        OutOfReach = -23,
        /// <summary>There is no such plug-in, or it has no such method; the message names the nearest ones.</summary>
        UnknownPlugin = -24,
        /// <summary>Another plug-in has the name, or another host the place; the message says who.</summary>
        NameTaken = -25,
        /// <summary>The plug-in or host that was called failed; the message is its own.</summary>
        CallFailed = -26,
        /// <summary>No answer came within the time limit.</summary>
        TimedOut = -27,
        /// <summary>Plug-ins call each other more than 32 deep on one thread.</summary>
        CallsTooDeep = -28,
        /// <summary>The answer of a call is not there yet. Never thrown: <see cref="PendingCall.TryAwait"/> is false
        /// then.</summary>
        Pending = -29,
        /// <summary>The module that this needs is not in this build of the library; the message names it.</summary>
        ModuleAbsent = -30,
        /// <summary>A file to import is not what it should be; the message names line and column.</summary>
        Unreadable = -31,
        /// <summary>A <see cref="ProgressHandler"/> said to stop; nothing has changed.</summary>
        Cancelled = -32,
        /// <summary>This process was forked while a store was open in its parent, to which the store belongs.</summary>
        Forked = -33,
        /// <summary>A bug in Coffer.</summary>
        Internal = -99
    }

    /// <summary>A call that failed. <see cref="Exception.Message"/> is one line that starts with the status's name and
    /// names the key, path or byte offset concerned.</summary>
    public sealed class CofferException : Exception
    {
        /// <summary>Makes one.</summary>
        /// <param name="status">What went wrong.</param>
        /// <param name="reason">One line that says why; may be null.</param>
        public CofferException(Status status, string reason)
            : base(string.IsNullOrEmpty(reason) ? Database.StatusName(status) : Database.StatusName(status) + ": " + reason)
        {
            Status = status;
            Reason = reason ?? "";
        }

        /// <summary>What went wrong.</summary>
        public Status Status { get; }

        /// <summary>Why, without the status's name in front.</summary>
        public string Reason { get; }
    }
}
