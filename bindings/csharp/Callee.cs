// Who takes calls: the way from the library's calls of a plug-in's methods, or of a host's hub, to handlers.
//
// It must not let a managed exception cross into C, nor give C an instance method: see Subscription.cs. The two pairs of
// generated delegate types are alike, but the attribute for ahead-of-time compilers names one: so each has methods of
// its own. Invariant: the library's context of a callee is a weak GCHandle to it, freed exactly once: by the library's call
// of Free, or by Made when the library refused. The database keeps its callees alive until then.
using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Coffer
{
    /// <summary>Answers a call: of a plug-in's method, or of the operation of a host's hub. What it throws refuses the call;
    /// the caller gets the exception's message.</summary>
    /// <param name="caller">The option Plugin of the database that calls.</param>
    /// <param name="method">The method, as the plug-in exports it; of a host's hub "broadcast" or
    /// "register_reference".</param>
    /// <param name="json">The argument: any JSON value.</param>
    /// <returns>The answer: any JSON value.</returns>
    public delegate string MethodHandler(string caller, string method, string json);

    internal sealed unsafe class Callee
    {
        // How the library calls the plug-in that a host's hub is.
        private const string HostName = "host";

        // C keeps their addresses: they live as long as the program.
        private static readonly Native.coffer_hub_register_plugin_callback_delegate OnCall = ReceivePlugin;
        private static readonly Native.coffer_hub_register_plugin_free_context_delegate OnEnd = FreePlugin;
        private static readonly Native.coffer_hub_supply_callback_delegate OnHostCall = ReceiveHost;
        private static readonly Native.coffer_hub_supply_free_context_delegate OnHostEnd = FreeHost;

        private readonly Database database;
        private readonly string name;
        private readonly Action<Request> handler;
        private Exception failure;

        private Callee(Database database, string name, Action<Request> handler)
        {
            this.database = database;
            this.name = name;
            this.handler = handler;
        }

        /// <summary>The first exception that the handler threw.</summary>
        internal Exception Failure => Volatile.Read(ref failure);

        /// <summary>A handler that answers at once, as one that is handed requests.</summary>
        internal static Action<Request> Answering(MethodHandler handler)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }
            return request => request.AnswerAtOnce(handler(request.Caller, request.Method, request.Json));
        }

        internal static Callee Register(Database database, ulong db, byte* plugin, string name, Action<Request> handler)
        {
            var made = new Callee(database, name, handler);
            GCHandle context = Begin(made);
            return Made(made, context, Native.coffer_hub_register_plugin(db, plugin, OnCall,
                (void*)GCHandle.ToIntPtr(context), OnEnd));
        }

        internal static Callee Supply(Database database, ulong db, byte* options, Action<Request> handler)
        {
            var made = new Callee(database, HostName, handler);
            GCHandle context = Begin(made);
            return Made(made, context, Native.coffer_hub_supply(db, options, OnHostCall,
                (void*)GCHandle.ToIntPtr(context), OnHostEnd));
        }

        // In the list first: it may be called, and even ended, before the library's function returns.
        private static GCHandle Begin(Callee made)
        {
            GCHandle context = GCHandle.Alloc(made, GCHandleType.Weak);
            made.database.Keep(made);
            return context;
        }

        private static Callee Made(Callee made, GCHandle context, int status)
        {
            if (status != (int)Status.Ok)
            {
                context.Free();
                made.database.Drop(made);
            }
            made.database.Check(status);
            return made;
        }

        private static void Receive(void* context, ulong id, byte* caller, byte* method, byte* json)
        {
            Callee target = null;
            try
            {
                target = (Callee)GCHandle.FromIntPtr((IntPtr)context).Target;
                if (target == null)
                {
                    // It was forgotten and is just being closed.
                    throw new ObjectDisposedException(nameof(Database), "the plug-in's database was closed");
                }
                target.handler(new Request(id, target.name, Utf8.ToText(caller), Utf8.ToText(method), Utf8.ToText(json)));
            }
            catch (Exception error)
            {
                if (target != null)
                {
                    Interlocked.CompareExchange(ref target.failure, error, null);
                }
                Request.RefuseFor(id, error);
            }
        }

        private static void Free(void* context)
        {
            try
            {
                GCHandle handle = GCHandle.FromIntPtr((IntPtr)context);
                var target = (Callee)handle.Target;
                handle.Free();
                target?.database.Drop(target);
            }
            catch (Exception)
            {
                // Nobody is there to be told.
            }
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_register_plugin_callback_delegate))]
        private static void ReceivePlugin(void* context, ulong request, byte* caller, byte* method, byte* json)
        {
            Receive(context, request, caller, method, json);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_register_plugin_free_context_delegate))]
        private static void FreePlugin(void* context)
        {
            Free(context);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_supply_callback_delegate))]
        private static void ReceiveHost(void* context, ulong request, byte* caller, byte* method, byte* json)
        {
            Receive(context, request, caller, method, json);
        }

        [MonoPInvokeCallback(typeof(Native.coffer_hub_supply_free_context_delegate))]
        private static void FreeHost(void* context)
        {
            Free(context);
        }
    }
}
