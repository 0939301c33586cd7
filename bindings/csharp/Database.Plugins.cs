// Coffer.Database: plug-ins that register and call each other, the host's own hub, and which modules are there.
//
// It must not hold the list's lock while it calls the library or a handler. Invariant: the list has the callees that the
// library may still call, and is what keeps them alive.
using System;
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        private readonly HashSet<Callee> callees = new HashSet<Callee>();

        /// <summary>Registers a plug-in whose handler answers at once, so that others find it and can call its methods. The
        /// event "plugin_registered" is published, and "plugin_left" when it ends.</summary>
        /// <param name="plugin">What it says of itself.</param>
        /// <param name="handler">What to call with each call of its methods: by <see cref="Poll"/>, or with
        /// <see cref="PluginOptions.Direct"/> on whichever thread calls. What it throws refuses the call.</param>
        /// <returns>The plug-in. It lasts until it or this database is disposed of, also if nobody keeps it.</returns>
        /// <exception cref="CofferException">NameTaken when it is registered already, InvalidOption,
        /// ModuleAbsent.</exception>
        public Plugin RegisterPlugin(PluginOptions plugin, MethodHandler handler)
        {
            return RegisterPlugin(plugin, Callee.Answering(handler));
        }

        /// <summary>Registers a plug-in whose handler is handed requests, to be answered then or later, from any
        /// thread.</summary>
        /// <param name="plugin">What it says of itself.</param>
        /// <param name="handler">What to call with each request, as in the other form. What it throws refuses the request, if
        /// it was not answered before.</param>
        /// <returns>The plug-in, as in the other form.</returns>
        /// <exception cref="CofferException">As in the other form.</exception>
        public Plugin RegisterPlugin(PluginOptions plugin, Action<Request> handler)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }
            return Register(plugin, handler);
        }

        /// <summary>Registers a plug-in whose calls are asked for with <see cref="TryNextCall"/>, or that has no
        /// methods.</summary>
        /// <param name="plugin">What it says of itself; it cannot be direct.</param>
        /// <returns>The plug-in. It lasts until it or this database is disposed of, also if nobody keeps it.</returns>
        /// <exception cref="CofferException">NameTaken when it is registered already, InvalidOption, InvalidArgument if it
        /// is direct, ModuleAbsent.</exception>
        public Plugin RegisterPlugin(PluginOptions plugin)
        {
            return Register(plugin, null);
        }

        /// <summary>Takes the next call that waits for a plug-in of this database without a handler.</summary>
        /// <param name="request">The request to answer; null if none waits.</param>
        /// <returns>Whether one waited.</returns>
        public bool TryNextCall(out Request request)
        {
            ulong id = 0;
            byte* text = null;
            string json;
            request = TryTake(Native.coffer_hub_next_call(Db, &id, &text), text, out json) ? RequestOf(id, json) : null;
            return request != null;
        }

        /// <summary>Looks a plug-in up.</summary>
        /// <param name="name">Its name.</param>
        /// <returns>What it says of itself, and what became of its dependencies.</returns>
        /// <exception cref="CofferException">UnknownPlugin; the message names the nearest.</exception>
        public PluginInfo Plugin(string name)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var nameText = Utf8.Argument(name, nameof(name), room))
            {
                return PluginsOf(Take(Native.coffer_hub_plugins(Db, nameText.Pointer, &text), text), true)[0];
            }
        }

        /// <summary>Every plug-in that is registered on this store, through whichever database.</summary>
        /// <returns>All by name.</returns>
        public IReadOnlyList<PluginInfo> Plugins()
        {
            byte* text = null;
            return PluginsOf(Take(Native.coffer_hub_plugins(Db, null, &text), text), false);
        }

        /// <summary>Calls a method of a plug-in and waits for the answer. A plug-in that is not direct answers when its own
        /// thread polls; two that wait for each other on their only threads wait until a limit is over, so begin a call and
        /// poll while it is under way.</summary>
        /// <param name="plugin">The plug-in's name.</param>
        /// <param name="method">One of the methods that it exports.</param>
        /// <param name="json">The argument: any JSON value, limited like a document.</param>
        /// <param name="timeLimit">How long to wait at most; zero for one second. A direct handler cannot be stopped, but an
        /// answer that it gives later does not count.</param>
        /// <returns>The answer, as the plug-in wrote it.</returns>
        /// <exception cref="CofferException">UnknownPlugin, CallFailed with the plug-in's own message, TimedOut, CallsTooDeep
        /// for calls within calls on this thread, InvalidJson, TooLarge, TooDeep, ModuleAbsent.</exception>
        public string Call(string plugin, string method, string json, TimeSpan timeLimit = default(TimeSpan))
        {
            uint limit = Milliseconds(timeLimit, nameof(timeLimit));
            byte* pluginRoom = stackalloc byte[Utf8.Room];
            byte* methodRoom = stackalloc byte[Utf8.Room];
            byte* jsonRoom = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var pluginText = Utf8.Argument(plugin, nameof(plugin), pluginRoom))
            using (var methodText = Utf8.Argument(method, nameof(method), methodRoom))
            using (var jsonText = Utf8.Json(json, jsonRoom))
            {
                return Take(Native.coffer_hub_call(Db, pluginText.Pointer, methodText.Pointer, jsonText.Pointer, limit,
                    &text), text);
            }
        }

        /// <summary>Calls a method of a plug-in without waiting: go on with the frame, and ask later. A direct handler has
        /// run when this returns.</summary>
        /// <param name="plugin">The plug-in's name.</param>
        /// <param name="method">One of the methods that it exports.</param>
        /// <param name="json">The argument: any JSON value, limited like a document.</param>
        /// <param name="timeLimit">When the call fails if there is no answer; zero for one second.</param>
        /// <returns>The call, to be asked for its answer.</returns>
        /// <exception cref="CofferException">UnknownPlugin, CallsTooDeep, InvalidJson, TooLarge, TooDeep, InvalidArgument for
        /// more than 65,536 calls under way, ModuleAbsent.</exception>
        public PendingCall BeginCall(string plugin, string method, string json, TimeSpan timeLimit = default(TimeSpan))
        {
            uint limit = Milliseconds(timeLimit, nameof(timeLimit));
            byte* pluginRoom = stackalloc byte[Utf8.Room];
            byte* methodRoom = stackalloc byte[Utf8.Room];
            byte* jsonRoom = stackalloc byte[Utf8.Room];
            ulong id = 0;
            using (var pluginText = Utf8.Argument(plugin, nameof(plugin), pluginRoom))
            using (var methodText = Utf8.Argument(method, nameof(method), methodRoom))
            using (var jsonText = Utf8.Json(json, jsonRoom))
            {
                Check(Native.coffer_hub_begin_call(Db, pluginText.Pointer, methodText.Pointer, jsonText.Pointer, limit,
                    &id));
            }
            return new PendingCall(this, id);
        }

        /// <summary>Supplies a hub of the host's own: from now on it is asked before anything is broadcast or registered
        /// through any database on the store, and what it refuses does not happen. Subscribers still hear what it does not
        /// refuse.</summary>
        /// <param name="options">How; null for the defaults.</param>
        /// <param name="handler">What to call with each operation, on whichever thread broadcasts or registers, by several at
        /// once. The method is "broadcast" with {"topic", "sequence", "source", "payload"}, or "register_reference" with
        /// {"name", "holder", "about"}; it answers within a second, to a reference {"registered": true, "ref_id": ...} or
        /// {"registered": false, "holder": ..., "ref_id": ...}. What it throws refuses.</param>
        /// <returns>The hub. It lasts until it or this database is disposed of, also if nobody keeps it.</returns>
        /// <exception cref="CofferException">NameTaken if there is one, InvalidOption, ModuleAbsent.</exception>
        public SuppliedHub SupplyHub(HubOptions options, MethodHandler handler)
        {
            return SupplyHub(options, Callee.Answering(handler));
        }

        /// <summary>As the other form, but the handler is handed requests, to be answered then or, within a second, later
        /// from any thread.</summary>
        /// <param name="options">How; null for the defaults.</param>
        /// <param name="handler">What to call with each request.</param>
        /// <returns>The hub, as in the other form.</returns>
        /// <exception cref="CofferException">As in the other form.</exception>
        public SuppliedHub SupplyHub(HubOptions options, Action<Request> handler)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), room))
            {
                return new SuppliedHub(this, Callee.Supply(this, Db, text.Pointer, handler));
            }
        }

        /// <summary>Says which modules of the documented layer are there. What is not is no error here.</summary>
        /// <returns>All five.</returns>
        public Phase11 LoadPhase11()
        {
            byte* text = null;
            return Phase11Of(Take(Native.coffer_load_phase11(Db, &text), text));
        }

        internal void Keep(Callee one)
        {
            lock (callees)
            {
                callees.Add(one);
            }
        }

        internal void Drop(Callee one)
        {
            lock (callees)
            {
                callees.Remove(one);
            }
        }

        // What fails is over already: its database is being closed.
        internal void Unregister(string name)
        {
            if (IsOpen)
            {
                byte* room = stackalloc byte[Utf8.Room];
                using (var text = Utf8.Argument(name, nameof(name), room))
                {
                    Native.coffer_hub_unregister_plugin(handle.Value, text.Pointer);
                }
            }
            GC.KeepAlive(this);
        }

        internal void WithdrawHub()
        {
            if (IsOpen)
            {
                Native.coffer_hub_supply(handle.Value, null, null, null, null);
            }
            GC.KeepAlive(this);
        }

        internal bool TryAwait(ulong call, ulong microseconds, out string json)
        {
            byte* text = null;
            int status = Native.coffer_hub_await_call(call, microseconds, &text);
            json = null;
            if (status == (int)Status.Pending)
            {
                GC.KeepAlive(this);
                return false;
            }
            // The second when another thread was just told.
            if (status == (int)Status.InvalidHandle || status == (int)Status.InvalidArgument)
            {
                throw new ObjectDisposedException(nameof(PendingCall),
                    StatusName(Status.InvalidHandle) + ": the call's outcome was told, or its database was closed");
            }
            json = Take(status, text);
            return true;
        }

        // Rounded up: what is shorter than a unit must not become none.
        internal static ulong Microseconds(TimeSpan time, string what)
        {
            if (time < TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(what);
            }
            return (ulong)(time.Ticks / 10 + (time.Ticks % 10 > 0 ? 1 : 0));
        }

        private static uint Milliseconds(TimeSpan time, string what)
        {
            ulong microseconds = Microseconds(time, what);
            return (uint)Math.Min(microseconds / 1000 + (microseconds % 1000 > 0 ? 1u : 0u), uint.MaxValue);
        }

        private Plugin Register(PluginOptions plugin, Action<Request> handler)
        {
            if (plugin == null)
            {
                throw new ArgumentNullException(nameof(plugin));
            }
            string name = plugin.Name;
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Argument(plugin.ToJson(), nameof(plugin), room))
            {
                Callee callee = null;
                if (handler != null)
                {
                    callee = Callee.Register(this, Db, text.Pointer, name, handler);
                }
                else
                {
                    Check(Native.coffer_hub_register_plugin(Db, text.Pointer, null, null, null));
                }
                return new Plugin(this, name, callee);
            }
        }
    }
}
