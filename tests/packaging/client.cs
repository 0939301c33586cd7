// A program that uses an installed Coffer from C#: the session of client.c. It must not reach into the source tree: it is
// compiled with the package's own sources. Invariant: what it prints at the end names the version and the ABI number of the
// library that it ran with.
//
//   client.exe WORKING_FOLDER
using System;

internal static class Client
{
    private static void Check(bool held, string what)
    {
        if (!held)
        {
            throw new InvalidOperationException("this does not hold: " + what);
        }
    }

    private static void Session(string folder)
    {
        using (var db = new Coffer.Database(folder))
        {
            int heard = 0;
            using (db.Subscribe("database_changed", told => heard += told.Json.Contains("\"hero\"") ? 1 : 0))
            {
                db.SavePersistentData("hero", "{\"hp\":10}");
                db.Poll();
            }
            Check(heard == 1, "the event of the save comes once");
            db.CreateDatabaseSnapshot("before the boss");
            db.SavePersistentData("hero", "{\"hp\":0}");
            db.RestoreDatabaseFromSnapshot("before the boss");
        }
        using (var db = new Coffer.Database(folder))
        {
            Check(db.LoadPersistentData("hero") == "{\"hp\":10}", "the restored document is there after reopening");
            Check(db.VerifySnapshot("before the boss").Documents > 0, "the snapshot holds documents");
            var report = db.AnalyzeDatabaseHealth(new Coffer.HealthOptions { Full = true });
            Check(report.IntegrityStatus == Coffer.IntegrityStatus.Ok, "every byte is right");
        }
    }

    private static int Main(string[] arguments)
    {
        if (arguments.Length != 1)
        {
            Console.Error.WriteLine("usage: client.exe WORKING_FOLDER");
            return 2;
        }
        Session(arguments[0]);
        Console.WriteLine("coffer {0} abi {1}", Coffer.Database.Version, Coffer.Database.LibraryAbiVersion);
        return 0;
    }
}
