// The little JSON that the binding itself needs: reading Coffer's own answers (keys, versions, counters, snapshots, health)
// and quoting the texts of options.
//
// It must not be used for documents: those go through untouched, also where an answer has one as a part (Raw).
// Invariant: a text that is not what was promised throws CofferException with Status.Internal; members of objects that are
// not known yet are skipped.
using System;
using System.Collections.Generic;
using System.Text;

namespace Coffer
{
    internal sealed class JsonReader
    {
        private readonly string text;
        private int at;

        internal JsonReader(string text)
        {
            this.text = text;
        }

        /// <summary>Appends a text as a JSON string, quotes included.</summary>
        internal static void AppendQuoted(StringBuilder into, string value)
        {
            into.Append('"');
            foreach (char c in value)
            {
                if (c == '"' || c == '\\')
                {
                    into.Append('\\').Append(c);
                }
                else if (c < ' ')
                {
                    into.Append("\\u").Append(((int)c).ToString("x4"));
                }
                else
                {
                    into.Append(c);
                }
            }
            into.Append('"');
        }

        /// <summary>Appends texts as a JSON array of strings.</summary>
        /// <exception cref="ArgumentException">One is null.</exception>
        internal static void AppendTexts(StringBuilder into, IEnumerable<string> texts, string what)
        {
            into.Append('[');
            bool first = true;
            foreach (string text in texts)
            {
                if (text == null)
                {
                    throw new ArgumentException(what + " holds a null");
                }
                if (!first)
                {
                    into.Append(',');
                }
                AppendQuoted(into, text);
                first = false;
            }
            into.Append(']');
        }

        /// <summary>Calls <paramref name="element"/> in front of each element; it must read exactly one value.</summary>
        internal void Array(Action element)
        {
            Expect('[');
            if (Take(']'))
            {
                return;
            }
            do
            {
                element();
            }
            while (Take(','));
            Expect(']');
        }

        /// <summary>Calls <paramref name="member"/> in front of each member's value; it must read exactly one
        /// value.</summary>
        internal void Object(Action<string> member)
        {
            Expect('{');
            if (Take('}'))
            {
                return;
            }
            do
            {
                string name = String();
                Expect(':');
                member(name);
            }
            while (Take(','));
            Expect('}');
        }

        internal string String()
        {
            Expect('"');
            int start = at;
            int end = text.IndexOfAny(new[] { '"', '\\' }, start);
            if (end >= 0 && text[end] == '"')
            {
                at = end + 1;
                return text.Substring(start, end - start);
            }
            var value = new StringBuilder();
            while (true)
            {
                char c = Next();
                if (c == '"')
                {
                    return value.ToString();
                }
                value.Append(c == '\\' ? Escape() : c);
            }
        }

        /// <summary>An integer that fits.</summary>
        internal long Integer()
        {
            SkipSpace();
            int start = at;
            Take('-');
            while (Peek() >= '0' && Peek() <= '9')
            {
                at++;
            }
            long value;
            if (!long.TryParse(text.Substring(start, at - start), System.Globalization.NumberStyles.AllowLeadingSign,
                    System.Globalization.CultureInfo.InvariantCulture, out value))
            {
                throw Broken();
            }
            return value;
        }

        internal ulong Count()
        {
            long value = Integer();
            if (value < 0)
            {
                throw Broken();
            }
            return (ulong)value;
        }

        /// <summary>A number of any form.</summary>
        internal double Number()
        {
            SkipSpace();
            int start = at;
            SkipWord();
            double value;
            if (!double.TryParse(text.Substring(start, at - start), System.Globalization.NumberStyles.Float,
                    System.Globalization.CultureInfo.InvariantCulture, out value))
            {
                throw Broken();
            }
            return value;
        }

        internal bool Flag()
        {
            if (TakeWord("true"))
            {
                return true;
            }
            if (TakeWord("false"))
            {
                return false;
            }
            throw Broken();
        }

        /// <summary>Whether null stands here; if so, it is read.</summary>
        internal bool TakeNull()
        {
            return TakeWord("null");
        }

        /// <summary>Reads any value and forgets it.</summary>
        internal void Skip()
        {
            SkipSpace();
            switch (Peek())
            {
                case '"':
                    String();
                    break;
                case '[':
                    Array(Skip);
                    break;
                case '{':
                    Object(name => Skip());
                    break;
                default:
                    SkipWord();
                    break;
            }
        }

        /// <summary>Reads any value and gives its text as it stands.</summary>
        internal string Raw()
        {
            SkipSpace();
            int start = at;
            Skip();
            return text.Substring(start, at - start);
        }

        /// <summary>Throws unless nothing is left.</summary>
        internal void End()
        {
            SkipSpace();
            if (at != text.Length)
            {
                throw Broken();
            }
        }

        // A number, true, false or null.
        private void SkipWord()
        {
            int start = at;
            while (at < text.Length && ",]} \n\r\t".IndexOf(text[at]) < 0)
            {
                at++;
            }
            if (at == start)
            {
                throw Broken();
            }
        }

        // Surrogate pairs need no care here: C# strings are made of the same halves.
        private char Escape()
        {
            char c = Next();
            switch (c)
            {
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case '"':
                case '\\':
                case '/': return c;
                case 'u': break;
                default: throw Broken();
            }
            int value = 0;
            for (int i = 0; i < 4; i++)
            {
                int digit = "0123456789abcdef".IndexOf(char.ToLowerInvariant(Next()));
                if (digit < 0)
                {
                    throw Broken();
                }
                value = value * 16 + digit;
            }
            return (char)value;
        }

        private char Peek()
        {
            return at < text.Length ? text[at] : '\0';
        }

        private char Next()
        {
            if (at >= text.Length)
            {
                throw Broken();
            }
            return text[at++];
        }

        private void SkipSpace()
        {
            while (Peek() == ' ' || Peek() == '\n' || Peek() == '\r' || Peek() == '\t')
            {
                at++;
            }
        }

        private bool Take(char c)
        {
            SkipSpace();
            if (at >= text.Length || text[at] != c)
            {
                return false;
            }
            at++;
            return true;
        }

        private bool TakeWord(string word)
        {
            SkipSpace();
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            {
                return false;
            }
            at += word.Length;
            return true;
        }

        private void Expect(char c)
        {
            if (!Take(c))
            {
                throw Broken();
            }
        }

        private CofferException Broken()
        {
            return new CofferException(Status.Internal,
                "an answer of the library is not what was promised, at character " + at);
        }
    }
}
