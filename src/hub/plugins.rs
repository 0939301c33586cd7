//! Plug-ins: who is there, what they need and offer, and how their methods are reached.
//!
//! A plug-in is called on the caller's thread (direct), or on its own when it polls, or it pulls its calls. Invariants: a
//! name has one holder; no lock is held while a callee runs; a plug-in that was removed is not called any more, its callee
//! has been dropped once, and what it had not answered has failed.

use super::calls::{Call, Callee, Working};
use super::threads::{Wait, in_callback, this_thread};
use crate::error::{Error, Result, nearest, quoted};
use crate::sync::{Condvar, Mutex};
use semver::{Version, VersionReq};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a plug-in says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    pub name: String,
    pub version: Version,
    /// Other plug-ins by name, and which versions will do.
    pub dependencies: BTreeMap<String, VersionReq>,
    /// The methods that others can call.
    pub exports: Vec<String>,
    /// Called on the caller's thread.
    pub direct: bool,
    /// The name that was given when the handle was opened, and the handle.
    pub holder: String,
    pub owner: u64,
}

/// A dependency as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    pub name: String,
    pub requires: String,
    /// The version that is there.
    pub found: Option<String>,
    pub satisfied: bool,
}

/// A plug-in as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginView {
    pub name: String,
    pub version: String,
    pub holder: String,
    pub dependencies: Vec<Dependency>,
    pub exports: Vec<String>,
    pub direct: bool,
}

#[derive(Default)]
struct State {
    callee: Option<Arc<dyn Callee>>,
    /// What waits for a poll or to be pulled.
    queue: VecDeque<Arc<Call>>,
    /// Whatever was handed over and may not be over yet.
    open: Vec<Arc<Call>>,
    /// When there are so many, those that are over are let go.
    look_at: usize,
    /// The threads that the callee runs on.
    running: Vec<usize>,
    /// How many wait for one of them to leave.
    waiting: usize,
    removed: bool,
}

impl State {
    /// The callee, for this thread to run. None if there is none, or not any more.
    fn enter(&mut self) -> Option<Arc<dyn Callee>> {
        let callee = self.callee.clone().filter(|_| !self.removed)?;
        self.running.push(this_thread());
        Some(callee)
    }
}

pub struct Plugin {
    pub info: PluginInfo,
    state: Mutex<State>,
    changed: Condvar,
}

impl Plugin {
    pub fn new(info: PluginInfo, callee: Option<Arc<dyn Callee>>) -> Plugin {
        Plugin { info, state: Mutex::new(State { callee, ..State::default() }), changed: Condvar::new() }
    }

    /// Hands a call over. A direct callee has run when this returns.
    pub fn hand_over(&self, call: &Arc<Call>, working: &Working) -> Result<()> {
        {
            let mut state = self.state.lock();
            if state.removed {
                return Err(unknown_plugin(&self.info.name, &[]));
            }
            if state.open.len() >= state.look_at {
                state.open.retain(|one| !one.is_over());
                state.look_at = 2 * state.open.len() + 64;
            }
            state.open.push(call.clone());
            if !self.info.direct {
                state.queue.push_back(call.clone());
            }
        }
        if self.info.direct {
            let callee = self.state.lock().enter();
            if let Some(callee) = callee {
                self.run(call, callee, working);
            }
        }
        Ok(())
    }

    /// The next call that waits, for one who pulls. He works on it until it is over.
    pub fn pull(&self, working: &Working) -> Option<Arc<Call>> {
        let call = {
            let mut state = self.state.lock();
            if state.callee.is_some() {
                return None;
            }
            next_open(&mut state.queue)?
        };
        working.enter(&call, true);
        Some(call)
    }

    /// Calls the callee with the next call that waits. False if there is none, or it is being called: one that polls while it
    /// is called would nest as deep as calls wait.
    pub fn run_one(&self, working: &Working) -> bool {
        let (call, callee) = {
            let mut state = self.state.lock();
            // One who pulls takes the calls himself.
            if state.callee.is_none() || !state.running.is_empty() {
                return false;
            }
            let Some(call) = next_open(&mut state.queue) else { return false };
            // Under the same lock as the look above: of two that poll, one runs it.
            let Some(callee) = state.enter() else { return false };
            (call, callee)
        };
        self.run(&call, callee, working);
        true
    }

    /// The thread has entered.
    fn run(&self, call: &Arc<Call>, callee: Arc<dyn Callee>, working: &Working) {
        working.enter(call, false);
        in_callback(|| callee.call(call));
        working.leave(call);
        // Before anybody can see that the call is over: a remover that waits must find it dropped.
        drop(callee);
        self.leave();
    }

    /// This thread is in one call less.
    fn leave(&self) {
        let mut state = self.state.lock();
        let is_here = |thread: &usize| *thread == this_thread();
        if let Some(place) = state.running.iter().rposition(is_here) {
            state.running.remove(place);
        }
        if state.waiting > 0 && !state.running.iter().any(is_here) {
            Wait::is_over(self.place());
        }
        self.changed.notify_all();
    }

    /// Tells it from others.
    fn place(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Ends it: waits for calls under way on other threads, drops the callee, and has what is not answered fail. Does not wait
    /// for a call that is itself waiting for this thread: the callee is then dropped when that returns.
    pub fn remove(&self) {
        let mut state = self.state.lock();
        state.removed = true;
        let open = std::mem::take(&mut state.open);
        state.queue.clear();
        let wait = |state: &State| {
            let mut others = state.running.iter().filter(|thread| **thread != this_thread());
            others.find_map(|thread| Wait::begin(*thread, self.place()))
        };
        while let Some(_noted) = wait(&state) {
            state.waiting += 1;
            state = self.changed.wait(state);
            state.waiting -= 1;
        }
        // Another thread that ends it too waits for the drop as for a call.
        let callee = state.callee.take();
        state.running.push(this_thread());
        drop(state);
        drop(callee);
        self.leave();
        open.iter().for_each(|call| call.abandon());
    }
}

fn next_open(queue: &mut VecDeque<Arc<Call>>) -> Option<Arc<Call>> {
    // Nobody waits for the others any more.
    while let Some(call) = queue.pop_front() {
        if !call.is_over() {
            return Some(call);
        }
    }
    None
}

fn unknown_plugin(name: &str, there: &[String]) -> Error {
    Error::UnknownPlugin { what: format!("plug-in {}", quoted(name)), nearest: nearest(name, there) }
}

/// The plug-ins of one store.
#[derive(Default)]
pub struct Plugins {
    by_name: Mutex<BTreeMap<String, Arc<Plugin>>>,
    /// Calls that threads work on.
    pub working: Working,
}

impl Plugins {
    /// Registers a plug-in, unless its name has a holder.
    pub fn register(&self, plugin: Plugin) -> Result<Arc<Plugin>> {
        let mut by_name = self.by_name.lock();
        if let Some(held) = by_name.get(&plugin.info.name) {
            let (what, holder) = (format!("plug-in {}", quoted(&plugin.info.name)), held.info.holder.clone());
            return Err(Error::NameTaken { what, holder });
        }
        let plugin = Arc::new(plugin);
        by_name.insert(plugin.info.name.clone(), plugin.clone());
        Ok(plugin)
    }

    /// Takes one plug-in of an owner out; the caller removes it when it holds no lock.
    pub fn take(&self, name: &str, owner: u64) -> Result<Arc<Plugin>> {
        let mut by_name = self.by_name.lock();
        match by_name.get(name) {
            Some(found) if found.info.owner == owner => {}
            Some(found) => {
                let (what, holder) = (format!("plug-in {}", quoted(name)), found.info.holder.clone());
                return Err(Error::NameTaken { what, holder });
            }
            None => return Err(unknown_plugin(name, &names(&by_name))),
        }
        by_name.remove(name).ok_or_else(|| unknown_plugin(name, &[]))
    }

    /// Takes all plug-ins of an owner out.
    pub fn take_all(&self, owner: u64) -> Vec<Arc<Plugin>> {
        let mut by_name = self.by_name.lock();
        let taken = of_owner(&by_name, owner);
        by_name.retain(|_, plugin| plugin.info.owner != owner);
        taken
    }

    /// The plug-ins of an owner.
    pub fn owned(&self, owner: u64) -> Vec<Arc<Plugin>> {
        of_owner(&self.by_name.lock(), owner)
    }

    /// The plug-in that has a method.
    pub fn find(&self, name: &str, method: &str) -> Result<Arc<Plugin>> {
        let by_name = self.by_name.lock();
        let plugin = by_name.get(name).ok_or_else(|| unknown_plugin(name, &names(&by_name)))?;
        if plugin.info.exports.iter().any(|one| one == method) {
            return Ok(plugin.clone());
        }
        let what = format!("method {} of plug-in {}", quoted(method), quoted(name));
        Err(Error::UnknownPlugin { what, nearest: nearest(method, &plugin.info.exports) })
    }

    /// One plug-in as others see it.
    pub fn view(&self, name: &str) -> Result<PluginView> {
        let by_name = self.by_name.lock();
        let found = by_name.get(name).ok_or_else(|| unknown_plugin(name, &names(&by_name)))?;
        Ok(viewed(&found.info, &by_name))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.by_name.lock().len() as u64
    }

    /// Every plug-in, by name.
    pub fn views(&self) -> Vec<PluginView> {
        let by_name = self.by_name.lock();
        by_name.values().map(|one| viewed(&one.info, &by_name)).collect()
    }
}

type ByName = BTreeMap<String, Arc<Plugin>>;

fn names(by_name: &ByName) -> Vec<String> {
    by_name.keys().cloned().collect()
}

fn of_owner(by_name: &ByName, owner: u64) -> Vec<Arc<Plugin>> {
    by_name.values().filter(|one| one.info.owner == owner).cloned().collect()
}

fn viewed(info: &PluginInfo, by_name: &ByName) -> PluginView {
    let dependency = |(name, requires): (&String, &VersionReq)| {
        let found = by_name.get(name).map(|one| &one.info.version);
        Dependency {
            name: name.clone(),
            requires: requires.to_string(),
            found: found.map(Version::to_string),
            satisfied: found.is_some_and(|version| requires.matches(version)),
        }
    };
    PluginView {
        name: info.name.clone(),
        version: info.version.to_string(),
        holder: info.holder.clone(),
        dependencies: info.dependencies.iter().map(dependency).collect(),
        exports: info.exports.clone(),
        direct: info.direct,
    }
}
