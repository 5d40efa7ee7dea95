//! States in which a person is asked for something.

use super::model::State;
use super::view::{AboutConnection, HandoverTold, View};
use super::word::{Urgency, Word};
use super::wording::{capital, clock, override_guards, sentence, span, supply, your_turn};
use crate::rotation::handover;
use crate::rotation::reason::Reason;
use crate::rotation::record::{Stage, Trigger};

pub(super) fn for_a_person(view: &View<'_>) -> Option<State> {
    let mut state = for_a_token(view).or_else(|| for_a_connection(view))?;
    let rotation = view.record.rotation.as_ref();
    let due = rotation.and_then(|rotation| rotation.operator_deadline);
    if due.is_some_and(|due| due <= view.now) {
        state.urgency = Urgency::Urgent;
    }
    Some(state)
}

/// A person must supply the new token.
fn for_a_token(view: &View<'_>) -> Option<State> {
    let rotation = view.record.rotation.as_ref();
    let rotation = rotation.filter(|rotation| rotation.stage == Stage::WaitingOperator)?;
    let compromised = rotation.trigger == Trigger::Compromise || view.record.is_compromised();
    let about = view.about;
    let next = supply(
        view.name(),
        about.vault_path,
        about.token_field,
        compromised,
    );
    let text = capital(&your_turn(about.instructions, &next)) + ".";
    let state = State::attention(Word::WaitingForYou, text, "ScimManualStepDue");
    Some(
        state
            .since(Some(rotation.stage_entered_at))
            .with_command(next),
    )
}

/// A person must write the token into a connection.
fn for_a_connection(view: &View<'_>) -> Option<State> {
    let mut open = view.about.connections.iter().filter_map(|connection| {
        let told = connection.handover.as_ref()?;
        let holds = handover::open(view.record, connection.name)?;
        Some((connection, told, holds.at))
    });
    let (AboutConnection { name, .. }, told, at) = open.next()?;
    let HandoverTold {
        vault_path,
        instructions,
        command,
    } = told;
    let mut text = format!(
        "Waiting for you: write the token at {vault_path} into connection {name}. {} Then run: {command}",
        sentence(instructions)
    );
    let more: Vec<&str> = open.map(|(connection, ..)| connection.name).collect();
    if !more.is_empty() {
        text = format!("{text} After that: connection {}.", more.join(", "));
    }
    let state = State::attention(Word::WaitingForYou, text, "ScimConnectionWaitsForPerson");
    Some(state.since(Some(at)).with_command((*command).to_owned()))
}

/// The limit of issues holds a rotation back.
pub(super) fn for_the_limit(view: &View<'_>) -> Option<State> {
    let record = view.record;
    // Between two waits for the limit a probe or a retirement is decided.
    let is_due = record.rotation.is_none()
        && record.request.is_none()
        && view.renew_at().is_some_and(|at| at <= view.now);
    if view.decision.reason != Reason::IssueCap && !is_due {
        return None;
    }
    let current = record.current.as_ref();
    let next_at = view
        .policy
        .issue_permitted_at(&record.issues, current, view.now)?;
    let window = view.policy.issue_window(current);
    let recent = |at: &&jiff::Timestamp| view.now.duration_since(**at) < window;
    let count = record.issues.iter().filter(recent).count();
    let next = override_guards(view.name());
    let text = format!(
        "LIMIT REACHED: {count} tokens in {}; next at {}. `{next}` goes past it",
        span(window),
        clock(next_at)
    );
    let mut state = State::attention(Word::LimitReached, text, "ScimIssueLimitReached");
    if view.expiry().is_some_and(|end| end <= next_at) {
        state.urgency = Urgency::Urgent;
    }
    let since = record.issues.last().copied();
    Some(state.since(since).with_command(next))
}
