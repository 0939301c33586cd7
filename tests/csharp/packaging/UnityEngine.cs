// A stand-in for the part of Unity's engine that the package's sample uses, so that the sample compiles and runs without Unity.
//
// It must not be kinder than Unity: names that clash with Coffer's (Event) are here too, and what is logged as an error is kept
// for the test to see. Invariant: the signatures are Unity's own.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace UnityEngine
{
    public class Object
    {
    }

    public class Component : Object
    {
        private readonly Transform own = new Transform();

        public Transform transform => own;
    }

    public class Behaviour : Component
    {
    }

    public class MonoBehaviour : Behaviour
    {
    }

    // Not a component here: that would be endless.
    public class Transform : Object
    {
        public Vector3 position { get; set; }
    }

    [Serializable]
    public struct Vector3
    {
        public float x;
        public float y;
        public float z;

        public Vector3(float x, float y, float z)
        {
            this.x = x;
            this.y = y;
            this.z = z;
        }
    }

    // Only here because its name is also one of Coffer's.
    public sealed class Event
    {
    }

    public enum KeyCode
    {
        F5 = 286,
        F9 = 290
    }

    public class Input
    {
        /// <summary>The keys that went down in this frame: the test's to set.</summary>
        public static readonly HashSet<KeyCode> Down = new HashSet<KeyCode>();

        public static bool GetKeyDown(KeyCode key)
        {
            return Down.Contains(key);
        }
    }

    public class Application
    {
        public static string persistentDataPath { get; set; }
    }

    public class Debug
    {
        /// <summary>What was logged as an error.</summary>
        public static readonly List<string> Errors = new List<string>();

        public static void Log(object message)
        {
        }

        public static void LogError(object message)
        {
            Errors.Add(message.ToString());
        }
    }

    /// <summary>As Unity's: the public fields of structs, here of numbers and of further structs.</summary>
    public static class JsonUtility
    {
        public static string ToJson(object value)
        {
            var text = new StringBuilder("{");
            foreach (FieldInfo field in value.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                object inner = field.GetValue(value);
                text.Append(text.Length > 1 ? "," : "").Append('"').Append(field.Name).Append("\":");
                text.Append(inner is float ? ((float)inner).ToString("R", CultureInfo.InvariantCulture) : ToJson(inner));
            }
            return text.Append('}').ToString();
        }

        public static T FromJson<T>(string json)
        {
            int at = 0;
            return (T)Read(typeof(T), json, ref at);
        }

        private static object Read(Type type, string json, ref int at)
        {
            if (type == typeof(float))
            {
                int start = at;
                while ("+-.eE0123456789".IndexOf(json[at]) >= 0)
                {
                    at++;
                }
                return float.Parse(json.Substring(start, at - start), CultureInfo.InvariantCulture);
            }
            object made = Activator.CreateInstance(type);
            while (json[at] != '}')
            {
                at += 2; // { or , and the quote
                int end = json.IndexOf('"', at);
                FieldInfo field = type.GetField(json.Substring(at, end - at));
                at = end + 2;
                field.SetValue(made, Read(field.FieldType, json, ref at));
            }
            at++;
            return made;
        }
    }
}
