//! How a token is halted until a person acts, and how the halt is lifted.

use super::change::Change;
use crate::rotation::record::{Halt, HaltCause, Record, Request, Trigger, UnusableAnswer};

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
        settings: String::new(),
    });
    halt.compromised = compromised;
}

/// Halts the token because an answer of its issuer cannot be used. The halt
/// ends when the issuer's settings change.
pub(super) fn halt_unusable(change: &mut Change<'_, '_>, answer: &UnusableAnswer, found: &str) {
    let token = change.record.token.clone();
    let issuer = change.situation.issuer_name;
    let policy = change.situation.policy;
    let capped = policy.issue_permitted_at(&change.record.issues, change.now);
    let (flag, why) = match capped {
        None => ("", ""),
        Some(_) => (
            " --override-guards",
            " (the permitted number of issues a day is reached; without that option the rotation waits until the next one is permitted)",
        ),
    };
    let detail = format!(
        "the issuer answered completely, but its answer cannot be used, so another request would end in the same way: {}. {found} Correct the settings of issuer `{issuer}`, then the rotation continues by itself; after a correction at the issuer, run `scim-rotator rotate {token}{flag}`{why}",
        answer.detail,
    );
    halt(change, HaltCause::UnusableAnswer, detail);
    if let Some(halt) = change.record.halt.as_mut() {
        halt.settings.clone_from(&answer.settings);
    }
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
