//! A token may be rotated only after the full cycle of another one passed.

use jiff::{SignedDuration, Timestamp};

use crate::scim::evidence::Passed;

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
