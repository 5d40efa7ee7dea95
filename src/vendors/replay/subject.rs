//! What a replay runs against: the real issuer or connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::super::Family;
use crate::connections::{self, ConnectionKind};
use crate::http::Client;
use crate::http::fired::{Firings, RuleName};
use crate::issuers::{self, IssuerKind};
use crate::ports::{Clock, Connection, Issuer, Secrets};
use crate::problem::{Problems, Severity};

/// What the real code is built from in a scene.
#[derive(Clone)]
pub struct Deps {
    /// Sends everything to the replay server.
    pub http: Client,
    /// Resolves references to the test values of the replay's parameters.
    pub secrets: Arc<dyn Secrets>,
    /// The time of the scene.
    pub clock: Arc<dyn Clock>,
    /// Is told which rules of `answers` decide.
    pub fired: Firings,
}

/// The real code that a scene runs through.
#[derive(Clone)]
pub enum Actor {
    /// An issuer.
    Issuer(Arc<dyn Issuer>),
    /// A connection.
    Connection(Arc<dyn Connection>),
}

/// What a replay runs against. Each scene builds its own.
pub trait Subject: Send + Sync {
    /// What it is.
    fn family(&self) -> Family;

    /// The parameters that are credentials. The replay writes them as they are;
    /// [`Subject::build`] gets `{ env = "<parameter>" }` in their place, which
    /// the secrets of [`Deps`] resolve.
    fn credentials(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// The rules that its calls declare. Each must fire in a scene.
    ///
    /// # Errors
    /// When the parameters cannot be used.
    fn rules(&self, parameters: &toml::Table) -> Result<BTreeSet<RuleName>, String> {
        let _ = parameters;
        Ok(BTreeSet::new())
    }

    /// Builds it under this name.
    ///
    /// # Errors
    /// Says what about the settings or the parameters cannot be used.
    fn build(&self, name: &str, parameters: &toml::Table, deps: &Deps) -> Result<Actor, String>;
}

/// Settings of one kind, as they stand in a configuration below
/// `[issuers.<name>]` or `[connections.<name>]`: a table with the kind as its
/// only key. It has no parameters; those of the replay serve its references.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    family: Family,
    kind: toml::Table,
}

impl Settings {
    /// The settings of a kind.
    #[must_use]
    pub fn new(family: Family, kind: toml::Table) -> Self {
        Self { family, kind }
    }

    /// The only issuer or connection of a configuration.
    ///
    /// # Errors
    /// When the text is no TOML, or holds none or several.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct File {
            issuers: toml::Table,
            connections: toml::Table,
        }
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let issuers = file
            .issuers
            .into_iter()
            .map(|(_, kind)| (Family::Issuer, kind));
        let connections = file.connections.into_iter();
        let connections = connections.map(|(_, kind)| (Family::Connection, kind));
        let mut all = issuers.chain(connections);
        match (all.next(), all.next()) {
            (Some((family, toml::Value::Table(mut kind))), None) => {
                // A rule for tokens, which stands beside the kind.
                let _not_of_the_kind = kind.remove("scopes_allowed");
                Ok(Self::new(family, kind))
            }
            _ => Err(
                "a replay runs against one issuer or one connection: write [issuers.NAME.KIND] or [connections.NAME.KIND] once"
                    .to_owned(),
            ),
        }
    }
}

impl Subject for Settings {
    fn family(&self) -> Family {
        self.family
    }

    fn rules(&self, _parameters: &toml::Table) -> Result<BTreeSet<RuleName>, String> {
        Ok(match self.family {
            Family::Issuer => kind::<IssuerKind>(&self.kind)?.as_kind().rules(),
            Family::Connection => kind::<ConnectionKind>(&self.kind)?.as_kind().rules(),
        })
    }

    fn build(&self, name: &str, _parameters: &toml::Table, deps: &Deps) -> Result<Actor, String> {
        match self.family {
            Family::Issuer => issuer(name, &kind(&self.kind)?, deps),
            Family::Connection => connection(name, &kind(&self.kind)?, deps),
        }
    }
}

/// Checks and builds an issuer.
pub(super) fn issuer(name: &str, kind: &IssuerKind, deps: &Deps) -> Result<Actor, String> {
    let path = format!("issuers.{name}.{}", kind.as_kind().kind());
    checked(|problems| kind.as_kind().check(&path, problems))?;
    issuers::build(name, kind, &deps.real()).map(Actor::Issuer)
}

/// Checks and builds a connection.
pub(super) fn connection(name: &str, kind: &ConnectionKind, deps: &Deps) -> Result<Actor, String> {
    let path = format!("connections.{name}.{}", kind.as_kind().kind());
    checked(|problems| kind.as_kind().check(&path, problems))?;
    connections::build(name, kind, &deps.real()).map(Actor::Connection)
}

impl Deps {
    fn real(&self) -> crate::ports::kind::Deps {
        crate::ports::kind::Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: None,
            http: self.http.clone(),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            fired: Some(self.fired.clone()),
        }
    }
}

fn kind<'de, K: Deserialize<'de>>(table: &toml::Table) -> Result<K, String> {
    K::deserialize(table.clone()).map_err(|e| format!("the settings cannot be used: {e}"))
}

fn checked(check: impl FnOnce(&mut Problems)) -> Result<(), String> {
    let mut problems = Problems::default();
    check(&mut problems);
    let errors = problems
        .all()
        .iter()
        .filter(|p| p.severity == Severity::Error);
    let errors: Vec<_> = errors
        .map(|p| format!("{}: {} ({})", p.path, p.message, p.remedy))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the settings cannot be used: {}",
        errors.join("; ")
    ))
}
