//! What people should know of a token that the service provider accepts.

use jiff::SignedDuration;

use super::flight;
use super::model::State;
use super::view::{AboutConnection, View};
use super::word::{Urgency, Word};
use super::wording::{command, sentence, time};
use crate::rotation::privilege;
use crate::rotation::record::Record;

/// A connection that has not confirmed that it works with the token in use.
pub(super) fn unconfirmed(view: &View<'_>) -> Option<State> {
    let found = view.about.connections.iter();
    let found = found.filter_map(|connection| unconfirmed_at(view, connection));
    // What a person can do something about comes first.
    found.min_by_key(|state| std::cmp::Reverse(state.urgency))
}

fn unconfirmed_at(view: &View<'_>, connection: &AboutConnection<'_>) -> Option<State> {
    let name = connection.name;
    let current = view.record.current.as_ref()?;
    let holds = view.record.connections.get(name);
    let alert = "ScimConnectionNeverConfirmed";
    let (text, since) = match holds {
        None => (
            format!(
                "{name}: assumed current (never updated by us). Nothing has confirmed that it works; the next rotation updates it."
            ),
            view.in_use_since(),
        ),
        Some(holds) if holds.fingerprint != current.fingerprint() || holds.in_doubt => {
            let text = format!("{name} may hold another token than the one in use.");
            let state = State::attention(Word::Unproven, text, "ScimIdpCredentialOutOfSync");
            let next = command("rotate", view.name());
            return Some(state.since(Some(holds.at)).with_command(next));
        }
        Some(holds) if holds.confirmed_at.is_some() => return None,
        Some(holds) => (
            match connection.can_confirm {
                true => format!(
                    "{name} was given the token in use and has not confirmed that it works."
                ),
                false => format!(
                    "{name} was given the token in use, and nothing can confirm that it works there."
                ),
            },
            Some(holds.at),
        ),
    };
    let mut state = State::attention(Word::Unproven, text, alert).since(since);
    match connection.can_confirm {
        true => state.command = Some(command("rotate", view.name()).into()),
        // Nobody can do anything about it.
        false => state.urgency = Urgency::Fine,
    }
    Some(state)
}

/// What people should know of a token that works everywhere.
pub(super) fn of_a_working_token(view: &View<'_>) -> Option<State> {
    let state = failed_beside(view)
        .or_else(|| supplied(view.record))
        .or_else(|| too_much(view))
        .or_else(|| still_used(view))
        .or_else(|| not_retired(view))
        .or_else(|| orphans(view.record))?;
    let since = state.since.or_else(|| view.in_use_since());
    Some(state.since(since))
}

fn fresh(text: String, alert: &str) -> State {
    State::attention(Word::Fresh, text, alert)
}

/// Something else than a rotation failed.
fn failed_beside(view: &View<'_>) -> Option<State> {
    let failure = flight::last_failure(view)?;
    let text = format!("It works. {}", flight::what_failed(failure));
    let state = fresh(text, "ScimRotationFailing").since(Some(failure.at));
    Some(state.with_command(command("plan", view.name())))
}

/// Somebody wrote a value that was not accepted, and it is still there.
fn supplied(record: &Record) -> Option<State> {
    let note = record.supplied.as_ref();
    let note = note.filter(|note| note.written_back_at.is_none())?;
    let by = note.by.as_deref().unwrap_or("somebody");
    let text = format!(
        "It works. {by} wrote a value that was not accepted, and it is still at the published path: {}",
        sentence(&note.detail)
    );
    let state = fresh(text, "ScimSuppliedValueRefused").since(Some(note.at));
    Some(state.with_command(command("once", &record.token)))
}

fn too_much(view: &View<'_>) -> Option<State> {
    let rules = &view.policy.privilege;
    let current = view.record.current.as_ref()?;
    if let Some(risk) = &rules.accepted_risk {
        let text = format!(
            "It works. The acceptance that it may do more than it should ended at {}: {} must decide again (`accepted_risk`).",
            time(risk.until),
            risk.owner
        );
        let is_over = risk.until <= view.now;
        return is_over.then(|| {
            let state = fresh(text, "ScimAcceptedRiskOver").since(Some(risk.until));
            state.with_command(command("verify", view.name()))
        });
    }
    let judged = privilege::judge(rules, current)?;
    judged.verdict.is_too_much().then(|| {
        let text = format!(
            "It works, and may do more than it should: {}",
            sentence(&judged.detail)
        );
        fresh(text, "ScimTokenOverPrivileged").with_command(command("verify", view.name()))
    })
}

fn still_used(view: &View<'_>) -> Option<State> {
    let old = view.record.retiring.iter().find(|old| old.still_used)?;
    let who = old.used_by.as_deref().unwrap_or("somebody");
    let text = format!(
        "It works. {who} still used the superseded token after its successor was delivered: give it the new one, from {}.",
        view.about.vault_path
    );
    let state = fresh(text, "ScimOldTokenStillUsed").since(Some(old.superseded_at));
    Some(state.with_command(command("plan", view.name())))
}

/// Beyond this the retirement of an old token is late.
const LATE: SignedDuration = SignedDuration::from_hours(24);

fn not_retired(view: &View<'_>) -> Option<State> {
    let old = view.record.retiring.iter().find(|old| {
        let end = old.token.expires_at;
        let due = old.not_before.max(old.revoked_at.unwrap_or(old.not_before));
        let is_late = view.now.duration_since(due) > LATE;
        // One that cannot be revoked is left until it expires.
        is_late && old.attempts > 0 && end.is_none_or(|end| end > view.now)
    })?;
    let found = old
        .last_finding
        .as_deref()
        .unwrap_or("it is still accepted");
    let text = format!(
        "It works. The old token is not retired: {}",
        sentence(found)
    );
    let state = fresh(text, "ScimOldTokenNotRetired").since(Some(old.not_before));
    Some(state.with_command(command("once", view.name())))
}

/// The same state of a token of which nobody told when it was issued or ends: it may
/// expire tomorrow.
pub(super) fn of_unknown_age(view: &View<'_>, state: State) -> State {
    let Some(current) = &view.record.current else {
        return state;
    };
    if !view.policy.end_is_assumed(current) {
        return state;
    }
    let next = format!("{} --issued DAY", command("adopt", view.name()));
    let sentence = format!(
        "{} Its age is unknown: it was adopted without a date, at {}; `{next}` tells it.",
        state.sentence,
        time(current.issued_at)
    );
    let next = state.command.unwrap_or_else(|| next.into());
    match state.urgency {
        Urgency::Fine => {
            let new = State::attention(state.word, sentence, "ScimExpiryUnknown");
            new.since(state.since).with_command(next)
        }
        Urgency::Attention | Urgency::Urgent => State {
            sentence: sentence.into(),
            command: Some(next),
            ..state
        },
    }
}

fn orphans(record: &Record) -> Option<State> {
    let count = record.orphans.len() + record.orphans_uncounted.len();
    let text =
        format!("It works. The values of {count} tokens of ours were lost, and they may be valid.");
    (count > 0)
        .then(|| fresh(text, "ScimOrphanTokens").with_command(command("plan", &record.token)))
}
