//! The sentences of log lines: which token, where, what, and how it ended.

use jiff::Timestamp;

use crate::ports::unit::Unit;
use crate::rotation::decision::{Action, Decision, Step};
use crate::telemetry::result::StepResult;

/// `crm: waits until 2026-12-01T04:00:00Z: the next renewal is not due yet`.
pub(super) fn of_decision(unit: &Unit, decision: &Decision) -> String {
    let (token, why) = (&unit.name, decision.reason.sentence());
    match &decision.action {
        Action::Do(step) => format!("{token}: next is {}: {why}", operation(unit, step)),
        Action::Wait => {
            let at = decision.wake_at;
            let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
            format!("{token}: waits until {at}: {why}")
        }
    }
}

/// `crm: issue at the issuer crm-admin (auth0): succeeded in 312 ms`.
pub(super) fn of_step(unit: &Unit, step: &Step, result: StepResult<'_>, millis: u64) -> String {
    let start = format!(
        "{}: {}: {}",
        unit.name,
        operation(unit, step),
        result.words()
    );
    match result {
        StepResult::Done => format!("{start} in {millis} ms"),
        StepResult::NoProofYet => start,
        StepResult::PartlyProven(why) | StepResult::Trouble(why) => format!("{start}: {why}"),
    }
}

/// What is done, and where.
fn operation(unit: &Unit, step: &Step) -> String {
    let word = step.as_str();
    match step {
        Step::Deliver { connection }
        | Step::Confirm { connection }
        | Step::Revert { connection } => {
            let kind = kind_of(unit, connection);
            format!("{word} at the connection {connection}{kind}")
        }
        Step::Prove | Step::Verify => {
            let host = unit.scim_url.host_str().unwrap_or_default();
            format!("{word} at the service provider {host}")
        }
        Step::Adopt | Step::TakeSupplied | Step::Publish => {
            format!("{word} at {} in Vault", unit.labels.vault_path)
        }
        Step::Prepare { .. }
        | Step::Issue
        | Step::Recover
        | Step::Complete
        | Step::Discard
        | Step::CheckUse { .. }
        | Step::Retire { .. }
        | Step::RevokeOrphan { .. }
        | Step::RevokeUnrecorded { .. }
        | Step::EndRehearsal => {
            let kind = in_brackets(&unit.labels.issuer_kind);
            format!("{word} at the issuer {}{kind}", unit.issuer_name)
        }
    }
}

fn kind_of(unit: &Unit, connection: &str) -> String {
    let names = unit.connections.iter().map(|(name, _)| name);
    let mut kinds = names.zip(&unit.labels.connection_kinds);
    let kind = kinds.find(|(name, _)| *name == connection);
    in_brackets(kind.map_or("", |(_, kind)| kind))
}

fn in_brackets(kind: &str) -> String {
    match kind {
        "" => String::new(),
        kind => format!(" ({kind})"),
    }
}
