//! Identity-provider connections that must hold a token. A kind is one file or
//! folder here, one variant of [`ConnectionKind`] and one arm of
//! [`ConnectionKind::as_kind`]; the code of a kind never decides what happens
//! next.

pub mod capabilities;
pub mod exec;
pub mod http;
pub mod manual;

use std::sync::Arc;

use serde::Deserialize;

use crate::ports::Connection;
use crate::ports::kind::AnyConnection;
pub use crate::ports::kind::Deps;

/// The kind of a connection with its settings: `[connections.<name>.<kind>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// HTTP calls, as the configuration says.
    Http(Box<http::HttpConnection>),
    /// A program of the operator's.
    Exec(exec::ExecConnection),
    /// A person, to whom the token is handed over.
    Manual(manual::ManualConnection),
}

impl ConnectionKind {
    /// What is asked of every kind: the one place that tells them apart.
    #[must_use]
    pub fn as_kind(&self) -> &AnyConnection {
        match self {
            Self::Http(config) => config.as_ref(),
            Self::Exec(config) => config,
            Self::Manual(config) => config,
        }
    }
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
    kind.as_kind().build(name, deps)
}
