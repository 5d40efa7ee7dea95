//! The published copy: adopted, taken from a person, or made to follow.

use jiff::SignedDuration;

use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::Stage;
use crate::rotation::situation::Published;

/// Pause before a path that could not be read is looked at again.
const READ_AGAIN: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn adopt(view: &View<'_>) -> Option<Decision> {
    if view.record.current.is_some() || view.situation.leaving {
        return None;
    }
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::Adopt, Reason::Adoptable)
        }
        Published::Unknown => view.wait(view.after(READ_AGAIN), Reason::Adoptable),
        Published::Token(_) | Published::Absent | Published::Malformed => None,
    }
}

/// Takes what a person wrote. Every value that is not and never was ours is
/// such a token.
pub(super) fn take(view: &View<'_>) -> Option<Decision> {
    if view.situation.leaving {
        return None;
    }
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::TakeSupplied, Reason::OperatorSupplied)
        }
        Published::Unknown | Published::Absent | Published::Token(_) | Published::Malformed => None,
    }
}

/// Takes what a person wrote to help a token that is stuck: as long as nothing
/// was issued, their token takes the place of the one that cannot be.
pub(super) fn rescue(view: &View<'_>) -> Option<Decision> {
    let open = match view.record.rotation.as_ref() {
        None => true,
        Some(rotation) => match rotation.stage {
            Stage::Issuing => rotation.intent.is_none(),
            Stage::WaitingOperator => true,
            Stage::Proving
            | Stage::Delivering
            | Stage::Completing
            | Stage::Confirming
            | Stage::Reverting
            | Stage::Discarding => false,
        },
    };
    open.then(|| take(view)).flatten()
}

/// Publishes the current token. What a person wrote is never written over
/// before it was taken.
pub(super) fn follow(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    let ours_to_mend = match view.situation.published {
        Published::Token(found) => view.record.knows(found),
        Published::Unknown => false,
        Published::Absent | Published::Malformed => true,
    };
    if is_current(view) || !ours_to_mend {
        return None;
    }
    view.step(Step::Publish, Reason::PublishDue)
}

/// Whether readers find the token in use.
pub(super) fn is_current(view: &View<'_>) -> bool {
    match (view.situation.published, view.record.current.as_ref()) {
        (Published::Token(found), Some(current)) => *found == current.fingerprint(),
        (Published::Token(_), None)
        | (Published::Unknown | Published::Absent | Published::Malformed, _) => false,
    }
}
