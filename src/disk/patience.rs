//! How long to go on asking for a file that another program holds.
//!
//! On Windows a virus scanner, an indexer or a backup can hold a file for a moment so that nobody else may open, rename or
//! remove it. Holds the pauses between two attempts and what is said in the end; which answers of a system mean that, its
//! own file says. It touches no file. Invariant: the pauses of one call are never longer together than their limit, and
//! any other answer is handed on at once.

use std::fmt;
use std::io;
use std::time::Duration;

/// How long a call goes on asking. Files are opened, renamed and removed behind a save; the save itself comes here only if
/// somebody locks the bytes that it writes, and then being late is better than failing.
pub const LIMIT: Duration = Duration::from_secs(2);
const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(100);

/// What an answer of the system says about another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(windows), allow(dead_code))]
pub enum Holder {
    /// It says nothing of the kind.
    Nobody,
    /// Another program holds the file.
    Another,
    /// Another program holds it, or this one has no right to it: the system does not tell which.
    Maybe,
}

/// Growing pauses that are `limit` long together.
pub struct Pauses {
    next: Duration,
    left: Duration,
}

impl Pauses {
    pub fn within(limit: Duration) -> Pauses {
        Pauses { next: FIRST, left: limit }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.left);
        self.left -= pause;
        self.next = (self.next * 2).min(LONGEST);
        (!pause.is_zero()).then_some(pause)
    }
}

/// Does `work` again while a signal interrupts it, which says nothing about the file.
pub fn undisturbed<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Does `work` until it succeeds, fails for good, or the file is still held when `limit` is over.
pub fn patiently<T>(
    limit: Duration,
    holder: impl Fn(&io::Error) -> Holder,
    mut pause: impl FnMut(Duration),
    mut work: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut pauses = Pauses::within(limit);
    loop {
        let error = match undisturbed(&mut work) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let found = holder(&error);
        if found == Holder::Nobody {
            return Err(error);
        }
        match pauses.next() {
            Some(long) => pause(long),
            None => return Err(io::Error::new(io::ErrorKind::ResourceBusy, Held { found, error })),
        }
    }
}

/// Whether a file could not be had because another program holds it.
pub fn is_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

#[derive(Debug)]
struct Held {
    found: Holder,
    error: io::Error,
}

impl fmt::Display for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.found {
            Holder::Maybe => "another program holds it open, or this one has no right to it",
            _ => "another program holds it open",
        };
        write!(out, "{what}; close that program, or keep its virus scanner or backup off this folder, and try again")?;
        write!(out, " ({})", self.error.to_string().trim())
    }
}

impl std::error::Error for Held {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: i32) -> io::Error {
        io::Error::from_raw_os_error(code)
    }

    fn holder(error: &io::Error) -> Holder {
        match error.raw_os_error() {
            Some(32) => Holder::Another,
            Some(5) => Holder::Maybe,
            _ => Holder::Nobody,
        }
    }

    #[test]
    fn pauses_grow_and_are_as_long_together_as_the_limit() {
        let pauses: Vec<Duration> = Pauses::within(LIMIT).collect();
        assert_eq!(pauses.iter().sum::<Duration>(), LIMIT);
        assert_eq!(pauses.first(), Some(&FIRST));
        let (last, before) = pauses.split_last().unwrap();
        assert!(before.is_sorted() && *last <= LONGEST && pauses.len() < 40, "{pauses:?}");
        assert_eq!(Pauses::within(Duration::ZERO).count(), 0);
    }

    #[test]
    fn a_file_that_is_let_go_is_had_and_nobody_waits_longer_than_that() {
        let (mut asked, mut waited) = (0, Duration::ZERO);
        let work = || {
            asked += 1;
            if asked <= 5 { Err(refusal(if asked % 2 == 0 { 5 } else { 32 })) } else { Ok(asked) }
        };
        assert_eq!(patiently(LIMIT, holder, |pause| waited += pause, work).unwrap(), 6);
        assert_eq!(waited, Duration::from_millis(1 + 2 + 4 + 8 + 16));
    }

    #[test]
    fn a_file_that_is_never_let_go_ends_in_one_line_that_says_so() {
        for (code, piece) in [(32, "holds it open; close"), (5, "or this one has no right to it; close")] {
            let mut waited = Duration::ZERO;
            let error = patiently(LIMIT, holder, |pause| waited += pause, || Err::<(), _>(refusal(code))).unwrap_err();
            assert_eq!(waited, LIMIT);
            assert!(is_held(&error));
            let said = error.to_string();
            assert!(
                said.contains(piece) && said.contains(&format!("os error {code}")) && !said.contains('\n'),
                "{said}"
            );
        }
    }

    #[test]
    fn a_call_that_signals_interrupt_is_repeated_at_once_and_without_end() {
        let mut asked = 0;
        let mut work = |wanted| {
            asked += 1;
            match asked {
                1..1000 => Err(io::ErrorKind::Interrupted.into()),
                _ => wanted,
            }
        };
        assert_eq!(undisturbed(|| work(Ok(7))).unwrap(), 7);
        let never = |_| panic!("nothing to wait for");
        asked = 0;
        let mut work = || {
            asked += 1;
            if asked < 1000 { Err(io::ErrorKind::Interrupted.into()) } else { Err::<(), _>(refusal(28)) }
        };
        assert_eq!(patiently(LIMIT, holder, never, &mut work).unwrap_err().raw_os_error(), Some(28));
        assert_eq!(asked, 1000);
    }

    #[test]
    fn any_other_answer_is_handed_on_at_once() {
        let mut asked = 0;
        let work = || {
            asked += 1;
            Err::<(), _>(refusal(28))
        };
        let error = patiently(LIMIT, holder, |_| panic!("nothing to wait for"), work).unwrap_err();
        assert_eq!((asked, error.raw_os_error(), is_held(&error)), (1, Some(28), false));
        let once = patiently(Duration::ZERO, holder, |_| panic!("no time"), || Err::<(), _>(refusal(32))).unwrap_err();
        assert!(is_held(&once));
    }
}
