//! What mints, lists and revokes tokens. A kind is one file or folder here and
//! one arm in [`build`]; the code of a kind never decides what happens next.

pub mod capabilities;
pub mod http;
pub mod jwt;
pub mod label;
pub mod lifetime;
pub mod local;
pub mod oauth2;
pub mod operator;

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::http::Client;
use crate::http::fired::Firings;
use crate::ports::{Clock, Issuer, Secrets};
use crate::problem::Problems;
use crate::rotation::capability::IssuerCapabilities;
use crate::scim::shape::ChecksumCheck;
use crate::secret::SecretRef;

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
    /// A person writes the new token to the token's Vault path.
    Operator(operator::OperatorIssuer),
}

impl IssuerKind {
    /// Notes what is wrong with the settings. `path` is the dotted path of the
    /// kind, for example `issuers.crm.http`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Self::Http(config) => config.check(path, problems),
            Self::Oauth2(config) => config.check(path, problems),
            Self::Local(config) => config.check(path, problems),
            Self::Operator(config) => config.check(path, problems),
        }
    }

    /// What such an issuer can do, known without building it. What the settings
    /// leave out counts as the worst; `check` reports it.
    #[must_use]
    pub fn capabilities(&self) -> IssuerCapabilities {
        match self {
            Self::Http(config) => config.capabilities(),
            Self::Oauth2(config) => config.capabilities(),
            Self::Local(config) => config.capabilities(),
            Self::Operator(config) => config.capabilities(),
        }
    }

    /// The credentials that we use towards the issuer. None of them may be a
    /// managed token.
    #[must_use]
    pub fn caller_credentials(&self) -> Vec<SecretRef> {
        match self {
            Self::Http(config) => config.caller_credentials(),
            Self::Oauth2(config) => vec![config.client_secret.0.clone()],
            Self::Local(config) => config.caller_credentials(),
            Self::Operator(_) => Vec::new(),
        }
    }

    /// How long its tokens live by the configuration's word, for tokens whose
    /// own settings do not say so and where no answer tells.
    #[must_use]
    pub fn declared_lifetime(&self) -> Option<SignedDuration> {
        match self {
            Self::Http(config) => config.lifetime.declared.map(|d| d.0),
            Self::Oauth2(config) => config.lifetime.map(|d| d.0),
            Self::Local(config) => config.lifetime.declared.map(|d| d.0),
            Self::Operator(config) => config.lifetime.map(|d| d.0),
        }
    }

    /// The word of the configuration, for labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Oauth2(_) => "oauth2",
            Self::Local(_) => "local",
            Self::Operator(_) => "operator",
        }
    }

    /// The checksum that its tokens carry, where we make them ourselves.
    #[must_use]
    pub fn checksum(&self) -> Option<ChecksumCheck> {
        match self {
            Self::Http(_) | Self::Oauth2(_) | Self::Operator(_) => None,
            Self::Local(config) => config.checksum(),
        }
    }

    /// What a person is told who must supply the next token.
    #[must_use]
    pub fn instructions(&self) -> Option<&str> {
        match self {
            Self::Http(_) | Self::Oauth2(_) | Self::Local(_) => None,
            Self::Operator(config) => Some(&config.instructions),
        }
    }
}

/// What issuers are built from.
#[derive(Clone)]
pub struct Deps {
    /// The client for service providers.
    pub http: Client,
    /// Resolves credential references.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Is told which rules of answers decide; for replays.
    pub fired: Option<Firings>,
}

/// Builds an issuer.
///
/// # Errors
/// Says what about the settings cannot be used; `check` finds all of it before.
pub fn build(name: &str, kind: &IssuerKind, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
    let mut problems = Problems::default();
    kind.check(&format!("issuers.{name}"), &mut problems);
    if let Some(problem) = problems
        .all()
        .iter()
        .find(|p| p.severity == crate::problem::Severity::Error)
    {
        return Err(format!("{}: {}", problem.path, problem.message));
    }
    Ok(match kind {
        IssuerKind::Http(config) => Arc::new(http::HttpTokens::new(name, config, deps)),
        IssuerKind::Oauth2(config) => Arc::new(oauth2::Oauth2Tokens::new(name, config, deps)),
        IssuerKind::Local(config) => Arc::new(local::LocalTokens::new(name, config, deps)),
        IssuerKind::Operator(config) => Arc::new(operator::OperatorTokens::new(name, config)),
    })
}
