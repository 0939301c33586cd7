// Runs the Unity package's sample as Unity would: Awake, a number of frames, OnApplicationPause, OnDestroy.
//
// It must not call what Unity would not call. Invariant: each mode ends with no handle open and says what did not hold.
//
//   Player.exe play FOLDER        the first run: saves, makes a snapshot, goes back to it, closes
//   Player.exe again FOLDER       the next run finds what the first one saved last
//   Player.exe without FOLDER     the native library is not there: one error that says what to do, and no exception
//   Player.exe broken FOLDER      the store cannot be opened: as before
using System;
using System.Reflection;
using UnityEngine;

internal static class Player
{
    private static void Check(bool good, string what)
    {
        if (!good)
        {
            throw new InvalidOperationException(what + "; errors: " + string.Join(" | ", Debug.Errors));
        }
    }

    private static void Call(SaveEachFrame script, string message, params object[] arguments)
    {
        MethodInfo method = typeof(SaveEachFrame).GetMethod(message,
            BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly);
        Check(method != null, "the sample has no " + message);
        method.Invoke(script, arguments);
    }

    private static void Frame(SaveEachFrame script, params KeyCode[] keys)
    {
        Input.Down.Clear();
        Input.Down.UnionWith(keys);
        Call(script, "Update");
    }

    private static void Play(SaveEachFrame script)
    {
        Call(script, "Awake");
        Check(script.transform.position.x == 0, "a new game has a place");
        for (int i = 1; i <= 50; i++)
        {
            script.transform.position = new Vector3(i, 0.1f * i, -i);
            Frame(script, i == 20 ? new[] { KeyCode.F5 } : new KeyCode[0]);
        }
        Check(script.Heard >= 50, "heard of " + script.Heard + " commits");
        Frame(script, KeyCode.F9);
        Check(script.transform.position.x == 20, "the snapshot has " + script.transform.position.x);
        script.transform.position = new Vector3(7.25f, -0.1f, 1e-7f);
        Frame(script);
        Call(script, "OnApplicationPause", true);
        Call(script, "OnApplicationPause", false);
        Check(Coffer.Database.LiveHandles == 1, "the store is not open");
        Call(script, "OnDestroy");
        Check(Debug.Errors.Count == 0, "errors");
    }

    private static void Again(SaveEachFrame script)
    {
        Call(script, "Awake");
        Vector3 place = script.transform.position;
        Check(place.x == 7.25f && place.y == -0.1f && place.z == 1e-7f, "the place is " + JsonUtility.ToJson(place));
        Call(script, "OnDestroy");
        Check(Debug.Errors.Count == 0, "errors");
    }

    private static void Refused(SaveEachFrame script, string part)
    {
        Call(script, "Awake");
        Frame(script, KeyCode.F5, KeyCode.F9);
        Frame(script);
        Call(script, "OnApplicationPause", true);
        Call(script, "OnDestroy");
        Check(Debug.Errors.Count == 1 && Debug.Errors[0].Contains(part), "wanted one error with '" + part + "'");
    }

    private static int Main(string[] args)
    {
        Application.persistentDataPath = args[1];
        var script = new SaveEachFrame();
        try
        {
            switch (args[0])
            {
                case "play": Play(script); break;
                case "again": Again(script); break;
                case "without": Refused(script, "Packages/Coffer/Plugins"); return 0;
                case "broken": Refused(script, "COFFER_ERROR_"); break;
                default: throw new ArgumentException(args[0]);
            }
            Check(Coffer.Database.LiveHandles == 0, "a handle is open");
        }
        catch (Exception error)
        {
            Console.WriteLine("FAILED " + args[0] + ": " + (error.InnerException ?? error));
            return 1;
        }
        return 0;
    }
}
