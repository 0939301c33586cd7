//! The files of the user that the command reads itself, and the copy of a store that is made before a repair.
//!
//! The one file of the command that goes to the file system: what is in a store is the library's. Invariant: nothing that
//! exists is written over, and a copy is whole or is not there.

use crate::outcome::{Code, Failure, Outcome};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Everything that comes on standard input.
pub fn standard_input() -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(Code::Failed, format!("cannot read standard input: {error}")))?;
    Ok(bytes)
}

/// Everything in a file.
pub fn content(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| Failure::of_file("read", path, &error))
}

/// Whether something stands at `path` that a new store must not be mixed with.
pub fn is_occupied(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// One name for all spellings of a path that exists.
pub fn full(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Copies a store's folder to a new one beside it, which is returned. `tell` hears how far it is and may end it.
pub fn copy_beside(store: &Path, tell: &mut dyn FnMut(u64, u64) -> bool) -> Outcome<PathBuf> {
    let store = full(store);
    let target = unused(&store)?;
    let copied = copy(&store, &target, tell);
    if copied.is_err() {
        remove(&target);
    }
    copied.map(|()| target)
}

/// Removes a copy that is of no use.
pub fn remove(copy: &Path) {
    // It is named in the message that follows, so who wants it gone finds it.
    let _ = fs::remove_dir_all(copy);
}

/// Makes the first folder of these names that is not there: `store.before-repair`, `store.before-repair-2`, …
fn unused(store: &Path) -> Outcome<PathBuf> {
    let mut number = 1_u32;
    loop {
        let mut name = OsString::from(store.as_os_str());
        name.push(if number == 1 { ".before-repair".to_owned() } else { format!(".before-repair-{number}") });
        let target = PathBuf::from(name);
        match fs::create_dir(&target) {
            Ok(()) => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Failure::of_file("create", &target, &error)),
        }
    }
}

fn copy(from: &Path, to: &Path, tell: &mut dyn FnMut(u64, u64) -> bool) -> Outcome {
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |error: io::Error| Failure::of_file(action, &path, &error)
    };
    let mut files = Vec::new();
    let mut total = 0;
    for entry in fs::read_dir(from).map_err(failed("list", from))? {
        let entry = entry.map_err(failed("list", from))?;
        let about = entry.metadata().map_err(failed("read", &entry.path()))?;
        if about.is_file() {
            total += about.len();
            files.push(entry.file_name());
        }
    }
    let mut done = 0;
    for name in files {
        let (source, target) = (from.join(&name), to.join(&name));
        let mut input = File::open(&source).map_err(failed("read", &source))?;
        let mut output = File::create_new(&target).map_err(failed("write", &target))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = input.read(&mut buffer).map_err(failed("read", &source))?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
            output.write_all(read).map_err(failed("write", &target))?;
            done += count as u64;
            if !tell(done, total) {
                return Err(coffer::error::Error::Cancelled.into());
            }
        }
        output.sync_all().map_err(failed("sync", &target))?;
    }
    sync_folder(to).map_err(failed("sync", to))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

// Windows has no way to sync a folder.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
