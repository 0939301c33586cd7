// What is special to a host's hub in C#: the collector while C holds its context, exceptions that refuse, commits that it is
// handed, and ending it from within. And the numbers of events.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    // Nothing but the database knows of this hub and its handler.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] SupplyAndForget(Database db)
    {
        var asked = new int[1];
        db.SupplyHub(new HubOptions { Changes = true }, (caller, method, json) => (++asked[0]).ToString());
        return asked;
    }

    private static void HostsNobodyKeeps(string folder)
    {
        using (var db = new Database(folder))
        {
            int[] asked = SupplyAndForget(db);
            for (int i = 0; i < 30; i++)
            {
                Collect();
                db.Publish("topic", "1");
                Collect();
                Same((3 * i + 2).ToString(), db.SyncTier1DataToHub().Host);
                db.SavePersistentData("k", "1");
                Same(3 * i + 3, asked[0]);
            }
        }
        // A database that is forgotten takes its hub along.
        var thread = new Thread(() => SupplyAndForget(new Database(folder)));
        thread.Start();
        thread.Join();
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 100 && Database.LiveHandles > 1; i++)
            {
                Collect();
                Thread.Sleep(20);
            }
            Same(1ul, Database.LiveHandles);
            Same(ModuleOrigin.BuiltIn, db.LoadPhase11().IntegrationHub.Origin);
            db.Publish("topic", "1");
        }
    }

    private static void HostsThatRefuse(string folder)
    {
        using (var db = new Database(folder))
        {
            int heard = 0;
            db.Subscribe("*", one => heard++);
            Request kept = null;
            using (db.SupplyHub(null, request =>
            {
                kept = request;
                Check(request.Plugin == "host");
                if (request.Json.Contains("\"sooner\""))
                {
                    request.Refuse("not \u00E9");
                    return;
                }
                new Thread(() => request.Refuse("later")).Start();
            }))
            {
                Check(Refused(Status.CallFailed, () => db.Publish("sooner", "1")).Contains("not \u00E9"));
                Check(Refused(Status.CallFailed, () => db.Publish("topic", "1")).Contains("later"));
                Check(Refused(Status.CallFailed, () => db.SyncTier1DataToHub()).Contains("later"));
                Check(Refused(Status.CallFailed, () => db.RegisterDatabaseAsMasterReference()).Contains("later"));
                Throws<ObjectDisposedException>(() => kept.Answer("1"));
                Check(db.Poll() == 0 && heard == 0 && db.References().Count == 0);
            }
            Check(db.RegisterDatabaseAsMasterReference().Registered);
            db.Publish("topic", "1");
            Check(db.Poll() == 1 && heard == 1);
        }
    }

    private static void HostsThatFail(string folder)
    {
        using (var db = new Database(folder))
        {
            int heard = 0;
            db.Subscribe("*", one => heard++);
            Exception thrown = new InvalidOperationException("first");
            using (SuppliedHub hub = db.SupplyHub(null, (caller, method, json) => thrown == null ? "{" : throw thrown))
            {
                Check(Refused(Status.CallFailed, () => db.Publish("topic", "1")).Contains("first"));
                thrown = new CofferException(Status.Busy, "why");
                Check(Refused(Status.CallFailed, () => db.SyncTier1DataToHub()).Contains("COFFER_ERROR_BUSY: why"));
                thrown = null;
                Check(Refused(Status.CallFailed, () => db.SyncTier1DataToHub()).Contains("INVALID_JSON"));
                Same("first", hub.Failure.Message);
            }
            // One that keeps its requests: the second is over.
            using (db.SupplyHub(null, request => { }))
            {
                Refused(Status.TimedOut, () => db.Publish("topic", "1"));
            }
            Check(db.Poll() == 0 && heard == 0);
            // One that publishes by itself asks itself, until that is too deep.
            int deepest = 0;
            Status? last = null;
            using (db.SupplyHub(null, (caller, method, json) =>
            {
                deepest++;
                try
                {
                    db.Publish("echo", "1");
                }
                catch (CofferException error)
                {
                    last = last ?? error.Status;
                }
                return "1";
            }))
            {
                db.Publish("topic", "1");
            }
            Check(deepest == 32 && last == Status.CallsTooDeep);
            Same(32, db.Poll());
            Same(32, heard);
        }
    }

    private static void HostsHearCommits(string folder)
    {
        using (var db = new Database(folder, new Options { Plugin = "saver" }))
        {
            var told = new List<string>();
            var options = new HubOptions { Changes = true, Data = true };
            SuppliedHub hub = db.SupplyHub(options, (caller, method, json) =>
            {
                told.Add(caller + " " + method + " " + json);
                throw new InvalidOperationException("a commit is a commit");
            });
            db.SavePersistentData("slot", "[1.50]");
            Same("[1.50]", Load(db, "slot"));
            Check(told.Count == 1 && told[0].StartsWith("saver broadcast {\"topic\":\"database_changed\",\"sequence\":1,"));
            Check(told[0].Contains("\"data\":[1.50]") && hub.Failure.Message == "a commit is a commit");
            hub.Dispose();
            db.SavePersistentData("slot", "[2]");
            Same(1, told.Count);
            using (db.SupplyHub(new HubOptions { Changes = true }, (caller, method, json) =>
            {
                told.Add(json);
                return "null";
            }))
            {
                db.SavePersistentData("slot", "[3]");
                Check(told.Count == 2 && !told[1].Contains("\"data\""));
                Same("null", db.SyncTier1DataToHub().Host);
            }
        }
    }

    private static void EndingHostsFromWithin(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 20; i++)
            {
                int asked = 0;
                SuppliedHub own = null;
                own = db.SupplyHub(new HubOptions { Changes = i % 2 == 0 }, (caller, method, json) =>
                {
                    asked++;
                    own.Dispose();
                    Check(!own.IsActive);
                    own = null;
                    Collect();
                    return "1";
                });
                if (i % 2 == 0)
                {
                    db.SavePersistentData("k", "1");
                }
                else
                {
                    db.Publish("topic", "1"); // a host that left while it was asked refuses nothing
                }
                Same(1, asked);
                db.Publish("topic", "1");
                Same(1, asked);
            }
        }
        // What withdrawing does not end, and what it waits for.
        using (var db = new Database(folder))
        using (var entered = new ManualResetEvent(false))
        {
            SuppliedHub first = db.SupplyHub(null, (caller, method, json) => "1");
            first.Dispose();
            using (SuppliedHub second = db.SupplyHub(null, (caller, method, json) => "2"))
            {
                first.Dispose();
                Check(!first.IsActive && second.IsActive);
                Same("2", db.SyncTier1DataToHub().Host);
            }
            bool done = false;
            SuppliedHub slow = db.SupplyHub(null, (caller, method, json) =>
            {
                entered.Set();
                Thread.Sleep(100);
                done = true;
                return "[2]";
            });
            string got = null;
            var publishing = new Thread(() => got = db.SyncTier1DataToHub().Host);
            publishing.Start();
            entered.WaitOne();
            slow.Dispose();
            Check(done && !slow.IsActive);
            publishing.Join();
            Same("[2]", got);
        }
    }

    private static void EventNumbers(string folder)
    {
        using (var db = new Database(folder))
        {
            List<Event> polled = new List<Event>(), direct = new List<Event>(), since = new List<Event>();
            db.SavePersistentData("k", "1");
            db.Subscribe("*", polled.Add);
            db.Subscribe("*", direct.Add, Direct);
            ulong published = db.Publish("topic", "1");
            ulong synced = db.SyncTier1DataToHub().EventId;
            db.SavePersistentData("k", "2");
            db.Poll();
            Check(published > 0 && synced > published);
            foreach (List<Event> heard in new[] { polled, direct })
            {
                Check(heard.Count == 3 && heard[0].Id == published && heard[1].Id == synced && heard[2].Id > synced);
                Check(heard[0].Sequence == 1 && heard[2].Sequence == 2);
            }
            // What the journal brings back has none.
            db.Subscribe("database_changed", since.Add, new SubscribeOptions { Direct = true, Since = 0 });
            db.SavePersistentData("k", "3");
            Check(since.Count == 3 && since[0].Id == 0 && since[1].Id == 0 && since[2].Id == direct[3].Id);
        }
    }
}
