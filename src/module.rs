//! The modules of the documented layer, and which of them this build holds.
//!
//! Each module that can be left out has a cargo feature of its name. Invariant: an operation of a module asks `need` before
//! it does anything, so that what is left out changes nothing; the compiler then drops what comes after.

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    IntegrationHub,
    BackupRestore,
    Analytics,
    ImportExport,
    ApiGateway,
}

impl Module {
    /// The name in the answer of `load_phase11`.
    pub const fn name(self) -> &'static str {
        match self {
            Module::IntegrationHub => "integration_hub",
            Module::BackupRestore => "backup_restore",
            Module::Analytics => "analytics",
            Module::ImportExport => "import_export",
            Module::ApiGateway => "api_gateway",
        }
    }

    /// Whether this build holds it.
    #[inline(always)]
    pub const fn is_built_in(self) -> bool {
        match self {
            Module::IntegrationHub => cfg!(feature = "integration-hub"),
            Module::BackupRestore => cfg!(feature = "backup-restore"),
            Module::Analytics => cfg!(feature = "analytics"),
            Module::ImportExport => cfg!(feature = "import-export"),
            Module::ApiGateway => cfg!(feature = "api-gateway"),
        }
    }

    /// Refuses what this build cannot do.
    #[inline(always)]
    pub fn need(self) -> Result<()> {
        if self.is_built_in() { Ok(()) } else { Err(Error::ModuleAbsent { module: self.name() }) }
    }
}
