//! Makes the lines: knows who this process is, the key of the fingerprints, and what was
//! last seen of each token.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};

use super::chain::Head;
use super::config::{AuditConfig, OnFailure, name_of_machine};
use super::event::{Event, Port, WhoKind};
use super::known::Known;
use super::log::{AuditLog, Health};
use super::pen::{Destination, text};
use super::sink::{self, FileSink, Sink};
use crate::ports::Clock;
use crate::ports::unit::Unit;
use crate::ports::witness::Witness;
use crate::rotation::decision::{Action, Decision};
use crate::rotation::record::{Handled, Record};
use crate::secret::{BearerToken, FingerprintKey, KeyedFingerprint};
use crate::telemetry::logging;

/// Writes the audit of this process.
pub struct Auditor {
    log: AuditLog,
    config: AuditConfig,
    identity: Identity,
    clock: Arc<dyn Clock>,
    key: RwLock<Option<FingerprintKey>>,
    known: Mutex<HashMap<String, Known>>,
}

/// Who this process is.
#[derive(Clone)]
struct Identity {
    replica: String,
    process: String,
    kind: WhoKind,
}

impl Auditor {
    /// An auditor that writes nothing before [`Self::start`]. `process` is a random id of
    /// this run. A command that works itself writes beside the daemon's file, in a chain of
    /// its own, while the daemon runs.
    #[must_use]
    pub fn new(config: &AuditConfig, kind: WhoKind, process: &str, clock: Arc<dyn Clock>) -> Self {
        let mut config = config.clone();
        let name = config.replica.clone();
        let mut replica = name.unwrap_or_else(name_of_machine);
        let path = config.path.as_deref();
        let held = path.filter(|path| kind == WhoKind::Command && sink::is_held(path));
        if let Some(path) = held {
            config.path = Some(sink::path_of_command(path));
            replica.push_str(".command");
        }
        Self {
            log: AuditLog::new(config.sync.0),
            config,
            identity: Identity {
                replica,
                process: process.to_owned(),
                kind,
            },
            clock,
            key: RwLock::new(None),
            known: Mutex::default(),
        }
    }

    /// The name of the chain.
    #[must_use]
    pub fn replica(&self) -> &str {
        &self.identity.replica
    }

    /// Begins to write, after the last line that is known: of the file, or that Vault has
    /// stored.
    ///
    /// # Errors
    /// When the writing thread cannot be started.
    pub fn start(&self, stored: Option<Head>) -> std::io::Result<()> {
        // The standard output of a command is for its result.
        let stdout = || -> Box<dyn std::io::Write + Send> {
            match self.identity.kind {
                WhoKind::Daemon | WhoKind::Person => Box::new(std::io::stdout()),
                WhoKind::Command => Box::new(std::io::stderr()),
            }
        };
        let to = match (&self.config.path, self.config.stdout) {
            (Some(path), copy) => Destination {
                sink: Sink::File(FileSink::new(path.clone(), self.config.mode)),
                copy: copy.then(|| logging::aside(stdout())),
            },
            (None, _) => Destination {
                sink: Sink::Stdout(stdout()),
                copy: None,
            },
        };
        let (identity, clock) = (self.identity.clone(), Arc::clone(&self.clock));
        let own = move |what| identity.event(clock.now(), Port::Audit, what);
        self.log
            .start(to, &self.identity.replica, stored, Box::new(own))
    }

    /// The key with which fingerprints are computed; without it lines have none.
    pub fn set_key(&self, key: FingerprintKey) {
        *self.key.write() = Some(key);
    }

    /// Opens the file anew, after it was rotated away.
    pub fn reopen(&self) {
        self.log.reopen();
    }

    /// How the lines fare.
    #[must_use]
    pub fn health(&self) -> Health {
        self.log.health()
    }

    /// Whether no rotation may begin now, because its lines would not be written.
    #[must_use]
    pub fn stops_rotations(&self) -> bool {
        self.config.on_failure == OnFailure::StopNewRotations && self.log.health().failing.is_some()
    }

    /// The head of the chain, once all lines are written; `None` if that takes too long.
    pub async fn head(&self) -> Option<Head> {
        self.log.head().await
    }

    /// Writes that this process ends.
    pub async fn stop(&self) {
        self.note(self.event(Port::Audit, "stop")).await;
    }

    /// An event of this process.
    #[must_use]
    pub(super) fn event(&self, port: Port, what: &'static str) -> Event {
        self.identity.event(self.clock.now(), port, what)
    }

    /// An event about a token, with the rotation that it belongs to.
    #[must_use]
    pub(super) fn about(&self, port: Port, what: &'static str, token: &str) -> Event {
        let known = self.known.lock();
        let known = known.get(token);
        let flight = known.and_then(|known| known.flight.as_ref());
        Event {
            token: Some(token.to_owned()),
            before: known.and_then(|known| known.current),
            generation: known.map(|known| known.generation),
            rotation: flight.map(|flight| flight.id.clone()),
            trigger: flight.map(|flight| flight.trigger),
            stage: known.and_then(|known| known.stage),
            reason: known.and_then(|known| known.reason),
            ..self.event(port, what)
        }
    }

    /// The keyed fingerprint of a token, if the key is known.
    #[must_use]
    pub(super) fn fingerprint(&self, token: &BearerToken) -> Option<KeyedFingerprint> {
        self.key.read().as_ref().map(|key| key.of_token(token))
    }

    /// The same of any other secret.
    #[must_use]
    pub(super) fn fingerprint_of(&self, secret: &str) -> Option<KeyedFingerprint> {
        self.key.read().as_ref().map(|key| key.of(secret))
    }

    /// Notes a record that was read or written.
    pub(super) fn read(&self, record: &Record) {
        let key = self.key.read();
        let mut known = self.known.lock();
        let before = known.get(&record.token);
        let now = Known::of(record, key.as_ref(), before);
        known.insert(record.token.clone(), now);
    }

    /// The lines about a commit: itself, and each request of a person that it takes.
    pub(super) fn commit(&self, record: &Record) -> Vec<Event> {
        let before = self.known.lock().get(&record.token).cloned();
        let before = before.unwrap_or_default();
        let after = Known::of(record, self.key.read().as_ref(), Some(&before));
        let event = self.about(Port::Store, "commit", &record.token);
        let flight = after.flight.as_ref();
        let commit = Event {
            after: after.pending.or(after.current),
            generation: Some(record.generation),
            rotation: flight.map(|flight| flight.id.clone()).or(event.rotation),
            trigger: flight.map(|flight| flight.trigger).or(event.trigger),
            stage: after.stage,
            changes: before.changes(&after, record),
            ..event
        };
        let asked = before.new_requests(record).into_iter();
        let asked = asked.flat_map(|noted| self.asked(Some(&record.token), noted));
        asked.chain([commit]).collect()
    }

    /// The lines about requests of a person that were taken or refused.
    pub(super) fn asked(&self, token: Option<&str>, noted: &Handled) -> Vec<Event> {
        let event = match token {
            Some(token) => self.about(Port::Request, "request", token),
            None => self.event(Port::Request, "request"),
        };
        let all = noted.earlier.iter().chain([noted]);
        all.map(|noted| event.clone().asked(noted)).collect()
    }

    /// Writes a line, and waits until it is written as long as lines are written.
    pub(super) async fn note(&self, event: Event) {
        self.log.push(text(&event)).await;
    }

    /// Writes a line without waiting for it.
    pub(super) fn note_now(&self, event: &Event) {
        self.log.push_now(text(event));
    }
}

impl Identity {
    fn event(&self, at: Timestamp, port: Port, what: &'static str) -> Event {
        Event::of_process((&self.replica, &self.process, self.kind), at, port, what)
    }
}

/// The reason of the last decision stands in the lines about its effects.
impl Witness for Auditor {
    fn decided(&self, unit: &Unit, _record: &Record, decision: &Decision, _now: Timestamp) {
        if let Action::Do(_) = decision.action {
            let mut known = self.known.lock();
            known.entry(unit.name.clone()).or_default().reason = Some(decision.reason.as_str());
        }
    }

    fn removed(&self, name: &str) {
        self.known.lock().remove(name);
    }
}
