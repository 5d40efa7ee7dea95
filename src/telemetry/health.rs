//! Whether this process is alive and can work. A failing identity provider or
//! token does not make it unhealthy.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::notify::Notifier;
use crate::rotation::record::Paused;
use crate::rotation::state::Banner;

/// A supervisor whose loop did not run for this long counts as stuck.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// What is true of all tokens together.
#[derive(Debug, Default)]
struct OfAll {
    paused: Option<Paused>,
    refused_since: Option<Timestamp>,
    in_force_since: Option<Timestamp>,
}

/// What the health endpoints report of this process.
#[derive(Debug)]
pub struct Health {
    notifier: Notifier,
    started: Instant,
    last_beat_ms: AtomicU64,
    config: AtomicBool,
    all: Mutex<OfAll>,
    vault: Mutex<OfVault>,
    /// Counts what changed of what people see.
    changes: AtomicU64,
}

/// What the last calls to Vault showed.
#[derive(Debug)]
struct OfVault {
    answer: Result<(), String>,
    /// When a call last succeeded.
    answered: Option<Instant>,
}

impl Health {
    /// A process that has just started: alive, not ready.
    #[must_use]
    pub fn new(notifier: Notifier) -> Self {
        Self {
            notifier,
            started: Instant::now(),
            last_beat_ms: AtomicU64::new(0),
            config: AtomicBool::new(false),
            all: Mutex::default(),
            vault: Mutex::new(OfVault {
                answer: Err("Vault has not been asked yet".to_owned()),
                answered: None,
            }),
            changes: AtomicU64::new(0),
        }
    }

    /// Called by the supervisor's loop, and while the start waits for Vault: at
    /// least every ten seconds. Notifies the watchdog of systemd.
    pub fn beat(&self) {
        let now = self.started.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.last_beat_ms.store(now, Ordering::Relaxed);
        self.notifier.keep_alive();
    }

    /// The messages to systemd.
    #[must_use]
    pub fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// Notes whether the configuration in force is valid.
    pub fn config(&self, valid: bool) {
        self.config.store(valid, Ordering::Relaxed);
    }

    /// Notes whether a changed configuration was refused at `now`. The old one stays
    /// in force then, and the process ready.
    pub fn config_refused(&self, refused: bool, now: Timestamp) {
        let mut all = self.all.lock();
        let since = all.refused_since;
        all.refused_since = refused.then(|| since.unwrap_or(now));
        if !refused {
            all.in_force_since = Some(now);
        }
        self.changed();
    }

    /// Since when the configuration in force is so; `None` before it was read.
    #[must_use]
    pub fn config_in_force_since(&self) -> Option<Timestamp> {
        self.all.lock().in_force_since
    }

    /// Since when the configuration in force is not the one in the file.
    #[must_use]
    pub fn config_refused_since(&self) -> Option<Timestamp> {
        self.all.lock().refused_since
    }

    /// Notes whether a person stopped all work.
    pub fn all_paused(&self, paused: Option<Paused>) {
        let before = std::mem::replace(&mut self.all.lock().paused, paused.clone());
        if before != paused {
            self.changed();
        }
    }

    /// What is true of all tokens together.
    #[must_use]
    pub fn banners(&self) -> Vec<Banner> {
        let all = self.all.lock();
        let paused = all.paused.as_ref().map(Banner::paused_all);
        let refused = all.refused_since.map(Banner::config_refused);
        paused.into_iter().chain(refused).collect()
    }

    /// Sends the state to systemd, in one sentence.
    pub fn tell(&self, sentence: &str) {
        self.notifier.status(&self.with_refusal(sentence));
    }

    /// Tells systemd that the configuration was read again.
    pub fn reloaded(&self, sentence: &str) {
        self.notifier.ready(&self.with_refusal(sentence));
    }

    fn with_refusal(&self, sentence: &str) -> String {
        if self.config_refused_since().is_some() {
            format!("the changed configuration was refused, see the log; {sentence}")
        } else {
            sentence.to_owned()
        }
    }

    /// Notes the result of the last authenticated call to Vault; an error is
    /// text for a person.
    pub fn vault(&self, answer: Result<(), String>) {
        let mut vault = self.vault.lock();
        if answer.is_ok() {
            vault.answered = Some(Instant::now());
        }
        if vault.answer != answer {
            self.changed();
        }
        vault.answer = answer;
    }

    /// Why Vault cannot be used; `None` if it can.
    #[must_use]
    pub fn vault_trouble(&self) -> Option<String> {
        self.vault.lock().answer.clone().err()
    }

    /// How long ago a call to Vault last succeeded; `None` if none has.
    #[must_use]
    pub fn vault_answered(&self) -> Option<Duration> {
        let answered = self.vault.lock().answered?;
        Some(answered.elapsed())
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many changes there were: equal numbers mean that nothing changed between.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Why the process is not alive; `None` if it is.
    #[must_use]
    pub fn dead_because(&self) -> Option<String> {
        let beat = Duration::from_millis(self.last_beat_ms.load(Ordering::Relaxed));
        let silence = self.started.elapsed().saturating_sub(beat);
        (silence > LONGEST_SILENCE).then(|| {
            format!(
                "the supervisor's loop has not run for {} s (at most {} s are normal): restart the process and report a bug",
                silence.as_secs(),
                LONGEST_SILENCE.as_secs()
            )
        })
    }

    /// Why the process cannot work; empty if it can.
    #[must_use]
    pub fn not_ready_because(&self) -> Vec<String> {
        let config = (!self.config.load(Ordering::Relaxed))
            .then(|| "the configuration has not been loaded".to_owned());
        let vault = self.vault_trouble();
        [config, vault, self.dead_because()]
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_supervisor_is_dead_and_a_beat_revives_it() {
        let health = Health::new(Notifier::silent());
        assert_eq!(health.dead_because(), None, "just started");
        tokio::time::advance(Duration::from_secs(31)).await;
        assert!(health.dead_because().is_some());
        health.beat();
        assert_eq!(health.dead_because(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn ready_needs_configuration_vault_and_heartbeat() {
        let health = Health::new(Notifier::silent());
        assert_eq!(health.not_ready_because().len(), 2);
        health.config(true);
        health.vault(Ok(()));
        assert!(health.not_ready_because().is_empty());
        health.vault(Err("Vault is sealed".to_owned()));
        assert_eq!(health.not_ready_because(), ["Vault is sealed"]);
    }
}
