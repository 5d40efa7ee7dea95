//! States in which a new token is on its way.

use super::model::State;
use super::view::View;
use super::word::Word;
use super::wording::{capital, command, sentence, time};
use crate::rotation::decision::Action;
use crate::rotation::reason::Reason;
use crate::rotation::record::{LastFailure, Stage, Trigger};

/// There is no token in use: nothing can provision.
pub(super) fn without_a_token(view: &View<'_>) -> Option<State> {
    if view.record.current.is_some() {
        return None;
    }
    let since = view.record.history.first().map(|past| past.ended_at);
    if let Some(failure) = last_failure(view) {
        let since = since.or(Some(failure.at));
        return Some(failing(view, failure, "ScimTokenMissing").since(since));
    }
    if let Some(rotation) = &view.record.rotation {
        let text = format!("There is no token yet: {}", of_stage(rotation.stage));
        let state = State::fine(Word::Renewing, text);
        return Some(state.since(Some(rotation.began_at)));
    }
    let why = waits_for(view).unwrap_or_else(|| "the first one is issued now.".to_owned());
    let text = format!("There is no token yet: {why}");
    let state = match waits(view) {
        true => State::attention(Word::Renewing, text, "ScimTokenMissing")
            .with_command(command("plan", view.name())),
        false => State::fine(Word::Renewing, text),
    };
    Some(state.since(since))
}

/// A rotation is in flight.
pub(super) fn in_flight(view: &View<'_>) -> Option<State> {
    let rotation = view.record.rotation.as_ref()?;
    let since = Some(rotation.began_at);
    if let Some(failure) = last_failure(view) {
        return Some(failing(view, failure, "ScimRotationFailing").since(since));
    }
    let text = match &rotation.rollback {
        Some(why) => format!("The new token is rolled back: {}", sentence(why)),
        None => capital(of_stage(rotation.stage)),
    };
    let compromised = rotation.trigger == Trigger::Compromise || view.record.is_compromised();
    let state = match compromised {
        true => compromised_one(view, &text),
        false => State::fine(Word::Renewing, text),
    };
    Some(state.since(since))
}

/// Somebody else has the token until the daemon has replaced and revoked it.
fn compromised_one(view: &View<'_>, text: &str) -> State {
    let text = format!("A person said that it is compromised. {text}");
    let state = State::attention(Word::Renewing, text, "ScimRotationStuck");
    state.with_command(command("plan", view.name()))
}

/// A renewal is due, and has not begun.
pub(super) fn is_due(view: &View<'_>) -> Option<State> {
    let due = view.renew_at().filter(|at| *at <= view.now);
    let is_asked_for = view.record.request.is_some();
    if let Some(failure) = last_failure(view) {
        let state = failing(view, failure, "ScimRotationFailing");
        // A failure of something else says nothing of the token in use.
        return (due.is_some() || is_asked_for || concerns_rotation(failure))
            .then(|| state.since(due.or(Some(failure.at))));
    }
    if due.is_none() && !is_asked_for {
        return None;
    }
    let text = match waits_for(view) {
        Some(why) => format!("Its rotation is due and waits: {why}"),
        None => "Its rotation is due and begins now.".to_owned(),
    };
    let audit_fails = view.decision.reason == Reason::AuditFails;
    let state = match (audit_fails, view.record.is_compromised()) {
        (true, _) => State::attention(Word::Renewing, text, "ScimRotatorAuditFailing")
            .with_command(command("plan", view.name())),
        (false, true) => compromised_one(view, &text),
        (false, false) => State::fine(Word::Renewing, text),
    };
    Some(state.since(due))
}

pub(super) fn last_failure<'v>(view: &View<'v>) -> Option<&'v LastFailure> {
    let failures = &view.record.failures;
    failures.last.as_ref().filter(|_| failures.consecutive > 0)
}

/// Whether a failed step is one of a rotation.
fn concerns_rotation(failure: &LastFailure) -> bool {
    let apart = [
        "verify",
        "publish",
        "retire",
        "check_use",
        "adopt",
        "confirm",
    ];
    !apart.contains(&failure.step.as_str())
}

fn failing(view: &View<'_>, failure: &LastFailure, alert: &str) -> State {
    let text = format!("{}{}", what_failed(failure), retry(view));
    let next = command("rotate", view.name());
    State::attention(Word::Renewing, text, alert).with_command(next)
}

/// The failed step, and what was answered.
pub(super) fn what_failed(failure: &LastFailure) -> String {
    let step = failure.step.replace('_', " ");
    format!("{} failed: {}", capital(&step), sentence(&failure.message))
}

fn retry(view: &View<'_>) -> String {
    let name = view.name();
    let at = view
        .policy
        .retry_at(name, &view.record.failures, view.expiry());
    match at.filter(|at| *at > view.now) {
        Some(at) => format!(" It is tried again at {}.", time(at)),
        None => String::new(),
    }
}

fn waits(view: &View<'_>) -> bool {
    match view.decision.action {
        Action::Wait => true,
        Action::Do(_) => false,
    }
}

/// What a renewal that is due waits for.
fn waits_for(view: &View<'_>) -> Option<String> {
    let reason = view.decision.reason;
    let current = view.record.current.as_ref();
    waits(view).then(|| match (reason, current) {
        (Reason::WaitingWindow, Some(current)) => {
            let opens = view.policy.window_opens(view.now, current);
            format!("{}, until {}.", reason.sentence(), time(opens))
        }
        _ => format!("{}.", reason.sentence()),
    })
}

fn of_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Issuing => "a new token is requested from the issuer.",
        Stage::Proving => "the new token is tested at the service provider.",
        Stage::Delivering => "the new token is written to the connections.",
        Stage::Completing => "the issuer is told to keep only the new token.",
        Stage::Confirming => "the connections are asked whether the new token works there.",
        Stage::Reverting => "the token in use is written back to the connections.",
        Stage::Discarding => "the new token is revoked.",
        Stage::WaitingOperator => "a person must supply the new token.",
        Stage::HandedOver => "a person must write the new token into a connection.",
    }
}
