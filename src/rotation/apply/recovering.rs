//! What became of an issue whose reply was lost.

use super::failing::halt;
use super::issuing::{owns, set_intent};
use super::rolling_back::lost;
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, Overlap, Recovery};
use crate::rotation::outcome::{ListedToken, Listing};
use crate::rotation::record::{HaltCause, Intent, Stage};

/// An issue whose reply was lost: what the issuer shows now tells which ids are
/// ours. The value is gone in any case, so such a token is an orphan.
pub(super) fn recovered(
    mut change: Change<'_, '_>,
    listing: &Listing,
    next_label: String,
) -> Result<(), IllegalOutcome> {
    let intent = change
        .record
        .rotation
        .as_ref()
        .filter(|r| r.stage == Stage::Issuing)
        .and_then(|r| r.intent.clone());
    let Some(intent) = intent else {
        return Err(change.illegal("recovered"));
    };
    match find_lost(&change, &intent, listing) {
        Found::Ours(ids) => ids.into_iter().for_each(|id| lost(&mut change, Some(id))),
        Found::Uncountable => lost(&mut change, None),
        Found::Foreign(detail) => {
            halt(&mut change, HaltCause::ForeignTokens, detail);
            return Ok(());
        }
    }
    let attempts = change.record.rotation.as_ref().map_or(0, |r| r.attempts);
    if attempts >= change.situation.policy.max_attempts {
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        let detail = format!("the reply of the issuer was lost {attempts} times in one rotation");
        halt(&mut change, HaltCause::AttemptsUsedUp, detail);
        return Ok(());
    }
    let now = change.now;
    let guard = change.situation.policy;
    if guard
        .issue_permitted_at(&change.record.issues, now)
        .is_some()
    {
        // It is prepared anew when the runaway guard permits another issue.
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        return Ok(());
    }
    set_intent(&mut change, next_label, listing, None);
    Ok(())
}

enum Found {
    Ours(Vec<String>),
    Uncountable,
    Foreign(String),
}

fn find_lost(change: &Change<'_, '_>, intent: &Intent, listing: &Listing) -> Found {
    let new: Vec<_> = listing
        .tokens
        .iter()
        .filter(|t| !intent.ids_before.contains(&t.id) && !owns(change.record, &t.id))
        .collect();
    let ours = |is_ours: &dyn Fn(&ListedToken) -> bool| {
        let ours = new.iter().filter(|token| is_ours(token));
        Found::Ours(ours.map(|token| token.id.clone()).collect())
    };
    let labelled = |token: &ListedToken| token.label.as_deref() == Some(intent.label.as_str());
    if matches!(change.situation.issuer.overlap, Overlap::TwoPhase { .. }) {
        // The next attempt begins by dropping what this one made.
        return Found::Ours(Vec::new());
    }
    match change.situation.issuer.recovery {
        Recovery::ByLabel => ours(&labelled),
        Recovery::ClientNamed => ours(&|token| token.id == intent.label || labelled(token)),
        Recovery::BySetDifference => the_only_new_one(change, intent, &new),
        Recovery::ByStatus => {
            let known = intent.etag.is_some() && listing.etag == intent.etag;
            match (new.is_empty(), known) {
                (true, true) => Found::Ours(Vec::new()),
                (true, false) => unseen(change),
                (false, _) => the_only_new_one(change, intent, &new),
            }
        }
        Recovery::None => unseen(change),
        Recovery::ClientChosen | Recovery::Replay => Found::Ours(Vec::new()),
    }
}

/// One id that appeared since the intent is ours. Of several nobody can tell.
fn the_only_new_one(change: &Change<'_, '_>, intent: &Intent, new: &[&ListedToken]) -> Found {
    let slack = change.situation.policy.max_clock_skew;
    let earliest = intent.at.checked_sub(slack).unwrap_or(intent.at);
    let young = new
        .iter()
        .filter(|token| token.created_at.is_none_or(|at| at >= earliest));
    let ids: Vec<_> = young.map(|token| token.id.clone()).collect();
    if ids.len() > 1 {
        return Found::Foreign(format!(
            "{} tokens appeared at the issuer while one was being issued ({}): delete those that nobody uses, then run `scim-rotator rotate {}`",
            ids.len(),
            ids.join(", "),
            change.record.token
        ));
    }
    Found::Ours(ids)
}

/// Whether a token that nothing shows lives on, or is ended by the next issue.
fn unseen(change: &Change<'_, '_>) -> Found {
    match change.situation.issuer.issue_effect {
        IssueEffect::Keeps => Found::Uncountable,
        IssueEffect::Kills | IssueEffect::SchedulesDeath => Found::Ours(Vec::new()),
    }
}
