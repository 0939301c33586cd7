//! A file's bytes as UTF-8, whichever Unicode encoding it has.
//!
//! Holds one chunk of bytes that are still to be decoded. UTF-8 passes through as it is, its byte order mark left out;
//! whether it is valid is for whoever reads it. Invariant: UTF-16 that is no Unicode text ends the reading, it is never
//! mended.

use std::fmt;
use std::io::{self, Read};

const CHUNK: usize = 32 << 10;

/// How the bytes of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// What UTF-16 that is no Unicode text is called.
pub const MALFORMED: &str = "not valid UTF-16 here";

/// The error of a stream of UTF-16 that is no Unicode text.
#[derive(Debug)]
pub struct NotText;

impl fmt::Display for NotText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MALFORMED)
    }
}

impl std::error::Error for NotText {}

/// A byte stream as UTF-8. The first read looks at the stream's first four bytes, unless the encoding is told.
pub struct Decoded<'r> {
    inner: Box<dyn Read + 'r>,
    /// Bytes that were read and not given out: of UTF-8 only the first few.
    raw: Vec<u8>,
    /// How many of them are given out.
    used: usize,
    encoding: Option<Encoding>,
    /// Whether a UTF-16 file without a byte order mark is one that begins with `<`.
    is_xml: bool,
    is_at_end: bool,
    is_malformed: bool,
}

impl<'r> Decoded<'r> {
    /// An encoding is told by the byte order mark; that of XML also by how its first character is written.
    pub fn new(inner: impl Read + 'r, is_xml: bool) -> Decoded<'r> {
        Decoded {
            inner: Box::new(inner),
            raw: Vec::new(),
            used: 0,
            encoding: None,
            is_xml,
            is_at_end: false,
            is_malformed: false,
        }
    }

    /// A stream of an encoding that is known, and whose byte order mark has been passed.
    pub fn known(inner: impl Read + 'r, encoding: Encoding) -> Decoded<'r> {
        Decoded { encoding: Some(encoding), ..Decoded::new(inner, false) }
    }

    /// The encoding that was found; `None` before the first read.
    pub fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Whether reading ended because the text is not valid, not because the stream failed.
    pub fn is_malformed(&self) -> bool {
        self.is_malformed
    }

    /// Fills up the bytes that are not given out to `count`, or to all that there are.
    fn gather(&mut self, count: usize) -> io::Result<()> {
        self.raw.drain(..self.used);
        self.used = 0;
        let mut filled = self.raw.len();
        self.raw.resize(count.max(filled), 0);
        let mut outcome = Ok(());
        while filled < count && !self.is_at_end && outcome.is_ok() {
            match read_some(&mut self.inner, self.raw.get_mut(filled..).unwrap_or_default()) {
                Ok(read) => {
                    filled += read;
                    self.is_at_end = read == 0;
                }
                Err(error) => outcome = Err(error),
            }
        }
        self.raw.truncate(filled);
        outcome
    }

    fn detect(&mut self) -> io::Result<Encoding> {
        self.gather(4)?;
        let (encoding, mark) = match self.raw.as_slice() {
            [b'<', 0, ..] if self.is_xml => (Encoding::Utf16Le, 0),
            [0, b'<', ..] if self.is_xml => (Encoding::Utf16Be, 0),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            _ => (Encoding::Utf8, 0),
        };
        self.used = mark;
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    fn malformed(&mut self) -> io::Error {
        self.is_malformed = true;
        io::Error::new(io::ErrorKind::InvalidData, NotText)
    }

    fn decode(&mut self, is_big_endian: bool, into: &mut [u8]) -> io::Result<usize> {
        // No character takes more than four bytes.
        if self.raw.len() - self.used < 4 && !self.is_at_end {
            self.gather(CHUNK)?;
        }
        let rest = self.raw.get(self.used..).unwrap_or_default();
        let (read, written, stop) = utf_16_to_8(rest, is_big_endian, self.is_at_end, into);
        self.used += read;
        match stop {
            Stop::Malformed if written == 0 => return Err(self.malformed()),
            // What was well formed before it comes first; the next read refuses.
            Stop::Malformed => self.is_malformed = true,
            // Room for no single character: whoever reads gives more.
            Stop::Full if written == 0 => return Err(io::ErrorKind::InvalidInput.into()),
            Stop::Full | Stop::Short => {}
        }
        Ok(written)
    }
}

impl Read for Decoded<'_> {
    /// Gives 0 only at the end. `into` has room for one character at least.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.detect()?,
        };
        if self.is_malformed {
            return Err(self.malformed());
        }
        if encoding != Encoding::Utf8 {
            return self.decode(encoding == Encoding::Utf16Be, into);
        }
        let rest = self.raw.get(self.used..).unwrap_or_default();
        if rest.is_empty() {
            return read_some(&mut self.inner, into);
        }
        let count = rest.len().min(into.len());
        for (to, from) in into.iter_mut().zip(rest) {
            *to = *from;
        }
        self.used += count;
        Ok(count)
    }
}

/// Why turning UTF-16 into UTF-8 stopped.
enum Stop {
    /// No whole character is left.
    Short,
    /// The next character has no room.
    Full,
    /// What comes next is no character.
    Malformed,
}

/// How many bytes were read and written, and why no more. `is_all` says that nothing comes behind `from`: then half a
/// character at its end is no text. Of `into`, bytes behind the written ones may change.
fn utf_16_to_8(from: &[u8], is_big_endian: bool, is_all: bool, into: &mut [u8]) -> (usize, usize, Stop) {
    let unit = |pair: &[u8; 2]| if is_big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let (mut read, mut written) = (0, 0);
    let stop = loop {
        // Most text is ASCII, and that goes eight characters at a time.
        while let Some(pairs) = from.get(read..).and_then(|rest| rest.first_chunk::<16>())
            && let Some(room) = into.get_mut(written..).and_then(|room| room.first_chunk_mut::<8>())
        {
            let mut bits = 0;
            for (byte, pair) in room.iter_mut().zip(pairs.as_chunks::<2>().0) {
                bits |= unit(pair);
                *byte = unit(pair) as u8;
            }
            if bits > 0x7f {
                break;
            }
            read += 16;
            written += 8;
        }
        let rest = from.get(read..).unwrap_or_default();
        match char::decode_utf16(rest.as_chunks::<2>().0.iter().map(unit)).next() {
            Some(Ok(character)) => {
                let Some(room) = into.get_mut(written..written + character.len_utf8()) else { break Stop::Full };
                written += character.encode_utf8(room).len();
                read += 2 * character.len_utf16();
            }
            // The first half of a pair, and the other half is still to come.
            Some(Err(half)) if !is_all && rest.len() < 4 && half.unpaired_surrogate() < 0xdc00 => break Stop::Short,
            None if rest.is_empty() || !is_all => break Stop::Short,
            None | Some(Err(_)) => break Stop::Malformed,
        }
    };
    (read, written, stop)
}

fn read_some(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, with an interruption before each.
    struct Drops<'a>(&'a [u8], bool);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = into.len().min(1);
            self.0.read(&mut into[..count])
        }
    }

    fn read_all(mut decoded: Decoded<'_>) -> io::Result<String> {
        let (mut text, mut piece) = (Vec::new(), [0; 7]);
        loop {
            match decoded.read(&mut piece)? {
                0 => return Ok(String::from_utf8(text).unwrap()),
                count => text.extend_from_slice(&piece[..count]),
            }
        }
    }

    fn decoded(bytes: &[u8], is_xml: bool) -> io::Result<String> {
        let text = read_all(Decoded::new(&mut Drops(bytes, false), is_xml))?;
        assert_eq!(read_all(Decoded::new(&mut &*bytes, is_xml))?, text);
        Ok(text)
    }

    fn read_until_error(decoded: &mut Decoded<'_>) -> (String, Vec<u8>) {
        let (mut piece, mut read) = ([0; 64], Vec::new());
        loop {
            match decoded.read(&mut piece) {
                Ok(0) => panic!("it ends without an error behind {read:?}"),
                Ok(count) => read.extend_from_slice(&piece[..count]),
                Err(error) => return (error.to_string(), read),
            }
        }
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let text = "<é☃😀>".repeat(20_000);
        assert_eq!(decoded(text.as_bytes(), true).unwrap(), text);
        let with_mark = format!("\u{feff}{text}");
        assert_eq!(decoded(with_mark.as_bytes(), false).unwrap(), text);
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(decoded(&utf16(&with_mark, bytes_of), false).unwrap(), text);
            assert_eq!(decoded(&utf16(&text, bytes_of), true).unwrap(), text);
        }
        for short in ["", "a", "ab"] {
            assert_eq!(decoded(short.as_bytes(), true).unwrap(), short);
        }
    }

    /// Stretches of ASCII of every length, between characters of every size, at every place in what is read at once.
    #[test]
    fn runs_of_ascii_end_where_they_end() {
        let mut text = String::new();
        for (length, other) in
            (0..40).flat_map(|length| "\u{7f}\u{80}é\u{7ff}☃\u{fffd}😀".chars().map(move |c| (length, c)))
        {
            text.extend(('!'..='~').cycle().skip(length).take(length));
            text.push(other);
        }
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = utf16(&format!("\u{feff}{text}"), bytes_of);
            for room in 4..40 {
                let (mut decoded, mut read) = (Decoded::new(&*bytes, false), Vec::new());
                let mut piece = vec![0; room];
                while let count @ 1.. = decoded.read(&mut piece).unwrap() {
                    read.extend_from_slice(&piece[..count]);
                }
                assert_eq!(String::from_utf8(read).unwrap(), text);
            }
        }
    }

    #[test]
    fn half_a_pair_is_no_text_wherever_it_stands() {
        let good = "0123456789abcdef".repeat(2);
        for (at, half) in (0..=good.len()).flat_map(|at| [0xd800, 0xdbff, 0xdc00, 0xdfff].map(move |half| (at, half))) {
            let mut units: Vec<u16> = good.encode_utf16().collect();
            units.insert(at, half);
            let bytes: Vec<u8> = [0xfeff].into_iter().chain(units).flat_map(u16::to_be_bytes).collect();
            let mut decoded = Decoded::new(&*bytes, false);
            let (error, read) = read_until_error(&mut decoded);
            assert_eq!((error.as_str(), &*read), (MALFORMED, &good.as_bytes()[..at]));
        }
    }

    #[test]
    fn utf_16_that_is_no_text_is_refused_behind_what_is() {
        let mut half_a_pair = utf16("\u{feff}ab", u16::to_le_bytes);
        half_a_pair.extend([0, 0xD8, b'c', 0]);
        let mut half_a_unit = utf16("\u{feff}ab", u16::to_be_bytes);
        half_a_unit.push(0);
        for bytes in [half_a_pair, half_a_unit] {
            let mut decoded = Decoded::new(&*bytes, false);
            let (error, read) = read_until_error(&mut decoded);
            assert_eq!((error.as_str(), &*read), (MALFORMED, &b"ab"[..]));
            assert!(decoded.is_malformed());
            // It stays so.
            assert_eq!(read_until_error(&mut decoded), (error, Vec::new()));
        }
    }
}
