//! A fast pass over a JSON text that recognises what is surely valid.
//!
//! Every save goes through here, and serde_json takes longer over a small document than all the rest of a save. This
//! pass builds nothing, recurses nowhere and checks syntax and depth at once. It has no say in what JSON is: whatever it
//! does not recognise is for serde_json to judge and to explain. Invariant: it recognises no text that serde_json refuses
//! (`what_is_recognised_serde_json_accepts` holds it against serde_json).

/// What a pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// JSON by RFC 8259, no deeper than allowed.
    Valid,
    /// Arrays and objects nest deeper than allowed.
    TooDeep,
    /// Not recognised.
    Unsure,
}

/// The greatest depth that can be asked for.
pub const DEEPEST: usize = 1024;

/// Scans a text. `max_depth` counts as at most `DEEPEST`.
pub fn scan(text: &str, max_depth: usize) -> Scan {
    let mut nesting =
        Nesting { objects: [0; DEEPEST / 64], depth: 0, limit: max_depth.min(DEEPEST), overflowed: false };
    match document(text.as_bytes(), &mut nesting) {
        Some(()) => Scan::Valid,
        None if nesting.overflowed => Scan::TooDeep,
        None => Scan::Unsure,
    }
}

/// Which of the open brackets are objects': one bit each.
struct Nesting {
    objects: [u64; DEEPEST / 64],
    depth: usize,
    limit: usize,
    overflowed: bool,
}

impl Nesting {
    #[inline]
    fn open(&mut self, is_object: bool) -> Option<()> {
        if self.depth >= self.limit {
            self.overflowed = true;
            return None;
        }
        let word = self.objects.get_mut(self.depth / 64)?;
        let bit = 1 << (self.depth % 64);
        *word = if is_object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Some(())
    }

    /// Closes the innermost bracket. Says of the one around it whether it is an object's.
    #[inline]
    fn close(&mut self) -> Option<Within> {
        self.depth -= 1;
        self.within()
    }

    #[inline]
    fn within(&self) -> Option<Within> {
        let Some(innermost) = self.depth.checked_sub(1) else { return Some(Within::Nothing) };
        let is_object = self.objects.get(innermost / 64)? >> (innermost % 64) & 1 == 1;
        Some(if is_object { Within::Object } else { Within::Array })
    }
}

/// What the next byte stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Array,
    Object,
}

// Each function below takes the bytes that are left and returns what is left behind it, or `None` if it recognises
// nothing there. So the place is in a register, and there is no index that could be out of bounds.

/// A whole document, its values one after the other.
fn document(mut rest: &[u8], nesting: &mut Nesting) -> Option<()> {
    let mut within = Within::Nothing;
    loop {
        // A value begins here. Space is the rarest case between tokens, so it is an arm and not a step of its own.
        let (first, after) = rest.split_first()?;
        rest = match first {
            b'"' => string(after)?,
            b'-' | b'0'..=b'9' => number(rest)?,
            b'{' | b'[' => {
                let opened = open(*first, after, nesting)?;
                (within, rest) = (opened.within, opened.rest);
                if opened.is_empty {
                    rest
                } else {
                    continue;
                }
            }
            b't' => after.strip_prefix(b"rue")?,
            b'f' => after.strip_prefix(b"alse")?,
            b'n' => after.strip_prefix(b"ull")?,
            b' ' | b'\t' | b'\n' | b'\r' => {
                rest = after;
                continue;
            }
            _ => return None,
        };
        // A value ended here.
        loop {
            let Some((byte, after)) = rest.split_first() else {
                return (within == Within::Nothing).then_some(());
            };
            rest = after;
            match (byte, within) {
                (b',', Within::Object) => {
                    rest = name(rest)?;
                    break;
                }
                (b',', Within::Array) => break,
                (b'}', Within::Object) | (b']', Within::Array) => within = nesting.close()?,
                (b' ' | b'\t' | b'\n' | b'\r', _) => {}
                _ => return None,
            }
        }
    }
}

/// What an opening bracket came to.
struct Opened<'a> {
    /// It was closed at once, and `within` is what stands around it.
    is_empty: bool,
    within: Within,
    rest: &'a [u8],
}

/// Behind an opening bracket: up to the first value within, or behind the closing one.
#[inline(always)]
fn open<'a>(bracket: u8, after: &'a [u8], nesting: &mut Nesting) -> Option<Opened<'a>> {
    let (closing, within) = if bracket == b'{' { (b"}", Within::Object) } else { (b"]", Within::Array) };
    nesting.open(within == Within::Object)?;
    if let Some(rest) = space(after).strip_prefix(closing) {
        return Some(Opened { is_empty: true, within: nesting.close()?, rest });
    }
    let rest = if within == Within::Object { name(after)? } else { after };
    Some(Opened { is_empty: false, within, rest })
}

#[inline]
fn space(mut rest: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b'\n' | b'\r', after)) = rest.split_first() {
        rest = after;
    }
    rest
}

/// A member's name and its colon, and space before each.
#[inline(always)]
fn name(rest: &[u8]) -> Option<&[u8]> {
    let rest = match rest.split_first()? {
        (b'"', after) => string(after)?,
        _ => string(space(rest).strip_prefix(b"\"")?)?,
    };
    match rest.split_first()? {
        (b':', after) => Some(after),
        _ => space(rest).strip_prefix(b":"),
    }
}

/// A word with the same byte eight times.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks, in the topmost bit of its byte, the first byte that ends a run of plain characters: a quote, a backslash or a
/// control character. After "Determine if a word has a byte less than n" in Bit Twiddling Hacks by Sean Eron Anderson;
/// marks above the first may be wrong, since a borrow goes upwards.
#[inline(always)]
fn marks(word: u64) -> u64 {
    let zero_bytes = |word: u64| word.wrapping_sub(each(1)) & !word;
    let control = word.wrapping_sub(each(b' ')) & !word;
    (control | zero_bytes(word ^ each(b'"')) | zero_bytes(word ^ each(b'\\'))) & each(0x80)
}

/// The rest of a string behind its opening quote. Most names and many values end within eight plain bytes.
#[inline(always)]
fn string(rest: &[u8]) -> Option<&[u8]> {
    if let Some(word) = rest.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let run = (marks(word) | 1 << 63).trailing_zeros() / 8;
        if (word >> (8 * run)) as u8 == b'"' {
            return rest.get(run as usize + 1..);
        }
    }
    long_string(rest)
}

#[inline(never)]
fn long_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (run, byte) = match rest.first_chunk::<8>() {
            Some(word) => {
                let word = u64::from_le_bytes(*word);
                let marks = marks(word);
                if marks == 0 {
                    rest = rest.get(8..)?;
                    continue;
                }
                let run = marks.trailing_zeros() / 8;
                (run as usize, (word >> (8 * run)) as u8)
            }
            None => (0, *rest.first()?),
        };
        rest = rest.get(run + 1..)?;
        match byte {
            b'"' => return Some(rest),
            b'\\' => rest = escape(rest)?,
            0..b' ' => return None,
            _ => {}
        }
    }
}

/// Behind a backslash.
fn escape(rest: &[u8]) -> Option<&[u8]> {
    match rest.split_first()? {
        (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after) => Some(after),
        (b'u', after) => {
            let (digits, after) = after.split_first_chunk::<4>()?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(after)
        }
        _ => None,
    }
}

#[inline(always)]
fn digits(mut rest: &[u8]) -> &[u8] {
    while let Some((b'0'..=b'9', after)) = rest.split_first() {
        rest = after;
    }
    rest
}

/// One digit at least.
#[inline(always)]
fn some_digits(rest: &[u8]) -> Option<&[u8]> {
    let after = digits(rest);
    (after.len() < rest.len()).then_some(after)
}

#[inline(always)]
fn number(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match rest.split_first()? {
        (b'0', after) => after,
        _ => some_digits(rest)?,
    };
    if let Some(after) = rest.strip_prefix(b".") {
        rest = some_digits(after)?;
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        let after = after.strip_prefix(b"+").or_else(|| after.strip_prefix(b"-")).unwrap_or(after);
        rest = some_digits(after)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    fn accepted_by_serde_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    /// Texts that lie on both sides of every rule.
    const SEEDS: [&str; 14] = [
        r#"{"name":"Ash","hp":[10,-2.5e+3,0.0],"x":{"y":null,"z":[true,false]}}"#,
        "[]",
        "{}",
        " [ 1 , { } , [ ] ] ",
        r#""\u00e9\n\\\"\/\b\f\r\t""#,
        r#"{"a":{"b":{"c":[[[1]]]}}}"#,
        "-0",
        "1e400",
        "12345678901234567890123",
        r#"["\ud800","\uDFFF","é☃😀"]"#,
        "\t\r\n null \n",
        r#"{"a":1,"a":2}"#,
        "[0.1,1E5,-1e-5]",
        r#"{"":""}"#,
    ];

    #[test]
    fn every_seed_is_recognised() {
        for seed in SEEDS {
            assert_eq!(scan(seed, 128), Scan::Valid, "{seed}");
        }
    }

    #[test]
    fn what_is_recognised_serde_json_accepts() {
        let alphabet: Vec<char> = "{}[]\",:\\ue+-.0123459tfnlar \n\u{1}x\u{e9}".chars().collect();
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let (mut valid, mut refused) = (0, 0);
        for _ in 0..200_000 {
            let mut text: Vec<char> = SEEDS[random(SEEDS.len())].chars().collect();
            for _ in 0..random(3) {
                let place = random(text.len() + 1);
                match random(3) {
                    0 if place < text.len() => drop(text.remove(place)),
                    1 if place < text.len() => text[place] = alphabet[random(alphabet.len())],
                    _ => text.insert(place, alphabet[random(alphabet.len())]),
                }
            }
            let text: String = text.into_iter().collect();
            let expected = accepted_by_serde_json(&text);
            assert_eq!(scan(&text, 128) == Scan::Valid, expected, "{text:?}");
            valid += u32::from(expected);
            refused += u32::from(!expected);
        }
        assert!(valid > 10_000 && refused > 10_000, "{valid} valid, {refused} refused");
    }

    #[test]
    fn the_first_mark_is_the_first_byte_that_ends_a_run() {
        let ends_run = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
        for byte in 0..=255u8 {
            for place in 0..8 {
                for after in [b'a', b'"', 0, b' ', b'!', 0x7F, 0x80, 0xFF] {
                    let mut bytes = [b'a'; 8];
                    bytes[place..].fill(after);
                    bytes[place] = byte;
                    let expected = bytes.iter().position(ends_run).unwrap_or(8);
                    assert_eq!(marks(u64::from_le_bytes(bytes)).trailing_zeros() as usize / 8, expected, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn depth_is_exact_and_costs_no_recursion() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for limit in [1, 63, 64, 65, 128, DEEPEST] {
            assert_eq!(scan(&nested(limit), limit), Scan::Valid);
            assert_eq!(scan(&nested(limit + 1), limit), Scan::TooDeep);
        }
        assert_eq!(scan(&"[".repeat(100_000), 128), Scan::TooDeep);
        assert_eq!(scan(&"{\"a\":".repeat(100_000), 128), Scan::TooDeep);
        assert_eq!(scan(&format!("[{}[]]", "[],".repeat(1000)), 2), Scan::Valid);
    }
}
