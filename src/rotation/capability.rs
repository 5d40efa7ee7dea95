//! What issuers and connections can do. These words steer the plan; the code
//! of an issuer or a connection never decides.

use jiff::SignedDuration;
use serde::Deserialize;

/// How many tokens an issuer keeps alive at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveTokens {
    /// One: a new one replaces the old.
    One,
    /// Two: a slot must be free before a new one is issued.
    Two,
    /// More than two.
    Many,
}

/// Who ends the life of the old token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// We do, by revoking it after the overlap window.
    ExplicitRetire,
    /// The issuer's own clock does, at most this long after the issue.
    IssuerTimed {
        /// Longest overlap the issuer grants.
        max: SignedDuration,
    },
    /// `complete` ends the old token, `cancel` the new one.
    TwoPhase {
        /// Whether the new token already works before `complete`.
        next_usable: bool,
    },
    /// Nobody can avoid the cut.
    None,
}

/// What the issue of a new token does to the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueEffect {
    /// Nothing.
    Keeps,
    /// It will die at a time that the issuer reports.
    SchedulesDeath,
    /// It is dead at once.
    Kills,
}

/// How to find out what became of an issue whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// We choose the secret, and it is durable before the call: send it again.
    ClientChosen,
    /// The issuer replays the answer for the same request id.
    Replay,
    /// We choose the id: look it up.
    ClientNamed,
    /// The label holds the rotation: list and match.
    ByLabel,
    /// Compare the ids listed before with those listed now.
    BySetDifference,
    /// A status or ETag tells whether it happened.
    ByStatus,
    /// Nothing tells.
    None,
}

/// How a token can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoke {
    /// By its id.
    ById,
    /// By presenting it (RFC 7009).
    ByValue,
    /// Only together with all others: never done, retirement waits for expiry.
    AllOnly,
    /// By the token itself.
    #[serde(rename = "self")]
    OfItself,
    /// Not at all: retirement waits for expiry.
    Never,
}

/// Where the expiry of a new token is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// We ask for a lifetime and the issuer reports what it granted.
    Requested,
    /// The issuer reports it.
    Reported,
    /// The token is a JWT with `exp`.
    Jwt,
    /// The configuration states it.
    Declared,
    /// Tokens of this issuer do not expire, or nothing tells.
    None,
}

/// How precisely the issuer tells when a token was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastUsed {
    /// To the second.
    Exact,
    /// To the minute.
    Throttled,
    /// To the day.
    Day,
    /// Not at all.
    None,
}

impl LastUsed {
    /// How far a reported time may lag behind the real use.
    #[must_use]
    pub fn granularity(self) -> Option<SignedDuration> {
        match self {
            Self::Exact => Some(SignedDuration::from_secs(1)),
            Self::Throttled => Some(SignedDuration::from_mins(1)),
            Self::Day => Some(SignedDuration::from_hours(24)),
            Self::None => None,
        }
    }
}

/// Who makes the new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The issuer, through a call of ours.
    Issuer,
    /// A person, who writes it to the token's Vault path.
    Operator,
}

/// Everything that `plan` must know of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerCapabilities {
    /// Who makes the new token.
    pub supply: Supply,
    /// How many may live at once.
    pub live_tokens: LiveTokens,
    /// Who ends the old one.
    pub overlap: Overlap,
    /// What issuing does to the old one.
    pub issue_effect: IssueEffect,
    /// What a lost reply means.
    pub recovery: Recovery,
    /// How to revoke.
    pub revoke: Revoke,
    /// Source of the deadline.
    pub expiry: ExpirySource,
    /// Proof of use.
    pub last_used: LastUsed,
}

impl IssuerCapabilities {
    /// Whether a token of which only the id is known can be revoked.
    #[must_use]
    pub fn revokes_by_id(&self) -> bool {
        match self.revoke {
            Revoke::ById => true,
            Revoke::ByValue | Revoke::AllOnly | Revoke::OfItself | Revoke::Never => false,
        }
    }

    /// Whether one token, with its id and value known, can be revoked without
    /// touching the others.
    #[must_use]
    pub fn revokes_single_tokens(&self) -> bool {
        match self.revoke {
            Revoke::ById | Revoke::ByValue | Revoke::OfItself => true,
            Revoke::AllOnly | Revoke::Never => false,
        }
    }

    /// Whether a call of ours ends a superseded token at a time of our choice.
    #[must_use]
    pub fn ends_old_tokens_for_us(&self) -> bool {
        match self.overlap {
            Overlap::ExplicitRetire => self.revokes_single_tokens(),
            Overlap::TwoPhase { next_usable } => next_usable,
            Overlap::IssuerTimed { .. } | Overlap::None => false,
        }
    }
}

/// What a connection can test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionTest {
    /// A candidate token before it is saved.
    Candidate,
    /// The saved credential.
    Saved,
    /// Nothing: only the service provider can tell.
    None,
}

/// How a connection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionWrite {
    /// Only the token.
    Merge,
    /// The whole object: read, change, write back.
    FullReplace,
}

/// What reading a connection back shows of the token. Never proof of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readback {
    /// Stars.
    Masked,
    /// Nothing.
    Absent,
    /// The token itself.
    Cleartext,
}

/// What else a write sets off at the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideEffects {
    /// Nothing.
    None,
    /// A full synchronisation: write as seldom as possible.
    FullSync,
}

/// Everything that `plan` must know of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCapabilities {
    /// What it can test.
    pub test: ConnectionTest,
    /// How it is written.
    pub write: ConnectionWrite,
    /// What reading back shows.
    pub readback: Readback,
    /// What else a write sets off.
    pub side_effects: SideEffects,
}
