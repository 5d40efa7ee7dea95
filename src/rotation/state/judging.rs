//! From the record to the state, before time and the identity providers have their
//! say.

use jiff::Timestamp;

use super::model::State;
use super::view::{About, View};
use super::word::{Urgency, Word};
use super::wording::{command, sentence, time};
use super::{concerns, flight, waiting};
use crate::rotation::decision::Decision;
use crate::rotation::policy::Policy;
use crate::rotation::proof::{self, Proof};
use crate::rotation::reason::Reason;
use crate::rotation::record::Record;
use crate::scim::evidence::Finding;

/// The state of a token. `decision` is the last one on this record, at `now`;
/// `policy` is the one that it was made with.
#[must_use]
pub fn judge(
    record: &Record,
    policy: &Policy,
    decision: &Decision,
    about: &About<'_>,
    now: Timestamp,
) -> State {
    let view = View {
        record,
        policy,
        decision,
        about,
        now,
    };
    let state = RULES.iter().find_map(|rule| rule(&view));
    let state = state.unwrap_or_else(|| fresh(&view));
    let mut state = concerns::of_unknown_age(&view, state);
    // A token that works no more has stopped provisioning already.
    if state.deadline.is_none() {
        state.deadline = view.known_expiry();
    }
    state
}

type Rule = fn(&View<'_>) -> Option<State>;

/// The rules, in order of precedence; the first that answers tells the state.
const RULES: &[Rule] = &[
    refused,
    newer_record,
    halted,
    paused,
    waiting::for_a_person,
    waiting::for_the_limit,
    flight::without_a_token,
    flight::in_flight,
    flight::is_due,
    unproven,
    concerns::unconfirmed,
    concerns::of_a_working_token,
];

/// The command that lets the work on the token go on, if something holds it.
fn way_on(view: &View<'_>) -> Option<String> {
    let name = view.name();
    if view.all_is_paused() {
        return Some("scim-rotator resume --all --reason TEXT".to_owned());
    }
    if view.record.paused.is_some() {
        return Some(command("resume", name));
    }
    if view.record.halt.is_some() {
        return Some(command("rotate", name));
    }
    waiting::for_a_person(view)?.command.map(Into::into)
}

/// Why the work does not go on by itself, to follow another sentence.
fn held_by(view: &View<'_>) -> String {
    if let Some(halt) = &view.record.halt {
        return format!(" It is halted: {}", sentence(&halt.detail));
    }
    match view.is_paused() {
        true => " It is paused.".to_owned(),
        false => String::new(),
    }
}

fn refused(view: &View<'_>) -> Option<State> {
    let Proof::Refused(Finding { detail, .. }) = proof::of_current(view.record, view.policy)?
    else {
        return None;
    };
    let text = format!(
        "The service provider refuses the token in use: {}{}",
        sentence(detail),
        held_by(view)
    );
    let next = way_on(view);
    let next = next.unwrap_or_else(|| command("verify", view.name()));
    let since = view.last_worked_at();
    let mut state = State::urgent(Word::Refused, text, "ScimTokenRejected").since(since);
    state.deadline = since;
    Some(state.with_command(next))
}

/// A record that this program cannot read in full is not touched.
fn newer_record(view: &View<'_>) -> Option<State> {
    let text = "Its record was written by a newer version of scim-rotator: upgrade this replica.";
    (view.decision.reason == Reason::SchemaTooNew)
        .then(|| State::attention(Word::Halted, text, "ScimTokenRecordUnreadable"))
        .map(|state| state.with_command("scim-rotator --version"))
}

fn halted(view: &View<'_>) -> Option<State> {
    let halt = view.record.halt.as_ref()?;
    let cause = halt.cause.as_str().replace('_', " ");
    let mut text = format!("Halted, {cause}: {}", sentence(&halt.detail));
    if let Some(at) = halt.retry_at.filter(|_| halt.may_end_by_itself()) {
        text = format!("{text} It is tried again at {}.", time(at));
    }
    let mut state = State::attention(Word::Halted, text, "ScimRotationHalted");
    // Somebody else has that token.
    if view.record.is_compromised() {
        state.urgency = Urgency::Urgent;
    }
    let next = match view.is_paused() {
        true => way_on(view).unwrap_or_default(),
        false => command("rotate", view.name()),
    };
    Some(state.since(Some(halt.since)).with_command(next))
}

fn paused(view: &View<'_>) -> Option<State> {
    if !view.is_paused() {
        return None;
    }
    let paused = view.record.paused.as_ref();
    let text = match paused {
        None => "All work is paused by a person.".to_owned(),
        Some(paused) => {
            let by = paused.by.as_ref().map(|by| format!(" by {by}"));
            let by = by.unwrap_or_default();
            match paused.reason.trim() {
                "" => format!("Paused{by}, without a reason."),
                reason => format!("Paused{by}: {}", sentence(reason)),
            }
        }
    };
    let next = way_on(view).unwrap_or_default();
    let state = State::attention(Word::Paused, text, "ScimTokenPausedTooLong");
    let state = state.since(paused.map(|paused| paused.since));
    Some(state.with_command(next))
}

fn unproven(view: &View<'_>) -> Option<State> {
    let Proof::Unproven(finding) = proof::of_current(view.record, view.policy)? else {
        return None;
    };
    let text = match finding {
        Some(finding) => format!(
            "Nothing shows that the token in use works: {}",
            sentence(&finding.detail)
        ),
        None => "The token in use was never tested.".to_owned(),
    };
    let state = State::attention(Word::Unproven, text, "ScimTokenUnproven");
    let next = command("verify", view.name());
    Some(state.since(view.last_worked_at()).with_command(next))
}

fn fresh(view: &View<'_>) -> State {
    let text = match view.renew_at() {
        Some(_) => "It works, and nothing is due before its renewal.",
        None => "It works, and no rule renews it.",
    };
    State::fine(Word::Fresh, text).since(view.in_use_since())
}
