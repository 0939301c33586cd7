// The conformance cases about events, through the C# binding.
//
// It must not test what only C# has (that is Binding.Hub.cs). Invariant: as in Conformance.cs; every event that was heard
// is compared, not only the expected ones.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private const string Changed = "database_changed";

    private static List<Event> Listen(Database db, string topic, SubscribeOptions options = null)
    {
        var heard = new List<Event>();
        db.Subscribe(topic, heard.Add, options);
        return heard;
    }

    // The commits of events; of an overflow what was missed.
    private static string Commits(IEnumerable<Event> heard)
    {
        return string.Join(" ", heard.Select(one => one.Topic == "overflow" ? one.Json : one.Sequence.ToString()).ToArray());
    }

    private static void HubChanges(string folder)
    {
        using (var db = new Database(folder))
        using (var other = new Database(folder, new Options { Plugin = "other" }))
        {
            List<Event> plain = Listen(db, Changed), full = Listen(db, Changed, new SubscribeOptions { Data = true });
            other.SavePersistentData("slot", "[1]");
            other.SavePersistentData("slot", " [ 2 ] ");
            other.ClearDatabaseEntry("slot");
            other.SaveBatch(new Batch().Save("slot", "[3]").Save("character_roster", "[\"Terra\"]"));
            Same(8, db.Poll());
            const string slot = "{\"collection\":\"plugin_data\",\"key\":\"slot\",\"revision\":";
            const string roster = "{\"collection\":\"character_roster\",\"key\":\"character_roster\",\"revision\":1," +
                "\"old_revision\":0";
            string[] wanted =
            {
                slot + "1,\"old_revision\":0,\"cleared\":false}", slot + "2,\"old_revision\":1,\"cleared\":false}",
                slot + "2,\"old_revision\":2,\"cleared\":true}",
                slot + "3,\"old_revision\":0,\"cleared\":false}," + roster + ",\"cleared\":false}"
            };
            SameList(wanted.Select(one => "{\"changes\":[" + one + "]}").ToArray(), plain.Select(one => one.Json).ToArray());
            Same("1 2 3 4", Commits(plain));
            Same("1 2 3 4", Commits(full));
            foreach (Event one in plain)
            {
                Check(one.Topic == Changed && one.Source == "other" && IsRecent(one.TimeMs));
                Same(one.TimeMs, one.Time.ToUnixTimeMilliseconds());
            }
            Check(full[1].Json.Contains("\"data\":[ 2 ]") || full[1].Json.Contains("\"data\":[2]"));
            Check(!full[2].Json.Contains("\"data\"") && full[3].Json.Contains("\"data\":[\"Terra\"]"));
        }
    }

    private static void HubTopics(string folder)
    {
        using (var db = new Database(folder))
        {
            List<Event> exact = Listen(db, "party"), prefix = Listen(db, "party*"), others = Listen(db, "x*");
            ulong first = db.Publish("party", "{\"members\" : 4}");
            Check(db.Publish("party.left", "1e400") > first && first > 0);
            db.Publish("other", "1");
            Same(3, db.Poll());
            Check(exact.Single().Json == "{\"members\" : 4}" && others.Count == 0);
            SameList(new[] { "{\"members\" : 4}", "1e400" }, prefix.Select(one => one.Json).ToArray());
            Same("party.left", prefix[1].Topic);
            foreach (string topic in new[] { Changed, "database_sync", "overflow", "", "a*", "*", new string('x', 257),
                "a\0b" })
            {
                Refused(Status.InvalidArgument, () => db.Publish(topic, "1"));
            }
            Refused(Status.InvalidJson, () => db.Publish("party", "{"));
            Refused(Status.InvalidArgument, () => db.Subscribe("a*b", one => { }));
            Refused(Status.InvalidArgument, () => db.Subscribe("", one => { }));
            Same(0, db.Poll());
        }
    }

    private static void HubDelivery(string folder)
    {
        using (var db = new Database(folder))
        using (var other = new Database(folder))
        {
            var heard = new List<string>();
            foreach (string topic in new[] { "a", "b", "*" })
            {
                db.Subscribe(topic, one => heard.Add(topic + one.Json));
            }
            List<Event> direct = Listen(db, "*", new SubscribeOptions { Direct = true });
            other.Publish("a", "1");
            Same(1, direct.Count);
            other.Publish("b", "2");
            other.Publish("a", "3");
            Same(3, direct.Count);
            Check(heard.Count == 0 && other.Poll() == 0);
            Same(2, db.Poll(2));
            SameList(new[] { "a1", "*1" }, heard.ToArray());
            Same(4, db.Poll(0, TimeSpan.FromMinutes(1)));
            SameList(new[] { "a1", "*1", "b2", "*2", "a3", "*3" }, heard.ToArray());
            other.SavePersistentData("slot", "1");
            Check(direct.Count == 4 && direct[3].Sequence == 1 && direct[3].Topic == Changed);
        }
    }

    private static void HubUnsubscribe(string folder)
    {
        using (var other = new Database(folder))
        {
            var db = new Database(folder);
            foreach (bool isDirect in new[] { false, true })
            {
                var options = new SubscribeOptions { Direct = isDirect };
                int heard = 0;
                Subscription subscription = db.Subscribe("*", one => heard++, options);
                Check(subscription.IsActive);
                subscription.Unsubscribe();
                other.Publish("a", "1");
                Check(db.Poll() == 0 && heard == 0 && !subscription.IsActive);
                Throws<ObjectDisposedException>(subscription.Unsubscribe);
                Throws<ObjectDisposedException>(() => subscription.Replay(0));
                subscription.Dispose();

                Subscription own = null;
                own = db.Subscribe("a", one =>
                {
                    heard++;
                    own.Dispose();
                }, options);
                other.Publish("a", "2");
                other.Publish("a", "3");
                db.Poll();
                Check(heard == 1 && !own.IsActive);
            }
            List<Event> last = Listen(db, "*", new SubscribeOptions { Direct = true });
            Subscription left = db.Subscribe("a", one => { });
            db.Close();
            other.Publish("a", "4");
            Check(last.Count == 0 && !left.IsActive);
            Throws<ObjectDisposedException>(left.Unsubscribe);
        }
    }

    private static void HubOverflow(string folder)
    {
        using (var db = new Database(folder))
        {
            var heard = new List<Event>();
            Subscription slow = db.Subscribe(Changed, heard.Add, new SubscribeOptions { Queue = 3 });
            for (int i = 1; i <= 10; i++)
            {
                db.SavePersistentData("slot", "[" + i + "]");
            }
            Same(4, db.Poll());
            string missed = Regex.Replace(heard[3].Json, "[^0-9,a-z_:]", "");
            Same("overflow", heard[3].Topic);
            SameList(new[] { "events:7", "from_sequence:4", "to_sequence:10" },
                missed.Split(',').OrderBy(one => one, StringComparer.Ordinal).ToArray());
            heard.RemoveAt(3);
            Same("1 2 3", Commits(heard));
            slow.Replay(3);
            Same(7, db.Poll());
            Same("1 2 3 4 5 6 7 8 9 10", Commits(heard));
        }
    }

    private static void HubSince(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 1; i <= 4; i++)
            {
                db.SavePersistentData("slot", "[" + i + "]");
            }
            List<Event> since = Listen(db, Changed, new SubscribeOptions { Since = 2, Data = true });
            List<Event> direct = Listen(db, Changed, new SubscribeOptions { Since = 3, Direct = true });
            Same("4", Commits(direct));
            Same(2, db.Poll());
            Same("3 4", Commits(since));
            Check(since[0].Json.Contains("\"old_revision\":2") && since[0].Json.Contains("\"data\":[3]"));
            db.Checkpoint();
            db.SavePersistentData("slot", "[5]");
            Same(1, db.Poll());
            Same("3 4 5", Commits(since));
            Same("4 5", Commits(direct));
            List<Event> early = Listen(db, "*", new SubscribeOptions { Since = 1 });
            db.Poll();
            Same("overflow", early[0].Topic);
            Check(early[0].Json.Contains("\"from_sequence\":2") && early[0].Json.Contains("\"to_sequence\":4"));
            Same("5", Commits(early.Skip(1)));
            Refused(Status.InvalidArgument, () => db.Subscribe("party", one => { }, new SubscribeOptions { Since = 1 }));
        }
    }

    private static void HubSync(string folder)
    {
        using (var db = new Database(folder, new Options { Plugin = "editor" }))
        {
            Same(0ul, db.SyncTier1DataToHub().Subscribers);
            db.SaveCharacterRosterState("[\"Terra\"]");
            db.SavePartyConfig("[1]");
            db.ClearDatabaseEntry("party_configs");
            List<Event> heard = Listen(db, "database_sync", new SubscribeOptions { Direct = true });
            Synced synced = db.SyncTier1DataToHub();
            Check(synced.Subscribers == 1 && synced.EventId > 0 && IsRecent(synced.TimeMs));
            Same(synced.TimeMs, synced.Time.ToUnixTimeMilliseconds());
            Event told = heard.Single();
            Check(told.Source == "editor" && told.Sequence == 3);
            foreach (string part in new[] { "\"character_roster\":[\"Terra\"]", "\"equipment_sets\":null",
                "\"party_configs\":null", "\"character_roster_v\":1", "\"party_configs_v\":1", "\"equipment_sets_v\":0",
                "\"timestamp_ms\":" + synced.TimeMs })
            {
                Check(told.Json.Contains(part));
            }
        }
    }

    private static void HubMasterReference(string folder)
    {
        const string name = "database-persistence-layer";
        using (var other = new Database(folder, new Options { Plugin = "other" }))
        {
            var one = new Database(folder, new Options { Plugin = "one" });
            Same(0, one.References().Count);
            Refused(Status.NotFound, () => one.References(name));
            Registration first = one.RegisterDatabaseAsMasterReference();
            Check(first.Registered && first.Reference.Name == name && first.Reference.Holder == "one");
            Same(first.Reference.RefId, one.RegisterDatabaseAsMasterReference().Reference.RefId);
            Same(Database.Version, first.Reference.Version);
            SameList(new[] { "character_roster", "equipment_sets", "party_configs" }, first.Reference.Provides.ToArray());
            SameList(new[] { "read", "write", "sync", "version_control" }, first.Reference.Capabilities.ToArray());
            Registration second = other.RegisterDatabaseAsMasterReference();
            Check(!second.Registered && second.Reference.Holder == "one" && second.Reference.RefId == first.Reference.RefId);
            Same(first.Reference.RefId, other.References(name).Single().RefId);
            Reference found = other.References().Single();
            Check(found.Holder == "one" && found.Capabilities.Count == 4);
            Refused(Status.NotFound, () => other.References("nobody"));
            one.Close();
            Check(other.RegisterDatabaseAsMasterReference().Registered);
        }
    }
}
