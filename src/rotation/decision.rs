//! What is done next for a token, and why.

use jiff::Timestamp;

pub use super::reason::Reason;
use super::record::Trigger;
use crate::secret::Fingerprint;

/// The answer of `plan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do now.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// When to decide again at the latest; after `now` for every wait.
    pub wake_at: Timestamp,
}

/// Do something, or wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Perform this step, then fold its outcome in.
    Do(Step),
    /// Nothing until `wake_at`.
    Wait,
}

/// One effect (or one gathering of facts) on behalf of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take the value at the published path as the current token.
    Adopt,
    /// Gather what must be durable before a token is issued. Reads only.
    Prepare {
        /// Why the rotation begins, or goes on.
        trigger: Trigger,
    },
    /// Have a new token issued under the stored intent.
    Issue,
    /// Find out what became of an issue whose reply is not known. Reads only.
    Recover,
    /// Take the value that a person wrote to the published path as pending.
    TakeSupplied,
    /// Test the pending token at the service provider. Reads only.
    Prove,
    /// Write the pending token to one connection.
    Deliver {
        /// Its name.
        connection: String,
    },
    /// Ask one connection, and the issuer, for proof. Reads only.
    Confirm {
        /// Its name.
        connection: String,
    },
    /// Make the pending token of a two-phase issuer the only one.
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
    /// Revoke a token of ours whose value was lost.
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
            Self::Verify => "verify",
        }
    }

    /// Every word of [`Step::as_str`], for metrics that start at zero.
    pub const NAMES: [&'static str; 17] = [
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
            | Self::Verify => None,
        }
    }

    /// Whether the step changes nothing at the issuer, at a connection or at the
    /// published path.
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
            | Self::RevokeUnrecorded { .. } => false,
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
