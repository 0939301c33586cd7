//! The floor: the bare file calls that a save cannot do without, and a plain map in memory.
//!
//! Holds no format and no safety. Invariant: the file has all its blocks, zeroed and synced, before anything is
//! measured, and a record has as many bytes here as Coffer's journal would give it.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::AsRawFd;

/// What Coffer's journal adds to one document, and to what its records are padded (src/journal/FORMAT.md).
const RECORD: usize = 52;
const ALIGNMENT: usize = 8;

/// The bytes of a journal record of one document.
pub fn record_bytes(key: &CStr, text: &CStr) -> usize {
    (RECORD + key.to_bytes().len() + text.to_bytes().len()).next_multiple_of(ALIGNMENT)
}

/// A preallocated file that is written from its start to its end, and round again.
pub struct BareFile {
    file: File,
    size: usize,
    offset: usize,
    bytes: Vec<u8>,
}

impl BareFile {
    pub fn new(path: &str, size: usize) -> Self {
        let file = File::create_new(path).expect("a new file");
        let bytes = vec![0u8; 1 << 20];
        for offset in (0..size).step_by(bytes.len()) {
            let part = &bytes[..bytes.len().min(size - offset)];
            std::os::unix::fs::FileExt::write_all_at(&file, part, offset as u64).expect("room for zeros");
        }
        file.sync_all().expect("a synced file");
        BareFile { file, size, offset: 0, bytes: vec![b'x'; 4096] }
    }

    /// Hands one record's bytes to the operating system.
    pub fn write(&mut self, count: usize) {
        if self.offset + count > self.size {
            self.offset = 0;
        }
        // SAFETY: the descriptor is open, and `count` is far below the buffer's 4 KiB.
        let written = unsafe {
            libc::pwrite(self.file.as_raw_fd(), self.bytes[..count].as_ptr().cast(), count, self.offset as libc::off_t)
        };
        assert_eq!(written, count as isize, "a whole write");
        self.offset += count;
    }

    /// Waits until the disk has it.
    pub fn sync(&self) {
        // SAFETY: the descriptor is open.
        assert_eq!(unsafe { libc::fdatasync(self.file.as_raw_fd()) }, 0, "a sync that succeeds");
    }
}

/// A plain map in memory that keeps a copy of each text: the standard library's, asked with C strings as Coffer is.
#[derive(Default)]
pub struct PlainMap(HashMap<Box<[u8]>, Box<[u8]>>);

impl PlainMap {
    pub fn save(&mut self, key: &CStr, text: &CStr) {
        // SAFETY: both are C strings. Their lengths are measured anew, as whoever gets only a pointer has to.
        let (key, text) = unsafe { (CStr::from_ptr(key.as_ptr()), CStr::from_ptr(text.as_ptr())) };
        match self.0.get_mut(key.to_bytes()) {
            Some(value) => *value = text.to_bytes().into(),
            None => {
                self.0.insert(key.to_bytes().into(), text.to_bytes().into());
            }
        }
    }

    /// Loads a text into memory of its own and frees it. Returns its first byte.
    #[inline]
    pub fn load_owned(&self, key: &CStr) -> u8 {
        // SAFETY: as in `save`.
        let key = unsafe { CStr::from_ptr(key.as_ptr()) };
        crate::owned::copy_and_free(self.0.get(key.to_bytes()).expect("a document that was saved"))
    }

    /// Loads into a buffer and returns the length.
    #[inline]
    pub fn load_into(&self, key: &CStr, buffer: &mut [u8]) -> usize {
        // SAFETY: as in `save`.
        let key = unsafe { CStr::from_ptr(key.as_ptr()) };
        let text = self.0.get(key.to_bytes()).expect("a document that was saved");
        buffer[..text.len()].copy_from_slice(text);
        text.len()
    }
}
