//! Tokens on their way out: superseded ones, and ones whose value was lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::token::HeldToken;
use crate::rotation::issuer_id::IssuerId;
use crate::scim::evidence::dead;

/// A superseded token on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retiring {
    /// The token.
    pub token: HeldToken,
    /// When its successor became current.
    pub superseded_at: Timestamp,
    /// Not to be retired before: the end of the overlap window.
    pub not_before: Timestamp,
    /// Whether the window was prolonged because the token was still in use.
    #[serde(default)]
    pub extended: bool,
    /// When its use was last asked for, and what was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_checked: Option<UseSeen>,
    /// When the issuer took its revocation. `None` also where nothing is revoked,
    /// because the issuer cannot do that: the token is only tested then. Earlier
    /// programs wrote the time of the first test instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Whether the last probe after its revocation saw it accepted, and the
    /// issuer did not say that it has it no more.
    #[serde(default)]
    pub still_accepted: bool,
    /// How often retiring it failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the next attempt may be made after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What the last attempt found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_finding: Option<String>,
    /// Whether it was still used after its successor was delivered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub still_used: bool,
    /// Who still used it after its successor was delivered, as the issuer tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<String>,
    /// Since when it is refused in every round of probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_since: Option<Timestamp>,
}

impl Retiring {
    /// Whether it takes no slot at its issuer any more.
    #[must_use]
    pub fn frees_slot(&self, now: Timestamp) -> bool {
        let (end, revoked_at) = (self.token.told_end(), self.revoked_at);
        dead::frees_slot(end, revoked_at, self.still_accepted, now)
    }

    /// Whether it was given a time to live on beside its successor. One that is
    /// dead or compromised was not.
    #[must_use]
    pub fn has_window(&self) -> bool {
        self.not_before > self.superseded_at
    }
}

/// When a token was last used, as the issuer tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseSeen {
    /// When we asked.
    pub at: Timestamp,
    /// Its last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// A token of ours whose value was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// Its id at the issuer.
    pub id: IssuerId,
    /// The issuer that made it, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was found.
    pub found_at: Timestamp,
    /// Whether connections or readers may use it, because it was issued in a time
    /// that the record does not know of. It is revoked after the next promotion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_used: bool,
    /// How often its revocation failed.
    #[serde(default)]
    pub attempts: u32,
    /// When the next attempt may be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}
