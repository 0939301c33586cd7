//! The bytes that the XML parser reads, with the place in the file.
//!
//! Holds one chunk. Counts lines only where somebody asks or the chunk changes, since nobody asks for most places.
//! Invariant: from one mark to the next no more bytes are given out than a token may have, however long it goes on.

use crate::exchange::decode::{Decoded, Encoding, MALFORMED};
use crate::exchange::{Failure, Place};
use std::io::{self, BufRead, Read};

const CHUNK: usize = 64 << 10;

pub struct Input<'r> {
    bytes: Decoded<'r>,
    /// The chunk: what is before `at` is read, what is behind `end` is nothing.
    chunk: Vec<u8>,
    at: usize,
    end: usize,
    /// The place of the chunk's byte `placed`.
    place: Place,
    placed: usize,
    /// Where the token begins: in the chunk, or where it was if the chunk has changed since.
    mark: Mark,
    /// The bytes that were given out since the mark, those of the chunk not counted.
    since_mark: u64,
    max_token_bytes: u64,
    /// Why the parser got an error for bytes.
    failure: Option<Failure>,
}

#[derive(Clone, Copy)]
enum Mark {
    InChunk(usize),
    Past(Place),
}

impl<'r> Input<'r> {
    pub fn new(source: &'r mut dyn Read, max_token_bytes: u64) -> Input<'r> {
        Input {
            bytes: Decoded::new(source, true),
            chunk: vec![0; CHUNK],
            at: 0,
            end: 0,
            place: Place::START,
            placed: 0,
            mark: Mark::InChunk(0),
            since_mark: 0,
            max_token_bytes,
            failure: None,
        }
    }

    /// The encoding that the bytes have, as far as any were read.
    pub fn is_utf_16(&self) -> bool {
        self.bytes.encoding().is_some_and(|encoding| encoding != Encoding::Utf8)
    }

    /// What of the file is read and not given out.
    #[inline]
    pub fn ready(&self) -> &[u8] {
        self.chunk.get(self.at..self.end).unwrap_or_default()
    }

    /// A token begins here.
    #[inline]
    pub fn mark(&mut self) {
        self.mark = Mark::InChunk(self.at);
        self.since_mark = 0;
    }

    /// Whether the token that ends here is longer than a token may be.
    #[inline]
    pub fn is_too_long(&self) -> bool {
        let start = if let Mark::InChunk(mark) = self.mark { mark } else { 0 };
        self.since_mark + (self.at - start) as u64 > self.max_token_bytes
    }

    pub fn too_long(&self) -> Failure {
        let reason = format!("a tag or text of more than {} bytes begins here", self.max_token_bytes);
        Failure::Unreadable { place: self.marked_place(), reason }
    }

    /// Where the token began.
    pub fn marked_place(&self) -> Place {
        self.place_behind_mark(0)
    }

    /// The place this many bytes behind the token's beginning, or its beginning if that place is no longer in the chunk.
    pub fn place_behind_mark(&self, count: usize) -> Place {
        let at = match self.mark {
            Mark::InChunk(mark) => mark + count,
            Mark::Past(place) => match count.checked_sub(self.since_mark as usize) {
                Some(at) if at >= self.placed => at,
                _ => return place,
            },
        };
        let mut place = self.place;
        place.pass(self.chunk.get(self.placed..self.end.min(at)).unwrap_or_default());
        place
    }

    /// Where the token began; remembers it, so that the next one is not counted from the chunk's beginning.
    pub fn note_marked_place(&mut self) -> Place {
        if let Mark::InChunk(mark) = self.mark {
            self.pass_to(mark);
        }
        self.marked_place()
    }

    /// Why reading bytes failed, once.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn pass_to(&mut self, at: usize) {
        self.place.pass(self.chunk.get(self.placed..at).unwrap_or_default());
        self.placed = at.max(self.placed);
    }

    fn refill(&mut self) -> Result<(), Failure> {
        if self.is_too_long() {
            return Err(self.too_long());
        }
        if let Mark::InChunk(mark) = self.mark {
            self.since_mark += (self.end - mark) as u64;
            self.mark = Mark::Past(self.marked_place());
        } else {
            self.since_mark += self.end as u64;
        }
        self.pass_to(self.end);
        (self.at, self.end, self.placed) = (0, 0, 0);
        match self.bytes.read(&mut self.chunk) {
            Ok(read) => self.end = read,
            Err(_) if self.bytes.is_malformed() => {
                return Err(Failure::Unreadable { place: self.place, reason: MALFORMED.to_owned() });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input<'_> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.end
            && let Err(failure) = self.refill()
        {
            self.failure = Some(failure);
            return Err(io::ErrorKind::Other.into());
        }
        Ok(self.chunk.get(self.at..self.end).unwrap_or_default())
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        self.at = self.end.min(self.at + count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_right_whatever_the_chunks() {
        let text = "é\nab\r\n☃☃😀x\n\n".repeat(9_000);
        let mut source = text.as_bytes();
        let mut input = Input::new(&mut source, 1 << 40);
        let mut expected = Place::START;
        let mut read = 0;
        while read < text.len() {
            let available = input.fill_buf().unwrap().len();
            let step = available.min(1 + read % 7_001);
            input.mark();
            input.consume(step);
            if read % 3 == 0 {
                assert_eq!(input.note_marked_place(), expected);
            }
            assert_eq!(input.marked_place(), expected);
            expected.pass(&text.as_bytes()[read..read + step]);
            assert_eq!(input.place_behind_mark(step), expected);
            read += step;
        }
        assert_eq!(expected, Place { line: 9_000 * 4 + 1, column: 1 });
    }

    #[test]
    fn a_token_ends_at_its_limit() {
        let mut source = io::repeat(b'x');
        let mut input = Input::new(&mut source, 1 << 20);
        let mut given = 0;
        while let Ok(bytes) = input.fill_buf() {
            let count = bytes.len();
            given += count;
            input.consume(count);
        }
        assert!(given <= (1 << 20) + CHUNK, "{given}");
        let Some(Failure::Unreadable { place, reason }) = input.take_failure() else { panic!() };
        assert_eq!((place, reason.contains("1048576 bytes")), (Place::START, true));
    }
}
