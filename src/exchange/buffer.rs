//! Bytes that are put together from very many short pieces.
//!
//! A piece is mostly shorter than what a call to copy it costs, so short ones are copied with what stands behind them, as if
//! they had one length, and the surplus is overwritten by the next. Knows no format. Invariant: what is held is what was
//! added, piece by piece.

/// Pieces that are not longer are copied with one instruction.
const SHORT: usize = 16;

pub struct Buffer {
    /// What is behind `end` is nothing.
    bytes: Vec<u8>,
    end: usize,
}

impl Buffer {
    pub fn new(room: usize) -> Buffer {
        Buffer { bytes: vec![0; room], end: 0 }
    }

    pub fn len(&self) -> usize {
        self.end
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    /// Forgets what is behind the first so many bytes.
    pub fn cut(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// Room for so many bytes more, all of which `filled` may then say are added.
    #[inline(always)]
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < length {
            self.grow(length);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self, length: usize) {
        self.bytes.resize(2 * (self.end + length), 0);
    }

    pub fn filled(&mut self, length: usize) {
        self.end = self.bytes.len().min(self.end + length);
    }

    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.room(1).first_mut() {
            *place = byte;
            self.end += 1;
        }
    }

    pub fn push_all(&mut self, bytes: &[u8]) {
        if let Some(place) = self.room(bytes.len()).get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// Adds what `from` begins with, this long.
    #[inline(always)]
    pub fn push_start(&mut self, from: &[u8], length: usize) {
        if let Some(start) = from.first_chunk::<SHORT>()
            && length <= SHORT
            && let Some(place) = self.room(SHORT).first_chunk_mut::<SHORT>()
        {
            *place = *start;
            self.end += length;
        } else {
            self.push_all(from.get(..length).unwrap_or_default());
        }
    }

    /// Adds a byte and then what `from` begins with, this long.
    #[inline(always)]
    pub fn push_behind(&mut self, byte: u8, from: &[u8], length: usize) {
        if let Some(start) = from.first_chunk::<SHORT>()
            && length <= SHORT
            && let Some((first, rest)) = self.room(1 + SHORT).split_first_mut()
            && let Some(place) = rest.first_chunk_mut::<SHORT>()
        {
            *first = byte;
            *place = *start;
            self.end += 1 + length;
        } else {
            self.push(byte);
            self.push_all(from.get(..length).unwrap_or_default());
        }
    }
}

/// A piece that is added often, ready to be copied as short pieces are.
#[derive(Debug, Clone)]
pub struct Piece {
    padded: Box<[u8]>,
    length: usize,
}

impl Piece {
    pub fn new(text: &str) -> Piece {
        let mut padded = text.as_bytes().to_vec();
        padded.resize(padded.len().max(SHORT), 0);
        Piece { padded: padded.into(), length: text.len() }
    }

    #[inline(always)]
    pub fn push_to(&self, buffer: &mut Buffer) {
        buffer.push_start(&self.padded, self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_stand_one_behind_the_other() {
        let text = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(3);
        for room in [0, 1, 15, 16, 17, 1000] {
            let (mut buffer, mut expected) = (Buffer::new(room), String::new());
            for length in (0..=40).chain([0, 1, 100]) {
                for begin in [0, 60, text.len() - length] {
                    buffer.push_start(&text.as_bytes()[begin..], length.min(text.len() - begin));
                    buffer.push_behind(b'|', &text.as_bytes()[begin..], length.min(text.len() - begin));
                    buffer.push(b'|');
                    Piece::new(&text[..length]).push_to(&mut buffer);
                    buffer.push_all(&text.as_bytes()[..length]);
                    for _ in 0..2 {
                        expected += &text[begin..text.len().min(begin + length)];
                        expected += "|";
                    }
                    expected += &text[..length];
                    expected += &text[..length];
                }
            }
            assert_eq!(std::str::from_utf8(buffer.bytes()).unwrap(), expected);
            buffer.cut(10);
            assert_eq!((buffer.bytes(), buffer.len()), (&expected.as_bytes()[..10], 10));
        }
    }
}
