//! What a command prints: lines for people or one JSON document, on standard output.
//!
//! Holds how keys, sizes and times are shown. Results stand on standard output, everything else on standard error.
//! Invariant: with `--json` standard output holds exactly one JSON document, and a key that could move a terminal's cursor
//! or be taken for two lines is shown as a JSON string.

use crate::outcome::{Failure, Outcome};
use serde::Serialize;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How the user wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
}

/// Standard output, buffered.
pub fn stdout() -> BufWriter<Stdout> {
    BufWriter::with_capacity(64 << 10, io::stdout())
}

impl Output {
    /// Prints a result: as JSON, or by what `lines` writes; nothing of that if the user wants it quiet.
    pub fn result<T: Serialize>(self, value: &T, lines: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Outcome {
        let mut out = stdout();
        if self.json {
            write_json(&mut out, value)?;
        } else if !self.quiet {
            lines(&mut out)?;
        }
        Ok(out.flush()?)
    }

    /// Says something on standard error that is no result.
    pub fn note(self, text: impl fmt::Display) {
        if !self.quiet && !self.json {
            // Nobody can be told that nobody can be told.
            let _ = writeln!(io::stderr(), "coffer: {text}");
        }
    }

    /// The same for who asked for more words.
    pub fn detail(self, text: impl fmt::Display) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Whether a progress bar is wanted, and somebody is there to see it.
    pub fn shows_progress(self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }
}

/// One JSON document in one line.
pub fn write_json<T: Serialize>(out: &mut dyn Write, value: &T) -> Outcome {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::new(crate::outcome::Code::Failed, format!("the result has no JSON form: {error}")))?;
    Ok(writeln!(out, "{text}")?)
}

/// A key as it stands in a line.
pub struct Shown<'k>(pub &'k str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Characters that turn the writing's direction hide what stands behind them.
        let is_odd = |c: char| {
            c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        };
        if !self.0.starts_with('"') && !self.0.contains(is_odd) {
            return out.write_str(self.0);
        }
        out.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(out, "\\{c}")?,
                '\n' => out.write_str("\\n")?,
                '\t' => out.write_str("\\t")?,
                c if is_odd(c) => write!(out, "\\u{:04x}", u32::from(c))?,
                c => write!(out, "{c}")?,
            }
        }
        out.write_str("\"")
    }
}

/// A number of bytes for people.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} bytes");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = UNITS.first().copied().unwrap_or_default();
    for next in UNITS.into_iter().skip(1) {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, next);
    }
    format!("{size:.1} {unit}")
}

/// A count with its noun: `1 document`, `3 documents`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A time in milliseconds since the Unix epoch as `2026-11-23T12:00:00Z`.
pub fn time(time_ms: u64) -> String {
    // The last second of the year 9999; later ones have no such form.
    const LAST: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs((time_ms / 1000).min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}

/// How long ago that was, for people.
pub fn ago(time_ms: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let passed = now.saturating_sub(Duration::from_millis(time_ms)).as_secs();
    let (number, unit) = match passed {
        0..60 => (passed, "second"),
        60..3600 => (passed / 60, "minute"),
        3600..86_400 => (passed / 3600, "hour"),
        _ => (passed / 86_400, "day"),
    };
    format!("{} ago", count(number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_as_they_are_unless_a_terminal_would_misread_them() {
        for (key, shown) in [
            ("slot-1", "slot-1"),
            ("Schlüssel/鍵 1", "Schlüssel/鍵 1"),
            ("a\nb", r#""a\nb""#),
            ("\u{1b}[2J", r#""\u001b[2J""#),
            ("\"quoted\"", r#""\"quoted\"""#),
            ("abc\u{202e}def", "\"abc\\u202edef\""),
        ] {
            assert_eq!(Shown(key).to_string(), shown);
        }
    }

    #[test]
    fn sizes_and_counts_are_for_people() {
        let sizes: Vec<String> = [0, 1023, 1024, 1536, 5 << 20, 3 << 40].into_iter().map(bytes).collect();
        assert_eq!(sizes, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 TiB"]);
        assert_eq!((count(1, "document"), count(0, "document")), ("1 document".into(), "0 documents".into()));
        assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00Z");
    }
}
