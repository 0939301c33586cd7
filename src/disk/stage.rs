//! A disk in memory for tests inside the crate: for the scenes of the model checker, and for tests of the C ABI that are to
//! need nothing of the system.
//!
//! It knows which bytes and names a sync has made certain, and gives out what a power cut or the death of the process would
//! leave. It must be no kinder than a real disk: a sync makes certain what was written before it began, and one that failed
//! has lost for good what it should have made certain, though later ones succeed. Invariant: every call is a point at which
//! the model checker may let another thread go on, before it acts and after; on what was left by a crash none is.

use super::{Disk, DiskFile, Lock, LockGuard};
use crate::sync::atomic::{AtomicBool, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Write,
    Sync,
    SyncFolder,
}

/// Clones stand for the same disk.
#[derive(Clone)]
pub struct Stage(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Read for no other purpose than to be such a point.
    point: AtomicBool,
    is_still: bool,
}

#[derive(Default, Clone)]
struct State {
    folders: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    certain_names: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    folder_syncs: Syncs,
    locked: BTreeSet<PathBuf>,
    /// Fails once, after so many more of these calls.
    to_fail: Option<(Call, usize)>,
    has_failed: bool,
}

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    certain: Vec<u8>,
    syncs: Syncs,
    /// A sync failed, so what later ones say is no longer true.
    is_lost: bool,
}

/// Syncs of one thing that overlap: one that began earlier must not undo what a later one made certain.
#[derive(Default, Clone)]
struct Syncs {
    begun: u64,
    newest: u64,
}

impl Syncs {
    fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Whether what this one saw is newer than what is certain.
    fn end(&mut self, number: u64) -> bool {
        let is_newer = number > self.newest;
        self.newest = self.newest.max(number);
        is_newer
    }
}

struct File {
    stage: Stage,
    content: Arc<Mutex<Content>>,
}

struct Held {
    stage: Stage,
    path: PathBuf,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure() -> io::Error {
    io::Error::other("failed on purpose")
}

impl Default for Stage {
    fn default() -> Stage {
        Stage::new()
    }
}

impl Stage {
    pub fn new() -> Stage {
        Stage::holding(State::default(), false)
    }

    fn holding(state: State, is_still: bool) -> Stage {
        Stage(Arc::new(Shared { state: Mutex::new(state), point: AtomicBool::new(false), is_still }))
    }

    /// Has one such call fail, after so many that do not.
    pub fn fail(&self, call: Call, after: usize) {
        self.state().to_fail = Some((call, after));
    }

    /// Whether that has happened.
    pub fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// What is there after a power cut that takes everything that it may.
    pub fn after_a_power_cut(&self) -> Stage {
        let state = self.state();
        self.left(&state, &state.certain_names, |content| &content.certain)
    }

    /// What is there after the death of the process.
    pub fn after_a_crash(&self) -> Stage {
        let state = self.state();
        self.left(&state, &state.names, |content| &content.now)
    }

    fn left(
        &self,
        state: &State,
        names: &BTreeMap<PathBuf, Arc<Mutex<Content>>>,
        kept: impl Fn(&Content) -> &Vec<u8>,
    ) -> Stage {
        let copy = |file: &Arc<Mutex<Content>>| {
            let bytes = kept(&locked(file)).clone();
            Arc::new(Mutex::new(Content { certain: bytes.clone(), now: bytes, ..Content::default() }))
        };
        let names: BTreeMap<_, _> = names.iter().map(|(path, file)| (path.clone(), copy(file))).collect();
        let folders = state.folders.clone();
        Stage::holding(State { folders, certain_names: names.clone(), names, ..State::default() }, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0.state)
    }

    fn point(&self) {
        if !self.0.is_still {
            self.0.point.load(Ordering::SeqCst);
        }
    }

    /// One call: nobody else goes on while it acts.
    fn act<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.point();
        let outcome = act(&mut self.state());
        self.point();
        outcome
    }

    fn file(&self, content: &Arc<Mutex<Content>>) -> Arc<dyn DiskFile> {
        Arc::new(File { stage: self.clone(), content: content.clone() })
    }
}

impl State {
    /// Whether this call is the one to fail.
    fn fails(&mut self, call: Call) -> bool {
        match &mut self.to_fail {
            Some((wanted, 0)) if *wanted == call => {
                self.to_fail = None;
                self.has_failed = true;
                true
            }
            Some((wanted, after)) if *wanted == call => {
                *after -= 1;
                false
            }
            _ => false,
        }
    }

    fn find(&self, path: &Path) -> io::Result<Arc<Mutex<Content>>> {
        self.names.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for Stage {
    fn canonical(&self, folder: &Path) -> io::Result<PathBuf> {
        let is_there = self.state().folders.contains(folder);
        if is_there { Ok(folder.to_path_buf()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.state().folders.insert(folder.to_path_buf());
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.act(|state| {
            let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
            Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.act(|state| {
            if state.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let content = Arc::default();
            state.names.insert(path.to_path_buf(), Arc::clone(&content));
            Ok(self.file(&content))
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.act(|state| Ok(self.file(&state.find(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(|state| {
            let content = state.find(from)?;
            state.names.remove(from);
            state.names.insert(to.to_path_buf(), content);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.act(|state| state.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.point();
        let (names, number) = {
            let mut state = self.state();
            (state.names.clone(), state.folder_syncs.begin())
        };
        self.point();
        let mut state = self.state();
        if state.fails(Call::SyncFolder) {
            return Err(failure());
        }
        if !state.folder_syncs.end(number) {
            return Ok(());
        }
        let is_inside = |path: &Path| path.parent() == Some(folder);
        state.certain_names.retain(|path, _| !is_inside(path));
        state.certain_names.extend(names.into_iter().filter(|(path, _)| is_inside(path)));
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.act(|state| {
            if !state.locked.insert(path.to_path_buf()) {
                return Ok(Lock::HeldBy(None));
            }
            Ok(Lock::Taken(Box::new(Held { stage: self.clone(), path: path.to_path_buf() })))
        })
    }
}

impl LockGuard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.stage.state().locked.remove(&self.path);
    }
}

impl DiskFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.stage.point();
        let content = locked(&self.content);
        let rest = content.now.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.stage.act(|state| {
            let fails = state.fails(Call::Write);
            // Of a write that fails a part may be there.
            let bytes = if fails { &bytes[..bytes.len() / 2] } else { bytes };
            let mut content = locked(&self.content);
            let (start, end) = (offset as usize, offset as usize + bytes.len());
            if content.now.len() < end {
                content.now.resize(end, 0);
            }
            content.now[start..end].copy_from_slice(bytes);
            if fails { Err(failure()) } else { Ok(()) }
        })
    }

    fn length(&self) -> io::Result<u64> {
        Ok(locked(&self.content).now.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        self.stage.point();
        let (written, number) = {
            let mut content = locked(&self.content);
            (content.now.clone(), content.syncs.begin())
        };
        self.stage.point();
        let fails = self.stage.state().fails(Call::Sync);
        {
            let mut content = locked(&self.content);
            content.is_lost |= fails;
            if !content.is_lost && content.syncs.end(number) {
                content.certain = written;
            }
        }
        self.stage.point();
        if fails { Err(failure()) } else { Ok(()) }
    }
}

#[cfg(all(test, not(coffer_shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_synced_outlives_a_power_cut() {
        let (stage, folder, path) = (Stage::new(), Path::new("/f"), Path::new("/f/one"));
        let read = |stage: &Stage| {
            let mut bytes = [0; 8];
            let count = stage.open(path)?.read_at(&mut bytes, 0)?;
            io::Result::Ok(bytes[..count].to_vec())
        };
        let file = stage.create(path).unwrap();
        file.write_at(b"ab", 0).unwrap();
        file.sync().unwrap();
        assert!(read(&stage.after_a_power_cut()).is_err(), "its name is not certain");
        stage.sync_folder(folder).unwrap();
        file.write_at(b"cd", 2).unwrap();
        assert_eq!(read(&stage.after_a_power_cut()).unwrap(), b"ab");
        assert_eq!(read(&stage.after_a_crash()).unwrap(), b"abcd");
        stage.fail(Call::Sync, 0);
        assert!(file.sync().is_err() && stage.has_failed());
        file.sync().unwrap();
        assert_eq!(read(&stage.after_a_power_cut()).unwrap(), b"ab", "what a failed sync lost stays lost");
    }
}
