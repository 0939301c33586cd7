// Coffer.Database: what the library answers about plug-ins, calls and modules, as objects.
//
// It must not call the library. Invariant: members that are not known yet are skipped, and words that are not known yet
// become Unknown, so that a newer library can be read.
using System;
using System.Collections.Generic;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        private static IReadOnlyList<PluginInfo> PluginsOf(string json, bool single)
        {
            var found = new List<PluginInfo>();
            var reader = new JsonReader(json);
            Action read = () => found.Add(ReadPlugin(reader));
            if (single)
            {
                read();
            }
            else
            {
                reader.Array(read);
            }
            reader.End();
            return found.AsReadOnly();
        }

        private static PluginInfo ReadPlugin(JsonReader reader)
        {
            var plugin = new PluginInfo { Exports = new string[0] };
            var dependencies = new List<PluginDependency>();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "name": plugin.Name = reader.String(); break;
                    case "version": plugin.Version = reader.String(); break;
                    case "holder": plugin.Holder = reader.String(); break;
                    case "dependencies": reader.Array(() => dependencies.Add(ReadDependency(reader))); break;
                    case "exports": plugin.Exports = ReadTexts(reader); break;
                    case "direct": plugin.Direct = reader.Flag(); break;
                    default: reader.Skip(); break;
                }
            });
            plugin.Dependencies = dependencies.AsReadOnly();
            return plugin;
        }

        private static PluginDependency ReadDependency(JsonReader reader)
        {
            string name = null, requires = null, found = null;
            bool satisfied = false;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "name": name = reader.String(); break;
                    case "requires": requires = reader.String(); break;
                    case "found": found = reader.TakeNull() ? null : reader.String(); break;
                    case "satisfied": satisfied = reader.Flag(); break;
                    default: reader.Skip(); break;
                }
            });
            return new PluginDependency(name, requires, found, satisfied);
        }

        private static Request RequestOf(ulong id, string json)
        {
            string plugin = null, caller = null, method = null, argument = null;
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "plugin": plugin = reader.String(); break;
                    case "caller": caller = reader.String(); break;
                    case "method": method = reader.String(); break;
                    case "argument": argument = reader.Raw(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return new Request(id, plugin, caller, method, argument);
        }

        private static Phase11 Phase11Of(string json)
        {
            var modules = new Phase11();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "integration_hub": modules.IntegrationHub = ReadModule(reader); break;
                    case "backup_restore": modules.BackupRestore = ReadModule(reader); break;
                    case "analytics": modules.Analytics = ReadModule(reader); break;
                    case "import_export": modules.ImportExport = ReadModule(reader); break;
                    case "api_gateway": modules.ApiGateway = ReadModule(reader); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return modules;
        }

        private static ModuleState ReadModule(JsonReader reader)
        {
            bool present = false;
            string version = null;
            ModuleOrigin origin = ModuleOrigin.Unknown;
            reader.Object(member =>
            {
                switch (member)
                {
                    case "present": present = reader.Flag(); break;
                    case "version": version = reader.TakeNull() ? null : reader.String(); break;
                    case "origin": origin = OriginOf(reader.String()); break;
                    default: reader.Skip(); break;
                }
            });
            return new ModuleState(present, version, origin);
        }

        private static ModuleOrigin OriginOf(string word)
        {
            switch (word)
            {
                case "built_in": return ModuleOrigin.BuiltIn;
                case "left_out": return ModuleOrigin.LeftOut;
                case "host": return ModuleOrigin.Host;
                default: return ModuleOrigin.Unknown;
            }
        }
    }
}
