// The conformance cases about plug-ins, their calls, the host's hub and the modules, through the C# binding.
//
// It must not test what only C# has (that is Binding.Plugins.cs and Binding.Hosts.cs). Invariant: as in Conformance.cs.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static Database OpenAs(string folder, string plugin)
    {
        return new Database(folder, new Options { Plugin = plugin });
    }

    private static PluginOptions Named(string name, params string[] exports)
    {
        return new PluginOptions { Name = name, Version = "1.0.0", Exports = exports };
    }

    private static PluginOptions Directly(string name, params string[] exports)
    {
        PluginOptions options = Named(name, exports);
        options.Direct = true;
        return options;
    }

    private static void HubPlugins(string folder)
    {
        using (Database other = OpenAs(folder, "other"))
        {
            Database tools = OpenAs(folder, "tools");
            List<Event> heard = Listen(other, "plugin*");
            var party = new PluginOptions
            {
                Name = "party-optimizer", Version = "1.2.0", Exports = new[] { "optimize", "rate" },
                Dependencies = new Dictionary<string, string> { { "roster", "^2" }, { "tables", ">=1" } }
            };
            Plugin first = tools.RegisterPlugin(party);
            Plugin roster = tools.RegisterPlugin(new PluginOptions { Name = "roster", Version = "1.9.0", Direct = true },
                (caller, method, json) => json);
            PluginInfo found = other.Plugin("party-optimizer");
            Check(found.Name == "party-optimizer" && found.Version == "1.2.0" && found.Holder == "tools" && !found.Direct);
            SameList(new[] { "optimize", "rate" }, found.Exports.ToArray());
            SameList(new[] { "roster ^2 1.9.0 False", "tables >=1  False" },
                found.Dependencies.Select(one => one.Name + " " + one.Requires + " " + one.Found + " " + one.Satisfied)
                    .ToArray());
            Check(found.Dependencies[1].Found == null);
            tools.RegisterPlugin(new PluginOptions { Name = "tables", Version = "1.0.0" });
            Check(other.Plugin("party-optimizer").Dependencies[1].Satisfied);
            SameList(new[] { "party-optimizer", "roster", "tables" },
                other.Plugins().Select(one => one.Name).ToArray());
            Check(other.Plugins()[1].Direct && other.Plugins()[1].Exports.Count == 0);
            Check(Refused(Status.NameTaken, () => other.RegisterPlugin(Named("roster"))).Contains("tools"));
            foreach (string version in new[] { "1", "", "new", null })
            {
                Refused(Status.InvalidOption,
                    () => other.RegisterPlugin(new PluginOptions { Name = "x", Version = version }));
            }
            Check(Refused(Status.UnknownPlugin, () => other.Plugin("rooster")).Contains("roster"));
            Check(first.IsActive && roster.IsActive);
            roster.Dispose();
            Check(!roster.IsActive);
            Refused(Status.UnknownPlugin, () => other.Plugin("roster"));
            tools.Close();
            Check(!first.IsActive);
            Refused(Status.UnknownPlugin, () => other.Plugin("party-optimizer"));
            Same(0, other.Plugins().Count);
            Same(6, other.Poll());
            SameList(new[] { "plugin_registered", "plugin_registered", "plugin_registered", "plugin_left", "plugin_left",
                "plugin_left" }, heard.Select(one => one.Topic).ToArray());
            Check(heard[0].Source == "tools" && heard[0].Json.Contains("\"party-optimizer\"") &&
                heard[0].Json.Contains("\"1.2.0\"") && heard[0].Json.Contains("[\"optimize\",\"rate\"]"));
            Check(heard[3].Json.Contains("\"roster\""));
        }
    }

    private static void HubCalls(string folder)
    {
        using (Database mine = OpenAs(folder, "mine"))
        using (Database theirs = OpenAs(folder, "theirs"))
        {
            const string argument = " {\"big\" : 12345678901234567890.10e400, \"a\":[1.0, \"\\u00e9\"]}\n";
            const string answer = "\t[ 1.50, 1E+9 ]";
            var heard = new List<string>();
            int thread = 0;
            mine.RegisterPlugin(Named("polled", "one", "two"), (caller, method, json) =>
            {
                thread = Thread.CurrentThread.ManagedThreadId;
                heard.Add(caller + " " + method + " " + json);
                return answer;
            });
            PendingCall begun = theirs.BeginCall("polled", "two", argument, Long);
            Check(theirs.Poll() == 0 && heard.Count == 0);
            Same(1, mine.Poll());
            Same(answer, begun.Await());
            SameList(new[] { "theirs two " + argument }, heard.ToArray());
            // And with the caller waiting on a thread of its own.
            string got = null;
            var waiting = new Thread(() => got = theirs.Call("polled", "one", "1", Long));
            waiting.Start();
            while (mine.Poll() == 0)
            {
                Thread.Sleep(1);
            }
            waiting.Join();
            Same(answer, got);
            Same(Thread.CurrentThread.ManagedThreadId, thread);
            Same("theirs one 1", heard[1]);

            mine.RegisterPlugin(Directly("direct", "echo"), (caller, method, json) =>
            {
                thread = Thread.CurrentThread.ManagedThreadId;
                return "[\"" + caller + "\",\"" + method + "\"," + json + "]";
            });
            thread = 0;
            Same("[\"theirs\",\"echo\"," + argument + "]", theirs.Call("direct", "echo", argument));
            Same(Thread.CurrentThread.ManagedThreadId, thread);
            Same("[\"mine\",\"echo\",2]", mine.BeginCall("direct", "echo", "2").Await());
        }
    }

    private static void HubCallFailures(string folder)
    {
        using (Database mine = OpenAs(folder, "mine"))
        using (Database theirs = OpenAs(folder, "theirs"))
        {
            TimeSpan brief = TimeSpan.FromMilliseconds(30);
            mine.RegisterPlugin(Directly("plugin", "echo", "refuse", "broken"), request =>
            {
                if (request.Method == "refuse")
                {
                    request.Refuse("no such hero: \u00E9");
                    return;
                }
                if (request.Method == "broken")
                {
                    Refused(Status.InvalidJson, () => request.Answer("{"));
                }
                request.Answer(request.Json);
            });
            Check(Refused(Status.UnknownPlugin, () => theirs.Call("plugins", "echo", "1")).Contains("plugin"));
            Check(Refused(Status.UnknownPlugin, () => theirs.Call("plugin", "ecko", "1")).Contains("echo"));
            Refused(Status.UnknownPlugin, () => theirs.BeginCall("plugin", "ecko", "1"));
            Check(Refused(Status.CallFailed, () => theirs.Call("plugin", "refuse", "1")).Contains("no such hero: \u00E9"));
            foreach (string json in new[] { "", "{", "01", "1 1", "1\0" })
            {
                Refused(Status.InvalidJson, () => theirs.Call("plugin", "echo", json));
                Refused(Status.InvalidJson, () => theirs.BeginCall("plugin", "echo", json));
            }
            Same("3", theirs.Call("plugin", "broken", "3"));
            mine.RegisterPlugin(Directly("answers", "nothing"), (caller, method, json) => "nothing");
            Check(Refused(Status.CallFailed, () => theirs.Call("answers", "nothing", "1")).Contains("INVALID_JSON"));

            Request late = null;
            mine.RegisterPlugin(Named("late", "m"), request => late = request);
            Refused(Status.TimedOut, () => theirs.Call("late", "m", "1", brief));
            Check(mine.Poll() == 0 && late == null);
            PendingCall begun = theirs.BeginCall("late", "m", "1", TimeSpan.FromMilliseconds(400));
            Same(1, mine.Poll());
            Thread.Sleep(450);
            Refused(Status.TimedOut, () => late.Answer("1"));
            Refused(Status.TimedOut, () => begun.Await());
            mine.RegisterPlugin(Directly("slow", "m"), (caller, method, json) =>
            {
                Thread.Sleep(60);
                return "1";
            });
            Refused(Status.TimedOut, () => theirs.Call("slow", "m", "1", brief));

            int deepest = 0;
            Status? last = null;
            foreach (string[] pair in new[] { new[] { "a", "b" }, new[] { "b", "a" } })
            {
                string next = pair[1];
                mine.RegisterPlugin(Directly(pair[0], "m"), (caller, method, json) =>
                {
                    deepest++;
                    try
                    {
                        return mine.Call(next, method, json, Long);
                    }
                    catch (CofferException error)
                    {
                        last = last ?? error.Status;
                        throw;
                    }
                });
            }
            Refused(Status.CallFailed, () => theirs.Call("a", "m", "1", Long));
            Check(deepest == 32 && last == Status.CallsTooDeep);
            Same("4", theirs.Call("plugin", "echo", "4"));
        }
    }

    private static void HubBeginCall(string folder)
    {
        using (Database theirs = OpenAs(folder, "theirs"))
        {
            string json;
            Database mine = OpenAs(folder, "mine");
            Plugin left = mine.RegisterPlugin(Named("p", "double"), (caller, method, given) => "[" + given + "," + given + "]");
            PendingCall begun = theirs.BeginCall("p", "double", "7", Long);
            Check(!begun.TryAwait(TimeSpan.Zero, out json) && json == null);
            Check(!begun.TryAwait(TimeSpan.FromMilliseconds(10), out json));
            Same(1, mine.Poll(1));
            Check(begun.TryAwait(TimeSpan.Zero, out json));
            Same("[7,7]", json);
            Throws<ObjectDisposedException>(() => begun.TryAwait(TimeSpan.Zero, out json));
            Throws<ObjectDisposedException>(() => begun.Await());

            begun = theirs.BeginCall("p", "double", "7", Long);
            left.Dispose();
            Check(Refused(Status.CallFailed, () => begun.TryAwait(TimeSpan.Zero, out json)).Contains("left"));
            Throws<ObjectDisposedException>(() => begun.Await());
            mine.RegisterPlugin(Named("p", "double"), (caller, method, given) => given);
            begun = theirs.BeginCall("p", "double", "7", Long);
            mine.Close();
            Refused(Status.CallFailed, () => begun.Await());
        }
    }

    private static void HubHost(string folder)
    {
        using (Database engine = OpenAs(folder, "engine"))
        using (Database party = OpenAs(folder, "party"))
        {
            var told = new List<string>();
            bool refuses = false;
            MethodHandler answer = (caller, method, json) =>
            {
                told.Add(caller + " " + method + " " + json);
                if (method == "broadcast")
                {
                    return refuses ? throw new InvalidOperationException("not now") : "{\"heard\":\"e-1\"}";
                }
                return refuses ? "{\"registered\":false,\"holder\":\"main hub\",\"ref_id\":\"ref-3\"}"
                    : "{\"registered\":true,\"ref_id\":\"ref-7\"}";
            };
            Check(party.SyncTier1DataToHub().Host == null);
            List<Event> heard = Listen(party, "*");
            SuppliedHub hub = engine.SupplyHub(new HubOptions { Version = "7.0.0" }, answer);
            Check(Refused(Status.NameTaken, () => party.SupplyHub(null, answer)).Contains("engine"));
            Refused(Status.NameTaken, () => engine.SupplyHub(null, answer));

            refuses = true;
            Check(Refused(Status.CallFailed, () => party.Publish("own", "1")).Contains("not now"));
            Refused(Status.CallFailed, () => party.SyncTier1DataToHub());
            Registration refused = party.RegisterDatabaseAsMasterReference();
            Check(!refused.Registered && refused.Reference.Holder == "main hub" && refused.Reference.RefId == "ref-3");
            Check(party.References().Count == 0 && party.Poll() == 0);
            refuses = false;
            told.Clear();

            party.SaveCharacterRosterState("[\"Terra\"]");
            party.Publish("own", "[2.50]");
            Synced synced = party.SyncTier1DataToHub();
            Same("{\"heard\":\"e-1\"}", synced.Host);
            Registration registered = party.RegisterDatabaseAsMasterReference();
            Check(registered.Registered && registered.Reference.RefId == "ref-7");
            Same(3, told.Count);
            Check(told[0].StartsWith("party broadcast {\"topic\":\"own\"") && told[0].Contains("[2.50]"));
            Check(told[1].StartsWith("party broadcast {\"topic\":\"database_sync\"") && told[1].Contains("[\"Terra\"]"));
            Check(told[2].StartsWith("party register_reference {") && told[2].Contains("version_control"));
            Same(3, party.Poll());
            SameList(new[] { Changed, "own", "database_sync" }, heard.Select(one => one.Topic).ToArray());

            Check(hub.IsActive && hub.Failure is InvalidOperationException);
            hub.Dispose();
            Check(!hub.IsActive);
            Check(party.SyncTier1DataToHub().Host == null);
            Same(3, told.Count);
            // By closing, and the place is free for the next.
            Database host = OpenAs(folder, "host");
            SuppliedHub second = host.SupplyHub(new HubOptions(), answer);
            hub.Dispose();
            Check(second.IsActive);
            host.Close();
            Check(!second.IsActive);
            party.Publish("own", "3");
            Same(3, told.Count);
            engine.SupplyHub(null, answer).Dispose();
        }
    }

    private static void Phase11(string folder)
    {
        using (var db = new Database(folder))
        {
            Phase11 modules = db.LoadPhase11();
            foreach (ModuleState there in new[] { modules.IntegrationHub, modules.BackupRestore, modules.Analytics,
                modules.ImportExport, modules.ApiGateway })
            {
                Check(there.Present && there.Version == Database.Version && there.Origin == ModuleOrigin.BuiltIn);
            }
            using (db.SupplyHub(new HubOptions { Version = "7.1.0" }, (caller, method, json) => "{}"))
            {
                ModuleState hub = db.LoadPhase11().IntegrationHub;
                Check(hub.Present && hub.Version == "7.1.0" && hub.Origin == ModuleOrigin.Host);
                Same(ModuleOrigin.BuiltIn, db.LoadPhase11().BackupRestore.Origin);
            }
            Same(ModuleOrigin.BuiltIn, db.LoadPhase11().IntegrationHub.Origin);
        }
    }
}
