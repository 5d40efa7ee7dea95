//! What the stored state and the time call for.

use jiff::{SignedDuration, Timestamp};

use super::{LOOK_AGAIN, View};
use crate::rotation::capability::{IssueEffect, LastUsed, LiveTokens, Supply};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{HeldToken, Request, Retiring, Stage, Trigger};
use crate::rotation::situation::Published;

/// Refused probes in a row after which the token in use counts as dead.
const DRIFT_AFTER: u32 = 2;

pub(super) fn adopt(view: &View<'_>) -> Option<Decision> {
    if view.record.current.is_some() {
        return None;
    }
    match view.situation.published {
        Published::Token(_) => view.step(Step::Adopt, Reason::Adoptable),
        Published::Unknown => {
            view.wait(view.after(SignedDuration::from_secs(10)), Reason::Adoptable)
        }
        Published::Absent | Published::Malformed => None,
    }
}

pub(super) fn take_supplied(view: &View<'_>) -> Option<Decision> {
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::TakeSupplied, Reason::OperatorSupplied)
        }
        Published::Unknown | Published::Absent | Published::Token(_) | Published::Malformed => None,
    }
}

pub(super) fn publish(view: &View<'_>) -> Option<Decision> {
    let current = view.record.current.as_ref()?;
    match view.situation.published {
        Published::Token(found) if *found == current.fingerprint() => None,
        Published::Unknown => None,
        Published::Token(_) | Published::Absent | Published::Malformed => {
            view.step(Step::Publish, Reason::PublishDue)
        }
    }
}

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
    let entry = view
        .record
        .retiring
        .iter()
        .find(|entry| retire_at(entry) <= view.now)?;
    let current = view.record.current.as_ref()?;
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

fn retire_at(entry: &Retiring) -> Timestamp {
    entry
        .retry_at
        .map_or(entry.not_before, |at| at.max(entry.not_before))
}

fn skewed(view: &View<'_>) -> bool {
    view.situation.clock_skew.abs() > view.situation.policy.max_clock_skew
}

pub(super) fn halted(view: &View<'_>) -> Option<Decision> {
    if view.record.halt.is_none() || view.record.halt_is_lifted() {
        return None;
    }
    publish(view)
        .or_else(|| probe(view))
        .or_else(|| view.wait(next_probe(view).min(view.after(LOOK_AGAIN)), Reason::Halted))
}

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

fn renew_at(view: &View<'_>, current: &HeldToken) -> Option<Timestamp> {
    view.situation
        .policy
        .renew_at(&view.record.token, view.record.generation, current)
}

/// With two slots, the superseded token must be gone first, and its overlap is
/// not cut short for that.
fn slot_is_needed(view: &View<'_>) -> Option<Decision> {
    if view.situation.issuer.live_tokens != LiveTokens::Two {
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

pub(super) fn probe(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    if next_probe(view) > view.now {
        return None;
    }
    view.step(Step::Verify, Reason::ProbeDue)
}

/// The periodic probe, or a quicker one after a refusal: one refusal alone is
/// not believed.
fn next_probe(view: &View<'_>) -> Timestamp {
    let Some(last) = &view.record.probe else {
        return view.now;
    };
    let policy = view.situation.policy;
    let suspicious = last.finding.is_some() && last.refused < DRIFT_AFTER;
    let pause = if suspicious {
        policy.retry_min.min(policy.probe_every)
    } else {
        policy.probe_every
    };
    let spread = pause.as_secs_f64()
        * 0.1
        * crate::rotation::policy::share(&view.record.token, view.record.generation);
    let spread = SignedDuration::try_from_secs_f64(spread).unwrap_or_default();
    last.at
        .checked_add(pause.saturating_add(spread))
        .unwrap_or(Timestamp::MAX)
}

/// The last rule: wait for whatever comes first.
pub(super) fn nothing_is_due(view: &View<'_>) -> Decision {
    let renew = view
        .record
        .current
        .as_ref()
        .and_then(|current| renew_at(view, current));
    let retire = view
        .record
        .retiring
        .iter()
        .map(|entry| (retire_at(entry), retire_reason(view, entry)));
    let orphans = view
        .record
        .orphans
        .iter()
        .filter_map(|o| o.retry_at)
        .map(|at| (at, Reason::OrphanFound));
    let probe = view
        .record
        .current
        .is_some()
        .then(|| (next_probe(view), Reason::Fresh));
    let fresh = if renew.is_some() {
        Reason::Fresh
    } else {
        Reason::NothingScheduled
    };
    let soonest = renew
        .map(|at| (at, Reason::Fresh))
        .into_iter()
        .chain(retire)
        .chain(orphans)
        .chain(probe)
        .min_by_key(|(at, _)| *at);
    let (at, reason) = match soonest {
        Some((at, Reason::Fresh)) => (at, retire_note(view).unwrap_or(fresh)),
        Some((at, reason)) => (at, reason),
        None => (view.after(LOOK_AGAIN), fresh),
    };
    let wake_at = if at <= view.now {
        view.after(view.situation.policy.retry_min)
    } else {
        at
    };
    Decision {
        action: crate::rotation::decision::Action::Wait,
        reason,
        wake_at: wake_at.max(view.after(super::MIN_WAIT)),
    }
}

fn retire_note(view: &View<'_>) -> Option<Reason> {
    view.record
        .retiring
        .first()
        .map(|entry| retire_reason(view, entry))
}

fn retire_reason(view: &View<'_>, entry: &Retiring) -> Reason {
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
