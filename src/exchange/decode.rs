//! A file's bytes as UTF-8, whichever Unicode encoding it has.
//!
//! Holds one chunk of bytes that are still to be decoded. UTF-8 passes through as it is, its byte order mark left out;
//! whether it is valid is for whoever reads it. Invariant: UTF-16 that is no Unicode text ends the reading, it is never
//! mended.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::fmt;
use std::io::{self, Read};

const CHUNK: usize = 32 << 10;

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
    decoder: Option<Decoder>,
    encoding: Option<&'static Encoding>,
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
            decoder: None,
            encoding: None,
            is_xml,
            is_at_end: false,
            is_malformed: false,
        }
    }

    /// A stream of an encoding that is known, and whose byte order mark has been passed.
    pub fn known(inner: impl Read + 'r, encoding: &'static Encoding) -> Decoded<'r> {
        let mut decoded = Decoded::new(inner, false);
        decoded.set(encoding);
        decoded
    }

    fn set(&mut self, encoding: &'static Encoding) {
        self.encoding = Some(encoding);
        self.decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
    }

    /// The encoding that was found; `None` before the first read.
    pub fn encoding(&self) -> Option<&'static Encoding> {
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

    fn detect(&mut self) -> io::Result<()> {
        self.gather(4)?;
        let (encoding, mark) = match self.raw.as_slice() {
            [b'<', 0, ..] if self.is_xml => (UTF_16LE, 0),
            [0, b'<', ..] if self.is_xml => (UTF_16BE, 0),
            start => Encoding::for_bom(start).unwrap_or((UTF_8, 0)),
        };
        self.used = mark;
        self.set(encoding);
        Ok(())
    }

    fn malformed(&mut self) -> io::Error {
        self.is_malformed = true;
        io::Error::new(io::ErrorKind::InvalidData, NotText)
    }

    fn decode(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.raw.len() == self.used && !self.is_at_end {
                self.gather(CHUNK)?;
            }
            let rest = self.raw.get(self.used..).unwrap_or_default();
            let Some(decoder) = self.decoder.as_mut() else { return Ok(0) };
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, into, self.is_at_end);
            self.used += read;
            match result {
                // What was well formed before it comes first; the next read refuses.
                DecoderResult::Malformed(..) if written == 0 => return Err(self.malformed()),
                DecoderResult::Malformed(..) => {
                    self.is_malformed = true;
                    return Ok(written);
                }
                DecoderResult::InputEmpty if self.is_at_end => {
                    self.decoder = None;
                    return Ok(written);
                }
                _ if written > 0 => return Ok(written),
                // Room for no single character: whoever reads gives more.
                DecoderResult::OutputFull => return Err(io::ErrorKind::InvalidInput.into()),
                DecoderResult::InputEmpty => {}
            }
        }
    }
}

impl Read for Decoded<'_> {
    /// Gives 0 only at the end. `into` has room for one character at least.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.encoding.is_none() {
            self.detect()?;
        }
        if self.is_malformed {
            return Err(self.malformed());
        }
        if self.encoding != Some(UTF_8) {
            return if self.decoder.is_some() { self.decode(into) } else { Ok(0) };
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

    #[test]
    fn utf_16_that_is_no_text_is_refused_behind_what_is() {
        let mut half_a_pair = utf16("\u{feff}ab", u16::to_le_bytes);
        half_a_pair.extend([0, 0xD8, b'c', 0]);
        let mut half_a_unit = utf16("\u{feff}ab", u16::to_be_bytes);
        half_a_unit.push(0);
        for bytes in [half_a_pair, half_a_unit] {
            let mut source = &*bytes;
            let mut decoded = Decoded::new(&mut source, false);
            let mut text = [0; 64];
            for expected in [b'a', b'b'] {
                assert_eq!((decoded.read(&mut text).unwrap(), text[0]), (1, expected));
            }
            assert_eq!(decoded.read(&mut text).unwrap_err().to_string(), MALFORMED);
            assert!(decoded.is_malformed());
        }
    }
}
