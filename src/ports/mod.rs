//! The doors to the outside. The driver knows only these traits; `vault/`,
//! `issuers/`, `connections/` and `scim/` implement them, and so does the
//! simulation.

pub mod condition;
pub mod kind;
pub mod pulse;
pub mod unit;
pub mod witness;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::rotation::capability::{ConnectionCapabilities, IssuerCapabilities};
use crate::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use crate::rotation::record::Record;
use crate::rotation::situation::Published;
use crate::secret::BearerToken;

pub use self::condition::Condition;
pub use crate::clock::Clock;
pub use crate::scim::probe::Probe;
pub use crate::secret::resolve::{Resolved, Secrets};

/// Version of a document, as check-and-set knows it. Zero: it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

/// A document with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The document.
    pub value: T,
    /// Its version; a write must name it.
    pub version: Version,
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote first: load and decide again.
    #[error("the record was changed by somebody else")]
    Conflict,
    /// The document is there and cannot be used (hand-edited, newer schema,
    /// deleted). Nothing is written over it.
    #[error("{0}")]
    Unusable(String),
    /// The store failed; whether a write happened follows from the class.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What is published for the readers of a token.
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
}

/// What stands at a published path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedSecret {
    /// No secret, or no token field in it.
    Absent,
    /// A token with its facts.
    Token(PublishedToken),
    /// A value that cannot be a token; says why, without the value.
    Malformed(String),
}

impl PublishedSecret {
    /// What `plan` is told of it: a fingerprint in place of the token.
    #[must_use]
    pub fn seen(&self) -> Published {
        match self {
            Self::Absent => Published::Absent,
            Self::Token(token) => Published::Token(token.value.fingerprint()),
            Self::Malformed(_) => Published::Malformed,
        }
    }
}

/// Records and published secrets: Vault.
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads the record of a token.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be understood.
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError>;

    /// Writes a record if its version is still `expected`, and returns the new
    /// version. A write whose answer was lost is looked up by its `write_id`
    /// before this returns.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another version is stored.
    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError>;

    /// Reads what is published for a token. Remembered until [`Store::forget`]
    /// or a conflict.
    ///
    /// # Errors
    /// When the store cannot answer.
    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError>;

    /// Publishes a token. Fields of the secret that are not ours are kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody wrote meanwhile.
    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError>;

    /// Drops what is remembered of a token, so that the next read is real.
    fn forget(&self, token: &str);
}

/// What an issuer is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueRequest {
    /// Name of the token in the configuration.
    pub token: String,
    /// The durable label, name or request id.
    pub label: String,
    /// Lifetime to ask for.
    pub lifetime: Option<SignedDuration>,
    /// Overlap to ask for, where the issuer's clock ends the old token.
    pub overlap: SignedDuration,
    /// Version of the issuer's state that was seen before.
    pub etag: Option<String>,
    /// The secret to register, where we choose it.
    pub chosen: Option<BearerToken>,
    /// The token in use, for issuers that exchange or rotate it.
    pub current: Option<TokenHandle>,
}

/// A token as an issuer needs it to revoke or look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHandle {
    /// Its id at the issuer, where known.
    pub id: Option<String>,
    /// Its value, where known.
    pub value: Option<BearerToken>,
}

/// What issues, lists and revokes tokens.
///
/// Methods that an issuer's capabilities rule out are never called; the
/// default bodies answer with a fault of kind `config`.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// What this issuer can do.
    fn capabilities(&self) -> IssuerCapabilities;

    /// The label under which a token is issued: a pure function of the token's
    /// name, the rotation and the attempt, within the issuer's length and
    /// character rules.
    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String;

    /// A new secret, where [`Recovery::ClientChosen`](crate::rotation::capability::Recovery::ClientChosen).
    fn choose_secret(&self) -> Option<BearerToken> {
        None
    }

    /// All live tokens: every page, or an error.
    ///
    /// # Errors
    /// When any page could not be read.
    async fn list(&self, token: &str) -> Result<Listing, Fault>;

    /// Has a token issued. Sent once: never repeated by the HTTP layer.
    ///
    /// # Errors
    /// `Ambiguous` whenever the token may have been made.
    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault>;

    /// One token by its id.
    ///
    /// # Errors
    /// When the issuer cannot answer. `Ok(None)`: it says there is none.
    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault>;

    /// Revokes a token; one that is not there counts as revoked.
    ///
    /// # Errors
    /// When it may still be alive.
    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault>;

    /// Ends the old token of a two-phase issuer.
    ///
    /// # Errors
    /// When both may still be there.
    async fn complete(&self, token: &str) -> Result<(), Fault> {
        Err(unsupported(token, "complete"))
    }

    /// Drops the new token of a two-phase issuer.
    ///
    /// # Errors
    /// When it may still be there.
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

/// What a connection is told with each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// Name of the token in the configuration.
    pub token: &'a str,
    /// The token that the connection shall hold.
    pub value: &'a BearerToken,
    /// The token that it held before, for rollback templates.
    pub old: Option<&'a BearerToken>,
    /// The SCIM base URL that the connection must point at.
    pub scim_url: &'a url::Url,
}

/// One identity-provider connection.
#[async_trait]
pub trait Connection: Send + Sync {
    /// What this connection can do.
    fn capabilities(&self) -> ConnectionCapabilities;

    /// Looks without changing anything: can it be written, does it exist, does
    /// it point at the configured SCIM base URL?
    ///
    /// # Errors
    /// `Rejected` with kind `config` when it points elsewhere.
    async fn preflight(&self, token: &str, scim_url: &url::Url) -> Result<(), Fault>;

    /// Gives it the token. Repeating the call with the same token is harmless.
    ///
    /// # Errors
    /// `Ambiguous` when it may have been applied.
    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault>;

    /// Gives it the former token back; the same as [`Connection::deliver`]
    /// unless the identity provider wants another call for it.
    ///
    /// # Errors
    /// As [`Connection::deliver`].
    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.deliver(delivery).await
    }

    /// Asks it for proof that it works with the token.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault>;

    /// Asks it how provisioning fares, with the token in use. Nothing is decided
    /// by the answer; it is shown. `None`: it cannot tell.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn look(&self, delivery: &Delivery<'_>) -> Result<Option<Condition>, Fault> {
        let _ = delivery;
        Ok(None)
    }
}
