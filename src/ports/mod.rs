//! The traits through which the driver reaches the outside: store, issuer,
//! connection, probe, clock. `vault/`, `issuers/`, `connections/` and `scim/`
//! implement them, and so does the simulation in `tests/`.

pub mod condition;
pub mod handover;
pub mod instructions;
pub mod kind;
pub mod pulse;
pub mod refresh;
mod store;
pub mod switch;
pub mod unit;
pub mod vault_lease;
pub mod witness;

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::fault::Fault;
use crate::rotation::capability::{ConnectionCapabilities, IssuerCapabilities};
use crate::rotation::inventory::{ListedAs, ListedConnection, Provisioned};
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use crate::scim::scopes::Scopes;
use crate::secret::BearerToken;

pub use self::condition::Condition;
pub use self::store::{PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
pub use crate::clock::Clock;
pub use crate::scim::cycle::journal::Journal;
pub use crate::scim::probe::Probe;
pub use crate::secret::resolve::{Resolved, Secrets};

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

    /// The scopes that it asks for, where its settings name them.
    fn scopes_asked(&self) -> Option<Vec<String>> {
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

    /// What a token may do, asked for now; `None` if the issuer cannot tell.
    ///
    /// # Errors
    /// When the issuer does not answer.
    async fn scopes(&self, token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        let _ = (token, handle);
        Ok(None)
    }

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
    /// When the connection was given this token, if it was.
    pub since: Option<jiff::Timestamp>,
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

    /// Why it cannot hold this token: its length, its characters, or what a template
    /// makes of it. Nothing is sent. `None` if it can, as far as is known here; no
    /// part of the token is in the answer.
    fn objection(&self, delivery: &Delivery<'_>) -> Option<String> {
        let _ = delivery;
        None
    }

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

    /// Has the identity provider test a token that is not saved there, and changes
    /// nothing. [`Confirmation::CannotTell`] if it has no such test.
    ///
    /// # Errors
    /// When it cannot be asked, or does not accept the token.
    async fn test_candidate(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let _ = delivery;
        Ok(Confirmation::CannotTell)
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

    /// Where and as what a list of its identity provider shows this connection; `None`
    /// where no call lists connections. It asks nobody.
    fn listed_as(&self) -> Option<ListedAs> {
        None
    }

    /// The parameters of a section for a listed connection, each with its value in TOML:
    /// those of this connection, but for what tells the two apart.
    fn section_for(&self, listed: &ListedConnection) -> Vec<(String, String)> {
        let _ = listed;
        Vec::new()
    }

    /// Every provisioning connection that the identity provider shows, ours and others.
    /// It changes nothing there.
    ///
    /// # Errors
    /// When they cannot be listed completely.
    async fn inventory(&self) -> Result<Provisioned, Fault> {
        Ok(Provisioned::default())
    }
}
