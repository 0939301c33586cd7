// Where the native library comes from: the file that the environment variable COFFER_LIBRARY names; else
// runtimes/<platform>/native beside this assembly, where the NuGet package lays it; else wherever the platform looks for
// "coffer".
//
// It must not load anything itself where the platform finds the library by its own means, and must not answer a library
// that cannot be had with less than what to do about it. Invariant: Ensure has returned before a method that calls the
// library is even compiled, because Mono looks imports up when it compiles their caller. Hence what can be the first
// to touch the library (the constructor and the static members of Database) calls Ensure, and then another method that
// is never inlined.
//
// Unity finds plug-ins by their import settings, and IL2CPP links or finds them at build time: there the variable
// is not read.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Coffer
{
    internal static class Library
    {
        private static readonly object Gate = new object();
        private static volatile bool ready;

        /// <summary>Sees to it, once, that "coffer" is a library that can be called.</summary>
        /// <returns>True.</returns>
        /// <exception cref="DllNotFoundException">It is not there, or cannot be loaded here. The message says what to
        /// do.</exception>
        internal static bool Ensure()
        {
            if (ready)
            {
                return true;
            }
            lock (Gate)
            {
                if (!ready)
                {
                    Find();
                    Try();
                    ready = true;
                }
            }
            return true;
        }

        // Calls the library once, so that what is wrong with it is said here and in our words.
        private static void Try()
        {
            try
            {
                Touch();
            }
            catch (DllNotFoundException error)
            {
                throw new DllNotFoundException("Coffer's native library was not found or cannot be loaded. " + Advice() +
                    " (" + OneLine(error) + ")", error);
            }
            catch (BadImageFormatException error)
            {
                throw new DllNotFoundException("Coffer's native library is for another processor or system. " + Advice() +
                    " (" + OneLine(error) + ")", error);
            }
            catch (EntryPointNotFoundException error)
            {
                throw new DllNotFoundException("A library named coffer was found, but it is not Coffer's, or it is of another " +
                    "version. Take the native library and the C# sources from the same release. (" + OneLine(error) + ")", error);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Touch()
        {
            Native.coffer_abi_version();
        }

        private static string OneLine(Exception error)
        {
            return error.Message.Replace("\r", "").Replace('\n', ' ').Trim();
        }

#if UNITY_5_3_OR_NEWER
        private static void Find()
        {
        }

        private static string Advice()
        {
            return "In the Project window, look in Packages/Coffer/Plugins for the plug-in of this platform, and at its import " +
                "settings; if it is not there, build the package with the library for this platform.";
        }
#else
        private const string Variable = "COFFER_LIBRARY";

        private static string file;
        private static Func<string, IntPtr> load;

        private static void Find()
        {
            string named = Environment.GetEnvironmentVariable(Variable);
            if (!string.IsNullOrEmpty(named))
            {
                file = Path.GetFullPath(named);
                if (!File.Exists(file))
                {
                    throw new DllNotFoundException(Variable + " names a file that is not there: " + file);
                }
                Use(true);
                return;
            }
            file = Packaged();
            if (file != null)
            {
                Use(false);
            }
        }

        // .NET Core finds a package's library by the program's .deps.json; .NET Framework, Mono and programs that load
        // assemblies as plug-ins have none. A library right beside the assembly is the platform's to find.
        private static string Packaged()
        {
            string name = FileName();
            foreach (string folder in Folders())
            {
                string beside = Path.Combine(folder, name);
                if (File.Exists(beside) && !IsThis(beside))
                {
                    return null;
                }
                string packaged = Path.Combine(folder, "runtimes", Platform(), "native", name);
                if (File.Exists(packaged))
                {
                    return packaged;
                }
            }
            return null;
        }

        // Windows takes Coffer.dll, as somebody may call this assembly, for coffer.dll.
        private static bool IsThis(string path)
        {
            return string.Equals(path, typeof(Library).Assembly.Location, StringComparison.OrdinalIgnoreCase);
        }

        // The assembly has no place of its own in a single-file program, and another one where it is shadow-copied.
        private static string[] Folders()
        {
            string own = typeof(Library).Assembly.Location;
            string program = AppDomain.CurrentDomain.BaseDirectory;
            return string.IsNullOrEmpty(own) ? new[] { program } : new[] { Path.GetDirectoryName(own), program };
        }

        private static string FileName()
        {
            return OnWindows ? "coffer.dll" : OnMac ? "libcoffer.dylib" : "libcoffer.so";
        }

        // As NuGet names it, like "linux-x64".
        private static string Platform()
        {
            return (OnWindows ? "win-" : OnMac ? "osx-" : "linux-") + Architecture();
        }

        private static bool OnWindows => Path.DirectorySeparatorChar == '\\';

        // Mono says "Unix" of both.
        private static bool OnMac => File.Exists("/System/Library/CoreServices/SystemVersion.plist");

        // By reflection, because what forwards this type from .NET Standard is not installed with every Mono.
        private static string Architecture()
        {
            const string Name = "System.Runtime.InteropServices.RuntimeInformation";
            Type information = typeof(object).Assembly.GetType(Name) ?? Type.GetType(Name + ", " + Name);
            object architecture = information?.GetProperty("ProcessArchitecture")?.GetValue(null, null);
            return architecture?.ToString().ToLowerInvariant() ?? (IntPtr.Size == 8 ? "x64" : "x86");
        }

        private static string Advice()
        {
            if (file != null)
            {
                return "The file is " + file + "; it has to be the one for " + Platform() + ".";
            }
            return "Put " + FileName() + " for " + Platform() + " into " + Folders()[0] + ", or set " + Variable + " to its path." +
                (IntPtr.Size == 4 ? " This is a 32-bit process: Coffer's packages have 64-bit libraries only." : "");
        }

        private static void Use(bool named)
        {
            if (SetResolver())
            {
                return;
            }
            if (Type.GetType("Mono.Runtime") != null)
            {
                MapOnMono();
            }
            else if (!OnWindows)
            {
                LeaveToPlatform(named);
            }
            else if (LoadLibraryW(file) == IntPtr.Zero)
            {
                // .NET Framework: once it is loaded, the name "coffer" finds a module of that name.
                throw new DllNotFoundException("Coffer's native library cannot be loaded: error " + Marshal.GetLastWin32Error() +
                    ". " + Advice());
            }
        }

        // .NET Core 2 off Windows takes what its .deps.json names or what is beside the program, and cannot be told of more.
        private static void LeaveToPlatform(bool named)
        {
            if (named)
            {
                throw new DllNotFoundException(Variable + " needs .NET Core 3 or later; put a copy beside the program instead of " + file);
            }
            file = null;
        }

        // .NET Core 3 and later. By reflection, because .NET Standard 2.0 does not know these types.
        private static bool SetResolver()
        {
            Type native = typeof(Marshal).Assembly.GetType("System.Runtime.InteropServices.NativeLibrary")
                ?? Type.GetType("System.Runtime.InteropServices.NativeLibrary, System.Runtime.InteropServices");
            Type resolver = native?.Assembly.GetType("System.Runtime.InteropServices.DllImportResolver");
            MethodInfo set = native?.GetMethod("SetDllImportResolver");
            MethodInfo loading = native?.GetMethod("Load", new[] { typeof(string) });
            if (resolver == null || set == null || loading == null)
            {
                return false;
            }
            load = (Func<string, IntPtr>)Delegate.CreateDelegate(typeof(Func<string, IntPtr>), loading);
            MethodInfo resolve = typeof(Library).GetMethod(nameof(Resolve), BindingFlags.NonPublic | BindingFlags.Static);
            try
            {
                set.Invoke(null, new object[] { typeof(Library).Assembly, Delegate.CreateDelegate(resolver, resolve) });
            }
            catch (TargetInvocationException error) when (error.InnerException is InvalidOperationException)
            {
                // The program has set a resolver for this assembly before: its own choice goes first.
            }
            return true;
        }

        private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
        {
            return name == "coffer" ? load(file) : IntPtr.Zero;
        }

        // Mono has a map from the name in the import to a file; loading the file alone would not do, because the loader
        // does not take a path for the name "libcoffer.so".
        private static unsafe void MapOnMono()
        {
            fixed (byte* from = Utf8.Copy("coffer", "name", Status.InvalidArgument))
            fixed (byte* to = Utf8.Copy(file, "path", Status.InvalidArgument))
            {
                mono_dllmap_insert(IntPtr.Zero, from, null, to, null);
            }
        }

        [DllImport("__Internal", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        private static extern unsafe void mono_dllmap_insert(IntPtr image, byte* dll, byte* function, byte* file, byte* name);

        [DllImport("kernel32", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
        private static extern IntPtr LoadLibraryW(string path);
#endif
    }
}
