// How closely to look at a store.
//
// It must not know defaults: what is not set is not sent. Invariant: ToJson gives a JSON object.
namespace Coffer
{
    /// <summary>How closely to look; what is left alone keeps Coffer's default. An object of this class is read during the
    /// call and not kept.</summary>
    public sealed class HealthOptions
    {
        /// <summary>Read everything on the disk again and check it. Otherwise only what is known without that is told, which
        /// takes a millisecond at most at 100,000 documents.</summary>
        public bool Full { get; set; }

        /// <summary>How many bytes the documents may have, for <see cref="HealthGrowth.DaysUntilQuota"/>; null for no
        /// quota.</summary>
        public ulong? QuotaBytes { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        public string ToJson()
        {
            return new JsonWriter().Mark("full", Full).Number("quota_bytes", QuotaBytes).End();
        }
    }
}
