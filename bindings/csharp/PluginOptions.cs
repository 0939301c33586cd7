// What a plug-in says of itself when it registers, and how a host supplies its hub.
//
// It must not know defaults, nor what a name or version is: the library does. Invariant: ToJson gives a JSON object
// whatever the texts hold.
using System;
using System.Collections.Generic;
using System.Text;

namespace Coffer
{
    /// <summary>What a plug-in says of itself; name and version are needed, what is null is left out. An object of this class
    /// is read during the call and not kept.</summary>
    public sealed class PluginOptions
    {
        /// <summary>1 to 256 bytes of UTF-8 without control characters; one plug-in of a store has it at a time.</summary>
        public string Name { get; set; }

        /// <summary>As semver.org has it, as in "1.2.0".</summary>
        public string Version { get; set; }

        /// <summary>Other plug-ins by name, and which versions will do, as Cargo reads them: "^1.0", or "*" for any. They are
        /// told, not enforced: plug-ins load in any order.</summary>
        public IEnumerable<KeyValuePair<string, string>> Dependencies { get; set; }

        /// <summary>The methods that others can call; named like plug-ins.</summary>
        public IEnumerable<string> Exports { get; set; }

        /// <summary>Call the handler on the calling thread before its call returns, by several threads at once. Otherwise
        /// calls wait for <see cref="Database.Poll"/>, which calls it on one thread at a time.</summary>
        public bool Direct { get; set; }

        /// <summary>What it says as a JSON object, as the C ABI takes it.</summary>
        /// <exception cref="ArgumentException">A name or requirement is null.</exception>
        public string ToJson()
        {
            var json = new StringBuilder("{\"direct\":").Append(Direct ? "true" : "false");
            AddText(json, "name", Name);
            AddText(json, "version", Version);
            if (Dependencies != null)
            {
                json.Append(",\"dependencies\":{");
                string comma = "";
                foreach (KeyValuePair<string, string> one in Dependencies)
                {
                    JsonReader.AppendQuoted(json.Append(comma), NotNull(one.Key, nameof(Dependencies)));
                    JsonReader.AppendQuoted(json.Append(':'), NotNull(one.Value, nameof(Dependencies)));
                    comma = ",";
                }
                json.Append('}');
            }
            if (Exports != null)
            {
                json.Append(",\"exports\":[");
                string comma = "";
                foreach (string method in Exports)
                {
                    JsonReader.AppendQuoted(json.Append(comma), NotNull(method, nameof(Exports)));
                    comma = ",";
                }
                json.Append(']');
            }
            return json.Append('}').ToString();
        }

        private static void AddText(StringBuilder json, string name, string value)
        {
            if (value != null)
            {
                JsonReader.AppendQuoted(json.Append(",\"").Append(name).Append("\":"), value);
            }
        }

        private static string NotNull(string text, string property)
        {
            if (text == null)
            {
                throw new ArgumentException(property + " holds a null");
            }
            return text;
        }
    }

    /// <summary>How a host supplies its hub; null leaves Coffer's default. An object of this class is read during the call
    /// and not kept.</summary>
    public sealed class HubOptions
    {
        /// <summary>What <see cref="Database.LoadPhase11"/> says, as semver.org has it. Default: 0.0.0.</summary>
        public string Version { get; set; }

        /// <summary>Hand each commit too, as the broadcast of "database_changed". Nobody waits for what is answered, and a
        /// commit cannot be refused.</summary>
        public bool Changes { get; set; }

        /// <summary>Have commits carry the saved documents as "data".</summary>
        public bool Data { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        public string ToJson()
        {
            var json = new StringBuilder("{\"changes\":").Append(Changes ? "true" : "false");
            json.Append(",\"data\":").Append(Data ? "true" : "false");
            if (Version != null)
            {
                JsonReader.AppendQuoted(json.Append(",\"version\":"), Version);
            }
            return json.Append('}').ToString();
        }
    }
}
