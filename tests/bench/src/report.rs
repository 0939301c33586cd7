//! The table: what was measured, what was to be reached, and the peers beside it.
//!
//! Holds layout only. Invariant: a line with a target always has a ratio to it and a verdict, and text and Markdown say
//! the same.

use std::fmt::Write;

/// The verdict of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Over,
    /// There is nothing to reach: the line is for information.
    None,
}

/// One line.
pub struct Line {
    work: String,
    measured: String,
    target: String,
    ratio: Option<f64>,
    floor: String,
    peers: [String; 3],
}

/// The columns of the peers.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    Lmdb = 0,
    SqliteFull = 1,
    SqliteNormal = 2,
}

impl Line {
    pub fn new(work: impl Into<String>, measured: impl Into<String>) -> Self {
        Line {
            work: work.into(),
            measured: measured.into(),
            target: String::new(),
            ratio: None,
            floor: String::new(),
            peers: Default::default(),
        }
    }

    /// What is to be reached, and the measured value divided by it: at most 1 is well.
    pub fn target(mut self, target: impl Into<String>, ratio: f64) -> Self {
        (self.target, self.ratio) = (target.into(), Some(ratio));
        self
    }

    /// What the bare calls or a plain map took.
    pub fn floor(mut self, floor: impl Into<String>) -> Self {
        self.floor = floor.into();
        self
    }

    pub fn peer(mut self, peer: Peer, measured: impl Into<String>) -> Self {
        self.peers[peer as usize] = measured.into();
        self
    }

    fn verdict(&self) -> Verdict {
        match self.ratio {
            None => Verdict::None,
            Some(ratio) if ratio <= 1.0 => Verdict::Ok,
            Some(_) => Verdict::Over,
        }
    }

    fn cells(&self) -> [String; 8] {
        let verdict = match (self.verdict(), self.ratio) {
            (Verdict::None, _) | (_, None) => String::new(),
            (Verdict::Ok, Some(ratio)) => format!("ok, {ratio:.2} of it"),
            (Verdict::Over, Some(ratio)) => format!("over, {ratio:.2} of it"),
        };
        let [lmdb, full, normal] = self.peers.clone();
        [self.work.clone(), self.measured.clone(), self.target.clone(), verdict, self.floor.clone(), lmdb, full, normal]
    }
}

const HEADS: [&str; 8] = ["work", "Coffer", "target", "verdict", "floor", "LMDB", "SQLite FULL", "SQLite NORMAL"];

/// All lines of a run.
#[derive(Default)]
pub struct Report(Vec<Line>);

impl Report {
    pub fn add(&mut self, line: Line) {
        self.0.push(line);
    }

    /// How many targets were missed.
    pub fn missed(&self) -> usize {
        self.0.iter().filter(|line| line.verdict() == Verdict::Over).count()
    }

    /// The table in columns.
    pub fn text(&self) -> String {
        let rows: Vec<[String; 8]> =
            std::iter::once(HEADS.map(str::to_owned)).chain(self.0.iter().map(Line::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
        let mut table = String::new();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                write!(line, "{cell:<width$}  ").expect("a string takes everything");
            }
            table.push_str(line.trim_end());
            table.push('\n');
        }
        table
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: [String; 8]| format!("| {} |\n", cells.join(" | "));
        let mut table = line(HEADS.map(str::to_owned));
        table.push_str(&format!("|{}\n", "---|".repeat(HEADS.len())));
        table.extend(self.0.iter().map(|one| line(one.cells())));
        table
    }
}

/// Nanoseconds with a unit that suits them.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 999.5 => format!("{short:.0} ns"),
        short if short < 99_950.0 => format!("{:.2} µs", short / 1e3),
        short if short < 999_500.0 => format!("{:.0} µs", short / 1e3),
        long => format!("{:.1} ms", long / 1e6),
    }
}

/// Bytes with a unit that suits them.
pub fn bytes(count: f64) -> String {
    match count {
        few if few < 1024.0 * 1024.0 => format!("{:.0} KiB", few / 1024.0),
        many => format!("{:.1} MiB", many / (1024.0 * 1024.0)),
    }
}

/// A rate with thousands set apart.
pub fn rate(per_second: f64) -> String {
    let digits = format!("{per_second:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}/s")
}
