//! What people and monitoring see of the work: logs, metrics, the state of
//! every token, and the messages to systemd. Nothing here decides anything or
//! keeps a secret.
//!
//! ```text
//! driver ──> witness ──┬─> logs
//!                      ├─> Board ──> status page, /readyz, collector (per-token series)
//!                      ├─> Metrics ──────────────> /metrics <──┘
//!                      └─> Health ─> /healthz /readyz, systemd
//!        witness ──────> traces ─> OpenTelemetry collector
//! ```

pub mod board;
pub mod collector;
pub mod config;
mod derive;
mod exposition;
pub mod facts;
pub mod federation;
pub mod foreseen;
pub mod health;
mod instruments;
mod line_queue;
pub mod logging;
pub mod looks;
pub mod metrics;
pub mod notify;
mod observe;
pub mod obstacle;
mod process;
pub mod redact;
mod requests;
pub mod result;
pub mod snapshot;
mod takeover;
mod tally;
pub mod traces;
pub mod witness;
pub mod words;

use std::sync::Arc;

use jiff::Timestamp;

use board::Board;
use health::Health;
use metrics::Metrics;
use notify::Notifier;

#[cfg(test)]
#[allow(dead_code, reason = "shared with the tests of the alert rules")]
#[path = "../../tests/deploy/fixture.rs"]
pub(crate) mod fixture;

/// The parts of telemetry, wired together: for the server, and for the parts
/// that report to it.
#[derive(Clone)]
pub struct Telemetry {
    /// The state of every token.
    pub board: Arc<Board>,
    /// The metrics; also the observer of the HTTP clients.
    pub metrics: Arc<Metrics>,
    /// Alive, ready, and the messages to systemd.
    pub health: Arc<Health>,
}

/// The state of the session with Vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaultSigns {
    /// Whether the last authenticated call succeeded.
    pub up: bool,
    /// Whether Vault said that it is sealed.
    pub sealed: bool,
    /// Whether the last wrapping token of our secret-id could not be unwrapped.
    pub unwrap_failed: bool,
    /// When our own Vault token expires; `None` if it never does or there is
    /// none.
    pub token_expires_at: Option<Timestamp>,
    /// Why it is not up, for a person.
    pub failure: Option<String>,
}

impl Telemetry {
    /// Telemetry of a process that started at `started_at`.
    ///
    /// # Errors
    /// When two metrics have one name, which a test rules out.
    pub fn new(started_at: Timestamp, notifier: Notifier) -> Result<Self, prometheus::Error> {
        let board = Arc::new(Board::new());
        Ok(Self {
            metrics: Arc::new(Metrics::new(Arc::clone(&board), started_at)?),
            health: Arc::new(Health::new(notifier)),
            board,
        })
    }

    /// The witness of decisions and steps, for the runner and the supervisor.
    #[must_use]
    pub fn witness(&self) -> witness::Observer {
        witness::Observer::new(Arc::clone(&self.metrics), Arc::clone(&self.health))
    }

    /// How many changes there were that people see: equal numbers mean that nothing
    /// changed between.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.board.changes().wrapping_add(self.health.changes())
    }

    /// Notes the state of the session with Vault: after each change, and at
    /// least every few seconds.
    pub fn vault(&self, signs: VaultSigns) {
        self.metrics.vault_up(signs.up);
        self.metrics.vault_sealed(signs.sealed);
        self.metrics.vault_unwrap_failed(signs.unwrap_failed);
        self.metrics.vault_token_expiry(signs.token_expires_at);
        self.health.vault(match (signs.up, signs.sealed) {
            (true, _) => Ok(()),
            (false, true) => Err("Vault is sealed: unseal it".to_owned()),
            (false, false) => Err(signs
                .failure
                .unwrap_or_else(|| "Vault did not answer the last request".to_owned())),
        });
    }

    /// Notes that the configuration was read at `now`, and whether it was
    /// valid. After an invalid one at a reload, the old one stays in force.
    pub fn config_read(&self, valid: bool, now: Timestamp) {
        self.metrics.config_read(valid, now);
        self.health.config_refused(!valid, now);
        if valid {
            self.health.config(true);
        }
    }
}
