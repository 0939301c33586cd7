// What both C# test programs share: checks, requests over TCP, and the runner that gives each case a folder of its own.
//
// It must not use anything that is not public in the binding. Invariant: a case that fails is named with its reason, the
// others still run, and the exit code tells.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Coffer;

internal sealed class Failure : Exception
{
    internal Failure(string text, int line)
        : base("line " + line + ": " + text)
    {
    }
}

internal static class Test
{
    internal static void Check(bool good, [CallerLineNumber] int line = 0)
    {
        if (!good)
        {
            throw new Failure("does not hold", line);
        }
    }

    internal static void Same<T>(T wanted, T got, [CallerLineNumber] int line = 0)
    {
        if (!EqualityComparer<T>.Default.Equals(wanted, got))
        {
            throw new Failure("wanted " + wanted + ", got " + got, line);
        }
    }

    internal static void SameList(string[] wanted, string[] got, [CallerLineNumber] int line = 0)
    {
        Same(string.Join("|", wanted), string.Join("|", got), line);
    }

    /// <summary>Runs what must be refused with a status, and gives the reason.</summary>
    internal static string Refused(Status status, Action call, [CallerLineNumber] int line = 0)
    {
        try
        {
            call();
        }
        catch (CofferException error)
        {
            Same(status, error.Status, line);
            return error.Reason;
        }
        throw new Failure("nothing was thrown, wanted " + status, line);
    }

    internal static E Throws<E>(Action call, [CallerLineNumber] int line = 0)
        where E : Exception
    {
        try
        {
            call();
        }
        catch (E error)
        {
            return error;
        }
        throw new Failure("nothing was thrown, wanted " + typeof(E).Name, line);
    }

    internal static bool IsRecent(long unixMs)
    {
        return Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - unixMs) < 60000;
    }

    /// <summary>The document, or null when it is not there.</summary>
    internal static string Load(Database db, string key)
    {
        string json;
        return db.TryLoadPersistentData(key, out json) ? json : null;
    }

    /// <summary>Sends a request over TCP and gives all that comes back, head and body; null if nobody listens
    /// there.</summary>
    internal static string Fetch(string address, string method, string target, string token, string body = "")
    {
        var uri = new Uri(address);
        using (var client = new TcpClient(AddressFamily.InterNetwork))
        {
            client.ReceiveTimeout = client.SendTimeout = 20000;
            try
            {
                client.Connect(IPAddress.Loopback, uri.Port);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return null;
            }
            byte[] request = Encoding.UTF8.GetBytes(method + " " + target + " HTTP/1.1\r\nHost: " + uri.Authority +
                "\r\nAuthorization: Bearer " + token + "\r\nConnection: close\r\nContent-Length: " +
                Encoding.UTF8.GetByteCount(body) + "\r\n\r\n" + body);
            NetworkStream stream = client.GetStream();
            stream.Write(request, 0, request.Length);
            using (var reader = new StreamReader(stream, Encoding.UTF8))
            {
                return reader.ReadToEnd();
            }
        }
    }

    /// <summary>Runs the cases with a folder each, not there yet, below args[0]; prints "verb name" for each that
    /// passes.</summary>
    internal static int Run(string[] args, string verb, params Action<string>[] cases)
    {
        if (args.Length < 1)
        {
            Console.Error.WriteLine("usage: WORKING_FOLDER [CASE]");
            return 2;
        }
        int failed = 0;
        foreach (Action<string> run in cases)
        {
            string name = NameOf(run.Method.Name);
            if (args.Length > 1 && args[1] != name)
            {
                continue;
            }
            string folder = Path.Combine(args[0], name);
            try
            {
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, true);
                }
                run(folder);
                Console.WriteLine(verb + " " + name);
            }
            catch (Exception error)
            {
                Console.WriteLine("FAILED " + name + ": " + (error is Failure ? error.Message : error.ToString()));
                failed++;
            }
        }
        return failed == 0 ? 0 : 1;
    }

    // FreshStoreKeys is the case fresh_store_keys.
    private static string NameOf(string method)
    {
        var name = new StringBuilder();
        foreach (char c in method)
        {
            if (char.IsUpper(c) && name.Length > 0)
            {
                name.Append('_');
            }
            name.Append(char.ToLowerInvariant(c));
        }
        return name.ToString();
    }
}
