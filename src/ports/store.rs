//! Where records and published tokens are stored.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fault::Fault;
use crate::rotation::record::{Record, StatedEnd};
use crate::rotation::situation::Published;
use crate::scim::evidence::Passed;
use crate::secret::BearerToken;

/// Version of a document, as check-and-set uses it. Zero: it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

/// A document with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The document.
    pub value: T,
    /// Its version; a write must name it.
    pub version: Version,
    /// A later version that was stored before and that the store has lost,
    /// because it was restored from a snapshot.
    pub lost: Option<Version>,
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another writer came first: load and decide again.
    #[error("the record was changed by somebody else")]
    Conflict,
    /// The document exists and cannot be used (edited by hand, newer schema,
    /// deleted). It is not overwritten.
    #[error("{0}")]
    Unusable(String),
    /// The store failed. The class tells whether a write may have happened.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The published token and its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedToken {
    /// The token.
    pub value: BearerToken,
    /// Its id at the issuer.
    pub token_id: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Generation of the record that it came from; `None` if a person wrote it.
    pub generation: Option<u64>,
    /// What could not be read of these facts, and how to write it; contains no
    /// value.
    pub unreadable: Option<String>,
}

impl PublishedToken {
    /// The end that stands beside the token.
    #[must_use]
    pub fn stated_end(&self) -> StatedEnd {
        match (self.expires_at, &self.unreadable) {
            (Some(end), _) => StatedEnd::At(end),
            (None, Some(_)) => StatedEnd::Unreadable,
            (None, None) => StatedEnd::Absent,
        }
    }
}

/// The content of a published path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedSecret {
    /// No secret, or one without a token field.
    Absent,
    /// A token with its facts.
    Token(PublishedToken),
    /// A value that cannot be a token; says why, without the value.
    Malformed(String),
}

impl PublishedSecret {
    /// What `plan` is given of it: a fingerprint in place of the token. The secret of
    /// the client in use beside parts of another client is no token that anybody
    /// could use.
    #[must_use]
    pub fn seen(&self, record: Option<&Record>) -> Published {
        let current = record.and_then(|record| record.current.as_ref());
        match self {
            Self::Absent => Published::Absent,
            Self::Token(token) => match current {
                Some(held)
                    if held.value.matches(token.value.expose())
                        && held.value.client().is_some()
                        && held.value.client() != token.value.client() =>
                {
                    Published::Malformed
                }
                Some(_) | None => Published::Token(token.value.fingerprint()),
            },
            Self::Malformed(_) => Published::Malformed,
        }
    }

    /// The end that stands beside the token.
    #[must_use]
    pub fn stated_end(&self) -> StatedEnd {
        match self {
            Self::Token(token) => token.stated_end(),
            Self::Absent | Self::Malformed(_) => StatedEnd::Absent,
        }
    }
}

/// Stores records and published secrets; implemented by Vault.
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads the record of a token.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be understood.
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError>;

    /// Writes a record if its version is still `expected`, and returns the new
    /// version. If the answer of the write is lost, the record's `write_id` is
    /// looked up before this returns.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another version is stored.
    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError>;

    /// Reads the published secret of a token. The result is cached until
    /// [`Store::forget`] or a conflict.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError>;

    /// Publishes a token. Other fields of the secret are kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody wrote in between.
    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError>;

    /// Who wrote the published secret that was last read; `None` if the store
    /// does not tell.
    async fn published_by(&self, token: &str) -> Option<String> {
        let _ = token;
        None
    }

    /// The last full cycle of a token that passed, unless a later one failed.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn full_cycle(&self, token: &str) -> Result<Option<Passed>, StoreError> {
        let _ = token;
        Ok(None)
    }

    /// Drops what is cached of a token, so that it is read again.
    fn forget(&self, token: &str);
}
