// Coffer.Database: events. Subscribing, polling, publishing, the broadcast and the references.
//
// It must not hold the list's lock while it calls the library or a handler. Invariant: the list has the subscriptions that
// the library may still call, and is what keeps them alive.
using System;
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        private readonly HashSet<Subscription> subscriptions = new HashSet<Subscription>();

        /// <summary>Raised on the thread concerned when the handler of a direct subscription threw; whoever published knows
        /// nothing of it. <see cref="Subscription.Failure"/> keeps the first. What these handlers throw is
        /// ignored.</summary>
        public event Action<Subscription, Exception> HandlerFailed;

        /// <summary>Subscribes to events. The handler is called with one at a time and in order; it may call everything,
        /// also end its own subscription.</summary>
        /// <param name="topic">One topic, or with * at its end every topic that begins so; up to 256 bytes of UTF-8. Each
        /// commit publishes "database_changed".</param>
        /// <param name="handler">What to call: by <see cref="Poll"/>, or with <see cref="SubscribeOptions.Direct"/> on
        /// whichever thread publishes.</param>
        /// <param name="options">How; null for the defaults.</param>
        /// <returns>The subscription. It lasts until it or this database is disposed of, also if nobody keeps it.</returns>
        /// <exception cref="CofferException">InvalidOption, InvalidArgument; with Since also ReadOnly, OutOfReach, Corrupt,
        /// Io.</exception>
        public Subscription Subscribe(string topic, Action<Event> handler, SubscribeOptions options = null)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }
            byte* topicRoom = stackalloc byte[Utf8.Room];
            byte* optionsRoom = stackalloc byte[Utf8.Room];
            using (var topicText = Utf8.Argument(topic, nameof(topic), topicRoom))
            using (var optionsText = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), optionsRoom))
            {
                return Subscription.Make(this, Db, topicText.Pointer, optionsText.Pointer, handler,
                    options?.Direct ?? false);
            }
        }

        /// <summary>Calls the handlers of this database's polled plug-ins with the calls that wait, and those of its polled
        /// subscriptions with the events that wait, in order, all on this thread. When handlers of subscriptions throw, the
        /// events go on; the first exception is thrown from here afterwards. What plug-ins throw, their callers are
        /// told.</summary>
        /// <param name="maxEvents">How many calls and events at most; 0 for no limit.</param>
        /// <param name="budget">Stop when the next event would probably take longer than this in all; zero for no
        /// limit.</param>
        /// <returns>How many calls and events were delivered.</returns>
        public int Poll(int maxEvents = 0, TimeSpan budget = default(TimeSpan))
        {
            if (maxEvents < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(maxEvents));
            }
            if (budget < TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(nameof(budget));
            }
            // Rounded up: what is shorter than a microsecond must not become no limit.
            long microseconds = budget.Ticks / 10 + (budget.Ticks % 10 > 0 ? 1 : 0);
            return Subscription.Poll(this, Db, (uint)maxEvents, (ulong)microseconds);
        }

        /// <summary>Publishes an event of your own.</summary>
        /// <param name="topic">1 to 256 bytes of UTF-8 without *, and none that the store publishes itself.</param>
        /// <param name="json">Any JSON value, limited like a document.</param>
        /// <returns>The event's number.</returns>
        /// <exception cref="CofferException">InvalidArgument, InvalidJson, TooLarge, TooDeep; with a host's hub CallFailed if
        /// it refuses, TimedOut, CallsTooDeep.</exception>
        public ulong Publish(string topic, string json)
        {
            byte* topicRoom = stackalloc byte[Utf8.Room];
            byte* jsonRoom = stackalloc byte[Utf8.Room];
            ulong id = 0;
            using (var topicText = Utf8.Argument(topic, nameof(topic), topicRoom))
            using (var jsonText = Utf8.Json(json, jsonRoom))
            {
                Check(Native.coffer_hub_publish(Db, topicText.Pointer, jsonText.Pointer, &id));
            }
            return id;
        }

        /// <summary>Publishes the newest Tier 1 documents, their versions and the time as the event "database_sync", all as
        /// of one commit.</summary>
        /// <returns>The event's number, how many subscribers it went to, and what the host's hub answered.</returns>
        /// <exception cref="CofferException">Failed; with a host's hub CallFailed if it refuses, TimedOut,
        /// CallsTooDeep.</exception>
        public Synced SyncTier1DataToHub()
        {
            byte* text = null;
            return SyncedOf(Take(Native.coffer_sync_tier1_data_to_hub(Db, &text), text));
        }

        /// <summary>Registers the store as the master reference "database-persistence-layer". It goes when this database is
        /// closed.</summary>
        /// <returns>The reference, and whether it is this database that holds it.</returns>
        /// <exception cref="CofferException">With a host's hub CallFailed, TimedOut, CallsTooDeep.</exception>
        public Registration RegisterDatabaseAsMasterReference()
        {
            byte* text = null;
            return RegistrationOf(Take(Native.coffer_register_database_as_master_reference(Db, &text), text));
        }

        /// <summary>Looks references up.</summary>
        /// <param name="name">One name; null for all.</param>
        /// <returns>That one alone, or all by name.</returns>
        /// <exception cref="CofferException">NotFound when nobody holds that name.</exception>
        public IReadOnlyList<Reference> References(string name = null)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var nameText = Utf8.Argument(name ?? "", nameof(name), room))
            {
                string json = Take(Native.coffer_hub_references(Db, name == null ? null : nameText.Pointer, &text), text);
                return ReferencesOf(json, name != null);
            }
        }

        internal void Keep(Subscription one)
        {
            lock (subscriptions)
            {
                subscriptions.Add(one);
            }
        }

        internal void Drop(Subscription one)
        {
            lock (subscriptions)
            {
                subscriptions.Remove(one);
            }
        }

        internal void TellFailure(Subscription one, Exception error)
        {
            try
            {
                HandlerFailed?.Invoke(one, error);
            }
            catch (Exception)
            {
                // The publisher, on whose thread this is, did nothing wrong.
            }
        }

        private static Synced SyncedOf(string json)
        {
            ulong eventId = 0, subscribers = 0;
            long timeMs = 0;
            string host = null;
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "event_id": eventId = reader.Count(); break;
                    case "subscribers": subscribers = reader.Count(); break;
                    case "time_ms": timeMs = reader.Integer(); break;
                    case "host": host = reader.Raw(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return new Synced(eventId, subscribers, timeMs, host);
        }

        private static Registration RegistrationOf(string json)
        {
            bool registered = false;
            var reader = new JsonReader(json);
            Reference reference = ReadReference(reader, () => registered = reader.Flag());
            reader.End();
            return new Registration(registered, reference);
        }

        private static IReadOnlyList<Reference> ReferencesOf(string json, bool single)
        {
            var found = new List<Reference>();
            var reader = new JsonReader(json);
            Action read = () => found.Add(ReadReference(reader, reader.Skip));
            if (single)
            {
                read();
            }
            else
            {
                reader.Array(read);
            }
            reader.End();
            return found.AsReadOnly();
        }

        private static Reference ReadReference(JsonReader reader, Action readRegistered)
        {
            var reference = new Reference { Provides = new string[0], Capabilities = new string[0] };
            reader.Object(member =>
            {
                switch (member)
                {
                    case "registered": readRegistered(); break;
                    case "ref_id": reference.RefId = reader.String(); break;
                    case "name": reference.Name = reader.String(); break;
                    case "holder": reference.Holder = reader.String(); break;
                    case "about": ReadAbout(reader, reference); break;
                    default: reader.Skip(); break;
                }
            });
            return reference;
        }

        private static void ReadAbout(JsonReader reader, Reference reference)
        {
            reader.Object(member =>
            {
                switch (member)
                {
                    case "version": reference.Version = reader.String(); break;
                    case "provides": reference.Provides = ReadTexts(reader); break;
                    case "capabilities": reference.Capabilities = ReadTexts(reader); break;
                    default: reader.Skip(); break;
                }
            });
        }

        private static IReadOnlyList<string> ReadTexts(JsonReader reader)
        {
            var texts = new List<string>();
            reader.Array(() => texts.Add(reader.String()));
            return texts.AsReadOnly();
        }
    }
}
