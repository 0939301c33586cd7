//! SQLite through its C interface, with prepared statements that are kept.
//!
//! Settings: WAL, synchronous as the row says, a cache of 64 MiB, everything else as SQLite chooses it; one table
//! `documents(key TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID`. A save is one statement and so one commit. Invariant: a
//! call that does not succeed ends the benchmark with SQLite's own message.

use crate::documents::Pair;
use libsqlite3_sys as ffi;
use std::ffi::{CStr, CString};
use std::path::Path;
use std::ptr;

/// `PRAGMA synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    Full,
    Normal,
}

pub struct Sqlite {
    db: *mut ffi::sqlite3,
    insert: *mut ffi::sqlite3_stmt,
    select: *mut ffi::sqlite3_stmt,
}

// SAFETY: SQLite is built to be used from any thread, and `&mut self` keeps its users apart.
unsafe impl Send for Sqlite {}

impl Sqlite {
    pub fn open(folder: &Path, synchronous: Synchronous) -> Self {
        let path = CString::new(folder.join("store.sqlite").to_str().expect("a path in UTF-8")).expect("no NUL");
        let mut db = ptr::null_mut();
        // SAFETY: a C string and a place for the connection.
        let status = unsafe { ffi::sqlite3_open(path.as_ptr(), &mut db) };
        assert_eq!(status, ffi::SQLITE_OK, "sqlite3_open");
        let mut opened = Sqlite { db, insert: ptr::null_mut(), select: ptr::null_mut() };
        opened.run(c"PRAGMA journal_mode=WAL");
        opened.run(match synchronous {
            Synchronous::Full => c"PRAGMA synchronous=FULL",
            Synchronous::Normal => c"PRAGMA synchronous=NORMAL",
        });
        opened.run(c"PRAGMA cache_size=-65536");
        opened.run(c"CREATE TABLE IF NOT EXISTS documents(key TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID");
        opened.insert =
            opened.prepare(c"INSERT INTO documents VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET json = excluded.json");
        opened.select = opened.prepare(c"SELECT json FROM documents WHERE key = ?1");
        opened
    }

    fn check(&self, what: &str, status: i32, expected: i32) {
        if status != expected {
            // SAFETY: the connection is open; its message is a C string.
            let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(self.db)) };
            panic!("{what} gave {status}: {}", message.to_string_lossy());
        }
    }

    fn run(&self, sql: &CStr) {
        // SAFETY: the connection is open, and NULL stands for no callback, no argument and no message.
        let status = unsafe { ffi::sqlite3_exec(self.db, sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
        self.check("sqlite3_exec", status, ffi::SQLITE_OK);
    }

    fn prepare(&self, sql: &CStr) -> *mut ffi::sqlite3_stmt {
        let mut statement = ptr::null_mut();
        // SAFETY: the connection is open; the text ends with a NUL, which -1 says.
        let status = unsafe { ffi::sqlite3_prepare_v2(self.db, sql.as_ptr(), -1, &mut statement, ptr::null_mut()) };
        self.check("sqlite3_prepare_v2", status, ffi::SQLITE_OK);
        statement
    }

    /// Binds a text that lives until the statement is reset.
    fn bind(&self, statement: *mut ffi::sqlite3_stmt, place: i32, text: &CStr) {
        let length = text.to_bytes().len() as i32;
        // SAFETY: the statement is one of ours, and the text outlives its use; no destructor means that SQLite does not
        // copy it.
        let status = unsafe { ffi::sqlite3_bind_text(statement, place, text.as_ptr(), length, None) };
        self.check("sqlite3_bind_text", status, ffi::SQLITE_OK);
    }

    pub fn save(&mut self, key: &CStr, text: &CStr) {
        self.bind(self.insert, 1, key);
        self.bind(self.insert, 2, text);
        // SAFETY: the statement is one of ours.
        let (status, _) = unsafe { (ffi::sqlite3_step(self.insert), ffi::sqlite3_reset(self.insert)) };
        self.check("sqlite3_step", status, ffi::SQLITE_DONE);
    }

    /// Saves documents in one transaction.
    pub fn save_all<'a>(&mut self, documents: impl IntoIterator<Item = Pair<'a>>) {
        self.run(c"BEGIN");
        for (key, text) in documents {
            self.save(key, text);
        }
        self.run(c"COMMIT");
    }

    /// Copies the whole database to a new file.
    pub fn copy(&self, path: &str) {
        let sql = CString::new(format!("VACUUM INTO '{}'", path.replace('\'', "''"))).expect("no NUL");
        self.run(&sql);
    }

    #[inline]
    fn load<T>(&mut self, key: &CStr, look: impl FnOnce(&[u8]) -> T) -> T {
        self.bind(self.select, 1, key);
        // SAFETY: the statement is one of ours; after a row its column's text lives until the reset.
        unsafe {
            self.check("sqlite3_step", ffi::sqlite3_step(self.select), ffi::SQLITE_ROW);
            let text = ffi::sqlite3_column_text(self.select, 0);
            let length = ffi::sqlite3_column_bytes(self.select, 0) as usize;
            let seen = look(std::slice::from_raw_parts(text, length));
            ffi::sqlite3_reset(self.select);
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

impl Drop for Sqlite {
    fn drop(&mut self) {
        // SAFETY: all three were given out by SQLite and end here.
        unsafe {
            ffi::sqlite3_finalize(self.insert);
            ffi::sqlite3_finalize(self.select);
            ffi::sqlite3_close(self.db);
        }
    }
}
