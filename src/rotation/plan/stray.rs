//! What a process left behind that had lost its lease, and connections that hold
//! another token than the one in use.

use jiff::Timestamp;

use super::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{ConnectionHolds, Intent, Stage};

/// An issue that it sent may have taken effect. It is looked for while no other
/// issue is in flight.
pub(super) fn look_for_issue(view: &View<'_>) -> Option<Decision> {
    let stray = view.record.strays.first()?;
    let busy = view
        .record
        .rotation
        .as_ref()
        .is_some_and(|r| r.stage != Stage::Issuing || r.intent.is_some());
    if busy || view.now < settled_at(view, stray) {
        return None;
    }
    view.step(Step::Recover, Reason::ReplyLost)
}

/// From when on it cannot take effect any more.
pub(super) fn settled_at(view: &View<'_>, stray: &Intent) -> Timestamp {
    let policy = view.situation.policy;
    let settled = stray.at.checked_add(policy.lease + policy.settle);
    settled.unwrap_or(view.now)
}

pub(super) fn give_again(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    let connection = connection_in_doubt(view)?.to_owned();
    view.step(Step::Revert { connection }, Reason::ConnectionInDoubt)
}

/// A configured connection that does not hold the token in use: a write of such
/// a process may have reached it, or it was not configured when it would have
/// been given the token.
pub(super) fn connection_in_doubt<'a>(view: &View<'a>) -> Option<&'a str> {
    let current = view.record.current.as_ref()?.fingerprint();
    // Nobody is given a dead token for another one.
    let works = !view.current_has_expired() && !view.current_is_refused();
    let lacks = |holds: &ConnectionHolds| works && holds.fingerprint != current;
    let known = view.record.connections.iter();
    known
        .filter(|(_, holds)| holds.in_doubt || lacks(holds))
        .find(|(name, _)| view.situation.connection(name).is_some())
        .map(|(name, _)| name.as_str())
}
