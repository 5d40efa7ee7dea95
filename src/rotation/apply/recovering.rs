//! Issuance requests whose reply was lost.

use jiff::Timestamp;

use super::change::{Change, IllegalOutcome};
use super::halting::{halt, halt_at, halt_unusable};
use super::issuing::set_intent;
use super::losing::{latest_death, lost, owns};
use super::restoring;
use crate::rotation::capability::{IssueEffect, Overlap, Recovery};
use crate::rotation::decision::Step;
use crate::rotation::outcome::{ListedToken, Listing};
use crate::rotation::record::{HaltCause, Intent, RestoredTodo, Stage, UnusableAnswer};

/// Compares the listed tokens with those before the request. A token that was
/// issued for it has lost its value, so it becomes an orphan.
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
        if change.record.restored_todo() == RestoredTodo::Look {
            restoring::looked(&mut change, listing);
            return Ok(());
        }
        return found_out_after_lease_loss(change, listing);
    };
    if change.is_of_another_issuer(intent.issuer.as_deref()) {
        begin_at_this_issuer(&mut change);
        return Ok(());
    }
    let lost_before = lost_tokens(&change);
    if !account_for(&mut change, &intent, listing) {
        return Ok(());
    }
    // If a gateway answered in place of the issuer, and no token was made, the request
    // is sent again like one whose reply was lost.
    let nothing_was_made = lost_tokens(&change) == lost_before;
    let stops = |answer: &&UnusableAnswer| !(answer.is_page && nothing_was_made);
    if let Some(answer) = intent.unusable.as_ref().filter(stops) {
        let found = what_was_made(&change, lost_before);
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        halt_unusable(&mut change, answer, found);
        return Ok(());
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
    let (issues, current) = (&change.record.issues, change.record.current.as_ref());
    if guard.issue_permitted_at(issues, current, now).is_some() {
        // A new request is prepared when the cap on issued tokens permits it.
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        return Ok(());
    }
    set_intent(&mut change, next_label, listing, None);
    Ok(())
}

/// How many tokens were lost until now: those that can be ended one by one, and
/// the others.
fn lost_tokens(change: &Change<'_, '_>) -> (usize, usize) {
    let record = &change.record;
    (record.orphans.len(), record.orphans_uncounted.len())
}

/// For a person: what became of the token that the request may have made.
fn what_was_made(change: &Change<'_, '_>, before: (usize, usize)) -> &'static str {
    let after = lost_tokens(change);
    match (after.0 > before.0, after.1 > before.1) {
        (true, _) => "The token that was made was found at the issuer and is revoked.",
        (false, true) => {
            "A token may have been made; it cannot be found or revoked here, so look for it at the issuer."
        }
        (false, false) => "No token of that request is live at the issuer.",
    }
}

/// The configuration names another issuer since the intent was written. The old
/// issuer is not asked any more: a token that it may have issued is counted,
/// and the rotation begins again at the new issuer.
fn begin_at_this_issuer(change: &mut Change<'_, '_>) {
    if !change.situation.intent_is_fresh {
        let dies_at = latest_death(change);
        lost(change, None, dies_at);
    }
    if let Some(rotation) = change.record.rotation.as_mut() {
        rotation.intent = None;
        rotation.attempts = 0;
    }
}

/// Resolves an issuance request that was sent after lease loss. No other token
/// is requested for it.
fn found_out_after_lease_loss(
    mut change: Change<'_, '_>,
    listing: &Listing,
) -> Result<(), IllegalOutcome> {
    if change.record.issues_after_lease_loss.is_empty() {
        return Err(change.illegal("recovered"));
    }
    let intent = change.record.issues_after_lease_loss.remove(0);
    account_for(&mut change, &intent, listing);
    Ok(())
}

/// Adds the tokens that were issued for this intent to the orphans. Returns
/// `false`, after halting the token, if they cannot be told from foreign ones.
fn account_for(change: &mut Change<'_, '_>, intent: &Intent, listing: &Listing) -> bool {
    if change.is_of_another_issuer(intent.issuer.as_deref()) {
        let dies_at = latest_death(change);
        lost(change, None, dies_at);
        return true;
    }
    match find_lost(change, intent, listing) {
        Found::Ours(ids) => {
            for id in ids {
                let listed = listing.tokens.iter().find(|token| token.id == id);
                let dies_at = listed.and_then(|token| token.expires_at);
                let told = || intent.unusable.as_ref()?.issuer_id();
                let shown = listed.map(ListedToken::issuer_id).or_else(told);
                let shown = shown.filter(|shown| *shown == id.as_str());
                lost(change, shown, dies_at);
                restoring::spare_if_old(change, intent, &id);
            }
        }
        Found::Uncountable => {
            let dies_at = latest_death(change);
            lost(change, None, dies_at);
        }
        Found::Foreign(detail) => {
            halt_at(change, &Step::Recover, HaltCause::ForeignTokens, detail);
            return false;
        }
    }
    true
}

pub(super) enum Found {
    Ours(Vec<String>),
    Uncountable,
    Foreign(String),
}

pub(super) fn find_lost(change: &Change<'_, '_>, intent: &Intent, listing: &Listing) -> Found {
    let before = intent.ids_before.known();
    let new: Vec<_> = listing
        .tokens
        .iter()
        .filter(|t| !before.contains(&t.id) && !owns(change.record, &t.id))
        .collect();
    let ours = |is_ours: &dyn Fn(&ListedToken) -> bool| {
        let ours = new.iter().filter(|token| is_ours(token));
        Found::Ours(ours.map(|token| token.id.clone()).collect())
    };
    let labelled = |token: &ListedToken| token.label.as_deref() == Some(intent.label.as_str());
    if intent.ids_before.too_many().is_some() {
        return unseen(change);
    }
    if matches!(change.situation.issuer.overlap, Overlap::TwoPhase { .. }) {
        // The next attempt drops this token by `cancel`. Until then it must
        // count as ours, not as a foreign one.
        return the_only_new_one(change, intent, &new);
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
        Recovery::None => match told_id(change, intent) {
            Some(id) => Found::Ours(vec![id]),
            None => unseen(change),
        },
        Recovery::ClientChosen | Recovery::Replay => Found::Ours(Vec::new()),
    }
}

/// The id of the new token, where the answer tells it although its token cannot
/// be read. It was not known before the request, so it is not another token's.
fn told_id(change: &Change<'_, '_>, intent: &Intent) -> Option<String> {
    let made = intent.unusable.as_ref()?.made.clone()?;
    let is_new = !intent.ids_before.contains(&made) && !owns(change.record, &made);
    is_new.then_some(made)
}

/// A single id that appeared since the intent belongs to it. Several cannot be
/// told apart.
fn the_only_new_one(change: &Change<'_, '_>, intent: &Intent, new: &[&ListedToken]) -> Found {
    let (earliest, latest) = possible_times(change, intent);
    let young = new.iter().filter(|token| match token.created_at {
        Some(at) => earliest <= at && at <= latest,
        None => true,
    });
    let ids: Vec<_> = young.map(|token| token.id.clone()).collect();
    // Once several have appeared, the only one that is left may be the foreign one.
    let halt = change.record.halt.as_ref();
    let were_several = halt.is_some_and(|halt| halt.cause == HaltCause::ForeignTokens);
    if ids.len() > 1 || (were_several && !ids.is_empty()) {
        return Found::Foreign(format!(
            "{} tokens appeared at the issuer while one was being issued ({}): delete those that nobody uses, then run `scim-rotator rotate {}`",
            ids.len(),
            ids.join(", "),
            change.record.token
        ));
    }
    Found::Ours(ids)
}

/// Between which times a token for this intent can have been made: the request
/// was sent while the lease lasted, and carried out before the settling time
/// ended. Foreign tokens may be younger.
fn possible_times(change: &Change<'_, '_>, intent: &Intent) -> (Timestamp, Timestamp) {
    let policy = change.situation.policy;
    let earliest = intent.at.checked_sub(policy.max_clock_skew);
    let longest = policy.lease + policy.settle + policy.max_clock_skew;
    let latest = intent.at.checked_add(longest);
    (
        earliest.unwrap_or(Timestamp::MIN),
        latest.unwrap_or(Timestamp::MAX),
    )
}

/// Whether a token that cannot be listed stays valid, or is ended by the next
/// issue.
pub(super) fn unseen(change: &Change<'_, '_>) -> Found {
    match change.situation.issuer.issue_effect {
        // If the issuer schedules ends, the next issue sets that of this token.
        IssueEffect::Keeps | IssueEffect::SchedulesDeath => Found::Uncountable,
        IssueEffect::Kills => Found::Ours(Vec::new()),
    }
}
