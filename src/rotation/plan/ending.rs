//! The end of superseded tokens, and of tokens whose value was lost.

use jiff::Timestamp;

use super::View;
use crate::rotation::capability::LastUsed;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{HeldToken, Retiring, Stage};
use crate::rotation::situation::Published;

pub(super) fn revoke_orphan(view: &View<'_>) -> Option<Decision> {
    let due = |retry_at: Option<Timestamp>| retry_at.is_none_or(|at| at <= view.now);
    let orphan = view
        .record
        .orphans
        .iter()
        .find(|orphan| due(orphan.retry_at))?;
    view.step(
        Step::RevokeOrphan {
            id: orphan.id.clone(),
        },
        Reason::OrphanFound,
    )
}

/// Retires the first superseded token whose time has come. A rotation in a
/// stage with effects is not interrupted; one that waits for a person is no
/// obstacle.
pub(super) fn retire(view: &View<'_>) -> Option<Decision> {
    let busy = view
        .record
        .rotation
        .as_ref()
        .is_some_and(|r| r.stage != Stage::WaitingOperator);
    if busy && view.record.halt.is_none() {
        return None;
    }
    if skewed(view) {
        return None;
    }
    let current = view.record.current.as_ref()?;
    let readable = readers_find(view, current);
    let entry = view
        .record
        .retiring
        .iter()
        .find(|entry| retire_at(entry) <= view.now && (readable || !entry.has_window()))?;
    if !current
        .evidence
        .as_ref()
        .is_some_and(crate::scim::evidence::Evidence::is_full)
    {
        return prove_current_first(view);
    }
    let fingerprint = entry.token.fingerprint();
    if view.situation.issuer.last_used != LastUsed::None && entry.use_checked.is_none() {
        return view.step(Step::CheckUse { fingerprint }, Reason::RetireDue);
    }
    view.step(Step::Retire { fingerprint }, Reason::RetireDue)
}

/// Whether readers of the published secret find the token in use. Until they
/// do, its predecessor is what they have.
fn readers_find(view: &View<'_>, current: &HeldToken) -> bool {
    *view.situation.published == Published::Token(current.fingerprint())
}

/// Nothing is retired on weak proof: the current token is tested again, at the
/// pace of retries.
fn prove_current_first(view: &View<'_>) -> Option<Decision> {
    let last = view.record.probe.as_ref().map(|p| p.at);
    let pause = view.situation.policy.retry_min;
    let next = last
        .and_then(|at| at.checked_add(pause).ok())
        .unwrap_or(view.now);
    if next <= view.now {
        return view.step(Step::Verify, Reason::ProofNeeded);
    }
    None
}

pub(super) fn retire_at(entry: &Retiring) -> Timestamp {
    entry
        .retry_at
        .map_or(entry.not_before, |at| at.max(entry.not_before))
}

fn skewed(view: &View<'_>) -> bool {
    view.situation.clock_skew.abs() > view.situation.policy.max_clock_skew
}

pub(super) fn retire_note(view: &View<'_>) -> Option<Reason> {
    view.record
        .retiring
        .first()
        .map(|entry| retire_reason(view, entry))
}

pub(super) fn retire_reason(view: &View<'_>, entry: &Retiring) -> Reason {
    if retire_at(entry) > view.now {
        let by_expiry = entry.token.expires_at == Some(entry.not_before);
        return if by_expiry {
            Reason::WaitingExpiry
        } else {
            Reason::WaitingOverlap
        };
    }
    if skewed(view) {
        Reason::ClockSkew
    } else {
        Reason::ProofNeeded
    }
}
