//! What issuers and connections can do, as values that `plan` and `apply` read.
//! The code of an issuer or a connection states them and decides nothing.

use jiff::SignedDuration;
use serde::Deserialize;

/// How many tokens an issuer accepts at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveTokens {
    /// One: issuing a token ends the previous one.
    One,
    /// Two: with both slots taken, one token must be revoked before another is
    /// issued.
    Two,
    /// More than two.
    Many,
}

/// Who ends the superseded token after a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The daemon, by revoking it at the issuer after the overlap window.
    ExplicitRetire,
    /// The issuer, at most this long after it issued the successor.
    IssuerTimed {
        /// Longest overlap the issuer grants.
        max: SignedDuration,
    },
    /// The daemon calls `complete`, which ends the superseded token, or
    /// `cancel`, which drops the new one.
    TwoPhase {
        /// Whether the new token already works before `complete`.
        next_usable: bool,
    },
    /// The issuer, when it issues the successor: there is no overlap.
    None,
}

/// What issuing a new token does to the tokens that were issued before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueEffect {
    /// They stay valid.
    Keeps,
    /// The issuer sets a time at which they end, and reports it.
    SchedulesDeath,
    /// They end at once.
    Kills,
}

/// How to find out whether an issuance request whose reply was lost was carried
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// The daemon chose the secret and stored it before the request, which can
    /// be sent again.
    ClientChosen,
    /// The issuer answers a repeated request id with the token that it issued
    /// first: the request can be sent again.
    Replay,
    /// The daemon chose the id of the token: it looks that id up.
    ClientNamed,
    /// The label of the token contains the rotation: the daemon lists tokens
    /// and compares labels.
    ByLabel,
    /// The daemon compares the ids that were listed before the request with
    /// those listed now.
    BySetDifference,
    /// A status or an ETag of the issuer tells whether the request was carried
    /// out.
    ByStatus,
    /// There is no way to find out.
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
    /// Only together with all others. The daemon never does that: it waits for
    /// the expiry.
    AllOnly,
    /// By the token itself.
    #[serde(rename = "self")]
    OfItself,
    /// Not at all: the daemon waits for the expiry.
    Never,
}

/// Where the expiry of a new token is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// The daemon asks for a lifetime, and the issuer reports what it granted.
    Requested,
    /// The issuer reports it.
    Reported,
    /// The token is a JWT with `exp`.
    Jwt,
    /// The configuration states it.
    Declared,
    /// Tokens of this issuer do not expire, or their expiry is not known.
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
    /// Whether it is exact enough to tell whether a token was used since it was
    /// delivered.
    #[must_use]
    pub fn tells_when(self) -> bool {
        match self {
            Self::Exact | Self::Throttled => true,
            Self::Day | Self::None => false,
        }
    }

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

/// Who supplies the new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The issuer, when the daemon requests one.
    Issuer,
    /// A person, who writes it to the token's Vault path.
    Operator,
}

/// Everything that `plan` must know of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerCapabilities {
    /// Who supplies the new token.
    pub supply: Supply,
    /// How many tokens may be valid at once.
    pub live_tokens: LiveTokens,
    /// Who ends the superseded token.
    pub overlap: Overlap,
    /// What issuing does to the tokens before.
    pub issue_effect: IssueEffect,
    /// How a lost reply is resolved.
    pub recovery: Recovery,
    /// How a token is revoked.
    pub revoke: Revoke,
    /// Where the expiry is known from.
    pub expiry: ExpirySource,
    /// How precisely the last use is reported.
    pub last_used: LastUsed,
}

impl IssuerCapabilities {
    /// Whether the issuer's tokens are listed before one is issued: to find a
    /// token again whose reply was lost, or to see whether a slot is free.
    #[must_use]
    pub fn lists_before_an_issue(&self) -> bool {
        match self.recovery {
            Recovery::ByLabel | Recovery::BySetDifference | Recovery::ByStatus => true,
            Recovery::ClientChosen | Recovery::Replay | Recovery::ClientNamed | Recovery::None => {
                self.live_tokens == LiveTokens::Two
            }
        }
    }

    /// Whether a token of which only the id is known can be revoked.
    #[must_use]
    pub fn revokes_by_id(&self) -> bool {
        match self.revoke {
            Revoke::ById => true,
            Revoke::ByValue | Revoke::AllOnly | Revoke::OfItself | Revoke::Never => false,
        }
    }

    /// Whether the issuer tells of one token whether it has it.
    #[must_use]
    pub fn looks_up(&self) -> bool {
        let lists = match self.recovery {
            Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::ClientNamed => true,
            Recovery::ClientChosen | Recovery::Replay | Recovery::None => {
                self.last_used != LastUsed::None
            }
        };
        lists && self.supply == Supply::Issuer
    }

    /// Whether one token, whose id and value are known, can be revoked without
    /// revoking others.
    #[must_use]
    pub fn revokes_single_tokens(&self) -> bool {
        match self.revoke {
            Revoke::ById | Revoke::ByValue | Revoke::OfItself => true,
            Revoke::AllOnly | Revoke::Never => false,
        }
    }

    /// Whether the daemon can end this superseded token at a time of its choice:
    /// [`Self::ends_old_tokens_for_us`], and its id is known where tokens are
    /// revoked by their ids.
    #[must_use]
    pub fn ends_old_token(&self, id_is_known: bool) -> bool {
        self.ends_old_tokens_for_us() && !self.lacks_id_to_revoke(id_is_known)
    }

    /// Whether a token could be revoked if only its id were known.
    #[must_use]
    pub fn lacks_id_to_revoke(&self, id_is_known: bool) -> bool {
        self.overlap == Overlap::ExplicitRetire && self.revokes_by_id() && !id_is_known
    }

    /// Whether the daemon can end a superseded token at a time of its choice.
    #[must_use]
    pub fn ends_old_tokens_for_us(&self) -> bool {
        match self.overlap {
            Overlap::ExplicitRetire => self.revokes_single_tokens(),
            Overlap::TwoPhase { next_usable } => next_usable,
            Overlap::IssuerTimed { .. } | Overlap::None => false,
        }
    }
}

/// Who writes the token into a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The daemon.
    Daemon,
    /// A person, to whom the daemon hands the token over.
    Person,
}

/// Which credential a connection can test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionTest {
    /// A token before it is saved at the identity provider.
    Candidate,
    /// The token that is saved at the identity provider.
    Saved,
    /// None: only the service provider can tell whether the token works.
    None,
}

/// What a write to a connection sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionWrite {
    /// The token alone.
    Merge,
    /// The whole object: it is read, changed and written back.
    FullReplace,
}

/// What a connection shows of the saved token when it is read. It is never
/// taken as proof of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readback {
    /// A mask, such as stars.
    Masked,
    /// Nothing.
    Absent,
    /// The token itself.
    Cleartext,
}

/// What else a write starts at the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideEffects {
    /// Nothing.
    None,
    /// A full synchronisation: the daemon writes as seldom as possible.
    FullSync,
}

/// Everything that `plan` must know of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCapabilities {
    /// Who writes the token into it.
    pub writer: Writer,
    /// Which credential it can test.
    pub test: ConnectionTest,
    /// What a write sends.
    pub write: ConnectionWrite,
    /// What reading it shows of the token.
    pub readback: Readback,
    /// What else a write starts.
    pub side_effects: SideEffects,
}

impl ConnectionCapabilities {
    /// Whether something can confirm that it works with a token: a test, or the person
    /// who writes it.
    #[must_use]
    pub fn can_confirm(&self) -> bool {
        match (self.writer, self.test) {
            (Writer::Person, _) | (_, ConnectionTest::Candidate | ConnectionTest::Saved) => true,
            (Writer::Daemon, ConnectionTest::None) => false,
        }
    }
}
