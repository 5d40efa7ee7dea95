//! Builds from the settings everything that acts.

mod doors;
mod federated;
mod named;
mod pool;
mod traces;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::auditing::StoredHead;
use super::facts::index::IndexWriter;
use super::facts::writer::FactsWriter;
use crate::audit::auditor::Auditor;
use crate::audit::door::AuditedJournal;
use crate::audit::event::WhoKind;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::driver::cycles::{Cycles, Told};
use crate::driver::federated::AllWatched;
use crate::driver::inbox::Inbox;
use crate::driver::run::Runner;
use crate::driver::situation::{Conditions, FullCycles};
use crate::files;
use crate::http;
use crate::http::skew::{SkewWatch, Verdict};
use crate::ids;
use crate::notify::{Messenger, Sender, Tally};
use crate::ports::kind::VaultNeed;
use crate::ports::switch::Switch;
use crate::ports::unit::Unit;
use crate::ports::witness::{Witness, Witnesses};
use crate::ports::{Clock, Issuer, Journal, Secrets, Store, StoreError};
use crate::rotation::policy::share;
use crate::rotation::record::{Paused, RequestsOf, Wish};
use crate::secret::SecretRef;
use crate::telemetry::Telemetry;
use crate::telemetry::notify::Notifier;
use crate::telemetry::traces::Exporter;
use crate::vault::preflight::{self, Need};
use crate::vault::{KvPath, PublishTarget, Session, VaultSecrets, VaultStore};
use doors::{conditions, doors};
use federated::expect_federated;
pub(super) use named::{credentials, targets};
use named::{needs_of_kinds, own_files};
pub(super) use units::NamedConnection;
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
    /// Sends traces, if that is configured.
    pub(super) traces: Option<Arc<Exporter>>,
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
    pub(super) holder: String,
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
        let index = IndexWriter::new(Arc::clone(&store), Arc::clone(&right_clock));
        let index = Arc::new(index);
        let (door, switch) = doors(&store, auditor.as_ref(), &index);
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
            index,
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
        let traces = builder.traces(settings, &telemetry.metrics, &holder)?;
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
            traces,
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
            Ok(control) => control.paused,
            Err(StoreError::Unusable(error)) => {
                tracing::error!(error, "all work is stopped");
                Some(Paused {
                    since: self.right_clock.now(),
                    reason: format!("the document of all tokens cannot be used: {error}"),
                    by: None,
                })
            }
            Err(error @ (StoreError::Fault(_) | StoreError::Conflict)) => return Err(error),
        };
        Ok(self.set_all_paused(paused))
    }

    /// All work is stopped, and why; `None` if it goes on. Returns whether that has
    /// changed.
    fn set_all_paused(&self, pause: Option<Paused>) -> bool {
        let why = pause.as_ref().map(|paused| paused.reason.as_str());
        self.telemetry.metrics.dispatch_paused(why);
        let paused = pause.is_some();
        self.telemetry.health.all_paused(pause);
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
        Ok(self.set_all_paused(switched.control.paused))
    }

    /// Tells people in the facts whether the configuration in force is the one in the
    /// file.
    pub(super) async fn tell_config(&self) {
        let refused_since = self.telemetry.health.config_refused_since();
        if let Err(error) = self.facts.tell_config(refused_since).await {
            tracing::warn!(%error, "the facts do not tell whether the configuration was refused");
        }
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
        witnesses.extend(self.traces.clone().map(|traces| traces as _));
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

    /// What the servers that answered say of our clock; `None` if none did.
    pub(super) fn skew_verdict(&self) -> Option<Verdict> {
        self.skew.verdict()
    }

    /// Every configured issuer, by name.
    pub(super) fn issuers(&self) -> Vec<(String, Arc<dyn Issuer>)> {
        self.builder.issuers_built()
    }

    /// Every configured connection.
    pub(super) fn connections(&self) -> Vec<NamedConnection> {
        self.builder.connections_built()
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
