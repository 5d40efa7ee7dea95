//! A step that did not succeed, and whether it may be repeated at once.

use super::config::Step;
use crate::fault::{Fault, FaultClass, FaultKind};

/// A step that did not succeed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) fault: Fault,
    /// The predicate `fatal` holds.
    pub(super) fatal: bool,
    /// The server answered 401: our session may be over.
    pub(super) unauthenticated: bool,
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        failed.fault
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            fatal: false,
            unauthenticated: false,
        }
    }
}

impl Step {
    /// Whether a quick repetition may help and cannot harm.
    pub(super) fn repeats(&self, fault: &Fault) -> bool {
        let passing = match fault.kind {
            FaultKind::Network | FaultKind::Server | FaultKind::Throttled => true,
            FaultKind::Auth
            | FaultKind::Timeout
            | FaultKind::Schema
            | FaultKind::Conflict
            | FaultKind::Refused
            | FaultKind::Config
            | FaultKind::VaultUnavailable => false,
        };
        passing
            && match fault.class {
                FaultClass::NotApplied | FaultClass::Throttled => true,
                FaultClass::Ambiguous => self.idempotent == Some(true),
                FaultClass::Unauthorized | FaultClass::Rejected | FaultClass::Conflict => false,
            }
    }
}

impl Failed {
    /// An earlier try may have been carried out; a later failure does not undo
    /// that.
    pub(super) fn not_clearer_than(mut self, earlier: &Fault) -> Self {
        if earlier.class == FaultClass::Ambiguous && self.fault.class != FaultClass::Ambiguous {
            self.fault.class = FaultClass::Ambiguous;
            self.fault
                .message
                .push_str("; an earlier try may have been carried out");
        }
        self
    }
}
