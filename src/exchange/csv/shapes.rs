//! The shapes that documents had so far: a document of a shape that is known is gone through without being taken apart.
//!
//! Documents of one kind differ in their scalars, and hardly in what stands between these. So from a scalar whose path is
//! known, the text that follows it up to the next scalar tells the path of that one. Knows no columns and no values, only
//! *states*: the two where a text begins, and one for each path, which the user of this part numbers from `FIRST` on.
//! Invariants: ways are made only of texts that were taken apart before, so that what `walk` passes is what taking it apart
//! would have passed; and what is kept is bounded.

use crate::exchange::words;

/// Where a document begins that is one row.
pub const DOCUMENT: usize = 0;
/// Where a row of a document begins that is several.
pub const RECORD: usize = 1;
/// The state of the first path.
pub const FIRST: usize = 2;
/// Stands for a value that is no scalar, or has no path of its own.
const NOWHERE: usize = usize::MAX;

const MOST_STATES: usize = 4096;
/// So many ways lead on from one scalar at most, and so long is what stands between two.
const MOST_WAYS: usize = 8;
const LONGEST_GLUE: usize = 1 << 10;
/// How much all of them take at most, about.
const MOST_BYTES: usize = 1 << 20;
const WAY_BYTES: usize = size_of::<Way>();

#[derive(Debug)]
pub struct Shapes {
    /// By state.
    ways: Vec<Vec<Way>>,
    bytes: usize,
    most_bytes: usize,
}

impl Default for Shapes {
    fn default() -> Shapes {
        Shapes::limited(MOST_BYTES)
    }
}

/// How it goes on behind a scalar.
#[derive(Debug)]
struct Way {
    glue: Glue,
    /// The state of the next scalar; none where the value ends.
    to: Option<usize>,
}

/// What stands between two scalars.
#[derive(Debug)]
struct Glue {
    text: Box<[u8]>,
    /// The same as a number, and which of its bits count, where it is short.
    number: u128,
    mask: u128,
}

impl Glue {
    fn new(text: &[u8]) -> Glue {
        let (mut number, mut mask) = ([0; 16], [0; 16]);
        if text.len() <= number.len() {
            for ((to, bits), from) in number.iter_mut().zip(&mut mask).zip(text) {
                (*to, *bits) = (*from, 0xFF);
            }
        }
        Glue { text: text.into(), number: u128::from_le_bytes(number), mask: u128::from_le_bytes(mask) }
    }

    /// What is behind it in a text that begins with it.
    #[inline(always)]
    fn behind<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match text.first_chunk::<16>() {
            // One comparison, where calling for one of any length would take longer than all the rest.
            Some(start) if self.text.len() <= 16 => {
                let is_it = (u128::from_le_bytes(*start) ^ self.number) & self.mask == 0;
                if is_it { text.get(self.text.len()..) } else { None }
            }
            _ => text.strip_prefix(&*self.text),
        }
    }
}

/// A scalar of a text that is gone through.
#[derive(Debug, Clone, Copy)]
pub struct Scalar<'t> {
    /// The text from the scalar on.
    pub rest: &'t [u8],
    pub length: usize,
    /// For strings, what is in them: all bytes' marks.
    pub marks: u8,
}

/// What a byte can mean in a scalar.
pub mod mark {
    /// Is a part of a number or word.
    pub const PLAIN: u8 = 1;
    pub const QUOTE: u8 = 2;
    pub const BACKSLASH: u8 = 4;
    /// Has a meaning in CSV, or is a control character.
    pub const SPECIAL: u8 = 8;
}

static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let (mut rest, mut byte) = (marks.as_mut_slice(), 0_u8);
    while let Some((mark, behind)) = rest.split_first_mut() {
        *mark = match byte {
            b'+' | b'-' | b'.' => mark::PLAIN,
            b'"' => mark::QUOTE,
            b'\\' => mark::BACKSLASH,
            b',' | 0..b' ' => mark::SPECIAL,
            _ if byte.is_ascii_alphanumeric() => mark::PLAIN,
            _ => 0,
        };
        (rest, byte) = (behind, byte.wrapping_add(1));
    }
    marks
};

#[inline(always)]
fn marks_of(byte: u8) -> u8 {
    MARKS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// How long the number or word is that a text begins with; in JSON something follows it.
#[inline(always)]
fn plain_length(rest: &[u8]) -> Option<usize> {
    if let Some(start) = rest.first_chunk::<8>() {
        let word = u64::from_le_bytes(*start);
        // `]` and `}` differ in one bit.
        let ends =
            words::marks(word, b',') | words::marks(word | words::each(0x20), b'}') | words::marks_below(word, b'!');
        if ends != 0 {
            return Some(words::first(ends));
        }
    }
    rest.iter().position(|byte| marks_of(*byte) & mark::PLAIN == 0)
}

impl<'t> Scalar<'t> {
    /// The scalar that a text begins with; none if it begins with anything else.
    #[inline(always)]
    fn first(rest: &'t [u8]) -> Option<Scalar<'t>> {
        let begin = marks_of(*rest.first()?);
        if begin & mark::PLAIN != 0 {
            return plain_length(rest).map(|length| Scalar { rest, length, marks: mark::PLAIN });
        }
        if begin & mark::QUOTE != 0 { Scalar::string(rest) } else { None }
    }

    #[inline(always)]
    fn string(rest: &'t [u8]) -> Option<Scalar<'t>> {
        let mut at = 1;
        while let Some(next) = rest.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*next);
            let quote = words::marks(word, b'"');
            let other = words::marks(word, b'\\') | words::marks(word, b',') | words::marks_below(word, b' ');
            if quote | other != 0 {
                let length = at + words::first(quote) + 1;
                let is_clean = words::first(quote) < words::first(other);
                return if is_clean {
                    Some(Scalar { rest, length, marks: mark::QUOTE })
                } else {
                    Scalar::any_string(rest)
                };
            }
            at += 8;
        }
        Scalar::any_string(rest)
    }

    fn any_string(rest: &'t [u8]) -> Option<Scalar<'t>> {
        let mut marks = mark::QUOTE;
        let mut bytes = rest.iter().enumerate().skip(1);
        while let Some((at, byte)) = bytes.next() {
            let found = marks_of(*byte);
            if found & mark::QUOTE != 0 {
                return Some(Scalar { rest, length: at + 1, marks });
            }
            marks |= found;
            if found & mark::BACKSLASH != 0 {
                bytes.next();
            }
        }
        None
    }

    pub fn is_string(&self) -> bool {
        self.marks & mark::QUOTE != 0
    }

    pub fn text(&self) -> &'t [u8] {
        self.rest.get(..self.length).unwrap_or_default()
    }
}

impl Shapes {
    /// Keeps no more than so many bytes, about.
    pub fn limited(most_bytes: usize) -> Shapes {
        Shapes { ways: Vec::new(), bytes: 0, most_bytes }
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.ways.clear();
        self.bytes = 0;
    }

    /// Goes through a value whose shape is known and shows its scalars with their states, in order. If it turns out not to
    /// be known after all, this is false, and some may have been shown.
    #[inline(always)]
    pub fn walk(&self, text: &str, start: usize, mut show: impl FnMut(usize, Scalar<'_>)) -> bool {
        let mut rest = text.as_bytes();
        let mut state = start;
        loop {
            let Some(ways) = self.ways.get(state) else { return false };
            let next = ways.iter().find_map(|way| {
                let behind = way.glue.behind(rest)?;
                match way.to {
                    Some(to) => Scalar::first(behind).map(|scalar| Some((to, scalar))),
                    None => behind.iter().all(u8::is_ascii_whitespace).then_some(None),
                }
            });
            match next {
                None => return false,
                Some(None) => return true,
                Some(Some((to, scalar))) => {
                    show(to, scalar);
                    rest = scalar.rest.get(scalar.length..).unwrap_or_default();
                    state = to;
                }
            }
        }
    }

    /// Remembers the shape of a value that was taken apart, and of which the trail tells.
    pub fn keep(&mut self, text: &str, start: usize, trail: &Trail) {
        let mut from = Stop { state: start, begin: 0, end: 0 };
        for stop in trail.stops.iter().copied() {
            if stop.state != NOWHERE {
                self.add(from, Some(stop.state), text.get(from.end..stop.begin));
            }
            from = stop;
        }
        if !trail.stops.is_empty() {
            self.add(from, None, text.get(from.end..).map(str::trim_ascii_end));
        }
    }

    /// Adds a way; there is none from `NOWHERE`.
    fn add(&mut self, from: Stop, to: Option<usize>, glue: Option<&str>) {
        let Some(glue) = glue.filter(|glue| glue.len() <= LONGEST_GLUE) else { return };
        if from.state.max(to.unwrap_or_default()) >= MOST_STATES || self.bytes >= self.most_bytes {
            return;
        }
        if self.ways.len() <= from.state {
            self.bytes += (from.state + 1 - self.ways.len()) * size_of::<Vec<Way>>();
            self.ways.resize_with(from.state + 1, Vec::new);
        }
        let Some(ways) = self.ways.get_mut(from.state).filter(|ways| ways.len() < MOST_WAYS) else { return };
        if !ways.iter().any(|way| way.to == to && *way.glue.text == *glue.as_bytes()) {
            ways.push(Way { glue: Glue::new(glue.as_bytes()), to });
            self.bytes += WAY_BYTES + glue.len();
        }
    }
}

/// The scalars of one value in their order, as it is taken apart.
#[derive(Debug, Default)]
pub struct Trail {
    /// Where the text lies; only used to tell how far from it its parts are.
    base: usize,
    stops: Vec<Stop>,
}

#[derive(Debug, Clone, Copy)]
struct Stop {
    state: usize,
    begin: usize,
    end: usize,
}

impl Trail {
    pub fn begin(&mut self, text: &str) {
        self.base = text.as_ptr().addr();
        self.stops.clear();
    }

    pub fn len(&self) -> usize {
        self.stops.len()
    }

    /// A part of the text is the scalar of this state.
    pub fn pass(&mut self, state: usize, part: &str) {
        let begin = part.as_ptr().addr().saturating_sub(self.base);
        self.stops.push(Stop { state, begin, end: begin + part.len() });
    }

    /// From the stop of this number on there was something of which no ways are made.
    pub fn forget(&mut self, from: usize) {
        self.stops.truncate(from);
        self.stops.push(Stop { state: NOWHERE, begin: 0, end: 0 });
    }
}
