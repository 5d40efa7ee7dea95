//! How a token is halted, and how the halt ends.

use jiff::Timestamp;

use super::change::Change;
use crate::rotation::decision::Step;
use crate::rotation::record::{Halt, HaltCause, Record, Request, Trigger, UnusableAnswer};

/// Halts the token, until the rotation is promoted or a person acts. It is tried
/// again at the longest pause between attempts. Requests from before are dropped,
/// except that the token stays marked as compromised. Everything else in the record
/// is kept.
pub(super) fn halt(change: &mut Change<'_, '_>, cause: HaltCause, detail: String) {
    let record = &mut *change.record;
    let compromised = record.is_compromised();
    let asked = record.request.take().map(|request| request.trigger);
    let before = record.halt.take();
    let retry_at = next_trial(change);
    let before = before.as_ref();
    change.record.halt = Some(Halt {
        cause,
        since: before.map_or(change.now, |halt| halt.since),
        detail,
        compromised,
        settings: String::new(),
        step: String::new(),
        retry_at,
        may_pass: false,
        asked: asked.or(before.and_then(|halt| halt.asked)),
    });
}

/// The same, until this step succeeds.
pub(super) fn halt_at(change: &mut Change<'_, '_>, step: &Step, cause: HaltCause, detail: String) {
    halt(change, cause, detail);
    if let Some(halt) = change.record.halt.as_mut() {
        step.as_str().clone_into(&mut halt.step);
    }
}

/// As long as the current token lives, the pause shrinks with its remaining life.
fn next_trial(change: &Change<'_, '_>) -> Option<Timestamp> {
    let policy = change.situation.policy;
    let current = change.record.current.as_ref();
    let expiry = current.and_then(|token| policy.expiry(token));
    let pause = policy.longest_pause(change.now, expiry.filter(|end| *end > change.now));
    change.now.checked_add(pause).ok()
}

/// Ends the halt of the record before, if its cause has ended: a token was promoted,
/// or the step succeeded that had failed.
pub(super) fn end_if_over(before: &Record, after: &mut Record, succeeded: Option<&str>) {
    let (Some(was), Some(is)) = (&before.halt, &after.halt) else {
        return;
    };
    let promoted = after.generation > before.generation;
    let succeeded = succeeded.is_some_and(|step| step == was.step);
    let halted_again = is.retry_at != was.retry_at;
    if promoted || (succeeded && !halted_again) {
        lift(after);
    }
}

/// Halts the token because an answer of its issuer cannot be used. The halt
/// ends when the issuer's settings change. A page for people may be a gateway's, sent
/// while the issuer is away: it is tried once more.
pub(super) fn halt_unusable(change: &mut Change<'_, '_>, answer: &UnusableAnswer, found: &str) {
    let before = change.record.halt.as_ref();
    let is_second = before.is_some_and(|halt| halt.may_pass);
    let may_pass = answer.is_page && !is_second;
    let token = change.record.token.clone();
    let issuer = change.situation.issuer_name;
    let policy = change.situation.policy;
    let (issues, current) = (&change.record.issues, change.record.current.as_ref());
    let capped = policy.issue_permitted_at(issues, current, change.now);
    let (flag, why) = match capped {
        None => ("", ""),
        Some(_) => (
            " --override-guards --reason TEXT",
            " (the permitted number of issues a day is reached; without that option the rotation waits until the next one is permitted)",
        ),
    };
    let so = match may_pass {
        true => {
            "it may come from a gateway, so the request is sent once more at the longest pause between attempts"
        }
        false => "so another request would end in the same way",
    };
    let detail = format!(
        "the issuer answered completely, but its answer cannot be used, {so}: {}. {found} Correct the settings of issuer `{issuer}`, then the rotation continues by itself; after a correction at the issuer, run `scim-rotator rotate {token}{flag}`{why}",
        answer.detail,
    );
    halt(change, HaltCause::UnusableAnswer, detail);
    if let Some(halt) = change.record.halt.as_mut() {
        halt.settings.clone_from(&answer.settings);
        halt.may_pass = may_pass;
    }
}

/// The halt has ended. Returns its cause.
pub(super) fn lift(record: &mut Record) -> Option<HaltCause> {
    let halt = record.halt.take()?;
    if halt.compromised {
        let request = record.request.get_or_insert(Request {
            trigger: Trigger::Compromise,
            at: halt.since,
            override_guards: false,
            supplied: false,
            by: None,
            reason: String::new(),
        });
        request.trigger = Trigger::Compromise;
    }
    Some(halt.cause)
}
