//! A call that did not succeed.

use std::sync::Arc;

use super::rule::Means;
use crate::fault::{Fault, FaultClass};
use crate::http::message::Answer;

/// A call that did not succeed.
#[derive(Debug)]
pub struct Failed {
    /// What it means.
    pub fault: Fault,
    /// The rule of the configuration that said so, if one did.
    pub rule: Option<Means>,
    /// The server answered 401: our session may have ended.
    pub unauthenticated: bool,
    /// What was answered, if the answer came.
    pub answer: Option<Arc<Answer>>,
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
            rule: None,
            unauthenticated: false,
            answer: None,
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
