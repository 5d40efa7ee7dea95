//! Runs full cycles: with the token in use of a record, never with one that production
//! knows. A cycle changes no record: the journal has its result.

mod left;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::left::{Forbidden, Look, is_production};
use super::run::Runner;
use super::supervisor::Change;
use crate::ids;
use crate::ports::unit::Unit;
use crate::ports::{Clock, Store};
use crate::rotation::record::Record;
use crate::scim::cycle::journal::{Journal, JournalDocument};
use crate::scim::cycle::report::{CycleVerdict, Report};
use crate::scim::cycle::run::Order;
use crate::scim::cycle::schedule::due_at;
use crate::secret::BearerToken;

/// Is told of the result of each run, by the name of the token.
pub type Told = Arc<dyn Fn(&str, &JournalDocument) + Send + Sync>;

/// What runs full cycles.
#[derive(Clone)]
pub struct Cycles {
    /// Where the records are.
    pub store: Arc<dyn Store>,
    /// Where the journals are.
    pub journal: Arc<dyn Journal>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random id of this process.
    pub holder: String,
    /// Whether a person stopped all work.
    pub all_paused: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Is told of each result.
    pub told: Told,
    /// Ends a run between two steps.
    pub cancel: CancellationToken,
}

/// The token that a cycle is run with.
pub struct InUse {
    /// Its value.
    pub value: BearerToken,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// How often the daemon looks whether a cycle is due or something was left behind.
const LOOK: SignedDuration = SignedDuration::from_mins(1);
/// How often it reads the journal and the record of one token.
const READ: SignedDuration = SignedDuration::from_mins(5);

impl Runner {
    /// Reads the full cycle that this token waits for. If it cannot be read, what was
    /// read before is kept: without it the rotation waits.
    pub(super) async fn read_full_cycle(&self, unit: &Unit) {
        let Some(gate) = &unit.policy.full_cycle else {
            return;
        };
        match self.store.full_cycle(&gate.on).await {
            Ok(passed) => self.conditions.full_cycles.set(&gate.on, passed),
            Err(error) => {
                tracing::warn!(token = %unit.name, on = %gate.on, %error, "the full cycle that this token waits for was not read");
            }
        }
    }
}

impl Cycles {
    /// The token in use, if no token of production has or had the same value.
    ///
    /// # Errors
    /// Says why no cycle is run.
    pub async fn token_in_use(&self, unit: &Unit, all: &[Arc<Unit>]) -> Result<InUse, String> {
        let stored = self.store.load(&unit.name).await;
        let stored = stored.map_err(|error| error.to_string())?;
        let record = stored.map(|stored| stored.value);
        let current = record.as_ref().and_then(|record| record.current.as_ref());
        let current = current.ok_or("there is no token in use yet")?;
        let fingerprint = current.fingerprint();
        for other in all.iter().filter(|other| is_production(other)) {
            let stored = self.store.load(&other.name).await;
            let stored = stored.map_err(|error| {
                format!(
                    "it cannot be told whether the token `{}` of production has the same value: {error}",
                    other.name
                )
            })?;
            let knows = stored.is_some_and(|stored| has(&stored.value, &fingerprint));
            if knows {
                return Err(format!(
                    "the value of this token is known from the token `{}` of production",
                    other.name
                ));
            }
        }
        Ok(InUse {
            value: current.value.clone(),
            issued_at: current.issued_at,
        })
    }

    /// Runs one cycle.
    ///
    /// # Errors
    /// Says why none was run.
    pub async fn run(&self, unit: &Unit, all: &[Arc<Unit>]) -> Result<Report, String> {
        let Some(cycle) = unit.probe.full_cycle() else {
            return Err("no full cycle is allowed with this token".to_owned());
        };
        let token = self.token_in_use(unit, all).await?;
        let run = ids::time_ordered();
        let report = cycle.run(self.order(unit, &token, &run)).await;
        self.tell(&unit.name).await;
        if report.verdict() == CycleVerdict::Passed {
            let waiting = all.iter().filter(|other| waits_for(other, &unit.name));
            let waiting: Vec<_> = waiting.map(|other| other.name.clone()).collect();
            if !waiting.is_empty() {
                self.journal.wake(&waiting).await;
            }
        }
        Ok(report)
    }

    /// Deletes what runs left behind that were killed. Returns how much is left.
    ///
    /// # Errors
    /// Says why nothing could be done.
    pub async fn sweep(&self, unit: &Unit, all: &[Arc<Unit>]) -> Result<usize, String> {
        let Some(cycle) = unit.probe.full_cycle() else {
            return Err("no full cycle is allowed with this token".to_owned());
        };
        let token = self.token_in_use(unit, all).await?;
        let run = ids::time_ordered();
        let left = cycle.sweep(self.order(unit, &token, &run)).await;
        self.tell(&unit.name).await;
        left
    }

    fn order<'a>(&'a self, unit: &'a Unit, token: &'a InUse, run: &'a str) -> Order<'a> {
        Order {
            token: &token.value,
            issued_at: token.issued_at,
            name: &unit.name,
            run,
            holder: &self.holder,
            journal: self.journal.as_ref(),
            cancel: &self.cancel,
        }
    }

    async fn tell(&self, token: &str) {
        if let Ok((journal, _)) = self.journal.read(token).await {
            (self.told)(token, &journal);
        }
    }

    /// Runs what is due until the end of the process, one cycle at a time.
    pub async fn watch(&self, mut changes: watch::Receiver<Arc<Change>>) {
        let mut read_at = BTreeMap::new();
        let mut forbidden = Forbidden::default();
        loop {
            let all = changes.borrow_and_update().units.clone();
            read_at.retain(|name: &String, _| {
                let stays = all.iter().any(|unit| unit.name == *name);
                if !stays {
                    forbidden.was_taken_out(name);
                }
                stays
            });
            if !(self.all_paused)() {
                let look = Look {
                    journal: self.journal.as_ref(),
                    told: self.told.as_ref(),
                    cancel: &self.cancel,
                    now: self.clock.now(),
                };
                look.at(&mut forbidden, &all).await;
            }
            for unit in all.iter().filter(|unit| unit.probe.full_cycle().is_some()) {
                let now = self.clock.now();
                let read = read_at.get(&unit.name).copied();
                let is_due = read.is_none_or(|at: Timestamp| now.duration_since(at) >= READ);
                if is_due
                    && !(self.all_paused)()
                    && !self.cancel.is_cancelled()
                    && self.look(unit, &all).await
                {
                    read_at.insert(unit.name.clone(), now);
                }
            }
            tokio::select! {
                () = self.clock.sleep(LOOK) => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// Whether the next look may come later: a token that does not exist yet, or is
    /// rotated just now, is looked at soon.
    async fn look(&self, unit: &Unit, all: &[Arc<Unit>]) -> bool {
        let token = unit.name.as_str();
        let now = self.clock.now();
        let journal = match self.journal.read(token).await {
            Ok((journal, _)) => journal,
            Err(error) => {
                tracing::warn!(token, %error, "no full cycle is run");
                return true;
            }
        };
        (self.told)(token, &journal);
        if journal.is_taken(&self.holder, now) {
            return false;
        }
        let is_due = self.is_due(unit, &journal, now).await;
        if is_due == Some(true) {
            match self.run(unit, all).await {
                Ok(report) => log(token, &report),
                Err(why) => tracing::warn!(token, why, "no full cycle is run"),
            }
        } else if !journal.entries.is_empty() {
            match self.sweep(unit, all).await {
                Ok(left) => {
                    tracing::info!(token, left, "what a full cycle left behind was deleted")
                }
                Err(why) => tracing::warn!(token, why, "what a full cycle left is still there"),
            }
        }
        is_due.is_some()
    }

    /// `None`: there is no token to run it with now.
    async fn is_due(&self, unit: &Unit, journal: &JournalDocument, now: Timestamp) -> Option<bool> {
        let rules = unit.probe.full_cycle();
        let Some(every) = rules.and_then(|cycle| cycle.rules().every) else {
            return Some(false);
        };
        let stored = self.store.load(&unit.name).await.ok()??;
        let record = &stored.value;
        let rests = record.rotation.is_none() && record.paused.is_none() && record.halt.is_none();
        let current = record.current.as_ref().filter(|_| rests && !unit.leaving);
        current.map(|token| due_at(journal, &token.fingerprint(), every) <= now)
    }
}

fn waits_for(unit: &Unit, token: &str) -> bool {
    let gate = unit.policy.full_cycle.as_ref();
    gate.is_some_and(|gate| gate.on == token)
}

fn has(record: &Record, fingerprint: &crate::secret::Fingerprint) -> bool {
    let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
    record.knows(fingerprint) || pending.is_some_and(|token| token.fingerprint() == *fingerprint)
}

fn log(token: &str, report: &Report) {
    let verdict = report.verdict().as_str();
    let (run, requests, leftovers) = (&report.run, report.requests, report.leftovers);
    match report.decisive() {
        None => tracing::info!(token, run, verdict, requests, "a full cycle has passed"),
        Some(step) => tracing::warn!(
            token,
            run,
            verdict,
            step = step.step.as_str(),
            detail = step.detail,
            requests,
            leftovers,
            "a full cycle has not passed"
        ),
    }
}
