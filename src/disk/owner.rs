//! Which process holds a lock file, found without touching the lock.
//!
//! Trying the lock would be the simple way, and would refuse a game that opens its store in that very moment. So this only
//! looks, where the platform can tell: on Linux. It must not open the file to write. Invariant: what it names is a process
//! that holds the lock now, or was holding it a moment ago; `None` means that nobody does or that nobody can tell.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The process id that a lock file names, which is that of the last one who took the lock.
pub fn named_in(path: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(path).ok()?.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The process that has the file at `path` locked.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn owner_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    let device = format!("{:02x}:{:02x}", libc::major(found.dev()), libc::minor(found.dev()));
    let named = named_in(path);
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| holder(line, &device, found.ino(), named))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn owner_of(_path: &Path) -> Option<u32> {
    None
}

/// The holder that a line of `/proc/locks` names, if it is of this file: `1: FLOCK  ADVISORY  WRITE 41 08:01:77 0 EOF`.
///
/// Some file systems give locks another device than files; there the process that the lock file names has to be the holder.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn holder(line: &str, device: &str, inode: u64, named: Option<u32>) -> Option<u32> {
    // Who waits for a lock stands behind an arrow.
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let [kind, _, _, pid, place, ..] = words.as_slice() else { return None };
    let (at, number) = place.rsplit_once(':')?;
    let pid: u32 = pid.parse().ok()?;
    let is_it = *kind == "FLOCK" && number.parse() == Ok(inode) && (at == device || named == Some(pid));
    is_it.then_some(pid)
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_on_this_very_file_counts() {
        let line = "12: FLOCK  ADVISORY  WRITE 41 08:01:77 0 EOF";
        assert_eq!(holder(line, "08:01", 77, None), Some(41));
        assert_eq!(holder(line, "00:1f", 77, Some(41)), Some(41));
        assert_eq!(holder(line, "00:1f", 77, Some(42)), None);
        assert_eq!(holder(line, "08:01", 78, Some(41)), None);
        for other in
            ["12: POSIX  ADVISORY  WRITE 41 08:01:77 0 EOF", "12: -> FLOCK  ADVISORY  WRITE 41 08:01:77 0 EOF", "", "x"]
        {
            assert_eq!(holder(other, "08:01", 77, Some(41)), None, "{other}");
        }
    }

    #[test]
    fn a_lock_is_seen_while_it_is_held() {
        use crate::disk::{Disk, Lock, RealDisk};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert_eq!(owner_of(&path), None);
        let Lock::Taken(guard) = RealDisk.lock(&path).unwrap() else { panic!("nobody else has it") };
        assert_eq!(owner_of(&path), Some(std::process::id()));
        drop(guard);
        assert_eq!(owner_of(&path), None);
    }
}
