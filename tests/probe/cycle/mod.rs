//! The full cycle against a service provider that keeps users and groups, with the
//! deviations of the field, with hostile answers, and killed at every point.

mod deviations;
mod directory;
mod hostile;
mod killed;
mod locks;
mod real;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::clock::{Clock, SystemClock};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::cycle::journal::{Journal, JournalDocument, JournalError};
use scim_rotator::scim::cycle::profile::{CycleConfig, CycleRules};
use scim_rotator::scim::cycle::report::{Grade, Report};
use scim_rotator::scim::cycle::run::Order;
use scim_rotator::scim::probe::ScimProbe;
use scim_rotator::secret::BearerToken;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::server::{Server, TOKEN};
use directory::{Deviation, Directory};

/// A clock that a sleep moves on.
struct FastClock(Mutex<Timestamp>);

impl FastClock {
    fn new() -> Arc<Self> {
        let start = "2026-11-27T12:00:00Z".parse().expect("a time");
        Arc::new(Self(Mutex::new(start)))
    }

    fn pass(&self, time: SignedDuration) {
        let mut now = self.0.lock();
        *now = now.checked_add(time).expect("a time");
    }
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.pass(duration);
        tokio::task::yield_now().await;
    }
}

/// Counts what happens, and kills the run at one event.
#[derive(Default)]
struct Fuse {
    events: Mutex<usize>,
    kill_at: Option<usize>,
    killed: CancellationToken,
}

impl Fuse {
    fn at(event: usize) -> Arc<Self> {
        Arc::new(Self {
            kill_at: Some(event),
            ..Self::default()
        })
    }

    /// Whether the process dies here.
    fn burns(&self) -> bool {
        let mut events = self.events.lock();
        *events += 1;
        let burns = self.kill_at == Some(*events);
        if burns {
            self.killed.cancel();
        }
        burns
    }
}

/// Journals in memory, with check-and-set.
#[derive(Default)]
struct Kept {
    documents: Mutex<BTreeMap<String, (JournalDocument, u64)>>,
    fuse: Mutex<Arc<Fuse>>,
    broken: Mutex<bool>,
}

#[async_trait]
impl Journal for Kept {
    async fn read(&self, token: &str) -> Result<(JournalDocument, u64), JournalError> {
        Ok(self
            .documents
            .lock()
            .get(token)
            .cloned()
            .unwrap_or_default())
    }

    async fn write(
        &self,
        token: &str,
        document: &JournalDocument,
        version: u64,
    ) -> Result<u64, JournalError> {
        let fuse = Arc::clone(&self.fuse.lock());
        if *self.broken.lock() {
            return Err(JournalError::Failed("Vault is sealed".to_owned()));
        }
        if fuse.burns() {
            std::future::pending::<()>().await;
        }
        {
            let mut all = self.documents.lock();
            let stored = all.entry(token.to_owned()).or_default();
            if stored.1 != version {
                return Err(JournalError::Conflict);
            }
            *stored = (document.clone(), version + 1);
        }
        if fuse.burns() {
            std::future::pending::<()>().await;
        }
        Ok(version + 1)
    }
}

/// A service provider with a journal and a clock.
struct Scene {
    directory: Arc<Directory>,
    server: Server,
    journal: Kept,
    clock: Arc<FastClock>,
    config: CycleConfig,
    must_refuse: Vec<Url>,
    cancel: CancellationToken,
}

impl Scene {
    async fn new(deviation: Deviation, config: &str) -> Self {
        let clock = FastClock::new();
        let directory = Arc::new(Directory::new(deviation, Arc::clone(&clock) as _));
        let answers = Arc::clone(&directory);
        let server = Server::start(move |seen| answers.answer(seen)).await;
        let text = format!("tenant_marker = {{ user = \"jane\" }}\n{config}");
        Self {
            directory,
            server,
            journal: Kept::default(),
            clock,
            config: toml::from_str(&text).expect("a table"),
            must_refuse: Vec::new(),
            cancel: CancellationToken::new(),
        }
    }

    fn probe(&self) -> ScimProbe {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let rules = CycleRules {
            config: self.config.clone(),
            environment: "staging".to_owned(),
            every: None,
        };
        ScimProbe::new(
            HTTP.with(|http| http.get_or_init(http_client).clone()),
            self.server.scim_url(),
            ProbeConfig::default(),
            clock,
        )
        .refused_by(self.must_refuse.clone().into())
        .with_full_cycle(Arc::new(rules))
    }

    async fn run_as(&self, holder: &str, run: &str) -> Report {
        let (probe, token) = (self.probe(), BearerToken::parse(TOKEN).expect("a token"));
        let cycle = probe.full_cycle().expect("allowed");
        cycle.run(self.order(&token, holder, run)).await
    }

    async fn run(&self) -> Report {
        self.run_as("a", "0199aa").await
    }

    async fn sweep(&self, holder: &str) -> Result<usize, String> {
        let (probe, token) = (self.probe(), BearerToken::parse(TOKEN).expect("a token"));
        let cycle = probe.full_cycle().expect("allowed");
        cycle.sweep(self.order(&token, holder, "0199bb")).await
    }

    fn order<'a>(&'a self, token: &'a BearerToken, holder: &'a str, run: &'a str) -> Order<'a> {
        Order {
            token,
            issued_at: Timestamp::UNIX_EPOCH,
            name: "crm-staging",
            run,
            holder,
            journal: &self.journal,
            cancel: &self.cancel,
        }
    }

    async fn document(&self) -> JournalDocument {
        self.journal.read("crm-staging").await.expect("readable").0
    }
}

thread_local! {
    // One for each test, which has a thread of its own: making one takes long.
    static HTTP: OnceCell<Client> = const { OnceCell::new() };
}

fn http_client() -> Client {
    let (settings, clock) = (ClientSettings::default(), Arc::new(SystemClock));
    Client::new(&settings, Target::Sp, clock, Arc::new(NoObserver)).expect("a client")
}

/// The grade of a step; `None` if it was not reached.
fn grade(report: &Report, step: &str) -> Option<Grade> {
    let mut steps = report.steps.iter();
    steps.find(|s| s.step.as_str() == step).map(|s| s.grade)
}
