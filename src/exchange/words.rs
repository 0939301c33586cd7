//! Bytes looked for eight at a time.
//!
//! After "Determine if a word has a zero byte" in Bit Twiddling Hacks by Sean Eron Anderson. Knows no format. Invariant: the
//! first byte that is marked is one that was looked for, and none before it is.

/// A word with the same byte eight times.
pub const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks, in the topmost bit of its byte, the first byte that is this one; marks above the first may be wrong.
#[inline(always)]
pub fn marks(word: u64, byte: u8) -> u64 {
    let word = word ^ each(byte);
    word.wrapping_sub(each(1)) & !word & each(0x80)
}

/// The same for the first byte that is less than this one, which is at most 128.
#[inline(always)]
pub fn marks_below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(each(byte)) & !word & each(0x80)
}

/// The number of the first byte that is marked, in a word whose first byte is its lowest; 8 if none is.
#[inline(always)]
pub fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// Whether the first so many bytes of a word, at most seven, are decimal digits.
#[inline(always)]
pub fn are_digits(word: u64, count: usize) -> bool {
    let behind = u64::MAX << (8 * count as u32);
    let digits = (word & !behind) | (each(b'0') & behind);
    // The second test is for what is beyond `9`: six more carry into the upper half.
    (digits & each(0xF0)) == each(0x30) && (digits.wrapping_add(each(6)) & each(0xF0)) == each(0x30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_is_found_wherever_it_stands() {
        for at in 0..8 {
            for behind in [b'x', b'\"', b'!', b'#', 0, 0x80, 0xA2, 0xFF] {
                let mut bytes = [b'x'; 8];
                bytes[at..].fill(behind);
                bytes[at] = b'"';
                let word = u64::from_le_bytes(bytes);
                assert_eq!((first(marks(word, b'"')), first(marks_below(word, b'#'))), (at, at));
            }
        }
        for byte in [b'x', 0x80, 0xA2, 0xFF, b'!' | 0x80] {
            assert_eq!((first(marks(each(byte), b'"')), first(marks_below(each(byte), b'#'))), (8, 8));
        }
    }

    #[test]
    fn digits_are_told_from_all_else() {
        for count in 1..8 {
            for at in 0..8 {
                for byte in 0..=255 {
                    let mut bytes = [b'9'; 8];
                    bytes[at] = byte;
                    let expected = at >= count || byte.is_ascii_digit();
                    assert_eq!(are_digits(u64::from_le_bytes(bytes), count), expected, "{count} {at} {byte}");
                }
            }
        }
    }
}
