//! Handles that belong to a database handle and go with it: subscriptions and calls.
//!
//! Without the hub there is neither, so each function says at once that it has nothing, and the compiler drops what would
//! come of it. Invariant: when a database handle is closed, nothing that was made through it is known any more, also what
//! was just being made.

use super::boundary::Failure;
use super::handle::Table;
use super::lifecycle::{HANDLES, coffer_db};
use crate::error::Error;
use crate::module::Module;
use crate::sync::brief::Mutex;
use std::sync::Arc;

/// How many one database handle has at most.
const MOST: usize = 1 << 16;

pub struct Owned<T> {
    table: Table<T>,
    /// Which were made through which database handle.
    made_through: Mutex<Vec<(coffer_db, u64)>>,
}

impl<T> Owned<T> {
    pub const fn new(kind: u8) -> Self {
        Owned { table: Table::new(kind), made_through: Mutex::new(Vec::new()) }
    }

    pub fn insert(&self, db: coffer_db, value: Arc<T>) -> Result<u64, Failure> {
        Module::IntegrationHub.need()?;
        let handle = if self.made_through.lock().len() < MOST { self.table.insert(value) } else { 0 };
        if handle == 0 {
            let reason = format!("this process has {MOST} subscriptions or calls, which is the limit; end some");
            return Err(Error::InvalidArgument(reason).into());
        }
        self.made_through.lock().push((db, handle));
        if HANDLES.get(db).is_none() {
            // Closing may have looked for it too early.
            self.forget(db);
            return Err(Error::Closed.into());
        }
        Ok(handle)
    }

    pub fn get(&self, handle: u64) -> Option<Arc<T>> {
        if Module::IntegrationHub.is_built_in() { self.table.get(handle) } else { None }
    }

    /// Takes one out, with the database handle that it was made through.
    pub fn remove(&self, handle: u64) -> Option<(Arc<T>, coffer_db)> {
        if !Module::IntegrationHub.is_built_in() {
            return None;
        }
        let value = self.table.remove(handle)?;
        let mut made = self.made_through.lock();
        let place = made.iter().position(|(_, one)| *one == handle);
        let db = place.map_or(0, |place| made.swap_remove(place).0);
        Some((value, db))
    }

    /// Takes out what was made through a database handle.
    pub fn forget(&self, db: coffer_db) {
        if !Module::IntegrationHub.is_built_in() {
            return;
        }
        let mut gone = Vec::new();
        self.made_through.lock().retain(|(through, handle)| {
            if *through == db {
                gone.push(*handle);
            }
            *through != db
        });
        gone.into_iter().for_each(|handle| drop(self.table.remove(handle)));
    }
}
