//! When a rotation begins, and what holds it back.

use jiff::Timestamp;

use super::View;
use super::ending::retire_at;
use crate::rotation::capability::{IssueEffect, LiveTokens, Overlap, Supply};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{HeldToken, Request, Trigger};

/// Refused probes in a row after which the token in use counts as dead.
pub(super) const DRIFT_AFTER: u32 = 2;

pub(super) fn begin(view: &View<'_>) -> Option<Decision> {
    let due = due_trigger(view)?;
    if let Some(decision) = slot_is_needed(view) {
        return Some(decision);
    }
    if let Some(until) = issue_cap_until(view) {
        return view.wait(until, Reason::IssueCap);
    }
    if let Some(until) = window_opens(view, &due) {
        return view.wait(until, Reason::WaitingWindow);
    }
    view.step(
        Step::Prepare {
            trigger: due.trigger,
        },
        due.reason,
    )
}

/// A rotation that is due, and whether it may wait for a window.
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
    if let Some(request) = &view.record.request {
        return match request.trigger {
            Trigger::Compromise => due(Trigger::Compromise, Reason::Compromised, false),
            Trigger::Schedule
            | Trigger::Missing
            | Trigger::Drift
            | Trigger::Force
            | Trigger::Operator => due(Trigger::Force, Reason::Forced, false),
        };
    }
    let Some(current) = &view.record.current else {
        return due(Trigger::Missing, Reason::Missing, false);
    };
    if view.current_expiry().is_some_and(|end| end <= view.now) {
        return due(Trigger::Schedule, Reason::Expired, false);
    }
    if view
        .record
        .probe
        .as_ref()
        .is_some_and(|p| p.refused >= DRIFT_AFTER)
    {
        return due(Trigger::Drift, Reason::Drift, false);
    }
    if renew_at(view, current).is_some_and(|at| at <= view.now) {
        return due(Trigger::Schedule, Reason::RenewalDue, true);
    }
    None
}

pub(super) fn renew_at(view: &View<'_>, current: &HeldToken) -> Option<Timestamp> {
    view.situation
        .policy
        .renew_at(&view.record.token, view.record.generation, current)
}

/// With two slots, the superseded token must be gone first, and its overlap is
/// not cut short for that. So it is with two phases: until the last rotation
/// is completed, the next cannot begin.
fn slot_is_needed(view: &View<'_>) -> Option<Decision> {
    let issuer = &view.situation.issuer;
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    if issuer.live_tokens != LiveTokens::Two && !two_phase {
        return None;
    }
    let entry = view.record.retiring.first()?;
    view.wait(retire_at(entry), Reason::SlotNeeded)
}

/// The runaway guard: when the next issue is permitted, if not now.
pub(super) fn issue_cap_until(view: &View<'_>) -> Option<Timestamp> {
    if view.situation.issuer.supply == Supply::Operator || overridden(view.record.request.as_ref())
    {
        return None;
    }
    let day = crate::rotation::apply::ISSUE_WINDOW;
    let recent: Vec<_> = view
        .record
        .issues
        .iter()
        .filter(|at| view.now.duration_since(**at) < day)
        .collect();
    let cap = usize::try_from(view.situation.policy.issues_per_day).unwrap_or(usize::MAX);
    if recent.len() < cap {
        return None;
    }
    recent
        .get(recent.len() - cap)
        .and_then(|at| at.checked_add(day).ok())
}

fn overridden(request: Option<&Request>) -> bool {
    request.is_some_and(|request| request.override_guards)
}

/// When windows let this rotation begin, if not now. An issue that kills the
/// old token waits for its window even when it is urgent only by schedule.
fn window_opens(view: &View<'_>, due: &Due) -> Option<Timestamp> {
    let windows = &view.situation.policy.windows;
    let cuts = view.situation.issuer.issue_effect == IssueEffect::Kills;
    let must_wait = due.patient
        || (cuts && due.trigger == Trigger::Force && !overridden(view.record.request.as_ref()));
    if !must_wait || windows.permit(view.now) {
        return None;
    }
    let current = view.record.current.as_ref()?;
    let opens = view.situation.policy.window_opens(view.now, current);
    (opens > view.now).then_some(opens)
}
