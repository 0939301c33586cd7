// The plain data that the database answers with about plug-ins and modules.
//
// It must not hold anything native: these values outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>A plug-in as others see it.</summary>
    public sealed class PluginInfo
    {
        internal PluginInfo()
        {
        }

        /// <summary>Its name.</summary>
        public string Name { get; internal set; }

        /// <summary>Its version.</summary>
        public string Version { get; internal set; }

        /// <summary>The option Plugin of the database that registered it.</summary>
        public string Holder { get; internal set; }

        /// <summary>What it needs, by name, as it stands now.</summary>
        public IReadOnlyList<PluginDependency> Dependencies { get; internal set; }

        /// <summary>The methods that others can call.</summary>
        public IReadOnlyList<string> Exports { get; internal set; }

        /// <summary>Whether it is called on the calling thread.</summary>
        public bool Direct { get; internal set; }
    }

    /// <summary>A plug-in that another one needs.</summary>
    public struct PluginDependency
    {
        internal PluginDependency(string name, string requires, string found, bool satisfied)
        {
            Name = name;
            Requires = requires;
            Found = found;
            Satisfied = satisfied;
        }

        /// <summary>Its name.</summary>
        public string Name { get; }

        /// <summary>Which versions will do, as in "^1.0".</summary>
        public string Requires { get; }

        /// <summary>The version that is there; null if there is none.</summary>
        public string Found { get; }

        /// <summary>Whether one is there that will do.</summary>
        public bool Satisfied { get; }
    }

    /// <summary>Where a module comes from.</summary>
    public enum ModuleOrigin
    {
        /// <summary>A word that this binding does not know.</summary>
        Unknown,
        /// <summary>The library has it.</summary>
        BuiltIn,
        /// <summary>This build of the library does without.</summary>
        LeftOut,
        /// <summary>The host supplied it.</summary>
        Host
    }

    /// <summary>What is there of a module.</summary>
    public struct ModuleState
    {
        internal ModuleState(bool present, string version, ModuleOrigin origin)
        {
            Present = present;
            Version = version;
            Origin = origin;
        }

        /// <summary>Whether it can be used. An operation that needs an absent one fails with
        /// <see cref="Status.ModuleAbsent"/>.</summary>
        public bool Present { get; }

        /// <summary>Its version; null if it is not there.</summary>
        public string Version { get; }

        /// <summary>Where it comes from.</summary>
        public ModuleOrigin Origin { get; }
    }

    /// <summary>The documented modules.</summary>
    public sealed class Phase11
    {
        internal Phase11()
        {
        }

        /// <summary>Events, references and plug-ins.</summary>
        public ModuleState IntegrationHub { get; internal set; }

        /// <summary>Snapshots.</summary>
        public ModuleState BackupRestore { get; internal set; }

        /// <summary>Analytics.</summary>
        public ModuleState Analytics { get; internal set; }

        /// <summary>Import and export.</summary>
        public ModuleState ImportExport { get; internal set; }

        /// <summary>The gateway.</summary>
        public ModuleState ApiGateway { get; internal set; }
    }
}
