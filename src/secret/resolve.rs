//! From a reference to the secret that it names.

use async_trait::async_trait;

use super::{BearerToken, Fingerprint};
use crate::fault::Fault;

/// A secret that a reference names, and how to tell whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The value.
    pub value: BearerToken,
    /// Its fingerprint: changes when the secret does.
    pub fingerprint: Fingerprint,
}

/// Resolves credential references.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Reads what the reference names; may answer from a short memory.
    ///
    /// # Errors
    /// Names the reference and the remedy, never the value.
    async fn resolve(&self, reference: &super::SecretRef) -> Result<Resolved, Fault>;

    /// Forgets a remembered value: the server refused it.
    fn refused(&self, reference: &super::SecretRef);
}
