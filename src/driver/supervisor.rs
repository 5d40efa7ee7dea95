//! Wakes tokens when they are due, and ends the work cleanly.

mod change;
mod ending;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agenda::Agenda;
use super::idle::IdleToken;
use super::memory::Memory;
use super::recurring::SupervisorMessage;
use super::run::{Runner, WakeEnd};
use super::set_back::LastLook;
use crate::ports::pulse::Pulse;
use crate::ports::unit::Unit;
use crate::rotation::policy::share;
pub use settings::{Change, SupervisorSettings};

/// Longest wait of the loop. The wall clock is read this often, so that
/// suspends and corrections of the clock are noticed, and systemd's watchdog is
/// notified.
const LOOK: SignedDuration = SignedDuration::from_secs(2);

/// The recurring jobs send messages more often than this.
const SILENCE: SignedDuration = SignedDuration::from_secs(20);

/// Works on every token until the runner is cancelled.
pub struct Supervisor {
    runner: Runner,
    units: BTreeMap<String, Arc<Unit>>,
    settings: SupervisorSettings,
    pulse: Arc<dyn Pulse>,
    messages: mpsc::Receiver<SupervisorMessage>,
    changes: watch::Receiver<Arc<Change>>,
    agenda: Agenda,
    last_look: LastLook,
    swept_at: Timestamp,
    /// No idle token was read before this time. Most sweeps end here: going through
    /// thousands of tokens every few seconds costs more than all their reads.
    read_since: Timestamp,
    idle: BTreeMap<String, IdleToken>,
    running: JoinSet<Finished>,
    /// Ends the wake of a running token between two steps.
    interruptions: BTreeMap<String, CancellationToken>,
    /// Running tokens that are read again when their wake has ended.
    look_after: BTreeSet<String>,
}

struct Finished {
    name: String,
    memory: Box<Memory>,
    rest: WakeEnd,
    read_at: Timestamp,
}

impl Supervisor {
    /// A supervisor over the tokens of the first configuration. `changes`
    /// brings the configurations that replace it, `messages` the messages of the
    /// recurring jobs.
    #[must_use]
    pub fn new(
        runner: Runner,
        first: Change,
        changes: watch::Receiver<Arc<Change>>,
        pulse: Arc<dyn Pulse>,
        messages: mpsc::Receiver<SupervisorMessage>,
    ) -> Self {
        let now = runner.clock.now();
        let units = first.units.into_iter();
        Self {
            runner,
            units: units.map(|unit| (unit.name.clone(), unit)).collect(),
            settings: first.settings,
            pulse,
            messages,
            changes,
            agenda: Agenda::default(),
            last_look: LastLook::at(now),
            swept_at: now,
            read_since: now,
            idle: BTreeMap::new(),
            running: JoinSet::new(),
            interruptions: BTreeMap::new(),
            look_after: BTreeSet::new(),
        }
    }

    /// Works until it is cancelled, then lets running steps finish within the
    /// grace time. Returns whether all of them did.
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
                Some(message) = self.messages.recv() => self.received(message),
                change = change::next(&mut self.changes) => self.take_up(&change),
                () = self.runner.clock.sleep(pause) => {}
            }
        }
        self.end().await
    }

    /// At the start every token is woken, spread over a short time so that the
    /// store does not get all requests at once.
    fn begin(&mut self) {
        let now = self.runner.clock.now();
        let names: Vec<_> = self.units.keys().cloned().collect();
        for name in names {
            self.idle.insert(name.clone(), IdleToken::unread(now));
            self.agenda.set(&name, self.spread(&name, now));
        }
    }

    /// A time soon after `now`, different for each token and replica.
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
        let (Some(unit), Some(idle)) = (self.units.get(name), self.idle.remove(name)) else {
            return;
        };
        let (runner, unit, name) = (self.runner.clone(), Arc::clone(unit), name.to_owned());
        let IdleToken {
            memory,
            read_at,
            outdated,
        } = idle;
        let mut memory = memory.unwrap_or_default();
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
                let look_again = self.look_after.remove(&name);
                let interrupted = interruption.is_some_and(|i| i.is_cancelled());
                let wake_at = match interrupted || look_again {
                    true => Some(self.runner.clock.now()),
                    false => rest.wake_at(),
                };
                if let Some(wake_at) = wake_at {
                    self.agenda.set(&name, wake_at);
                }
                let sweep = self.settings.sweep;
                if wake_at.is_some_and(|at| at.duration_since(read_at) >= sweep) {
                    self.runner.drop_unneeded(&name, &mut memory);
                }
                let leaving = self.units.get(&name).is_some_and(|unit| unit.leaving);
                let idle = IdleToken {
                    memory: memory.unless_blank(),
                    read_at,
                    outdated: rest.waits_for_others() || leaving || look_again,
                };
                self.read_since = self.read_since.min(read_at);
                self.idle.insert(name, idle);
            }
            // Only a defect can end a task. The token is read again from the
            // store, which has everything that matters.
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
            .filter(|n| !self.idle.contains_key(*n))
            .cloned()
            .collect();
        for name in lost {
            tracing::error!(token = %name, "the work on this token was ended by a defect of scim-rotator; it starts again from the stored record");
            self.idle.insert(name.clone(), IdleToken::unread(now));
            self.agenda.set(&name, again);
        }
    }

    fn received(&mut self, message: SupervisorMessage) {
        let now = self.runner.clock.now();
        match message {
            SupervisorMessage::Report => self.pulse.report(now),
            SupervisorMessage::Sweep => {
                self.swept_at = now;
                self.sweep(now);
            }
            SupervisorMessage::WakeAll => {
                for name in self.agenda.names() {
                    self.agenda.set(&name, now);
                }
            }
            SupervisorMessage::Look(names) => {
                for name in names {
                    self.look_again(&name, now);
                }
            }
        }
    }

    /// Reads a token again and wakes it. One that is running is woken again
    /// when its wake has ended.
    fn look_again(&mut self, name: &str, now: Timestamp) {
        if let Some(idle) = self.idle.get_mut(name) {
            idle.outdated = true;
            self.agenda.set(name, now);
        } else if self.interruptions.contains_key(name) {
            self.look_after.insert(name.to_owned());
        }
    }

    /// Reads tokens again that were not read for a while: another replica or a
    /// person may have written.
    fn sweep(&mut self, now: Timestamp) {
        let sweep = self.settings.sweep;
        if now.duration_since(self.read_since) < sweep {
            return;
        }
        let mut read_since = now;
        for (name, idle) in &mut self.idle {
            let is_old = now.duration_since(idle.read_at) >= sweep;
            if is_old && self.agenda.at(name).is_some() {
                if let Some(memory) = &mut idle.memory {
                    memory.reload();
                }
                idle.read_at = now;
                self.agenda.set(name, now);
            }
            read_since = read_since.min(idle.read_at);
        }
        self.read_since = read_since;
    }

    /// After the clock was set back, every token is woken: its times were
    /// computed with the wrong clock. The recurring jobs pause for as long as
    /// the clock was set back, so their work is done here when it is overdue.
    fn look_at_clock(&mut self, now: Timestamp) {
        if let Some(step) = self.last_look.step_back(now) {
            tracing::warn!("the clock was set back by {step:#}: every token is decided again");
            self.swept_at = now;
            for idle in self.idle.values_mut() {
                idle.read_at = idle.read_at.min(now);
            }
            self.read_since = self.read_since.min(now);
            self.received(SupervisorMessage::WakeAll);
        }
        if now.duration_since(self.swept_at) >= SILENCE {
            self.received(SupervisorMessage::Sweep);
            self.received(SupervisorMessage::Report);
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
