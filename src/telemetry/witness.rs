//! The witness that feeds logs, metrics and the board.

mod lines;
mod repeated;
mod sentence;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tracing::{info, warn};

use self::lines::{log_look, log_milestones, log_step};
use self::repeated::Repeated;
use super::board::{Board, CycleFacts};
use super::facts::TokenFacts;
use super::health::Health;
use super::metrics::Metrics;
use super::redact;
use super::result::StepResult;
use super::snapshot::TokenSnapshot;
use super::takeover::Hold;
use crate::fault::Fault;
use crate::ports::Version;
use crate::ports::condition::Condition;
use crate::ports::pulse::Pulse;
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::rotation::decision::{Action, Decision, Step};
use crate::rotation::record::{Handled, Record, RotationResult, Wish};
use crate::rotation::state::{State, Urgency, Word};
use crate::scim::cycle::journal::JournalDocument;

/// Feeds logs, metrics and the board with what the driver reports.
pub struct Observer {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    seen: Mutex<BTreeMap<String, Seen>>,
}

/// What was last logged of a token, so that nothing is logged twice.
#[derive(Default)]
struct Seen {
    facts: Option<Arc<TokenFacts>>,
    decision: Option<(&'static str, &'static str)>,
    state: Option<(Word, Urgency)>,
    trouble: Option<Box<str>>,
    hold: Hold,
    restored_at: Option<Box<Timestamp>>,
    repeated: Repeated,
}

impl Observer {
    /// A witness that feeds these.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, health: Arc<Health>) -> Self {
        Self {
            metrics,
            health,
            seen: Mutex::default(),
        }
    }

    /// Adds a configured token to the board before its record is read.
    pub fn expect(&self, unit: &Unit) {
        let facts = Arc::new(TokenFacts::of(unit));
        self.board().expect(Arc::clone(&facts));
        self.with_seen(&unit.name, |seen| seen.facts = Some(facts));
    }

    /// Notes how the full cycles of a token stand.
    pub fn full_cycle(&self, token: &str, journal: &JournalDocument) {
        self.board().full_cycle(token, CycleFacts::of(journal));
    }

    fn board(&self) -> &Arc<Board> {
        self.metrics.board()
    }

    fn with_seen<T>(&self, token: &str, use_it: impl FnOnce(&mut Seen) -> T) -> T {
        let mut all = self.seen.lock();
        use_it(all.entry(token.to_owned()).or_default())
    }

    fn facts(&self, unit: &Unit) -> Arc<TokenFacts> {
        self.with_seen(&unit.name, |seen| {
            Arc::clone(
                seen.facts
                    .get_or_insert_with(|| Arc::new(TokenFacts::of(unit))),
            )
        })
    }

    /// Tells once that the record was found in a Vault that was restored from a
    /// snapshot.
    fn tell_of_restore(&self, unit: &Unit, record: &Record) {
        let Some(restored) = &record.restored else {
            return;
        };
        self.metrics.vault_restored(restored.at);
        let told = self.with_seen(&unit.name, |seen| {
            seen.restored_at.replace(Box::new(restored.at))
        });
        if told.as_deref() != Some(&restored.at) {
            warn!(
                token = %unit.name,
                at = %restored.at,
                "Vault was restored from a snapshot: what was stored after the snapshot is lost, tokens of that time are looked for at the issuer and replaced"
            );
        }
    }

    /// Tells once that the state of a token is another one.
    fn tell_state(&self, unit: &Unit, shown: &TokenSnapshot, now: Timestamp) -> State {
        let known = self.board().get(&unit.name);
        let state = match known {
            Some(entry) => entry.state_of(shown, now),
            None => shown.state_at(std::iter::empty(), now),
        };
        let new = (state.word, state.urgency);
        let before = self.with_seen(&unit.name, |seen| seen.state.replace(new));
        let was_fine = before.is_none_or(|(_, urgency)| urgency == Urgency::Fine);
        if before == Some(new) || (was_fine && state.urgency == Urgency::Fine) {
            return state;
        }
        let (word, urgency) = (state.word.as_str(), state.urgency.as_str());
        let deadline = state.deadline.map(|at| at.to_string()).unwrap_or_default();
        let command = state.command.as_deref().unwrap_or_default();
        let (runbook, sentence) = (&state.runbook, &state.sentence);
        match state.urgency {
            Urgency::Fine => {
                info!(token = %unit.name, state = word, urgency, "{}: {sentence}", unit.name);
            }
            Urgency::Attention | Urgency::Urgent => warn!(
                token = %unit.name,
                state = word,
                urgency,
                deadline,
                command,
                %runbook,
                "{}: {sentence}",
                unit.name
            ),
        }
        state
    }

    /// Registers the tokens of a record for masking in the logs.
    fn guard(&self, record: &Record) {
        let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
        let tokens = record
            .current
            .iter()
            .chain(pending)
            .chain(record.retiring.iter().map(|r| &r.token));
        tokens.for_each(|token| redact::global().register(token.value.expose()));
    }
}

impl Witness for Observer {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        self.guard(record);
        self.tell_of_restore(unit, record);
        let facts = self.facts(unit);
        let shown = TokenSnapshot::from_record(&facts, record, decision, &unit.policy, now);
        let state = self.tell_state(unit, &shown, now);
        self.board().set(shown);
        let next = match &decision.action {
            Action::Do(step) => step.as_str(),
            Action::Wait => "wait",
        };
        let key = (next, decision.reason.as_str());
        let changed = self.with_seen(&unit.name, |seen| {
            seen.trouble = None;
            seen.decision.replace(key) != Some(key)
        });
        if changed {
            info!(
                token = %unit.name,
                issuer = %unit.labels.issuer_kind,
                stage = record.stage_name().as_str(),
                generation = record.generation,
                next,
                reason = decision.reason.as_str(),
                wake_at = %decision.wake_at,
                state = state.word.as_str(),
                "{}",
                sentence::of_decision(unit, decision)
            );
        }
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, _now: Timestamp) {
        if self.with_seen(&unit.name, |seen| seen.hold.step_began(step, record)) {
            self.metrics.lease_taken_over();
        }
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        self.guard(ended.after);
        let result = StepResult::of(ended.outcome);
        let times = self.with_seen(&unit.name, |seen| {
            seen.hold.step_ended(ended.step, ended.after);
            seen.repeated.count(ended.step, result)
        });
        let took = Duration::try_from(ended.elapsed).unwrap_or_default();
        self.metrics
            .step(&unit.name, ended.step, ended.outcome, took);
        log_step(unit, ended, times);
        log_milestones(unit, ended);
        let newest = ended.after.history.first();
        if let Some(past) =
            newest.filter(|past| ended.before.history.first().map(|p| &p.id) != Some(&past.id))
        {
            self.metrics.rotation(&unit.name, past.trigger, past.result);
        }
        if let (Some(_), None) = (&ended.after.halt, &ended.before.halt) {
            let trigger = ended.after.rotation.as_ref().map(|r| r.trigger);
            if let Some(trigger) = trigger {
                self.metrics
                    .rotation(&unit.name, trigger, RotationResult::Halted);
            }
        }
    }

    fn connection_seen(
        &self,
        unit: &Unit,
        connection: &str,
        seen: &Result<Condition, Fault>,
        now: Timestamp,
    ) {
        let Some(looks) = self.board().looks(&unit.name) else {
            return;
        };
        let condition = seen.as_ref().ok().copied();
        let before = looks.set(connection, condition, now);
        self.board()
            .changed(before != condition.map(|seen| seen.state));
        log_look(unit, connection, before, seen);
    }

    fn request_handled(&self, unit: &Unit, _: &Record, _: Version, handled: &Handled) {
        let token = unit.name.as_str();
        let what = handled.what.map(Wish::as_str).unwrap_or_default();
        let (by, id) = (handled.by.as_str(), handled.id.as_str());
        match &handled.refused {
            None => info!(
                token,
                by,
                what,
                request = id,
                "a request of a person is accepted"
            ),
            Some(why) => {
                warn!(
                    token,
                    by,
                    what,
                    request = id,
                    why,
                    "a request of a person is refused"
                );
            }
        }
    }

    fn store_failed(&self, unit: &Unit, text: &str, _now: Timestamp) {
        self.board().trouble(&unit.name, text);
        let new = self.with_seen(&unit.name, |seen| {
            seen.decision = None;
            seen.trouble.replace(text.into()).as_deref() != Some(text)
        });
        if new {
            warn!(token = %unit.name, error = text, "the record in Vault cannot be used now; the token waits");
        }
    }

    fn conflict(&self, unit: &Unit) {
        self.metrics.write_conflict();
        info!(token = %unit.name, "another replica or a person wrote the record first; it is read again");
    }

    fn removed(&self, name: &str) {
        self.board().remove(name);
        self.seen.lock().remove(name);
    }
}

impl Pulse for Observer {
    fn beat(&self, now: Timestamp) {
        self.health.beat();
        self.metrics.tick(now);
    }

    fn woke(&self, late: SignedDuration) {
        self.metrics
            .wake_lag(Duration::try_from(late).unwrap_or_default());
    }

    fn leases_held(&self, count: usize) {
        self.metrics.leases_held(count);
    }

    fn report(&self, now: Timestamp) {
        if self.health.notifier().is_heard() {
            self.health.tell(&self.board().sentence(now));
        }
    }
}
