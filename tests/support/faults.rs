//! What can go wrong with a single call to the simulated disk, and when.
//!
//! It decides which call fails; what a failing call leaves behind is the disk's business. Invariant: a plan counts only
//! the calls that its fault can hit, so that "the n-th" reaches each of them as n grows.

/// The calls that a fault can hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    CreateFolder,
    Create,
    /// `grows`: the write goes past the file's end and so needs space.
    Write {
        grows: bool,
    },
    Rename,
    Remove,
    SyncFile,
    SyncFolder,
    /// Reading a file, its length or a folder, opening a file, or asking for a folder's name.
    Read,
}

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Any changing call fails and does nothing.
    Io,
    /// A call that needs space fails; a write may have got through in part.
    NoSpace,
    /// A write stops part of the way.
    ShortWrite,
    /// A sync of a file fails, and some of the unsynced bytes are gone for good.
    Sync,
    Rename,
    /// A sync of a folder fails; a later one may succeed.
    SyncFolder,
    /// Reading fails.
    Read,
    /// A changing call is interrupted by a signal. A disk repeats such calls itself; one that does not must do no harm.
    Interrupted,
    /// A file cannot be removed because another program holds it, as on Windows.
    Held,
}

impl Fault {
    pub const ALL: [Fault; 9] = [
        Fault::Io,
        Fault::NoSpace,
        Fault::ShortWrite,
        Fault::Sync,
        Fault::Rename,
        Fault::SyncFolder,
        Fault::Read,
        Fault::Interrupted,
        Fault::Held,
    ];

    /// Whether it can keep a file from being removed.
    pub fn keeps_files(self) -> bool {
        self.can_hit(Operation::Remove)
    }

    fn can_hit(self, operation: Operation) -> bool {
        match self {
            Fault::Io | Fault::Interrupted => operation != Operation::Read,
            Fault::NoSpace => {
                matches!(operation, Operation::CreateFolder | Operation::Create | Operation::Write { grows: true })
            }
            Fault::ShortWrite => matches!(operation, Operation::Write { .. }),
            Fault::Sync => operation == Operation::SyncFile,
            Fault::Rename => operation == Operation::Rename,
            Fault::SyncFolder => operation == Operation::SyncFolder,
            Fault::Read => operation == Operation::Read,
            Fault::Held => operation == Operation::Remove,
        }
    }
}

/// When a fault comes: after `spare` calls that it could have hit, and then once or from there on.
#[derive(Debug, Clone, Copy)]
pub struct FaultPlan {
    pub fault: Fault,
    pub spare: usize,
    pub forever: bool,
}

/// Counts calls and says which one fails.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Option<FaultPlan>,
    counts: [usize; Fault::ALL.len()],
    hits: usize,
}

impl Faults {
    /// Starts a plan; the calls before it do not count.
    pub fn plan(&mut self, plan: Option<FaultPlan>) {
        *self = Faults { plan, ..Faults::default() };
    }

    /// How many calls since the plan was set this fault could have hit.
    pub fn count(&self, fault: Fault) -> usize {
        self.counts[position(fault)]
    }

    /// How many calls were made to fail.
    pub fn hits(&self) -> usize {
        self.hits
    }

    /// Counts one call and says how it fails, if it does.
    pub fn next(&mut self, operation: Operation) -> Option<Fault> {
        let mut hit = None;
        for fault in Fault::ALL.into_iter().filter(|fault| fault.can_hit(operation)) {
            let earlier = self.counts[position(fault)];
            self.counts[position(fault)] += 1;
            if let Some(plan) = self.plan.filter(|plan| plan.fault == fault)
                && (earlier == plan.spare || plan.forever && earlier > plan.spare)
            {
                hit = Some(fault);
                self.hits += 1;
            }
        }
        hit
    }
}

fn position(fault: Fault) -> usize {
    Fault::ALL.iter().position(|one| *one == fault).expect("every fault is in ALL")
}
