//! Plug-ins that register on a store and call each other.
//!
//! Holds the checks of what they say, and who may do what through which handle. Invariant: a plug-in lives no longer than
//! the handle that registered it.

use super::{Core, Database, validate};
use crate::error::{Error, Result};
use crate::hub::{Call, Callee, PLUGIN_LEFT, PLUGIN_REGISTERED, Plugin, PluginInfo, PluginView};
use crate::module::Module;
use crate::options::{Options, read_object};
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest name of a plug-in or method, in bytes of UTF-8.
const LONGEST_NAME: usize = 256;

/// How long a call waits for its answer, given in milliseconds; 0 stands for the usual second.
pub fn usual_limit(limit_ms: u32) -> Duration {
    Duration::from_millis(if limit_ms == 0 { 1000 } else { u64::from(limit_ms) })
}

/// What a plug-in says of itself when it registers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginWish {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Dependencies,
    #[serde(default)]
    exports: Vec<String>,
    #[serde(default)]
    direct: bool,
}

/// Names with the versions that will do, or names alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Dependencies {
    Versions(BTreeMap<String, String>),
    Names(Vec<String>),
}

impl Default for Dependencies {
    fn default() -> Self {
        Dependencies::Names(Vec::new())
    }
}

impl PluginWish {
    /// Reads it from a JSON object.
    pub fn parse(json: &str) -> Result<PluginWish> {
        Module::IntegrationHub.need()?;
        read_object(json, r#"{"name": "party-optimizer", "version": "1.0.0", "exports": ["optimize"]}"#)
    }

    fn checked(self, holder: &str, owner: u64) -> Result<PluginInfo> {
        let versions = match self.dependencies {
            Dependencies::Versions(versions) => versions,
            Dependencies::Names(names) => names.into_iter().map(|name| (name, "*".to_owned())).collect(),
        };
        let names = std::iter::once(&self.name).chain(&self.exports).chain(versions.keys());
        names.into_iter().try_for_each(|name| check_name(name))?;
        let invalid = |what: &str, given: &str, error: semver::Error| {
            Error::InvalidOption(format!("{given:?} is no {what} by semver.org: {error}"))
        };
        let version = Version::parse(&self.version).map_err(|error| invalid("version", &self.version, error))?;
        let mut dependencies = BTreeMap::new();
        for (name, requires) in versions {
            let requires = VersionReq::parse(&requires).map_err(|error| invalid("requirement", &requires, error))?;
            dependencies.insert(name, requires);
        }
        let (name, exports, direct, holder) = (self.name, self.exports, self.direct, holder.to_owned());
        Ok(PluginInfo { name, version, dependencies, exports, direct, holder, owner })
    }
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        let reason = format!("{name:?} is no name: 1 to {LONGEST_NAME} bytes without control characters");
        return Err(Error::InvalidOption(reason));
    }
    Ok(())
}

impl Database {
    /// Registers a plug-in until it is unregistered or this handle is closed. Without a callee its calls are pulled.
    pub fn register_plugin(&self, wish: PluginWish, callee: Option<Arc<dyn Callee>>) -> Result<()> {
        Module::IntegrationHub.need()?;
        let core = self.core()?;
        let info = wish.checked(self.plugin(), self.id)?;
        if info.direct && callee.is_none() {
            return Err(Error::InvalidArgument("a direct plug-in needs a callback".to_owned()));
        }
        let plugin = core.hub.plugins.register(Plugin::new(info, callee))?;
        if self.core().is_err() {
            // Closing may have looked for it too early, or be at it; when this returns it is not called any more.
            core.leave_as_plugins(self.id);
            plugin.remove();
            return Err(Error::Closed);
        }
        core.announce_plugin(PLUGIN_REGISTERED, &plugin.info);
        Ok(())
    }

    /// Ends a plug-in of this handle. When this returns, its callee is not running and will not run again; called by the
    /// callee itself, that is so when the callee returns. What it has not answered fails.
    pub fn unregister_plugin(&self, name: &str) -> Result<()> {
        Module::IntegrationHub.need()?;
        let core = self.core()?;
        let plugin = core.hub.plugins.take(name, self.id)?;
        plugin.remove();
        core.announce_plugin(PLUGIN_LEFT, &plugin.info);
        Ok(())
    }

    /// A plug-in by its name.
    pub fn registered_plugin(&self, name: &str) -> Result<PluginView> {
        Module::IntegrationHub.need()?;
        self.core()?.hub.plugins.view(name)
    }

    /// Every plug-in, by name.
    pub fn registered_plugins(&self) -> Result<Vec<PluginView>> {
        Module::IntegrationHub.need()?;
        Ok(self.core()?.hub.plugins.views())
    }

    /// Calls a method of a plug-in. A direct callee has run when this returns; `outcome` of the call tells what came of it.
    pub fn begin_call(&self, plugin: &str, method: &str, json: &str, limit: Duration) -> Result<Arc<Call>> {
        let (callee, call) = self.prepare_call(plugin, method, json, limit)?;
        self.hand_over(&callee, &call)?;
        Ok(call)
    }

    /// The first half of `begin_call`: nobody is called yet.
    pub fn prepare_call(
        &self,
        plugin: &str,
        method: &str,
        json: &str,
        limit: Duration,
    ) -> Result<(Arc<Plugin>, Arc<Call>)> {
        Module::IntegrationHub.need()?;
        let core = self.core()?;
        validate::check_document(method, json, core.options.max_document_bytes, core.options.max_depth)?;
        let plugins = &core.hub.plugins;
        let callee = plugins.find(plugin, method)?;
        let call = plugins.working.begin(plugin, method, self.plugin(), json, limit)?;
        Ok((callee, call))
    }

    /// The second half of `begin_call`.
    pub fn hand_over(&self, callee: &Plugin, call: &Arc<Call>) -> Result<()> {
        callee.hand_over(call, &self.core()?.hub.plugins.working)
    }

    /// The next call that waits for a plug-in of this handle that is not called but asks.
    pub fn next_call(&self) -> Result<Option<Arc<Call>>> {
        Module::IntegrationHub.need()?;
        let plugins = &self.core()?.hub.plugins;
        Ok(plugins.owned(self.id).iter().find_map(|plugin| plugin.pull(&plugins.working)))
    }
}

/// Checks the JSON of an answer, which is limited like a document of a store with the usual options.
pub fn check_answer(call: &Call, json: &str) -> Result<()> {
    let usual = Options::default();
    validate::check_document(&call.method, json, usual.max_document_bytes, usual.max_depth)
}

impl Core {
    pub(super) fn leave_as_plugins(&self, owner: u64) {
        if !Module::IntegrationHub.is_built_in() {
            return;
        }
        for plugin in self.hub.plugins.take_all(owner) {
            plugin.remove();
            self.announce_plugin(PLUGIN_LEFT, &plugin.info);
        }
    }

    fn announce_plugin(&self, topic: &str, info: &PluginInfo) {
        let told =
            serde_json::json!({ "name": info.name, "version": info.version.to_string(), "exports": info.exports });
        self.publish_and_deliver(topic, self.last_sequence(), &told.to_string(), &info.holder);
    }
}
