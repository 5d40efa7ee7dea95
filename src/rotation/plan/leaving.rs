//! A token that was taken out of the configuration.

use super::published;
use super::view::{LOOK_AGAIN, View};
use crate::rotation::decision::{Decision, Reason};
use crate::rotation::record::Stage;
use crate::rotation::situation::Published;

/// Lets the token go when nothing is left to do. What only a person could
/// continue is left as it is, until the token is configured again.
pub(super) fn let_go(view: &View<'_>) -> Option<Decision> {
    if !view.situation.leaving || !(is_settled(view) || needs_a_person(view)) {
        return None;
    }
    view.wait(view.after(LOOK_AGAIN), Reason::Left)
}

/// No rotation is in flight, the current token is published, its predecessors
/// are retired, and no issuance request is unresolved.
fn is_settled(view: &View<'_>) -> bool {
    let record = view.record;
    let readers_have_it = match view.situation.published {
        Published::Token(_) => published::is_current(view) || published::follow(view).is_none(),
        Published::Absent | Published::Malformed => record.current.is_none(),
        Published::Unknown => false,
    };
    record.rotation.is_none()
        && record.retiring.is_empty()
        && record.issues_after_lease_loss.is_empty()
        && record.rehearsal.is_none()
        && view.situation.unrecorded.is_empty()
        && readers_have_it
}

fn needs_a_person(view: &View<'_>) -> bool {
    let record = view.record;
    let waits = |stage| matches!(stage, Stage::WaitingOperator | Stage::HandedOver);
    let halted = record.halt.is_some() && !view.situation.is_lifted(record);
    halted || record.paused.is_some() || record.rotation.as_ref().is_some_and(|r| waits(r.stage))
}
