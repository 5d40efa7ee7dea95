//! Builds tokens with their issuers, connections and probes from the settings.

mod audited;
mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use self::parts::Parts;
use crate::audit::auditor::Auditor;
use crate::audit::door::{AuditedHandover, AuditedRefreshTokens};
use crate::config::{FederatedSettings, Settings};
use crate::connections::ConnectionKind;
use crate::driver::federated::{AllWatched, Watched};
use crate::http::{self, ClientSettings, Target};
use crate::issuers::IssuerKind;
use crate::notify::{self, Sender};
use crate::ports::handover::Handover;
use crate::ports::refresh::RefreshTokens;
use crate::ports::unit::Unit;
use crate::ports::vault_lease::VaultLeases;
use crate::ports::{Clock, Connection, Issuer, Secrets};
use crate::scim::federated::watch;
use crate::secret::Fingerprint;
use crate::vault::Session;
use crate::vault::engine::VaultEngines;
use crate::vault::handover::VaultHandover;
use crate::vault::refresh::VaultRefreshTokens;
use crate::{connections, issuers};

/// Builds tokens. Issuers and connections are built once and shared by the
/// tokens that name them, so that their rate limits and locks apply to all of
/// these together. Those that a reload does not change are kept.
pub(super) struct Builder {
    pub(super) clock: Arc<dyn Clock>,
    /// What issuers, connections and probes read times against.
    right_clock: Arc<dyn Clock>,
    observer: Arc<dyn http::Observer>,
    pub(super) secrets: Arc<dyn Secrets>,
    in_vault: InVault,
    /// Stands before everything that is built, if there is an audit.
    auditor: Option<Arc<Auditor>>,
    built: Mutex<Built>,
}

/// What issuers and connections do in Vault.
pub(super) struct InVault {
    handover: Arc<dyn Handover>,
    leases: Arc<dyn VaultLeases>,
    refresh_tokens: Arc<dyn RefreshTokens>,
}

impl InVault {
    pub(super) fn through(session: &Arc<Session>, auditor: Option<&Arc<Auditor>>) -> Self {
        let mut handover: Arc<dyn Handover> = Arc::new(VaultHandover::new(Arc::clone(session)));
        let refresh = VaultRefreshTokens::new(Arc::clone(session));
        let mut refresh_tokens: Arc<dyn RefreshTokens> = Arc::new(refresh);
        if let Some(auditor) = auditor {
            handover = Arc::new(AuditedHandover::new(handover, Arc::clone(auditor)));
            let door = AuditedRefreshTokens::new(refresh_tokens, Arc::clone(auditor));
            refresh_tokens = Arc::new(door);
        }
        Self {
            handover,
            leases: Arc::new(VaultEngines::new(Arc::clone(session))),
            refresh_tokens,
        }
    }
}

/// Each with the settings from which it was built.
type Issuers = BTreeMap<String, (IssuerKind, Arc<dyn Issuer>)>;
type Connections = BTreeMap<String, (ConnectionKind, Arc<dyn Connection>)>;

/// A connection by its name in the configuration.
pub(in crate::cli) struct NamedConnection {
    pub(in crate::cli) name: String,
    /// The word that stands behind the name: `[connections.<name>.<kind>]`.
    pub(in crate::cli) kind: String,
    pub(in crate::cli) connection: Arc<dyn Connection>,
}

/// What was built from the last configuration.
#[derive(Default)]
struct Built {
    http: Option<ClientSettings>,
    issuers: Issuers,
    connections: Connections,
}

impl Builder {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        observer: Arc<dyn http::Observer>,
        secrets: Arc<dyn Secrets>,
        in_vault: InVault,
        auditor: Option<Arc<Auditor>>,
    ) -> Self {
        let right = http::RightClock::new(Arc::clone(&clock), Arc::clone(&observer));
        Self {
            clock,
            right_clock: Arc::new(right),
            observer,
            secrets,
            in_vault,
            auditor,
            built: Mutex::default(),
        }
    }

    /// The tokens of a configuration.
    ///
    /// # Errors
    /// Names what cannot be built; the previous tokens are kept then.
    pub(super) fn units(&self, settings: &Settings) -> anyhow::Result<Vec<Arc<Unit>>> {
        let mut last = self.built.lock();
        let provider = self.client(settings, Target::Sp)?;
        let mut built = Built {
            http: Some(settings.http.clone()),
            ..Built::default()
        };
        let nothing = Built::default();
        let kept = match last.http == built.http {
            true => &*last,
            false => &nothing,
        };
        built.issuers = self.issuers(settings, &kept.issuers, &provider)?;
        built.connections = self.connections(settings, &kept.connections)?;
        let mut parts = Parts::new(self, settings, &provider, &built);
        let tokens = settings.tokens.iter();
        let units = tokens
            .map(|(name, token)| parts.unit(name, token).map(Arc::new))
            .collect::<anyhow::Result<_>>()?;
        *last = built;
        Ok(units)
    }

    /// What tells people what happens.
    ///
    /// # Errors
    /// Names what cannot be built.
    pub(super) fn senders(&self, settings: &Settings) -> anyhow::Result<Vec<Sender>> {
        if settings.notify.is_empty() {
            return Ok(Vec::new());
        }
        let deps = notify::Deps {
            http: self.client(settings, Target::Notify)?,
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.right_clock),
        };
        let targets = settings.notify.iter();
        let senders = targets.map(|(name, target)| Sender::new(name, target, deps.clone()));
        Ok(senders.collect())
    }

    /// The federated credentials of a configuration.
    ///
    /// # Errors
    /// Names what cannot be built.
    pub(super) fn federated(&self, settings: &Settings) -> anyhow::Result<AllWatched> {
        let client = self.client(settings, Target::Sp)?;
        let one = |name: &String, token: &FederatedSettings| {
            let parts = watch::Parts {
                token: name.clone(),
                scim_url: token.scim_url.clone(),
                endpoint: token.endpoint.clone(),
                probe: token.probe.clone(),
                client: client.clone(),
                secrets: Arc::clone(&self.secrets),
                clock: Arc::clone(&self.right_clock),
            };
            // The settings hold references to credentials only.
            let digest = Fingerprint::of(&format!("{token:?}"));
            Arc::new(Watched {
                name: name.clone(),
                settings: digest.short(),
                every: token.federated.look_every.0,
                federation: Arc::new(watch::Watch::new(&token.federated, parts)),
            })
        };
        Ok(Arc::new(
            settings
                .federated
                .iter()
                .map(|(name, token)| one(name, token))
                .collect(),
        ))
    }

    /// The issuers of the last configuration, by name.
    pub(super) fn issuers_built(&self) -> Vec<(String, Arc<dyn Issuer>)> {
        let built = self.built.lock();
        let issuers = built.issuers.iter();
        issuers
            .map(|(name, (_, issuer))| (name.clone(), Arc::clone(issuer)))
            .collect()
    }

    /// The connections of the last configuration: name, word of the kind, and what was built.
    pub(super) fn connections_built(&self) -> Vec<NamedConnection> {
        let built = self.built.lock();
        let connections = built.connections.iter();
        connections
            .map(|(name, (kind, connection))| NamedConnection {
                name: name.clone(),
                kind: kind.as_kind().kind().to_owned(),
                connection: Arc::clone(connection),
            })
            .collect()
    }

    pub(super) fn client(
        &self,
        settings: &Settings,
        target: Target,
    ) -> anyhow::Result<http::Client> {
        let (clock, observer) = (Arc::clone(&self.clock), Arc::clone(&self.observer));
        http::Client::new(&settings.http, target, clock, observer).map_err(anyhow::Error::msg)
    }

    fn issuers(
        &self,
        settings: &Settings,
        kept: &Issuers,
        provider: &http::Client,
    ) -> anyhow::Result<Issuers> {
        let deps = issuers::Deps {
            fired: None,
            handover: Some(Arc::clone(&self.in_vault.handover)),
            vault_leases: Some(Arc::clone(&self.in_vault.leases)),
            refresh_tokens: Some(Arc::clone(&self.in_vault.refresh_tokens)),
            http: provider.clone(),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.right_clock),
        };
        let build = |(name, kind): (&String, &IssuerKind)| {
            let same = kept.get(name).filter(|(last, _)| last == kind);
            let issuer = match same {
                Some((_, issuer)) => Arc::clone(issuer),
                None => {
                    let built = issuers::build(name, kind, &deps).map_err(anyhow::Error::msg)?;
                    self.audited_issuer(name, kind, built)
                }
            };
            Ok((name.clone(), (kind.clone(), issuer)))
        };
        settings.issuers.iter().map(build).collect()
    }

    fn connections(&self, settings: &Settings, kept: &Connections) -> anyhow::Result<Connections> {
        let deps = connections::Deps {
            fired: None,
            handover: Some(Arc::clone(&self.in_vault.handover)),
            vault_leases: Some(Arc::clone(&self.in_vault.leases)),
            refresh_tokens: Some(Arc::clone(&self.in_vault.refresh_tokens)),
            http: self.client(settings, Target::Idp)?,
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.right_clock),
        };
        let build = |(name, kind): (&String, &ConnectionKind)| {
            let same = kept.get(name).filter(|(last, _)| last == kind);
            let connection = match same {
                Some((_, connection)) => Arc::clone(connection),
                None => {
                    let built =
                        connections::build(name, kind, &deps).map_err(anyhow::Error::msg)?;
                    self.audited_connection(name, kind, built)
                }
            };
            Ok((name.clone(), (kind.clone(), connection)))
        };
        settings.connections.iter().map(build).collect()
    }
}
