//! The traits through which the driver reaches the outside: store, issuer,
//! connection, probe, clock. `vault/`, `issuers/`, `connections/` and `scim/`
//! implement them, and so does the simulation in `tests/`.

pub mod condition;
pub mod handover;
pub mod instructions;
pub mod kind;
pub mod pulse;
pub mod refresh;
pub mod unit;
pub mod vault_lease;
pub mod witness;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::rotation::capability::{ConnectionCapabilities, IssuerCapabilities};
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use crate::rotation::record::{Record, StatedEnd};
use crate::rotation::situation::Published;
use crate::secret::BearerToken;

pub use self::condition::Condition;
pub use crate::clock::Clock;
pub use crate::scim::probe::Probe;
pub use crate::secret::resolve::{Resolved, Secrets};

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

    /// Drops what is cached of a token, so that it is read again.
    fn forget(&self, token: &str);
}

/// What an issuer is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRequest {
    /// Name of the token in the configuration.
    pub token: String,
    /// The stored label, name or request id.
    pub label: String,
    /// Lifetime to ask for.
    pub lifetime: Option<SignedDuration>,
    /// Overlap to ask for, if the issuer ends the old token.
    pub overlap: SignedDuration,
    /// Version of the issuer's state that was read before.
    pub etag: Option<String>,
    /// The secret to register, if the daemon chooses it.
    pub chosen: Option<BearerToken>,
    /// The current token, for issuers that exchange or rotate it.
    pub current: Option<TokenHandle>,
}

/// A token, as an issuer needs it to revoke or look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHandle {
    /// Its id, if the issuer has shown it. No other id reaches an issuer.
    pub id: Option<IssuerId>,
    /// Its value, if known.
    pub value: Option<BearerToken>,
}

/// Issues, lists and revokes tokens.
///
/// Methods that the issuer's capabilities exclude are never called; their default
/// bodies return a fault of kind `config`.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// What this issuer can do.
    fn capabilities(&self) -> IssuerCapabilities;

    /// A digest of its settings, by which a changed configuration is noticed.
    /// Empty where an answer of the issuer cannot depend on them.
    fn settings(&self) -> &str {
        ""
    }

    /// The label under which a token is issued: a pure function of the token's
    /// name, the rotation and the attempt, within the issuer's length and
    /// character rules.
    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String;

    /// A new secret, if the recovery is
    /// [`Recovery::ClientChosen`](crate::rotation::capability::Recovery::ClientChosen).
    fn choose_secret(&self) -> Option<BearerToken> {
        None
    }

    /// The id that the text of a token contains, where the configuration says
    /// how to read it. It counts only if the issuer lists it too.
    fn id_in(&self, value: &BearerToken) -> Option<String> {
        let _ = value;
        None
    }

    /// All valid tokens, from every page.
    ///
    /// # Errors
    /// When any page could not be read.
    async fn list(&self, token: &str) -> Result<Listing, Fault>;

    /// Requests a new token. The HTTP layer never repeats the request.
    ///
    /// # Errors
    /// `Ambiguous` whenever a token may have been issued.
    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault>;

    /// One token by its id.
    ///
    /// # Errors
    /// When the issuer cannot answer. `Ok(None)`: there is no such token.
    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault>;

    /// Revokes a token. A token that does not exist counts as revoked.
    ///
    /// # Errors
    /// When it may still be valid.
    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault>;

    /// Ends the old token of a two-phase issuer.
    ///
    /// # Errors
    /// When both tokens may still be valid.
    async fn complete(&self, token: &str) -> Result<(), Fault> {
        Err(unsupported(token, "complete"))
    }

    /// Drops the new token of a two-phase issuer.
    ///
    /// # Errors
    /// When it may still be valid.
    async fn cancel(&self, token: &str) -> Result<(), Fault> {
        Err(unsupported(token, "cancel"))
    }
}

fn unsupported(token: &str, operation: &str) -> Fault {
    use crate::fault::{FaultClass, FaultKind};
    Fault::new(
        FaultClass::Rejected,
        FaultKind::Config,
        format!("the issuer of token `{token}` has no operation `{operation}`: configure it"),
    )
}

/// The arguments of every call of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// Name of the token in the configuration.
    pub token: &'a str,
    /// The token that the connection must hold.
    pub value: &'a BearerToken,
    /// The token that it held before, for templates that revert.
    pub old: Option<&'a BearerToken>,
    /// The SCIM base URL that the connection must point at.
    pub scim_url: &'a url::Url,
}

/// One identity-provider connection.
#[async_trait]
pub trait Connection: Send + Sync {
    /// What this connection can do.
    fn capabilities(&self) -> ConnectionCapabilities;

    /// Reads the connection without changing it: it exists, can be written, and
    /// has the configured SCIM base URL.
    ///
    /// # Errors
    /// `Rejected` with kind `config` if it has another base URL.
    async fn preflight(&self, token: &str, scim_url: &url::Url) -> Result<(), Fault>;

    /// Writes the token to it. A repeated call with the same token is harmless.
    ///
    /// # Errors
    /// `Ambiguous` if the token may have been written.
    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault>;

    /// Writes the former token to it; the same as [`Connection::deliver`]
    /// unless the identity provider needs another call for that.
    ///
    /// # Errors
    /// As [`Connection::deliver`].
    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.deliver(delivery).await
    }

    /// Asks for proof that it works with the token.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault>;

    /// Is told that it is proven that this token was written, where a person
    /// writes it: the token need not wait for that person any more.
    ///
    /// # Errors
    /// When it may still wait.
    async fn settled(&self, token: &str, value: &BearerToken) -> Result<(), Fault> {
        let _ = (token, value);
        Ok(())
    }

    /// Asks for the state of provisioning with the current token. It is shown
    /// to people, and nothing is decided by it. `None` if the identity provider
    /// does not report it.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn look(&self, delivery: &Delivery<'_>) -> Result<Option<Condition>, Fault> {
        let _ = delivery;
        Ok(None)
    }
}
