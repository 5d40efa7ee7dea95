//! The throw-away token of a rehearsal, until it is gone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::flight::Intent;
use super::token::HeldToken;

/// A rehearsal whose throw-away token may be valid. It is stored before the issuer
/// is asked for that token, and removed when the token is revoked or counted as
/// lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// What was stored before the request: the label, and the ids listed before.
    pub intent: Intent,
    /// The throw-away token, once the issuer's answer came. It is never published
    /// and never delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<HeldToken>,
    /// How often its revocation failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the next attempt may be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}
