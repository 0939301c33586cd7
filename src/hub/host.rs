//! The hub that the host supplies: whoever publishes asks it first.
//!
//! A host is reached like a plug-in whose methods are the operations of a hub. Invariant: there is at most one; what it
//! refuses does not happen.

use super::plugins::Plugin;
use super::subscriber::Subscriber;
use crate::error::{Error, Result};
use crate::sync::Mutex;
use std::sync::Arc;

/// How hosts are called in messages.
pub const NAME: &str = "host";

/// A host that was supplied, and what hears the commits for it.
pub struct Supplied {
    pub plugin: Arc<Plugin>,
    pub ears: Option<Arc<Subscriber>>,
}

#[derive(Default)]
pub struct Host(Mutex<Option<Supplied>>);

impl Host {
    /// Makes this the host, unless there is one.
    pub fn supply(&self, plugin: Plugin) -> Result<Arc<Plugin>> {
        let mut place = self.0.lock();
        if let Some(there) = &*place {
            let holder = there.plugin.info.holder.clone();
            return Err(Error::NameTaken { what: "the place of the host's hub".to_owned(), holder });
        }
        let plugin = Arc::new(plugin);
        *place = Some(Supplied { plugin: plugin.clone(), ears: None });
        Ok(plugin)
    }

    /// Notes what hears the commits for this host; gives it back if the host is gone.
    pub fn add_ears(&self, plugin: &Arc<Plugin>, ears: Arc<Subscriber>) -> Option<Arc<Subscriber>> {
        match &mut *self.0.lock() {
            Some(there) if Arc::ptr_eq(&there.plugin, plugin) => there.ears.replace(ears),
            _ => Some(ears),
        }
    }

    /// Takes the host out if this owner supplied it. The caller removes what it gets when it holds no lock.
    pub fn take(&self, owner: u64) -> Option<Supplied> {
        let mut place = self.0.lock();
        if place.as_ref().is_some_and(|there| there.plugin.info.owner == owner) { place.take() } else { None }
    }

    pub fn get(&self) -> Option<Arc<Plugin>> {
        self.0.lock().as_ref().map(|there| there.plugin.clone())
    }
}
