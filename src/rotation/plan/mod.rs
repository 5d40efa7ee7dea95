//! What a token needs next.
//!
//! [`plan`] asks the `RULES` from top to bottom; the first that answers
//! decides. Each rule is one small question with one answer, so that the table
//! can be read as the specification.

mod due;
mod ending;
mod flight;
mod published;
mod rest;

use jiff::{SignedDuration, Timestamp};

use super::decision::{Action, Decision, Reason, Step};
use super::record::{Record, SCHEMA};
use super::situation::Situation;

/// Decides what happens next for a token. Total: every record gets an answer.
#[must_use]
pub fn plan(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Decision {
    let view = View {
        record,
        situation,
        now,
    };
    RULES
        .iter()
        .find_map(|(_, rule)| rule(&view))
        .unwrap_or_else(|| rest::nothing_is_due(&view))
}

type Rule = fn(&View<'_>) -> Option<Decision>;

/// The rules, in the order in which they are asked.
const RULES: &[(&str, Rule)] = &[
    // Who may act at all?
    ("a record of a newer program is left alone", schema_is_ours),
    ("a clock that runs backward does nothing", clock_is_sane),
    ("a person's pause holds everything", not_paused),
    (
        "another replica's lease is respected",
        lease_is_ours_or_free,
    ),
    // Side tasks that a rotation in flight does not need to wait for.
    (
        "a superseded token is retired when its overlap has ended",
        ending::retire,
    ),
    // The rotation in flight.
    ("a halted token is measured, not moved", rest::halted),
    ("a failure is not repeated at once", backoff_is_over),
    ("a rotation in flight goes on", flight::go_on),
    // What the stored state calls for.
    ("a token without a record is adopted", published::adopt),
    (
        "a token that a person wrote is taken",
        published::take_supplied,
    ),
    ("the published copy follows the record", published::publish),
    ("a lost token of ours is revoked", ending::revoke_orphan),
    ("a rotation begins when it is due", due::begin),
    ("the token in use is tested now and then", rest::probe),
];

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

    fn after(&self, duration: SignedDuration) -> Timestamp {
        self.now.checked_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// When the token in use stops working.
    fn current_expiry(&self) -> Option<Timestamp> {
        self.record
            .current
            .as_ref()
            .and_then(|token| self.situation.policy.expiry(token))
    }
}

/// Shortest wait: a decision is never repeated without time passing.
const MIN_WAIT: SignedDuration = SignedDuration::from_millis(200);

/// Longest wait for a person or another replica before looking again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);

fn schema_is_ours(view: &View<'_>) -> Option<Decision> {
    if view.record.schema <= SCHEMA {
        return None;
    }
    view.wait(view.after(LOOK_AGAIN), Reason::SchemaTooNew)
}

fn clock_is_sane(view: &View<'_>) -> Option<Decision> {
    let tolerated = view.situation.policy.max_clock_skew;
    let behind = view.record.updated_at.duration_since(view.now);
    if behind <= tolerated {
        return None;
    }
    view.wait(view.after(tolerated.max(MIN_WAIT)), Reason::ClockBehind)
}

fn not_paused(view: &View<'_>) -> Option<Decision> {
    if view.record.paused.is_none() && !view.situation.all_paused {
        return None;
    }
    view.wait(view.after(LOOK_AGAIN), Reason::Paused)
}

fn lease_is_ours_or_free(view: &View<'_>) -> Option<Decision> {
    let holder = view.situation.holder?;
    let lease = view.record.lease.as_ref()?;
    if lease.holder == holder || lease.expires_at <= view.now {
        return None;
    }
    view.wait(lease.expires_at, Reason::LeaseElsewhere)
}

fn backoff_is_over(view: &View<'_>) -> Option<Decision> {
    let forced = view.record.request.is_some() && view.record.rotation.is_none();
    if forced {
        return None;
    }
    let policy = view.situation.policy;
    let until = policy.retry_at(
        &view.record.token,
        &view.record.failures,
        view.current_expiry(),
    )?;
    if until <= view.now {
        return None;
    }
    view.wait(until, Reason::Backoff)
}
