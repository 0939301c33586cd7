// Where the native library comes from: the file that the environment variable COFFER_LIBRARY names, else wherever the
// platform looks for "coffer".
//
// It must not load anything when the variable is not set. Invariant: Ensure has returned before a method that calls the
// library is even compiled, because Mono looks imports up when it compiles their caller. Hence what can be the first
// to touch the library (the constructor and the static members of Database) calls Ensure, and then another method that
// is never inlined.
//
// Unity finds plug-ins by their import settings, and IL2CPP links or finds them at build time: there the variable
// is not read.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Coffer
{
    internal static class Library
    {
        private const string Variable = "COFFER_LIBRARY";

#if UNITY_5_3_OR_NEWER
        internal static bool Ensure()
        {
            return true;
        }
#else
        private static readonly object Gate = new object();
        private static volatile bool ready;
        private static string file;
        private static Func<string, IntPtr> load;

        /// <summary>Sees to it, once, that "coffer" means the file that the variable names.</summary>
        /// <returns>True.</returns>
        /// <exception cref="DllNotFoundException">That file is not there or cannot be loaded.</exception>
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
                    Load();
                    ready = true;
                }
            }
            return true;
        }

        private static void Load()
        {
            string named = Environment.GetEnvironmentVariable(Variable);
            if (string.IsNullOrEmpty(named))
            {
                return;
            }
            file = Path.GetFullPath(named);
            if (!File.Exists(file))
            {
                throw new DllNotFoundException(Variable + " names a file that is not there: " + file);
            }
            if (SetResolver())
            {
                return;
            }
            if (Type.GetType("Mono.Runtime") != null)
            {
                MapOnMono();
            }
            else if (LoadLibraryW(file) == IntPtr.Zero)
            {
                // .NET Framework: once it is loaded, the name "coffer" finds a module of that name.
                throw new DllNotFoundException(file + " cannot be loaded: error " + Marshal.GetLastWin32Error());
            }
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
