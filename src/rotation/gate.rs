//! What the gate of a token says of a rotation that is due: whether it waits for the
//! full cycle of another token.

use jiff::Timestamp;

use super::policy::Policy;
use super::record::{HeldToken, Trigger};
use crate::scim::evidence::Passed;

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
