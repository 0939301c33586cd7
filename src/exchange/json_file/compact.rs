//! Takes the white space out of a JSON text and counts how deep it nests, in one pass.
//!
//! Knows brackets and quotes only: serde_json has judged the text before, or the depth alone is wanted. Invariant: any
//! bytes are passed without a panic, and what is valid means the same afterwards.

use crate::exchange::words;

/// Adds the text to `into`, up to where it nests deeper than allowed: how deep it nests, or how many bytes are before the
/// bracket that is too deep.
pub fn compact(text: &[u8], max_depth: usize, into: &mut Vec<u8>) -> Result<usize, usize> {
    let (mut depth, mut deepest) = (0_usize, 0);
    // What is between these two is still to be added.
    let (mut from, mut at) = (0, 0);
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at += string_length(text.get(at..).unwrap_or_default()),
            b'{' | b'[' if depth == max_depth => return Err(at - 1),
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' => {
                into.extend_from_slice(text.get(from..at - 1).unwrap_or_default());
                let rest = text.get(at..).unwrap_or_default();
                at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
                from = at;
            }
            _ => {}
        }
    }
    into.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(deepest)
}

/// How long a string is behind its opening quote, the closing one included. Most names and many values end within
/// eight bytes.
#[inline(always)]
fn string_length(rest: &[u8]) -> usize {
    if let Some(word) = rest.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let length = words::first(words::marks(word, b'"') | words::marks(word, b'\\') | 1 << 63);
        if (word >> (8 * length)) as u8 == b'"' {
            return length + 1;
        }
    }
    long_string_length(rest)
}

fn long_string_length(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let behind = rest.get(at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', behind) {
            None => return rest.len(),
            Some(length) if behind.get(length) == Some(&b'"') => return at + length + 1,
            Some(length) => at += length + 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::sample_tests::{AWKWARD, Random};

    #[test]
    fn what_is_valid_means_the_same_afterwards() {
        let mut random = Random::new(3);
        for round in 0..2000 {
            let mut text = String::new();
            match AWKWARD.get(round) {
                Some(awkward) => text.push_str(awkward),
                None => random.value(4, &mut text),
            }
            let (mut expected, mut compacted) = (String::new(), Vec::new());
            crate::json::compact(&text, &mut expected);
            compact(text.as_bytes(), 128, &mut compacted).unwrap();
            assert_eq!(String::from_utf8(compacted).unwrap(), expected);
        }
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, depth) in
            [(r#"[{"[[[[\"{":[1]},[]]"#, 3), ("1", 0), (r#""[long enough for the other way""#, 0), ("{}", 1)]
        {
            assert_eq!(compact(text.as_bytes(), depth, &mut Vec::new()), Ok(depth));
            if depth > 0 {
                assert!(compact(text.as_bytes(), depth - 1, &mut Vec::new()).is_err());
            }
        }
        assert_eq!(compact(b"[ ], [{", 1, &mut Vec::new()), Err(6));
    }

    #[test]
    fn any_bytes_are_passed() {
        let mut random = Random::new(4);
        for _ in 0..20_000 {
            let length = random.below(30);
            let bytes: Vec<u8> = (0..length).map(|_| b"\"\\{}[] \nabc\xff"[random.below(12)]).collect();
            let _ = compact(&bytes, 5, &mut Vec::new());
        }
    }
}
