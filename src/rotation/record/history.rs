//! Earlier probes and rotations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::control::Trigger;
use crate::scim::evidence::{Finding, Refusal};
use crate::secret::Fingerprint;

/// The last probe of the current token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastProbe {
    /// When.
    pub at: Timestamp,
    /// How many probes in a row were refused.
    #[serde(default)]
    pub refused: u32,
    /// When a probe last passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_at: Option<Timestamp>,
    /// What the last probe found, if it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

impl LastProbe {
    /// Whether the token is taken as not working: more than one probe in a row
    /// was refused.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.refused >= 2
    }
}

/// A finished rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRotation {
    /// Its id.
    pub id: String,
    /// Why it began.
    pub trigger: Trigger,
    /// Who asked for it or supplied the new token, as Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Why, in the words of the person who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_why: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: RotationResult,
    /// The current token before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Fingerprint>,
    /// The current token after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Fingerprint>,
    /// Proof that the service provider refuses the old token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_refused: Option<Refusal>,
    /// Why it failed, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Its steps in their order, with what followed it: the publication and the
    /// retirement of the old token. At most [`MOST_STEPS`], the first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PastStep>,
}

/// Most steps that are remembered of one rotation.
pub const MOST_STEPS: usize = 40;

/// A step of a rotation: one, or several of a kind that followed each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastStep {
    /// Its word, as in logs and metrics.
    pub step: String,
    /// At which connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// When the first of them began.
    pub began_at: Timestamp,
    /// How long they took together, in milliseconds; pauses between them do not count.
    pub took_ms: u64,
    /// How many they were.
    #[serde(default = "once", skip_serializing_if = "is_one")]
    pub times: u32,
    /// How many of them failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
}

fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How a rotation ended; a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationResult {
    /// The new token is current.
    Success,
    /// It ended before a token was issued.
    Failed,
    /// The new token was discarded and the old one kept.
    RolledBack,
    /// It was halted until a person acts.
    Halted,
}

impl RotationResult {
    /// Every result, for counters that start at zero.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failed, Self::RolledBack, Self::Halted];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Halted => "halted",
        }
    }
}
