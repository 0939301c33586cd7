// What was registered or supplied through a database, to be ended: plug-ins and the host's hub.
//
// It must not end what somebody registered later under the same name: only the first Dispose tells the library. Invariant:
// neither object is needed for calls to arrive; the database keeps what is called.
using System;
using System.Threading;

namespace Coffer
{
    /// <summary>A plug-in that was registered. It lasts until <see cref="Dispose"/>, or until its database is closed or
    /// forgotten, whether or not anybody keeps this object.</summary>
    public sealed class Plugin : IDisposable
    {
        private readonly Database database;
        private readonly Callee callee;
        private int disposed;

        internal Plugin(Database database, string name, Callee callee)
        {
            this.database = database;
            this.callee = callee;
            Name = name;
        }

        /// <summary>The name that it was registered under.</summary>
        public string Name { get; }

        /// <summary>Whether it can still be called.</summary>
        public bool IsActive => Volatile.Read(ref disposed) == 0 && database.IsOpen;

        /// <summary>The first exception that its handler threw, for whoever looks for mistakes: the callers were told their
        /// messages. Null if it threw none.</summary>
        public Exception Failure => callee?.Failure;

        /// <summary>Ends it; calls that it has not answered fail. When this returns, the handler is not running and will not
        /// run again; called by the handler itself, that is so when the handler returns. It waits for calls on other
        /// threads, so do not hold a lock that the handler takes. Nothing happens when it was ended before.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0)
            {
                database.Unregister(Name);
            }
        }
    }

    /// <summary>A hub that the host supplied. It lasts until <see cref="Dispose"/>, or until its database is closed or
    /// forgotten, whether or not anybody keeps this object.</summary>
    public sealed class SuppliedHub : IDisposable
    {
        private readonly Database database;
        private readonly Callee callee;
        private int disposed;

        internal SuppliedHub(Database database, Callee callee)
        {
            this.database = database;
            this.callee = callee;
        }

        /// <summary>Whether it can still be asked.</summary>
        public bool IsActive => Volatile.Read(ref disposed) == 0 && database.IsOpen;

        /// <summary>The first exception that its handler threw; null if it threw none. Those about commits, which come with
        /// <see cref="HubOptions.Changes"/>, are told here only.</summary>
        public Exception Failure => callee.Failure;

        /// <summary>Withdraws it. When this returns, the handler is not running and will not run again; called by the handler
        /// itself, that is so when the handler returns. Nothing happens when it was withdrawn before.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0)
            {
                database.WithdrawHub();
            }
        }
    }
}
