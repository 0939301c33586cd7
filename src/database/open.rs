//! Opening: find the store, take its lock, read the newest image, replay the journal, go on in a fresh segment.
//!
//! Nothing on disk changes before the journal has been read and judged. Invariant: whatever a crash left, opening either
//! gives a prefix of what was committed, with all that was acknowledged as durable, or says which byte is damaged.

use super::background::{self, Signal};
use super::checkpoint::{Published, Reach};
use super::commit::now_ms;
use super::health::Kept;
use super::readout::{Readout, RecoveryReport, apply};
use super::salvage::{self, Pieces};
use super::snapshot_files::is_import;
use super::snapshots::{imports, pin_known};
use super::{Core, Heritage};
use crate::change::Commit;
use crate::disk::{self, Disk, Leftovers, Lock, LockGuard};
use crate::error::{Error, Result};
use crate::journal::{self, Log, Recovered};
use crate::options::{Options, Recovery};
use crate::store::{EXPORTING, Image, Store, file_name, history, sequences};
use crate::sync::Mutex;
use once_cell::sync::OnceCell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// The name of the lock file.
pub(super) const LOCK: &str = "lock";
/// A reader beside a live writer can meet a file just when it is replaced; it then looks again, this often.
const LOOKS: usize = 10;

/// Gives one name to the store's folder, creating it first if that is wanted.
pub fn find_folder(disk: &dyn Disk, path: &Path, options: &Options) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidArgument("the store's path is empty; name a folder".to_owned()));
    }
    let io = |action, source| Error::io(action, path, source);
    match disk.canonical(path) {
        Ok(folder) => return Ok(folder),
        Err(source) if source.kind() != ErrorKind::NotFound => return Err(io("find", source)),
        Err(_) if !options.create || options.read_only => return Err(missing(path)),
        Err(_) => {}
    }
    disk.create_folder(path).map_err(|source| io("create", source))?;
    disk.canonical(path).map_err(|source| io("find", source))
}

/// Makes the name of a new store's folder certain, and those of the folders above it: any of them may be new, made by
/// us or by an attempt that died before it came here.
fn sync_ancestors(disk: &dyn Disk, folder: &Path) -> Result<()> {
    for parent in folder.ancestors().skip(1) {
        match disk.sync_folder(parent) {
            // A folder that we may not even read is none that we made.
            Err(source) if source.kind() == ErrorKind::PermissionDenied => break,
            outcome => outcome.map_err(|source| Error::io("sync", parent, source))?,
        }
    }
    Ok(())
}

/// Opens the store in `folder`.
///
/// `heritage` is that of the store which this one succeeds.
pub fn open(disk: Arc<dyn Disk>, folder: &Path, options: &Options, heritage: Option<Heritage>) -> Result<Arc<Core>> {
    let folder = find_folder(&*disk, folder, options)?;
    if !options.create || options.read_only {
        require_store(&*disk, &folder)?;
    }
    let lock = if options.read_only { None } else { Some(take_lock(&*disk, &folder)?) };
    let mut readout = read(&*disk, &folder, options);
    for _ in 1..LOOKS {
        match &readout {
            Err(error) if options.read_only || is_gone(error) => readout = read(&*disk, &folder, options),
            _ => break,
        }
    }
    let Readout { store, recovered, published, report, first_time_ms, stale, damaged } = readout?;
    let is_new = published.sequence.is_none() && recovered.sealed.is_empty() && !report.salvaged;
    if is_new && !options.read_only {
        sync_ancestors(&*disk, &folder)?;
    }
    let reach = Reach {
        sequence: published.sequence.unwrap_or(0),
        time_ms: first_time_ms.unwrap_or_else(now_ms),
        history_bytes: published.histories.iter().map(|one| one.length).sum(),
    };
    let mut core = at_rest(disk, folder, options, store);
    (core.report, core.lock, core.opened_at) = (report, Mutex::new(lock), recovered.last_sequence);
    (core.published, core.reach) = (Mutex::new(published), Mutex::new(reach));
    (core.hub, core.desk) = heritage.map(|heritage| (heritage.hub, heritage.desk)).unwrap_or_default();
    if options.read_only {
        return Ok(Arc::new(core));
    }
    core.go_on(recovered, &stale)?;
    if core.report.salvaged {
        core.checkpoint()?;
        core.set_aside(&damaged)?;
    }
    let core = Arc::new(core);
    if options.background {
        background::start(&core)?;
        if core.report.recovered_records > 0 {
            core.signal.dirty();
        }
    }
    Ok(core)
}

/// A store that nothing happens to yet.
fn at_rest(disk: Arc<dyn Disk>, folder: PathBuf, options: &Options, store: Store) -> Core {
    Core {
        disk,
        folder,
        leftovers: Leftovers::default(),
        options: options.clone(),
        store,
        log: None,
        report: RecoveryReport::default(),
        published: Mutex::default(),
        reach: Mutex::default(),
        holds: AtomicUsize::new(0),
        telling: AtomicUsize::new(0),
        forgotten: Mutex::default(),
        opened_at: 0,
        image_length: AtomicU64::new(0),
        pace: Mutex::default(),
        kept: Kept::default(),
        next_snapshot_ms: AtomicU64::new(0),
        signal: Signal::default(),
        hub: Arc::default(),
        desk: Arc::default(),
        opened_ms: now_ms(),
        last_sync_ms: AtomicU64::new(0),
        thread: Mutex::default(),
        handles: Mutex::new(1),
        lock: Mutex::default(),
        successor: OnceCell::new(),
    }
}

/// Whether a file that was listed is not there any more. To a writer that happens too: Windows may list a removed file
/// until the last one who had it open has closed it.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

fn take_lock(disk: &dyn Disk, folder: &Path) -> Result<Box<dyn LockGuard>> {
    let path = folder.join(LOCK);
    match disk.lock(&path).map_err(|source| Error::io("lock", &path, source))? {
        Lock::Taken(guard) => Ok(guard),
        Lock::HeldBy(owner) => Err(Error::Busy { path: folder.to_path_buf(), owner }),
    }
}

fn missing(path: &Path) -> Error {
    Error::NoStore { path: path.to_path_buf() }
}

/// Refuses a folder that holds no store, before as much as a lock file is made in it.
fn require_store(disk: &dyn Disk, folder: &Path) -> Result<()> {
    let names = disk.list(folder).map_err(|source| Error::io("list", folder, source))?;
    let is_journal = |name: &String| journal::number_in(name).is_some();
    if sequences(&names).is_empty() && !names.iter().any(is_journal) {
        return Err(missing(folder));
    }
    Ok(())
}

/// Reads image and journal, and salvages them if they are damaged and the options say so.
fn read(disk: &dyn Disk, folder: &Path, options: &Options) -> Result<Readout> {
    let names = disk.list(folder).map_err(|source| Error::io("list", folder, source))?;
    let images = sequences(&names);
    match read_strictly(disk, folder, &names, &images) {
        Err(Error::Corrupt { .. }) if options.recovery == Recovery::Salvage => {
            salvage::read(&Pieces { disk, folder, names: &names, images: &images })
        }
        readout => readout,
    }
}

fn read_strictly(disk: &dyn Disk, folder: &Path, names: &[String], images: &[u64]) -> Result<Readout> {
    let newest = images.last().copied();
    let base = newest.map(|sequence| Image::open(disk, &folder.join(file_name(sequence)))).transpose()?;
    if let (Some(named), Some(image)) = (newest, &base)
        && image.sequence() != named
    {
        return Err(Error::corrupt(&image.path, 16, format!("the image is of commit {}", image.sequence())));
    }
    let histories = base.as_ref().map(|image| image.manifest().histories.clone()).unwrap_or_default();
    let published = Published { sequence: newest, histories };
    let store = Store::new(base);
    pin_known(&store);
    let from = newest.unwrap_or(0);
    let mut first_time_ms = None;
    let mut apply = |commit: &Commit<'_>| {
        first_time_ms.get_or_insert(commit.time_ms);
        apply(&store, commit)
    };
    let recovered = journal::recover(disk, folder, names, from, Recovery::Strict, &mut apply)?;
    let report = RecoveryReport {
        recovered_records: recovered.records,
        torn_bytes: recovered.torn_bytes,
        ..RecoveryReport::default()
    };
    let stale = stale(names, images, &published, &imports(&store));
    Ok(Readout { store, recovered, published, report, first_time_ms, stale, damaged: Vec::new() })
}

/// Older images, histories that the newest image does not name, imports without a record, and what was never finished.
fn stale(names: &[String], images: &[u64], published: &Published, imports: &[String]) -> Vec<String> {
    let older = images.split_last().map(|(_, older)| older).unwrap_or_default();
    let is_stale = |name: &&String| match history::number_in(name) {
        Some(number) => published.histories.iter().all(|one| one.number != number),
        None => is_unfinished(name) || is_import(name) && !imports.contains(name),
    };
    names.iter().filter(is_stale).cloned().chain(older.iter().map(|sequence| file_name(*sequence))).collect()
}

/// Whether a name is that of a file that the gateway or an export has while it works.
pub fn is_at_work(name: &str) -> bool {
    name.ends_with(EXPORTING) || is_unfinished(name) && (name.starts_with("export-") || name.starts_with("spool-"))
}

/// Whether a name is that of a file that a checkpoint, an export, an import or the gateway did not come to clear up.
pub fn is_unfinished(name: &str) -> bool {
    const KINDS: [&str; 5] = ["image-", "history-", "import-", "export-", "spool-"];
    // Whatever an export is to be called, it has such a name while it is written, and nothing else has.
    name.ends_with(EXPORTING) || name.ends_with(".coffer.tmp") && KINDS.iter().any(|kind| name.starts_with(kind))
}

impl Core {
    /// Makes the folder ready for writing and starts the log.
    fn go_on(&mut self, mut recovered: Recovered, stale: &[String]) -> Result<()> {
        let image = self.published.lock().sequence;
        // The newest image's own name must be certain before what it replaces goes: older images and the journal.
        let is_unclean = !recovered.sealed.is_empty() || !recovered.discarded.is_empty();
        if !stale.is_empty() || image.is_some() && is_unclean {
            self.sync_folder()?;
        }
        for name in stale {
            // Nothing reads it, so one that another program holds may stay until the next opening.
            match self.disk.try_remove(&self.folder.join(name)) {
                Err(source) if source.kind() != ErrorKind::NotFound && !disk::is_held(&source) => {
                    return Err(Error::io("remove", &self.folder.join(name), source));
                }
                _ => {}
            }
        }
        // Dropped segments must be gone for certain before a new one takes up their sequence numbers. Those that salvage
        // read are set aside later, after its image is on the disk.
        if !self.report.salvaged && !recovered.discarded.is_empty() {
            for path in std::mem::take(&mut recovered.discarded) {
                self.disk.remove(&path).map_err(|source| Error::io("remove", &path, source))?;
            }
            self.sync_folder()?;
        }
        let image = image.unwrap_or(0);
        let log = Log::start(self.disk.clone(), &self.folder, recovered, image, self.options.segment_bytes)?;
        log.retire(image)?;
        self.note_image(&log, self.store.base().map_or(0, Image::length));
        self.kept.listen_to(&log);
        self.log = Some(log);
        Ok(())
    }

    /// Renames damaged files, which an image replaces by now, so that they are kept and never read again.
    fn set_aside(&self, damaged: &[String]) -> Result<()> {
        for name in damaged {
            let (from, to) = (self.folder.join(name), self.folder.join(format!("{name}.damaged")));
            match self.disk.rename(&from, &to) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("rename", &from, source));
                }
                _ => {}
            }
        }
        self.sync_folder()
    }
}
