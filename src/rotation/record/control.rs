//! Who may act on a token, and what persons asked for: lease, pause, request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::requests::Handled;

/// The right of one replica to act on this token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Random id of the replica's process.
    pub holder: String,
    /// Counts how often the lease was taken from another holder that had not
    /// given it back.
    pub epoch: u64,
    /// From when on another replica may take it.
    pub expires_at: Timestamp,
}

/// A person has suspended the work on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// Why, in the person's words.
    #[serde(default)]
    pub reason: String,
    /// Who, as far as Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What is stored about all tokens together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Set by a person: nothing is done for any token.
    #[serde(default)]
    pub paused: Option<Paused>,
    /// Which requests about all tokens were handled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handled: Vec<Handled>,
}

impl Control {
    /// Every text that a person wrote.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let paused = self.paused.as_mut().map(|paused| &mut paused.reason);
        let handled = self.handled.iter_mut();
        paused
            .into_iter()
            .chain(handled.flat_map(Handled::texts_mut))
    }
}

/// A rotation that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `force` or `compromise`.
    pub trigger: Trigger,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whether the runaway guard and the windows are overridden.
    #[serde(default)]
    pub override_guards: bool,
    /// Whether the value that a person wrote to the published path is meant to
    /// become the token, also where such values are not accepted otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supplied: bool,
    /// Who asked for it, as Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in that person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Request {
    /// Why it was asked for, if the person said so.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        (!self.reason.is_empty()).then(|| self.reason.clone())
    }
}

/// Why a rotation began; a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The renewal time came.
    Schedule,
    /// There is no token.
    Missing,
    /// The token in use does not work any more.
    Drift,
    /// A person asked for it.
    Force,
    /// A person declared the token compromised.
    Compromise,
    /// A person wrote a new token to the published path.
    Operator,
}

impl Trigger {
    /// Every trigger, for counters that start at zero.
    pub const ALL: [Self; 6] = [
        Self::Schedule,
        Self::Missing,
        Self::Drift,
        Self::Force,
        Self::Compromise,
        Self::Operator,
    ];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Missing => "missing",
            Self::Drift => "drift",
            Self::Force => "force",
            Self::Compromise => "compromise",
            Self::Operator => "operator",
        }
    }
}
