//! The rules that no type can hold: each a small function over the whole
//! configuration, or over one token and its issuer.

mod addresses;
mod credential;
mod full_cycle;
mod handover;
mod life;
mod limits;
mod names;
mod notified;
mod privilege;
mod safety;
mod time;
mod vault;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use super::placeholders::Placeholders;
use super::settings::{FederatedSettings, Limits, TokenSettings};
use crate::audit::config::AuditConfig;
use crate::connections::ConnectionKind;
use crate::http::ClientSettings;
use crate::issuers::IssuerKind;
use crate::notify;
use crate::problem::Problems;
use crate::rotation::capability::IssuerCapabilities;
use crate::server::config::ServerConfig;
use crate::telemetry::config::LogConfig;
use crate::telemetry::traces::config::TracesConfig;
use crate::vault::VaultConfig;

/// Names that stand in the files, even where what they name is wrong: a token
/// must not be blamed for its issuer's mistakes.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) issuers: BTreeSet<String>,
    pub(super) connections: BTreeSet<String>,
    pub(super) tokens: BTreeSet<String>,
    /// Dotted path of each issuer's and connection's kind, by the path of its
    /// name: `issuers.crm` is `issuers.crm.http`.
    pub(super) kinds: BTreeMap<String, String>,
}

impl Names {
    fn kind_path(&self, path: String) -> String {
        self.kinds.get(&path).cloned().unwrap_or(path)
    }
}

/// Everything that could be read. `None`: nothing could be made of that section.
pub(super) struct Whole<'a> {
    pub(super) names: &'a Names,
    /// Which of it are placeholder values; what the rules say of these is dropped
    /// later.
    pub(super) placeholders: &'a Placeholders,
    pub(super) vault: Option<&'a VaultConfig>,
    pub(super) server: Option<&'a ServerConfig>,
    pub(super) log: Option<&'a LogConfig>,
    pub(super) audit: Option<&'a AuditConfig>,
    pub(super) traces: Option<&'a TracesConfig>,
    pub(super) http: Option<&'a ClientSettings>,
    pub(super) limits: Option<&'a Limits>,
    pub(super) write_probe_hosts: &'a [String],
    pub(super) issuers: &'a BTreeMap<String, IssuerKind>,
    pub(super) connections: &'a BTreeMap<String, ConnectionKind>,
    pub(super) tokens: &'a BTreeMap<String, Box<TokenSettings>>,
    pub(super) notify: &'a BTreeMap<String, notify::Target>,
    pub(super) federated: &'a BTreeMap<String, Box<FederatedSettings>>,
}

/// One token with what its issuer can do, if that is known.
struct Token<'a> {
    /// `tokens.<name>`.
    at: String,
    settings: &'a TokenSettings,
    issuer: Option<IssuerCapabilities>,
}

impl Token<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }
}

/// Has every rule look.
pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    let unsound = sections(whole, problems);
    names::check(whole, problems);
    vault::check(whole, problems);
    handover::check(whole, problems);
    notified::check(whole, problems);
    full_cycle::check(whole, problems);
    if let Some(http) = whole.http {
        limits::check_http(http, problems);
        addresses::check(whole, http, problems);
    }
    if let Some(limits) = whole.limits {
        limits::check(limits, &limits::Calls::of(whole), problems);
    }
    let mut gaps = windows::Gaps::default();
    for (name, settings) in whole.tokens {
        // What an unsound issuer can do is not known yet.
        let issuer = whole.issuers.get(&settings.issuer);
        let issuer = issuer.filter(|_| !unsound.contains(settings.issuer.as_str()));
        let token = Token {
            at: format!("tokens.{name}"),
            settings,
            issuer: issuer.map(|kind| kind.as_kind().capabilities()),
        };
        time::check(&token, problems);
        life::check(&token, problems);
        windows::check(&token, &mut gaps, problems);
        safety::check(&token, problems);
        privilege::check(&token, issuer, problems);
        credential::check(&token, issuer, whole, problems);
    }
}

/// What each section says of itself. Gives the issuers that are in error.
fn sections<'a>(whole: &Whole<'a>, problems: &mut Problems) -> BTreeSet<&'a str> {
    if let Some(vault) = whole.vault {
        vault.check("vault", problems);
    }
    if let Some(server) = whole.server {
        server.check("server", problems);
    }
    if let Some(log) = whole.log {
        log.check("log", problems);
    }
    if let Some(audit) = whole.audit {
        audit.check("audit", problems);
    }
    if let Some(traces) = whole.traces {
        traces.check("traces", problems);
    }
    let mut unsound = BTreeSet::new();
    for (name, issuer) in whole.issuers {
        let path = whole.names.kind_path(format!("issuers.{name}"));
        let mut own = Problems::default();
        issuer.as_kind().check(&path, &mut own);
        if own.has_errors() || !whole.placeholders.spare(&format!("issuers.{name}")) {
            unsound.insert(name.as_str());
        }
        problems.append(own);
    }
    for (name, token) in whole.tokens {
        token
            .fields
            .check(&format!("tokens.{name}.fields"), problems);
        token.probe.check(&format!("tokens.{name}.probe"), problems);
    }
    for (name, token) in whole.federated {
        let at = format!("tokens.{name}");
        token.probe.check(&format!("{at}.probe"), problems);
        token.federated.check(&format!("{at}.federated"), problems);
    }
    for (name, connection) in whole.connections {
        let path = whole.names.kind_path(format!("connections.{name}"));
        connection.as_kind().check(&path, problems);
    }
    unsound
}

#[cfg(test)]
pub(super) mod testing {
    //! A sound token for the tests of the rules.

    use jiff::SignedDuration;

    use super::*;
    use crate::config::raw::RawPolicy;
    use crate::problem::Severity;
    use crate::rotation::capability::{
        ExpirySource, IssueEffect, LastUsed, LiveTokens, Overlap, Recovery, Revoke, Supply,
    };
    use crate::vault::KvPath;

    pub(in crate::config::rules) fn capabilities() -> IssuerCapabilities {
        IssuerCapabilities {
            supply: Supply::Issuer,
            live_tokens: LiveTokens::Many,
            overlap: Overlap::ExplicitRetire,
            issue_effect: IssueEffect::Keeps,
            recovery: Recovery::ByLabel,
            revoke: Revoke::ById,
            expiry: ExpirySource::Requested,
            last_used: LastUsed::None,
        }
    }

    /// A token whose policy is this TOML over the built-in defaults.
    pub(in crate::config::rules) fn token(policy: &str) -> TokenSettings {
        let raw: RawPolicy = toml::from_str(policy).expect("a policy");
        let mut problems = Problems::default();
        let policy = raw.to_policy(SignedDuration::from_secs(90), "t", &mut problems);
        assert!(problems.all().is_empty(), "{problems:?}");
        TokenSettings {
            vault_path: KvPath::parse("kv/scim/crm").expect("a path"),
            fields: Default::default(),
            scim_url: "https://crm.example/scim/v2".parse().expect("a URL"),
            issuer: "crm".to_owned(),
            connections: Vec::new(),
            environment: raw.environment.unwrap_or_default(),
            policy,
            credential: Default::default(),
            token_endpoint: None,
            probe: Default::default(),
            owner: raw.owner,
            write_probe: Default::default(),
            must_refuse: Default::default(),
            allow_short_lived: raw.allow_short_lived.unwrap_or(false),
        }
    }

    /// What a rule says of such a token: severity and key.
    pub(in crate::config::rules) fn said(
        policy: &str,
        issuer: IssuerCapabilities,
        rule: impl Fn(&Token<'_>, &mut Problems),
    ) -> Vec<(Severity, String)> {
        let settings = token(policy);
        let mut problems = Problems::default();
        let token = Token {
            at: "t".to_owned(),
            settings: &settings,
            issuer: Some(issuer),
        };
        rule(&token, &mut problems);
        let all = problems.all().iter();
        all.map(|p| (p.severity, p.path.clone())).collect()
    }
}
