//! Handles and callbacks of the C ABI under a model checker: opened, used and closed by several threads at once.
//!
//! Compiled under `coffer_shuttle` only; `sync::orders` plays the scenes, with stores in memory. Invariants tested: no number
//! is given out twice; one close of a handle succeeds, and once it has returned nobody is served through it; what a handle
//! stood for is dropped once, after its last user; a context is freed once if it was taken over and else never, and its
//! callback is not called after its end.

use super::fork::InUse;
use super::handle::Table;
use super::hub::{coffer_hub_publish, coffer_hub_subscribe, coffer_hub_unsubscribe};
use super::lifecycle::{HANDLES, coffer_close, coffer_db};
use super::owned::Owned;
use super::status::{COFFER_ERROR_INVALID_HANDLE, COFFER_OK};
use super::{documents, lifecycle};
use crate::database::Database;
use crate::sync::atomic as points;
use crate::sync::orders::{in_every_order, join};
use safer_ffi::c_char;
use shuttle::thread::spawn;
use std::collections::HashSet;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Lets another thread go on, if the model checker wants one to.
fn point() {
    points::AtomicBool::new(false).load(Ordering::SeqCst);
}

fn text(text: &'static CStr) -> *const c_char {
    text.as_ptr().cast()
}

/// What a handle stands for here.
struct Value {
    number: usize,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn value_of(number: usize) -> (Arc<Value>, Arc<AtomicUsize>) {
    let dropped = Arc::new(AtomicUsize::new(0));
    (Arc::new(Value { number, dropped: dropped.clone() }), dropped)
}

#[test]
fn a_handle_is_closed_once_and_never_served_after_it() {
    in_every_order(|| {
        let table = Arc::new(Table::new(1));
        let (value, dropped) = value_of(7);
        let handle = table.insert(value);
        let (closed, closes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let closers = [0, 1].map(|_| {
            let (table, closed, closes) = (table.clone(), closed.clone(), closes.clone());
            spawn(move || {
                let Some(value) = table.remove(handle) else { return };
                closed.store(true, Ordering::SeqCst);
                closes.fetch_add(1, Ordering::SeqCst);
                point();
                drop(value);
            })
        });
        let users = [0, 1].map(|_| {
            let (table, closed, dropped) = (table.clone(), closed.clone(), dropped.clone());
            spawn(move || {
                for _ in 0..2 {
                    let was_closed = closed.load(Ordering::SeqCst);
                    let Some(value) = table.get(handle) else { continue };
                    assert!(!was_closed, "served after its end");
                    point();
                    assert_eq!((value.number, dropped.load(Ordering::SeqCst)), (7, 0), "dropped while in use");
                }
            })
        });
        // Somebody else opens one meanwhile, which may get the place.
        let other = table.insert(value_of(8).0);
        join(closers.into_iter().chain(users));
        assert_eq!(closes.load(Ordering::SeqCst), 1, "closed by one");
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "dropped once");
        assert_eq!(table.get(other).map(|value| value.number), Some(8), "closed in the place of another");
        assert_eq!(table.count(), 1);
    });
}

#[test]
fn what_is_lent_is_not_closed_meanwhile() {
    in_every_order(|| {
        let table = Arc::new(Table::new(1));
        let handle = table.insert(value_of(7).0);
        let closed = Arc::new(AtomicBool::new(false));
        let users = [0, 1].map(|_| {
            let (table, closed) = (table.clone(), closed.clone());
            spawn(move || {
                let look = |value: &Arc<Value>| {
                    point();
                    assert!(!closed.load(Ordering::SeqCst), "closed while lent");
                    value.number
                };
                assert!(matches!(table.with(handle, look), None | Some(7)));
            })
        });
        assert!(table.remove(handle).is_some());
        closed.store(true, Ordering::SeqCst);
        join(users);
    });
}

#[test]
fn no_number_is_given_out_twice_and_each_leads_to_its_own() {
    in_every_order(|| {
        let (table, seen) = (Arc::new(Table::new(1)), Arc::new(Mutex::new(HashSet::new())));
        let threads = [0, 1, 2].map(|thread| {
            let (table, seen) = (table.clone(), seen.clone());
            spawn(move || {
                let mut before = None;
                for number in [thread * 10, thread * 10 + 1, thread * 10 + 2] {
                    let handle = table.insert(value_of(number).0);
                    assert!(seen.lock().unwrap().insert(handle), "{handle:#x} was given out before");
                    assert_eq!(table.get(handle).map(|value| value.number), Some(number));
                    if let Some(before) = before.replace(handle) {
                        assert!(table.remove(before).is_some(), "{before:#x} was closed by another");
                        assert!(table.get(before).is_none() && table.remove(before).is_none());
                    }
                }
            })
        });
        join(threads);
        assert_eq!(table.count(), 3);
    });
}

/// A handle on a store of its own, as `coffer_open` would give it out.
fn open() -> coffer_db {
    InUse::begin().unwrap_or_else(|_| panic!("no room")).keep();
    HANDLES.insert(Arc::new(Database::open_in_memory()))
}

fn close(db: coffer_db) -> i32 {
    // SAFETY: any number may be closed.
    unsafe { coffer_close(db) }
}

/// A subscription, say, is being made through a handle that is being closed.
#[test]
fn what_is_made_through_a_handle_goes_with_it() {
    in_every_order(|| {
        let (db, owned) = (open(), Arc::new(Owned::new(0xC9)));
        let dropped: Vec<_> = (0..2)
            .map(|number| {
                let (value, dropped) = value_of(number);
                let owned = owned.clone();
                (
                    spawn(move || {
                        if let Ok(handle) = owned.insert(db, value) {
                            // It may be gone by now, but nothing else has its number.
                            assert!(owned.get(handle).is_none_or(|value| value.number == number));
                        }
                    }),
                    dropped,
                )
            })
            .collect();
        // What `coffer_close` does.
        let database = HANDLES.remove(db).unwrap();
        owned.forget(db);
        drop(InUse::resume());
        let (threads, dropped): (Vec<_>, Vec<_>) = dropped.into_iter().unzip();
        join(threads);
        assert!(dropped.iter().all(|one| one.load(Ordering::SeqCst) == 1), "something outlives its handle");
        assert!(database.close().is_ok());
    });
}

#[test]
fn a_store_is_closed_once_while_others_save_and_load() {
    in_every_order(|| {
        let db = open();
        let (closed, closes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let users = [c"a", c"b"].map(|key| {
            let closed = closed.clone();
            spawn(move || {
                for _ in 0..2 {
                    let was_closed = closed.load(Ordering::SeqCst);
                    // SAFETY: the texts live for ever, and no result is wanted.
                    let (saved, loaded) = unsafe {
                        let saved = documents::coffer_save_persistent_data(db, text(key), text(c"1"));
                        (saved, documents::coffer_load_persistent_data(db, text(key), ptr::null_mut()))
                    };
                    assert!(!was_closed || saved == COFFER_ERROR_INVALID_HANDLE, "served after its end: {saved}");
                    assert!([COFFER_OK, COFFER_ERROR_INVALID_HANDLE].contains(&saved), "{saved}");
                    assert!(loaded == saved || loaded == COFFER_ERROR_INVALID_HANDLE, "{saved}, {loaded}");
                }
            })
        });
        let closers = [0, 1].map(|_| {
            let (closed, closes) = (closed.clone(), closes.clone());
            spawn(move || match close(db) {
                COFFER_OK => {
                    closed.store(true, Ordering::SeqCst);
                    closes.fetch_add(1, Ordering::SeqCst);
                }
                status => assert_eq!(status, COFFER_ERROR_INVALID_HANDLE),
            })
        });
        join(users.into_iter().chain(closers));
        assert_eq!(closes.load(Ordering::SeqCst), 1);
        assert!(lifecycle::database(db).is_err());
    });
}

/// What a C host has behind its context.
#[derive(Default)]
struct Host {
    is_over: AtomicBool,
    is_running: AtomicBool,
    freed: AtomicUsize,
    subscription: AtomicU64,
}

impl Host {
    fn freed(&self) -> usize {
        self.freed.load(Ordering::SeqCst)
    }

    /// A call that ends a subscription has returned.
    fn end(&self) {
        assert!(!self.is_running.load(Ordering::SeqCst), "it is still being called");
        assert_eq!(self.freed(), 1, "freed before the end returned");
        self.is_over.store(true, Ordering::SeqCst);
    }

    fn context(self: &Arc<Host>) -> *mut c_void {
        Arc::as_ptr(self).cast_mut().cast()
    }

    /// Subscribes to everything, to be called at once.
    fn subscribe(self: &Arc<Host>, db: coffer_db) -> (i32, u64) {
        let mut subscription = 0;
        let options = text(c"{\"direct\": true}");
        // SAFETY: the texts live for ever, the result while it is written, and the host longer than the scene.
        let status = unsafe {
            coffer_hub_subscribe(db, text(c"*"), options, Some(told), self.context(), Some(free), &mut subscription)
        };
        (status, subscription)
    }
}

/// SAFETY: `context` comes from `Host::context`, of a host that lives.
unsafe extern "C" fn told(
    context: *mut c_void,
    _topic: *const c_char,
    _sequence: u64,
    _event_id: u64,
    _source: *const c_char,
    _time_ms: i64,
    _json: *const c_char,
) {
    // SAFETY: see above.
    let host = unsafe { &*context.cast::<Host>() };
    assert!(!host.is_over.load(Ordering::SeqCst), "called after its end");
    assert!(!host.is_running.swap(true, Ordering::SeqCst), "called by two at once");
    point();
    assert_eq!(host.freed(), 0, "freed while it is called");
    host.is_running.store(false, Ordering::SeqCst);
}

/// SAFETY: as for `told`.
unsafe extern "C" fn free(context: *mut c_void) {
    // SAFETY: see above.
    unsafe { &*context.cast::<Host>() }.freed.fetch_add(1, Ordering::SeqCst);
}

fn publish(db: coffer_db) {
    // SAFETY: the texts live for ever, and no result is wanted.
    let status = unsafe { coffer_hub_publish(db, text(c"topic"), text(c"1"), ptr::null_mut()) };
    assert!([COFFER_OK, COFFER_ERROR_INVALID_HANDLE].contains(&status), "{status}");
}

#[test]
fn a_subscription_ends_with_its_store_while_others_publish() {
    in_every_order(|| {
        let (db, host) = (open(), Arc::new(Host::default()));
        let (status, subscription) = host.subscribe(db);
        assert_eq!(status, COFFER_OK);
        let publisher = spawn(move || (0..2).for_each(|_| publish(db)));
        let its = host.clone();
        let other = spawn(move || {
            // SAFETY: any number may be ended.
            if unsafe { coffer_hub_unsubscribe(subscription) } == COFFER_OK {
                its.end();
            }
        });
        assert_eq!(close(db), COFFER_OK);
        join([publisher, other]);
        host.end();
        // SAFETY: as above.
        assert_eq!(unsafe { coffer_hub_unsubscribe(subscription) }, COFFER_ERROR_INVALID_HANDLE);
    });
}

#[test]
fn a_context_is_freed_once_if_subscribing_has_worked_and_else_never() {
    in_every_order(|| {
        let (db, host) = (open(), Arc::new(Host::default()));
        let its = host.clone();
        let subscriber = spawn(move || {
            let (status, subscription) = its.subscribe(db);
            its.subscription.store(subscription, Ordering::SeqCst);
            if status != COFFER_OK {
                assert_eq!((status, its.freed()), (COFFER_ERROR_INVALID_HANDLE, 0), "it stays the caller's");
                its.is_over.store(true, Ordering::SeqCst);
            }
        });
        let publisher = spawn(move || publish(db));
        assert_eq!(close(db), COFFER_OK);
        join([subscriber, publisher]);
        assert_eq!(host.freed(), usize::from(!host.is_over.load(Ordering::SeqCst)));
        // SAFETY: any number may be ended.
        let again = unsafe { coffer_hub_unsubscribe(host.subscription.load(Ordering::SeqCst)) };
        assert_eq!(again, COFFER_ERROR_INVALID_HANDLE, "it goes with its store");
    });
}
