//! Builds from the settings everything that acts.

mod doors;
mod pool;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::auditing::StoredHead;
use super::facts::writer::FactsWriter;
use crate::audit::auditor::Auditor;
use crate::audit::door::AuditedJournal;
use crate::audit::event::WhoKind;
use crate::clock::SystemClock;
use crate::config::{Settings, TokenSettings};
use crate::driver::cycles::{Cycles, Told};
use crate::driver::federated::{AllWatched, Watched};
use crate::driver::inbox::Inbox;
use crate::driver::run::Runner;
use crate::driver::situation::{Conditions, FullCycles};
use crate::environment;
use crate::files;
use crate::http;
use crate::http::skew::SkewWatch;
use crate::ids;
use crate::notify::{Messenger, Sender, Tally};
use crate::ports::kind::VaultNeed;
use crate::ports::switch::Switch;
use crate::ports::unit::Unit;
use crate::ports::witness::{Witness, Witnesses};
use crate::ports::{Clock, Issuer, Journal, Secrets, Store, StoreError};
use crate::rotation::policy::share;
use crate::rotation::record::{RequestsOf, Wish};
use crate::secret::SecretRef;
use crate::telemetry::Telemetry;
use crate::telemetry::facts::TokenFacts;
use crate::telemetry::notify::Notifier;
use crate::vault::preflight::{self, Need};
use crate::vault::{KvPath, PublishTarget, Session, VaultSecrets, VaultStore};
use doors::{conditions, doors};
use pool::Pool;
use units::{Builder, InVault};

/// The wired program.
pub(super) struct World {
    /// The machine's clock as it is.
    pub(super) clock: Arc<dyn Clock>,
    /// What is told and written follows this one.
    pub(super) right_clock: Arc<dyn Clock>,
    pub(super) telemetry: Telemetry,
    pub(super) session: Arc<Session>,
    pub(super) store: Arc<VaultStore>,
    /// The store as the driver writes to it: what it writes is audited.
    pub(super) door: Arc<dyn Store>,
    /// Writes the audit, if it is configured.
    pub(super) auditor: Option<Arc<Auditor>>,
    /// What Vault knows of the audit.
    pub(super) stored_head: StoredHead,
    pub(super) units: Vec<Arc<Unit>>,
    /// What people ask for.
    pub(super) inbox: Arc<Inbox>,
    /// Writes the facts of each token.
    pub(super) facts: Arc<FactsWriter>,
    /// Tells people what happens.
    pub(super) messenger: Arc<Messenger>,
    /// The federated credentials, as configured now.
    pub(super) federated: watch::Sender<AllWatched>,
    holder: String,
    skew: Arc<SkewWatch>,
    builder: Builder,
    secrets: Arc<dyn Secrets>,
    state_path: KvPath,
    credentials: BTreeSet<SecretRef>,
    of_kinds: Vec<VaultNeed>,
    all_paused: Arc<AtomicBool>,
    full_cycles: Arc<FullCycles>,
    switch: Arc<dyn Switch>,
}

/// The parts that a reload may change.
pub(super) struct Wired {
    pub(super) units: Vec<Arc<Unit>>,
    pub(super) federated: AllWatched,
    pub(super) targets: BTreeMap<String, PublishTarget>,
    /// Who is told what happens.
    pub(super) senders: Vec<Sender>,
    /// The permissions that our Vault token needs.
    pub(super) needs: Vec<Need>,
}

impl World {
    /// Wires the program; nothing is sent yet.
    ///
    /// # Errors
    /// Names what cannot be built, such as a CA file that cannot be read.
    pub(super) fn new(
        settings: &Settings,
        notifier: Notifier,
        who: WhoKind,
    ) -> anyhow::Result<Self> {
        files::set_own(own_files(settings));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let telemetry = Telemetry::new(clock.now(), notifier)?;
        let metrics: Arc<dyn http::Observer> = Arc::clone(&telemetry.metrics) as _;
        let skew = Arc::new(SkewWatch::new(metrics, Arc::clone(&clock)));
        let observer: Arc<dyn http::Observer> = Arc::clone(&skew) as _;
        let judge = Arc::clone(&observer);
        let right_clock: Arc<dyn Clock> =
            Arc::new(http::RightClock::new(Arc::clone(&clock), judge));
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
        let state_path = KvPath::parse(&settings.vault.state_path).map_err(anyhow::Error::msg)?;
        let store = Arc::new(VaultStore::new(
            Arc::clone(&session),
            state_path.clone(),
            targets(settings),
        ));
        let auditor = settings.audit.is_on().then(|| {
            let clock = Arc::clone(&right_clock);
            Arc::new(Auditor::new(&settings.audit, who, &holder, clock))
        });
        let (door, switch) = doors(&store, auditor.as_ref());
        let builder = Builder::new(
            Arc::clone(&clock),
            observer,
            Arc::clone(&secrets),
            InVault::through(&session, auditor.as_ref()),
            auditor.clone(),
        );
        let units = builder.units(settings)?;
        let federated = builder.federated(settings)?;
        expect_federated(&telemetry, settings);
        let all_paused: Arc<AtomicBool> = Arc::default();
        let full_cycles: Arc<FullCycles> = Arc::default();
        let facts = FactsWriter::new(
            Arc::clone(&store),
            Arc::clone(&right_clock),
            conditions(&skew, &all_paused, &full_cycles, auditor.as_ref()),
            Arc::clone(&telemetry.board),
        );
        let tally: Arc<dyn Tally> = Arc::clone(&telemetry.metrics) as _;
        let messenger = Messenger::new(
            Arc::clone(&store) as _,
            Arc::clone(&right_clock),
            tally,
            holder.clone(),
            state_path.to_string(),
        );
        messenger.set(builder.senders(settings)?);
        Ok(Self {
            inbox: Arc::default(),
            facts: Arc::new(facts),
            messenger: Arc::new(messenger),
            federated: watch::Sender::new(federated),
            clock,
            right_clock,
            telemetry,
            session,
            store,
            units,
            holder,
            skew,
            builder,
            secrets,
            state_path,
            credentials: credentials(settings),
            of_kinds: needs_of_kinds(settings),
            all_paused,
            full_cycles,
            door,
            auditor,
            stored_head: StoredHead::default(),
            switch,
        })
    }

    /// The permissions that our Vault token needs, as configured at the start.
    /// Computed at each call, because it is called once.
    pub(super) fn needs(&self) -> Vec<Need> {
        preflight::needs(
            &self.state_path,
            &self.store.targets(),
            &self.credentials,
            &self.of_kinds,
        )
    }

    /// Wires the tokens of another configuration with the same Vault.
    ///
    /// # Errors
    /// Names what cannot be built, such as a CA file that cannot be read.
    pub(super) fn wire(&self, settings: &Settings) -> anyhow::Result<Wired> {
        let targets = targets(settings);
        let units = self.builder.units(settings)?;
        let federated = self.builder.federated(settings)?;
        let senders = self.builder.senders(settings)?;
        files::set_own(own_files(settings));
        Ok(Wired {
            units,
            senders,
            federated,
            needs: preflight::needs(
                &self.state_path,
                &targets,
                &credentials(settings),
                &needs_of_kinds(settings),
            ),
            targets,
        })
    }

    /// Reads from Vault whether a person stopped all work, and returns whether
    /// that has changed. A document that cannot be understood stops all work.
    ///
    /// # Errors
    /// If Vault does not answer: the last known state stays in force.
    pub(super) async fn read_control(&self) -> Result<bool, StoreError> {
        let paused = match self.store.control().await {
            Ok(control) => control.paused.is_some(),
            Err(StoreError::Unusable(error)) => {
                tracing::error!(error, "all work rests");
                true
            }
            Err(error @ (StoreError::Fault(_) | StoreError::Conflict)) => return Err(error),
        };
        Ok(self.set_all_paused(paused))
    }

    fn set_all_paused(&self, paused: bool) -> bool {
        self.telemetry.metrics.dispatch_paused(paused);
        self.all_paused.swap(paused, Ordering::Relaxed) != paused
    }

    /// Handles requests about all tokens, and returns whether all work is
    /// stopped or goes on since then.
    ///
    /// # Errors
    /// If Vault does not answer, or the document cannot be understood: the last
    /// known state stays in force.
    pub(super) async fn take_requests_for_all(
        &self,
        from: &[RequestsOf],
    ) -> Result<bool, StoreError> {
        let now = self.right_clock.now();
        let switched = self.switch.take_requests_for_all(from, now).await?;
        for noted in &switched.newly_handled {
            tracing::info!(
                by = %noted.by,
                what = noted.what.map(Wish::as_str).unwrap_or_default(),
                request = %noted.id,
                refused = noted.refused.as_deref().unwrap_or_default(),
                "a request of a person about all tokens is handled"
            );
        }
        if !switched.newly_handled.is_empty() {
            self.facts.tell_control(&switched.control).await?;
        }
        Ok(self.set_all_paused(switched.control.paused.is_some()))
    }

    /// A number from 0 to 1, different for each process.
    pub(super) fn phase(&self) -> f64 {
        share(&self.holder, 0)
    }

    /// Whether a person stopped all work, as last read.
    pub(super) fn is_all_paused(&self) -> bool {
        self.all_paused.load(Ordering::Relaxed)
    }

    /// The driver for single tokens.
    pub(super) fn runner(&self, witness: Arc<dyn Witness>, cancel: CancellationToken) -> Runner {
        let mut witnesses = vec![witness, Arc::clone(&self.facts) as _];
        witnesses.extend(self.auditor.clone().map(|auditor| auditor as _));
        witnesses.push(Arc::clone(&self.messenger) as _);
        let witness: Arc<dyn Witness> = Arc::new(Witnesses(witnesses));
        Runner {
            store: Arc::clone(&self.door),
            clock: Arc::clone(&self.clock),
            witness,
            holder: self.holder.clone(),
            conditions: self.conditions(),
            inbox: Arc::clone(&self.inbox),
            cancel,
        }
    }

    /// Our own credentials, as configured at the start, and what reads them.
    pub(super) fn own_credentials(&self) -> (&BTreeSet<SecretRef>, &dyn Secrets) {
        (&self.credentials, &*self.secrets)
    }

    /// Every configured issuer, by name.
    pub(super) fn issuers(&self) -> Vec<(String, Arc<dyn Issuer>)> {
        self.builder.issuers_built()
    }

    /// What runs full cycles.
    pub(super) fn cycles(&self, told: Told, cancel: CancellationToken) -> Cycles {
        let paused = Arc::clone(&self.all_paused);
        let journal: Arc<dyn Journal> = Arc::clone(&self.store) as _;
        let journal = match &self.auditor {
            Some(auditor) => Arc::new(AuditedJournal::new(journal, Arc::clone(auditor))) as _,
            None => journal,
        };
        Cycles {
            store: Arc::clone(&self.store) as _,
            journal,
            clock: Arc::clone(&self.right_clock),
            holder: self.holder.clone(),
            all_paused: Arc::new(move || paused.load(Ordering::Relaxed)),
            told,
            cancel,
        }
    }

    /// What holds for all tokens: the clock difference as measured by this
    /// process, and whether all work is stopped, as last read.
    pub(super) fn conditions(&self) -> Conditions {
        conditions(
            &self.skew,
            &self.all_paused,
            &self.full_cycles,
            self.auditor.as_ref(),
        )
    }

    /// The named tokens in the order of the configuration; all if none is
    /// named.
    ///
    /// # Errors
    /// Names the tokens that are not configured.
    pub(super) fn named(&self, names: &[String]) -> anyhow::Result<Vec<Unit>> {
        let known = |name: &&String| self.units.iter().any(|unit| unit.name == **name);
        let unknown: Vec<_> = names.iter().filter(|name| !known(name)).cloned().collect();
        if let Some(name) = unknown.iter().find(|name| self.is_federated(name)) {
            anyhow::bail!(
                "the credential of `{name}` is federated: no secret of it is issued, so there is none to rotate, pause, supply or hand over; `scim-rotator status {name}` shows whether its trust is in order, and `scim-rotator once {name}` looks now"
            );
        }
        if !unknown.is_empty() {
            let all: Vec<_> = self.units.iter().map(|unit| unit.name.as_str()).collect();
            anyhow::bail!(
                "no such token: {}; configured are: {}",
                unknown.join(", "),
                all.join(", ")
            );
        }
        let units = self.units.iter().map(Arc::as_ref);
        let wanted = |unit: &&Unit| names.is_empty() || names.contains(&unit.name);
        Ok(units.filter(wanted).cloned().collect())
    }
}

impl World {
    /// The named tokens that are rotated, and the named federated credentials; all
    /// if none is named.
    ///
    /// # Errors
    /// Names what is not configured.
    pub(super) fn named_of_both(
        &self,
        names: &[String],
    ) -> anyhow::Result<(Vec<Unit>, Vec<Arc<Watched>>)> {
        let all = Arc::clone(&self.federated.borrow());
        let wanted = |one: &&Arc<Watched>| names.is_empty() || names.contains(&one.name);
        let federated: Vec<_> = all.iter().filter(wanted).cloned().collect();
        let rotated = names.iter().filter(|name| !self.is_federated(name));
        let rotated: Vec<String> = rotated.cloned().collect();
        let units = match rotated.is_empty() && !names.is_empty() {
            true => Vec::new(),
            false => self.named(&rotated)?,
        };
        Ok((units, federated))
    }

    fn is_federated(&self, name: &str) -> bool {
        self.federated.borrow().iter().any(|one| one.name == name)
    }

    /// Takes over the federated credentials of a changed configuration.
    pub(super) fn change_federated(&self, settings: &Settings, federated: AllWatched) {
        let before = self.federated.send_replace(federated);
        for one in before.iter().filter(|one| !self.is_federated(&one.name)) {
            self.telemetry.board.remove(&one.name);
        }
        expect_federated(&self.telemetry, settings);
    }
}

/// Shows federated credentials before their first look.
fn expect_federated(telemetry: &Telemetry, settings: &Settings) {
    for (name, token) in &settings.federated {
        let issuer = &token.federated.issuer;
        let facts = TokenFacts {
            owner: token.owner.clone(),
            ..TokenFacts::federated(name, issuer, token.environment.as_str())
        };
        telemetry.board.expect(Arc::new(facts));
    }
}

/// Folders in which systemd and Kubernetes put credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What programs that we start must not read.
fn own_files(settings: &Settings) -> Vec<PathBuf> {
    let folders = environment::variable(CREDENTIALS).map(PathBuf::from);
    let folders = folders.into_iter().chain([PathBuf::from(SERVICE_ACCOUNT)]);
    let audit = settings.audit.path.iter().cloned();
    let own = settings.own_files.iter().cloned();
    own.chain(audit).chain(folders).collect()
}

pub(super) fn targets(settings: &Settings) -> BTreeMap<String, PublishTarget> {
    let mut fields = Pool::default();
    let mut target = |token: &TokenSettings| PublishTarget {
        path: token.vault_path.clone(),
        fields: fields.share(&token.fields),
    };
    settings
        .tokens
        .iter()
        .map(|(name, token)| (name.clone(), target(token)))
        .collect()
}

pub(super) fn credentials(settings: &Settings) -> BTreeSet<SecretRef> {
    let issuers = settings.issuers.values();
    let issuers = issuers.map(|kind| kind.as_kind().credentials());
    let connections = settings.connections.values();
    let connections = connections.map(|kind| kind.as_kind().credentials());
    let federated = settings.federated.values();
    let federated = federated.map(|token| token.federated.credentials());
    let notify = settings.notify.values();
    let notify = notify.map(|target| target.credentials());
    let all = issuers.chain(connections).chain(federated);
    all.flatten().chain(notify.flatten()).collect()
}

/// What our Vault token must be allowed to do for issuers and connections,
/// besides reading their credentials.
fn needs_of_kinds(settings: &Settings) -> Vec<VaultNeed> {
    let issuers = settings.issuers.values();
    let issuers = issuers.map(|kind| kind.as_kind().vault_needs());
    let connections = settings.connections.values();
    let connections = connections.map(|kind| kind.as_kind().vault_needs());
    let notes = notes_of_messages(settings);
    issuers.chain(connections).flatten().chain(notes).collect()
}

/// Where it is noted what people were told. The name `any` stands for every token.
fn notes_of_messages(settings: &Settings) -> Option<VaultNeed> {
    let state = KvPath::parse(&settings.vault.state_path).ok()?;
    (!settings.notify.is_empty()).then(|| VaultNeed {
        path: format!("{}/notify/any", state.data()),
        capabilities: &["create", "read", "update"],
        purpose: "the notes of what people were told ([notify])".to_owned(),
    })
}
