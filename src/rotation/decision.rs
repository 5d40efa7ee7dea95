//! What is done next for a token, and why.

use jiff::Timestamp;
use serde::Serialize;

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

/// Machine code of a decision; the same word in logs, `plan`, `status` and
/// `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The record was written by a newer version of this program.
    SchemaTooNew,
    /// Our clock is behind the record's last write.
    ClockBehind,
    /// Our clock and a server's differ too much to retire anything.
    ClockSkew,
    /// A person paused this token, or everything.
    Paused,
    /// Another replica holds the lease.
    LeaseElsewhere,
    /// A person must decide.
    Halted,
    /// A failure was too recent.
    Backoff,
    /// A rotation is in flight.
    InFlight,
    /// A reply was lost; what happened must be found out.
    ReplyLost,
    /// A lost reply may still take effect; listing now would be too early.
    Settling,
    /// There is no token.
    Missing,
    /// The token has expired.
    Expired,
    /// The renewal time has come.
    RenewalDue,
    /// A person asked for a rotation.
    Forced,
    /// A person said that the token is compromised.
    Compromised,
    /// The token in use is refused by the service provider.
    Drift,
    /// A person wrote a new token to the published path.
    OperatorSupplied,
    /// A person must supply the new token.
    WaitingOperator,
    /// A token exists without a record.
    Adoptable,
    /// The published copy is not the current token.
    PublishDue,
    /// An overlap window has ended.
    RetireDue,
    /// A superseded token waits for the end of its overlap window.
    WaitingOverlap,
    /// The old token cannot be revoked; its expiry is waited for.
    WaitingExpiry,
    /// A slot at the issuer must be freed first.
    SlotNeeded,
    /// A token of ours whose value was lost must be revoked.
    OrphanFound,
    /// A token that was issued to this process is in no record.
    TokenUnrecorded,
    /// The renewal is due but no window allows it.
    WaitingWindow,
    /// The permitted number of issues a day is reached.
    IssueCap,
    /// The proof that is needed is too weak or too old.
    ProofNeeded,
    /// The periodic probe is due.
    ProbeDue,
    /// The new token is rolled back.
    RollingBack,
    /// A connection may have been given another token behind our back.
    ConnectionInDoubt,
    /// All is well until the next renewal.
    Fresh,
    /// The token does not expire and no age limit is set.
    NothingScheduled,
    /// The token was taken out of the configuration, and nothing is left to do
    /// for it here.
    Left,
}

impl Reason {
    /// The word for logs and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SchemaTooNew => "schema_too_new",
            Self::ClockBehind => "clock_behind",
            Self::ClockSkew => "clock_skew",
            Self::Paused => "paused",
            Self::LeaseElsewhere => "lease_elsewhere",
            Self::Halted => "halted",
            Self::Backoff => "backoff",
            Self::InFlight => "in_flight",
            Self::ReplyLost => "reply_lost",
            Self::Settling => "settling",
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::RenewalDue => "renewal_due",
            Self::Forced => "forced",
            Self::Compromised => "compromised",
            Self::Drift => "drift",
            Self::OperatorSupplied => "operator_supplied",
            Self::WaitingOperator => "waiting_operator",
            Self::Adoptable => "adoptable",
            Self::PublishDue => "publish_due",
            Self::RetireDue => "retire_due",
            Self::WaitingOverlap => "waiting_overlap",
            Self::WaitingExpiry => "waiting_expiry",
            Self::SlotNeeded => "slot_needed",
            Self::OrphanFound => "orphan_found",
            Self::TokenUnrecorded => "token_unrecorded",
            Self::WaitingWindow => "waiting_window",
            Self::IssueCap => "issue_cap",
            Self::ProofNeeded => "proof_needed",
            Self::ProbeDue => "probe_due",
            Self::RollingBack => "rolling_back",
            Self::ConnectionInDoubt => "connection_in_doubt",
            Self::Fresh => "fresh",
            Self::NothingScheduled => "nothing_scheduled",
            Self::Left => "left",
        }
    }
}
