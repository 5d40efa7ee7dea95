//! What is done while nothing is due: probes, and waiting.

use jiff::{SignedDuration, Timestamp};

use super::due::{DRIFT_AFTER, renew_at};
use super::ending::{retire_at, retire_note, retire_reason};
use super::published::publish;
use super::{LOOK_AGAIN, View};
use crate::rotation::decision::{Decision, Reason, Step};

pub(super) fn halted(view: &View<'_>) -> Option<Decision> {
    if view.record.halt.is_none() || view.record.halt_is_lifted() {
        return None;
    }
    publish(view)
        .or_else(|| probe(view))
        .or_else(|| view.wait(next_probe(view).min(view.after(LOOK_AGAIN)), Reason::Halted))
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
