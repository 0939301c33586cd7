// An inspector in C#: it says what is in a store, and edits one document together with somebody else without losing
// either's work.
//
//     Tool.exe STORE
//
// It must not change anything but the document notes/balance. What fails throws CofferException, whose message is one
// line that names status, key and reason.
using System;
using Coffer;

internal static class Tool
{
    private const string Note = "notes/balance";

    private static int Main(string[] arguments)
    {
        if (arguments.Length != 1)
        {
            Console.Error.WriteLine("usage: Tool.exe STORE");
            return 2;
        }
        try
        {
            using (var db = new Database(arguments[0], new Options { Plugin = "inspector" }))
            {
                CountKeys(db);
                ListVersions(db);
                EditTogether(db);
                db.Close(); // `using` closes too, but cannot say whether that went well
            }
            return 0;
        }
        catch (CofferException error)
        {
            Console.Error.WriteLine("the inspector failed: " + error.Message);
            return 1;
        }
    }

    // Keys are sorted, so everything under a prefix is one cheap listing.
    private static void CountKeys(Database db)
    {
        Console.WriteLine("It counts the documents under each prefix:");
        foreach (string prefix in new[] { "monsters/", "spells/", "equipment/", "magic-items/", "minimap/" })
        {
            string[] keys = db.ListDatabaseKeysWith(prefix);
            string first = keys.Length == 0 ? "" : "first " + keys[0];
            Console.WriteLine("  {0,-14} {1,4}  {2}", prefix, keys.Length, first);
        }
    }

    // Every save of a Tier 1 document is kept: a player's old state is never overwritten.
    private static void ListVersions(Database db)
    {
        Console.WriteLine("It lists how often the three main documents were saved, every version being kept:");
        foreach (string document in new[] { Database.CharacterRoster, Database.EquipmentSets, Database.PartyConfigs })
        {
            VersionInfo[] versions = db.ListVersions(document);
            ulong bytes = 0;
            foreach (VersionInfo version in versions)
            {
                bytes += version.Bytes;
            }
            Console.WriteLine("  {0,-17} {1,2} versions  {2,5} bytes", document, versions.Length, bytes);
        }
    }

    // Two people edit one note. Each says which revision the edit is based on, so the later one is told instead of
    // overwriting what the other wrote.
    private static void EditTogether(Database db)
    {
        ulong first = db.SaveEntry(Note, "{\"note\":\"Goblins are too strong.\"}", 0); // 0: it must not exist yet
        Entry ann = db.LoadEntry(Note);
        Entry ben = db.LoadEntry(Note);
        ulong second = db.SaveEntry(Note, "{\"note\":\"Goblins are too strong. Ann: halved.\"}", (long)ann.Revision);
        Console.WriteLine("Ann and Ben both edit {0} at revision {1}. Ann saves first: revision {2}.", Note, first,
            second);
        try
        {
            db.SaveEntry(Note, "{\"note\":\"Goblins are fine.\"}", (long)ben.Revision);
            throw new CofferException(Status.Internal, "an edit of an old revision was not refused");
        }
        catch (CofferException conflict) when (conflict.Status == Status.Conflict)
        {
            Console.WriteLine("Ben's save is refused, so Ann's is not lost:");
            Console.WriteLine("  " + conflict.Message);
        }
        ben = db.LoadEntry(Note); // what Ann wrote; Ben adds to it
        ulong third = db.SaveEntry(Note, ben.Json.Replace("halved.", "halved. Ben: good."), (long)ben.Revision);
        Console.WriteLine("Ben loads it again, adds to it and saves: revision {0}.", third);
    }
}
