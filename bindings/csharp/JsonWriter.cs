// The JSON objects that the binding sends: options, endpoints and requests.
//
// It must not know what members mean: who writes one says what becomes of an unset value. Invariant: End gives a JSON object
// whatever the texts hold, lone halves of surrogate pairs excepted, which are refused on their way to C.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Coffer
{
    internal sealed class JsonWriter
    {
        private readonly StringBuilder json = new StringBuilder("{");

        /// <summary>Ends the object.</summary>
        internal string End()
        {
            return json.Append('}').ToString();
        }

        /// <summary>A text; null is left out.</summary>
        internal JsonWriter Text(string name, string value)
        {
            if (value != null)
            {
                JsonReader.AppendQuoted(Member(name), value);
            }
            return this;
        }

        /// <summary>True; false is left out.</summary>
        internal JsonWriter Mark(string name, bool value)
        {
            return Flag(name, value ? true : (bool?)null);
        }

        /// <summary>True or false; null is left out.</summary>
        internal JsonWriter Flag(string name, bool? value)
        {
            if (value.HasValue)
            {
                Member(name).Append(value.Value ? "true" : "false");
            }
            return this;
        }

        /// <summary>An integer of any type; null is left out.</summary>
        internal JsonWriter Number(string name, decimal? value)
        {
            if (value.HasValue)
            {
                Member(name).Append(value.Value.ToString(CultureInfo.InvariantCulture));
            }
            return this;
        }

        /// <summary>An array of texts; null is left out.</summary>
        /// <exception cref="ArgumentException">One of the texts is null.</exception>
        internal JsonWriter Texts(string name, IEnumerable<string> values, string what)
        {
            if (values != null)
            {
                JsonReader.AppendTexts(Member(name), values, what);
            }
            return this;
        }

        /// <summary>An object with a value for each name; null is left out.</summary>
        /// <exception cref="ArgumentException">A name or value is null.</exception>
        internal JsonWriter Members<T>(string name, IEnumerable<KeyValuePair<string, T>> values, string what,
            Action<StringBuilder, T> append)
        {
            if (values == null)
            {
                return this;
            }
            Member(name).Append('{');
            bool first = true;
            foreach (KeyValuePair<string, T> one in values)
            {
                if (one.Key == null || one.Value == null)
                {
                    throw new ArgumentException(what + " holds a null");
                }
                JsonReader.AppendQuoted(first ? json : json.Append(','), one.Key);
                append(json.Append(':'), one.Value);
                first = false;
            }
            json.Append('}');
            return this;
        }

        private StringBuilder Member(string name)
        {
            if (json.Length > 1)
            {
                json.Append(',');
            }
            return json.Append('"').Append(name).Append("\":");
        }
    }
}
