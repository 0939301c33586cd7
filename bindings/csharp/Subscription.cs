// Subscriptions: what was asked for, the way from the library's calls to handlers, and events as handlers see them.
//
// It must not let a managed exception cross into C, nor give C an instance method: ahead-of-time compilers such as IL2CPP
// make code for C to call of static methods with MonoPInvokeCallback only. Invariant: the library's context of a
// subscription is a weak GCHandle to it, freed exactly once: by the library's call of Free, or by Make when the
// library refused. The database keeps its subscriptions alive; weak, so that a forgotten one can still be
// collected when its handlers refer to it.
using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Coffer
{
    /// <summary>Marks what C calls, for ahead-of-time compilers. They go by the name, so Unity's own is not
    /// needed.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        internal MonoPInvokeCallbackAttribute(Type type)
        {
            Type = type;
        }

        internal Type Type { get; }
    }

    /// <summary>A subscription to events. It lasts until <see cref="Dispose"/> or <see cref="Unsubscribe"/>, or until its
    /// database is closed or forgotten, whether or not anybody keeps this object.</summary>
    public sealed unsafe class Subscription : IDisposable
    {
        // C keeps their addresses: they live as long as the program.
        private static readonly Native.coffer_hub_subscribe_callback_delegate OnEvent = Receive;
        private static readonly Native.coffer_hub_subscribe_free_context_delegate OnEnd = Free;

        // What this thread's Poll is told by handlers. Polls may be nested.
        [ThreadStatic]
        private static PollScope scope;

        private readonly Database database;
        private readonly Action<Event> handler;
        private readonly bool direct;
        private ulong id;
        private int unsubscribed;
        private volatile bool ended;
        private Exception failure;

        private Subscription(Database database, Action<Event> handler, bool direct)
        {
            this.database = database;
            this.handler = handler;
            this.direct = direct;
        }

        /// <summary>Whether events can still come.</summary>
        public bool IsActive => !ended && Volatile.Read(ref unsubscribed) == 0;

        /// <summary>The first exception that the handler of a direct subscription threw; null if none did. Those of polled
        /// ones come out of <see cref="Database.Poll"/>.</summary>
        public Exception Failure => Volatile.Read(ref failure);

        /// <summary>Ends it. When this returns, the handler is not running and will not run again; called by the handler
        /// itself, that is so when the handler returns. It waits for a call on another thread, so do not hold a lock that
        /// the handler takes.</summary>
        /// <exception cref="ObjectDisposedException">It was ended before, or its database was closed.</exception>
        public void Unsubscribe()
        {
            if (!End())
            {
                throw Over();
            }
        }

        /// <summary>As <see cref="Unsubscribe"/>, but nothing happens when it was ended before.</summary>
        public void Dispose()
        {
            End();
        }

        /// <summary>Forgets what waits, and goes on with everything that was committed after <paramref name="since"/>. Events
        /// that are no commits are not brought back.</summary>
        /// <param name="since">A commit's number; after an "overflow", its from_sequence less one.</param>
        /// <exception cref="ObjectDisposedException">It was ended.</exception>
        /// <exception cref="CofferException">InvalidArgument if it does not hear "database_changed"; ReadOnly, OutOfReach,
        /// Corrupt, Io.</exception>
        public void Replay(ulong since)
        {
            int status = IsActive ? Native.coffer_hub_replay(id, since) : (int)Status.InvalidHandle;
            if (status == (int)Status.InvalidHandle)
            {
                throw Over();
            }
            database.Check(status);
        }

        internal static Subscription Make(Database database, ulong db, byte* topic, byte* options, Action<Event> handler,
            bool direct)
        {
            var made = new Subscription(database, handler, direct);
            GCHandle context = GCHandle.Alloc(made, GCHandleType.Weak);
            // In the list first: a direct one may be called before the library's function returns.
            database.Keep(made);
            ulong id = 0;
            int status = Native.coffer_hub_subscribe(db, topic, options, OnEvent, (void*)GCHandle.ToIntPtr(context), OnEnd,
                &id);
            if (status != (int)Status.Ok)
            {
                context.Free();
                made.ended = true;
                database.Drop(made);
            }
            database.Check(status);
            Volatile.Write(ref made.id, id);
            Thread.MemoryBarrier();
            if (Volatile.Read(ref made.unsubscribed) != 0)
            {
                Native.coffer_hub_unsubscribe(id); // somebody whom HandlerFailed told of it was faster
            }
            return made;
        }

        /// <summary>Runs the library's poll, and then throws what the first handler threw that did.</summary>
        internal static int Poll(Database database, ulong db, uint maxEvents, ulong budget)
        {
            var mine = new PollScope { Outer = scope };
            UIntPtr delivered = UIntPtr.Zero;
            scope = mine;
            try
            {
                database.Check(Native.coffer_hub_poll(db, new UIntPtr(maxEvents), budget, &delivered));
            }
            finally
            {
                scope = mine.Outer;
            }
            mine.First?.Throw();
            return (int)Math.Min(delivered.ToUInt64(), int.MaxValue);
        }

        private bool End()
        {
            if (Interlocked.Exchange(ref unsubscribed, 1) != 0)
            {
                return false;
            }
            ulong known = Volatile.Read(ref id);
            if (known == 0)
            {
                return true; // Make is not through yet, and will end it
            }
            int status = Native.coffer_hub_unsubscribe(known);
            database.Drop(this);
            return status == (int)Status.Ok;
        }

        private static ObjectDisposedException Over()
        {
            return new ObjectDisposedException(nameof(Subscription),
                Database.StatusName(Status.InvalidHandle) + ": the subscription was ended");
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_subscribe_callback_delegate))]
        private static void Receive(void* context, byte* topic, ulong sequence, ulong eventId, byte* source, long timeMs,
            byte* json)
        {
            Subscription target = null;
            try
            {
                target = (Subscription)GCHandle.FromIntPtr((IntPtr)context).Target;
                // Null when its database was forgotten and is just being closed.
                target?.handler(new Event(Utf8.ToText(topic), sequence, eventId, Utf8.ToText(source), timeMs,
                    Utf8.ToText(json)));
            }
            catch (Exception error)
            {
                target?.Note(error);
            }
        }

        private void Note(Exception error)
        {
            if (!direct && scope != null)
            {
                scope.First = scope.First ?? ExceptionDispatchInfo.Capture(error);
                return;
            }
            Interlocked.CompareExchange(ref failure, error, null);
            database.TellFailure(this, error);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_subscribe_free_context_delegate))]
        private static void Free(void* context)
        {
            try
            {
                GCHandle handle = GCHandle.FromIntPtr((IntPtr)context);
                var target = (Subscription)handle.Target;
                handle.Free();
                if (target != null)
                {
                    target.ended = true;
                    target.database.Drop(target);
                }
            }
            catch (Exception)
            {
                // Nobody is there to be told.
            }
        }

        private sealed class PollScope
        {
            internal PollScope Outer;
            internal ExceptionDispatchInfo First;
        }
    }
}
