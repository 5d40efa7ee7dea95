//! `run`: the daemon.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::load::{self, Logs};
use super::output::complain;
use super::signals::until_signal;
use super::wiring::World;
use crate::config::Settings;
use crate::driver::recurring::{Recurring, Ring};
use crate::driver::supervisor::{Pulse, Supervisor, SupervisorSettings};
use crate::driver::witness::{Witness, Witnesses};
use crate::server::Server;
use crate::telemetry::VaultSigns;
use crate::telemetry::notify::Notifier;
use crate::telemetry::witness::Observer;
use crate::vault::preflight;

/// Runs until TERM or INT.
pub fn run(config: &Path) -> Exit {
    let settings = match load::settings(config, Logs::AsConfigured) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let cancel = CancellationToken::new();
        let daemon = Daemon {
            notifier: Notifier::from_environment(),
            also: None,
            listening: None,
            cancel: cancel.clone(),
        };
        match until_signal(&cancel, daemon.run(&settings)).await {
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
    /// Who hears of start and end.
    pub notifier: Notifier,
    /// Is told of every step besides logs and metrics.
    pub also: Option<Arc<dyn Witness>>,
    /// Is told where the server listens.
    pub listening: Option<oneshot::Sender<SocketAddr>>,
    /// Ends it.
    pub cancel: CancellationToken,
}

impl Daemon {
    /// Runs until cancelled. Returns whether every running step could end
    /// within the grace time.
    ///
    /// # Errors
    /// When it cannot start: the address is taken, a CA file cannot be read.
    pub async fn run(self, settings: &Settings) -> anyhow::Result<bool> {
        let Self {
            notifier,
            also,
            listening,
            cancel,
        } = self;
        let world = World::new(settings, notifier)?;
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
            // Whoever asked may have gone.
            let _gone = listening.send(address).is_err();
        }
        let end = CancellationToken::new();
        let served = async {
            let (telemetry, clock) = (world.telemetry.clone(), Arc::clone(&world.clock));
            let served = bound.serve(telemetry, clock, end.clone()).await;
            if let Err(error) = &served {
                tracing::error!(%error, "ending: nobody could see how the tokens stand");
                cancel.cancel();
            }
            served
        };
        let work = async {
            let clean = work(&world, &observer, also, settings, &cancel).await;
            world.session.close().await;
            end.cancel();
            clean
        };
        let aside = async {
            tokio::join!(world.session.run(end.clone()), watch_vault(&world, &end));
        };
        let (served, clean, ()) = tokio::join!(served, work, aside);
        served?;
        clean
    }
}

/// Waits for Vault, then works the tokens until cancelled.
async fn work(
    world: &World,
    observer: &Arc<Observer>,
    also: Option<Arc<dyn Witness>>,
    settings: &Settings,
    cancel: &CancellationToken,
) -> anyhow::Result<bool> {
    let health = &world.telemetry.health;
    let mut clean = true;
    if wait_for_vault(world, observer, cancel).await && knows_control(world, observer, cancel).await
    {
        tell_missing_capabilities(world).await;
        let (rings, rung) = mpsc::channel(16);
        let recurring = Recurring::start(rings.clone()).await?;
        let mut witnesses: Vec<Arc<dyn Witness>> = vec![Arc::clone(observer) as _];
        witnesses.extend(also);
        let limits = &settings.limits;
        let supervisor = Supervisor::new(
            world.runner(Arc::new(Witnesses(witnesses)), cancel.clone()),
            world.units.clone(),
            SupervisorSettings {
                concurrency: limits.concurrency,
                sweep: limits.sweep,
                grace: limits.shutdown_grace,
            },
            Arc::clone(observer) as _,
            rung,
        );
        clean = tokio::select! {
            clean = supervisor.run() => clean,
            () = watch_control(world, &rings) => false,
        };
        recurring.stop().await;
    }
    health.notifier().stopping("stopping");
    if clean {
        tracing::info!("ended: every step is stored");
    } else {
        tracing::warn!(
            grace = %settings.limits.shutdown_grace,
            "ended while a step was running: the next start, or another replica, completes it"
        );
    }
    Ok(clean)
}

const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(15);

/// Logs in, however long it takes: a daemon that dies of a sealed Vault would
/// have to be started by hand afterwards. Returns whether it succeeded before
/// it was cancelled.
async fn wait_for_vault(world: &World, pulse: &Observer, cancel: &CancellationToken) -> bool {
    let mut pause = FIRST_PAUSE;
    let mut said = String::new();
    while !cancel.is_cancelled() {
        let now = world.clock.now();
        pulse.beat(now);
        let Err(error) = world.session.login().await else {
            return true;
        };
        let text = error.to_string();
        let sealed = world.session.state().sealed;
        if said != text {
            tracing::warn!(error = %text, "waiting for Vault; no token is looked at meanwhile");
            said.clone_from(&text);
        }
        world.telemetry.vault(VaultSigns {
            up: false,
            sealed,
            token_expires_at: None,
            failure: Some(text.clone()),
        });
        let status = format!("waiting for Vault: {text}");
        world.telemetry.health.notifier().status(&status);
        tokio::select! {
            () = world.clock.sleep(pause) => {}
            () = cancel.cancelled() => {}
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
    false
}

/// Missing rights are told with the policy lines that mend them. The daemon
/// goes on: other tokens may work.
async fn tell_missing_capabilities(world: &World) {
    match preflight::check(&world.session, &world.needs).await {
        Err(error) => tracing::warn!(%error, "Vault was not asked what our token may do"),
        Ok(missing) => {
            for lack in &missing {
                tracing::error!(
                    path = %lack.path,
                    missing = lack.missing.join(","),
                    purpose = %lack.purpose,
                    policy_line = %lack.policy_line,
                    "our Vault token may not do what it must: add this line to its policy"
                );
            }
        }
    }
}

/// How often Vault is asked whether a person stopped all work.
const CONTROL: SignedDuration = SignedDuration::from_secs(10);

/// Nothing is done before it is known whether a person stopped all work.
async fn knows_control(world: &World, pulse: &Observer, cancel: &CancellationToken) -> bool {
    while !cancel.is_cancelled() {
        pulse.beat(world.clock.now());
        match world.read_control().await {
            Ok(_) => {
                if world.is_all_paused() {
                    tracing::warn!("all work is paused by a person: `scim-rotator resume --all`");
                }
                return true;
            }
            Err(error) => tracing::warn!(%error, "whether all work is paused is not known yet"),
        }
        tokio::select! {
            () = world.clock.sleep(FIRST_PAUSE) => {}
            () = cancel.cancelled() => {}
        }
    }
    false
}

/// Never returns. While Vault does not answer, what was known stays in force.
async fn watch_control(world: &World, rings: &mpsc::Sender<Ring>) {
    loop {
        world.clock.sleep(CONTROL).await;
        let Ok(true) = world.read_control().await else {
            continue;
        };
        if world.is_all_paused() {
            tracing::warn!(
                "a person paused all work: no token is touched until `scim-rotator resume --all`"
            );
        } else {
            tracing::info!("a person resumed all work");
        }
        // A supervisor that has ended needs no ring.
        let _ended = rings.send(Ring::LookAtAll).await.is_err();
    }
}

/// How often the session's state is shown.
const LOOK: SignedDuration = SignedDuration::from_secs(3);
/// After so long without a successful call Vault is asked for a sign of life.
const QUIET: SignedDuration = SignedDuration::from_secs(20);

async fn watch_vault(world: &World, end: &CancellationToken) {
    let mut failure = None;
    loop {
        tokio::select! {
            () = world.clock.sleep(LOOK) => {}
            () = end.cancelled() => return,
        }
        let state = world.session.state();
        if !state.logged_in && state.logins == 0 {
            // The start tells how it waits.
            continue;
        }
        let now = world.clock.now();
        let quiet = |at: jiff::Timestamp| now.duration_since(at) >= QUIET;
        if !state.up || state.last_success.is_none_or(quiet) {
            failure = world.session.ping().await.err().map(|e| e.to_string());
        }
        let state = world.session.state();
        world.telemetry.vault(VaultSigns {
            up: state.up,
            sealed: state.sealed,
            token_expires_at: state.expires_at,
            failure: failure.clone(),
        });
    }
}
