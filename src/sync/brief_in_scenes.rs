//! The locks for one look-up, as the model checker's: it decides at each of them which thread goes on.
//!
//! Stands where parking_lot's do, under `coffer_shuttle` only, and must not offer more than is used of those. Invariant:
//! a lock whose holder panicked is taken like any other, as there.

use shuttle::sync as base;
pub use shuttle::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
use std::sync::PoisonError;

#[derive(Debug, Default)]
pub struct Mutex<T>(base::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Mutex(base::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub struct RwLock<T>(base::RwLock<T>);

impl<T> RwLock<T> {
    pub const fn new(value: T) -> Self {
        RwLock(base::RwLock::new(value))
    }

    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
