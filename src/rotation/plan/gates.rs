//! Conditions under which nothing may be done for a token, or not yet.

use jiff::Timestamp;

use super::published;
use super::side_tasks::meanwhile;
use super::view::{LOOK_AGAIN, MIN_WAIT, View};
use crate::fault::FaultClass;
use crate::rotation::capability::IssueEffect;
use crate::rotation::clock::{is_behind, may_set_back};
use crate::rotation::decision::{Decision, Reason, Step};
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

/// A halted token waits until a person requests a rotation, writes a token, or
/// corrects the settings that the halt comes from.
pub(super) fn halted(view: &View<'_>) -> Option<Decision> {
    if view.record.halt.is_none() || view.situation.is_lifted(view.record) {
        return None;
    }
    let look_again = view.after(LOOK_AGAIN);
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

/// Whether the last publication failed too recently for another.
pub(super) fn publication_waits(view: &View<'_>) -> bool {
    let last = view.record.failures.last.as_ref();
    last.is_some_and(|failure| failure.step == Step::Publish.as_str())
        && retry_at(view).is_some_and(|until| until > view.now)
}

/// When a failed step may be repeated. A person's request, and corrected
/// settings, do not wait for failures from before.
fn retry_at(view: &View<'_>) -> Option<Timestamp> {
    if view.situation.is_corrected(view.record) {
        return None;
    }
    let failures = &view.record.failures;
    let last = failures.last.as_ref()?;
    let requested = view.record.request.as_ref().map(|request| request.at);
    if requested.is_some_and(|at| at >= last.at) {
        return None;
    }
    let end = match is_cut_off(view) {
        true => Some(last.at),
        false => view.current_expiry(),
    };
    view.situation
        .policy
        .retry_at(&view.record.token, failures, end)
}

/// Whether the current token does not work although its expiry is in the
/// future: it is refused, or an issue may have ended it.
fn is_cut_off(view: &View<'_>) -> bool {
    let intent = view
        .record
        .rotation
        .as_ref()
        .and_then(|r| r.intent.as_ref());
    let last = view.record.failures.last.as_ref();
    let maybe_killed = view.situation.issuer.issue_effect == IssueEffect::Kills
        && intent.is_some()
        && last.is_some_and(|failure| failure.class == FaultClass::Ambiguous);
    maybe_killed || view.current_is_refused()
}
