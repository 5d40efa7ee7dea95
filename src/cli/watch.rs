//! The daemon's own requests to Vault: whether it is reachable, what our token
//! is permitted, whether a person stopped all work.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::wiring::World;
use crate::ports::pulse::Pulse;
use crate::telemetry::VaultSigns;
use crate::telemetry::witness::Observer;
use crate::vault::preflight::{self, Need};

/// Interval of the heartbeat while no supervisor sends it.
const BEAT: SignedDuration = SignedDuration::from_secs(2);

/// Logs in, and asks what must be known before a token is worked on, for as
/// long as that takes. The heartbeat is sent meanwhile. Returns whether this
/// succeeded before it was cancelled.
pub(super) async fn is_prepared(
    world: &World,
    pulse: &Observer,
    cancel: &CancellationToken,
) -> bool {
    let asked = async {
        wait_for_vault(world).await;
        wait_for_control(world).await;
        tell_missing_capabilities(world, &world.needs()).await;
    };
    tokio::pin!(asked);
    loop {
        pulse.beat(world.clock.now());
        tokio::select! {
            () = &mut asked => return true,
            () = cancel.cancelled() => return false,
            () = world.clock.sleep(BEAT) => {}
        }
    }
}

const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(15);

/// Waits as long as Vault is sealed or away. If the daemon ended instead, a
/// person would have to start it again.
async fn wait_for_vault(world: &World) {
    let mut pause = FIRST_PAUSE;
    let mut said = String::new();
    while let Err(error) = world.session.login().await {
        let text = error.to_string();
        let state = world.session.state();
        if said != text {
            tracing::warn!(error = %text, "waiting for Vault; no token is worked on meanwhile");
            said.clone_from(&text);
        }
        world.telemetry.vault(VaultSigns {
            up: false,
            sealed: state.sealed,
            unwrap_failed: state.unwrap_failed,
            token_expires_at: None,
            failure: Some(text.clone()),
        });
        let status = format!("waiting: {text}");
        world.telemetry.health.notifier().status(&status);
        world.clock.sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Waits until it is known whether a person stopped all work.
async fn wait_for_control(world: &World) {
    while let Err(error) = world.read_control().await {
        tracing::warn!(%error, "whether all work is paused is not known yet");
        world.clock.sleep(FIRST_PAUSE).await;
    }
    if world.is_all_paused() {
        tracing::warn!("all work is paused by a person: `scim-rotator resume --all --reason …`");
    }
}

/// Logs missing permissions, with the policy lines that grant them. The daemon
/// goes on, since other tokens may work.
pub(super) async fn tell_missing_capabilities(world: &World, needs: &[Need]) {
    match preflight::check(&world.session, needs).await {
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

/// How often the state of the session is reported.
const LOOK: SignedDuration = SignedDuration::from_secs(3);
/// After this long without a successful request, Vault is asked whether it
/// works.
const QUIET: SignedDuration = SignedDuration::from_secs(20);

pub(super) async fn watch_vault(world: &World, end: &CancellationToken) {
    let mut failure = None;
    loop {
        tokio::select! {
            () = world.clock.sleep(LOOK) => {}
            () = end.cancelled() => return,
        }
        let state = world.session.state();
        if !state.logged_in && state.logins == 0 {
            // The start reports how it waits.
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
            unwrap_failed: state.unwrap_failed,
            token_expires_at: state.expires_at,
            failure: failure.clone(),
        });
    }
}
