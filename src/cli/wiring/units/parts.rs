//! One token with its issuer, its connections and its probe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Builder, Built};
use crate::audit::auditor::Auditor;
use crate::audit::door::AuditedProbe;
use crate::cli::wiring::pool::Pool;
use crate::config::write_probe::closed_locks;
use crate::config::{Settings, TokenSettings};
use crate::connections;
use crate::http;
use crate::ports::Clock;
use crate::ports::unit::{HandoverPlace, Labels, Unit};
use crate::rotation::policy::Policy;
use crate::scim::config::ProbeConfig;
use crate::scim::cycle::profile::CycleRules;
use crate::scim::probe::{Probe, ScimProbe};

/// What the tokens of one configuration are built from.
pub(super) struct Parts<'a> {
    clock: &'a Arc<dyn Clock>,
    auditor: Option<&'a Arc<Auditor>>,
    provider: &'a http::Client,
    built: &'a Built,
    policies: Pool<Policy>,
    probes: Pool<ProbeConfig>,
    /// Issuers of more than one token.
    shared: BTreeSet<String>,
    settings: &'a Settings,
}

impl<'a> Parts<'a> {
    pub(super) fn new(
        builder: &'a Builder,
        settings: &'a Settings,
        provider: &'a http::Client,
        built: &'a Built,
    ) -> Self {
        Self {
            clock: &builder.right_clock,
            auditor: builder.auditor.as_ref(),
            provider,
            built,
            policies: Pool::default(),
            probes: Pool::default(),
            shared: shared_issuers(settings),
            settings,
        }
    }

    /// The token with this name.
    ///
    /// # Errors
    /// When it names an issuer or a connection that is not configured.
    pub(super) fn unit(&mut self, name: &str, token: &TokenSettings) -> anyhow::Result<Unit> {
        let missing = |what: &str| anyhow::anyhow!("token `{name}` names an unknown {what}");
        let issuer = self.built.issuers.get(&token.issuer);
        let (kind, issuer) = issuer.ok_or_else(|| missing("issuer"))?;
        let kind = kind.as_kind();
        let scim_url = Arc::new(token.scim_url.clone());
        let mut probe = ScimProbe::new(
            self.provider.clone(),
            Arc::clone(&scim_url),
            self.probes.share(&token.probe),
            Arc::clone(self.clock),
        )
        .named(name)
        .refused_by(Arc::clone(&token.must_refuse));
        if let Some(check) = kind.checksum() {
            probe = probe.with_checksum(check);
        }
        if let Some(endpoint) = &token.token_endpoint {
            probe = probe.exchanging_at(Arc::clone(endpoint));
        }
        if let Some(rules) = full_cycle(self.settings, name, token) {
            probe = probe.with_full_cycle(Arc::new(rules));
        }
        let mut probe: Arc<dyn Probe> = Arc::new(probe);
        if let Some(auditor) = self.auditor {
            let (scim_url, auditor) = (Arc::clone(&scim_url), Arc::clone(auditor));
            probe = Arc::new(AuditedProbe::new(probe, name, scim_url, auditor));
        }
        let client = token.token_endpoint.as_ref();
        let client = client.map(|endpoint| Arc::new(endpoint.parts()));
        let mut connections = Vec::new();
        let mut connection_kinds = Vec::new();
        let mut handovers = BTreeMap::new();
        for wanted in &token.connections {
            let built = self.built.connections.get(wanted);
            let (kind, built) = built.ok_or_else(|| missing("connection"))?;
            connections.push((wanted.clone(), Arc::clone(built)));
            let kind = kind.as_kind();
            connection_kinds.push(kind.kind().to_owned());
            if let Some(folder) = kind.handover_folder() {
                let place = HandoverPlace {
                    vault_path: format!("{folder}/{name}"),
                    instructions: kind.instructions().unwrap_or_default(),
                    command: connections::manual::command(name, wanted),
                };
                handovers.insert(wanted.clone(), place);
            }
        }
        Ok(Unit {
            name: name.to_owned(),
            policy: self.policies.share(&token.policy),
            scim_url,
            issuer_name: token.issuer.clone(),
            shares_issuer: self.shared.contains(&token.issuer),
            issuer: Arc::clone(issuer),
            connections,
            client,
            probe,
            labels: Labels {
                issuer_kind: kind.kind().to_owned(),
                credential: token.credential,
                environment: token.environment.as_str().to_owned(),
                owner: token.owner.clone(),
                connection_kinds,
                vault_path: token.vault_path.to_string(),
                token_field: token.fields.token.clone(),
                instructions: kind.instructions(),
                handovers,
            },
            leaving: false,
        })
    }
}

/// The rules of full cycles, if every lock of the configuration is open.
fn full_cycle(settings: &Settings, name: &str, token: &TokenSettings) -> Option<CycleRules> {
    let probe = token.write_probe.as_ref()?;
    let kinds = token.connections.iter().filter_map(|name| {
        let connection = settings.connections.get(name)?;
        Some(connection.as_kind().kind())
    });
    closed_locks(settings, name).is_empty().then(|| CycleRules {
        config: probe.config.clone().with_dialect_of(kinds),
        environment: token.environment.as_str().to_owned(),
        every: probe.scheduled.then_some(probe.every),
    })
}

/// The issuers that more than one token names.
fn shared_issuers(settings: &Settings) -> BTreeSet<String> {
    let (mut known, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for token in settings.tokens.values() {
        if !known.insert(&token.issuer) {
            shared.insert(token.issuer.clone());
        }
    }
    shared
}
