// Which documents a restore brings back, and whether it does.
//
// It must not know which collections there are: the library does. Invariant: ToJson gives a JSON object whatever the
// texts hold, and a list that is there but empty restores nothing.
using System;
using System.Collections.Generic;
using System.Text;

namespace Coffer
{
    /// <summary>What to restore; what is null is not restricted. With both lists, a document must be in both. An object of
    /// this class is read during the call and not kept.</summary>
    public sealed class RestoreOptions
    {
        /// <summary>Names of collections, as in "plugin_data"; null for all.</summary>
        public IEnumerable<string> Collections { get; set; }

        /// <summary>Keys; null for all.</summary>
        public IEnumerable<string> Keys { get; set; }

        /// <summary>Change nothing, and say in <see cref="Restored.Changes"/> what would change.</summary>
        public bool DryRun { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        /// <exception cref="ArgumentException">A name or key is null.</exception>
        public string ToJson()
        {
            var json = new StringBuilder("{\"dry_run\":").Append(DryRun ? "true" : "false");
            if (Collections != null)
            {
                JsonReader.AppendTexts(json.Append(",\"collections\":"), Collections, nameof(Collections));
            }
            if (Keys != null)
            {
                JsonReader.AppendTexts(json.Append(",\"keys\":"), Keys, nameof(Keys));
            }
            return json.Append('}').ToString();
        }
    }
}
