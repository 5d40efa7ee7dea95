//! `run`: the daemon.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::auditing::{self, Patience};
use super::bell;
use super::facts::past::FromFacts;
use super::federated;
use super::identify;
use super::inventory;
use super::load::{self, Logs};
use super::output::complain;
use super::reload::{Asked, Reload, supervisor_settings};
use super::signals::until_signal;
use super::watch::{is_prepared, watch_vault};
use super::wiring::World;
use crate::audit::event::WhoKind;
use crate::config::Settings;
use crate::driver::recurring::Recurring;
use crate::driver::supervisor::{Change, Supervisor};
use crate::files;
use crate::ports::witness::{Witness, Witnesses};
use crate::program;
use crate::scim::cycle::journal::JournalDocument;
use crate::server::{Server, Told};
use crate::telemetry::notify::Notifier;
use crate::telemetry::witness::Observer;

/// Runs until TERM or INT.
pub fn run(config: &Path) -> Exit {
    let settings = match load::settings(config, Logs::AsConfigured) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let cancel = CancellationToken::new();
        let asked = match Asked::listen(config) {
            Ok(asked) => asked,
            Err(error) => {
                complain(&format!("the signal HUP cannot be listened to: {error}\n"));
                return Exit::Failed;
            }
        };
        let daemon = Daemon {
            reload: Some(asked),
            notifier: Notifier::from_environment(),
            also: None,
            listening: None,
            cancel: cancel.clone(),
        };
        match until_signal(&cancel, daemon.run(settings)).await {
            Ok(true) => Exit::Ok,
            Ok(false) => Exit::Failed,
            Err(error) => {
                complain(&format!("scim-rotator cannot run: {error}\n"));
                Exit::Failed
            }
        }
    })
}

/// The daemon, for `run` and for `demo`.
pub struct Daemon {
    /// Is told when the process is ready and when it ends.
    pub notifier: Notifier,
    /// An additional witness besides logs and metrics.
    pub also: Option<Arc<dyn Witness>>,
    /// Receives the address of the server.
    pub listening: Option<oneshot::Sender<SocketAddr>>,
    /// Ends the daemon when it is cancelled.
    pub cancel: CancellationToken,
    /// The events after which the configuration is read again; `None` if it
    /// never is.
    pub(super) reload: Option<Asked>,
}

impl Daemon {
    /// Runs until it is cancelled. Returns whether every running step ended
    /// within the grace time. The settings are consumed, because the wired
    /// tokens contain them.
    ///
    /// # Errors
    /// If it cannot start: the address is in use, or a CA file cannot be read.
    pub async fn run(self, settings: Settings) -> anyhow::Result<bool> {
        let Self {
            notifier,
            also,
            listening,
            cancel,
            reload: asked,
        } = self;
        // On a thread that may wait, since this reads files for TLS.
        let wired = tokio::task::spawn_blocking(move || {
            let world = World::new(&settings, notifier, WhoKind::Daemon);
            (world, settings)
        });
        let wired = tokio::select! {
            wired = wired => wired,
            () = cancel.cancelled() => return Ok(true),
        };
        let (world, mut settings) = wired?;
        let world = Arc::new(world?);
        settings.tokens.clear();
        let observer = Arc::new(world.telemetry.witness());
        for unit in &world.units {
            observer.expect(unit);
        }
        let bound = Server::bind(&settings.server).await?;
        let address = bound.address();
        world.telemetry.config_read(true, world.clock.now());
        tracing::info!(
            %address,
            tokens = world.units.len(),
            version = env!("CARGO_PKG_VERSION"),
            "started: /metrics, /healthz, /readyz and the status page are served"
        );
        world
            .telemetry
            .health
            .notifier()
            .ready("started; logging in to Vault");
        if let Some(listening) = listening {
            // The receiver may have been dropped.
            let _gone = listening.send(address).is_err();
        }
        let end = CancellationToken::new();
        let served = async {
            let told = Told {
                telemetry: world.telemetry.clone(),
                clock: Arc::clone(&world.clock),
                replica: world.holder.clone(),
                rotations: Arc::new(FromFacts(Arc::clone(&world.store))),
            };
            let served = bound.serve(told, end.clone()).await;
            if let Err(error) = &served {
                tracing::error!(%error, "ending: nobody could see how the tokens stand");
                cancel.cancel();
            }
            served
        };
        let first = Change {
            units: world.units.clone(),
            settings: supervisor_settings(&settings),
        };
        let (changes, changed) = watch::channel(Arc::new(first.clone()));
        let reload = Reload {
            world: &world,
            observer: &observer,
            started: &settings,
            changes,
        };
        let reloaded = async {
            if let Some(asked) = asked {
                reload.run(asked, &end).await;
            }
        };
        let work = async {
            let clean = work(&world, &observer, also, (first, changed), &cancel).await;
            world.finish_traces().await;
            world.session.close().await;
            end.cancel();
            clean
        };
        let aside = async {
            tokio::join!(
                world.session.run(end.clone()),
                watch_vault(&world, &end),
                world.send_traces(),
                auditing::keep(&world, &settings.audit, &end),
                reap_left_behind(&world, &end),
                identify::note_credentials(&world, &end),
                inventory::watch::run(&world, settings.limits.inventory, &end),
                reloaded
            );
        };
        let (served, clean, ()) = tokio::join!(served, work, aside);
        served?;
        clean
    }
}

/// How long the clean-up of a full cycle may take at the end.
const CLEANUP_GRACE: SignedDuration = SignedDuration::from_secs(20);

/// How often zombies are looked for.
const REAP: SignedDuration = SignedDuration::from_secs(5);

/// As PID 1, as in a container, waits for the processes that programs left behind.
async fn reap_left_behind(world: &World, end: &CancellationToken) {
    if std::process::id() != 1 {
        return;
    }
    loop {
        tokio::select! {
            () = world.clock.sleep(REAP) => {}
            () = end.cancelled() => return,
        }
        let reaped = files::aside(program::reap).await.unwrap_or_default();
        if reaped > 0 {
            tracing::debug!(reaped, "programs left processes behind, which have ended");
        }
    }
}

/// Waits for Vault, then works on the tokens until it is cancelled.
async fn work(
    world: &World,
    observer: &Arc<Observer>,
    also: Option<Arc<dyn Witness>>,
    (first, changed): (Change, watch::Receiver<Arc<Change>>),
    cancel: &CancellationToken,
) -> anyhow::Result<bool> {
    let health = &world.telemetry.health;
    let mut clean = true;
    if is_prepared(world, observer, cancel).await {
        if world.auditor.is_some() {
            let started = tokio::select! {
                started = auditing::start(world, Patience::UntilVaultAnswers) => started,
                () = cancel.cancelled() => return Ok(clean),
            };
            started?;
        }
        world.tell_config().await;
        let telling = Arc::clone(observer);
        let facts = Arc::clone(&world.facts);
        let told = move |token: &str, journal: &JournalDocument| {
            telling.full_cycle(token, journal);
            facts.full_cycle(token, journal);
        };
        let cycles = world.cycles(Arc::new(told), cancel.clone());
        let cycled = changed.clone();
        let (messages, received) = mpsc::channel(16);
        let recurring = Recurring::start(messages.clone()).await?;
        let mut witnesses: Vec<Arc<dyn Witness>> = vec![Arc::clone(observer) as _];
        witnesses.extend(also);
        let supervisor = Supervisor::new(
            world.runner(Arc::new(Witnesses(witnesses)), cancel.clone()),
            first,
            changed,
            Arc::clone(observer) as _,
            received,
        );
        let mut cycling = JoinSet::new();
        cycling.spawn(async move { cycles.watch(cycled).await });
        // A task of its own: what wakes it for each token does not wake the rest.
        let mut supervising = JoinSet::new();
        supervising.spawn(supervisor.run());
        clean = tokio::select! {
            ended = supervising.join_next() => matches!(ended, Some(Ok(true))),
            () = bell::watch(world, &messages) => false,
            () = federated::watch(world) => false,
            () = world.facts.run() => false,
            () = world.messenger.run() => false,
        };
        // A cycle that was cancelled cleans up; what is left is in its journal.
        let ended = async { while cycling.join_next().await.is_some() {} };
        tokio::select! {
            () = ended => {}
            () = world.clock.sleep(CLEANUP_GRACE) => {}
        }
        world.facts.flush().await;
        auditing::stop(world).await;
        recurring.stop().await;
    }
    health.notifier().stopping("stopping");
    if clean {
        tracing::info!("ended: every step is stored");
    } else {
        tracing::warn!(
            "ended while a step was running: the next start, or another replica, completes it"
        );
    }
    Ok(clean)
}
