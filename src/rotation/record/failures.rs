//! What went wrong, and the point where a person must decide.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fault::{FaultClass, FaultKind};

/// Failures since the last success; the source of the backoff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// In a row, of any class.
    #[serde(default)]
    pub consecutive: u32,
    /// In a row, of a class that repeating cannot mend.
    #[serde(default)]
    pub permanent: u32,
    /// In a row, of the kind that speaks against the pending token itself: the
    /// service provider or a connection refused it.
    #[serde(default)]
    pub refused: u32,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastFailure>,
}

/// The last failure of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// Its class.
    pub class: FaultClass,
    /// Its kind.
    pub kind: FaultKind,
    /// For a person.
    pub message: String,
    /// How long the server asked us to stay away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SignedDuration>,
}

/// Why nothing goes on until a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Machine word.
    pub cause: HaltCause,
    /// Since when.
    pub since: Timestamp,
    /// For a person: what was seen and what to do.
    pub detail: String,
    /// A person had said that the token is in the wrong hands, and nothing came
    /// of it yet: whatever lifts the halt, the haste is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compromised: bool,
}

/// Machine word of a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltCause {
    /// The permitted attempts are used up.
    AttemptsUsedUp,
    /// Tokens were found that may be somebody else's.
    ForeignTokens,
    /// Every slot at the issuer is taken, and not by a token of ours.
    SlotBlocked,
    /// The service provider accepts anything.
    EndpointOpen,
    /// The issuer returned a token that is already in use.
    SameToken,
    /// The identity provider's SCIM base URL is not the configured one.
    WrongTarget,
}

impl HaltCause {
    /// The word for logs and status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsUsedUp => "attempts_used_up",
            Self::ForeignTokens => "foreign_tokens",
            Self::SlotBlocked => "slot_blocked",
            Self::EndpointOpen => "endpoint_open",
            Self::SameToken => "same_token",
            Self::WrongTarget => "wrong_target",
        }
    }
}
