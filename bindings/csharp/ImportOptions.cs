// How to take in a file of another program.
//
// It must not know defaults nor which collections there are: what is not set is not sent. Invariant: ToJson gives a JSON
// object whatever the texts hold, and a list of collections that is there but empty takes nothing in.
using System;
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>What becomes of documents that the file does not have.</summary>
    public enum ImportMode
    {
        /// <summary>They stay.</summary>
        Merge = 0,
        /// <summary>They are cleared.</summary>
        Replace = 1
    }

    /// <summary>What becomes of a document that is there and differs from the file's.</summary>
    public enum OnConflict
    {
        /// <summary>The file's counts.</summary>
        Overwrite = 0,
        /// <summary>The store's stays.</summary>
        Skip = 1,
        /// <summary>The import fails with <see cref="Status.Conflict"/>, and nothing changes.</summary>
        Fail = 2
    }

    /// <summary>How to import; what is left alone keeps Coffer's default. An object of this class is read during the call and
    /// not kept.</summary>
    public sealed class ImportOptions
    {
        /// <summary>What becomes of documents that the file does not have. Default: Merge.</summary>
        public ImportMode Mode { get; set; }

        /// <summary>What becomes of documents that differ. Default: Overwrite.</summary>
        public OnConflict OnConflict { get; set; }

        /// <summary>Names of collections, as in "plugin_data"; null for all.</summary>
        public IEnumerable<string> Collections { get; set; }

        /// <summary>The column or member that is the key of a record in a file that is not Coffer's. Default:
        /// "key".</summary>
        public string KeyColumn { get; set; }

        /// <summary>The key of a document that the file gives none. Default: the file's name without its ending.</summary>
        public string Key { get; set; }

        /// <summary>Change nothing, and say what would change.</summary>
        public bool DryRun { get; set; }

        /// <summary>Pass what is only carelessly written in XML.</summary>
        public bool Lenient { get; set; }

        /// <summary>A JSON file is one document, whatever it holds.</summary>
        public bool Whole { get; set; }

        /// <summary>Have the Tier 1 documents of the file in <see cref="ImportedFile.Data"/>.</summary>
        public bool Data { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        /// <exception cref="ArgumentException">A collection's name is null.</exception>
        public string ToJson()
        {
            return new JsonWriter()
                .Text("mode", Mode == ImportMode.Merge ? null : Mode.ToString().ToLowerInvariant())
                .Text("on_conflict", OnConflict == OnConflict.Overwrite ? null : OnConflict.ToString().ToLowerInvariant())
                .Texts("collections", Collections, nameof(Collections))
                .Text("key_column", KeyColumn)
                .Text("key", Key)
                .Mark("dry_run", DryRun)
                .Mark("lenient", Lenient)
                .Mark("whole", Whole)
                .Mark("data", Data)
                .End();
        }
    }
}
