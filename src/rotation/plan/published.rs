//! The published secret: a token in it is adopted or taken as a person's, and
//! the current token is published.

use jiff::SignedDuration;

use super::view::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::Stage;
use crate::rotation::situation::Published;

/// Pause before a path that could not be read is read again.
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

/// Takes a token that a person wrote: any value that is and was none of this
/// record's.
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

/// Takes a token that a person wrote while a rotation is stuck: as long as no
/// token was issued, the person's is used instead.
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

/// Publishes the current token. A token that a person wrote is taken first,
/// never overwritten.
pub(super) fn follow(view: &View<'_>) -> Option<Decision> {
    view.record.current.as_ref()?;
    let is_ours = match view.situation.published {
        Published::Token(found) => view.record.knows(found),
        Published::Unknown => false,
        Published::Absent | Published::Malformed => true,
    };
    if is_current(view) || !is_ours {
        return None;
    }
    view.step(Step::Publish, Reason::PublishDue)
}

/// Whether the published path has the current token.
pub(super) fn is_current(view: &View<'_>) -> bool {
    match (view.situation.published, view.record.current.as_ref()) {
        (Published::Token(found), Some(current)) => *found == current.fingerprint(),
        (Published::Token(_), None)
        | (Published::Unknown | Published::Absent | Published::Malformed, _) => false,
    }
}
