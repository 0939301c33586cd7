// A sample: keeps an object's place in a Coffer store. It loads at the start, saves in every frame, hears what others change,
// makes a snapshot on a key, goes back to it on another, and closes at the end.
//
// Put it on an object of a scene, run, move the object, stop, and run again: it is where it was. It must not touch Unity's
// objects from another thread: what it subscribes to runs in Poll, within Update. Nothing here needs code made at run time, so
// that it also runs with IL2CPP. Invariant: the store is open from Awake to OnDestroy, and an error is logged, not thrown into the frame.
using System;
using System.IO;
using Coffer;
using UnityEngine;

public class SaveEachFrame : MonoBehaviour
{
    /// <summary>The store's folder, in the place that Unity gives a game for its data.</summary>
    public string folder = "game.db";

    /// <summary>What the object's place is saved under; another one for each object.</summary>
    public string key = "hero";

    /// <summary>Makes a snapshot.</summary>
    public KeyCode snapshotKey = KeyCode.F5;

    /// <summary>Goes back to the newest snapshot that this script has made.</summary>
    public KeyCode restoreKey = KeyCode.F9;

    private Database db;
    private string lastSnapshot;
    private string lastError;

    /// <summary>How many commits this object has heard of: its own, and those of other objects and plug-ins.</summary>
    public int Heard { get; private set; }

    private void Awake()
    {
        try
        {
            db = new Database(Path.Combine(Application.persistentDataPath, folder));
            db.Subscribe("database_changed", OnChanged);
            LoadPlace();
        }
        catch (Exception error)
        {
            // Without a store the game goes on; it only forgets.
            Debug.LogError("Coffer: " + error.Message);
            Close();
        }
    }

    private void Update()
    {
        if (db == null)
        {
            return;
        }
        try
        {
            // A save takes microseconds and does not wait for the disk.
            db.SavePersistentData(key, PlaceAsJson());
            if (Input.GetKeyDown(snapshotKey))
            {
                lastSnapshot = db.CreateDatabaseSnapshot("from the keyboard").Id;
                Debug.Log("Coffer: snapshot " + lastSnapshot);
            }
            if (Input.GetKeyDown(restoreKey) && lastSnapshot != null)
            {
                db.RestoreDatabaseFromSnapshot(lastSnapshot);
                LoadPlace();
            }
            // Runs OnChanged here, on Unity's thread, for half a millisecond at most.
            db.Poll(64, TimeSpan.FromMilliseconds(0.5));
            lastError = null;
        }
        catch (CofferException error)
        {
            Report(error);
        }
    }

    // Mobile systems may end a paused game without another word.
    private void OnApplicationPause(bool paused)
    {
        if (paused && db != null)
        {
            try
            {
                db.Flush();
            }
            catch (CofferException error)
            {
                Report(error);
            }
        }
    }

    // Also called when the game quits, and when the editor leaves play mode.
    private void OnDestroy()
    {
        Close();
    }

    // Unity has an Event too.
    private void OnChanged(Coffer.Event one)
    {
        Heard++;
    }

    private void LoadPlace()
    {
        string json;
        if (db.TryLoadPersistentData(key, out json))
        {
            transform.position = JsonUtility.FromJson<Place>(json).position;
        }
    }

    private string PlaceAsJson()
    {
        return JsonUtility.ToJson(new Place { position = transform.position });
    }

    private void Report(Exception error)
    {
        // Once, and not in each frame.
        if (error.Message != lastError)
        {
            lastError = error.Message;
            Debug.LogError("Coffer: " + error.Message);
        }
    }

    private void Close()
    {
        try
        {
            if (db != null && db.IsOpen)
            {
                db.Close(); // ends the subscription too
            }
        }
        catch (CofferException error)
        {
            Debug.LogError("Coffer: what was saved last may not be on the disk: " + error.Message);
        }
        db = null;
    }

    [Serializable]
    private struct Place
    {
        public Vector3 position;
    }
}
