//! What the rules of `plan` look at, and the answers that they can give.

use jiff::{SignedDuration, Timestamp};

use crate::rotation::decision::{Action, Decision, Reason, Step};
use crate::rotation::record::{LastProbe, Record};
use crate::rotation::situation::Situation;

/// The arguments of `plan`.
pub(super) struct View<'a> {
    pub(super) record: &'a Record,
    pub(super) situation: &'a Situation<'a>,
    pub(super) now: Timestamp,
}

impl View<'_> {
    pub(super) fn step(&self, step: Step, reason: Reason) -> Option<Decision> {
        Some(Decision {
            action: Action::Do(step),
            reason,
            wake_at: self.now,
        })
    }

    /// Waits; if `until` is not in the future, for the shortest wait (I8).
    pub(super) fn wait(&self, until: Timestamp, reason: Reason) -> Option<Decision> {
        Some(Decision {
            action: Action::Wait,
            reason,
            wake_at: until.max(self.after(MIN_WAIT)),
        })
    }

    pub(super) fn after(&self, duration: SignedDuration) -> Timestamp {
        self.now.checked_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// Whether something was made by another issuer than the configured one.
    pub(super) fn is_of_another_issuer(&self, issuer: Option<&str>) -> bool {
        issuer.is_some_and(|name| name != self.situation.issuer_name)
    }

    /// When the current token expires, as far as it is known.
    pub(super) fn current_expiry(&self) -> Option<Timestamp> {
        self.record
            .current
            .as_ref()
            .and_then(|token| self.situation.policy.expiry(token))
    }

    pub(super) fn current_has_expired(&self) -> bool {
        self.current_expiry().is_some_and(|end| end <= self.now)
    }

    /// Whether the service provider refused the current token in more than one
    /// probe in a row.
    pub(super) fn current_is_refused(&self) -> bool {
        self.record.probe.as_ref().is_some_and(LastProbe::is_drift)
    }
}

/// Shortest wait: no decision is repeated at the same time.
pub(super) const MIN_WAIT: SignedDuration = SignedDuration::from_millis(200);

/// Longest wait for a person or another replica before the record is read
/// again.
pub(super) const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
