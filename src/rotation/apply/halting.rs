//! How work on a token stops until a person decides, and how it goes on.

use super::change::Change;
use crate::rotation::record::{Halt, HaltCause, Record, Request, Trigger};

/// Stops until a person decides: what was asked for before is void, but for the
/// haste of a token in the wrong hands. All else that is stored stays as it is.
pub(super) fn halt(change: &mut Change<'_, '_>, cause: HaltCause, detail: String) {
    let compromised = change.record.is_compromised();
    change.record.request = None;
    let halt = change.record.halt.get_or_insert(Halt {
        cause,
        since: change.now,
        detail,
        compromised,
    });
    halt.compromised = compromised;
}

/// A person has decided. Returns why it was halted.
pub(super) fn lift(record: &mut Record) -> Option<HaltCause> {
    let halt = record.halt.take()?;
    if halt.compromised {
        let request = record.request.get_or_insert(Request {
            trigger: Trigger::Compromise,
            at: halt.since,
            override_guards: false,
        });
        request.trigger = Trigger::Compromise;
    }
    Some(halt.cause)
}
