//! One token with the issuer, the connections and the probe that act for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::ports::{Connection, Issuer, Probe};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::policy::Policy;
use crate::rotation::state::{supply, your_turn};
use crate::scim::credential::CredentialShape;
use crate::secret::{BearerToken, ClientParts};

/// One configured token with its issuer, its connections and its probe.
#[derive(Clone)]
pub struct Unit {
    /// Name in the configuration.
    pub name: String,
    /// Its rules; shared, since most tokens have the same.
    pub policy: Arc<Policy>,
    /// SCIM base URL of the service provider.
    pub scim_url: Arc<Url>,
    /// Name of its issuer in the configuration. The ids of tokens are the
    /// issuer's own: a token that an issuer of another name made is never revoked
    /// through this one.
    pub issuer_name: String,
    /// Whether other tokens of the configuration name the same issuer.
    pub shares_issuer: bool,
    /// What makes its tokens.
    pub issuer: Arc<dyn Issuer>,
    /// The connections that must hold it, the canary first.
    pub connections: Vec<(String, Arc<dyn Connection>)>,
    /// The configured parts of its client, if it is a client secret. What the issuer
    /// tells of a new one counts more.
    pub client: Option<Arc<ClientParts>>,
    /// Tests it.
    pub probe: Arc<dyn Probe>,
    /// Words about it for status and metrics.
    pub labels: Labels,
    /// Whether it was taken out of the configuration: a rotation or retirement
    /// in progress is finished, and nothing new begins.
    pub leaving: bool,
}

/// Words about a token for people and metrics: no decision depends on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Kind of its issuer, for example `http`.
    pub issuer_kind: String,
    /// What the identity provider holds.
    pub credential: CredentialShape,
    /// `production`, `staging`, …
    pub environment: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Kind of each connection, in the order of [`Unit::connections`].
    pub connection_kinds: Vec<String>,
    /// Where it is published.
    pub vault_path: String,
    /// The field that it has there.
    pub token_field: String,
    /// What a person is told who has to supply the next token.
    pub instructions: Option<String>,
    /// The connections that a person writes, by their names.
    pub handovers: BTreeMap<String, HandoverPlace>,
}

impl Labels {
    /// What a person is told whose turn it is: how to make the token, and the command
    /// that writes it.
    #[must_use]
    pub fn your_turn(&self) -> String {
        let next = supply("", &self.vault_path, &self.token_field, false);
        your_turn(self.instructions.as_deref(), &next)
    }
}

/// What a person must know who writes a token into a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverPlace {
    /// Where the token waits in Vault.
    pub vault_path: String,
    /// What to do.
    pub instructions: String,
    /// The command that tells that it is done.
    pub command: String,
}

impl Unit {
    /// The connections with their capabilities.
    #[must_use]
    pub fn connection_capabilities(&self) -> Vec<(String, ConnectionCapabilities)> {
        self.connections
            .iter()
            .map(|(name, c)| (name.clone(), c.capabilities()))
            .collect()
    }

    /// A credential as the issuer made it or a person wrote it, whole: a client secret
    /// has all parts of its client with it from then on, a token has none.
    #[must_use]
    pub fn whole(&self, value: BearerToken) -> BearerToken {
        let parts = self.client.as_ref().map(|configured| {
            let told = value.client().cloned().unwrap_or_default();
            told.or(configured)
        });
        value.of_client(parts)
    }

    /// The named connection.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<&Arc<dyn Connection>> {
        self.connections
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, c)| c)
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
