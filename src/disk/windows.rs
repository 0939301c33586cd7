//! What only Windows does: sharing modes, syncs of folders, names that mean the same.
//!
//! It must offer the same functions as `unix.rs`; the rules of names are in `windows_names.rs`, where every system tests
//! them. The standard library opens files so that others may read, write, rename and remove them, takes paths over 260
//! characters, and replaces a file by one call that is whole or did nothing; nothing here does that over. Invariant: an
//! answer counts as another program's doing only if it says so.

use super::patience::{self, Holder};
use super::windows_names;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const ERROR_INVALID_FUNCTION: i32 = 1;
const ERROR_ACCESS_DENIED: i32 = 5;
const ERROR_INVALID_HANDLE: i32 = 6;
const ERROR_SHARING_VIOLATION: i32 = 32;
const ERROR_LOCK_VIOLATION: i32 = 33;
const ERROR_NOT_SUPPORTED: i32 = 50;
const ERROR_INVALID_PARAMETER: i32 = 87;
const ERROR_MORE_DATA: i32 = 234;
const ERROR_USER_MAPPED_FILE: i32 = 1224;
const FILE_SHARE_READ: u32 = 1;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Another store says who it is at once; waiting a little covers one that is just going.
const STORE_LIMIT: Duration = Duration::from_millis(100);

/// What a refusal says. A file that is being removed, and one that is to be replaced while somebody has it open, are
/// refused as if the right to them were missing.
pub fn holder(error: &io::Error) -> Holder {
    match error.raw_os_error() {
        Some(ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION | ERROR_USER_MAPPED_FILE) => Holder::Another,
        Some(ERROR_ACCESS_DENIED) => Holder::Maybe,
        _ => Holder::Nobody,
    }
}

/// How long a held lock file is asked for. One that names no owner is held by something that is no store.
pub fn lock_limit(owner: Option<u32>) -> Duration {
    if owner.is_some() { STORE_LIMIT } else { patience::LIMIT }
}

/// Opens the lock file as its one owner, or says that there is another. A region lock would keep others from reading the
/// owner's process id, so the lock is the sharing mode: others may read the file, and opening it to write fails.
pub fn open_exclusively(path: &Path) -> io::Result<Option<File>> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).share_mode(FILE_SHARE_READ).open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}

/// While the lock file is open, neither it nor a folder above it can be renamed or removed.
pub fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Takes this process's id out of a lock file, so that whoever holds it later for another reason is not taken for us.
pub fn unlock(file: &File) {
    // One that stays costs a wrong process id in a message.
    let _ = file.set_len(0);
}

/// One name for all spellings, in the form that people know unless that would mean something else.
pub fn canonical(folder: &Path) -> io::Result<PathBuf> {
    let path = match fs::canonicalize(folder) {
        Err(error) if cannot_name(&error) => return fs::metadata(folder).and_then(|_| std::path::absolute(folder)),
        path => path?,
    };
    let short = path.to_str().and_then(windows_names::without_prefix).map(PathBuf::from);
    // A name such as `aux` or `slot.` can only be said in the long form: the short one is changed on its way.
    let means_the_same = |short: &PathBuf| std::path::absolute(short).is_ok_and(|again| again.as_os_str() == short);
    Ok(short.filter(means_the_same).unwrap_or(path))
}

/// Some file systems cannot say what they call a file, such as those of RAM disks, and wine beyond 260 characters. Two
/// spellings of a store's folder are then told apart, and the lock keeps the second from writing.
fn cannot_name(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ERROR_INVALID_FUNCTION | ERROR_NOT_SUPPORTED | ERROR_MORE_DATA))
}

/// Whether a path is that of a device in every folder, such as `NUL`.
pub fn is_device(path: &Path) -> bool {
    let is_verbatim = path.to_str().is_some_and(|path| path.starts_with(r"\\?\"));
    !is_verbatim && path.file_name().and_then(|name| name.to_str()).is_some_and(windows_names::is_device)
}

/// Upper and lower case, the short form of an existing name, and what is ignored at its end are one.
pub fn spelling(path: &Path) -> Option<String> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    super::names::last_name(&real).map(|name| windows_names::folded(&name))
}

/// Makes names certain, where the file system can do that for a folder; NTFS journals them in their order besides.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let opened = OpenOptions::new().write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(folder);
    // A folder that may not be opened to write, such as a drive's root, is none that we made.
    let Ok(opened) = opened else { return Ok(()) };
    match opened.sync_all() {
        Err(error) if cannot_sync_folders(&error) => Ok(()),
        outcome => outcome,
    }
}

fn cannot_sync_folders(error: &io::Error) -> bool {
    const SAID: [i32; 5] = [
        ERROR_INVALID_FUNCTION,
        ERROR_ACCESS_DENIED,
        ERROR_INVALID_HANDLE,
        ERROR_NOT_SUPPORTED,
        ERROR_INVALID_PARAMETER,
    ];
    error.raw_os_error().is_some_and(|code| SAID.contains(&code))
}

pub fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    // Behind the end Windows answers with an error that the standard library turns into 0.
    file.seek_read(buffer, offset)
}

pub fn write_some(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}
