//! Plug-ins that call each other, a hub that the host supplies, and what this build says it has.
//!
//! Runs on real files. Invariant tested: a call has exactly one outcome, within its limit; whatever ends a plug-in or a host,
//! its callee is dropped once and never called after; what a host refuses changes nothing.

use coffer::database::{Database, HostOptions, Phase11, PluginWish, SubscriptionOptions};
use coffer::error::{Error, Result};
use coffer::hub::{Asked, Call, Callee};
use coffer::options::Requested;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Answers with what a closure says, and counts how often it was dropped.
struct Answering<F> {
    answer: F,
    dropped: Arc<AtomicUsize>,
}

impl<F: Fn(&Arc<Call>) -> Option<Result<String>> + Send + Sync> Callee for Answering<F> {
    fn call(&self, call: &Arc<Call>) {
        assert_eq!(self.dropped.load(Ordering::SeqCst), 0, "called after its end");
        // Whether the answer came in time is the caller's to tell.
        let _ = match (self.answer)(call) {
            Some(Ok(json)) => call.answer(&json),
            Some(Err(error)) => call.refuse(&error.to_string()),
            None => Ok(()),
        };
    }
}

impl<F> Drop for Answering<F> {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn callee(
    answer: impl Fn(&Arc<Call>) -> Option<Result<String>> + Send + Sync + 'static,
) -> (Arc<dyn Callee>, Arc<AtomicUsize>) {
    let dropped = Arc::new(AtomicUsize::new(0));
    (Arc::new(Answering { answer, dropped: dropped.clone() }), dropped)
}

fn open_as(folder: &Path, plugin: &str) -> Database {
    Database::open(folder, &Requested::parse(Some(&format!(r#"{{"plugin":"{plugin}"}}"#))).unwrap()).unwrap()
}

fn register(db: &Database, json: &str, callee: Option<Arc<dyn Callee>>) -> Result<()> {
    db.register_plugin(PluginWish::parse(json)?, callee)
}

const LIMIT: Duration = Duration::from_secs(10);

fn call(db: &Database, plugin: &str, method: &str, json: &str) -> Result<String> {
    db.begin_call(plugin, method, json, LIMIT)?.outcome()
}

#[test]
fn a_direct_plugin_answers_on_the_callers_thread() {
    let folder = tempfile::tempdir().unwrap();
    let (roster, party) = (open_as(folder.path(), "roster"), open_as(folder.path(), "party"));
    let here = std::thread::current().id();
    let (echo, dropped) = callee(move |call| {
        assert_eq!(std::thread::current().id(), here);
        Some(match &*call.method {
            "echo" => Ok(format!(r#"{{"from":"{}","said":{}}}"#, call.caller, call.json)),
            _ => Err(Error::ReadOnly),
        })
    });
    register(&roster, r#"{"name":"r","version":"1.4.2","exports":["echo","fail"],"direct":true}"#, Some(echo)).unwrap();
    assert_eq!(call(&party, "r", "echo", "[1.0]").unwrap(), r#"{"from":"party","said":[1.0]}"#);
    let failed = call(&party, "r", "fail", "1").unwrap_err();
    assert!(matches!(&failed, Error::CallFailed { reason, .. } if reason.contains("read-only")), "{failed}");
    assert!(
        matches!(call(&party, "r", "ecko", "1"), Err(Error::UnknownPlugin { nearest, .. }) if nearest[0] == "echo")
    );
    assert!(matches!(call(&party, "x", "echo", "1"), Err(Error::UnknownPlugin { nearest, .. }) if nearest == ["r"]));
    assert!(matches!(call(&party, "r", "echo", "{"), Err(Error::InvalidJson { .. })));
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    roster.close().unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(matches!(call(&party, "r", "echo", "1"), Err(Error::UnknownPlugin { .. })));
}

#[test]
fn plugins_are_listed_with_what_they_lack() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "tools");
    let events = db.subscribe("plugin*", &SubscriptionOptions::default(), None).unwrap();
    register(&db, r#"{"name":"a","version":"1.2.0","dependencies":{"b":"^2","c":">=1"}}"#, None).unwrap();
    register(&db, r#"{"name":"b","version":"1.9.0","dependencies":["a"]}"#, None).unwrap();
    let view = db.registered_plugin("a").unwrap();
    let told: Vec<_> = view.dependencies.iter().map(|one| (&*one.name, one.found.as_deref(), one.satisfied)).collect();
    assert_eq!(told, [("b", Some("1.9.0"), false), ("c", None, false)]);
    assert!(db.registered_plugins().unwrap()[1].dependencies[0].satisfied);
    let other = open_as(folder.path(), "other");
    let taken = register(&other, r#"{"name":"a","version":"3.0.0"}"#, None).unwrap_err().to_string();
    assert!(taken.contains("tools"), "{taken}");
    assert!(matches!(other.unregister_plugin("a"), Err(Error::NameTaken { .. })));
    for wrong in [
        r#"{"name":"","version":"1.0.0"}"#,
        r#"{"name":"x\u0000","version":"1.0.0"}"#,
        r#"{"name":"x","version":"1"}"#,
        r#"{"name":"x","version":"1.0.0","dependencies":{"a":"new"}}"#,
        r#"{"name":"x","version":"1.0.0","surprise":1}"#,
        r#"{"name":"x"}"#,
    ] {
        assert!(matches!(register(&db, wrong, None), Err(Error::InvalidOption(_))), "{wrong}");
    }
    assert!(matches!(
        register(&db, r#"{"name":"x","version":"1.0.0","direct":true}"#, None),
        Err(Error::InvalidArgument(_))
    ));
    db.unregister_plugin("a").unwrap();
    assert!(matches!(db.unregister_plugin("a"), Err(Error::UnknownPlugin { .. })));
    let heard: Vec<String> = std::iter::from_fn(|| events.take()).map(|(event, _)| event.topic.to_string()).collect();
    assert_eq!(heard, ["plugin_registered", "plugin_registered", "plugin_left"]);
}

#[test]
fn a_polled_plugin_answers_when_its_own_thread_polls() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, theirs) = (open_as(folder.path(), "mine"), open_as(folder.path(), "theirs"));
    let (double, _) = callee(|call| Some(Ok(format!("[{0},{0}]", call.json))));
    register(&mine, r#"{"name":"m","version":"1.0.0","exports":["double"]}"#, Some(double)).unwrap();
    let begun = theirs.begin_call("m", "double", "7", LIMIT).unwrap();
    assert!(matches!(begun.ask(Duration::from_millis(20)), Asked::Pending));
    assert_eq!(theirs.poll(None, None).unwrap(), 0, "another handle's poll leaves it");
    assert_eq!(mine.poll(Some(1), None).unwrap(), 1);
    assert_eq!(begun.outcome().unwrap(), "[7,7]");
    // From another thread, and with the caller waiting.
    let stop = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let stopped = stop.clone();
        let mine = &mine;
        scope.spawn(move || {
            while stopped.load(Ordering::SeqCst) == 0 {
                mine.poll(None, None).unwrap();
            }
        });
        assert_eq!(call(&theirs, "m", "double", "1").unwrap(), "[1,1]");
        stop.store(1, Ordering::SeqCst);
    });
}

#[test]
fn a_limit_ends_a_call_that_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    register(&db, r#"{"name":"p","version":"1.0.0","exports":["m"]}"#, None).unwrap();
    let start = Instant::now();
    let begun = db.begin_call("p", "m", "1", Duration::from_millis(50)).unwrap();
    assert!(matches!(begun.outcome(), Err(Error::TimedOut { .. })));
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert!(db.next_call().unwrap().is_none(), "nobody waits for it any more");
    let begun = db.begin_call("p", "m", "1", Duration::from_millis(50)).unwrap();
    let pulled = db.next_call().unwrap().unwrap();
    assert!(matches!(begun.outcome(), Err(Error::TimedOut { .. })));
    assert!(matches!(pulled.answer("1"), Err(Error::TimedOut { .. })));
    // One that is called on the caller's own thread, but takes too long.
    let (slow, _) = callee(|_| {
        std::thread::sleep(Duration::from_millis(60));
        Some(Ok("1".to_owned()))
    });
    register(&db, r#"{"name":"s","version":"1.0.0","exports":["m"],"direct":true}"#, Some(slow)).unwrap();
    let begun = db.begin_call("s", "m", "1", Duration::from_millis(30)).unwrap();
    assert!(matches!(begun.outcome(), Err(Error::TimedOut { .. })));
}

#[test]
fn an_answer_may_come_later_from_another_thread() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_as(folder.path(), "");
    let (send, receive) = channel::<Arc<Call>>();
    let send = Mutex::new(send);
    let (forward, _) = callee(move |call| {
        send.lock().unwrap().send(call.clone()).unwrap();
        None
    });
    register(&db, r#"{"name":"p","version":"1.0.0","exports":["m"],"direct":true}"#, Some(forward)).unwrap();
    let worker = std::thread::spawn(move || receive.recv().unwrap().answer("[\"later\"]"));
    assert_eq!(call(&db, "p", "m", "1").unwrap(), "[\"later\"]");
    worker.join().unwrap().unwrap();
}

#[test]
fn plugins_that_call_each_other_in_a_circle_get_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let deepest = Arc::new(AtomicUsize::new(0));
    for (name, next) in [("a", "b"), ("b", "a")] {
        let (weak, deepest): (Weak<Database>, _) = (Arc::downgrade(&db), deepest.clone());
        let (relay, _) = callee(move |given| {
            deepest.fetch_add(1, Ordering::SeqCst);
            Some(call(&weak.upgrade().unwrap(), next, "m", &given.json))
        });
        let wish = format!(r#"{{"name":"{name}","version":"1.0.0","exports":["m"],"direct":true}}"#);
        register(&db, &wish, Some(relay)).unwrap();
    }
    let error = call(&db, "a", "m", "1").unwrap_err().to_string();
    assert!(error.contains("call 33 within calls"), "{error}");
    assert_eq!(deepest.load(Ordering::SeqCst), 32);
    let error = call(&db, "b", "m", "1").unwrap_err();
    assert!(matches!(error, Error::CallFailed { .. }), "the way back left nothing behind: {error}");
}

#[test]
fn what_a_plugin_has_not_answered_fails_when_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, theirs) = (open_as(folder.path(), "mine"), open_as(folder.path(), "theirs"));
    register(&mine, r#"{"name":"p","version":"1.0.0","exports":["m"]}"#, None).unwrap();
    let calls: Vec<_> = (0..2).map(|_| theirs.begin_call("p", "m", "1", LIMIT).unwrap()).collect();
    let pulled = mine.next_call().unwrap().unwrap();
    mine.close().unwrap();
    for call in calls {
        let left = call.outcome().unwrap_err();
        assert!(matches!(&left, Error::CallFailed { reason, .. } if reason.contains("left")), "{left}");
    }
    assert!(pulled.answer("1").is_err());
}

#[test]
fn unregistering_waits_for_a_call_on_another_thread_but_not_for_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let (entered, wait) = channel();
    let entered = Mutex::new(entered);
    let (slow, dropped) = callee(move |_| {
        entered.lock().unwrap().send(()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        Some(Ok("1".to_owned()))
    });
    register(&db, r#"{"name":"slow","version":"1.0.0","exports":["m"],"direct":true}"#, Some(slow)).unwrap();
    let other = db.clone();
    let caller = std::thread::spawn(move || call(&other, "slow", "m", "1"));
    wait.recv().unwrap();
    db.unregister_plugin("slow").unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(caller.join().unwrap().unwrap(), "1");
    let weak = Arc::downgrade(&db);
    let (suicidal, dropped) = callee(move |_| {
        weak.upgrade().unwrap().unregister_plugin("s").unwrap();
        Some(Ok("2".to_owned()))
    });
    let seen = dropped.clone();
    register(&db, r#"{"name":"s","version":"1.0.0","exports":["m"],"direct":true}"#, Some(suicidal)).unwrap();
    // Leaving has the call fail that it left in.
    assert!(matches!(call(&db, "s", "m", "1"), Err(Error::CallFailed { .. })));
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

/// Two callbacks on two threads, each of which ends the other.
#[test]
fn callbacks_that_end_each_other_do_not_wait_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let db = Arc::new(open_as(folder.path(), ""));
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let mut drops = Vec::new();
    for (name, other) in [("a", "b"), ("b", "a")] {
        let (weak, barrier) = (Arc::downgrade(&db), barrier.clone());
        let (ending, dropped) = callee(move |_| {
            barrier.wait();
            weak.upgrade().unwrap().unregister_plugin(other).unwrap();
            Some(Ok("1".to_owned()))
        });
        drops.push(dropped);
        let wish = format!(r#"{{"name":"{name}","version":"1.0.0","exports":["m"],"direct":true}}"#);
        register(&db, &wish, Some(ending)).unwrap();
    }
    std::thread::scope(|scope| {
        for name in ["a", "b"] {
            let db = &db;
            scope.spawn(move || drop(call(db, name, "m", "1")));
        }
    });
    assert!(drops.iter().all(|dropped| dropped.load(Ordering::SeqCst) == 1));
}

fn host(
    db: &Database,
    options: &str,
    answer: impl Fn(&Arc<Call>) -> Option<Result<String>> + Send + Sync + 'static,
) -> (Result<()>, Arc<AtomicUsize>) {
    let (callee, dropped) = callee(answer);
    (db.supply_hub(&HostOptions::parse(Some(options)).unwrap(), callee), dropped)
}

#[test]
fn a_host_is_handed_every_broadcast_and_reference() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, party) = (open_as(folder.path(), "engine"), open_as(folder.path(), "party"));
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let (supplied, dropped) = host(&engine, r#"{"version":"7.0.0","changes":true}"#, move |call| {
        let told: serde_json::Value = serde_json::from_str(&call.json).unwrap();
        telling.lock().unwrap().push((call.method.clone(), call.caller.clone(), told));
        Some(Ok(if call.method == "broadcast" {
            r#"{"event_id":1e400,"event_id":"e-1"}"#
        } else {
            r#"{"registered":true,"ref_id":"ref-7"}"#
        }
        .to_owned()))
    });
    supplied.unwrap();
    assert!(matches!(host(&party, "{}", |_| None).0, Err(Error::NameTaken { .. })));
    let hears = party.subscribe("*", &SubscriptionOptions::default(), None).unwrap();
    party.save("slot", "[1]", None, None).unwrap();
    party.publish("own", "[2]").unwrap();
    let synced = party.sync_tier1().unwrap();
    assert_eq!(synced.host.unwrap().get(), r#"{"event_id":1e400,"event_id":"e-1"}"#);
    assert_eq!(party.register_master_reference().unwrap().reference.ref_id, "ref-7");
    assert_eq!(std::iter::from_fn(|| hears.take()).count(), 3, "subscribers hear the same");
    let state = party.load_phase11().unwrap().integration_hub;
    assert_eq!((state.origin, state.version.as_deref()), ("host", Some("7.0.0")));
    {
        let told = told.lock().unwrap();
        let topics: Vec<_> = told.iter().map(|(method, _, json)| (&**method, json["topic"].as_str())).collect();
        let broadcast = |topic| ("broadcast", Some(topic));
        assert_eq!(
            topics,
            [broadcast("database_changed"), broadcast("own"), broadcast("database_sync"), ("register_reference", None)]
        );
        assert!(told.iter().all(|(_, caller, _)| caller == "party"));
        assert_eq!(told[0].2["payload"]["changes"][0]["key"], "slot");
        assert_eq!(told[3].2["about"]["capabilities"][3], "version_control");
    }
    engine.withdraw_hub().unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(matches!(engine.withdraw_hub(), Err(Error::NotFound { .. })));
    party.publish("own", "[3]").unwrap();
    party.save("slot", "[2]", None, None).unwrap();
    assert_eq!(told.lock().unwrap().len(), 4);
    assert_eq!(party.load_phase11().unwrap().integration_hub.origin, "built_in");
}

#[test]
fn what_a_host_refuses_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, party) = (open_as(folder.path(), "engine"), open_as(folder.path(), "party"));
    let (supplied, dropped) = host(&engine, "{}", |call| match &*call.method {
        "register_reference" => Some(Ok(r#"{"registered":false,"holder":"main hub","ref_id":"ref-3"}"#.to_owned())),
        _ => Some(Err(Error::ReadOnly)),
    });
    supplied.unwrap();
    let hears = party.subscribe("*", &SubscriptionOptions::default(), None).unwrap();
    assert!(matches!(party.publish("own", "1"), Err(Error::CallFailed { .. })));
    assert!(matches!(party.sync_tier1(), Err(Error::CallFailed { .. })));
    let registered = party.register_master_reference().unwrap();
    assert_eq!((registered.registered, &*registered.reference.holder), (false, "main hub"));
    assert!(party.references().unwrap().is_empty());
    assert!(hears.take().is_none());
    engine.close().unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(party.register_master_reference().unwrap().registered);
}

/// Others publish while a host comes and goes, and while one withdraws itself: nobody refused, so nothing fails.
#[test]
fn publishing_does_not_fail_because_a_host_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, party) = (Arc::new(open_as(folder.path(), "engine")), open_as(folder.path(), "party"));
    std::thread::scope(|scope| {
        let engine = &engine;
        scope.spawn(move || {
            for _ in 0..2000 {
                host(engine, "{}", |_| Some(Ok("1".to_owned()))).0.unwrap();
                engine.withdraw_hub().unwrap();
            }
        });
        for _ in 0..20_000 {
            party.publish("own", "1").unwrap();
        }
    });
    let weak = Arc::downgrade(&engine);
    let (supplied, dropped) = host(&engine, "{}", move |_| {
        weak.upgrade().unwrap().withdraw_hub().unwrap();
        None
    });
    supplied.unwrap();
    party.publish("own", "1").unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn the_modules_of_this_build_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let modules = open_as(folder.path(), "").load_phase11().unwrap();
    let Phase11 { integration_hub, backup_restore, analytics, import_export, api_gateway } = &modules;
    for there in [integration_hub, backup_restore, analytics, import_export, api_gateway] {
        assert_eq!((there.present, there.origin), (true, "built_in"));
        assert_eq!(there.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    }
}
