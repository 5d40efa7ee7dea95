//! Identity-provider connections that must hold a token. A kind is one file or
//! folder here and one arm in [`build`]; the code of a kind never decides what
//! happens next.

pub mod capabilities;
pub mod exec;
pub mod http;

use std::sync::Arc;

use serde::Deserialize;

use crate::http::fired::Firings;
use crate::ports::{Clock, Connection, Secrets};
use crate::problem::Problems;
use crate::rotation::capability::ConnectionCapabilities;
use crate::secret::SecretRef;

/// The kind of a connection with its settings: `[connections.<name>.<kind>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// HTTP calls, as the configuration says.
    Http(Box<http::HttpConnection>),
    /// A program of the operator's.
    Exec(exec::ExecConnection),
}

impl ConnectionKind {
    /// Notes what is wrong with the settings. `path` is the dotted path of the
    /// kind, for example `connections.hr.exec`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        match self {
            Self::Http(config) => config.check(path, problems),
            Self::Exec(config) => config.check(path, problems),
        }
    }

    /// What such a connection can do, known without building it.
    #[must_use]
    pub fn capabilities(&self) -> ConnectionCapabilities {
        match self {
            Self::Http(config) => config.capabilities(),
            Self::Exec(config) => config.capabilities(),
        }
    }

    /// The word of the configuration, for labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Exec(_) => "exec",
        }
    }

    /// The credentials that we use towards the identity provider.
    #[must_use]
    pub fn caller_credentials(&self) -> Vec<SecretRef> {
        match self {
            Self::Http(config) => config.caller_credentials(),
            Self::Exec(_) => Vec::new(),
        }
    }
}

/// What connections are built from.
#[derive(Clone)]
pub struct Deps {
    /// The client for identity providers.
    pub http: crate::http::Client,
    /// Resolves credential references.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Builds a connection.
///
/// # Errors
/// Says what about the settings cannot be used; `check` finds all of it before.
pub fn build(
    name: &str,
    kind: &ConnectionKind,
    deps: &Deps,
) -> Result<Arc<dyn Connection>, String> {
    build_noting(name, kind, deps, None)
}

/// The same; which rules of `answers` decide is noted in `fired`.
///
/// # Errors
/// As [`build`].
pub fn build_noting(
    name: &str,
    kind: &ConnectionKind,
    deps: &Deps,
    fired: Option<Firings>,
) -> Result<Arc<dyn Connection>, String> {
    match kind {
        ConnectionKind::Http(config) => Ok(http::build(name, config, deps, fired)),
        ConnectionKind::Exec(config) => Ok(exec::build(name, config, Arc::clone(&deps.clock))),
    }
}
