//! The state of a simulated file system: what every file and name is now, and what of it a power cut cannot take away.
//!
//! It only applies steps; it logs nothing, fails nothing and decides nothing by chance. Invariant: `durable` plus
//! `pending` says all that can be left after a power cut, and nothing leaves `pending` except by a sync of that file or
//! folder. Bytes are shared (`Arc`) until someone changes them, so that a copy of the whole state is cheap.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Says which file is meant, whatever its name is by now.
pub type FileId = usize;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    Folder,
    File(FileId),
}

/// One thing that changed the disk, or made it certain.
#[derive(Debug, Clone)]
pub enum Step {
    CreateFolder {
        path: PathBuf,
    },
    Create {
        path: PathBuf,
    },
    Write {
        file: FileId,
        offset: usize,
        bytes: Arc<[u8]>,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    SyncFile {
        file: FileId,
    },
    SyncFolder {
        path: PathBuf,
    },
    /// A sync that reported an error. Of the unsynced writes only the `kept` ones reached the disk, and no later sync
    /// brings back the others. Readers may still see them, until the system needs the memory (`forgotten`).
    SyncFailed {
        file: FileId,
        kept: Arc<[bool]>,
        forgotten: bool,
    },
}

/// A write that no sync has covered yet. `order` counts the steps of the whole file system.
#[derive(Debug, Clone)]
pub struct PendingWrite {
    pub order: usize,
    pub offset: usize,
    pub bytes: Arc<[u8]>,
}

impl PendingWrite {
    pub fn end(&self) -> usize {
        self.offset + self.bytes.len()
    }
}

#[derive(Debug, Clone, Default)]
pub struct FileState {
    /// What readers see.
    pub visible: Arc<Vec<u8>>,
    /// What is on the disk for certain.
    pub durable: Arc<Vec<u8>>,
    /// What may or may not be on the disk, oldest first.
    pub pending: Vec<PendingWrite>,
}

/// A change to the names of one folder. A rename is one change: a power cut leaves all of it or nothing.
#[derive(Debug, Clone)]
pub enum NameChange {
    Link { path: PathBuf, node: Node },
    Unlink { path: PathBuf, node: Node },
    Rename { from: PathBuf, to: PathBuf, node: Node },
}

#[derive(Debug, Clone)]
pub struct PendingName {
    pub order: usize,
    pub change: NameChange,
}

#[derive(Debug, Clone)]
pub struct FileSystem {
    pub files: Vec<FileState>,
    pub names: BTreeMap<PathBuf, Node>,
    pub durable_names: BTreeMap<PathBuf, Node>,
    pub pending_names: Vec<PendingName>,
    steps: usize,
}

impl FileSystem {
    /// An empty disk: nothing but the root folder.
    pub fn new() -> FileSystem {
        FileSystem::all_durable(Vec::new(), BTreeMap::from([(PathBuf::from("/"), Node::Folder)]))
    }

    /// A disk on which these files and names are certain.
    pub fn all_durable(contents: Vec<Arc<Vec<u8>>>, names: BTreeMap<PathBuf, Node>) -> FileSystem {
        let whole = |bytes: Arc<Vec<u8>>| FileState { visible: bytes.clone(), durable: bytes, pending: Vec::new() };
        FileSystem {
            files: contents.into_iter().map(whole).collect(),
            durable_names: names.clone(),
            names,
            pending_names: Vec::new(),
            steps: 0,
        }
    }

    /// Whether a power cut now could lose anything.
    pub fn has_pending(&self) -> bool {
        !self.pending_names.is_empty() || self.files.iter().any(|file| !file.pending.is_empty())
    }

    pub fn file_at(&self, path: &Path) -> io::Result<FileId> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub fn check_folder(&self, path: &Path) -> io::Result<()> {
        match self.names.get(path) {
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The names directly in a folder.
    pub fn list(&self, folder: &Path) -> Vec<String> {
        let inside = self.names.keys().filter(|path| path.parent() == Some(folder));
        inside.map(|path| file_name(path).to_owned()).collect()
    }

    /// Says whether the step can be done at all, as the system would before it changes anything.
    pub fn check(&self, step: &Step) -> io::Result<()> {
        match step {
            Step::CreateFolder { path } => match self.names.contains_key(path) {
                true => Err(io::ErrorKind::AlreadyExists.into()),
                false => self.check_folder(parent(path)),
            },
            Step::Create { path } => match self.names.contains_key(path) {
                true => Err(io::ErrorKind::AlreadyExists.into()),
                false => self.check_folder(parent(path)),
            },
            Step::Rename { from, to } => {
                // Moves between folders would need two folder syncs; no store does that, so none may start to.
                if parent(from) != parent(to) {
                    return Err(io::ErrorKind::CrossesDevices.into());
                }
                self.file_at(from).map(drop)
            }
            Step::Remove { path } => self.file_at(path).map(drop),
            Step::SyncFolder { path } => self.check_folder(path),
            Step::Write { .. } | Step::SyncFile { .. } | Step::SyncFailed { .. } => Ok(()),
        }
    }

    /// Does the step; it was checked before.
    pub fn apply(&mut self, step: &Step) {
        self.steps += 1;
        match step {
            Step::CreateFolder { path } => {
                self.change_name(NameChange::Link { path: path.clone(), node: Node::Folder })
            }
            Step::Create { path } => {
                self.files.push(FileState::default());
                let node = Node::File(self.files.len() - 1);
                self.change_name(NameChange::Link { path: path.clone(), node });
            }
            Step::Write { file, offset, bytes } => {
                let state = &mut self.files[*file];
                overwrite(Arc::make_mut(&mut state.visible), *offset, bytes);
                state.pending.push(PendingWrite { order: self.steps, offset: *offset, bytes: bytes.clone() });
            }
            Step::Rename { from, to } => {
                let node = self.names[from];
                self.change_name(NameChange::Rename { from: from.clone(), to: to.clone(), node });
            }
            Step::Remove { path } => {
                let node = self.names[path];
                self.change_name(NameChange::Unlink { path: path.clone(), node });
            }
            Step::SyncFile { file } => self.files[*file].settle(|_| true),
            Step::SyncFolder { path } => self.sync_names(path),
            Step::SyncFailed { file, kept, forgotten } => {
                let state = &mut self.files[*file];
                state.settle(|write| kept[write]);
                if *forgotten {
                    state.visible = state.durable.clone();
                }
            }
        }
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(PendingName { order: self.steps, change });
    }

    fn sync_names(&mut self, folder: &Path) {
        let (synced, others) =
            std::mem::take(&mut self.pending_names).into_iter().partition(|name| name.change.folder() == folder);
        self.pending_names = others;
        let synced: Vec<PendingName> = synced;
        synced.iter().for_each(|name| name.change.apply(&mut self.durable_names));
    }
}

impl FileState {
    /// Ends the wait of all pending writes: the kept ones are on the disk now, the others never will be.
    fn settle(&mut self, kept: impl Fn(usize) -> bool) {
        for (number, write) in std::mem::take(&mut self.pending).iter().enumerate() {
            if kept(number) {
                overwrite(Arc::make_mut(&mut self.durable), write.offset, &write.bytes);
            }
        }
    }
}

impl NameChange {
    pub fn folder(&self) -> &Path {
        match self {
            NameChange::Link { path, .. } | NameChange::Unlink { path, .. } => parent(path),
            NameChange::Rename { to, .. } => parent(to),
        }
    }

    /// Applies the change also where one before it was lost: only names that still mean the same file go away.
    pub fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        let unlink = |names: &mut BTreeMap<PathBuf, Node>, path: &PathBuf, node: &Node| {
            if names.get(path) == Some(node) {
                names.remove(path);
            }
        };
        match self {
            NameChange::Link { path, node } => drop(names.insert(path.clone(), *node)),
            NameChange::Unlink { path, node } => unlink(names, path, node),
            NameChange::Rename { from, to, node } => {
                unlink(names, from, node);
                names.insert(to.clone(), *node);
            }
        }
    }
}

/// Writes into a file's bytes; a gap between the old end and the offset reads as zeros.
pub fn overwrite(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

pub fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("paths of the simulated disk are UTF-8")
}
