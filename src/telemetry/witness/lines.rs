//! The log lines that tell of steps.

use tracing::{debug, error, info, warn};

use crate::fault::Fault;
use crate::ports::condition::{Condition, ConnectionState};
use crate::ports::unit::Unit;
use crate::ports::witness::StepEnded;
use crate::rotation::handover;
use crate::rotation::record::{Record, Stage};
use crate::telemetry::result::StepResult;

use super::repeated::is_told;
use super::sentence::of_step;

/// Logs the end of a step. `times`: how often the same failure has come in a row.
pub(super) fn log_step(unit: &Unit, ended: &StepEnded<'_>, times: Option<u32>) {
    let step = ended.step.as_str();
    let connection = ended.step.connection().unwrap_or_default();
    let rotation = ended
        .after
        .rotation
        .as_ref()
        .or(ended.before.rotation.as_ref());
    let rotation_id = rotation.map(|r| r.id.as_str()).unwrap_or_default();
    let millis = u64::try_from(ended.elapsed.as_millis()).unwrap_or_default();
    let outcome = StepResult::of(ended.outcome);
    let result = outcome.as_str();
    let said = of_step(unit, ended.step, outcome, millis);
    match outcome {
        StepResult::Done | StepResult::NoProofYet => {
            info!(token = %unit.name, rotation_id, step, connection, millis, result, "{said}");
        }
        StepResult::PartlyProven(cause) if tells_cause(ended.before) == Some(cause) => {
            info!(token = %unit.name, rotation_id, step, connection, millis, result, cause, "{said}");
        }
        StepResult::PartlyProven(cause) => {
            warn!(token = %unit.name, rotation_id, step, connection, millis, result, cause, "{said}");
        }
        StepResult::Trouble(trouble) => {
            let times = times.unwrap_or(1);
            let failures = ended.after.failures.consecutive;
            if is_told(times) {
                warn!(token = %unit.name, rotation_id, step, connection, millis, result, failures, times, trouble, "{said}");
            } else {
                debug!(token = %unit.name, rotation_id, step, connection, millis, result, failures, times, trouble, "{said}");
            }
        }
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
pub(super) fn log_look(
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

pub(super) fn log_milestones(unit: &Unit, ended: &StepEnded<'_>) {
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
            "{}: {}",
            unit.name,
            unit.labels.your_turn()
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
                "{}: waiting for you: write the new token at {} into connection {connection}. {} Then run: {}",
                unit.name,
                place.vault_path,
                place.instructions,
                place.command
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
