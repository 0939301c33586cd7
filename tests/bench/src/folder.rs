//! Folders to measure in: on a real disk, and gone afterwards.
//!
//! Holds where they are made and how large they are. Invariant: what was made here is removed when the value is
//! dropped, and what a killed run left is removed by the next one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = "coffer-bench-";
/// What `statfs` calls a file system that is only memory.
const TMPFS: i64 = 0x0102_1994;

/// The folder of one run of the benchmark.
pub struct Workplace(PathBuf);

impl Workplace {
    /// Makes the folder, in `TMPDIR` if that is set, else beside the program.
    pub fn new() -> io::Result<Self> {
        let base = match std::env::var_os("TMPDIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default(),
        };
        remove_leftovers(&base)?;
        let path = base.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&path)?;
        let workplace = Workplace(path);
        if is_memory(&workplace.0)? {
            let message = format!("{} is memory, not a disk: set TMPDIR to a folder on a disk", base.display());
            return Err(io::Error::other(message));
        }
        Ok(workplace)
    }

    /// A fresh folder in it, which is removed when it is dropped.
    pub fn folder(&self, name: &str) -> Folder {
        let path = self.0.join(name);
        fs::create_dir_all(&path).expect("a folder in the workplace");
        Folder(path)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // Nothing can be done about one that stays; the next run tries again.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One contender's folder.
pub struct Folder(PathBuf);

impl Folder {
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it, as text.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // As above.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn remove_leftovers(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).filter(|owner| owner.parse::<u32>().is_ok());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn is_memory(path: &Path) -> io::Result<bool> {
    let path = std::ffi::CString::new(path.to_str().unwrap_or_default()).map_err(io::Error::other)?;
    // SAFETY: all zeros is a valid `statfs`; the path is a C string, and the call fills the value.
    unsafe {
        let mut found: libc::statfs = std::mem::zeroed();
        if libc::statfs(path.as_ptr(), &mut found) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(found.f_type as i64 == TMPFS)
    }
}

/// The bytes of all files in a folder. One that vanishes meanwhile counts as gone.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(|data| data.is_file())
        .map(|data| data.len())
        .sum()
}

/// The names of all files in a folder that begin so.
pub fn names(folder: &Path, prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort_unstable();
    names
}
