//! Crashes a recorded run after every step, in every way, and says which promise a recovered store broke.
//!
//! It knows the promises only, not how they are kept. Invariant: an image passes only if it opens strictly, holds one of
//! the states that it may hold whole, none older than what was acknowledged, has its snapshots, takes a durable save or
//! restore, and has that after the next power cut.

use super::crash_images::{Crash, CrashPoints};
use super::history::History;
use super::model::contents_of;
use super::random::Random;
use super::run::Run;
use super::script::{Action, open};
use super::simulated_disk::SimulatedDisk;
use super::snapshots::{Part, check_one};
use coffer::database::Database;
use coffer::options::{Durability, Options};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How much to try.
#[derive(Clone)]
pub struct CrashCheck {
    pub options: Options,
    pub seed: u64,
    /// Images of each kind that chance decides, for each step.
    pub rounds: usize,
    /// Of so many images one is crashed again at every step of its recovery; 0 for none. Where the process died just
    /// after a name changed, it is one of a hundredth as many, and all after a rename: there most can go wrong, since
    /// names are what the next opening goes by, and none of them is certain yet.
    pub second_crash_every: usize,
    /// Images of each kind that chance decides, for each step of a recovery after a rename.
    pub rename_rounds: usize,
}

/// What came of it.
#[derive(Default)]
pub struct Report {
    pub images: usize,
    pub second_images: usize,
    pub failures: Vec<String>,
}

/// Where an image was taken.
#[derive(Clone, Copy)]
struct Moment {
    position: usize,
    crash: Crash,
    round: usize,
}

/// More failures than these say nothing new.
const ENOUGH: usize = 20;

impl CrashCheck {
    /// Tries the whole log of the disk that the history belongs to, on as many threads as there are processors.
    pub fn run(&self, disk: &SimulatedDisk, history: &History) -> Report {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let mut total = Report::default();
        std::thread::scope(|scope| {
            let work = |worker| move || self.walk(disk, history, worker, workers);
            let running: Vec<_> = (0..workers).map(|worker| scope.spawn(work(worker))).collect();
            for thread in running {
                let report = thread.join().expect("a worker reports panics of the store as failures");
                total.images += report.images;
                total.second_images += report.second_images;
                total.failures.extend(report.failures);
            }
        });
        total
    }

    /// Tries every `workers`-th step, so that several walks share the work without sharing anything else.
    fn walk(&self, disk: &SimulatedDisk, history: &History, worker: usize, workers: usize) -> Report {
        let mut report = Report::default();
        let mut points = CrashPoints::of(disk);
        while report.failures.len() < ENOUGH {
            if points.position() % workers == worker {
                self.crash_here(&points, history, &mut report);
            }
            if !points.advance() {
                break;
            }
        }
        report
    }

    fn crash_here(&self, points: &CrashPoints, history: &History, report: &mut Report) {
        for crash in Crash::ALL {
            // With nothing pending, all images are alike: one is enough.
            if crash != Crash::Process && !points.has_pending() {
                continue;
            }
            for round in 0..if crash.by_chance() { self.rounds } else { 1 } {
                let moment = Moment { position: points.position(), crash, round };
                report.images += 1;
                let tried = catch_unwind(AssertUnwindSafe(|| self.try_image(points, history, moment)));
                let tried = tried.unwrap_or_else(|_| Err("a panic".to_owned()));
                match tried {
                    Ok(second) => {
                        report.second_images += second.images;
                        report
                            .failures
                            .extend(second.failures.iter().map(|wrong| self.describe(points, moment, wrong)));
                    }
                    Err(wrong) => report.failures.push(self.describe(points, moment, &wrong)),
                }
            }
        }
    }

    fn describe(&self, points: &CrashPoints, moment: Moment, wrong: &str) -> String {
        let Moment { position, crash, round } = moment;
        format!("seed {}, step {position} ({}), {crash:?} {round}: {wrong}", self.seed, points.last_step())
    }

    /// Recovers one image, goes on with it, and crashes all that too if it is the image's turn.
    fn try_image(&self, points: &CrashPoints, history: &History, moment: Moment) -> Result<Report, String> {
        let mut random = self.random_for(moment);
        let image = points.image(moment.crash, &mut random);
        let (db, state) = self.recover(&image, history, moment)?;
        // A power cut leaves only what is certain; after the death of a process alone, no more is certain than before.
        let certain = if moment.crash == Crash::Process { history.durable_at(moment.position) } else { state };
        let rounds = self.second_rounds(points, moment.crash, &mut random);
        let again = rounds > 0;
        let run = Run::resume(&image, &self.options, db, history.going_on(certain, state));
        let close = again || random.percent(10);
        let image_history = self.go_on(&image, run, close, &mut random)?;
        if !again {
            return Ok(Report::default());
        }
        let deeper = CrashCheck { seed: random.next(), rounds, second_crash_every: 0, ..self.clone() };
        Ok(deeper.walk(&image, &image_history, 0, 1))
    }

    /// How many rounds of second crashes this image is worth, if any.
    fn second_rounds(&self, points: &CrashPoints, crash: Crash, random: &mut Random) -> usize {
        match (self.second_crash_every, crash, points.just_changed_names()) {
            (0, ..) => 0,
            (_, Crash::Process, (_, true)) => self.rename_rounds,
            (every, Crash::Process, (true, _)) => usize::from(random.below(every.div_ceil(100)) == 0),
            (every, ..) => usize::from(random.below(every) == 0),
        }
    }

    /// Chance for one image depends on nothing but the seed and the moment, however the work is shared.
    fn random_for(&self, moment: Moment) -> Random {
        let place = (moment.position as u64) << 16 | (moment.round as u64) << 8 | moment.crash as u64;
        Random::new(self.seed ^ Random::new(place).next())
    }

    /// Opens the image strictly and says in which state it came back.
    fn recover(&self, image: &SimulatedDisk, history: &History, moment: Moment) -> Result<(Database, usize), String> {
        let db = self.open(image)?;
        let least = match moment.crash {
            Crash::Process => history.written_at(moment.position),
            _ => history.durable_at(moment.position),
        };
        let found = contents_of(&db).map_err(|error| format!("reading after the crash: {error}"))?;
        let state = history.find(&found, moment.position, least)?;
        // By its own chance, so that the choice of a snapshot decides nothing else.
        let mut random = Random::new(self.random_for(moment).next() ^ state as u64);
        // Reading all that a snapshot needs takes longer than all else, and second crashes make most of the images.
        let is_second = self.second_crash_every == 0;
        if random.percent(if is_second { 20 } else { 60 }) {
            check_one(&db, &history.state(state).model, &mut random)?;
        }
        Ok((db, state))
    }

    fn open(&self, image: &SimulatedDisk) -> Result<Database, String> {
        open(&(Arc::new(image.clone()) as _), &self.options).map_err(|error| format!("it does not open: {error}"))
    }

    /// Saves or restores in the recovered store and cuts the power; that and all before it must be there. The history
    /// that comes back is that of the recovery, so that it can be crashed in turn.
    fn go_on(&self, image: &SimulatedDisk, mut run: Run, close: bool, random: &mut Random) -> Result<History, String> {
        let keys = ["slot/1", "slot/2", "slot/3", "after/crash", "character_roster"];
        let save = Action::Save {
            key: (*random.pick(&keys)).to_owned(),
            text: format!("[\"after\",{}]", random.next()).into(),
            durability: Durability::Durable,
        };
        let restore = Action::Restore { chosen: random.below(64), part: Part::Everything };
        let next = if random.percent(25) { &restore } else { &save };
        run.step(next).map_err(|error| format!("{next:?} after the crash: {error}"))?;
        self.check_end(image, &run.history, random)?;
        if close {
            run.close().map_err(|error| format!("closing after the crash: {error}"))?;
            self.check_end(image, &run.history, random)?;
        }
        run.abandon();
        Ok(run.history)
    }

    fn check_end(&self, image: &SimulatedDisk, history: &History, random: &mut Random) -> Result<(), String> {
        let later = CrashPoints::at_end(image).image(Crash::AllLost, random);
        let moment = Moment { position: image.steps(), crash: Crash::AllLost, round: 0 };
        match self.recover(&later, history, moment) {
            Ok((db, _)) => {
                later.drop_as_if_killed(db);
                Ok(())
            }
            Err(wrong) => Err(format!("after the save that followed the crash, {wrong}")),
        }
    }
}
