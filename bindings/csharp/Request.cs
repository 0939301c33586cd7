// A call as the one who is called sees it, to be answered or refused.
//
// It must not throw on a thread of the library's: RefuseFor, which is called there, swallows everything. Invariant: a
// request is answered or refused once; the library sees to that, so no state is kept here.
using System;

namespace Coffer
{
    /// <summary>A call of a plug-in's method, or of an operation of a host's hub. Answer or refuse it once, now or later,
    /// from any thread. One that is dropped instead leaves its caller waiting until the time limit.</summary>
    public sealed unsafe class Request
    {
        private readonly ulong id;

        internal Request(ulong id, string plugin, string caller, string method, string json)
        {
            this.id = id;
            Plugin = plugin;
            Caller = caller;
            Method = method;
            Json = json;
        }

        /// <summary>The name of the plug-in that is called; "host" for a host's hub.</summary>
        public string Plugin { get; }

        /// <summary>The option Plugin of the database that calls.</summary>
        public string Caller { get; }

        /// <summary>The method, as the plug-in exports it; of a host's hub "broadcast" or "register_reference".</summary>
        public string Method { get; }

        /// <summary>The argument: any JSON value, as the caller wrote it.</summary>
        public string Json { get; }

        /// <summary>Answers it.</summary>
        /// <param name="json">Any JSON value, limited like a document of a store with the usual options.</param>
        /// <exception cref="ObjectDisposedException">It was answered or refused before.</exception>
        /// <exception cref="CofferException">InvalidJson, TooLarge, TooDeep: it can still be answered. TimedOut if nobody waits
        /// any more, InvalidArgument if the plug-in left.</exception>
        public void Answer(string json)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Json(json, room))
            {
                Check(Native.coffer_hub_answer(id, text.Pointer));
            }
        }

        /// <summary>Refuses it: the caller gets <see cref="Status.CallFailed"/>.</summary>
        /// <param name="reason">One line for the caller to read.</param>
        /// <exception cref="ObjectDisposedException">It was answered or refused before.</exception>
        /// <exception cref="CofferException">TimedOut if nobody waits any more, InvalidArgument if the plug-in
        /// left.</exception>
        public void Refuse(string reason)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Argument(reason, nameof(reason), room))
            {
                Check(Native.coffer_hub_refuse(id, text.Pointer));
            }
        }

        /// <summary>Answers for a handler that cannot wait: that its caller does not wait either is no mistake of
        /// it.</summary>
        internal void AnswerAtOnce(string json)
        {
            if (json == null)
            {
                throw new InvalidOperationException("the handler gave no answer");
            }
            byte* room = stackalloc byte[Utf8.Room];
            using (var text = Utf8.Json(json, room))
            {
                int status = Native.coffer_hub_answer(id, text.Pointer);
                if (status != (int)Status.TimedOut && status != (int)Status.InvalidArgument)
                {
                    Check(status);
                }
            }
        }

        /// <summary>Refuses with an exception's message, if it is not answered yet. Throws nothing.</summary>
        internal static void RefuseFor(ulong id, Exception error)
        {
            try
            {
                byte* room = stackalloc byte[Utf8.Room];
                using (var text = Utf8.Argument(Utf8.Clean(MessageOf(error)), "reason", room))
                {
                    Native.coffer_hub_refuse(id, text.Pointer);
                }
            }
            catch (Exception)
            {
                // Memory ran out: the time limit will tell the caller.
            }
        }

        private static string MessageOf(Exception error)
        {
            string message = null;
            try
            {
                message = error.Message;
            }
            catch (Exception)
            {
                // A message of somebody's own making; the type's name will do.
            }
            return string.IsNullOrEmpty(message) ? error.GetType().Name : message;
        }

        private static void Check(int status)
        {
            if (status == (int)Status.InvalidHandle)
            {
                throw new ObjectDisposedException(nameof(Request),
                    Database.StatusName(Status.InvalidHandle) + ": the request was answered before");
            }
            if (status != (int)Status.Ok)
            {
                throw new CofferException((Status)status, Database.LastError);
            }
        }
    }
}
