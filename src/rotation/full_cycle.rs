//! A token may be rotated only after the full cycle of another one passed.

use jiff::{SignedDuration, Timestamp};

use super::policy::Policy;
use super::record::{HeldToken, Trigger};
use crate::scim::cycle::journal::Passed;

/// For which full cycle a token waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullCycleGate {
    /// The token of a test tenant with the same kind of issuer.
    pub on: String,
    /// How long its full cycle counts. The token that it was run with must have been
    /// issued within this time too: then it shows that the issuer makes tokens that
    /// work.
    pub within: SignedDuration,
}

/// What the gate says of a rotation that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateSays {
    /// There is none, it is open, or this rotation does not wait for it.
    Begin,
    /// It is closed, and is ignored: the token in use would expire otherwise.
    BeginAllTheSame,
    /// It is closed, and is ignored from this time on; `None`: never.
    Wait(Option<Timestamp>),
}

impl FullCycleGate {
    /// Whether a full cycle opens it.
    #[must_use]
    pub fn is_open(&self, passed: Option<&Passed>, now: Timestamp) -> bool {
        passed.is_some_and(|passed| {
            let counts = |at: Timestamp| now.duration_since(at) <= self.within;
            counts(passed.at) && counts(passed.issued_at)
        })
    }
}

/// What the gate of a token says now. A rotation of a token that does not work, or
/// is in the wrong hands, never waits for it.
#[must_use]
pub fn gate_says(
    policy: &Policy,
    passed: Option<&Passed>,
    trigger: Trigger,
    current: Option<&HeldToken>,
    now: Timestamp,
) -> GateSays {
    let Some(gate) = &policy.full_cycle else {
        return GateSays::Begin;
    };
    match trigger {
        Trigger::Schedule | Trigger::Force => {}
        Trigger::Missing | Trigger::Drift | Trigger::Compromise | Trigger::Operator => {
            return GateSays::Begin;
        }
    }
    let Some(current) = current else {
        return GateSays::Begin;
    };
    if gate.is_open(passed, now) {
        return GateSays::Begin;
    }
    match policy.window_deadline(current) {
        Some(deadline) if deadline <= now => GateSays::BeginAllTheSame,
        deadline => GateSays::Wait(deadline),
    }
}
