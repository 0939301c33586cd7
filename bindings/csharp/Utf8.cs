// Texts on their way to C and back: UTF-16 here, NUL-terminated UTF-8 there.
//
// It must not let a text through that C would read differently: a NUL would cut it silently, half of a surrogate pair
// is no UTF-8. Invariant: short texts are encoded in the caller's stack space, long ones in native memory that
// Dispose frees; no garbage is made on the managed heap either way.
using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Coffer
{
    internal unsafe struct Utf8 : IDisposable
    {
        /// <summary>How many bytes of stack a caller lends: most keys and small documents fit.</summary>
        internal const int Room = 512;

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        private readonly bool owned;

        /// <summary>The text for C; it lives until Dispose, or until the caller's stack space ends.</summary>
        internal byte* Pointer { get; }

        private Utf8(string text, string what, Status ifNul, byte* room)
        {
            if (text == null)
            {
                throw new ArgumentNullException(what);
            }
            int nul = text.IndexOf('\0');
            if (nul >= 0)
            {
                throw HoldsNul(what, ifNul, nul);
            }
            owned = false;
            Pointer = room;
            int length = 0;
            try
            {
                // Three bytes a character is the most that UTF-8 takes for UTF-16.
                int size = text.Length < Room / 3 ? Room : checked(Strict.GetByteCount(text) + 1);
                if (size > Room)
                {
                    Pointer = (byte*)Marshal.AllocHGlobal(size);
                    owned = true;
                }
                fixed (char* characters = text)
                {
                    length = Strict.GetBytes(characters, text.Length, Pointer, size - 1);
                }
            }
            catch (EncoderFallbackException error)
            {
                // Checked before any memory was taken: short texts use the stack, long ones are measured first.
                throw new CofferException(Status.InvalidUtf8,
                    what + " has half of a surrogate pair, at character " + error.Index);
            }
            Pointer[length] = 0;
        }

        internal static Utf8 Key(string text, byte* room)
        {
            return new Utf8(text, "key", Status.InvalidKey, room);
        }

        internal static Utf8 Json(string text, byte* room)
        {
            return new Utf8(text, "json", Status.InvalidJson, room);
        }

        internal static Utf8 Argument(string text, string what, byte* room)
        {
            return new Utf8(text, what, Status.InvalidArgument, room);
        }

        /// <summary>The same bytes on the managed heap, for what is kept, with the NUL at the end.</summary>
        internal static byte[] Copy(string text, string what, Status ifNul)
        {
            if (text == null)
            {
                throw new ArgumentNullException(what);
            }
            byte* room = stackalloc byte[Room];
            using (var encoded = new Utf8(text, what, ifNul, room))
            {
                var copy = new byte[Length(encoded.Pointer) + 1];
                Marshal.Copy((IntPtr)encoded.Pointer, copy, 0, copy.Length);
                return copy;
            }
        }

        /// <summary>Refuses a NUL among bytes that are to be a text.</summary>
        internal static void RefuseNul(byte[] bytes, int offset, int count, string what, Status ifNul)
        {
            int nul = Array.IndexOf(bytes, (byte)0, offset, count);
            if (nul >= 0)
            {
                throw HoldsNul(what, ifNul, nul - offset);
            }
        }

        /// <summary>A message of whatever origin, with a replacement character for what C would not take.</summary>
        internal static string Clean(string text)
        {
            return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
        }

        /// <summary>A text that C lends, as a string.</summary>
        internal static string ToText(byte* text)
        {
            return Encoding.UTF8.GetString(text, Length(text));
        }

        /// <summary>How many bytes stand before the NUL.</summary>
        internal static int Length(byte* text)
        {
            byte* end = text;
            while (*end != 0)
            {
                end++;
            }
            return checked((int)(end - text));
        }

        /// <summary>Frees what was allocated for a long text.</summary>
        public void Dispose()
        {
            if (owned)
            {
                Marshal.FreeHGlobal((IntPtr)Pointer);
            }
        }

        private static CofferException HoldsNul(string what, Status status, int at)
        {
            return new CofferException(status, what + " holds a NUL, at " + at);
        }
    }
}
