//! From settings to everything that acts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::config::{Settings, TokenSettings};
use crate::driver::clock::SystemClock;
use crate::driver::ids;
use crate::driver::run::Runner;
use crate::driver::unit::{Labels, Unit};
use crate::driver::witness::Witness;
use crate::http::skew::SkewWatch;
use crate::http::{self, Target};
use crate::ports::{Clock, Connection, Issuer, Secrets, StoreError};
use crate::scim::probe::ScimProbe;
use crate::telemetry::Telemetry;
use crate::telemetry::notify::Notifier;
use crate::vault::preflight::{self, Need};
use crate::vault::{KvPath, PublishTarget, Session, VaultSecrets, VaultStore};
use crate::{connections, issuers};

/// Everything that acts, wired together.
pub(super) struct World {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) telemetry: Telemetry,
    pub(super) session: Arc<Session>,
    pub(super) store: Arc<VaultStore>,
    pub(super) units: Vec<Unit>,
    /// What our Vault token must be allowed to do.
    pub(super) needs: Vec<Need>,
    holder: String,
    skew: Arc<SkewWatch>,
    all_paused: Arc<AtomicBool>,
}

impl World {
    /// Builds it; nothing is sent yet.
    ///
    /// # Errors
    /// Names what cannot be built, such as a CA file that cannot be read.
    pub(super) fn new(settings: &Settings, notifier: Notifier) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let telemetry = Telemetry::new(clock.now(), notifier)?;
        let metrics: Arc<dyn http::Observer> = Arc::clone(&telemetry.metrics) as _;
        let skew = Arc::new(SkewWatch::new(metrics));
        let observer: Arc<dyn http::Observer> = Arc::clone(&skew) as _;
        let holder = ids::holder();
        let session = Session::new(
            &settings.vault,
            Arc::clone(&clock),
            Arc::clone(&observer),
            holder.clone(),
        )?;
        let secrets: Arc<dyn Secrets> = Arc::new(VaultSecrets::new(
            Arc::clone(&session),
            Arc::clone(&clock),
            VaultSecrets::MEMORY,
        ));
        let targets = targets(settings);
        let state_path = KvPath::parse(&settings.vault.state_path).map_err(anyhow::Error::msg)?;
        let store = Arc::new(VaultStore::new(
            Arc::clone(&session),
            state_path.clone(),
            targets.clone(),
        ));
        let needs = preflight::needs(&state_path, &targets, &credentials(settings));
        let units = units(settings, &clock, &observer, &secrets)?;
        Ok(Self {
            clock,
            telemetry,
            session,
            store,
            units,
            needs,
            holder,
            skew,
            all_paused: Arc::default(),
        })
    }

    /// Reads from Vault whether a person stopped all work, and returns whether
    /// that has changed. What cannot be understood stops all work.
    ///
    /// # Errors
    /// When Vault does not answer: what was known stays in force.
    pub(super) async fn read_control(&self) -> Result<bool, StoreError> {
        let paused = match self.store.all_paused().await {
            Ok(paused) => {
                if let Some(paused) = &paused {
                    tracing::debug!(since = %paused.since, reason = paused.reason, "all work is paused");
                }
                paused.is_some()
            }
            Err(StoreError::Unusable(error)) => {
                tracing::error!(error, "all work rests");
                true
            }
            Err(error @ (StoreError::Fault(_) | StoreError::Conflict)) => return Err(error),
        };
        self.telemetry.metrics.dispatch_paused(paused);
        Ok(self.all_paused.swap(paused, Ordering::Relaxed) != paused)
    }

    /// Whether a person stopped all work, as last read.
    pub(super) fn is_all_paused(&self) -> bool {
        self.all_paused.load(Ordering::Relaxed)
    }

    /// What carries tokens from one decision to the next.
    pub(super) fn runner(&self, witness: Arc<dyn Witness>, cancel: CancellationToken) -> Runner {
        let skew = Arc::clone(&self.skew);
        let paused = Arc::clone(&self.all_paused);
        Runner {
            store: Arc::clone(&self.store) as _,
            clock: Arc::clone(&self.clock),
            witness,
            holder: self.holder.clone(),
            clock_skew: Arc::new(move || skew.largest()),
            all_paused: Arc::new(move || paused.load(Ordering::Relaxed)),
            cancel,
        }
    }

    /// The named tokens in the order of the configuration; all if none is
    /// named.
    ///
    /// # Errors
    /// Names the tokens that are not configured.
    pub(super) fn named(&self, names: &[String]) -> anyhow::Result<Vec<Unit>> {
        let known = |name: &&String| self.units.iter().any(|unit| unit.name == **name);
        let unknown: Vec<_> = names.iter().filter(|name| !known(name)).cloned().collect();
        if !unknown.is_empty() {
            let all: Vec<_> = self.units.iter().map(|unit| unit.name.as_str()).collect();
            anyhow::bail!(
                "no such token: {}; configured are: {}",
                unknown.join(", "),
                all.join(", ")
            );
        }
        let wanted = |unit: &&Unit| names.is_empty() || names.contains(&unit.name);
        Ok(self.units.iter().filter(wanted).cloned().collect())
    }
}

fn targets(settings: &Settings) -> BTreeMap<String, PublishTarget> {
    let target = |token: &TokenSettings| PublishTarget {
        path: token.vault_path.clone(),
        fields: token.fields.clone(),
    };
    settings
        .tokens
        .iter()
        .map(|(name, token)| (name.clone(), target(token)))
        .collect()
}

fn credentials(settings: &Settings) -> BTreeSet<crate::secret::SecretRef> {
    let issuers = settings
        .issuers
        .values()
        .map(|kind| kind.caller_credentials());
    let connections = settings
        .connections
        .values()
        .map(|kind| kind.caller_credentials());
    issuers.chain(connections).flatten().collect()
}

/// Issuers and connections are built once and shared by the tokens that name
/// them, so that their limits hold for all of them together.
fn units(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    observer: &Arc<dyn http::Observer>,
    secrets: &Arc<dyn Secrets>,
) -> anyhow::Result<Vec<Unit>> {
    let client = |target| {
        http::Client::new(
            &settings.http,
            target,
            Arc::clone(clock),
            Arc::clone(observer),
        )
        .map_err(anyhow::Error::msg)
    };
    let (provider, identity) = (client(Target::Sp)?, client(Target::Idp)?);
    let deps = issuers::Deps {
        http: provider.clone(),
        secrets: Arc::clone(secrets),
        clock: Arc::clone(clock),
    };
    let mut issuers = BTreeMap::new();
    for (name, kind) in &settings.issuers {
        let built = issuers::build(name, kind, &deps).map_err(anyhow::Error::msg)?;
        issuers.insert(name.as_str(), built);
    }
    let deps = connections::Deps {
        http: identity,
        secrets: Arc::clone(secrets),
        clock: Arc::clone(clock),
    };
    let mut connections = BTreeMap::new();
    for (name, kind) in &settings.connections {
        let built = connections::build(name, kind, &deps).map_err(anyhow::Error::msg)?;
        connections.insert(name.as_str(), built);
    }
    let parts = Parts {
        settings,
        clock,
        provider: &provider,
        issuers: &issuers,
        connections: &connections,
    };
    settings
        .tokens
        .iter()
        .map(|(name, token)| parts.unit(name, token))
        .collect()
}

struct Parts<'a> {
    settings: &'a Settings,
    clock: &'a Arc<dyn Clock>,
    provider: &'a http::Client,
    issuers: &'a BTreeMap<&'a str, Arc<dyn Issuer>>,
    connections: &'a BTreeMap<&'a str, Arc<dyn Connection>>,
}

impl Parts<'_> {
    fn unit(&self, name: &str, token: &TokenSettings) -> anyhow::Result<Unit> {
        let missing = |what: &str| anyhow::anyhow!("token `{name}` names an unknown {what}");
        let kind = self.settings.issuers.get(&token.issuer);
        let kind = kind.ok_or_else(|| missing("issuer"))?;
        let issuer = self.issuers.get(token.issuer.as_str());
        let issuer = issuer.ok_or_else(|| missing("issuer"))?;
        let mut probe = ScimProbe::new(
            self.provider.clone(),
            token.scim_url.clone(),
            token.probe.clone(),
            Arc::clone(self.clock),
        );
        if let Some(check) = kind.checksum() {
            probe = probe.with_checksum(check);
        }
        let mut connections = Vec::new();
        let mut connection_kinds = Vec::new();
        for wanted in &token.connections {
            let built = self.connections.get(wanted.as_str());
            let built = built.ok_or_else(|| missing("connection"))?;
            connections.push((wanted.clone(), Arc::clone(built)));
            let kind = self.settings.connections.get(wanted);
            connection_kinds.push(kind.map_or("", |kind| kind.as_str()).to_owned());
        }
        Ok(Unit {
            name: name.to_owned(),
            policy: token.policy.clone(),
            scim_url: token.scim_url.clone(),
            issuer: Arc::clone(issuer),
            connections,
            probe: Arc::new(probe),
            labels: Labels {
                issuer: token.issuer.clone(),
                issuer_kind: kind.as_str().to_owned(),
                environment: token.environment.as_str().to_owned(),
                connection_kinds,
                vault_path: token.vault_path.to_string(),
                instructions: kind.instructions().map(str::to_owned),
            },
        })
    }
}
