//! The witness that feeds logs, metrics and the board.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tracing::{debug, error, info, warn};

use super::board::Board;
use super::facts::TokenFacts;
use super::health::Health;
use super::metrics::Metrics;
use super::redact;
use super::result::StepResult;
use super::snapshot::TokenSnapshot;
use super::takeover::Hold;
use crate::fault::Fault;
use crate::ports::Version;
use crate::ports::condition::{Condition, ConnectionState};
use crate::ports::pulse::Pulse;
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness};
use crate::rotation::decision::{Action, Decision, Step};
use crate::rotation::handover;
use crate::rotation::record::{Handled, Record, RotationResult, Stage, Wish};

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
    trouble: Option<String>,
    hold: Hold,
    restored_at: Option<Timestamp>,
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
        let told = self.with_seen(&unit.name, |seen| seen.restored_at.replace(restored.at));
        if told != Some(restored.at) {
            warn!(
                token = %unit.name,
                at = %restored.at,
                "Vault was restored from a snapshot: what was stored after the snapshot is lost, tokens of that time are looked for at the issuer and replaced"
            );
        }
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
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, _now: Timestamp) {
        self.guard(record);
        self.tell_of_restore(unit, record);
        let facts = self.facts(unit);
        self.board().set(TokenSnapshot::from_record(
            &facts,
            record,
            decision,
            &unit.policy,
        ));
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
                stage = record.stage_name().as_str(),
                generation = record.generation,
                next,
                reason = decision.reason.as_str(),
                wake_at = %decision.wake_at,
                "decided"
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
        self.with_seen(&unit.name, |seen| {
            seen.hold.step_ended(ended.step, ended.after);
        });
        let took = Duration::try_from(ended.elapsed).unwrap_or_default();
        self.metrics
            .step(&unit.name, ended.step, ended.outcome, took);
        log_step(unit, ended);
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
            seen.trouble.replace(text.to_owned()).as_deref() != Some(text)
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

fn log_step(unit: &Unit, ended: &StepEnded<'_>) {
    let step = ended.step.as_str();
    let connection = ended.step.connection().unwrap_or_default();
    let rotation = ended
        .after
        .rotation
        .as_ref()
        .or(ended.before.rotation.as_ref());
    let rotation_id = rotation.map(|r| r.id.as_str()).unwrap_or_default();
    let millis = u64::try_from(ended.elapsed.as_millis()).unwrap_or_default();
    match StepResult::of(ended.outcome) {
        result @ (StepResult::Done | StepResult::NoProofYet) => {
            let word = result.words();
            info!(token = %unit.name, rotation_id, step, connection, millis, "{word}");
        }
        result @ StepResult::PartlyProven(cause) => {
            let word = result.words();
            if tells_cause(ended.before) == Some(cause) {
                info!(token = %unit.name, rotation_id, step, connection, millis, cause, "{word}");
            } else {
                warn!(token = %unit.name, rotation_id, step, connection, millis, cause, "{word}");
            }
        }
        StepResult::Trouble(trouble) => warn!(
            token = %unit.name,
            rotation_id,
            step,
            connection,
            millis,
            failures = ended.after.failures.consecutive,
            trouble,
            "not done"
        ),
    }
}

/// Why the proof in this record does not suffice to retire a token.
fn tells_cause(record: &Record) -> Option<&str> {
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let evidence = pending.or(record.current.as_ref())?.evidence.as_ref()?;
    evidence.unclear().map(|cause| cause.detail.as_str())
}

/// Logs the state of a connection when it has changed.
fn log_look(
    unit: &Unit,
    connection: &str,
    before: Option<ConnectionState>,
    seen: &Result<Condition, Fault>,
) {
    let condition = match seen {
        Ok(condition) => condition,
        Err(fault) => {
            debug!(token = %unit.name, connection, fault = %fault, "the state of provisioning was not reported");
            return;
        }
    };
    if before == Some(condition.state) {
        return;
    }
    let state = condition.state.as_str();
    if condition.state.is_stopped() {
        warn!(token = %unit.name, connection, state, "the identity provider does not provision through this connection");
    } else {
        info!(token = %unit.name, connection, state, "the identity provider reported the state of provisioning");
    }
}

fn log_milestones(unit: &Unit, ended: &StepEnded<'_>) {
    let (before, after) = (ended.before, ended.after);
    if let Some(current) = after
        .current
        .as_ref()
        .filter(|_| after.generation > before.generation)
    {
        info!(
            token = %unit.name,
            generation = after.generation,
            fingerprint = %current.fingerprint(),
            token_id = current.id.as_ref().map(|id| id.as_str()).unwrap_or_default(),
            expires_at = current.expires_at.map(|at| at.to_string()).unwrap_or_default(),
            "a new token is in use"
        );
    }
    log_handovers(unit, before, after);
    let waits = |record: &Record| {
        let rotation = record.rotation.as_ref();
        record.halt.is_none() && rotation.is_some_and(|r| r.stage == Stage::WaitingOperator)
    };
    if waits(after) && !waits(before) {
        warn!(
            token = %unit.name,
            vault_path = %unit.labels.vault_path,
            instructions = unit.labels.instructions.as_deref().unwrap_or_default(),
            "a person must write the new token to the Vault path"
        );
    }
    log_supplied(unit, before, after);
    if let (Some(halt), None) = (&after.halt, &before.halt) {
        error!(
            token = %unit.name,
            cause = halt.cause.as_str(),
            detail = %halt.detail,
            tried_again_at = halt.retry_at.filter(|_| halt.may_end_by_itself()).map(|at| at.to_string()).unwrap_or_default(),
            "halted: a person has to look; it ends by itself when its cause has ended; `scim-rotator status` shows the state, `scim-rotator rotate {}` tries again at once",
            unit.name
        );
    }
}

/// Logs what a person has to write into a connection, and who said that it is
/// done.
fn log_handovers(unit: &Unit, before: &Record, after: &Record) {
    for (connection, place) in &unit.labels.handovers {
        let waits = |record| handover::open(record, connection).map(|holds| holds.fingerprint);
        let now = waits(after);
        if now.is_some() && now != waits(before) {
            warn!(
                token = %unit.name,
                connection,
                vault_path = %place.vault_path,
                instructions = %place.instructions,
                then_run = %place.command,
                "a person must write the new token into the connection"
            );
        }
        let proven = |record: &Record| record.connections.get(connection)?.confirmed_at;
        if proven(after).is_some() && proven(after) != proven(before) {
            let holds = after.connections.get(connection);
            let ack = holds.and_then(|holds| holds.ack.as_deref());
            info!(
                token = %unit.name,
                connection,
                by = ack.map(|ack| ack.by.as_str()).unwrap_or_default(),
                reason = ack.map(|ack| ack.reason.as_str()).unwrap_or_default(),
                "the new token was written into the connection"
            );
        }
    }
}

/// Logs what came of what somebody wrote to the published path.
fn log_supplied(unit: &Unit, before: &Record, after: &Record) {
    let seen_before = before.supplied.as_ref().map(|note| (note.at, note.count));
    let note = after.supplied.as_ref();
    if let Some(note) = note.filter(|note| seen_before != Some((note.at, note.count))) {
        warn!(
            token = %unit.name,
            vault_path = %unit.labels.vault_path,
            fingerprint = %note.fingerprint,
            by = note.by.as_deref().unwrap_or("unknown"),
            why = %note.detail,
            "a value at the published path was not accepted; the token in use is written back"
        );
    }
    let note = after.stated_end.as_ref();
    if let Some(note) = note.filter(|note| before.stated_end.as_ref() != Some(*note)) {
        warn!(
            token = %unit.name,
            vault_path = %unit.labels.vault_path,
            by = note.by.as_deref().unwrap_or("unknown"),
            "{}", note.detail
        );
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
        self.health.tell(&self.board().sentence(now));
    }
}
