//! Which stores this process has open, so that a second open of a folder joins the first.
//!
//! Invariant: of each folder at most one writable store is open in this process, and opening and shutting down the same
//! folder never overlap.

use super::Core;
use super::open;
use crate::disk::RealDisk;
use crate::error::Result;
use crate::options::Requested;
use crate::sync::{Mutex, MutexGuard};
use once_cell::sync::Lazy;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// One folder's place: the store that was opened there last. Its lock is held while the folder's store opens or shuts
/// down, so others wait for the outcome.
type Place = Arc<Mutex<Weak<Core>>>;

static PLACES: Lazy<Mutex<HashMap<PathBuf, Place>>> = Lazy::new(Mutex::default);

/// Opens the store at `path`, or adds a handle to the one that is open.
///
/// A read-only store, or one that a reader still holds though it was shut down, is not joined but succeeded: handles on
/// it see the new one from then on.
pub fn join(path: &Path, requested: &Requested) -> Result<Arc<Core>> {
    let disk = Arc::new(RealDisk);
    let options = &requested.options;
    let folder = open::find_folder(&*disk, path, options)?;
    let place = place(&folder);
    let mut last_opened = place.lock();
    let last = last_opened.upgrade();
    if let Some(core) = last.as_ref().filter(|core| core.log.is_some()) {
        requested.check_against(&core.options)?;
        if core.add_handle() {
            return Ok(core.clone());
        }
    }
    let heritage = last.as_ref().map(|last| last.heritage());
    let core = open::open(disk, &folder, options, heritage)?;
    if let Some(last) = last {
        // Under the place's lock nobody else can have set it.
        let _ = last.successor.set(core.clone());
    }
    *last_opened = Arc::downgrade(&core);
    Ok(core)
}

fn place(folder: &Path) -> Place {
    PLACES.lock().entry(folder.to_path_buf()).or_default().clone()
}

/// Forgets places that nobody waits for and whose stores are gone.
fn forget_empty_places() {
    let mut places = PLACES.lock();
    // A place that only the map has cannot be locked, so this waits for nobody.
    places.retain(|_, place| Arc::strong_count(place) > 1 || place.lock().strong_count() > 0);
    if places.is_empty() {
        places.shrink_to_fit();
    }
}

/// Takes one handle off a store; the last one shuts it down.
pub fn leave(core: Arc<Core>) -> Result<()> {
    let place = PLACES.lock().get(&core.folder).cloned();
    let mut last_opened = place.as_ref().map(|place| place.lock());
    let is_last = core.drop_handle();
    let outcome = if is_last { core.shut_down() } else { Ok(()) };
    // A reader that came to this store from an older one still has to be led on to the next. Besides such readers, only the
    // handle that is being closed and this function have it.
    let has_readers = Arc::strong_count(&core) > 2;
    let is_newest = |last: &&mut MutexGuard<'_, Weak<Core>>| last.as_ptr() == Arc::as_ptr(&core);
    if let Some(last) = last_opened.as_mut().filter(is_newest)
        && is_last
        && !has_readers
    {
        **last = Weak::new();
    }
    drop(last_opened);
    drop(place);
    drop(core);
    if is_last {
        forget_empty_places();
    }
    outcome
}

impl Core {
    /// Adds a handle, unless the last one has gone.
    pub(super) fn add_handle(&self) -> bool {
        let mut handles = self.handles.lock();
        let is_open = *handles > 0;
        *handles += usize::from(is_open);
        is_open
    }

    /// Takes a handle off; true if it was the last.
    fn drop_handle(&self) -> bool {
        let mut handles = self.handles.lock();
        *handles = handles.saturating_sub(1);
        *handles == 0
    }
}
