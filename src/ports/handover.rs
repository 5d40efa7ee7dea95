//! The place where a token waits for the person who writes it into an identity
//! provider.

use async_trait::async_trait;

use crate::fault::Fault;
use crate::secret::BearerToken;

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Name of the token in the configuration.
    pub token: &'a str,
    /// Name of the connection in the configuration.
    pub connection: &'a str,
    /// The token that the person writes.
    pub value: &'a BearerToken,
    /// The SCIM base URL that the identity provider must hold beside it.
    pub scim_url: &'a url::Url,
    /// What to do.
    pub instructions: &'a str,
    /// The command that tells that it is done.
    pub command: &'a str,
}

/// Puts tokens where a person may read them, and takes them away again.
#[async_trait]
pub trait Handover: Send + Sync {
    /// Whether the place can be read, so that nothing is issued that nobody
    /// could hand over.
    ///
    /// # Errors
    /// When it cannot be read, or the path is none.
    async fn check(&self, path: &str) -> Result<(), Fault>;

    /// Puts a token there, in the place of what is there.
    ///
    /// # Errors
    /// When it may not be there.
    async fn put(&self, path: &str, waiting: &Waiting<'_>) -> Result<(), Fault>;

    /// Removes this token, with all its versions; another one stays.
    ///
    /// # Errors
    /// When it may still be there.
    async fn take_away(&self, path: &str, value: &BearerToken) -> Result<(), Fault>;
}
