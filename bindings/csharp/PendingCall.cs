// A call that was begun, as its caller sees it.
//
// It must not keep the outcome: the library tells that once, and forgets the call then. Invariant: it keeps its database
// alive, because the call ends with that.
using System;

namespace Coffer
{
    /// <summary>A call under way. Ask until the answer is there: the library keeps calls that nobody asks for until their
    /// database is closed, 65,536 of them at most.</summary>
    public sealed class PendingCall
    {
        private readonly Database database;
        private readonly ulong id;

        internal PendingCall(Database database, ulong id)
        {
            this.database = database;
            this.id = id;
        }

        /// <summary>Asks what came of it. Whatever this says but false ends the call, exceptions included.</summary>
        /// <param name="wait">How long to wait for the answer; zero only looks.</param>
        /// <param name="json">The answer; null while there is none.</param>
        /// <returns>Whether the answer is there.</returns>
        /// <exception cref="CofferException">CallFailed with the plug-in's own message, TimedOut.</exception>
        /// <exception cref="ObjectDisposedException">The outcome was told before, or the database was closed.</exception>
        public bool TryAwait(TimeSpan wait, out string json)
        {
            return database.TryAwait(id, Database.Microseconds(wait, nameof(wait)), out json);
        }

        /// <summary>Waits for the answer until the call's time limit is over.</summary>
        /// <returns>The answer.</returns>
        /// <exception cref="CofferException">CallFailed with the plug-in's own message, TimedOut.</exception>
        /// <exception cref="ObjectDisposedException">The outcome was told before, or the database was closed.</exception>
        public string Await()
        {
            string json;
            while (!database.TryAwait(id, ulong.MaxValue, out json))
            {
                // Its limit is nearer than this wait's end, so the first round tells.
            }
            return json;
        }
    }
}
