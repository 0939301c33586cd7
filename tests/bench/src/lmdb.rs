//! LMDB through its C interface, as a game would use it: one environment, one unnamed database.
//!
//! Settings: a map of 4 GiB, no write map, `MDB_NOTLS`; `Sync` commits as LMDB does by default, `NoSync` with
//! `MDB_NOSYNC`. A save is one write transaction; a load renews one read transaction and copies the text out, since
//! what LMDB hands out lives no longer than that. Invariant: a call that does not succeed ends the benchmark.

use crate::documents::Pair;
use lmdb_master_sys as ffi;
use std::ffi::{CStr, CString};
use std::path::Path;
use std::ptr;

const MAP: usize = 4 << 30;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    Sync,
    NoSync,
}

pub struct Lmdb {
    env: *mut ffi::MDB_env,
    dbi: ffi::MDB_dbi,
    reader: *mut ffi::MDB_txn,
}

// SAFETY: with MDB_NOTLS no part of it is bound to a thread, and `&mut self` keeps its users apart.
unsafe impl Send for Lmdb {}

fn check(what: &str, status: i32) {
    assert_eq!(status, 0, "{what} failed");
}

fn value(text: &CStr) -> ffi::MDB_val {
    ffi::MDB_val { mv_size: text.to_bytes().len(), mv_data: text.as_ptr().cast_mut().cast() }
}

impl Lmdb {
    pub fn open(folder: &Path, sync: Sync) -> Self {
        let path = CString::new(folder.to_str().expect("a path in UTF-8")).expect("a path without NUL");
        let flags = ffi::MDB_NOTLS | if sync == Sync::NoSync { ffi::MDB_NOSYNC } else { 0 };
        // SAFETY: every pointer is to a local that outlives the call, or one that LMDB gave out.
        unsafe {
            let mut env = ptr::null_mut();
            check("mdb_env_create", ffi::mdb_env_create(&mut env));
            check("mdb_env_set_mapsize", ffi::mdb_env_set_mapsize(env, MAP as _));
            check("mdb_env_open", ffi::mdb_env_open(env, path.as_ptr(), flags, 0o644));
            let mut txn = ptr::null_mut();
            check("mdb_txn_begin", ffi::mdb_txn_begin(env, ptr::null_mut(), 0, &mut txn));
            let mut dbi = 0;
            check("mdb_dbi_open", ffi::mdb_dbi_open(txn, ptr::null(), 0, &mut dbi));
            check("mdb_txn_commit", ffi::mdb_txn_commit(txn));
            let mut reader = ptr::null_mut();
            check("mdb_txn_begin", ffi::mdb_txn_begin(env, ptr::null_mut(), ffi::MDB_RDONLY, &mut reader));
            ffi::mdb_txn_reset(reader);
            Lmdb { env, dbi, reader }
        }
    }

    /// Copies the whole environment to a new folder.
    pub fn copy(&self, folder: &str) {
        std::fs::create_dir(folder).expect("a new folder");
        let path = CString::new(folder).expect("a path without NUL");
        // SAFETY: the environment is open, and a C string.
        check("mdb_env_copy", unsafe { ffi::mdb_env_copy(self.env, path.as_ptr()) });
    }

    /// Saves documents in one transaction.
    pub fn save_all<'a>(&mut self, documents: impl IntoIterator<Item = Pair<'a>>) {
        // SAFETY: as above; LMDB copies what it is given.
        unsafe {
            let mut txn = ptr::null_mut();
            check("mdb_txn_begin", ffi::mdb_txn_begin(self.env, ptr::null_mut(), 0, &mut txn));
            for (key, text) in documents {
                let (mut key, mut text) = (value(key), value(text));
                check("mdb_put", ffi::mdb_put(txn, self.dbi, &mut key, &mut text, 0));
            }
            check("mdb_txn_commit", ffi::mdb_txn_commit(txn));
        }
    }

    pub fn save(&mut self, key: &CStr, text: &CStr) {
        self.save_all([(key, text)]);
    }

    /// Hands a document's text to `look`, within a read transaction of its own.
    #[inline]
    fn load<T>(&mut self, key: &CStr, look: impl FnOnce(&[u8]) -> T) -> T {
        // SAFETY: as above; the text lives until the transaction is reset.
        unsafe {
            check("mdb_txn_renew", ffi::mdb_txn_renew(self.reader));
            let mut key = value(key);
            let mut text = ffi::MDB_val { mv_size: 0, mv_data: ptr::null_mut() };
            check("mdb_get", ffi::mdb_get(self.reader, self.dbi, &mut key, &mut text));
            let seen = look(std::slice::from_raw_parts(text.mv_data.cast(), text.mv_size));
            ffi::mdb_txn_reset(self.reader);
            seen
        }
    }

    /// Loads a text into memory of its own and frees it. Returns its first byte.
    #[inline]
    pub fn load_owned(&mut self, key: &CStr) -> u8 {
        self.load(key, crate::owned::copy_and_free)
    }

    /// Loads into a buffer and returns the length.
    #[inline]
    pub fn load_into(&mut self, key: &CStr, buffer: &mut [u8]) -> usize {
        self.load(key, |text| {
            buffer[..text.len()].copy_from_slice(text);
            text.len()
        })
    }
}

impl Drop for Lmdb {
    fn drop(&mut self) {
        // SAFETY: both were given out by LMDB and end here.
        unsafe {
            ffi::mdb_txn_abort(self.reader);
            check("mdb_env_sync", ffi::mdb_env_sync(self.env, 1));
            ffi::mdb_env_close(self.env);
        }
    }
}
