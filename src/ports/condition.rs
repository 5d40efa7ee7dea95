//! The state of a connection at its identity provider, in the same words for
//! all providers.

use jiff::Timestamp;
use serde::Deserialize;

/// State of a connection at the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It provisions.
    Healthy,
    /// It provisions some users or groups, and fails with others.
    Degraded,
    /// The identity provider has suspended it after failures.
    Quarantined,
    /// A person has switched it off.
    Disabled,
    /// The identity provider does not report it.
    Unknown,
}

impl ConnectionState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Healthy,
        Self::Degraded,
        Self::Quarantined,
        Self::Disabled,
        Self::Unknown,
    ];

    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Quarantined => "quarantined",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it provisions nothing until somebody acts.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        match self {
            Self::Quarantined | Self::Disabled => true,
            Self::Healthy | Self::Degraded | Self::Unknown => false,
        }
    }
}

/// What an identity provider reports of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Its state.
    pub state: ConnectionState,
    /// When it last provisioned; `None` if that is not reported.
    pub last_success_at: Option<Timestamp>,
}
