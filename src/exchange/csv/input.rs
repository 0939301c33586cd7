//! The text of a CSV file, whatever its encoding, and what its beginning tells: the encoding and the delimiter.
//!
//! UTF-8 passes through unchecked (`rows` checks it, and can say where); UTF-16 is turned into UTF-8 on the way. Knows no
//! rows. Invariant: nothing is replaced: bytes that are no text end the reading.

use super::FIXED;
use crate::exchange::decode::{Decoded, Encoding};
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// As much of a file as decides how the rest is read.
const BEGINNING: usize = 1 << 16;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A file as UTF-8 without a byte order mark.
pub struct Input<'a> {
    pub text: Box<dyn BufRead + 'a>,
    pub delimiter: u8,
    /// Whether the first line is only there to name the delimiter, which some programs do for Excel.
    pub has_hint: bool,
}

/// Looks at the beginning of a file. A delimiter that is given is not doubted.
pub fn open(input: &mut dyn Read, delimiter: Option<u8>) -> io::Result<Input<'_>> {
    let mut beginning = Vec::new();
    input.take(BEGINNING as u64).read_to_end(&mut beginning)?;
    let (encoding, mark) = encoding(&beginning);
    beginning.drain(..mark);
    let whole = Cursor::new(beginning).chain(input);
    let mut text: Box<dyn Read + '_> = match encoding {
        None => Box::new(whole),
        Some(encoding) => Box::new(BufReader::with_capacity(BEGINNING, Decoded::known(whole, encoding))),
    };
    // Again, for UTF-16: the delimiter is looked for in what it says.
    let mut start = Vec::new();
    let failure = (&mut text).take(BEGINNING as u64).read_to_end(&mut start).err();
    let hint = hint(&start);
    let delimiter = delimiter.or(hint).unwrap_or_else(|| found_delimiter(&start));
    let text = Cursor::new(start).chain(Failing(failure)).chain(text);
    Ok(Input { text: Box::new(BufReader::with_capacity(BEGINNING, text)), delimiter, has_hint: hint.is_some() })
}

/// The encoding, none for UTF-8, and the length of the mark that says so.
fn encoding(beginning: &[u8]) -> (Option<Encoding>, usize) {
    match beginning {
        [0xef, 0xbb, 0xbf, ..] => (None, 3),
        [0xff, 0xfe, ..] => (Some(Encoding::Utf16Le), 2),
        [0xfe, 0xff, ..] => (Some(Encoding::Utf16Be), 2),
        // Without a mark: delimiters, digits and line ends are enough to tell, and no text in UTF-8 has zeros.
        _ => {
            let pairs = beginning.as_chunks::<2>().0;
            let zeros = |which: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| which(pair)).count();
            let low_first = zeros(|[low, high]| *low != 0 && *high == 0);
            let high_first = zeros(|[high, low]| *low != 0 && *high == 0);
            match low_first.max(high_first) {
                most if most * 4 <= pairs.len() => (None, 0),
                _ if low_first > high_first => (Some(Encoding::Utf16Le), 0),
                _ => (Some(Encoding::Utf16Be), 0),
            }
        }
    }
}

/// The delimiter that a first line `sep=;` names.
fn hint(start: &[u8]) -> Option<u8> {
    match start.strip_prefix(b"sep=")? {
        [delimiter, b'\r' | b'\n', ..] if DELIMITERS.contains(delimiter) || *delimiter == b'|' => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter that the header row has most, outside of quotes.
fn found_delimiter(start: &[u8]) -> u8 {
    // Names in one of our files may hold many of another one's delimiters.
    let is_ours = |delimiter: &u8| {
        let columns = FIXED.map(str::as_bytes).join(delimiter);
        let unquoted: Vec<u8> = start.iter().copied().filter(|byte| *byte != b'"').take(columns.len()).collect();
        unquoted == columns
    };
    if let Some(ours) = DELIMITERS.into_iter().find(is_ours) {
        return ours;
    }
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    // Blank lines before the header are no row.
    for byte in start.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n')) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'\r' | b'\n' => break,
            _ => DELIMITERS.iter().zip(&mut counts).for_each(|(one, count)| *count += usize::from(one == byte)),
        }
    }
    // Of equals, the first.
    let most = counts.into_iter().max().unwrap_or_default();
    DELIMITERS.into_iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(delimiter, _)| delimiter)
}

/// Fails once, with a failure that was met earlier than it counts.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
