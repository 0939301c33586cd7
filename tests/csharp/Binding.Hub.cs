// What is special to events in C#: the collector while C holds a context, exceptions in handlers, other threads, and ending
// a subscription from within.
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
    private static readonly SubscribeOptions Direct = new SubscribeOptions { Direct = true };

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    // Nothing but the database knows of these subscriptions and their handlers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] SubscribeAndForget(Database db)
    {
        var counts = new int[20];
        for (int i = 0; i < counts.Length; i++)
        {
            int place = i;
            db.Subscribe("*", one => counts[place]++, i % 2 == 0 ? Direct : null);
        }
        return counts;
    }

    private static void SubscriptionsNobodyKeeps(string folder)
    {
        using (var db = new Database(folder))
        {
            int[] counts = SubscribeAndForget(db);
            for (int i = 0; i < 50; i++)
            {
                Collect();
                db.Publish("topic", "\"" + new string('x', 1000) + "\"");
                Same(10, db.Poll());
            }
            Check(counts.All(count => count == 50));
        }
    }

    // Handlers that refer to their database, on a thread of its own, so that nothing on a stack still points there.
    private static WeakReference ForgetSubscribed(string folder)
    {
        WeakReference handler = null;
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                var db = new Database(folder);
                Action<Event> heard = one => db.Publish("echo", "1");
                handler = new WeakReference(heard);
                db.Subscribe("topic", heard, Direct);
                db.Subscribe("topic", heard).Dispose();
                db.Subscribe("topic", heard);
            }
        });
        thread.Start();
        thread.Join();
        return handler;
    }

    private static void ForgottenWithSubscriptions(string folder)
    {
        WeakReference handler = ForgetSubscribed(folder);
        for (int i = 0; i < 100 && (Database.LiveHandles > 0 || handler.IsAlive); i++)
        {
            Collect();
            Thread.Sleep(20);
        }
        Same(0ul, Database.LiveHandles);
        Check(!handler.IsAlive);
    }

    // What was ended is let go of while the object of the database lives on.
    private static List<WeakReference> SubscribeAndEnd(Database db, bool byClosing)
    {
        var handlers = new List<WeakReference>();
        for (int i = 0; i < 10; i++)
        {
            var ballast = new byte[100000];
            Action<Event> heard = one => ballast[0]++;
            handlers.Add(new WeakReference(heard));
            Subscription subscription = db.Subscribe("topic", heard, i % 2 == 0 ? Direct : null);
            if (!byClosing)
            {
                subscription.Dispose();
            }
            Refused(Status.InvalidArgument, () => db.Subscribe("a*b", heard));
        }
        if (byClosing)
        {
            db.Close();
        }
        return handlers;
    }

    private static void EndedSubscriptionsAreLetGo(string folder)
    {
        foreach (bool byClosing in new[] { false, true })
        {
            using (var db = new Database(folder))
            {
                List<WeakReference> handlers = null;
                var thread = new Thread(() => handlers = SubscribeAndEnd(db, byClosing));
                thread.Start();
                thread.Join();
                Collect();
                // Mono looks at stacks and registers word by word, and may take one for a reference.
                Check(handlers.Count(one => one.IsAlive) <= 2);
                GC.KeepAlive(db);
            }
        }
    }

    private static void ExceptionsInPolledHandlers(string folder)
    {
        using (var db = new Database(folder))
        {
            int heard = 0;
            db.Subscribe("topic", one =>
            {
                heard++;
                throw new InvalidOperationException(one.Json);
            });
            Subscription good = db.Subscribe("topic", one => heard++);
            for (int i = 1; i <= 3; i++)
            {
                db.Publish("topic", i.ToString());
            }
            var error = Throws<InvalidOperationException>(() => db.Poll());
            Same("1", error.Message);
            Check(error.StackTrace.Contains("ExceptionsInPolledHandlers"));
            Same(6, heard);
            Same(0, db.Poll());
            Same(null, good.Failure);
            // From a poll within a poll it goes through the handler that polled, which may catch it.
            db.Subscribe("outer", one => Throws<InvalidOperationException>(() => db.Poll()));
            db.Publish("outer", "0");
            db.Publish("topic", "4");
            Same(1, db.Poll());
            Same(8, heard);
            // And what a handler throws after a poll of its own comes out of the outer one.
            db.Subscribe("after", one =>
            {
                db.Poll();
                throw new NotSupportedException(one.Json);
            });
            db.Publish("after", "5");
            Same("5", Throws<NotSupportedException>(() => db.Poll()).Message);
        }
    }

    private static void ExceptionsInDirectHandlers(string folder)
    {
        using (var db = new Database(folder))
        {
            var failures = new List<string>();
            int heard = 0;
            Subscription bad = db.Subscribe("topic", one =>
            {
                throw new InvalidOperationException(one.Json);
            }, Direct);
            db.Subscribe("topic", one => heard++, Direct);
            db.Publish("topic", "1");
            Check(bad.Failure is InvalidOperationException && bad.Failure.Message == "1");
            db.HandlerFailed += (one, error) =>
            {
                Check(ReferenceEquals(one, bad));
                failures.Add(error.Message);
                throw new InvalidOperationException("from the one who was told");
            };
            db.Publish("topic", "2");
            // Also when it is a polled handler that publishes: the poll has nothing to do with it.
            db.Subscribe("poll", one => db.Publish("topic", "3"));
            db.Publish("poll", "0");
            Same(1, db.Poll());
            SameList(new[] { "2", "3" }, failures.ToArray());
            Same("1", bad.Failure.Message);
            Same(3, heard);
        }
    }

    private static void EndingFromWithin(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 20; i++)
            {
                foreach (SubscribeOptions options in new[] { null, Direct })
                {
                    int heard = 0;
                    Subscription own = null;
                    own = db.Subscribe("topic", one =>
                    {
                        heard++;
                        own.Unsubscribe();
                        Check(!own.IsActive);
                        own = null;
                        Collect();
                        db.Publish("topic", "1");
                    }, options);
                    db.Publish("topic", "0");
                    db.Poll();
                    Same(1, heard);
                }
            }
            // Told of a failure before Subscribe has returned, and ended there.
            db.SavePersistentData("k", "1");
            db.SavePersistentData("k", "2");
            db.HandlerFailed += (one, error) => one.Dispose();
            int calls = 0;
            Subscription early = db.Subscribe("*", one =>
            {
                calls++;
                throw new InvalidOperationException(one.Topic);
            }, new SubscribeOptions { Direct = true, Since = 1 });
            db.SavePersistentData("k", "3");
            Same(1, calls);
            Check(early.Failure.Message == "database_changed" && !early.IsActive);
            Throws<ObjectDisposedException>(early.Unsubscribe);
        }
        var closed = new Database(folder);
        closed.Subscribe("topic", one => closed.Close());
        closed.Subscribe("topic", one => { throw new InvalidOperationException("called after closing"); });
        closed.Publish("topic", "1");
        Same(1, closed.Poll());
        Check(!closed.IsOpen);
    }

    private static void HandlersOnOtherThreads(string folder)
    {
        const int publishers = 4, each = 500;
        using (var db = new Database(folder))
        {
            int running = 0, heard = 0, stray = 0, polled = 0;
            db.Subscribe("topic", one =>
            {
                // One at a time, whichever thread it is.
                if (Interlocked.Increment(ref running) != 1)
                {
                    stray++;
                }
                heard++;
                Interlocked.Decrement(ref running);
            }, new SubscribeOptions { Direct = true, Queue = 100000 });
            db.Subscribe("topic", one => polled++, new SubscribeOptions { Queue = 100000 });
            Thread[] threads = Enumerable.Range(0, publishers).Select(t => new Thread(() =>
            {
                for (int i = 0; i < each; i++)
                {
                    db.Publish("topic", i.ToString());
                    if (i % 50 == 0)
                    {
                        db.Subscribe("topic", one => { }, Direct).Dispose();
                        GC.Collect();
                    }
                }
            })).ToArray();
            foreach (Thread thread in threads)
            {
                thread.Start();
            }
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
            db.Poll();
            Check(stray == 0 && heard == publishers * each && polled == publishers * each);
        }
    }

    private static void DisposeWaitsForTheHandler(string folder)
    {
        using (var db = new Database(folder))
        using (var entered = new ManualResetEvent(false))
        {
            bool done = false;
            Subscription slow = db.Subscribe("topic", one =>
            {
                entered.Set();
                Thread.Sleep(100);
                done = true;
            }, Direct);
            var publisher = new Thread(() => db.Publish("topic", "1"));
            publisher.Start();
            entered.WaitOne();
            slow.Dispose();
            Check(done && !slow.IsActive);
            publisher.Join();
        }
    }

    private static void HubArguments(string folder)
    {
        using (var db = new Database(folder))
        {
            Throws<ArgumentNullException>(() => db.Subscribe(null, one => { }));
            Throws<ArgumentNullException>(() => db.Subscribe("topic", null));
            Throws<ArgumentNullException>(() => db.Publish(null, "1"));
            Throws<ArgumentNullException>(() => db.Publish("topic", null));
            Throws<ArgumentOutOfRangeException>(() => db.Poll(-1));
            Throws<ArgumentOutOfRangeException>(() => db.Poll(0, TimeSpan.FromTicks(-1)));
            Refused(Status.InvalidOption, () => db.Subscribe("topic", one => { }, new SubscribeOptions { Queue = 0 }));
            Refused(Status.InvalidUtf8, () => db.Subscribe("\uD800", one => { }));
            Same("{\"direct\":true,\"data\":true,\"since\":18446744073709551615,\"queue\":7}",
                new SubscribeOptions { Direct = true, Data = true, Since = ulong.MaxValue, Queue = 7 }.ToJson());
            const string text = "\"\u00E9\U0001F600\"";
            string topic = null, json = null;
            db.Subscribe("*", one =>
            {
                topic = one.Topic;
                json = one.Json;
            });
            db.Publish("caf\u00E9", text);
            Same(1, db.Poll(1, TimeSpan.FromMinutes(1)));
            Check(topic == "caf\u00E9" && json == text);
            db.Subscribe("slow", one => Thread.Sleep(10));
            for (int i = 0; i < 50; i++)
            {
                db.Publish("slow", "1");
            }
            int delivered = db.Poll(0, TimeSpan.FromMilliseconds(60));
            Check(delivered >= 1 && delivered < 50);
            // So little that it may be over before the first.
            Check(db.Poll(0, TimeSpan.FromTicks(1)) <= 1);
        }
    }
}
