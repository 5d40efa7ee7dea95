//! Proof that a full cycle passed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// A full cycle that passed: the token could create, read, change and delete at the
/// service provider, and wrong tokens were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: Timestamp,
    /// The token that it was run with.
    pub fingerprint: Fingerprint,
    /// When that token was issued.
    pub issued_at: Timestamp,
}
