//! Tokens that a secrets engine of Vault makes under a Vault lease.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::fault::Fault;
use crate::secret::BearerToken;

/// The Vault token under which a Vault lease is made. When it ends, Vault ends
/// the lease with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent<'a> {
    /// The daemon's own login.
    Login,
    /// A token of its own, made for this lease by a token role.
    TokenOf {
        /// The name of the token role.
        role: &'a str,
    },
}

/// What an engine is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish<'a> {
    /// The path, as policies name it.
    pub path: &'a str,
    /// What is written there; `None`: the path is read.
    pub body: Option<&'a Value>,
    /// JSON pointer of the token below the answer's `data`.
    pub token_at: &'a str,
    /// What the lease is made under.
    pub parent: Parent<'a>,
    /// How long the token shall live; `None`: as long as Vault grants.
    pub life: Option<SignedDuration>,
    /// What a token that is made for the lease is marked with.
    pub label: &'a str,
}

/// What an engine made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The id of the Vault lease.
    pub lease_id: String,
    /// The token, or why what stands there is none.
    pub value: Result<BearerToken, String>,
    /// How long it lives, counted from the request: until the lease ends, or
    /// until what the lease was made under ends.
    pub life: SignedDuration,
    /// Whether the lease itself would last longer than what it was made under.
    pub ends_with_parent: bool,
}

/// A Vault lease that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub lease_id: String,
    /// When it was made; `None` if it was not looked up.
    pub made_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
}

/// Has engines of Vault make tokens, and ends them.
#[async_trait]
pub trait VaultLeases: Send + Sync {
    /// Has a token made, and its lease renewed for the wished life.
    ///
    /// # Errors
    /// `Ambiguous` whenever a token may have been made.
    async fn make(&self, wish: &Wish<'_>) -> Result<Leased, Fault>;

    /// All leases of a path.
    ///
    /// # Errors
    /// When they cannot be listed.
    async fn list(&self, path: &str) -> Result<Vec<Found>, Fault>;

    /// A lease by its id; `None`: there is none.
    ///
    /// # Errors
    /// When Vault cannot answer.
    async fn look_up(&self, lease_id: &str) -> Result<Option<Found>, Fault>;

    /// Ends a lease, and waits until the engine has ended its token. A lease that
    /// does not exist counts as ended.
    ///
    /// # Errors
    /// When its token may still be valid.
    async fn revoke(&self, lease_id: &str) -> Result<(), Fault>;
}
