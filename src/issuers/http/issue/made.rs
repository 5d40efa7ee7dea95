//! What was made before a call of an issue failed.

use super::{Answered, Answers};
use crate::fault::{Fault, FaultClass};
use crate::http::exchange::{Call, Effect, Purpose};
use crate::issuers::spelled;

/// Whether a call only reads, and the token was told before it.
pub(super) fn tells_more(call: &Call, before: &[Answered<'_>]) -> bool {
    let mut before = before.iter();
    call.effect(Purpose::Issue) == Effect::None
        && call.read.token.is_none()
        && before.any(|answered| answered.call.read.token.is_some())
}

/// The id of what was made, as the answers tell it.
pub(super) fn told_id(all: Vec<Answered<'_>>) -> Option<String> {
    usable(Answers { all }.text(|read| read.id.as_ref()))
}

pub(super) fn usable(id: Option<String>) -> Option<String> {
    id.filter(|id| spelled::objection(id, None).is_none())
}

/// The same fault, with the id of what was made where it is known.
pub(super) fn made(mut fault: Fault, id: Option<String>) -> Fault {
    if let Some(unusable) = &mut fault.unusable {
        unusable.made = id;
    }
    fault
}

/// A failure after a token may have been created.
pub(super) fn after_creation(created: bool, mut fault: Fault) -> Fault {
    if created && fault.class != FaultClass::Ambiguous {
        let same_again = fault.class.is_permanent();
        fault.class = FaultClass::Ambiguous;
        if same_again {
            fault = fault.complete();
        }
        fault
            .message
            .push_str("; a token was created before this, and is looked for");
    }
    fault
}
