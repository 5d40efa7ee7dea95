//! The published copy: adopted, taken from a person, or made to follow.

use jiff::SignedDuration;

use super::View;
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::situation::Published;

pub(super) fn adopt(view: &View<'_>) -> Option<Decision> {
    if view.record.current.is_some() {
        return None;
    }
    match view.situation.published {
        Published::Token(_) => view.step(Step::Adopt, Reason::Adoptable),
        Published::Unknown => {
            view.wait(view.after(SignedDuration::from_secs(10)), Reason::Adoptable)
        }
        Published::Absent | Published::Malformed => None,
    }
}

pub(super) fn take_supplied(view: &View<'_>) -> Option<Decision> {
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::TakeSupplied, Reason::OperatorSupplied)
        }
        Published::Unknown | Published::Absent | Published::Token(_) | Published::Malformed => None,
    }
}

pub(super) fn publish(view: &View<'_>) -> Option<Decision> {
    let current = view.record.current.as_ref()?;
    match view.situation.published {
        Published::Token(found) if *found == current.fingerprint() => None,
        Published::Unknown => None,
        Published::Token(_) | Published::Absent | Published::Malformed => {
            view.step(Step::Publish, Reason::PublishDue)
        }
    }
}
