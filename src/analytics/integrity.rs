//! Whether a store is whole, and what is not.
//!
//! Invariant: the verdict is that of the worst cause, and there is no verdict without its causes.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Integrity {
    /// Nothing is known to be wrong.
    Ok,
    /// Every document is whole, but something else is not: snapshots are lost, or saves are refused.
    Degraded,
    /// What documents need on the disk is damaged: the next opening would refuse it.
    Corrupt,
}

/// What is lost if this is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing: it is only untidy.
    Untidy,
    /// Something besides the documents.
    Beside,
    /// Documents.
    Documents,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The name within the store's folder; empty if it is no file's.
    pub file: String,
    pub offset: u64,
    pub reason: String,
    #[serde(skip)]
    pub severity: Severity,
}

impl Cause {
    /// One that is no file's.
    pub fn of_store(severity: Severity, reason: impl Into<String>) -> Cause {
        Cause { file: String::new(), offset: 0, reason: reason.into(), severity }
    }
}

/// The verdict over all causes.
pub fn judge(causes: &[Cause]) -> Integrity {
    match causes.iter().map(|cause| cause.severity).max() {
        None | Some(Severity::Untidy) => Integrity::Ok,
        Some(Severity::Beside) => Integrity::Degraded,
        Some(Severity::Documents) => Integrity::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_cause_decides() {
        let of = |severities: &[Severity]| {
            judge(&severities.iter().map(|one| Cause::of_store(*one, "a reason")).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), Integrity::Ok);
        assert_eq!(of(&[Severity::Untidy]), Integrity::Ok);
        assert_eq!(of(&[Severity::Beside, Severity::Untidy]), Integrity::Degraded);
        assert_eq!(of(&[Severity::Beside, Severity::Documents, Severity::Untidy]), Integrity::Corrupt);
        assert_eq!(serde_json::to_string(&Integrity::Ok).unwrap(), "\"OK\"");
    }
}
