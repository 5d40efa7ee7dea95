//! The decision of `plan`: the next step for a token, and the reason.

use jiff::Timestamp;

pub use super::reason::Reason;
use super::record::Trigger;
use crate::secret::Fingerprint;

/// What `plan` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the driver does now.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The latest time at which `plan` must decide again; after `now` for every
    /// wait.
    pub wake_at: Timestamp,
}

/// Perform a step, or wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Perform this step, then give its outcome to `apply`.
    Do(Step),
    /// Do nothing until `wake_at`.
    Wait,
}

/// One call of an issuer, a connection, a probe or the store on behalf of a
/// token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take the value at the published path as the current token.
    Adopt,
    /// Read everything that must be stored before a token is issued. Reads
    /// only.
    Prepare {
        /// Why the rotation begins, or goes on.
        trigger: Trigger,
    },
    /// Request a new token from the issuer, under the stored intent.
    Issue,
    /// Find out whether an issuance request whose reply was lost was carried
    /// out. Reads only.
    Recover,
    /// Take the value that a person wrote to the published path as the pending
    /// token.
    TakeSupplied,
    /// Test the pending token at the service provider. Reads only.
    Prove,
    /// Write the pending token to one connection.
    Deliver {
        /// Its name.
        connection: String,
    },
    /// Ask one connection, or the issuer's record of use, for proof that the
    /// pending token works there. Reads only.
    Confirm {
        /// Its name.
        connection: String,
    },
    /// Tell a two-phase issuer to keep only the pending token.
    Complete,
    /// Write the current token and its facts to the published path.
    Publish,
    /// Write the current token back to one connection.
    Revert {
        /// Its name.
        connection: String,
    },
    /// Revoke the pending token.
    Discard,
    /// Ask the issuer when a superseded token was last used. Reads only.
    CheckUse {
        /// Which superseded token.
        fingerprint: Fingerprint,
    },
    /// Revoke a superseded token and show that it is refused.
    Retire {
        /// Which superseded token.
        fingerprint: Fingerprint,
    },
    /// Revoke a token that the daemon had issued and whose value was lost.
    RevokeOrphan {
        /// Its id at the issuer.
        id: String,
    },
    /// Revoke a token that was issued to this process and is in no record,
    /// because another writer stored the record first.
    RevokeUnrecorded {
        /// The label under which it was issued.
        label: String,
    },
    /// Revoke the throw-away token of a rehearsal, or look for it at the issuer if
    /// the reply to its request was lost.
    EndRehearsal,
    /// Test the current token at the service provider. Reads only.
    Verify,
}

impl Step {
    /// The word for logs and metric labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Prepare { .. } => "prepare",
            Self::Issue => "issue",
            Self::Recover => "recover",
            Self::TakeSupplied => "take_supplied",
            Self::Prove => "prove",
            Self::Deliver { .. } => "deliver",
            Self::Confirm { .. } => "confirm",
            Self::Complete => "complete",
            Self::Publish => "publish",
            Self::Revert { .. } => "revert",
            Self::Discard => "discard",
            Self::CheckUse { .. } => "check_use",
            Self::Retire { .. } => "retire",
            Self::RevokeOrphan { .. } => "revoke_orphan",
            Self::RevokeUnrecorded { .. } => "revoke_unrecorded",
            Self::EndRehearsal => "end_rehearsal",
            Self::Verify => "verify",
        }
    }

    /// Every word of [`Step::as_str`], for metrics that start at zero.
    pub const NAMES: [&'static str; 18] = [
        "adopt",
        "prepare",
        "issue",
        "recover",
        "take_supplied",
        "prove",
        "deliver",
        "confirm",
        "complete",
        "publish",
        "revert",
        "discard",
        "check_use",
        "retire",
        "revoke_orphan",
        "revoke_unrecorded",
        "end_rehearsal",
        "verify",
    ];

    /// The connection that the step touches.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        match self {
            Self::Deliver { connection }
            | Self::Confirm { connection }
            | Self::Revert { connection } => Some(connection),
            Self::Adopt
            | Self::Prepare { .. }
            | Self::Issue
            | Self::Recover
            | Self::TakeSupplied
            | Self::Prove
            | Self::Complete
            | Self::Publish
            | Self::Discard
            | Self::CheckUse { .. }
            | Self::Retire { .. }
            | Self::RevokeOrphan { .. }
            | Self::RevokeUnrecorded { .. }
            | Self::EndRehearsal
            | Self::Verify => None,
        }
    }

    /// Whether the step changes nothing at the issuer, at a connection or at
    /// the published path.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        match self {
            Self::Adopt
            | Self::Prepare { .. }
            | Self::Recover
            | Self::TakeSupplied
            | Self::Prove
            | Self::Confirm { .. }
            | Self::CheckUse { .. }
            | Self::Verify => true,
            Self::Issue
            | Self::Deliver { .. }
            | Self::Complete
            | Self::Publish
            | Self::Revert { .. }
            | Self::Discard
            | Self::Retire { .. }
            | Self::RevokeOrphan { .. }
            | Self::RevokeUnrecorded { .. }
            | Self::EndRehearsal => false,
        }
    }

    /// Whether the step is performed under the lease only. Steps that only read
    /// need none, nor does the revocation of a token whose value only this
    /// process knows: no other replica can revoke it or use it.
    #[must_use]
    pub fn needs_lease(&self) -> bool {
        let revokes_its_own = matches!(self, Self::RevokeUnrecorded { .. });
        !self.only_reads() && !revokes_its_own
    }
}
