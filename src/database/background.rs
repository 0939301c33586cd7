//! The store's own thread: it writes and syncs what is owed, makes segments ahead, and checkpoints.
//!
//! Holds when that happens; `journal` and `checkpoint` hold how. The thread sleeps while nothing is owed. Invariant:
//! what a save left unwritten or unsynced is seen to within the store's intervals, a running checkpoint included.

use super::Core;
use crate::disk::Thread;
use crate::error::{Error, Result};
use crate::journal::Log;
use crate::module::Module;
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The thread goes to sleep after so many rounds without a save.
const ROUNDS_BEFORE_SLEEP: u32 = 20;
/// So many queued bytes are written before the interval is over.
pub const QUEUE_WAKES: usize = 1 << 20;
/// After a checkpoint that failed (a full disk, say) the next is tried this much later.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(10);

/// How savers and closers reach the thread.
#[derive(Default)]
pub struct Signal {
    /// Something is owed. A save costs one load as a rule.
    is_dirty: AtomicBool,
    /// The thread waits without a time limit, and has to be woken. It does so only after a while without saves: waking it
    /// in the middle of a game's frame would cost the game a system call and maybe its processor.
    is_asleep: AtomicBool,
    wishes: Mutex<Wishes>,
    changed: Condvar,
    answered: Condvar,
}

#[derive(Default)]
struct Wishes {
    urgent: bool,
    stop: bool,
    /// Rounds in a row in which nothing was owed.
    idle_rounds: u32,
    /// Checkpoints asked for, and answered.
    asked: u64,
    answered: u64,
    failure: Option<Arc<Error>>,
}

/// When work was last done.
pub struct Pace {
    synced_at: Instant,
    kept_up_at: Instant,
    no_checkpoint_before: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        let now = Instant::now();
        Pace { synced_at: now, kept_up_at: now, no_checkpoint_before: None }
    }
}

impl Signal {
    /// Says that a commit is to be seen to within the interval.
    #[inline]
    pub fn dirty(&self) {
        if self.is_dirty.load(Ordering::Relaxed) {
            return;
        }
        // Either the thread sees this before it falls asleep, or this sees that it sleeps: both sides write first and
        // then look, in one total order.
        self.is_dirty.store(true, Ordering::SeqCst);
        if self.is_asleep.load(Ordering::SeqCst) {
            let _wishes = self.wishes.lock();
            self.changed.notify_one();
        }
    }

    /// Says that there is work now.
    pub fn urge(&self) {
        self.is_dirty.store(true, Ordering::Release);
        let mut wishes = self.wishes.lock();
        if !wishes.urgent {
            wishes.urgent = true;
            self.changed.notify_one();
        }
    }

    pub fn stop(&self) {
        self.wishes.lock().stop = true;
        self.changed.notify_one();
    }

    /// Waits until there is work: a tick while something is owed, else `nap` at the most. Returns the newest checkpoint that
    /// is asked for, if any, or `None` at the end.
    fn wait(&self, tick: Duration, nap: Option<Duration>) -> Option<Option<u64>> {
        let mut wishes = self.wishes.lock();
        let mut woken = false;
        while !wishes.stop && !wishes.urgent && wishes.asked == wishes.answered && !woken {
            if self.is_dirty.load(Ordering::Acquire) || wishes.idle_rounds < ROUNDS_BEFORE_SLEEP {
                let timed_out;
                (wishes, timed_out) = self.changed.wait_for(wishes, tick);
                woken = timed_out && self.is_dirty.load(Ordering::Acquire);
                wishes.idle_rounds = if woken { 0 } else { wishes.idle_rounds + u32::from(timed_out) };
            } else {
                (wishes, woken) = self.sleep(wishes, nap);
            }
        }
        wishes.urgent = false;
        (!wishes.stop).then_some((wishes.asked > wishes.answered).then_some(wishes.asked))
    }

    /// Waits until it is woken, unless something is owed by now; says whether the nap was over before.
    fn sleep<'a>(&self, mut wishes: MutexGuard<'a, Wishes>, nap: Option<Duration>) -> (MutexGuard<'a, Wishes>, bool) {
        let mut is_over = false;
        self.is_asleep.store(true, Ordering::SeqCst);
        if !self.is_dirty.load(Ordering::SeqCst) {
            match nap {
                Some(nap) => (wishes, is_over) = self.changed.wait_for(wishes, nap),
                None => wishes = self.changed.wait(wishes),
            }
        }
        self.is_asleep.store(false, Ordering::SeqCst);
        wishes.idle_rounds = 0;
        (wishes, is_over)
    }

    /// Answers every request up to `ticket`. What was asked for during the work is for the next round.
    fn answer(&self, ticket: u64, outcome: Result<()>) {
        let mut wishes = self.wishes.lock();
        wishes.answered = ticket;
        wishes.failure = outcome.err().map(Arc::new);
        self.answered.notify_all();
    }
}

/// Starts the thread of a store. It ends when the last handle closes.
pub fn start(core: &Arc<Core>) -> Result<()> {
    let held = core.clone();
    let thread = Thread::start(move || held.run())
        .map_err(|source| Error::io("start the background thread of", &core.folder, source))?;
    *core.thread.lock() = Some(thread);
    Ok(())
}

impl Core {
    /// The longest that the thread sleeps while something is owed.
    fn tick(&self) -> Duration {
        self.options.flush_interval.min(self.options.sync_interval)
    }

    fn run(&self) {
        if Module::Analytics.is_built_in() {
            self.store.prepare_extremes();
        }
        while let Some(asked) = self.signal.wait(self.tick(), self.until_schedule()) {
            let outcome = self.maintain(false);
            if let Some(ticket) = asked {
                let outcome = outcome.and_then(|()| self.checkpoint_in_time());
                self.signal.answer(ticket, outcome);
            }
        }
    }

    /// Checkpoints as soon as nobody looks at a past state, and sees to the intervals until then.
    fn checkpoint_in_time(&self) -> Result<()> {
        while !self.try_checkpoint()? {
            self.keep_up_meanwhile()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Has the thread checkpoint and waits for it; without a thread, does it here.
    pub(super) fn request_checkpoint(&self) -> Result<()> {
        self.check_not_telling()?;
        if !self.options.background {
            return self.checkpoint();
        }
        let mut wishes = self.signal.wishes.lock();
        wishes.asked += 1;
        let ticket = wishes.asked;
        self.signal.changed.notify_one();
        while wishes.answered < ticket {
            if wishes.stop {
                return Err(Error::Closed);
            }
            // The thread may be stopped by a close that comes after our asking.
            (wishes, _) = self.signal.answered.wait_for(wishes, Duration::from_millis(50));
        }
        match &wishes.failure {
            None => Ok(()),
            Some(error) => Err(Error::Background(error.clone())),
        }
    }

    /// One round: everything that is due, or with `all` everything that could be.
    pub(super) fn maintain(&self, all: bool) -> Result<()> {
        let log = self.log()?;
        log.check()?;
        self.signal.is_dirty.store(false, Ordering::SeqCst);
        self.keep_up(log, all)?;
        self.prepare_segment(log);
        log.mark_durable()?;
        if self.keep_schedule().is_err() || self.keep_growth().is_err() {
            // Nobody waits for it. A failure that concerns the journal shows at the next write.
            log.check()?;
        }
        if self.checkpoint_is_due(log) && self.may_checkpoint() && self.try_checkpoint().is_err() {
            // The journal still has everything. A failure that concerns it shows at the next write.
            self.pace.lock().no_checkpoint_before = Some(Instant::now() + CHECKPOINT_PAUSE);
        }
        if log.has_queued() || log.synced() < log.written() || !log.is_marked() {
            self.signal.is_dirty.store(true, Ordering::Release);
        }
        Ok(())
    }

    pub(super) fn may_checkpoint(&self) -> bool {
        self.pace.lock().no_checkpoint_before.is_none_or(|time| Instant::now() >= time)
    }

    /// Writes and syncs what the intervals want by now.
    fn keep_up(&self, log: &Log, all: bool) -> Result<()> {
        let now = Instant::now();
        let is_late = {
            let mut pace = self.pace.lock();
            pace.kept_up_at = now;
            // The next round comes a tick later: what would be late by then is due now.
            now.duration_since(pace.synced_at) + self.tick() > self.options.sync_interval
        };
        // A queued commit is one that was saved `behind`, whose promise includes the sync.
        if log.has_queued() || log.synced() < log.written() && (all || is_late) {
            log.sync_through(log.last_sequence())?;
            self.pace.lock().synced_at = now;
        }
        Ok(())
    }

    /// Makes the next segment if it is time. Without room for one the active one grows; the next round tries again.
    fn prepare_segment(&self, log: &Log) {
        if log.wants_segment() && self.check_folder().is_ok() {
            let _ = log.prepare_segment();
        }
    }

    /// Called between the stretches of a long piece of work.
    pub(super) fn keep_up_meanwhile(&self) -> Result<()> {
        let log = self.log()?;
        // A segment wanted meanwhile is made meanwhile, or the active one grows without bound.
        self.prepare_segment(log);
        let is_flood = log.queued_bytes() > QUEUE_WAKES;
        if is_flood || self.pace.lock().kept_up_at.elapsed() >= self.tick() {
            self.keep_up(log, false)?;
        }
        Ok(())
    }
}
