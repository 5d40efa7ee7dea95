//! When a rotation begins, and what delays it.

use jiff::{SignedDuration, Timestamp};

use super::ending::retire_at;
use super::side_tasks::meanwhile;
use super::view::{LOOK_AGAIN, View};
use super::{published, rehearsal, restored};
use crate::rotation::capability::{IssueEffect, LiveTokens, Overlap, Supply};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::gate::{GateSays, gate_says};
use crate::rotation::record::{HeldToken, Retiring, RotationResult, Trigger};

/// How soon it is looked again whether the audit can be written.
const LOOK_AGAIN_AT_AUDIT: SignedDuration = SignedDuration::from_secs(15);

pub(super) fn begin(view: &View<'_>) -> Option<Decision> {
    if view.situation.leaving {
        return None;
    }
    let due = due_trigger(view);
    let held_back = due.is_some() && view.situation.audit_fails;
    if held_back || published::waits_for_audit(view) {
        return meanwhile(view, view.after(LOOK_AGAIN_AT_AUDIT), Reason::AuditFails);
    }
    let due = due?;
    if let Some(until) = slot_is_free_at(view) {
        return meanwhile(view, until, Reason::SlotNeeded);
    }
    if let Some(until) = rehearsal::open_until(view) {
        return meanwhile(view, until, Reason::RehearsalOpen);
    }
    if let Some(until) = issue_cap_until(view) {
        return meanwhile(view, until, Reason::IssueCap);
    }
    if let Some(until) = roll_back_is_over_at(view) {
        return meanwhile(view, until, Reason::Backoff);
    }
    if let Some(until) = full_cycle_is_waited_for(view, due.trigger) {
        return meanwhile(view, until, Reason::WaitingFullCycle);
    }
    if let Some(until) = window_opens(view, due.trigger, due.patient) {
        return meanwhile(view, until, Reason::WaitingWindow);
    }
    let trigger = due.trigger;
    view.step(Step::Prepare { trigger }, due.reason)
}

/// A rotation that is due, and whether it waits for a window.
struct Due {
    trigger: Trigger,
    reason: Reason,
    patient: bool,
}

fn due_trigger(view: &View<'_>) -> Option<Due> {
    let due = |trigger, reason, patient| {
        Some(Due {
            trigger,
            reason,
            patient,
        })
    };
    let asked_for = view.record.asked_for();
    if let Some(asked_for) = asked_for.filter(|_| !waits_for_supplied(view)) {
        return match asked_for {
            Trigger::Compromise => due(Trigger::Compromise, Reason::Compromised, false),
            Trigger::Schedule
            | Trigger::Missing
            | Trigger::Drift
            | Trigger::Force
            | Trigger::Operator => due(Trigger::Force, Reason::Forced, false),
        };
    }
    // The request was dropped when the token was halted.
    let halt = view.record.halt.as_ref();
    if halt.is_some_and(|halt| halt.compromised) {
        return due(Trigger::Compromise, Reason::Compromised, false);
    }
    if let (Some(asked), None) = (halt.and_then(|halt| halt.asked), &view.record.rotation) {
        return due(asked, Reason::Forced, false);
    }
    let Some(current) = &view.record.current else {
        return due(Trigger::Missing, Reason::Missing, false);
    };
    if restored::must_replace(view) {
        return due(Trigger::Drift, Reason::VaultRestored, false);
    }
    if view.current_has_expired() {
        return due(Trigger::Schedule, Reason::Expired, false);
    }
    if view.current_is_refused() {
        return due(Trigger::Drift, Reason::Drift, false);
    }
    if renew_at(view, current).is_some_and(|at| at <= view.now) {
        return due(Trigger::Schedule, Reason::RenewalDue, true);
    }
    None
}

/// Whether a person said that a value at the published path is meant, and the
/// issuer is not asked for one. Where a person is the issuer, the rotation
/// begins and waits for the value.
fn waits_for_supplied(view: &View<'_>) -> bool {
    let request = view.record.request.as_ref();
    view.situation.issuer.supply == Supply::Issuer && request.is_some_and(|r| r.supplied)
}

pub(super) fn renew_at(view: &View<'_>, current: &HeldToken) -> Option<Timestamp> {
    view.situation
        .policy
        .renew_at(&view.record.token, view.record.generation, current)
}

/// When the issuer has room for a new token, if not now. With two slots, a
/// superseded token must be retired first, and its overlap is not shortened for
/// that; a dead token takes no slot. With two phases, the last rotation
/// must be completed before the next can begin, unless its token does not work:
/// then the superseded token is the only one that does.
fn slot_is_free_at(view: &View<'_>) -> Option<Timestamp> {
    let issuer = &view.situation.issuer;
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    if issuer.live_tokens != LiveTokens::Two && !two_phase {
        return None;
    }
    let here = |token: &HeldToken| !view.is_of_another_issuer(token.issuer.as_deref());
    let current = view.record.current.as_ref().filter(|token| here(token));
    let current_lives =
        current.is_some() && !view.current_has_expired() && !view.current_is_refused();
    if two_phase && !current_lives {
        // The next rotation drops the token that does not work by `cancel`.
        return None;
    }
    // A rotation of two phases must be completed, however its old token ended.
    let revokes = |entry: &Retiring| issuer.ends_old_token(entry.token.id.is_some());
    // Where the daemon cannot end it, nothing is gained by waiting any longer than to
    // the end that is assumed.
    let takes_slot = |entry: &Retiring| match (two_phase, revokes(entry)) {
        (true, _) => entry.revoked_at.is_none() || entry.still_accepted,
        (false, true) => !entry.frees_slot(view.now),
        (false, false) => entry.token.expires_at.is_none_or(|end| end > view.now),
    };
    let superseded: Vec<_> = view
        .record
        .retiring
        .iter()
        .filter(|entry| here(&entry.token) && takes_slot(entry))
        .map(|entry| retire_at(view, entry))
        .collect();
    let fit = superseded.len() + usize::from(current_lives) < 2;
    if fit && !(two_phase && current_lives) {
        return None;
    }
    let first = superseded.into_iter().min()?;
    // A retirement that is due and did not happen waits for something else.
    let soon = view.after(view.situation.policy.retry_min);
    Some(if first > view.now { first } else { soon })
}

/// The cap on issued tokens: when the next one may be issued, if not now.
pub(super) fn issue_cap_until(view: &View<'_>) -> Option<Timestamp> {
    if view.situation.issuer.supply == Supply::Operator || overrides_guards(view) {
        return None;
    }
    let (record, policy) = (view.record, view.situation.policy);
    policy.issue_permitted_at(&record.issues, record.current.as_ref(), view.now)
}

fn overrides_guards(view: &View<'_>) -> bool {
    let request = view.record.request.as_ref();
    request.is_some_and(|request| request.override_guards)
}

/// When a rotation may begin again after one that was rolled back, if not now:
/// each costs an issue and writes to the connections.
fn roll_back_is_over_at(view: &View<'_>) -> Option<Timestamp> {
    let mut past = view.record.history.iter();
    // A refused value of a person says nothing about the issuer.
    let last = past.find(|past| !view.record.was_of_a_refused_value(past))?;
    // The compromise that the rolled-back rotation left open is no new request.
    let request = view.record.request.as_ref();
    let asked_since = request.is_some_and(|request| request.at != last.began_at);
    if last.result != RotationResult::RolledBack || asked_since {
        return None;
    }
    let works = view.record.current.is_some() && !view.current_is_refused();
    let end = match works {
        true => view.current_expiry(),
        false => Some(last.ended_at),
    };
    let pause = view.situation.policy.longest_pause(last.ended_at, end);
    let over = last.ended_at.checked_add(pause).unwrap_or(Timestamp::MAX);
    (over > view.now).then_some(over)
}

/// Until when the full cycle of another token is waited for, if it is. It may pass at
/// any time, so the wait is short.
fn full_cycle_is_waited_for(view: &View<'_>, trigger: Trigger) -> Option<Timestamp> {
    if overrides_guards(view) || view.current_has_expired() {
        return None;
    }
    let passed = view.situation.full_cycle.as_ref();
    let current = view.record.current.as_ref();
    let policy = view.situation.policy;
    match gate_says(policy, passed, trigger, current, view.now) {
        GateSays::Begin | GateSays::BeginAllTheSame => None,
        GateSays::Wait(deadline) => {
            let soon = view.after(LOOK_AGAIN);
            Some(deadline.map_or(soon, |deadline| deadline.min(soon)))
        }
    }
}

/// When a window permits a rotation with this trigger, if not now. An issue
/// that ends the old token at once waits for a window even if a person asked
/// for it.
pub(super) fn window_opens(view: &View<'_>, trigger: Trigger, patient: bool) -> Option<Timestamp> {
    let windows = &view.situation.policy.windows;
    let cuts = view.situation.issuer.issue_effect == IssueEffect::Kills;
    let asked_to_cut = cuts && trigger == Trigger::Force && !overrides_guards(view);
    if !(patient || asked_to_cut) || windows.permit(view.now) {
        return None;
    }
    let current = view.record.current.as_ref()?;
    let opens = view.situation.policy.window_opens(view.now, current);
    (opens > view.now).then_some(opens)
}

/// When a window permits a begun rotation to issue, if not now: an issue that
/// ends the old token at once must still be inside the window.
pub(super) fn cut_is_permitted_at(view: &View<'_>, trigger: Trigger) -> Option<Timestamp> {
    let cuts = view.situation.issuer.issue_effect == IssueEffect::Kills;
    if !cuts || view.current_has_expired() {
        return None;
    }
    window_opens(view, trigger, trigger == Trigger::Schedule)
}
