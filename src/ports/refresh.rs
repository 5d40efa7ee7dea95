//! Refresh tokens that a server replaces at each use.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Version;
use crate::fault::Fault;
use crate::secret::SecretText;

/// A refresh token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRefresh {
    /// The refresh token.
    pub token: SecretText,
    /// Since when it is being used; `None` if it is not.
    pub used_at: Option<Timestamp>,
    /// The version that a write must name.
    pub version: Version,
}

/// Stores refresh tokens.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// Reads the refresh token of a path.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    async fn load(&self, path: &str) -> Result<StoredRefresh, Fault>;

    /// Writes it over the version that it names. A repetition after a lost answer
    /// finds what it wrote.
    ///
    /// # Errors
    /// `Conflict` if another version is stored.
    async fn store(&self, path: &str, wanted: &StoredRefresh) -> Result<Version, Fault>;
}
