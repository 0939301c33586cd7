// What is special to calls across plug-ins in C#: exceptions in handlers, requests that other threads answer, and calls
// that several threads ask for.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Coffer;
using static Test;

internal static partial class Binding
{
    private sealed class Mute : Exception
    {
        public override string Message
        {
            get { throw new NotSupportedException("no message"); }
        }
    }

    // What a call comes to that is refused, by a plug-in of the same database.
    private static string Refusal(Database db, string plugin)
    {
        PendingCall call = db.BeginCall(plugin, "m", "1", Long);
        Same(db.Plugin(plugin).Direct ? 0 : 1, db.Poll());
        return Refused(Status.CallFailed, () => call.Await());
    }

    private static void ExceptionsBecomeRefusals(string folder)
    {
        foreach (bool direct in new[] { true, false })
        {
            using (var db = new Database(folder))
            {
                Exception thrown = null;
                MethodHandler answer = (caller, method, json) => thrown == null ? (string)null : throw thrown;
                Action<Request> handle = request => throw thrown;
                foreach (Plugin plugin in new[] { db.RegisterPlugin(Named("answers", direct, "m"), answer),
                    db.RegisterPlugin(Named("handles", direct, "m"), handle) })
                {
                    var first = new InvalidOperationException("no such hero: \u00E9\U0001F600");
                    thrown = first;
                    Check(plugin.Failure == null && Refusal(db, plugin.Name).Contains("no such hero: \u00E9\U0001F600"));
                    // What C would not take, and what is no message.
                    thrown = new InvalidOperationException("half \uD800 nul \0 line\nend " + new string('x', 3000));
                    string odd = Refusal(db, plugin.Name);
                    Check(odd.Contains("half \uFFFD") && odd.Contains("nul \uFFFD line") && !odd.Contains("\n"));
                    thrown = new InvalidOperationException("");
                    Check(Refusal(db, plugin.Name).Contains("InvalidOperationException"));
                    thrown = new Mute();
                    Check(Refusal(db, plugin.Name).Contains("Mute"));
                    thrown = new CofferException(Status.Busy, "why");
                    Check(Refusal(db, plugin.Name).Contains("COFFER_ERROR_BUSY: why"));
                    Check(ReferenceEquals(first, plugin.Failure));
                }
                thrown = null;
                Check(Refusal(db, "answers").Contains("no answer"));
                Plugin after = db.RegisterPlugin(Named("after", direct, "m"), request =>
                {
                    request.Answer("[1]");
                    throw new InvalidOperationException("too late to refuse");
                });
                PendingCall good = db.BeginCall("after", "m", "1", Long);
                db.Poll();
                Same("[1]", good.Await());
                Same("too late to refuse", after.Failure.Message);
            }
        }
    }

    private static void RequestsFromOtherThreads(string folder)
    {
        const int count = 200;
        using (var mine = new Database(folder))
        using (var theirs = new Database(folder))
        {
            var waiting = new List<Request>();
            bool stop = false;
            Action<Request> keep = request =>
            {
                lock (waiting)
                {
                    waiting.Add(request);
                    Monitor.Pulse(waiting);
                }
            };
            Thread[] workers = Enumerable.Range(0, 3).Select(w => new Thread(() =>
            {
                while (true)
                {
                    Request request;
                    lock (waiting)
                    {
                        while (waiting.Count == 0 && !stop)
                        {
                            Monitor.Wait(waiting);
                        }
                        if (waiting.Count == 0)
                        {
                            return;
                        }
                        request = waiting[0];
                        waiting.RemoveAt(0);
                    }
                    if (request.Json.EndsWith("7"))
                    {
                        request.Refuse("no sevens");
                    }
                    else
                    {
                        request.Answer("[" + request.Json + "]");
                    }
                }
            })).ToArray();
            Array.ForEach(workers, worker => worker.Start());
            mine.RegisterPlugin(Named("direct", true, "m"), keep);
            mine.RegisterPlugin(Named("polled", false, "m"), keep);
            PendingCall[] calls = Enumerable.Range(0, count)
                .Select(i => theirs.BeginCall(i % 2 == 0 ? "direct" : "polled", "m", i.ToString(), Long)).ToArray();
            Collect();
            Same(count / 2, mine.Poll());
            for (int i = 0; i < count; i++)
            {
                int place = i;
                if (i % 10 == 7)
                {
                    Check(Refused(Status.CallFailed, () => calls[place].Await()).Contains("no sevens"));
                }
                else
                {
                    Same("[" + i + "]", calls[i].Await());
                }
            }
            Same("[1]", theirs.Call("direct", "m", "1", Long));
            lock (waiting)
            {
                stop = true;
                Monitor.PulseAll(waiting);
            }
            Array.ForEach(workers, worker => worker.Join());
        }
    }

    private static void RequestsAnsweredTwice(string folder)
    {
        Request kept = null;
        using (var theirs = new Database(folder))
        {
            var mine = new Database(folder);
            Plugin plugin = mine.RegisterPlugin(Named("p", true, "m"), request => kept = request);
            PendingCall call = theirs.BeginCall("p", "m", "1", Long);
            Throws<ArgumentNullException>(() => kept.Answer(null));
            Throws<ArgumentNullException>(() => kept.Refuse(null));
            foreach (string wrong in new[] { "", "{", "nothing", "1\0", new string('[', 200) + new string(']', 200) })
            {
                Refused(wrong.Length > 100 ? Status.TooDeep : Status.InvalidJson, () => kept.Answer(wrong));
            }
            Refused(Status.InvalidUtf8, () => kept.Answer("\"\uD800\""));
            Refused(Status.InvalidArgument, () => kept.Refuse("nul \0"));
            string json;
            Check(!call.TryAwait(TimeSpan.Zero, out json));
            kept.Answer(" 2 ");
            Throws<ObjectDisposedException>(() => kept.Answer("3"));
            Throws<ObjectDisposedException>(() => kept.Refuse("3"));
            Same(" 2 ", call.Await());

            call = theirs.BeginCall("p", "m", "1", Long);
            kept.Refuse("");
            Throws<ObjectDisposedException>(() => kept.Answer("3"));
            Refused(Status.CallFailed, () => call.Await());

            call = theirs.BeginCall("p", "m", "1", Long);
            plugin.Dispose();
            Refused(Status.InvalidArgument, () => kept.Answer("1"));
            Throws<ObjectDisposedException>(() => kept.Answer("1"));
            mine.RegisterPlugin(Named("p", true, "m"), request => kept = request);
            theirs.BeginCall("p", "m", "1", Long);
            mine.Close();
        }
        Refused(Status.InvalidArgument, () => kept.Answer("1"));
    }

    private static void RequestsThatArePulled(string folder)
    {
        using (var mine = new Database(folder))
        using (var theirs = new Database(folder, new Options { Plugin = "the \"others\"" }))
        {
            Request request;
            Plugin plugin = mine.RegisterPlugin(Named("p\"", false, "a", "b"));
            Check(!mine.TryNextCall(out request) && request == null && plugin.Failure == null);
            const string argument = "{\"a\" : [1.50, \"}\\\"\", {} ], \"b\":1e400 }";
            PendingCall one = theirs.BeginCall("p\"", "a", " " + argument + "\n", Long);
            PendingCall two = theirs.BeginCall("p\"", "b", "2", Long);
            Check(mine.Poll() == 0 && !theirs.TryNextCall(out request));
            Check(mine.TryNextCall(out request));
            Check(request.Plugin == "p\"" && request.Caller == "the \"others\"" && request.Method == "a");
            Same(argument, request.Json.Trim());
            Request second;
            Check(mine.TryNextCall(out second) && second.Method == "b" && second.Json == "2");
            second.Answer("[2]");
            request.Refuse("no");
            Same("[2]", two.Await());
            Refused(Status.CallFailed, () => one.Await());
            Check(!mine.TryNextCall(out request) && plugin.IsActive);
            one = theirs.BeginCall("p\"", "a", "1", Long);
            plugin.Dispose();
            Check(!plugin.IsActive && !mine.TryNextCall(out request));
            Refused(Status.CallFailed, () => one.Await());
            plugin = mine.RegisterPlugin(Named("p\"", false));
            mine.Close();
            Check(!plugin.IsActive);
            plugin.Dispose();
            Throws<ObjectDisposedException>(() => mine.TryNextCall(out request));
        }
    }

    // One of several threads is told, the others get the binding's own error; and a call keeps its database.
    private static void CallsOnOtherThreads(string folder)
    {
        using (var db = new Database(folder))
        {
            db.RegisterPlugin(Named("p", false, "m"), (caller, method, given) => "[" + given + "]");
            for (int i = 0; i < 50; i++)
            {
                int told = 0, refused = 0;
                PendingCall call = db.BeginCall("p", "m", "1", Long);
                Thread[] threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
                {
                    try
                    {
                        Same("[1]", call.Await());
                        Interlocked.Increment(ref told);
                    }
                    catch (ObjectDisposedException)
                    {
                        Interlocked.Increment(ref refused);
                    }
                })).ToArray();
                Array.ForEach(threads, thread => thread.Start());
                Thread.Sleep(i % 3);
                Same(1, db.Poll());
                Array.ForEach(threads, thread => thread.Join());
                Check(told == 1 && refused == 3);
            }
            PendingCall alone = null;
            var forgetting = new Thread(() => alone = new Database(folder).BeginCall("p", "m", "2", Long));
            forgetting.Start();
            forgetting.Join();
            Collect();
            Same(1, db.Poll());
            Same("[2]", alone.Await());

            var closed = new Database(folder);
            PendingCall lost = closed.BeginCall("p", "m", "3", Long);
            closed.Close();
            string json;
            Throws<ObjectDisposedException>(() => lost.TryAwait(TimeSpan.Zero, out json));
            Throws<ArgumentOutOfRangeException>(() => lost.TryAwait(TimeSpan.FromTicks(-1), out json));
            Throws<ObjectDisposedException>(() => closed.Call("p", "m", "3"));
            Throws<ObjectDisposedException>(() => closed.Plugins());
            Throws<ObjectDisposedException>(() => closed.LoadPhase11());
            Throws<ObjectDisposedException>(() => closed.RegisterPlugin(Named("q", false)));
        }
    }
}
