//! A disk in memory that logs every change, can fail any call, and from whose log crash images are made.
//!
//! It stands where the library expects a `Disk` and must be no kinder than a real one: nothing is certain before its
//! sync. Invariant: the log replayed on `base` gives exactly the present state, so that a crash after any step of the log
//! can be looked at later (see `crash_images`).

use super::faults::{Fault, FaultPlan, Faults, Operation};
use super::file_system::{FileId, FileSystem, Step};
use super::random::Random;
use coffer::disk::{Disk, DiskFile, Lock, LockGuard};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// The process id that lock files of this disk name.
pub const OWNER: u32 = 4242;

/// Clones stand for the same disk.
#[derive(Clone)]
pub struct SimulatedDisk {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    base: FileSystem,
    now: FileSystem,
    log: Vec<Step>,
    faults: Faults,
    random: Random,
    locks: BTreeSet<PathBuf>,
    /// Every call fails and leaves no trace.
    cut_off: bool,
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: FileId,
    writable: bool,
}

struct SimulatedLock {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl SimulatedDisk {
    /// An empty disk. The seed decides what failing calls leave behind.
    pub fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk::holding(FileSystem::new(), seed)
    }

    /// A disk in the given state, with an empty log and no lock held.
    pub fn holding(state: FileSystem, seed: u64) -> SimulatedDisk {
        let shared = Shared {
            base: state.clone(),
            now: state,
            log: Vec::new(),
            faults: Faults::default(),
            random: Random::new(seed),
            locks: BTreeSet::new(),
            cut_off: false,
        };
        SimulatedDisk { shared: Arc::new(Mutex::new(shared)) }
    }

    /// How many steps the log has: a crash "after step k" keeps the first k of them.
    pub fn steps(&self) -> usize {
        self.shared().log.len()
    }

    /// The state that the log starts from, and the log.
    pub fn history(&self) -> (FileSystem, Vec<Step>) {
        let shared = self.shared();
        (shared.base.clone(), shared.log.clone())
    }

    /// The state as it is now, with what is pending.
    pub fn state(&self) -> FileSystem {
        self.shared().now.clone()
    }

    /// Every file that is not finished, wherever it lies.
    pub fn unfinished(&self) -> Vec<PathBuf> {
        let shared = self.shared();
        shared.now.names.keys().filter(|path| path.extension().is_some_and(|one| one == "tmp")).cloned().collect()
    }

    /// Sets what fails from here on; `None` for nothing.
    pub fn plan(&self, plan: Option<FaultPlan>) {
        self.shared().faults.plan(plan);
    }

    /// How many calls since the plan was set this fault could have hit.
    pub fn count(&self, fault: Fault) -> usize {
        self.shared().faults.count(fault)
    }

    /// How many calls failed by the present plan.
    pub fn hits(&self) -> usize {
        self.shared().faults.hits()
    }

    /// Drops a user of the disk as if its process had died: what its destructor still wants to do does not happen.
    pub fn drop_as_if_killed<T>(&self, user: T) {
        self.shared().cut_off = true;
        drop(user);
        self.shared().cut_off = false;
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic while the disk is locked")
    }
}

impl Shared {
    /// Does one changing call, or fails it as planned.
    fn change(&mut self, step: Step) -> io::Result<()> {
        self.check_connection()?;
        self.now.check(&step)?;
        let fault = self.faults.next(self.operation(&step));
        let Some(fault) = fault else {
            self.record(step);
            return Ok(());
        };
        match (fault, step) {
            (Fault::NoSpace | Fault::ShortWrite, Step::Write { file, offset, bytes }) => {
                let written = self.random.below(bytes.len().max(1));
                if written > 0 {
                    self.record(Step::Write { file, offset, bytes: bytes[..written].into() });
                }
            }
            (Fault::Sync, Step::SyncFile { file }) => {
                let pending = self.now.files[file].pending.len();
                let kept = (0..pending).map(|_| self.random.percent(50)).collect();
                let forgotten = self.random.percent(50);
                self.record(Step::SyncFailed { file, kept, forgotten });
            }
            _ => {}
        }
        Err(error_of(fault))
    }

    fn record(&mut self, step: Step) {
        self.now.apply(&step);
        self.log.push(step);
    }

    fn operation(&self, step: &Step) -> Operation {
        match step {
            Step::CreateFolder { .. } => Operation::CreateFolder,
            Step::Create { .. } => Operation::Create,
            Step::Write { file, offset, bytes } => {
                Operation::Write { grows: offset + bytes.len() > self.now.files[*file].visible.len() }
            }
            Step::Rename { .. } => Operation::Rename,
            Step::Remove { .. } => Operation::Remove,
            Step::SyncFile { .. } | Step::SyncFailed { .. } => Operation::SyncFile,
            Step::SyncFolder { .. } => Operation::SyncFolder,
        }
    }

    fn check_connection(&self) -> io::Result<()> {
        if self.cut_off { Err(io::Error::other("the simulated process is dead")) } else { Ok(()) }
    }

    fn read(&mut self) -> io::Result<()> {
        self.check_connection()?;
        match self.faults.next(Operation::Read) {
            None => Ok(()),
            Some(fault) => Err(error_of(fault)),
        }
    }

    fn create(&mut self, path: &Path) -> io::Result<FileId> {
        self.change(Step::Create { path: path.to_owned() })?;
        self.now.file_at(path)
    }
}

/// The error that the operating system would give.
fn error_of(fault: Fault) -> io::Error {
    match fault {
        Fault::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "no space left on the simulated disk"),
        Fault::Interrupted => io::Error::new(io::ErrorKind::Interrupted, "a signal on the simulated disk"),
        Fault::Held => io::Error::new(io::ErrorKind::ResourceBusy, "another program holds it on the simulated disk"),
        _ => io::Error::other(format!("the simulated disk failed: {fault:?}")),
    }
}

/// The same path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            std::path::Component::Normal(name) => plain.push(name),
            std::path::Component::ParentDir => drop(plain.pop()),
            _ => {}
        }
    }
    plain
}

impl Disk for SimulatedDisk {
    fn canonical(&self, folder: &Path) -> io::Result<PathBuf> {
        let folder = plain(folder);
        let mut shared = self.shared();
        shared.read()?;
        shared.now.check_folder(&folder)?;
        Ok(folder)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = plain(folder);
        let mut shared = self.shared();
        let missing = |shared: &Shared, path: &&Path| shared.now.check_folder(path).is_err();
        let mut to_create: Vec<&Path> = folder.ancestors().take_while(|path| missing(&shared, path)).collect();
        while let Some(path) = to_create.pop() {
            shared.change(Step::CreateFolder { path: path.to_owned() })?;
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = plain(folder);
        let mut shared = self.shared();
        shared.read()?;
        shared.now.check_folder(&folder)?;
        Ok(shared.now.list(&folder))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.shared().create(&plain(path))?;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), file, writable: true }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut shared = self.shared();
        shared.read()?;
        let file = shared.now.file_at(&plain(path))?;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), file, writable: false }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.shared().change(Step::Rename { from: plain(from), to: plain(to) })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.shared().change(Step::Remove { path: plain(path) })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.shared().change(Step::SyncFolder { path: plain(folder) })
    }

    // The lock file is a file like any other (a crash may leave it or not); who holds it is known in memory only.
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let path = plain(path);
        let mut shared = self.shared();
        if shared.locks.contains(&path) {
            return Ok(Lock::HeldBy(Some(OWNER)));
        }
        let file = match shared.now.file_at(&path) {
            Ok(file) => file,
            Err(_) => shared.create(&path)?,
        };
        shared.change(Step::Write { file, offset: 0, bytes: format!("{OWNER}\n").into_bytes().into() })?;
        shared.locks.insert(path.clone());
        Ok(Lock::Taken(Box::new(SimulatedLock { disk: self.clone(), path })))
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut shared = self.disk.shared();
        shared.read()?;
        let content = &shared.now.files[self.file].visible;
        let start = content.len().min(offset as usize);
        let count = buffer.len().min(content.len() - start);
        buffer[..count].copy_from_slice(&content[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.shared().change(Step::Write { file: self.file, offset: offset as usize, bytes: bytes.into() })
    }

    fn length(&self) -> io::Result<u64> {
        let mut shared = self.disk.shared();
        shared.read()?;
        Ok(shared.now.files[self.file].visible.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.shared().change(Step::SyncFile { file: self.file })
    }
}

impl LockGuard for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.shared().locks.remove(&self.path);
    }
}
