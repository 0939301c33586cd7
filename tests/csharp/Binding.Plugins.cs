// What is special to plug-ins in C#: the collector while C holds a context, ending a plug-in from within, and other threads.
// Their calls are in Binding.Calls.cs.
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
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static PluginOptions Named(string name, bool direct, params string[] exports)
    {
        return new PluginOptions { Name = name, Version = "1.0.0", Exports = exports, Direct = direct };
    }

    // Nothing but the database knows of these plug-ins and their handlers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] RegisterAndForget(Database db)
    {
        var counts = new int[10];
        for (int i = 0; i < counts.Length; i++)
        {
            int place = i;
            db.RegisterPlugin(Named("p" + i, i % 2 == 0, "m"), (caller, method, json) =>
            {
                counts[place]++;
                return "[" + json + "," + place + "]";
            });
        }
        return counts;
    }

    private static void PluginsNobodyKeeps(string folder)
    {
        using (var db = new Database(folder))
        {
            int[] counts = RegisterAndForget(db);
            for (int i = 1; i <= 30; i++)
            {
                Collect();
                List<PendingCall> calls = Enumerable.Range(0, 10).Select(p => db.BeginCall("p" + p, "m", "7", Long)).ToList();
                Collect();
                Same(5, db.Poll());
                for (int p = 0; p < 10; p++)
                {
                    Same("[7," + p + "]", calls[p].Await());
                    Same(i, counts[p]);
                }
            }
        }
    }

    // Handlers that refer to their database, on a thread of its own, so that nothing on a stack still points there.
    private static WeakReference ForgetRegistered(string folder)
    {
        WeakReference handler = null;
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                var db = new Database(folder);
                string name = "forgotten" + i;
                MethodHandler answer = (caller, method, json) => db.Call(name, "m", json);
                handler = new WeakReference(answer);
                db.RegisterPlugin(Named(name, true, "m"), answer);
                db.RegisterPlugin(Named(name + " polled", false, "m"), answer);
                db.RegisterPlugin(Named(name + " pulled", false, "m"));
                db.BeginCall(name + " polled", "m", "1", Long);
            }
        });
        thread.Start();
        thread.Join();
        return handler;
    }

    private static void ForgottenWithPlugins(string folder)
    {
        using (var other = new Database(folder))
        {
            WeakReference handler = ForgetRegistered(folder);
            // Calls of others meanwhile get an answer or a refusal, whatever the collector has done by then.
            for (int i = 0; i < 100 && (Database.LiveHandles > 1 || handler.IsAlive); i++)
            {
                GC.Collect();
                foreach (PluginInfo one in other.Plugins().Where(one => one.Direct))
                {
                    try
                    {
                        other.Call(one.Name, "m", "1", Long);
                        Check(false);
                    }
                    catch (CofferException error)
                    {
                        Check(error.Status == Status.CallFailed || error.Status == Status.UnknownPlugin);
                    }
                }
                GC.WaitForPendingFinalizers();
                Thread.Sleep(20);
            }
            Same(1ul, Database.LiveHandles);
            Check(!handler.IsAlive && other.Plugins().Count == 0);
        }
    }

    // What was ended is let go of while the object of the database lives on.
    private static List<WeakReference> RegisterAndEnd(Database db, bool byClosing)
    {
        var handlers = new List<WeakReference>();
        for (int i = 0; i < 10; i++)
        {
            var ballast = new byte[100000];
            MethodHandler answer = (caller, method, json) => ballast.Length.ToString();
            handlers.Add(new WeakReference(answer));
            Plugin plugin = db.RegisterPlugin(Named("p" + i, i % 2 == 0, "m"), answer);
            Refused(Status.NameTaken, () => db.RegisterPlugin(Named("p" + i, true, "m"), answer));
            if (!byClosing)
            {
                plugin.Dispose();
            }
            SuppliedHub hub = i == 0 || !byClosing ? db.SupplyHub(null, answer) : null;
            Refused(Status.NameTaken, () => db.SupplyHub(null, answer));
            if (!byClosing)
            {
                hub.Dispose();
            }
        }
        if (byClosing)
        {
            db.Close();
        }
        return handlers;
    }

    private static void EndedPluginsAreLetGo(string folder)
    {
        foreach (bool byClosing in new[] { false, true })
        {
            using (var db = new Database(folder))
            {
                List<WeakReference> handlers = null;
                var thread = new Thread(() => handlers = RegisterAndEnd(db, byClosing));
                thread.Start();
                thread.Join();
                Collect();
                // Mono looks at stacks and registers word by word, and may take one for a reference.
                Check(handlers.Count(one => one.IsAlive) <= 2);
                GC.KeepAlive(db);
            }
        }
    }

    private static void EndingPluginsFromWithin(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 40; i++)
            {
                bool direct = i % 2 == 0, answers = i % 4 < 2;
                int calls = 0;
                Plugin own = null;
                MethodHandler end = (caller, method, json) =>
                {
                    calls++;
                    own.Dispose();
                    Check(!own.IsActive);
                    own.Dispose();
                    Collect();
                    return answers ? json : throw new InvalidOperationException("after its own end");
                };
                own = db.RegisterPlugin(Named("own", direct, "m"), end);
                PendingCall call = db.BeginCall("own", "m", "1", Long);
                db.Poll();
                // Leaving has the call fail that it left in.
                Refused(Status.CallFailed, () => call.Await());
                Check(calls == 1 && (own.Failure == null) == answers);
                Refused(Status.UnknownPlugin, () => db.Call("own", "m", "1"));
            }
            Plugin first = db.RegisterPlugin(Named("again", true, "m"), (caller, method, json) => "1");
            first.Dispose();
            Plugin second = db.RegisterPlugin(Named("again", true, "m"), (caller, method, json) => "2");
            first.Dispose();
            Check(!first.IsActive && second.IsActive);
            Same("2", db.Call("again", "m", "0"));
        }
        var closed = new Database(folder);
        closed.RegisterPlugin(Named("closing", true, "m"), (caller, method, json) =>
        {
            closed.Close();
            return "1";
        });
        using (var other = new Database(folder))
        {
            Refused(Status.CallFailed, () => other.Call("closing", "m", "1", Long));
            Check(!closed.IsOpen && other.Plugins().Count == 0);
        }
    }

    private static void EndingWaitsForTheCall(string folder)
    {
        using (var db = new Database(folder))
        using (var entered = new ManualResetEvent(false))
        {
            bool done = false;
            string got = null;
            Plugin slow = db.RegisterPlugin(Named("slow", true, "m"), (caller, method, json) =>
            {
                entered.Set();
                Thread.Sleep(100);
                done = true;
                return "[2]";
            });
            var calling = new Thread(() => got = db.Call("slow", "m", "1", Long));
            calling.Start();
            entered.WaitOne();
            slow.Dispose();
            Check(done && !slow.IsActive);
            calling.Join();
            Same("[2]", got);
        }
    }

    // Callers, pollers, the collector, and plug-ins that come and go.
    private static void PluginsOnManyThreads(string folder)
    {
        const int callers = 4, each = 200;
        using (var mine = new Database(folder))
        using (var theirs = new Database(folder))
        {
            int running = 0, stray = 0, wrong = 0;
            bool stop = false;
            MethodHandler polled = (caller, method, json) =>
            {
                // Of a polled one, on one thread at a time.
                stray += Interlocked.Increment(ref running) == 1 ? 0 : 1;
                Interlocked.Decrement(ref running);
                return json;
            };
            mine.RegisterPlugin(Named("polled", false, "m"), polled);
            mine.RegisterPlugin(Named("direct", true, "m"), (caller, method, json) => json);
            ThreadStart poll = () =>
            {
                while (!Volatile.Read(ref stop))
                {
                    mine.Poll();
                    Thread.Yield();
                }
            };
            ThreadStart call = () =>
            {
                for (int i = 0; i < each; i++)
                {
                    string json = "\"" + i + new string('x', i * 5) + "\"";
                    wrong += theirs.Call("polled", "m", json, Long) == json ? 0 : 1;
                    wrong += theirs.Call("direct", "m", json, Long) == json ? 0 : 1;
                    string name = "t" + Thread.CurrentThread.ManagedThreadId;
                    if (i % 20 == 0)
                    {
                        theirs.RegisterPlugin(Named(name, i % 40 == 0, "m"), (caller, method, given) => given).Dispose();
                        GC.Collect();
                    }
                }
            };
            Thread[] pollers = { new Thread(poll), new Thread(poll) };
            Thread[] threads = Enumerable.Range(0, callers).Select(t => new Thread(call)).ToArray();
            Array.ForEach(pollers, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Volatile.Write(ref stop, true);
            Array.ForEach(pollers, thread => thread.Join());
            Check(stray == 0 && wrong == 0 && mine.Plugins().Count == 2);
        }
    }

    private static void PluginArguments(string folder)
    {
        MethodHandler answer = (caller, method, json) => json;
        using (var db = new Database(folder, new Options { Plugin = "caf\u00E9" }))
        {
            Throws<ArgumentNullException>(() => db.RegisterPlugin(null, answer));
            Throws<ArgumentNullException>(() => db.RegisterPlugin(null));
            Throws<ArgumentNullException>(() => db.RegisterPlugin(Named("p", true), (MethodHandler)null));
            Throws<ArgumentNullException>(() => db.RegisterPlugin(Named("p", true), (Action<Request>)null));
            Throws<ArgumentException>(() => db.RegisterPlugin(Named("p", true, new string[] { null }), answer));
            Throws<ArgumentNullException>(() => db.SupplyHub(null, (MethodHandler)null));
            Throws<ArgumentNullException>(() => db.SupplyHub(null, (Action<Request>)null));
            Throws<ArgumentNullException>(() => db.Plugin(null));
            Throws<ArgumentNullException>(() => db.Call(null, "m", "1"));
            Throws<ArgumentNullException>(() => db.Call("p", null, "1"));
            Throws<ArgumentNullException>(() => db.BeginCall("p", "m", null));
            Throws<ArgumentOutOfRangeException>(() => db.Call("p", "m", "1", TimeSpan.FromTicks(-1)));
            Throws<ArgumentOutOfRangeException>(() => db.BeginCall("p", "m", "1", TimeSpan.FromTicks(-1)));
            Refused(Status.InvalidOption, () => db.RegisterPlugin(new PluginOptions(), answer));
            Refused(Status.InvalidOption, () => db.RegisterPlugin(Named("a\0b", true), answer));
            Refused(Status.InvalidUtf8, () => db.RegisterPlugin(Named("\uD800", true), answer));
            Refused(Status.InvalidArgument, () => db.RegisterPlugin(Named("p", true)));
            Refused(Status.InvalidOption, () => db.SupplyHub(new HubOptions { Version = "new" }, answer));
            Same(0, db.Plugins().Count);
            Same("{\"direct\":true,\"name\":\"a\\\"b\",\"version\":\"1\",\"dependencies\":{\"c\":\"^1\",\"d\":\"*\"}," +
                "\"exports\":[\"e\",\"f\"]}", new PluginOptions
                {
                    Direct = true, Name = "a\"b", Version = "1", Exports = new List<string> { "e", "f" },
                    Dependencies = new SortedDictionary<string, string> { { "c", "^1" }, { "d", "*" } }
                }.ToJson());
            Same("{\"direct\":false}", new PluginOptions().ToJson());
            Same("{\"changes\":true,\"data\":true,\"version\":\"1\\\\2\"}",
                new HubOptions { Changes = true, Data = true, Version = "1\\2" }.ToJson());

            // Texts of every kind and length, around the size where one moves from the stack to the heap.
            string name = string.Concat(Enumerable.Repeat("\u00E9", 128));
            db.RegisterPlugin(Named(name, true, "\U0001F600"), request =>
                request.Answer("[\"" + request.Caller + request.Plugin + request.Method + "\"," + request.Json + "]"));
            foreach (int length in new[] { 0, 169, 170, 171, 509, 510, 511, 512, 5000 })
            {
                string json = "\"" + new string('\u6F22', length) + "\"";
                Same("[\"caf\u00E9" + name + "\U0001F600\"," + json + "]", db.Call(name, "\U0001F600", json));
            }
            Same(name, db.Plugin(name).Name);
            // So little that it must not become the usual second, and so much that it must not wrap around.
            db.RegisterPlugin(Named("silent", false, "m"), answer);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Refused(Status.TimedOut, () => db.Call("silent", "m", "1", TimeSpan.FromTicks(1)));
            Check(clock.ElapsedMilliseconds < 900);
            PendingCall[] patient = new[] { TimeSpan.MaxValue, TimeSpan.FromMilliseconds(4294967297.0) }
                .Select(limit => db.BeginCall("silent", "m", "1", limit)).ToArray();
            Thread.Sleep(20);
            Same(2, db.Poll());
            Check(patient.All(one => one.Await() == "1"));
        }
    }
}
