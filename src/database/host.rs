//! The host's own hub, and what this build and the host offer together.
//!
//! Whoever broadcasts or registers a reference has the host asked first. Invariant: what the host refuses, or does not
//! answer in time, changes nothing here.

use super::events::Registered;
use super::{Core, Database};
use crate::error::{Error, Result, quoted};
use crate::hub::{CHANGED, Call, Callee, Pattern, Plugin, PluginInfo, Receiver, Seen, Wish};
use crate::module::Module;
use crate::options::read_object;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many commits wait for a host that another thread is calling.
const QUEUE: usize = 4096;

/// How a host supplies its hub.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostOptions {
    pub version: String,
    /// Whether it is handed commits as well, and with the documents.
    pub changes: bool,
    pub data: bool,
}

impl Default for HostOptions {
    fn default() -> Self {
        HostOptions { version: "0.0.0".to_owned(), changes: false, data: false }
    }
}

impl HostOptions {
    /// Reads options from a JSON object; `None` stands for the defaults.
    pub fn parse(json: Option<&str>) -> Result<HostOptions> {
        json.map_or_else(|| Ok(HostOptions::default()), |json| read_object(json, r#"{"version": "1.0.0"}"#))
    }
}

/// What `load_phase11` says of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleState {
    pub present: bool,
    /// None where nothing is there.
    pub version: Option<String>,
    /// `built_in`, `left_out` of this build, or supplied by the `host`.
    pub origin: &'static str,
}

/// The documented modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase11 {
    pub integration_hub: ModuleState,
    pub backup_restore: ModuleState,
    pub analytics: ModuleState,
    pub import_export: ModuleState,
    pub api_gateway: ModuleState,
}

/// What is broadcast, as the host is told it.
#[derive(Serialize)]
struct Broadcast<'b> {
    topic: &'b str,
    sequence: u64,
    source: &'b str,
    payload: &'b RawValue,
}

/// What a host answers to a reference.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct HostReference {
    /// Only a host that says so refuses.
    registered: bool,
    pub ref_id: Option<String>,
    pub holder: Option<String>,
}

impl HostReference {
    /// What is no object refuses nothing.
    fn read(json: &str) -> serde_json::Result<HostReference> {
        if json.trim_start().starts_with('{') { serde_json::from_str(json) } else { Ok(HostReference::default()) }
    }
}

impl Default for HostReference {
    fn default() -> Self {
        HostReference { registered: true, ref_id: None, holder: None }
    }
}

/// The operations of a host.
const BROADCAST: &str = "broadcast";
const REGISTER: &str = "register_reference";

fn wrong_answer(operation: &str, error: &serde_json::Error) -> Error {
    let reason = format!("its answer cannot be read: {error}");
    Error::CallFailed { what: format!("{} of the host", quoted(operation)), reason }
}

/// Where no host answers, this build needs a hub of its own.
fn no_host<T>() -> Result<Option<T>> {
    Module::IntegrationHub.need().map(|()| None)
}

/// A broadcast as JSON.
fn told(topic: &str, sequence: u64, json: &str, source: &str) -> Result<String> {
    let payload = serde_json::from_str(json).unwrap_or(RawValue::NULL);
    serde_json::to_string(&Broadcast { topic, sequence, source, payload })
        .map_err(|error| Error::InvalidArgument(format!("the broadcast has no JSON form: {error}")))
}

/// Hands commits to the host.
struct Ears {
    core: std::sync::Weak<Core>,
}

impl Receiver for Ears {
    fn receive(&self, seen: Seen<'_>) {
        if let Some(core) = self.core.upgrade() {
            let event = seen.event;
            // A commit cannot be refused any more, so nobody waits for what the host says of it.
            drop(core.tell_host(&event.topic, event.sequence, seen.json, &event.source));
        }
    }
}

impl Database {
    /// Supplies the host's hub until it is withdrawn or this handle is closed.
    pub fn supply_hub(&self, options: &HostOptions, callee: Arc<dyn Callee>) -> Result<()> {
        let core = self.shared()?;
        if options.changes {
            Module::IntegrationHub.need()?;
        }
        let version = Version::parse(&options.version)
            .map_err(|error| Error::InvalidOption(format!("{:?} is no version: {error}", options.version)))?;
        let dependencies = BTreeMap::<String, VersionReq>::new();
        let (name, exports, holder) = (crate::hub::HOST_NAME.to_owned(), Vec::new(), self.plugin().to_owned());
        let info = PluginInfo { name, version, dependencies, exports, direct: true, holder, owner: self.id };
        let plugin = core.hub.host.supply(Plugin::new(info, Some(callee)))?;
        if options.changes {
            let pattern = Pattern::parse(CHANGED)?;
            let wish = Wish { pattern, direct: true, with_data: options.data, capacity: QUEUE };
            let ears = Arc::new(Ears { core: Arc::downgrade(&core) });
            let subscriber = core.hub.subscribe(wish, Some(ears), false);
            if let Some(unwanted) = core.hub.host.add_ears(&plugin, subscriber) {
                core.hub.unsubscribe(&unwanted);
            }
        }
        if self.core().is_err() {
            // Closing may be at it already; when this returns it is not called any more.
            core.leave_as_host(self.id);
            plugin.remove();
            return Err(Error::Closed);
        }
        Ok(())
    }

    /// Withdraws the hub that was supplied through this handle. When this returns, its callee is not running and will not
    /// run again.
    pub fn withdraw_hub(&self) -> Result<()> {
        let was_there = self.core()?.leave_as_host(self.id);
        if was_there { Ok(()) } else { Err(Error::NotFound { what: "hub supplied through this handle".to_owned() }) }
    }

    /// What this build and the host offer of the modules that the documented layer knows.
    pub fn load_phase11(&self) -> Result<Phase11> {
        let core = self.core()?;
        let host = core.hub.host.get().map(|host| host.info.version.to_string());
        let state = |module: Module| match &host {
            Some(version) if module == Module::IntegrationHub => {
                ModuleState { present: true, version: Some(version.clone()), origin: "host" }
            }
            _ if module.is_built_in() => {
                ModuleState { present: true, version: Some(env!("CARGO_PKG_VERSION").to_owned()), origin: "built_in" }
            }
            _ => ModuleState { present: false, version: None, origin: "left_out" },
        };
        Ok(Phase11 {
            integration_hub: state(Module::IntegrationHub),
            backup_restore: state(Module::BackupRestore),
            analytics: state(Module::Analytics),
            import_export: state(Module::ImportExport),
            api_gateway: state(Module::ApiGateway),
        })
    }
}

impl Core {
    /// Takes the host of a handle out; says whether there was one.
    pub(super) fn leave_as_host(&self, owner: u64) -> bool {
        let Some(host) = self.hub.host.take(owner) else { return false };
        if let Some(ears) = host.ears {
            self.hub.unsubscribe(&ears);
        }
        host.plugin.remove();
        true
    }

    /// Hands an operation to the host, unless there is none or it left meanwhile. The caller holds no lock.
    fn hand_to_host(&self, operation: &str, caller: &str, json: &str) -> Result<Option<Arc<Call>>> {
        let Some(host) = self.hub.host.get() else { return Ok(None) };
        let working = &self.hub.plugins.working;
        let call = working.begin(&host.info.name, operation, caller, json, PATIENCE)?;
        Ok(host.hand_over(&call, working).is_ok().then_some(call))
    }

    /// Has the host do an operation; nothing if there is no host, which is for this build's own hub then. The caller holds no
    /// lock.
    fn ask_host(&self, operation: &str, caller: &str, json: &str) -> Result<Option<Box<RawValue>>> {
        let Some(call) = self.hand_to_host(operation, caller, json)? else { return no_host() };
        match call.outcome() {
            Err(_) if call.is_abandoned() => no_host(),
            outcome => RawValue::from_string(outcome?).map(Some).map_err(|error| wrong_answer(operation, &error)),
        }
    }

    pub(super) fn ask_host_to_broadcast(
        &self,
        topic: &str,
        sequence: u64,
        json: &str,
        source: &str,
    ) -> Result<Option<Box<RawValue>>> {
        if self.hub.host.get().is_none() {
            return no_host();
        }
        self.ask_host(BROADCAST, source, &told(topic, sequence, json, source)?)
    }

    /// The same of what cannot be refused any more: nobody waits for an answer.
    fn tell_host(&self, topic: &str, sequence: u64, json: &str, source: &str) -> Result<()> {
        self.hand_to_host(BROADCAST, source, &told(topic, sequence, json, source)?).map(drop)
    }

    /// Registers a reference with the host, if there is one, and here.
    pub(super) fn register_reference(&self, name: &str, owner: u64, holder: &str, about: Value) -> Result<Registered> {
        let references = &self.hub.references;
        let held = references.get(name);
        if held.is_none() {
            let told = json!({ "name": name, "holder": holder, "about": about }).to_string();
            let answer = self.ask_host(REGISTER, holder, &told)?;
            let answer = answer.map(|json| HostReference::read(json.get())).transpose();
            match answer.map_err(|error| wrong_answer(REGISTER, &error))? {
                None => {}
                Some(answer) if !answer.registered => return Ok(Registered::elsewhere(name, answer, about)),
                Some(HostReference { ref_id, .. }) => {
                    return Ok(Registered::of(references.register(name, owner, holder, about, ref_id), owner));
                }
            }
        }
        Ok(Registered::of(references.register(name, owner, holder, about, None), owner))
    }
}
