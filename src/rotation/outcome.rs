//! What came of a step.

use jiff::{SignedDuration, Timestamp};

use super::decision::Step;
use super::record::{ExpiryKnown, Trigger};
use crate::fault::Fault;
use crate::scim::evidence::{Evidence, Refusal, Verdict};
use crate::secret::{BearerToken, Fingerprint};

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// [`Step::Adopt`]: the value that stands at the published path.
    Adopted(Supplied),
    /// `Prepare`: what must be durable before the issue.
    Prepared(Preparation),
    /// `Issue`: the new token.
    Issued(IssuedToken),
    /// `Recover`: what the issuer shows now, and what a next attempt would use.
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
    /// `Prove`: what the service provider said of the pending token.
    Proved(Verdict<Evidence>),
    /// `Deliver`: the connection took the pending token.
    Delivered {
        /// Its name.
        connection: String,
    },
    /// `Confirm`: what the connection shows.
    Confirmed {
        /// Its name.
        connection: String,
        /// What it shows.
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
    },
    /// `Retire`: the issuer took the revocation (or there is none to make),
    /// and this is what the service provider says now.
    Retired {
        /// Which one.
        fingerprint: Fingerprint,
        /// Whether the old token is refused while the new one is accepted.
        refusal: Verdict<Refusal>,
    },
    /// `RevokeOrphan`: it is gone.
    OrphanRevoked {
        /// Its id.
        id: String,
    },
    /// `RevokeUnrecorded`: the issuer has revoked it.
    UnrecordedRevoked {
        /// The label under which it was issued.
        label: String,
    },
    /// `Verify`: what the service provider said of the current token.
    Verified(Verdict<Evidence>),
    /// Any step: it failed.
    Failed {
        /// Which step.
        step: Step,
        /// How.
        fault: Fault,
    },
}

/// What must be durable before a token is issued.
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
    /// The new secret, where we choose it.
    pub chosen: Option<BearerToken>,
}

/// What an issuer shows of its tokens.
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
}

/// A token that stands at the published path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// The token.
    pub value: BearerToken,
    /// Its id, where the secret names one.
    pub id: Option<String>,
    /// When it was issued, where the secret tells.
    pub issued_at: Option<Timestamp>,
    /// When it expires, where the secret, the token or the configuration tells.
    pub expires_at: Option<Timestamp>,
    /// Where that is known from.
    pub expiry: ExpiryKnown,
}

/// What a connection shows of the token that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// It works with the new token.
    Works,
    /// It has no way to tell; the service provider's proof must do.
    CannotTell,
    /// Not yet; ask again after this time, or the usual pace.
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
