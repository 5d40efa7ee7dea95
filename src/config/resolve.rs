//! Fills in what the configuration leaves open.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::credential;
use super::federated;
use super::raw::{
    RawAcceptedRisk, RawFederatedToken, RawHost, RawHttp, RawIssuer, RawLimits, RawPolicy, RawToken,
};
use super::settings::{FederatedSettings, Limits, TokenSettings, WriteProbe};
use crate::connections::ConnectionKind;
use crate::http::{Addresses, ClientCertificate, ClientSettings, HostSettings};
use crate::issuers::IssuerKind;
use crate::problem::Problems;
use crate::rotation::capability::Supply;
use crate::rotation::full_cycle::FullCycleGate;
use crate::rotation::privilege::AcceptedRisk;
use crate::scim::credential::CredentialShape;
use crate::value::HumanDuration;
use crate::vault::KvPath;

fn time(set: Option<HumanDuration>, otherwise: SignedDuration) -> SignedDuration {
    set.map_or(otherwise, |t| t.0)
}

fn count(set: Option<u32>, otherwise: usize) -> usize {
    set.map_or(otherwise, |n| usize::try_from(n).unwrap_or(usize::MAX))
}

/// How often the daemon runs a full cycle, and how long one counts for another token.
const WRITE_PROBE_EVERY: SignedDuration = SignedDuration::from_hours(24);
const FULL_CYCLE_WITHIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn limits(raw: RawLimits) -> Limits {
    let d = Limits::default();
    Limits {
        concurrency: count(raw.concurrency, d.concurrency),
        shutdown_grace: time(raw.shutdown_grace, d.shutdown_grace),
        sweep: time(raw.sweep, d.sweep),
        inventory: time(raw.inventory, d.inventory),
        lease: time(raw.lease, d.lease),
    }
}

pub(super) fn http(raw: RawHttp, problems: &mut Problems) -> ClientSettings {
    let d = ClientSettings::default();
    // Shorter than the grace in which a running step may end.
    let request_timeout = SignedDuration::from_secs(20);
    ClientSettings {
        connect_timeout: time(raw.connect_timeout, d.connect_timeout),
        read_timeout: time(raw.read_timeout, d.read_timeout),
        total_timeout: time(raw.request_timeout, request_timeout),
        per_host: count(raw.per_host, d.per_host),
        ca_file: raw.ca_file.map(|file| file.0),
        proxy: raw.proxy,
        proxy_auth_file: raw.proxy_auth_file.map(|file| file.0),
        addresses: Addresses::Guarded(raw.permit_addresses),
        hosts: hosts(raw.hosts, problems),
        ..d
    }
}

fn hosts(raw: Vec<RawHost>, problems: &mut Problems) -> Vec<HostSettings> {
    let host = |(index, raw): (usize, RawHost)| {
        let (certificate, key) = (raw.client_cert_file, raw.client_key_file);
        if certificate.is_some() != key.is_some() {
            problems.error(
                format!("http.hosts[{index}]"),
                "a client certificate is of no use without its key, and a key without its certificate",
                "write both `client_cert_file` and `client_key_file`",
            );
        }
        let files = certificate.zip(key);
        HostSettings {
            name: raw.name,
            ca_file: raw.ca_file.map(|file| file.0),
            client_certificate: files.map(|(cert, key)| ClientCertificate {
                cert_file: cert.0,
                key_file: key.0,
            }),
            proxy: raw.proxy,
            proxy_auth_file: raw.proxy_auth_file.map(|file| file.0),
        }
    };
    raw.into_iter().enumerate().map(host).collect()
}

/// What tokens take over from elsewhere.
pub(super) struct Tokens<'a> {
    pub(super) defaults: RawPolicy,
    pub(super) lease: SignedDuration,
    pub(super) issuers: &'a BTreeMap<String, IssuerKind>,
    pub(super) connections: &'a BTreeMap<String, ConnectionKind>,
    pub(super) issuer_rules: &'a BTreeMap<String, RawIssuer>,
}

impl Tokens<'_> {
    /// The settings of all tokens.
    pub(super) fn all(
        &self,
        tokens: BTreeMap<String, (RawToken, RawPolicy)>,
        problems: &mut Problems,
    ) -> BTreeMap<String, Box<TokenSettings>> {
        // For its problems, which shall show even when no token is there yet.
        drop(self.defaults.to_policy(self.lease, "defaults", problems));
        self.issuers_allow_something(problems);
        let mut resolved = BTreeMap::new();
        for (name, (own, policy)) in tokens {
            if let Some(settings) = self.one(&name, own, policy, problems) {
                resolved.insert(name, Box::new(settings));
            }
        }
        resolved
    }

    fn issuers_allow_something(&self, problems: &mut Problems) {
        for (name, rules) in self.issuer_rules {
            if rules.scopes_allowed.as_ref().is_some_and(Vec::is_empty) {
                problems.error(
                    format!("issuers.{name}.scopes_allowed"),
                    "no scope is allowed, so every token of this issuer would be too broad",
                    "name the scopes that SCIM needs, or leave the key out",
                );
            }
        }
    }

    /// The scopes that tokens of this issuer may have, where they do not say so
    /// themselves.
    fn allowed_by_issuer(&self, issuer: &str) -> Option<Vec<String>> {
        let rules = self.issuer_rules.get(issuer);
        let allowed = rules.and_then(|rules| rules.scopes_allowed.clone());
        // That it is empty is told at the issuer.
        allowed.filter(|allowed| !allowed.is_empty())
    }

    /// The settings of the federated tokens.
    pub(super) fn federated(
        &self,
        tokens: BTreeMap<String, (RawFederatedToken, RawPolicy)>,
        problems: &mut Problems,
    ) -> BTreeMap<String, Box<FederatedSettings>> {
        let one = |(name, (own, policy)): (String, (RawFederatedToken, RawPolicy))| {
            let at = format!("tokens.{name}");
            let endpoint = federated::endpoint(&at, &own, problems);
            let merged = policy.or(&self.defaults);
            let settings = FederatedSettings {
                scim_url: own.scim_url,
                environment: merged.environment.unwrap_or_default(),
                owner: merged.owner.filter(|owner| !owner.trim().is_empty()),
                probe: merged.probe.unwrap_or_default(),
                endpoint,
                federated: own.federated,
            };
            (name, Box::new(settings))
        };
        tokens.into_iter().map(one).collect()
    }

    fn one(
        &self,
        name: &str,
        own: RawToken,
        mut policy: RawPolicy,
        problems: &mut Problems,
    ) -> Option<TokenSettings> {
        let at = format!("tokens.{name}");
        let by_issuer = || self.allowed_by_issuer(&own.issuer);
        policy.scopes_allowed = policy.scopes_allowed.take().or_else(by_issuer);
        let merged = policy.or(&self.defaults);
        let mut policy = merged.to_policy(self.lease, &at, problems);
        let issuer = self.issuers.get(&own.issuer);
        let by_issuer = issuer.and_then(|kind| kind.as_kind().declared_lifetime());
        policy.declared_lifetime = policy.declared_lifetime.or(by_issuer);
        policy.full_cycle = own.require_full_cycle_on.clone().map(|on| FullCycleGate {
            on,
            within: time(own.full_cycle_within, FULL_CYCLE_WITHIN),
        });
        if self.needs_a_person(&own) {
            policy.renew.person_before = Some(policy.operator_deadline);
        }
        policy.privilege.has_must_refuse = !own.must_refuse.is_empty();
        policy.privilege.accepted_risk = own.accepted_risk.clone().map(accepted_risk);
        let token_endpoint = credential::endpoint(&at, &own, problems);
        Some(TokenSettings {
            vault_path: path(name, &own.vault_path, problems)?,
            fields: match own.credential {
                CredentialShape::ClientSecret => own.fields,
                CredentialShape::Token | CredentialShape::Key | CredentialShape::Federated => {
                    own.fields.without_client()
                }
            },
            credential: own.credential,
            token_endpoint,
            scim_url: own.scim_url,
            issuer: own.issuer,
            connections: own.connections,
            environment: merged.environment.unwrap_or_default(),
            owner: merged.owner.filter(|owner| !owner.trim().is_empty()),
            policy,
            allow_short_lived: merged.allow_short_lived.unwrap_or(false),
            probe: merged.probe.unwrap_or_default(),
            write_probe: write_probe(WriteProbe {
                allowed: own.allow_write_probe,
                scheduled: own.schedule_write_probe,
                every: time(own.write_probe_every, WRITE_PROBE_EVERY),
                config: own.full_cycle,
            }),
            must_refuse: own.must_refuse.into(),
        })
    }
}

impl Tokens<'_> {
    /// Whether a person must act in each rotation: supply the token, or write it into
    /// a connection.
    fn needs_a_person(&self, own: &RawToken) -> bool {
        let issuer = self.issuers.get(&own.issuer);
        let by_issuer =
            issuer.is_some_and(|kind| kind.as_kind().capabilities().supply == Supply::Operator);
        let connections = own.connections.iter();
        let mut connections = connections.filter_map(|name| self.connections.get(name));
        by_issuer || connections.any(|kind| kind.as_kind().handover_folder().is_some())
    }
}

/// Most tokens say nothing of full cycles.
fn write_probe(said: WriteProbe) -> Option<Box<WriteProbe>> {
    (said != WriteProbe::default()).then(|| Box::new(said))
}

/// The whole day is meant.
fn accepted_risk(raw: RawAcceptedRisk) -> AcceptedRisk {
    let next = raw.until.0.tomorrow().unwrap_or(raw.until.0);
    let end = TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0));
    AcceptedRisk {
        reason: raw.reason,
        owner: raw.owner,
        until: end.unwrap_or(Timestamp::MAX),
    }
}

/// Where the token is published; for what is no path, one that nobody else has,
/// so that the rules still look at the rest of the token.
fn path(token: &str, text: &str, problems: &mut Problems) -> Option<KvPath> {
    let parsed = KvPath::parse(text.trim_matches('/'));
    let noted = |reason| {
        problems.error(
            format!("tokens.{token}.vault_path"),
            reason,
            "write \"<mount>/<path>\", for example \"kv/scim/crm\"",
        );
    };
    let stand_in = || KvPath::parse(&format!("no-path/{token}"));
    parsed.map_err(noted).or_else(|()| stand_in()).ok()
}
