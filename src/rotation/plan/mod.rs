//! What a token needs next.
//!
//! [`plan`] asks the `RULES` from top to bottom; the first that answers
//! decides. Each rule is one small question with one answer, so that the table
//! can be read as the specification. A rule that makes the token wait asks the
//! `SIDE_TASKS` first: waiting for a window, a person or a server is no reason
//! to leave a superseded token alive or the token in use untested.

mod due;
mod ending;
mod flight;
mod gates;
mod leaving;
mod lost_lease;
mod published;
mod rest;

use jiff::{SignedDuration, Timestamp};

use super::decision::{Action, Decision, Reason, Step};
use super::record::{LastProbe, Record};
use super::situation::Situation;

/// Decides what happens next for a token. Total: every record gets an answer.
#[must_use]
pub fn plan(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Decision {
    let view = View {
        record,
        situation,
        now,
    };
    let decision = RULES
        .iter()
        .find_map(|(_, rule)| rule(&view))
        .unwrap_or_else(|| rest::nothing_is_due(&view));
    not_beyond_revocation(&view, decision)
}

/// No wait lasts longer than until the next revocation of a token that only
/// this process knows.
fn not_beyond_revocation(view: &View<'_>, decision: Decision) -> Decision {
    match (&decision.action, lost_lease::next_revocation(view)) {
        (Action::Wait, Some(at)) => Decision {
            wake_at: decision.wake_at.min(at.max(view.after(MIN_WAIT))),
            ..decision
        },
        (Action::Wait, None) | (Action::Do(_), _) => decision,
    }
}

type Rule = fn(&View<'_>) -> Option<Decision>;

/// The rules, in the order in which they are asked.
const RULES: &[(&str, Rule)] = &[
    // Who may act at all?
    (
        "a record of a newer program is left alone",
        gates::schema_is_ours,
    ),
    (
        "a clock that runs backward does nothing",
        gates::clock_is_sane,
    ),
    (
        "a token that left the configuration is let go when it is settled",
        leaving::let_go,
    ),
    ("a person's pause holds everything", gates::not_paused),
    (
        "a token that only this process knows is revoked",
        lost_lease::revoke_unrecorded,
    ),
    (
        "another replica's lease is respected",
        gates::lease_is_ours_or_free,
    ),
    ("a halted token is measured, not moved", gates::halted),
    ("a failure is not repeated at once", gates::backoff_is_over),
    // The rotation in flight.
    (
        "an issuance request that was sent after lease loss is looked for",
        lost_lease::look_for_issue,
    ),
    ("a rotation in flight goes on", flight::go_on),
    // What the stored state calls for.
    (
        "a connection that does not hold the token in use is given it",
        lost_lease::give_again,
    ),
    ("a token without a record is adopted", published::adopt),
    ("a token that a person wrote is taken", published::take),
    ("the published copy follows the record", published::follow),
    (
        "a superseded token is retired when its overlap has ended",
        ending::retire,
    ),
    ("a lost token of ours is revoked", ending::revoke_orphan),
    ("a rotation begins when it is due", due::begin),
    ("the token in use is tested now and then", rest::probe),
];

/// What is done while something else is waited for.
const SIDE_TASKS: &[Rule] = &[ending::retire, ending::revoke_orphan, rest::probe];

/// What every rule looks at.
struct View<'a> {
    record: &'a Record,
    situation: &'a Situation<'a>,
    now: Timestamp,
}

impl View<'_> {
    fn step(&self, step: Step, reason: Reason) -> Option<Decision> {
        Some(Decision {
            action: Action::Do(step),
            reason,
            wake_at: self.now,
        })
    }

    /// Waits; a time that is not in the future is moved there (I8).
    fn wait(&self, until: Timestamp, reason: Reason) -> Option<Decision> {
        Some(Decision {
            action: Action::Wait,
            reason,
            wake_at: until.max(self.after(MIN_WAIT)),
        })
    }

    /// Does a side task that is due, or waits until then or until the next of
    /// them.
    fn meanwhile(&self, until: Timestamp, reason: Reason) -> Option<Decision> {
        let next = rest::side_tasks(self).map(|(at, _)| at).min();
        SIDE_TASKS
            .iter()
            .find_map(|task| task(self))
            .or_else(|| self.wait(next.map_or(until, |at| at.min(until)), reason))
    }

    fn after(&self, duration: SignedDuration) -> Timestamp {
        self.now.checked_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// Whether something was made by an issuer that the token has no more.
    fn is_of_another_issuer(&self, issuer: Option<&str>) -> bool {
        issuer.is_some_and(|name| name != self.situation.issuer_name)
    }

    /// When the token in use stops working, as far as anything tells.
    fn current_expiry(&self) -> Option<Timestamp> {
        self.record
            .current
            .as_ref()
            .and_then(|token| self.situation.policy.expiry(token))
    }

    fn current_has_expired(&self) -> bool {
        self.current_expiry().is_some_and(|end| end <= self.now)
    }

    /// Whether the service provider refused the token in use, and not once.
    fn current_is_refused(&self) -> bool {
        self.record.probe.as_ref().is_some_and(LastProbe::is_drift)
    }
}

/// Shortest wait: a decision is never repeated without time passing.
const MIN_WAIT: SignedDuration = SignedDuration::from_millis(200);

/// Longest wait for a person or another replica before looking again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
