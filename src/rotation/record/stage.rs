//! The stages of a rotation.

use serde::{Deserialize, Serialize};

/// Stored stage of a rotation; it names the step that may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A token is being issued.
    Issuing,
    /// The pending token is tested at the service provider.
    Proving,
    /// The pending token is written to the connections.
    Delivering,
    /// A two-phase issuer is told to make the pending token the only one.
    Completing,
    /// The connections are asked for proof.
    Confirming,
    /// The current token is written back to the connections.
    Reverting,
    /// The pending token is revoked.
    Discarding,
    /// A person must supply the new token.
    WaitingOperator,
    /// A person must write the pending token into the connections that no
    /// program can write.
    HandedOver,
}

impl Stage {
    /// Every stage, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::Issuing,
        Self::Proving,
        Self::Delivering,
        Self::Completing,
        Self::Confirming,
        Self::Reverting,
        Self::Discarding,
        Self::WaitingOperator,
        Self::HandedOver,
    ];

    /// The name that is shown.
    #[must_use]
    pub fn name(self) -> StageName {
        match self {
            Self::Issuing => StageName::Issuing,
            Self::Proving => StageName::Proving,
            Self::Delivering => StageName::Delivering,
            Self::Completing => StageName::Completing,
            Self::Confirming => StageName::Confirming,
            Self::Reverting => StageName::Reverting,
            Self::Discarding => StageName::Discarding,
            Self::WaitingOperator | Self::HandedOver => StageName::WaitingOperator,
        }
    }
}

/// A stage, or `idle`, or `halted`: what status and metrics show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// No rotation in flight.
    Idle,
    /// See [`Stage::Issuing`].
    Issuing,
    /// See [`Stage::Proving`].
    Proving,
    /// See [`Stage::Delivering`].
    Delivering,
    /// See [`Stage::Completing`].
    Completing,
    /// See [`Stage::Confirming`].
    Confirming,
    /// See [`Stage::Reverting`].
    Reverting,
    /// See [`Stage::Discarding`].
    Discarding,
    /// A person must act: [`Stage::WaitingOperator`] or [`Stage::HandedOver`].
    WaitingOperator,
    /// The token is halted until a person acts.
    Halted,
}

impl StageName {
    /// Every name, for state-set metrics.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::Issuing,
        Self::Proving,
        Self::Delivering,
        Self::Completing,
        Self::Confirming,
        Self::Reverting,
        Self::Discarding,
        Self::WaitingOperator,
        Self::Halted,
    ];

    /// The word for logs, labels and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Issuing => "issuing",
            Self::Proving => "proving",
            Self::Delivering => "delivering",
            Self::Completing => "completing",
            Self::Confirming => "confirming",
            Self::Reverting => "reverting",
            Self::Discarding => "discarding",
            Self::WaitingOperator => "waiting_operator",
            Self::Halted => "halted",
        }
    }
}
