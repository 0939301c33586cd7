//! The names of a store's own files: a kind, a number in 16 hexadecimal digits, `.coffer`.
//!
//! It touches no file. Invariant: a name has one number, and a number one name.

use std::path::Path;

/// The name of the file of this kind and number.
pub fn numbered(kind: &str, number: u64) -> String {
    format!("{kind}-{number:016x}.coffer")
}

/// The number in a name, if it is that of a file of this kind.
pub fn number_in(kind: &str, name: &str) -> Option<u64> {
    let digits = name.strip_prefix(kind)?.strip_prefix('-')?.strip_suffix(".coffer")?;
    let number = (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok())?;
    // Numbers end there; see `document::LARGEST_NUMBER`.
    number.filter(|number| *number <= i64::MAX as u64)
}

/// The last name of a path, if it has one that is UTF-8.
pub fn last_name(path: &Path) -> Option<String> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_from_its_name_and_from_no_other() {
        assert_eq!(number_in("image", &numbered("image", 0x2f)), Some(0x2f));
        for other in [
            "image-2f.coffer",
            "image-000000000000002f.coffer.tmp",
            "images-000000000000002f.coffer",
            "image-ffffffffffffffff.coffer",
            "lock",
        ] {
            assert_eq!(number_in("image", other), None, "{other}");
        }
    }
}
