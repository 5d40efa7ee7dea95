//! How provisioning through a connection is doing, in words that are the same
//! for all identity providers.

use serde::Deserialize;

/// State of a connection at the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It provisions.
    Healthy,
    /// It provisions in part.
    Degraded,
    /// The identity provider holds it back after failures.
    Quarantined,
    /// Somebody switched it off.
    Disabled,
    /// Nothing of the kind is told.
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

    /// Whether nothing is provisioned through it until somebody acts.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        match self {
            Self::Quarantined | Self::Disabled => true,
            Self::Healthy | Self::Degraded | Self::Unknown => false,
        }
    }
}
