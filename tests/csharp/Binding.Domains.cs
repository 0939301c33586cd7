// What ends with an application domain: Unity's editor ends one whenever it reloads scripts, and the library stays loaded.
//
// It must not repeat the conformance cases. Invariant: as in Binding.cs; where a runtime has one domain only, it says so itself.
using System;
using Coffer;
using static Test;

/// <summary>What lives in the other domain, and forgets everything there.</summary>
public sealed class Guest : MarshalByRefObject
{
    // Kept to the end: nothing but the unloading lets go of it.
    private static Database kept;

    /// <summary>Opens, subscribes and takes the hub's place, so that the library holds addresses in this domain.</summary>
    public void Start(string folder, bool withHub)
    {
        int heard = 0;
        kept = new Database(folder);
        kept.Subscribe("*", one => heard++, new SubscribeOptions { Direct = true });
        kept.SavePersistentData("guest", "1");
        if (withHub)
        {
            kept.SupplyHub(new HubOptions { Changes = true }, (caller, method, json) => "1");
            kept.SavePersistentData("guest", "2");
        }
        Check(heard > 0);
    }
}

internal static partial class Binding
{
    private static void DomainsThatEnd(string folder)
    {
        using (var db = new Database(folder))
        {
            for (int i = 0; i < 6; i++)
            {
                AppDomain domain;
                try
                {
                    domain = AppDomain.CreateDomain("guest");
                }
                catch (PlatformNotSupportedException)
                {
                    return; // .NET Core has one domain, which ends with the process
                }
                var guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, nameof(Guest));
                guest.Start(folder, i % 2 == 1);
                Same(2ul, Database.LiveHandles);
                AppDomain.Unload(domain);
                Same(1ul, Database.LiveHandles);
                // The library would now call into a domain that is gone.
                db.SavePersistentData("host", "1");
                db.Publish("topic", "1");
                Same(i % 2 == 1 ? "2" : "1", Load(db, "guest"));
                Same(ModuleOrigin.BuiltIn, db.LoadPhase11().IntegrationHub.Origin);
            }
        }
    }
}
