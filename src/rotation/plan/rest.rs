//! What is done while nothing is due: probes, and waiting.

use jiff::{SignedDuration, Timestamp};

use super::due::renew_at;
use super::ending::next_looks;
use super::{LOOK_AGAIN, View, lost_lease};
use crate::rotation::decision::{Action, Decision, Reason, Step};
use crate::rotation::policy::share;

pub(super) fn probe(view: &View<'_>) -> Option<Decision> {
    if next_probe(view)? > view.now {
        return None;
    }
    view.step(Step::Verify, Reason::ProbeDue)
}

/// The periodic probe, or a quicker one after a doubt: one refusal alone is not
/// believed. A token that is not there or has expired is not tested.
pub(super) fn next_probe(view: &View<'_>) -> Option<Timestamp> {
    view.record.current.as_ref()?;
    if view.current_has_expired() {
        return None;
    }
    let Some(last) = &view.record.probe else {
        return Some(view.now);
    };
    let policy = view.situation.policy;
    let suspicious = last.finding.is_some() && !last.is_drift();
    let pause = match suspicious {
        true => policy.retry_min.min(policy.probe_every),
        false => policy.probe_every,
    };
    let spread = pause.as_secs_f64() * 0.1 * share(&view.record.token, view.record.generation);
    let spread = SignedDuration::try_from_secs_f64(spread).unwrap_or_default();
    let next = last.at.checked_add(pause.saturating_add(spread));
    Some(next.unwrap_or(Timestamp::MAX))
}

/// When each side task is next due, and what is waited for until then.
pub(super) fn side_tasks<'v>(
    view: &'v View<'_>,
) -> impl Iterator<Item = (Timestamp, Reason)> + use<'v> {
    let probe = next_probe(view).map(|at| (at, Reason::Fresh));
    let unknown = view.record.issues_after_lease_loss.first();
    let settled = unknown.map(|intent| lost_lease::settled_at(view, intent));
    let recovery = settled.map(|at| (at, Reason::ReplyLost));
    next_looks(view).chain(recovery).chain(probe)
}

/// The last rule: wait for whatever comes first.
pub(super) fn nothing_is_due(view: &View<'_>) -> Decision {
    let renewal = view
        .record
        .current
        .as_ref()
        .and_then(|current| renew_at(view, current));
    let calm = match renewal {
        Some(_) => Reason::Fresh,
        None => Reason::NothingScheduled,
    };
    let soonest = [renewal, view.current_expiry()]
        .into_iter()
        .flatten()
        .map(|at| (at, Reason::Fresh))
        .chain(side_tasks(view))
        .min_by_key(|(at, _)| *at);
    let (at, reason) = match soonest {
        // The oldest token on its way out is what a person wonders about.
        Some((at, Reason::Fresh)) => (at, next_looks(view).next().map_or(calm, |(_, why)| why)),
        Some((at, reason)) => (at, reason),
        None => (view.after(LOOK_AGAIN), calm),
    };
    Decision {
        action: Action::Wait,
        reason,
        wake_at: at.max(view.after(super::MIN_WAIT)),
    }
}
