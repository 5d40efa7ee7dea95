//! How a token is halted until a person acts, and how the halt is lifted.

use super::change::Change;
use crate::rotation::record::{Halt, HaltCause, Record, Request, Trigger};

/// Halts the token. Requests from before are dropped, except that the token
/// stays marked as compromised. Everything else in the record is kept.
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

/// A person has lifted the halt. Returns its cause.
pub(super) fn lift(record: &mut Record) -> Option<HaltCause> {
    let halt = record.halt.take()?;
    if halt.compromised {
        let request = record.request.get_or_insert(Request {
            trigger: Trigger::Compromise,
            at: halt.since,
            override_guards: false,
            supplied: false,
        });
        request.trigger = Trigger::Compromise;
    }
    Some(halt.cause)
}
