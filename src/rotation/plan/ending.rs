//! When superseded tokens are retired and orphans revoked.

use jiff::{SignedDuration, Timestamp};

use super::probing::next_probe;
use super::view::View;
use super::{lost_lease, published};
use crate::rotation::capability::{LastUsed, Overlap};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{Orphan, Retiring};
use crate::scim::evidence::Evidence;

/// A superseded token is retired only if the current one was proven at most
/// this long ago.
const PROOF_IS_FRESH: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn revoke_orphan(view: &View<'_>) -> Option<Decision> {
    let orphan = view
        .record
        .orphans
        .iter()
        .find(|orphan| is_due(view, orphan))
        .filter(|_| may_be_revoked_any_time(view))?;
    let id = orphan.id.text();
    view.step(Step::RevokeOrphan { id }, Reason::OrphanFound)
}

pub(super) fn is_due(view: &View<'_>, orphan: &Orphan) -> bool {
    !orphan.may_be_used
        && is_ours_to_end(view, orphan)
        && orphan.retry_at.is_none_or(|at| at <= view.now)
}

/// Whether the orphan has to be revoked before another token is issued: also one
/// that may be in use, if it takes the last slot.
pub(super) fn must_go_first(view: &View<'_>, orphan: &Orphan) -> bool {
    let used = view.record.orphans.iter().filter(|o| o.may_be_used).count();
    let current_lives = view.record.current.is_some() && !view.current_has_expired();
    let full = used + usize::from(current_lives && !view.current_is_refused()) >= 2;
    is_due(view, orphan) || (full && orphan.may_be_used && is_ours_to_end(view, orphan))
}

/// At the configured issuer, an id of another issuer may be another token's.
fn is_ours_to_end(view: &View<'_>, orphan: &Orphan) -> bool {
    !view.is_of_another_issuer(orphan.issuer.as_deref())
}

/// A lost token of a two-phase issuer is the one that `cancel` drops. That is
/// safe only just before the next `start`: later, `cancel` would drop a token
/// in use.
fn may_be_revoked_any_time(view: &View<'_>) -> bool {
    let issuer = &view.situation.issuer;
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    issuer.revokes_by_id() && !two_phase
}

/// Retires the first superseded token whose overlap has ended, if readers find
/// the current token and it was proven just now.
pub(super) fn retire(view: &View<'_>) -> Option<Decision> {
    if lost_lease::connection_in_doubt(view).is_some() {
        return None;
    }
    let entry = view.record.retiring.iter().find(|entry| {
        let due = retire_at(view, entry) <= view.now && may_go_before_readers(view, entry);
        due && !skewed(view, entry)
    })?;
    if !current_is_proven(view) {
        return match next_proof(view) {
            Some(at) if at <= view.now => view.step(Step::Verify, Reason::ProofNeeded),
            Some(_) | None => None,
        };
    }
    let fingerprint = entry.token.fingerprint();
    if use_matters(view, entry) && entry.use_checked.is_none() {
        return view.step(Step::CheckUse { fingerprint }, Reason::RetireDue);
    }
    view.step(Step::Retire { fingerprint }, Reason::RetireDue)
}

/// Until the current token is published, readers still have the superseded one.
/// It is not kept for them if it is compromised or does not work.
fn may_go_before_readers(view: &View<'_>, entry: &Retiring) -> bool {
    !entry.has_window() || view.record.is_compromised() || published::is_current(view)
}

/// The last use can only prolong an overlap, and only of a token that still
/// works.
fn use_matters(view: &View<'_>, entry: &Retiring) -> bool {
    view.situation.issuer.last_used != LastUsed::None
        && entry.has_window()
        && !view.record.is_compromised()
        && entry.token.told_end().is_none_or(|end| end > view.now)
}

fn current_is_proven(view: &View<'_>) -> bool {
    let evidence = view
        .record
        .current
        .as_ref()
        .and_then(|c| c.evidence.as_ref());
    let fresh = |evidence: &Evidence| view.now.duration_since(evidence.at()) <= PROOF_IS_FRESH;
    let doubted = view
        .record
        .probe
        .as_ref()
        .is_some_and(|probe| probe.finding.is_some());
    !doubted && evidence.is_some_and(|evidence| evidence.is_full() && fresh(evidence))
}

/// When the current token is tested so that a superseded one can be retired.
fn next_proof(view: &View<'_>) -> Option<Timestamp> {
    let probe = next_probe(view)?;
    let again = view
        .record
        .probe
        .as_ref()
        .and_then(|last| last.at.checked_add(PROOF_IS_FRESH).ok())
        .filter(|_| {
            view.record
                .probe
                .as_ref()
                .is_some_and(|p| p.finding.is_none())
        });
    Some(again.map_or(probe, |at| at.min(probe)))
}

/// When a superseded token may be retired. If the current token is compromised,
/// the overlaps of its predecessors end at once.
pub(super) fn retire_at(view: &View<'_>, entry: &Retiring) -> Timestamp {
    let issuer = &view.situation.issuer;
    let ours_to_end = issuer.ends_old_token(entry.token.id.is_some());
    let from = match view.record.is_compromised() && ours_to_end {
        true => entry.superseded_at,
        false => entry.not_before,
    };
    entry.retry_at.map_or(from, |at| at.max(from))
}

/// Whether our clock is too wrong to tell that an overlap has ended. A compromised
/// or dead token has no overlap.
fn skewed(view: &View<'_>, entry: &Retiring) -> bool {
    let by_clock = entry.has_window() && !view.record.is_compromised();
    by_clock
        && view
            .situation
            .our_clock
            .is_wrong(view.situation.policy.max_clock_skew)
}

/// When each superseded token and orphan is due, and the reason of the wait
/// until then.
pub(super) fn next_looks<'v>(
    view: &'v View<'_>,
) -> impl Iterator<Item = (Timestamp, Reason)> + use<'v> {
    let retiring = view.record.retiring.iter();
    let orphans = view.record.orphans.iter();
    retiring.filter_map(|entry| next_look(view, entry)).chain(
        orphans
            .filter(|orphan| may_be_revoked_any_time(view) && is_ours_to_end(view, orphan))
            .filter_map(|orphan| orphan.retry_at)
            .map(|at| (at, Reason::OrphanFound)),
    )
}

fn next_look(view: &View<'_>, entry: &Retiring) -> Option<(Timestamp, Reason)> {
    let at = retire_at(view, entry);
    if at > view.now {
        return Some((at, waits_for(entry)));
    }
    // The publication has its own retry times.
    if !may_go_before_readers(view, entry) {
        return None;
    }
    let soon = view.after(view.situation.policy.retry_min);
    Some(if lost_lease::connection_in_doubt(view).is_some() {
        (soon, Reason::ConnectionInDoubt)
    } else if skewed(view, entry) {
        (soon, Reason::ClockSkew)
    } else {
        (next_proof(view).unwrap_or(soon), Reason::ProofNeeded)
    })
}

fn waits_for(entry: &Retiring) -> Reason {
    match entry.token.expires_at == Some(entry.not_before) {
        true => Reason::WaitingExpiry,
        false => Reason::WaitingOverlap,
    }
}
