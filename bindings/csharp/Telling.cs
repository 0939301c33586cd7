// How far a work is: the way from the library's calls to whoever wants to be told.
//
// It must not let a managed exception cross into C, nor give C an instance method: see Subscription.cs. The generated
// delegate types are alike, but the attribute for ahead-of-time compilers names one: so each has a method of its own.
// Invariant: the library's context is a GCHandle to a Telling, which lasts as long as the call does, and is freed by
// Dispose; what the handler threw first is thrown again when the call has returned.
using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Coffer
{
    /// <summary>Is told now and then how far a work is, in bytes. It runs on the thread that works, which keeps checkpoints
    /// waiting: it may load and save, but must not flush, close, export, import, or use snapshots of the same
    /// store, nor analyze it fully. What it throws stops the work, and comes out of the call.</summary>
    /// <param name="done">How much is done.</param>
    /// <param name="total">How much there is.</param>
    /// <returns>True to go on; false to stop, and the call throws <see cref="Status.Cancelled"/>.</returns>
    public delegate bool ProgressHandler(ulong done, ulong total);

    internal sealed unsafe class Telling : IDisposable
    {
        // C calls them during a call only, but one for all costs nothing.
        private static readonly Native.coffer_export_database_for_sharing_progress_delegate OnExport = ReceiveExport;
        private static readonly Native.coffer_import_database_from_external_progress_delegate OnImport = ReceiveImport;
        private static readonly Native.coffer_analyze_database_health_progress_delegate OnHealth = ReceiveHealth;

        private readonly ProgressHandler handler;
        private GCHandle context;
        private ExceptionDispatchInfo failure;

        internal Telling(ProgressHandler handler)
        {
            this.handler = handler;
            context = GCHandle.Alloc(this);
        }

        // Null when nobody wants to be told.
        internal Native.coffer_export_database_for_sharing_progress_delegate Export => handler == null ? null : OnExport;

        internal Native.coffer_import_database_from_external_progress_delegate Import => handler == null ? null : OnImport;

        internal Native.coffer_analyze_database_health_progress_delegate Health => handler == null ? null : OnHealth;

        internal void* Context => (void*)GCHandle.ToIntPtr(context);

        /// <summary>Whether the handler threw.</summary>
        internal bool HasFailed => failure != null;

        /// <summary>Throws what the handler threw, if it did.</summary>
        internal void Rethrow()
        {
            failure?.Throw();
        }

        /// <summary>Has to be called when the library's function has returned, and not before.</summary>
        public void Dispose()
        {
            if (context.IsAllocated)
            {
                context.Free();
            }
        }

        private static int Receive(void* context, ulong done, ulong total)
        {
            Telling target = null;
            try
            {
                target = (Telling)GCHandle.FromIntPtr((IntPtr)context).Target;
                return !target.HasFailed && target.handler(done, total) ? 0 : 1;
            }
            catch (Exception error)
            {
                if (target != null)
                {
                    target.failure = ExceptionDispatchInfo.Capture(error);
                }
                return 1;
            }
        }

        [MonoPInvokeCallback(typeof(Native.coffer_export_database_for_sharing_progress_delegate))]
        private static int ReceiveExport(void* context, ulong done, ulong total)
        {
            return Receive(context, done, total);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_import_database_from_external_progress_delegate))]
        private static int ReceiveImport(void* context, ulong done, ulong total)
        {
            return Receive(context, done, total);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_analyze_database_health_progress_delegate))]
        private static int ReceiveHealth(void* context, ulong done, ulong total)
        {
            return Receive(context, done, total);
        }
    }
}
