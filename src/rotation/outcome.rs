//! The outcomes of steps.

use jiff::{SignedDuration, Timestamp};

use super::decision::Step;
use super::issuer_id::IssuerId;
use super::record::{ExpiryKnown, StatedEnd, Trigger};
use crate::fault::Fault;
use crate::scim::evidence::{Evidence, Refusal, Verdict};
use crate::scim::scopes::Scopes;
use crate::secret::shown_parts::ShownParts;
use crate::secret::{BearerToken, Fingerprint};

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// [`Step::Adopt`]: the token at the published path.
    Adopted {
        /// The token.
        supplied: Supplied,
        /// What the issuer shows, by which the token's id is looked up; `None`
        /// if it was not or could not be asked.
        lookup: Option<Lookup>,
    },
    /// `Prepare`: what must be stored before a token is issued.
    Prepared(Preparation),
    /// `Issue`: the new token.
    Issued(IssuedToken),
    /// `Recover`: the tokens that the issuer has now, and the label for a next
    /// attempt.
    Recovered {
        /// What the issuer lists.
        listing: Listing,
        /// Label of the next attempt.
        next_label: String,
    },
    /// `TakeSupplied`: the value that a person wrote.
    Supplied {
        /// Id for a rotation that begins now; ignored when one is in flight.
        rotation_id: String,
        /// The value.
        supplied: Supplied,
    },
    /// `Prove`, `Deliver`: connections that cannot hold the pending token. It was not
    /// sent to anybody.
    CannotBeHeld(Vec<Objection>),
    /// `Prove`: the service provider's verdict on the pending token.
    Proved(Verdict<Evidence>),
    /// `Deliver`: the connection accepted the pending token.
    Delivered {
        /// Its name.
        connection: String,
    },
    /// `Confirm`: whether the connection works with the pending token.
    Confirmed {
        /// Its name.
        connection: String,
        /// What the connection shows.
        confirmation: Confirmation,
    },
    /// `Complete`: the issuer keeps only the pending token.
    Completed,
    /// `Publish`: the published path holds the current token.
    Published,
    /// `Revert`: the connection holds the current token again.
    Reverted {
        /// Its name.
        connection: String,
    },
    /// `Discard`: the pending token is revoked (or was not there).
    Discarded,
    /// `CheckUse`: when a superseded token was last used.
    UseSeen {
        /// Which one.
        fingerprint: Fingerprint,
        /// When.
        last_used_at: Option<Timestamp>,
        /// By whom or from where, where the issuer tells.
        last_used_by: Option<String>,
    },
    /// `Retire`: the issuer accepted the revocation (or none is possible), and
    /// this is the service provider's verdict afterwards.
    Retired {
        /// Which one.
        fingerprint: Fingerprint,
        /// Whether the old token is refused while the new one is accepted.
        refusal: Verdict<Refusal>,
    },
    /// `RevokeOrphan`: the issuer has revoked it.
    OrphanRevoked {
        /// Its id.
        id: String,
    },
    /// `RevokeUnrecorded`: the issuer has revoked it.
    UnrecordedRevoked {
        /// The label under which it was issued.
        label: String,
    },
    /// `Verify`: the service provider's verdict on the current token.
    Verified(Verdict<Evidence>),
    /// `EndRehearsal`: what became of the throw-away token.
    RehearsalEnded(Throwaway),
    /// Any step: it failed.
    Failed {
        /// Which step.
        step: Step,
        /// How.
        fault: Fault,
    },
}

impl Outcome {
    /// The word of the step that succeeded; `None` if it did not, or if it does not
    /// belong to a rotation.
    #[must_use]
    pub fn success_of(&self) -> Option<&'static str> {
        Some(match self {
            Self::Adopted { .. } => "adopt",
            Self::Prepared(_) => "prepare",
            Self::Issued(_) => "issue",
            Self::Recovered { .. } => "recover",
            Self::Supplied { .. } => "take_supplied",
            Self::Proved(Verdict::Pass(_)) => "prove",
            Self::Delivered { .. } => "deliver",
            Self::Confirmed {
                confirmation: Confirmation::Works | Confirmation::CannotTell,
                ..
            } => "confirm",
            Self::Completed => "complete",
            Self::Published => "publish",
            Self::Reverted { .. } => "revert",
            Self::Discarded => "discard",
            Self::CannotBeHeld(_)
            | Self::Proved(Verdict::Fail(_) | Verdict::Inconclusive(_))
            | Self::Confirmed {
                confirmation: Confirmation::NotYet { .. } | Confirmation::Refused { .. },
                ..
            }
            | Self::UseSeen { .. }
            | Self::Retired { .. }
            | Self::OrphanRevoked { .. }
            | Self::UnrecordedRevoked { .. }
            | Self::RehearsalEnded(_)
            | Self::Verified(_)
            | Self::Failed { .. } => return None,
        })
    }
}

/// What became of the throw-away token of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Throwaway {
    /// The issuer has revoked it.
    Revoked,
    /// The reply to its request was lost; this is what the issuer lists now.
    Listed(Listing),
    /// It cannot be revoked or found at this issuer.
    LeftToExpire,
}

/// What must be stored before a token is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preparation {
    /// Why the rotation begins; ignored when one is in flight.
    pub trigger: Trigger,
    /// Id for a rotation that begins now; ignored when one is in flight.
    pub rotation_id: String,
    /// Label, name or request id for the issuer.
    pub label: String,
    /// What the issuer lists now, where it can list.
    pub listing: Option<Listing>,
    /// The new secret, where the daemon chooses it.
    pub chosen: Option<BearerToken>,
    /// By what the id of the token in use is looked up in the listing, if the
    /// issuer has not shown it yet.
    pub lookup: Option<Lookup>,
}

/// What an issuer shows, and by what a token whose id it has not told is found
/// in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The tokens that it lists.
    pub listing: Listing,
    /// The id that the token's own text contains, where the configuration says
    /// how to read it.
    pub id_in_value: Option<String>,
    /// Two labels as this issuer would be given them for this token, of two
    /// different rotations: what they have in common is in every label of the
    /// token.
    pub sample_labels: [String; 2],
}

/// The tokens of an issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// All live tokens, every page of them.
    pub tokens: Vec<ListedToken>,
    /// Version of the issuer's state.
    pub etag: Option<String>,
}

/// One token as an issuer lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// Its id.
    pub id: String,
    /// Its label, description or name.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// By whom or from where it was last used.
    pub last_used_by: Option<String>,
    /// What it may do.
    pub scopes: Option<Scopes>,
    /// The beginning and the end of its value, as far as the list shows them.
    pub shown: ShownParts,
}

impl ListedToken {
    /// A listed token of which nothing but the id is told.
    #[must_use]
    pub fn with_id(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: None,
            created_at: None,
            expires_at: None,
            last_used_at: None,
            last_used_by: None,
            scopes: None,
            shown: ShownParts::default(),
        }
    }

    /// Its id, as the issuer's list shows it.
    #[must_use]
    pub fn issuer_id(&self) -> IssuerId {
        IssuerId::shown(&self.id)
    }
}

/// A freshly issued token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token.
    pub value: BearerToken,
    /// Its id at the issuer.
    pub id: Option<String>,
    /// When it expires, as the issuer, the token or the configuration tells.
    pub expires_at: Option<Timestamp>,
    /// Where that is known from.
    pub expiry: ExpiryKnown,
    /// When the old token dies, where the issuer schedules that.
    pub old_dies_at: Option<Timestamp>,
    /// What it may do, where the issuer tells.
    pub scopes: Option<Scopes>,
    /// The life that the issuer was asked for.
    pub asked_life: Option<SignedDuration>,
}

impl IssuedToken {
    /// Its id, as the issuer's answer tells it.
    #[must_use]
    pub fn issuer_id(&self) -> Option<IssuerId> {
        self.id.as_deref().map(IssuerId::shown)
    }
}

/// Why a connection cannot hold a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Name of the connection.
    pub connection: String,
    /// The limit, and how the token exceeds it; contains no part of the token.
    pub why: String,
}

/// A token at the published path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The token.
    pub value: BearerToken,
    /// The id that the published secret names. It is shown to people and never
    /// sent to an issuer.
    pub stated_id: Option<String>,
    /// When it was issued, if the published secret contains that.
    pub issued_at: Option<Timestamp>,
    /// When it expires, as the published secret and the token tell: the earlier
    /// of the two.
    pub expires_at: Option<Timestamp>,
    /// Where that is known from.
    pub expiry: ExpiryKnown,
    /// The end that the published secret itself names.
    pub stated_end: StatedEnd,
    /// What could not be read of the facts beside the token, and how to write
    /// it; contains no value.
    pub unreadable: Option<String>,
    /// Who wrote it, where Vault tells.
    pub by: Option<String>,
}

/// Whether a connection works with the token that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// It works with the new token.
    Works,
    /// The connection cannot tell; the service provider's proof has to do.
    CannotTell,
    /// Not yet; ask again after this time, or at the usual interval.
    NotYet {
        /// For a person.
        detail: String,
        /// When to ask again.
        ask_again: Option<SignedDuration>,
    },
    /// It says that the new token does not work.
    Refused {
        /// For a person.
        detail: String,
    },
}
