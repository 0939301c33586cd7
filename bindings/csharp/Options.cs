// How to open a store, and what a save promises.
//
// It must not know defaults: what is null is not sent, stays Coffer's own default, and is not asked of a store that is
// open already. Invariant: ToJson gives a JSON object whatever the texts hold.
namespace Coffer
{
    /// <summary>What a save has promised when it returns.</summary>
    public enum Durability
    {
        /// <summary>The database's own, from its options.</summary>
        Default = 0,
        /// <summary>Seen by every reader; a crash may lose the last flush interval.</summary>
        Behind = 1,
        /// <summary>Survives a crash of the process.</summary>
        Written = 2,
        /// <summary>Survives a power cut.</summary>
        Durable = 3
    }

    /// <summary>What opening does about damage.</summary>
    public enum Recovery
    {
        /// <summary>Refuse to open, and name the file and offset.</summary>
        Strict,
        /// <summary>Keep every undamaged record; <see cref="Database.RecoveryReport"/> says what was lost.</summary>
        Salvage
    }

    /// <summary>How to open a store; null leaves Coffer's default. Durability, Plugin and ReadOnly belong to one database
    /// object, the others to the store: a second open in the same process that asks for other values fails with
    /// <see cref="Status.InvalidOption"/>. An object of this class is read during the open and not kept.</summary>
    public sealed class Options
    {
        /// <summary>Of saves that name none. Default: Written. Durability.Default counts as null.</summary>
        public Durability? Durability { get; set; }

        /// <summary>Who opens: a name for reports.</summary>
        public string Plugin { get; set; }

        /// <summary>Make the store if there is none. Default: true.</summary>
        public bool? Create { get; set; }

        /// <summary>Refuse saves here. Default: false.</summary>
        public bool? ReadOnly { get; set; }

        /// <summary>What to do about damage. Default: Strict.</summary>
        public Recovery? Recovery { get; set; }

        /// <summary>1 to 60,000. Default: 250.</summary>
        public int? FlushIntervalMs { get; set; }

        /// <summary>1 to 60,000. Default: 1,000.</summary>
        public int? SyncIntervalMs { get; set; }

        /// <summary>How large the journal may grow before a checkpoint. Default: 0, automatic.</summary>
        public long? CheckpointBytes { get; set; }

        /// <summary>65,536 to 67,108,864. Default: 4,194,304.</summary>
        public long? SegmentBytes { get; set; }

        /// <summary>1 to 1,073,741,824. Default: 67,108,864.</summary>
        public long? MaxDocumentBytes { get; set; }

        /// <summary>1 to 1,024. Default: 128.</summary>
        public int? MaxDepth { get; set; }

        /// <summary>How many versions of each Tier 1 document stay, at least 1. Default: 100.</summary>
        public long? VersionsKept { get; set; }

        /// <summary>How often the store makes an automatic snapshot if something was saved, up to 527,040. Default: 0,
        /// never.</summary>
        public int? SnapshotEveryMinutes { get; set; }

        /// <summary>How many automatic snapshots stay besides pinned ones, 1 to 10,000. Default: 10.</summary>
        public int? SnapshotsKept { get; set; }

        /// <summary>The options as a JSON object, as <see cref="Database.OpenJson"/> takes it.</summary>
        public string ToJson()
        {
            Durability? asked = Durability == Coffer.Durability.Default ? null : Durability;
            return new JsonWriter()
                .Text("durability", asked?.ToString().ToLowerInvariant())
                .Text("plugin", Plugin)
                .Flag("create", Create)
                .Flag("read_only", ReadOnly)
                .Text("recovery", Recovery?.ToString().ToLowerInvariant())
                .Number("flush_interval_ms", FlushIntervalMs)
                .Number("sync_interval_ms", SyncIntervalMs)
                .Number("checkpoint_bytes", CheckpointBytes)
                .Number("segment_bytes", SegmentBytes)
                .Number("max_document_bytes", MaxDocumentBytes)
                .Number("max_depth", MaxDepth)
                .Number("versions_kept", VersionsKept)
                .Number("snapshot_every_minutes", SnapshotEveryMinutes)
                .Number("snapshots_kept", SnapshotsKept)
                .End();
        }
    }
}
