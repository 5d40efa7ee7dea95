//! Conditions under which nothing may be done for a token, or not yet.

use super::published;
use super::retrying::retry_at;
use super::side_tasks::meanwhile;
use super::view::{LOOK_AGAIN, MIN_WAIT, View};
use crate::rotation::clock::{is_behind, may_set_back};
use crate::rotation::decision::{Decision, Reason};
use crate::rotation::record::SCHEMA;

pub(super) fn schema_is_ours(view: &View<'_>) -> Option<Decision> {
    if view.record.schema <= SCHEMA {
        return None;
    }
    view.wait(view.after(LOOK_AGAIN), Reason::SchemaTooNew)
}

/// A record from the future was written by a clock that was ahead, or ours is
/// behind. Before a record of the first kind is decided on, its times are set back
/// ([`set_back`](crate::rotation::clock::set_back)).
pub(super) fn clock_is_sane(view: &View<'_>) -> Option<Decision> {
    let policy = view.situation.policy;
    let behind = is_behind(view.record, policy, view.now);
    if !behind || may_set_back(view.record, view.situation) {
        return None;
    }
    let look_again = policy.max_clock_skew.clamp(MIN_WAIT, LOOK_AGAIN);
    view.wait(view.after(look_again), Reason::ClockBehind)
}

pub(super) fn not_paused(view: &View<'_>) -> Option<Decision> {
    if view.record.paused.is_none() && !view.situation.all_paused {
        return None;
    }
    view.wait(view.after(LOOK_AGAIN), Reason::Paused)
}

/// The holder may give its lease back early, so a long lease is read again
/// before it ends.
pub(super) fn lease_is_ours_or_free(view: &View<'_>) -> Option<Decision> {
    let holder = view.situation.holder?;
    let lease = view.record.lease.as_ref()?;
    if lease.holder == holder || lease.expires_at <= view.now {
        return None;
    }
    let until = lease.expires_at.min(view.after(LOOK_AGAIN));
    view.wait(until, Reason::LeaseElsewhere)
}

/// A halted token waits until it is tried again, or a person requests a rotation,
/// writes a token, or corrects the settings that the halt comes from.
pub(super) fn halted(view: &View<'_>) -> Option<Decision> {
    let halt = view.record.halt.as_ref()?;
    if view.situation.is_lifted(view.record) || halt.is_tried_again(view.now) {
        return None;
    }
    let trial = halt.retry_at.filter(|_| halt.may_end_by_itself());
    let look_again = view.after(LOOK_AGAIN);
    let look_again = trial.map_or(look_again, |at| at.min(look_again));
    match retry_at(view).filter(|at| *at > view.now) {
        Some(until) => meanwhile(view, until.min(look_again), Reason::Halted),
        None => published::rescue(view)
            .or_else(|| published::follow(view))
            .or_else(|| meanwhile(view, look_again, Reason::Halted)),
    }
}

pub(super) fn backoff_is_over(view: &View<'_>) -> Option<Decision> {
    let until = retry_at(view)?;
    if until <= view.now {
        return None;
    }
    meanwhile(view, until, Reason::Backoff)
}
