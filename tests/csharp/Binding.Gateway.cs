// What is special to the API over HTTP in C#: texts on their way, handlers on the server's threads, the collector, and ending
// it from within a handler.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs; nobody listens after a case.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    private const string StatusPath = "/api/database/status";

    private static readonly ApiOptions Listening = new ApiOptions
    {
        Listen = "127.0.0.1:0", Token = "of-these-tests-alone", AllowWrite = true
    };

    private static string Ask(DatabaseApi api, string method, string target, string body = "")
    {
        return Fetch(api.Address, method, target, api.Token, body);
    }

    private static GatewayRequest Request(DatabaseApi api, string method, string target, string body = null)
    {
        var headers = new Dictionary<string, string> { { "Authorization", "Bearer " + api.Token } };
        return new GatewayRequest { Method = method, Target = target, Headers = headers, Body = body };
    }

    private static EndpointOptions At(string plugin, string path, string method = "GET")
    {
        return new EndpointOptions { Plugin = plugin, Call = "m", Method = method, Path = path };
    }

    // Does work on a thread of its own. What is given back waits for it, and throws what it threw.
    private static Func<T> Begin<T>(Func<T> work)
    {
        T result = default(T);
        ExceptionDispatchInfo failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        return () =>
        {
            thread.Join();
            failure?.Throw();
            return result;
        };
    }

    private static T[] OnThreads<T>(int count, Func<int, T> work)
    {
        Func<T>[] begun = Enumerable.Range(0, count).Select(t => Begin(() => work(t))).ToArray();
        return begun.Select(end => end()).ToArray();
    }

    private static void GatewayTexts(string folder)
    {
        using (var db = new Database(folder))
        {
            DatabaseApi api = db.RegisterDatabaseApi(Listening);
            Func<string, string, GatewayResponse> put = (key, body) =>
                db.HandleRequest(Request(api, "PUT", "/api/database/documents/" + key, body));
            // Around the size where a text moves from the stack to the heap.
            foreach (int length in new[] { 0, 1, 100, 169, 170, 171, 509, 510, 511, 512, 5000 })
            {
                string json = "\"" + string.Concat(Enumerable.Repeat("\u6F22\\\"\U0001F600", length)) + "\"";
                Check(put("k" + length, json).Status == 201 && Load(db, "k" + length) == json);
                GatewayResponse got = db.HandleRequest(Request(api, "GET", "/api/database/documents/k" + length));
                Check(got.Body == json && got.Headers["ETag"] == got.Headers["etag"]);
            }
            GatewayResponse nul = put("nul", "1\0");
            Check(nul.Status == 400 && Load(db, "nul") == null);
            Refused(Status.InvalidUtf8, () => put("half", "\"\uD800\""));
            Refused(Status.InvalidUtf8, () => put("\uDC00", "1"));
            Check(db.ListDatabaseKeysWith("half").Length == 0 && !nul.Headers.ContainsKey("etag"));
            Check(put("empty", "").Status == 400 && put("null", null).Status == 400);
            // Of two that C# tells apart and HTTP does not, the library says what it thinks.
            GatewayRequest twice = Request(api, "GET", StatusPath);
            twice.Headers = new Dictionary<string, string> { { "authorization", "Bearer x" }, { "Authorization", "Bearer x" } };
            Same(401, db.HandleRequest(twice).Status);
            twice.Headers = null;
            Same(401, db.HandleRequest(twice).Status);
            // What was answered stays as it was.
            Throws<NotSupportedException>(() => ((IDictionary<string, string>)nul.Headers).Clear());
            Throws<NotSupportedException>(() => ((IList<Endpoint>)api.Endpoints).Clear());
        }
    }

    private static void GatewayArguments(string folder)
    {
        Same("{}", new ApiOptions().ToJson());
        Same("{\"listen\":\"a\\\"b\",\"token\":\"t\",\"anonymous_read\":true,\"allow_write\":true," +
            "\"limits\":{\"a\\\\\":1,\"b\":2},\"max_body_bytes\":3,\"allow_remote\":true," +
            "\"allow_origins\":[\"o\",\"p\"]}", new ApiOptions
            {
                Listen = "a\"b", Token = "t", AnonymousRead = true, AllowWrite = true, MaxBodyBytes = 3, AllowRemote = true,
                Limits = new SortedDictionary<string, int> { { "a\\", 1 }, { "b", 2 } },
                AllowOrigins = new List<string> { "o", "p" }
            }.ToJson());
        Same("{\"limits\":{},\"allow_origins\":[]}",
            new ApiOptions { Limits = new Dictionary<string, int>(), AllowOrigins = new string[0] }.ToJson());
        Same("{\"plugin\":\"p\",\"call\":\"c\\u000a\",\"method\":\"GET\",\"path\":\"/x\",\"per_minute\":4,\"id\":\"i\"," +
            "\"write\":true}", new EndpointOptions
            {
                Plugin = "p", Call = "c\n", Method = "GET", Path = "/x", PerMinute = 4, Id = "i", Write = true
            }.ToJson());
        Same("{}", new EndpointOptions().ToJson());
        Same("{\"method\":\"\",\"target\":\"/\",\"headers\":{\"a\":\"\\\"\"},\"body\":\"\\u0000\"}", new GatewayRequest
        {
            Method = "", Target = "/", Body = "\0", Headers = new Dictionary<string, string> { { "a", "\"" } }
        }.ToJson());
        var noValue = new Dictionary<string, string> { { "a", null } };
        Throws<ArgumentException>(() => new GatewayRequest { Headers = noValue }.ToJson());
        Throws<ArgumentException>(() => new ApiOptions { AllowOrigins = new string[] { null } }.ToJson());
        var db = new Database(folder);
        Throws<ArgumentNullException>(() => db.RegisterEndpoint(null));
        Throws<ArgumentNullException>(() => db.UnregisterEndpoint(null));
        Throws<ArgumentNullException>(() => db.HandleRequest(null));
        Check(Refused(Status.InvalidArgument, () => db.UnregisterEndpoint("a\0b")).Contains("id holds a NUL"));
        Refused(Status.InvalidUtf8, () => db.RegisterDatabaseApi(new ApiOptions { Token = "0123456789abcdef\uD800" }));
        Refused(Status.NotFound, () => db.UnregisterDatabaseApi());
        db.RegisterDatabaseApi();
        Refused(Status.InvalidOption, () => db.HandleRequest(new GatewayRequest { Target = "/" }));
        Refused(Status.InvalidOption, () => db.RegisterEndpoint(new EndpointOptions()));
        Refused(Status.InvalidUtf8, () => db.RegisterEndpoint(At("\uD800", "/x")));
        db.Dispose();
        Throws<ObjectDisposedException>(() => db.RegisterDatabaseApi());
        Throws<ObjectDisposedException>(() => db.UnregisterDatabaseApi());
        Throws<ObjectDisposedException>(() => db.RegisterEndpoint(At("p", "/x")));
        Throws<ObjectDisposedException>(() => db.UnregisterEndpoint("x"));
        Throws<ObjectDisposedException>(() => db.HandleRequest(new GatewayRequest { Method = "GET", Target = "/" }));
        Same(0ul, Database.LiveHandles);
    }

    // Threads that are none of .NET's call handlers, and the collector runs meanwhile.
    private static void EndpointsOnServerThreads(string folder)
    {
        using (var db = new Database(folder))
        {
            int here = Thread.CurrentThread.ManagedThreadId, elsewhere = 0;
            Plugin plugin = db.RegisterPlugin(Named("direct", true, "m"), (caller, method, json) =>
            {
                Interlocked.Add(ref elsewhere, Thread.CurrentThread.ManagedThreadId == here ? 0 : 1);
                Collect();
                db.SavePersistentData("asked", "1");
                return json.Contains("\"n\":\"7\"") ? throw new InvalidOperationException("seven \u00E9")
                    : "{\"body\":" + json + "}";
            });
            DatabaseApi api = db.RegisterDatabaseApi(Listening);
            Endpoint endpoint = db.RegisterEndpoint(At("direct", "/n/{n}", "POST"));
            Same(api.Address + "/n/{n}", endpoint.Address);
            string[] answers = OnThreads(40, i => Ask(api, "POST", "/n/" + i, "[" + i + ".50]"));
            for (int i = 0; i < answers.Length; i++)
            {
                Check(i == 7 ? answers[i].StartsWith("HTTP/1.1 502 ") && answers[i].Contains("seven \u00E9")
                    : answers[i].StartsWith("HTTP/1.1 200 ") && answers[i].Contains("\"body\":[" + i + ".50]"));
            }
            Check(elsewhere == 40 && plugin.Failure.Message == "seven \u00E9" && Load(db, "asked") == "1");
            plugin.Dispose();
            Check(Ask(api, "POST", "/n/1").StartsWith("HTTP/1.1 503 "));
        }
    }

    private static void PolledEndpoints(string folder)
    {
        using (var db = new Database(folder))
        {
            int thread = 0;
            db.RegisterPlugin(Named("polled", false, "m"), (caller, method, json) =>
            {
                thread = Thread.CurrentThread.ManagedThreadId;
                return "{}";
            });
            DatabaseApi api = db.RegisterDatabaseApi(Listening);
            db.RegisterEndpoint(At("polled", "/polled"));
            Func<string> answer = Begin(() => Ask(api, "GET", "/polled"));
            for (int i = 0; i < 5000 && db.Poll() == 0; i++)
            {
                Thread.Sleep(1);
            }
            Check(answer().StartsWith("HTTP/1.1 204 ") && thread == Thread.CurrentThread.ManagedThreadId);
            // And one that nobody polls in time.
            Check(Ask(api, "GET", "/polled").StartsWith("HTTP/1.1 504 "));
        }
    }

    // In a method of its own, so that nothing on a stack still points at the database.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DatabaseApi RegisterApiAndForget(string folder)
    {
        var db = new Database(folder);
        db.RegisterPlugin(Named("p", true, "m"), (caller, method, json) => "{\"body\":" + db.ListDatabaseKeys().Length + "}");
        DatabaseApi api = db.RegisterDatabaseApi(Listening);
        db.RegisterEndpoint(At("p", "/p"));
        Check(Ask(api, "GET", "/p").EndsWith("8"));
        return api;
    }

    private static void ApisNobodyKeeps(string folder)
    {
        DatabaseApi api = Begin(() => RegisterApiAndForget(folder))();
        for (int i = 0; i < 100 && Database.LiveHandles > 0; i++)
        {
            Collect();
            Thread.Sleep(20);
        }
        Same(0ul, Database.LiveHandles);
        Same(null, Ask(api, "GET", StatusPath));
        // One that is closed takes its API along, and waits for what is under way.
        bool done = false;
        var db = new Database(folder);
        using (var entered = new ManualResetEvent(false))
        {
            db.RegisterPlugin(Named("p", true, "m"), (caller, method, json) =>
            {
                entered.Set();
                Thread.Sleep(200);
                done = true;
                return "{\"body\":2}";
            });
            api = db.RegisterDatabaseApi(Listening);
            db.RegisterEndpoint(At("p", "/p"));
            Func<string> answer = Begin(() => Ask(api, "GET", "/p"));
            Check(entered.WaitOne(20000));
            db.Close();
            Check(done && answer().StartsWith("HTTP/1.1 200 ") && answer().EndsWith("\r\n\r\n2"));
            Same(null, Ask(api, "GET", StatusPath));
        }
    }

    // One that just stops listening may break off what it has not begun with.
    private static bool IsThere(DatabaseApi api)
    {
        try
        {
            return api.Address != null && Ask(api, "GET", StatusPath) != null;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static void EndingApisFromWithin(string folder)
    {
        foreach (bool listens in new[] { true, false })
        {
            var db = new Database(folder + "/" + listens);
            var told = new List<string>();
            db.RegisterPlugin(Named("p", true, "m"), (caller, method, json) =>
            {
                db.UnregisterEndpoint("p.m");
                told.Add(Refused(Status.InvalidArgument, () => db.UnregisterDatabaseApi()));
                told.Add(Refused(Status.InvalidArgument, () => db.Close()));
                Throws<ObjectDisposedException>(() => db.Flush());
                return "{\"body\":3}";
            });
            DatabaseApi api = db.RegisterDatabaseApi(listens ? Listening : null);
            db.RegisterEndpoint(At("p", "/p"));
            if (listens)
            {
                Check(Ask(api, "GET", "/p").EndsWith("\r\n\r\n3"));
            }
            else
            {
                Same("3", db.HandleRequest(Request(api, "GET", "/p")).Body);
            }
            Check(told.Count == 2 && told.All(one => one.Length > 0) && !db.IsOpen);
            // It is closed once that request is over; no handle is live any more as soon as that begins.
            for (int i = 0; i < 250 && (Database.LiveHandles > 0 || IsThere(api)); i++)
            {
                Thread.Sleep(20);
            }
            Check(Database.LiveHandles == 0 && !IsThere(api));
        }
    }

    private static void RequestsOnManyThreads(string folder)
    {
        using (var db = new Database(folder))
        using (var other = new Database(folder))
        {
            var limits = new Dictionary<string, int> { { "save", 1000000 }, { "document", 1000000 } };
            DatabaseApi api = db.RegisterDatabaseApi(new ApiOptions { AllowWrite = true, Limits = limits });
            OnThreads(8, t =>
            {
                string path = "/api/database/documents/t" + t;
                for (int i = 0; i < 200; i++)
                {
                    Database one = i % 2 == 0 ? db : other;
                    Check(one.HandleRequest(Request(api, "PUT", path, "[" + t + "," + i + "]")).Status < 300);
                    Same("[" + t + "," + i + "]", one.HandleRequest(Request(api, "GET", path)).Body);
                }
                return t;
            });
            Same("[3,199]", Load(other, "t3"));
        }
    }
}
