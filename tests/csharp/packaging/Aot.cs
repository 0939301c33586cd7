// Looks whether an assembly of the binding keeps the rules of ahead-of-time compilers such as IL2CPP, which make the code for
// calls across the border to C when the game is built:
// - what C is given to call is a static method with the attribute MonoPInvokeCallback, which names the delegate's type;
// - no generic type or method crosses the border; what does is numbers, pointers, or those delegates;
// - every import comes from the one library that was asked for: "coffer", or "__Internal" where it is linked in.
//
// It must not load the native library. Invariant: a rule that finds nothing to look at fails.
//
//   Aot.exe ASSEMBLY LIBRARY
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

internal static class Aot
{
    private const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic |
        BindingFlags.DeclaredOnly;

    private static readonly List<string> Faults = new List<string>();

    private static bool Crosses(Type type)
    {
        return type.IsPointer || type.IsPrimitive || type == typeof(void) || type == typeof(IntPtr) || type == typeof(UIntPtr) ||
            (typeof(Delegate).IsAssignableFrom(type) && !type.IsGenericType);
    }

    private static int Imports(Assembly assembly, string library)
    {
        int seen = 0;
        foreach (MethodInfo method in assembly.GetTypes().SelectMany(type => type.GetMethods(All)))
        {
            var import = (DllImportAttribute)Attribute.GetCustomAttribute(method, typeof(DllImportAttribute));
            if (import == null)
            {
                continue;
            }
            seen++;
            string name = method.DeclaringType + "." + method.Name;
            if (import.Value != library)
            {
                Faults.Add(name + " comes from " + import.Value);
            }
            foreach (Type type in method.GetParameters().Select(one => one.ParameterType).Concat(new[] { method.ReturnType }))
            {
                if (!Crosses(type))
                {
                    Faults.Add(name + " hands over a " + type);
                }
            }
        }
        return seen;
    }

    private static bool IsForC(Type type)
    {
        return typeof(Delegate).IsAssignableFrom(type) && type.IsDefined(typeof(UnmanagedFunctionPointerAttribute), false);
    }

    // Without those that compilers add of their own accord.
    private static IEnumerable<FieldInfo> Fields(Assembly assembly)
    {
        return assembly.GetTypes().SelectMany(type => type.GetFields(All)).Where(one => one.Name[0] != '<');
    }

    private static int Callbacks(Assembly assembly)
    {
        int seen = 0;
        foreach (FieldInfo field in Fields(assembly).Where(one => IsForC(one.FieldType)))
        {
            string name = field.DeclaringType + "." + field.Name;
            seen++;
            if (!field.IsStatic || !field.IsInitOnly)
            {
                Faults.Add(name + " may be let go of while C has its address");
                continue;
            }
            MethodInfo method = ((Delegate)field.GetValue(null)).Method;
            CustomAttributeData mark = method.GetCustomAttributesData()
                .FirstOrDefault(one => one.Constructor.DeclaringType.Name == "MonoPInvokeCallbackAttribute");
            if (!method.IsStatic || method.IsGenericMethod || method.DeclaringType.IsGenericType)
            {
                Faults.Add(name + " is not a plain static method");
            }
            if (mark == null || (Type)mark.ConstructorArguments[0].Value != field.FieldType)
            {
                Faults.Add(name + " lacks MonoPInvokeCallback(typeof(" + field.FieldType.Name + "))");
            }
        }
        return seen;
    }

    // A method that an import takes has to come from such a field: the types of the parameters and those of the fields.
    private static void Covered(Assembly assembly)
    {
        var kept = new HashSet<Type>(Fields(assembly).Select(one => one.FieldType));
        foreach (Type type in assembly.GetTypes().Where(IsForC))
        {
            if (!kept.Contains(type))
            {
                Faults.Add(type + " has no field that keeps what C calls");
            }
        }
    }

    private static int Main(string[] args)
    {
        Assembly assembly = Assembly.LoadFrom(args[0]);
        int imports = Imports(assembly, args[1]);
        int callbacks = Callbacks(assembly);
        Covered(assembly);
        foreach (string fault in Faults)
        {
            Console.WriteLine(fault);
        }
        Console.WriteLine(imports + " imports, " + callbacks + " callbacks, " + Faults.Count + " faults");
        return Faults.Count == 0 && imports > 50 && callbacks > 5 ? 0 : 1;
    }
}
