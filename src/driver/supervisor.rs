//! Wakes tokens when they are due, and ends the work cleanly.

mod change;
mod ending;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agenda::Agenda;
use super::memory::Memory;
use super::recurring::Ring;
use super::resting::Resting;
use super::run::{Rest, Runner};
use super::set_back::LastLook;
use crate::ports::pulse::Pulse;
use crate::ports::unit::Unit;
use crate::rotation::policy::share;
pub use settings::{Change, SupervisorSettings};

/// Longest wait of the loop: the wall clock is looked at this often, so that
/// suspends and steps of the clock are noticed, and the watchdog is fed.
const LOOK: SignedDuration = SignedDuration::from_secs(2);

/// The recurring jobs ring more often than this.
const SILENCE: SignedDuration = SignedDuration::from_secs(20);

/// Runs every token until the runner's cancellation.
pub struct Supervisor {
    runner: Runner,
    units: BTreeMap<String, Arc<Unit>>,
    settings: SupervisorSettings,
    pulse: Arc<dyn Pulse>,
    rings: mpsc::Receiver<Ring>,
    changes: watch::Receiver<Arc<Change>>,
    agenda: Agenda,
    last_look: LastLook,
    swept_at: Timestamp,
    resting: BTreeMap<String, Resting>,
    running: JoinSet<Finished>,
    /// Ends the wake of a running token between two steps.
    interruptions: BTreeMap<String, CancellationToken>,
}

struct Finished {
    name: String,
    memory: Box<Memory>,
    rest: Rest,
    read_at: Timestamp,
}

impl Supervisor {
    /// A supervisor over the tokens of the first configuration; `changes` brings
    /// what takes its place. `rings` is fed by the recurring jobs.
    #[must_use]
    pub fn new(
        runner: Runner,
        first: Change,
        changes: watch::Receiver<Arc<Change>>,
        pulse: Arc<dyn Pulse>,
        rings: mpsc::Receiver<Ring>,
    ) -> Self {
        let now = runner.clock.now();
        let units = first.units.into_iter();
        Self {
            runner,
            units: units.map(|unit| (unit.name.clone(), unit)).collect(),
            settings: first.settings,
            pulse,
            rings,
            changes,
            agenda: Agenda::default(),
            last_look: LastLook::at(now),
            swept_at: now,
            resting: BTreeMap::new(),
            running: JoinSet::new(),
            interruptions: BTreeMap::new(),
        }
    }

    /// Works until cancelled, then lets running steps end within the grace
    /// time. Returns whether all of them did.
    pub async fn run(mut self) -> bool {
        self.begin();
        while !self.runner.cancel.is_cancelled() {
            let now = self.runner.clock.now();
            self.pulse.beat(now);
            self.look_at_clock(now);
            self.start_due();
            self.pulse.leases_held(self.running.len());
            let pause = self.pause();
            tokio::select! {
                () = self.runner.cancel.cancelled() => {}
                Some(finished) = self.running.join_next() => self.settle(finished),
                Some(ring) = self.rings.recv() => self.rung(ring),
                change = change::next(&mut self.changes) => self.take_up(&change),
                () = self.runner.clock.sleep(pause) => {}
            }
        }
        self.end().await
    }

    /// Everything is looked at once at the start, spread a little so that the
    /// store is not met by a herd.
    fn begin(&mut self) {
        let now = self.runner.clock.now();
        let names: Vec<_> = self.units.keys().cloned().collect();
        for name in names {
            self.resting.insert(name.clone(), Resting::unread(now));
            self.agenda.set(&name, self.spread(&name, now));
        }
    }

    /// A time soon after `now`, another one for each token and replica.
    fn spread(&self, name: &str, now: Timestamp) -> Timestamp {
        let all = SignedDuration::from_millis(2)
            .saturating_mul(i32::try_from(self.units.len()).unwrap_or(i32::MAX));
        let late = all.as_secs_f64() * share(&format!("{}{name}", self.runner.holder), 0);
        let late = SignedDuration::try_from_secs_f64(late).unwrap_or_default();
        now.checked_add(late).unwrap_or(now)
    }

    fn start_due(&mut self) {
        let now = self.runner.clock.now();
        while self.running.len() < self.settings.concurrency {
            let Some((due, name)) = self.agenda.pop_due(now) else {
                return;
            };
            self.pulse.woke(now.duration_since(due));
            self.start(&name, now);
        }
    }

    fn start(&mut self, name: &str, now: Timestamp) {
        let (Some(unit), Some(resting)) = (self.units.get(name), self.resting.remove(name)) else {
            return;
        };
        let (runner, unit, name) = (self.runner.clone(), Arc::clone(unit), name.to_owned());
        let Resting {
            mut memory,
            read_at,
            outdated,
        } = resting;
        self.interruptions
            .insert(name.clone(), memory.interruption());
        if outdated {
            memory.reload();
        }
        let read_at = if memory.record().is_some() {
            read_at
        } else {
            now
        };
        self.running.spawn(async move {
            let rest = runner.wake(&unit, &mut memory).await;
            Finished {
                name,
                memory,
                rest,
                read_at,
            }
        });
    }

    fn settle(&mut self, finished: Result<Finished, tokio::task::JoinError>) {
        match finished {
            Ok(Finished {
                name,
                mut memory,
                rest,
                read_at,
            }) => {
                let interruption = self.interruptions.remove(&name);
                memory.interruption = None;
                if self.has_left(&name, &rest) {
                    self.let_go(&name);
                    return;
                }
                let wake_at = match interruption.is_some_and(|i| i.is_cancelled()) {
                    true => Some(self.runner.clock.now()),
                    false => rest.wake_at(),
                };
                if let Some(wake_at) = wake_at {
                    self.agenda.set(&name, wake_at);
                }
                let sweep = self.settings.sweep;
                if wake_at.is_some_and(|at| at.duration_since(read_at) >= sweep) {
                    self.runner.set_down(&name, &mut memory);
                }
                let leaving = self.units.get(&name).is_some_and(|unit| unit.leaving);
                let resting = Resting {
                    memory,
                    read_at,
                    outdated: rest.waits_for_others() || leaving,
                };
                self.resting.insert(name, resting);
            }
            // Only a defect can end a task: the token is read again from the
            // store, which holds everything that matters.
            Err(_ended) => self.restart_lost(),
        }
    }

    fn restart_lost(&mut self) {
        if !self.running.is_empty() {
            return;
        }
        self.interruptions.clear();
        let now = self.runner.clock.now();
        let again = now
            .checked_add(SignedDuration::from_secs(30))
            .unwrap_or(now);
        let lost: Vec<_> = self
            .units
            .keys()
            .filter(|n| !self.resting.contains_key(*n))
            .cloned()
            .collect();
        for name in lost {
            tracing::error!(token = %name, "the work on this token ended by a defect; it begins again from what is stored");
            self.resting.insert(name.clone(), Resting::unread(now));
            self.agenda.set(&name, again);
        }
    }

    fn rung(&mut self, ring: Ring) {
        let now = self.runner.clock.now();
        match ring {
            Ring::Report => self.pulse.report(now),
            Ring::Sweep => {
                self.swept_at = now;
                self.sweep(now);
            }
            Ring::LookAtAll => {
                for name in self.agenda.names() {
                    self.agenda.set(&name, now);
                }
            }
        }
    }

    /// Tokens that were not read for a while are read again: another replica
    /// or a person may have written.
    fn sweep(&mut self, now: Timestamp) {
        for (name, resting) in &mut self.resting {
            let is_old = now.duration_since(resting.read_at) >= self.settings.sweep;
            if is_old && self.agenda.at(name).is_some() {
                resting.memory.reload();
                resting.read_at = now;
                self.agenda.set(name, now);
            }
        }
    }

    /// After a step back of the clock every token is looked at anew: what the
    /// clock said before is void. The recurring jobs are silent for as long as
    /// the step; what must not wait is done without them.
    fn look_at_clock(&mut self, now: Timestamp) {
        if let Some(step) = self.last_look.step_back(now) {
            tracing::warn!("the clock was set back by {step:#}: every token is looked at anew");
            self.swept_at = now;
            for resting in self.resting.values_mut() {
                resting.read_at = resting.read_at.min(now);
            }
            self.rung(Ring::LookAtAll);
        }
        if now.duration_since(self.swept_at) >= SILENCE {
            self.rung(Ring::Sweep);
            self.rung(Ring::Report);
        }
    }

    fn pause(&self) -> SignedDuration {
        if self.running.len() >= self.settings.concurrency {
            return LOOK;
        }
        let now = self.runner.clock.now();
        let next = self.agenda.next().map(|at| at.duration_since(now));
        next.unwrap_or(LOOK).clamp(SignedDuration::ZERO, LOOK)
    }
}
