//! What is done for a token while it waits for something else: a superseded
//! token is retired, an orphan revoked, the current token tested.

use jiff::Timestamp;

use super::ending::next_looks;
use super::probing::next_probe;
use super::view::View;
use super::{ending, lost_lease, probing, rehearsal};
use crate::rotation::decision::{Decision, Reason};

type SideTask = fn(&View<'_>) -> Option<Decision>;

const SIDE_TASKS: &[SideTask] = &[
    ending::retire,
    ending::revoke_orphan,
    rehearsal::end,
    probing::probe,
];

/// Performs the first side task that is due; else waits until the next one is
/// due, at most until `until`.
pub(super) fn meanwhile(view: &View<'_>, until: Timestamp, reason: Reason) -> Option<Decision> {
    let next = next_side_tasks(view).map(|(at, _)| at).min();
    SIDE_TASKS
        .iter()
        .find_map(|task| task(view))
        .or_else(|| view.wait(next.map_or(until, |at| at.min(until)), reason))
}

/// When each side task is due, and the reason of the wait until then.
pub(super) fn next_side_tasks<'v>(
    view: &'v View<'_>,
) -> impl Iterator<Item = (Timestamp, Reason)> + use<'v> {
    let probe = next_probe(view).map(|at| (at, Reason::Fresh));
    let unknown = view.record.issues_after_lease_loss.first();
    let settled = unknown.map(|intent| lost_lease::settled_at(view, intent));
    // When that time has passed, the rotation in flight or a backoff is waited for.
    let settled = settled.filter(|at| *at > view.now);
    let recovery = settled.map(|at| (at, Reason::ReplyLost));
    let throwaway = rehearsal::next_look(view).map(|at| (at, Reason::RehearsalOpen));
    next_looks(view)
        .chain(recovery)
        .chain(throwaway)
        .chain(probe)
}
