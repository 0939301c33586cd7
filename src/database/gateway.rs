//! A store over HTTP: who registered its API, through which handle, and how it ends.
//!
//! A store has one API at a time, whoever of its handles asked for it; it works on a handle of its own, so that closing the
//! other comes in two steps: the API ends, then the handle does. Invariant: an API, and an endpoint of a plug-in's, live no
//! longer than the handle that registered them.

use super::Database;
use super::gateway_service::{Api, PluginEndpoint, json};
use crate::error::{Error, Result};
use crate::gateway::{Gateway, Options, Wish};
use crate::module::Module;
use crate::sync::Mutex;
use std::sync::Arc;

/// Where a store's API is found, by every handle on it and on what succeeds it.
#[derive(Default)]
pub struct Desk(Mutex<Option<Seat>>);

#[derive(Clone)]
struct Seat {
    /// The handle that registered it, and its name.
    owner: u64,
    holder: String,
    gateway: Arc<Gateway>,
    /// The API's own handle.
    database: Arc<Database>,
}

impl Seat {
    fn taken(self) -> Error {
        Error::NameTaken { what: "the API of this store".to_owned(), holder: self.holder }
    }
}

impl Desk {
    fn seat(&self) -> Option<Seat> {
        self.0.lock().clone()
    }

    /// Takes the seat; whoever has it already stays.
    fn sit_down(&self, newcomer: Seat) -> Option<Seat> {
        let mut seat = self.0.lock();
        if seat.is_none() {
            *seat = Some(newcomer);
            return None;
        }
        seat.clone()
    }
}

fn nobody() -> Error {
    Error::NotFound { what: "registered API of this store; register one with registerDatabaseAPI first".to_owned() }
}

impl Database {
    /// Registers the API of the store, until it is unregistered or this handle is closed. Returns where it is, as JSON.
    pub fn register_api(&self, options: Option<&str>) -> Result<String> {
        Module::ApiGateway.need()?;
        let desk = self.shared()?.desk.clone();
        let mut options = Options::parse(options)?;
        options.allow_write &= !self.is_read_only();
        if let Some(seat) = desk.seat() {
            return Err(seat.taken());
        }
        // Without the lock, which closing a handle takes, as happens to the API's own when something fails.
        let database = Arc::new(self.twin()?);
        let gateway = Arc::new(Gateway::start(&options, Arc::new(Api::on(database.clone())))?);
        let registered = gateway.registered();
        let seat = Seat { owner: self.id, holder: self.plugin().to_owned(), gateway: gateway.clone(), database };
        if let Some(first) = desk.sit_down(seat) {
            gateway.stop()?;
            return Err(first.taken());
        }
        if self.core().is_err() {
            // Closing may have looked for it too early.
            self.leave_gateway();
            return Err(Error::Closed);
        }
        json(&registered)
    }

    /// Ends the API that was registered through this handle. When this returns, nothing of it is left.
    pub fn unregister_api(&self) -> Result<()> {
        Module::ApiGateway.need()?;
        let core = self.shared()?;
        // A request may wait for the very lock that this thread holds.
        core.check_not_telling()?;
        let desk = core.desk.clone();
        match desk.seat() {
            Some(seat) if seat.owner == self.id => desk.end(&seat),
            Some(seat) => Err(seat.taken()),
            None => Err(nobody()),
        }
    }

    /// Adds an endpoint that a plug-in answers, until it is removed or this handle is closed. Returns it as JSON.
    pub fn register_endpoint(&self, wish: &str) -> Result<String> {
        Module::ApiGateway.need()?;
        Module::IntegrationHub.need()?;
        let seat = self.shared()?.desk.seat().ok_or_else(nobody)?;
        let wish = Wish::parse(wish)?;
        let handler = PluginEndpoint::new(seat.database.clone(), &wish.plugin, &wish.call);
        let offered = seat.gateway.add(wish.endpoint(self.id, Arc::new(handler))?)?;
        if self.core().is_err() {
            seat.gateway.remove_all(self.id);
            return Err(Error::Closed);
        }
        json(&offered)
    }

    /// Removes an endpoint that was registered through this handle.
    pub fn unregister_endpoint(&self, id: &str) -> Result<()> {
        Module::ApiGateway.need()?;
        let seat = self.shared()?.desk.seat().ok_or_else(nobody)?;
        seat.gateway.remove(id, self.id)
    }

    /// Answers a request that came to a server of the host's, both as JSON.
    pub fn handle_request(&self, request: &str) -> Result<String> {
        Module::ApiGateway.need()?;
        let seat = self.shared()?.desk.seat().ok_or_else(nobody)?;
        seat.gateway.handle(request)
    }

    /// Refuses to close a handle whose API this thread is just answering for.
    pub(super) fn check_may_leave_gateway(&self) -> Result<()> {
        match self.newest_core().desk.seat() {
            Some(seat) if seat.owner == self.id => seat.gateway.check_may_stop(),
            _ => Ok(()),
        }
    }

    /// Ends what was registered through this handle.
    pub(super) fn leave_gateway(&self) {
        let desk = self.newest_core().desk.clone();
        let Some(seat) = desk.seat() else { return };
        seat.gateway.remove_all(self.id);
        if seat.owner == self.id {
            // Only a thread that answers a request cannot end it, and such a one was refused to close.
            let _ = desk.end(&seat);
        }
    }
}

impl Desk {
    fn end(&self, seat: &Seat) -> Result<()> {
        seat.gateway.stop()?;
        let gone = {
            let mut there = self.0.lock();
            let is_it = there.as_ref().is_some_and(|one| Arc::ptr_eq(&one.gateway, &seat.gateway));
            if is_it { there.take() } else { None }
        };
        drop(gone);
        Ok(())
    }
}
