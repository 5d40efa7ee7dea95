//! Reads the configuration again while the daemon runs: on HUP, and when the
//! content of one of its files has changed. A configuration with a mistake is
//! reported and changes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::load;
use super::watch::tell_missing_capabilities;
use super::wiring::World;
use crate::config::{self, Loaded, Settings, Watch};
use crate::driver::supervisor::{Change, SupervisorSettings};
use crate::files;
use crate::telemetry::witness::Observer;

/// The event by which the file of the audit is opened anew.
const HUP: &str = "HUP";

/// How often the files are checked for changes.
const LOOK: SignedDuration = SignedDuration::from_secs(2);

/// The events after which the configuration is read again.
pub(super) struct Asked {
    path: PathBuf,
    hangup: Signal,
    /// Locked by the thread that looks at the files.
    files: Arc<Mutex<Watch>>,
}

impl Asked {
    /// Begins to listen. From now on HUP does not end the process, and changes
    /// are relative to the present content of the files.
    ///
    /// # Errors
    /// If the signal cannot be listened to.
    pub(super) fn listen(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            hangup: signal(SignalKind::hangup())?,
            files: Arc::new(Mutex::new(Watch::new(path))),
        })
    }

    /// Waits for the next event; returns which it was.
    async fn next(&mut self, world: &World) -> &'static str {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    self.look(|files| {
                        files.read();
                        files.know();
                    })
                    .await;
                    return HUP;
                }
                () = world.clock.sleep(LOOK) => {
                    let changed = self.look(|files| {
                        let changed = files.has_changed();
                        if changed {
                            files.know();
                        }
                        changed
                    });
                    if changed.await == Some(true) {
                        return "a file has changed";
                    }
                }
            }
        }
    }

    /// Looks at the files on a thread that may wait. `None` if an earlier look
    /// still waits for the file system.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Watch) -> T + Send + 'static,
    ) -> Option<T> {
        let watch = Arc::clone(&self.files);
        let looked = files::aside(move || watch.try_lock().map(|mut watch| work(&mut watch)));
        looked.await.ok().flatten()
    }
}

/// Reads the configuration again.
pub(super) struct Reload<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) observer: &'a Observer,
    /// The settings of the start. Those of Vault, the server and the log stay
    /// in force until the next start.
    pub(super) started: &'a Settings,
    pub(super) changes: watch::Sender<Arc<Change>>,
}

impl Reload<'_> {
    /// Reads the configuration after each event, until the process ends.
    pub(super) async fn run(&self, mut asked: Asked, end: &CancellationToken) {
        loop {
            let why = tokio::select! {
                why = asked.next(self.world) => why,
                () = end.cancelled() => return,
            };
            if let Some(auditor) = self.world.auditor.as_ref().filter(|_| why == HUP) {
                auditor.reopen();
            }
            let health = &self.world.telemetry.health;
            health.notifier().reloading();
            let taken = tokio::select! {
                taken = self.reload(&asked.path, why) => taken,
                () = end.cancelled() => return,
            };
            let now = self.world.clock.now();
            self.world.telemetry.config_read(taken.is_some(), now);
            health.reloaded(&self.world.telemetry.board.sentence(now));
            if self.world.session.state().logged_in {
                tokio::select! {
                    () = self.world.tell_config() => {}
                    () = end.cancelled() => return,
                }
            }
            if let Some(needs) = taken.filter(|_| self.world.session.state().logged_in) {
                tell_missing_capabilities(self.world, &needs).await;
            }
        }
    }

    /// `None` if the configuration was refused. Otherwise the permissions that
    /// our Vault token needs now.
    async fn reload(&self, path: &Path, why: &str) -> Option<Vec<crate::vault::preflight::Need>> {
        let path = path.to_owned();
        let read = tokio::task::spawn_blocking(move || config::load(&path)).await;
        let loaded = match read {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(report)) => {
                load::log_refusal(&report);
                return None;
            }
            Err(error) => {
                tracing::error!(%error, "the configuration was not read again: this is a defect");
                return None;
            }
        };
        // On a thread that may wait, since this reads files for TLS.
        let world = Arc::clone(self.world);
        let wired = tokio::task::spawn_blocking(move || {
            let wired = world.wire(&loaded.settings);
            (wired, loaded)
        });
        let (wired, loaded) = match wired.await {
            Ok((Ok(wired), loaded)) => (wired, loaded),
            Ok((Err(error), _)) => {
                tracing::error!(%error, "the changed configuration is refused, and the old one stays in force");
                return None;
            }
            Err(error) => {
                tracing::error!(%error, "the configuration was not read again: this is a defect");
                return None;
            }
        };
        self.world.store.set_targets(wired.targets);
        self.world.messenger.set(wired.senders);
        let federated = wired.federated;
        self.world.change_federated(&loaded.settings, federated);
        for unit in &wired.units {
            self.observer.expect(unit);
        }
        let before = self.changes.send_replace(Arc::new(Change {
            units: wired.units,
            settings: supervisor_settings(&loaded.settings),
        }));
        self.tell(why, &before, &loaded);
        Some(wired.needs)
    }

    fn tell(&self, why: &str, before: &Change, loaded: &Loaded) {
        let old: BTreeSet<_> = before.units.iter().map(|u| u.name.as_str()).collect();
        let new: BTreeSet<_> = loaded.settings.tokens.keys().map(String::as_str).collect();
        let added: Vec<_> = new.difference(&old).copied().collect();
        let removed: Vec<_> = old.difference(&new).copied().collect();
        tracing::info!(
            why,
            tokens = new.len(),
            added = added.join(","),
            removed = removed.join(","),
            "the configuration was read again and is in force"
        );
        load::log_notes(loaded);
        let later = at_the_next_start(self.started, &loaded.settings);
        if !later.is_empty() {
            tracing::warn!(
                keys = later.join(","),
                "these changes take effect at the next start"
            );
        }
    }
}

/// The supervisor's part of these settings.
pub(super) fn supervisor_settings(settings: &Settings) -> SupervisorSettings {
    SupervisorSettings {
        concurrency: settings.limits.concurrency,
        sweep: settings.limits.sweep,
        grace: settings.limits.shutdown_grace,
    }
}

/// The changed keys that take effect only at the next start.
fn at_the_next_start(started: &Settings, now: &Settings) -> Vec<&'static str> {
    let (vault, vault_now) = (&started.vault, &now.vault);
    let differs = [
        ("vault.address", vault.address != vault_now.address),
        ("vault.namespace", vault.namespace != vault_now.namespace),
        ("vault.state_path", vault.state_path != vault_now.state_path),
        ("vault.ca_file", vault.ca_file != vault_now.ca_file),
        ("vault.ca_dir", vault.ca_dir != vault_now.ca_dir),
        (
            "vault.client_cert_file",
            vault.client_cert_file != vault_now.client_cert_file,
        ),
        (
            "vault.client_key_file",
            vault.client_key_file != vault_now.client_key_file,
        ),
        (
            "vault.tls_min_version",
            vault.tls_min_version != vault_now.tls_min_version,
        ),
        ("vault.proxy", vault.proxy != vault_now.proxy),
        ("vault.auth", vault.auth != vault_now.auth),
        (
            "vault.connect_timeout",
            vault.connect_timeout != vault_now.connect_timeout,
        ),
        (
            "vault.request_timeout",
            vault.request_timeout != vault_now.request_timeout,
        ),
        (
            "limits.inventory",
            started.limits.inventory != now.limits.inventory,
        ),
        ("server", started.server != now.server),
        ("log", started.log != now.log),
        ("audit", started.audit != now.audit),
        ("traces", started.traces != now.traces),
    ];
    let keys = differs.into_iter().filter(|(_, differs)| *differs);
    keys.map(|(key, _)| key).collect()
}
