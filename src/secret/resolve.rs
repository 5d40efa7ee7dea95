//! From a reference to the secret that it names.

use async_trait::async_trait;

use super::{Fingerprint, SecretText};
use crate::fault::Fault;

/// A credential that a reference names, and how to tell whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The value.
    pub value: SecretText,
    /// Its fingerprint: changes when the credential does.
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
