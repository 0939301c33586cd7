// Opens a store and says in one line how that went: what the tests of loading the native library look at.
//
// It must not catch anything but what opening throws. Invariant: exit code 0 when the store opened, 3 when it was refused.
//
//   Loading.exe FOLDER
using System;

internal static class Loading
{
    private static int Main(string[] args)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using (new Coffer.Database(args[0]))
                {
                    Console.WriteLine("opened, version " + Coffer.Database.Version);
                }
                return 0;
            }
            catch (Exception error)
            {
                // The second attempt has to say the same as the first.
                if (attempt == 1)
                {
                    Console.WriteLine(error.GetType().Name + ": " + error.Message);
                    return 3;
                }
            }
        }
    }
}
