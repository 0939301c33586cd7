//! Stands for the gateway in a build without it.
//!
//! Invariant: everything says that the module is absent, and closing a handle costs nothing more.

use super::Database;
use crate::error::{Error, Result};
use crate::module::Module;

/// Where the API would be found.
#[derive(Default)]
pub struct Desk;

fn absent<T>() -> Result<T> {
    Err(Error::ModuleAbsent { module: Module::ApiGateway.name() })
}

impl Database {
    pub fn register_api(&self, _options: Option<&str>) -> Result<String> {
        absent()
    }

    pub fn unregister_api(&self) -> Result<()> {
        absent()
    }

    pub fn register_endpoint(&self, _wish: &str) -> Result<String> {
        absent()
    }

    pub fn unregister_endpoint(&self, _id: &str) -> Result<()> {
        absent()
    }

    pub fn handle_request(&self, _request: &str) -> Result<String> {
        absent()
    }

    pub(super) fn check_may_leave_gateway(&self) -> Result<()> {
        Ok(())
    }

    pub(super) fn leave_gateway(&self) {}
}
