//! The rules that Windows has for names: devices, prefixes, and spellings that mean the same.
//!
//! It touches no file, so that every system can test it. Invariant: what these functions say holds in every folder.

/// Whether a name is that of a device, whatever folder it is in and whatever extension it has.
pub fn is_device(name: &str) -> bool {
    const ALONE: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end_matches(' ').to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let mut digits = port.unwrap_or_default().chars();
    let is_port = matches!((digits.next(), digits.next()), (Some('1'..='9' | '¹' | '²' | '³'), None));
    is_port || ALONE.contains(&stem.as_str())
}

/// One spelling for all names that mean the same file: case, a stream behind a colon, and dots and blanks at the end do
/// not count.
pub fn folded(name: &str) -> String {
    let name = name.split(':').next().unwrap_or_default();
    name.trim_end_matches(['.', ' ']).to_lowercase()
}

/// The usual form of a path that begins with `\\?\`, if it has one.
pub fn without_prefix(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    if let Some(share) = rest.strip_prefix(r"UNC\") {
        return Some(format!(r"\\{share}"));
    }
    let is_drive = matches!(rest.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    is_drive.then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_known_in_every_dress() {
        for name in ["NUL", "con", "Aux.json", "nul .txt", "COM1", "lpt9.tar.gz", "com¹", "CONIN$", "prn:x"] {
            assert!(is_device(name), "{name}");
        }
        for name in ["null", "console.json", "auxiliary", "com", "com0", "com10", "lpt", "my.nul", "COMET", ""] {
            assert!(!is_device(name), "{name}");
        }
    }

    #[test]
    fn names_of_one_file_have_one_spelling() {
        for name in ["LOCK", "lock.", "Lock . ", "lock::$DATA", "lock:more"] {
            assert_eq!(folded(name), "lock", "{name}");
        }
        assert_eq!(folded("Image-01.COFFER"), "image-01.coffer");
        assert_eq!(folded("clock"), "clock");
    }

    #[test]
    fn prefixes_go_where_there_is_a_usual_form() {
        assert_eq!(without_prefix(r"\\?\C:\saves\one").as_deref(), Some(r"C:\saves\one"));
        assert_eq!(without_prefix(r"\\?\UNC\server\share\x").as_deref(), Some(r"\\server\share\x"));
        for path in [r"\\?\Volume{1}\x", r"\\?\GLOBALROOT\x", r"\\?\C:", r"C:\saves", r"\\server\share"] {
            assert_eq!(without_prefix(path), None, "{path}");
        }
    }
}
