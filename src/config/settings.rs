//! The configuration as the rest of the program sees it: typed and valid.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use crate::audit::config::AuditConfig;
use crate::connections::ConnectionKind;
use crate::http::ClientSettings;
use crate::issuers::IssuerKind;
use crate::notify;
use crate::rotation::policy::Policy;
use crate::scim::config::ProbeConfig;
use crate::scim::credential::{CredentialShape, TokenEndpoint};
use crate::scim::cycle::profile::CycleConfig;
use crate::scim::federated::config::Federated;
use crate::server::config::ServerConfig;
use crate::telemetry::config::LogConfig;
use crate::telemetry::traces::config::TracesConfig;
use crate::vault::{FieldNames, KvPath, VaultConfig};

/// A whole, valid configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[vault]`: where records and published secrets live, and the login.
    pub vault: VaultConfig,
    /// `[server]`: the read-only HTTP server.
    pub server: ServerConfig,
    /// `[log]`.
    pub log: LogConfig,
    /// `[audit]`.
    pub audit: AuditConfig,
    /// `[traces]`.
    pub traces: TracesConfig,
    /// `[http]`: how servers other than Vault are talked to.
    pub http: ClientSettings,
    /// `[limits]`.
    pub limits: Limits,
    /// `[issuers.<name>]`.
    pub issuers: BTreeMap<String, IssuerKind>,
    /// `[connections.<name>]`.
    pub connections: BTreeMap<String, ConnectionKind>,
    /// `[tokens.<name>]`, with `[defaults]` filled in. Each on its own: a map has
    /// places that are free, and there may be thousands.
    pub tokens: BTreeMap<String, Box<TokenSettings>>,
    /// `[notify.<name>]`: who is told what happens.
    pub notify: BTreeMap<String, notify::Target>,
    /// `limits.write_probe_hosts`: the hosts at which full cycles may write.
    pub write_probe_hosts: Vec<String>,
    /// Tokens whose credential is federated: nothing of them is rotated.
    pub federated: BTreeMap<String, Box<FederatedSettings>>,
    /// The files that hold credentials and keys of the daemon.
    pub own_files: Vec<PathBuf>,
}

/// One managed token.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Where readers find the token.
    pub vault_path: KvPath,
    /// Names of the fields of the published secret.
    pub fields: FieldNames,
    /// Base URL of the SCIM service provider.
    pub scim_url: Url,
    /// Name of the issuer.
    pub issuer: String,
    /// Names of the connections; the first is the canary. May be empty: the
    /// token is then published only.
    pub connections: Vec<String>,
    /// What a failure costs.
    pub environment: Environment,
    /// Who answers for it, for people.
    pub owner: Option<String>,
    /// When and how it is rotated.
    pub policy: Policy,
    /// What the identity provider holds.
    pub credential: CredentialShape,
    /// Where a client secret is exchanged.
    pub token_endpoint: Option<Arc<TokenEndpoint>>,
    /// How it is tested at the service provider.
    pub probe: ProbeConfig,
    /// Whether and how full cycles are run with it; `None` where nothing is said.
    pub write_probe: Option<Box<WriteProbe>>,
    /// URLs that must refuse the token.
    pub must_refuse: Arc<[Url]>,
    /// Whether a lifetime below 24 hours is meant.
    pub allow_short_lived: bool,
}

/// Whether and how full cycles are run with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteProbe {
    /// Whether users may be created and deleted with it.
    pub allowed: bool,
    /// Whether the daemon does so by itself.
    pub scheduled: bool,
    /// How often.
    pub every: SignedDuration,
    /// Limits, and known deviations of the service provider.
    pub config: CycleConfig,
}

impl Default for WriteProbe {
    fn default() -> Self {
        Self {
            allowed: false,
            scheduled: false,
            every: SignedDuration::from_hours(24),
            config: CycleConfig::default(),
        }
    }
}

/// One federated credential, which is watched and never rotated.
#[derive(Debug, Clone, PartialEq)]
pub struct FederatedSettings {
    /// Base URL of the SCIM service provider.
    pub scim_url: Url,
    /// What a failure costs.
    pub environment: Environment,
    /// Who answers for it, for people.
    pub owner: Option<String>,
    /// How SCIM is read with an access token.
    pub probe: ProbeConfig,
    /// Where an assertion is exchanged for an access token.
    pub endpoint: Option<Arc<TokenEndpoint>>,
    /// What both sides agreed on.
    pub federated: Federated,
}

/// What a failure costs; risky settings are warned of in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// People are locked out or let in by it. The careful assumption when
    /// nothing is said.
    #[default]
    Production,
    /// A rehearsal of production.
    Staging,
    /// Automated tests.
    Test,
    /// Somebody's own.
    Development,
}

impl Environment {
    /// The word of the configuration, for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Test => "test",
            Self::Development => "development",
        }
    }
}

/// How much is done at once, and how long anything may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens that are worked on at once.
    pub concurrency: usize,
    /// How long a running step may go on after TERM or INT.
    pub shutdown_grace: SignedDuration,
    /// How often every token is looked at whatever its wake time says.
    pub sweep: SignedDuration,
    /// How often the issuers are asked for everything that they list; zero: never.
    pub inventory: SignedDuration,
    /// How long a replica's right to act lasts after each commit.
    pub lease: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            shutdown_grace: SignedDuration::from_secs(25),
            sweep: SignedDuration::from_hours(1),
            inventory: SignedDuration::from_hours(24),
            lease: SignedDuration::from_secs(90),
        }
    }
}
