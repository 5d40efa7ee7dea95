//! Failures since the last success, and why a token is halted.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::control::Trigger;
use crate::fault::{FaultClass, FaultKind};

/// Failures since the last success. The pauses between attempts follow from
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// In a row, of any class.
    #[serde(default)]
    pub consecutive: u32,
    /// In a row, of a class that a repetition cannot resolve.
    #[serde(default)]
    pub permanent: u32,
    /// In a row, refusals of the pending token itself, by the service provider
    /// or by a connection.
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
    /// How long the server asked us to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SignedDuration>,
}

/// Why the token is halted until a person acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Machine word.
    pub cause: HaltCause,
    /// Since when.
    pub since: Timestamp,
    /// For a person: what was found and what to do.
    pub detail: String,
    /// Whether a person had declared the token compromised, and it was not
    /// replaced yet. It stays so when the halt is lifted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compromised: bool,
    /// Digest of the issuer's settings that the halt comes from: the halt ends
    /// when they change. Empty if a change of them does not end it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings: String,
    /// The step whose success shows that the cause has ended. Empty: the promotion
    /// of a new token shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// When the rotation is tried again; without it at once, unless the cause
    /// excludes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Whether the cause looks as if it will pass although causes of its kind do not:
    /// it is tried once more at `retry_at`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_pass: bool,
    /// The rotation that a person had asked for when the halt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Trigger>,
}

impl Halt {
    /// Whether the rotation is tried again now, to see whether the cause has ended.
    #[must_use]
    pub fn is_tried_again(&self, now: Timestamp) -> bool {
        self.may_end_by_itself() && self.retry_at.is_none_or(|at| at <= now)
    }

    /// Whether the rotation is tried again at some time.
    #[must_use]
    pub fn may_end_by_itself(&self) -> bool {
        self.may_pass || self.cause.may_end_by_itself()
    }
}

/// Machine word of a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltCause {
    /// The permitted number of attempts is used up.
    AttemptsUsedUp,
    /// Tokens were found at the issuer that may be somebody else's.
    ForeignTokens,
    /// Every slot of the issuer is taken, and not by tokens of this record.
    SlotBlocked,
    /// The service provider accepts any token.
    EndpointOpen,
    /// The issuer returned a token that is already in use.
    SameToken,
    /// The identity provider's SCIM base URL is not the configured one.
    WrongTarget,
    /// The issuer answered the request for a token completely, and the answer
    /// cannot be used. Every further request would end in the same way.
    UnusableAnswer,
}

impl HaltCause {
    /// Every cause, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::AttemptsUsedUp,
        Self::ForeignTokens,
        Self::SlotBlocked,
        Self::EndpointOpen,
        Self::SameToken,
        Self::WrongTarget,
        Self::UnusableAnswer,
    ];

    /// Whether the cause may end without a change of the settings. An issuer's
    /// answer that cannot be used stays so, and each trial makes a token.
    #[must_use]
    pub fn may_end_by_itself(self) -> bool {
        match self {
            Self::AttemptsUsedUp
            | Self::ForeignTokens
            | Self::SlotBlocked
            | Self::EndpointOpen
            | Self::SameToken
            | Self::WrongTarget => true,
            Self::UnusableAnswer => false,
        }
    }

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
            Self::UnusableAnswer => "unusable_answer",
        }
    }
}
