//! What mints, lists and revokes tokens. A kind is one file or folder here, one
//! variant of [`IssuerKind`] and one arm of [`IssuerKind::as_kind`]; the code of
//! a kind never decides what happens next.

pub mod capabilities;
pub mod exec;
pub mod http;
pub mod label;
pub mod lifetime;
pub mod local;
pub mod oauth2;
pub mod operator;
pub mod spelled;
pub mod vault_dynamic;

use std::sync::Arc;

use serde::Deserialize;

use crate::ports::Issuer;
use crate::ports::kind::AnyIssuer;
pub use crate::ports::kind::Deps;
use crate::problem::{Problems, Severity};
use crate::secret::Fingerprint;

/// The kind of an issuer with its settings: `[issuers.<name>.<kind>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerKind {
    /// Any HTTP API, described by templates.
    Http(Box<http::HttpIssuer>),
    /// The token endpoint of an OAuth 2 server (client credentials).
    Oauth2(Box<oauth2::Oauth2Issuer>),
    /// We make the secret and register it.
    Local(Box<local::LocalIssuer>),
    /// A program of the operator's.
    Exec(Box<exec::ExecIssuer>),
    /// A secrets engine of Vault makes tokens under Vault leases.
    VaultDynamic(Box<vault_dynamic::VaultDynamicIssuer>),
    /// A person writes the new token to the token's Vault path.
    Operator(operator::OperatorIssuer),
}

impl IssuerKind {
    /// What is asked of every kind: the one place that tells them apart.
    #[must_use]
    pub fn as_kind(&self) -> &AnyIssuer {
        match self {
            Self::Http(config) => config.as_ref(),
            Self::Oauth2(config) => config.as_ref(),
            Self::Local(config) => config.as_ref(),
            Self::Exec(config) => config.as_ref(),
            Self::VaultDynamic(config) => config.as_ref(),
            Self::Operator(config) => config,
        }
    }
}

/// A digest of settings, which hold references to credentials and no values.
fn digest_of(settings: &impl std::fmt::Debug) -> String {
    Fingerprint::of(&format!("{settings:?}")).to_string()
}

/// Builds an issuer.
///
/// # Errors
/// Says what about the settings cannot be used; `check` finds all of it before.
pub fn build(name: &str, kind: &IssuerKind, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
    let kind = kind.as_kind();
    let mut problems = Problems::default();
    kind.check(&format!("issuers.{name}"), &mut problems);
    let mut errors = problems.all().iter();
    match errors.find(|p| p.severity == Severity::Error) {
        Some(problem) => Err(format!("{}: {}", problem.path, problem.message)),
        None => kind.build(name, deps),
    }
}
