//! The store as one thing: it owns the parts, connects them, and decides when they do what.
//!
//! `Core` is an open store, shared by every handle on it in this process. `Database` is one handle, with the settings
//! that belong to its user. Data flows from here into `store` and `journal`, never between them.
//!
//! Invariant: a commit is in the log's order before any reader sees it, and whatever was acknowledged is found again by
//! the promise of its durability.

mod about;
mod background;
mod checkpoint;
mod commit;
mod events;
mod export;
#[cfg(feature = "api-gateway")]
mod gateway;
#[cfg(not(feature = "api-gateway"))]
#[path = "no_gateway.rs"]
mod gateway;
#[cfg(feature = "api-gateway")]
mod gateway_files;
#[cfg(feature = "api-gateway")]
mod gateway_service;
mod growth;
mod handle;
mod health;
mod health_files;
mod health_report;
mod histories;
mod host;
mod import;
mod intake;
#[cfg(all(test, coffer_shuttle))]
mod interleavings;
mod keys;
mod open;
mod plugins;
mod read;
mod readout;
mod registry;
mod restore;
mod salvage;
mod scan;
mod schedule;
mod snapshot_files;
mod snapshot_handle;
mod snapshots;
mod states;
mod validate;

pub use about::{FORMATS, Formats, owner};
pub use commit::Edit;
pub use events::{Registered, Subscription, SubscriptionOptions, Synced};
pub use export::{ExportSelection, ExportedFile, Tell};
pub use handle::Database;
pub use health::HealthOptions;
pub use health_report::{
    Checked, CollectionHealth, Growth, Health, ImageHealth, JournalHealth, Largest, LatencyHealth, SampledTimes,
    SnapshotHealth, Tier1Health,
};
pub use host::{HostOptions, ModuleState, Phase11};
pub use import::{ImportOptions, ImportedFile};
pub use keys::{Target, target};
pub use plugins::{PluginWish, check_answer, usual_limit};

pub use read::{Loaded, VersionInfo};
pub use readout::{LossReport, RecoveryReport};
pub use restore::{Restored, Selection};
pub use snapshot_files::{Exported, Verified};
pub use snapshots::SnapshotList;

// What the operations of `Database` hand out, for callers that know only this module.
pub use crate::analytics::{Cause, Integrity, Severity};
pub use crate::snapshots::{Difference, Snapshot};

use crate::disk::{Disk, Leftovers, LockGuard, Thread};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::journal::Log;
use crate::options::Options;
use crate::store::Store;
use crate::sync::Mutex;
use background::{Pace, Signal};
use checkpoint::{Published, Reach};
use gateway::Desk;
use once_cell::sync::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// An open store.
pub(crate) struct Core {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// What earlier checkpoints could not remove.
    leftovers: Leftovers,
    options: Options,
    store: Store,
    /// Absent where the store was opened read-only.
    log: Option<Log>,
    report: RecoveryReport,
    /// The image that a recovery would start from. Its lock also keeps checkpoints from overlapping, and from taking away
    /// files that a past state is being read from.
    published: Mutex<Published>,
    reach: Mutex<Reach>,
    /// How many hold that lock to look at a past state.
    holds: AtomicUsize,
    /// The thread that is just being told the progress of an export, which holds that lock; 0 for none.
    telling: AtomicUsize,
    /// Sequence numbers of deleted snapshots whose past versions wait to be let go.
    forgotten: Mutex<Vec<u64>>,
    /// The newest commit when the store was opened.
    opened_at: u64,
    image_length: AtomicU64,
    pace: Mutex<Pace>,
    /// What is measured and remembered for the health report.
    kept: health::Kept,
    /// When the next scheduled snapshot is to be made, in milliseconds since the Unix epoch.
    next_snapshot_ms: AtomicU64,
    signal: Signal,
    /// Shared with the store that succeeds this one on the same folder, so that subscribers go on there.
    hub: Arc<Hub>,
    /// Where the API of the store is found, shared as the hub is.
    desk: Arc<Desk>,
    /// When the store was opened, in milliseconds since the Unix epoch.
    #[cfg_attr(not(feature = "api-gateway"), allow(dead_code))]
    opened_ms: u64,
    /// When the Tier 1 documents were last broadcast, in milliseconds since the Unix epoch; 0 for never.
    last_sync_ms: AtomicU64,
    thread: Mutex<Option<Thread>>,
    /// Handles on this store; the last one to go shuts it down.
    handles: Mutex<usize>,
    lock: Mutex<Option<Box<dyn LockGuard>>>,
    /// The store that was opened on the same folder after this one, which was read-only or has been shut down. Handles
    /// that are still on this one go on there.
    successor: OnceCell<Arc<Core>>,
}

/// What a store hands on to the one that succeeds it.
pub(crate) struct Heritage {
    hub: Arc<Hub>,
    desk: Arc<Desk>,
}

impl Core {
    fn heritage(&self) -> Heritage {
        Heritage { hub: self.hub.clone(), desk: self.desk.clone() }
    }

    /// The store that handles on this one work on by now.
    fn newest(&self) -> &Core {
        let mut core = self;
        while let Some(next) = core.successor.get() {
            core = next;
        }
        core
    }

    /// The newest commit; of a store that was opened read-only, the newest one then.
    fn last_sequence(&self) -> u64 {
        self.log.as_ref().map_or(self.opened_at, Log::last_sequence)
    }

    fn log(&self) -> Result<&Log> {
        self.log.as_ref().ok_or(Error::ReadOnly)
    }

    /// Makes everything committed so far certain.
    fn flush(&self) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        log.check()?;
        log.sync_through(log.last_sequence())
    }

    /// Ends the store: nothing commits any more, an image holds everything, and the lock is free.
    fn shut_down(&self) -> Result<()> {
        self.signal.stop();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            thread.join();
        }
        let outcome = self.leave_clean();
        self.lock.lock().take();
        outcome
    }

    fn leave_clean(&self) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        log.close();
        self.flush()?;
        self.checkpoint()?;
        log.remove_all()?;
        self.sync_folder()
    }

    /// An error if the folder that has the store's name is not, or no more, the one that was opened: somebody renamed or
    /// removed it, and what is there by now may be another's store. Nothing may be made, renamed or removed there then.
    fn check_folder(&self) -> Result<()> {
        let guard = self.lock.lock();
        let Some(lock) = guard.as_ref() else { return Ok(()) };
        let path = self.folder.join(open::LOCK);
        match lock.is_at(&path) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let reason =
                    "another folder has taken the place of the one that was opened; put it back, or close the store";
                Err(Error::io("find our lock at", &path, std::io::Error::other(reason)))
            }
            Err(source) => Err(Error::io("find our lock at", &path, source)),
        }
    }

    fn sync_folder(&self) -> Result<()> {
        self.disk.sync_folder(&self.folder).map_err(|source| Error::io("sync", &self.folder, source))
    }
}
