//! The last rule: nothing is due.

use super::due::renew_at;
use super::ending::next_looks;
use super::side_tasks::next_side_tasks;
use super::view::{LOOK_AGAIN, MIN_WAIT, View};
use crate::rotation::decision::{Action, Decision, Reason};
use crate::rotation::proof::{self, Proof};
use crate::rotation::reason::Urgency;

/// Waits for the first thing that becomes due.
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
        .chain(next_side_tasks(view))
        .min_by_key(|(at, _)| *at);
    let (at, reason) = match soonest {
        // People want to know what a superseded token waits for.
        Some((at, Reason::Fresh)) => (at, next_looks(view).next().map_or(calm, |(_, why)| why)),
        Some((at, reason)) => (at, reason),
        None => (view.after(LOOK_AGAIN), calm),
    };
    let reason = match reason.urgency() {
        // Calm is said only of a token that was shown to work.
        Urgency::Healthy => doubt(view).unwrap_or(reason),
        Urgency::HeldBack | Urgency::Unfinished | Urgency::NeedsPerson => reason,
    };
    Decision {
        action: Action::Wait,
        reason,
        wake_at: at.max(view.after(MIN_WAIT)),
    }
}

/// Why the token in use does not count as fresh, if it does not.
fn doubt(view: &View<'_>) -> Option<Reason> {
    match proof::of_current(view.record, view.situation.policy)? {
        Proof::Works => None,
        Proof::Refused(_) => Some(Reason::Refused),
        Proof::Unproven(_) => Some(Reason::Unproven),
    }
}
