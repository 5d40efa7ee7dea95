//! The audit of a process: its start, its head in Vault, its end.

use std::sync::Arc;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::wiring::World;
use crate::audit::auditor::Auditor;
use crate::audit::chain::Head;
use crate::audit::config::AuditConfig;
use crate::fault::{Fault, FaultClass};
use crate::ports::StoreError;

/// Pause before Vault is asked again.
const PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// What is stored in Vault of our chain.
#[derive(Debug, Default)]
pub(super) struct StoredHead(Mutex<(Option<Head>, u64)>);

/// Reads the key of the fingerprints and the last line that Vault knows, and begins to
/// write. What is refused is logged, and the audit
/// is written without it.
///
/// # Errors
/// When Vault does not answer and that is not waited for, or when the writing thread cannot
/// be started.
pub(super) async fn start(world: &World, patience: Patience) -> anyhow::Result<()> {
    let Some(auditor) = &world.auditor else {
        return Ok(());
    };
    let key = answered(world, patience, async || {
        world.store.fingerprint_key().await
    });
    match key.await? {
        Ok(key) => auditor.set_key(key),
        Err(error) => {
            tracing::error!(%error, "the audit is written without fingerprints of tokens");
        }
    }
    let head = answered(world, patience, async || {
        world.store.audit_head(auditor.replica()).await
    });
    let (head, version) = head.await?.unwrap_or_else(|error| {
        tracing::error!(%error, "the last line of the audit that Vault knows was not read");
        (None, 0)
    });
    *world.stored_head.0.lock() = (head, version);
    ignore_size_limit();
    auditor.start(head)?;
    Ok(())
}

/// Whether a start waits for Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as Vault does not answer.
    UntilVaultAnswers,
    /// It does not.
    None,
}

/// What Vault answers, whatever that is; an error if it does not answer.
async fn answered<T>(
    world: &World,
    patience: Patience,
    ask: impl AsyncFn() -> Result<T, StoreError>,
) -> Result<Result<T, StoreError>, StoreError> {
    loop {
        match ask().await {
            Err(StoreError::Fault(fault)) if passes(&fault) => {
                if patience == Patience::None {
                    return Err(fault.into());
                }
                tracing::warn!(error = %fault, "the audit waits for Vault");
                world.clock.sleep(PAUSE).await;
            }
            answer => return Ok(answer),
        }
    }
}

/// Whether the same call may succeed later by itself.
fn passes(fault: &Fault) -> bool {
    match fault.class {
        FaultClass::NotApplied | FaultClass::Ambiguous | FaultClass::Throttled => true,
        FaultClass::Unauthorized | FaultClass::Rejected | FaultClass::Conflict => false,
    }
}

/// A file that may not grow any more is an error of the write, and does not end the
/// process by a signal.
fn ignore_size_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    let raw = rustix::process::Signal::XFSZ.as_raw();
    // Once it was listened to, the signal does nothing else.
    drop(signal(SignalKind::from_raw(raw)));
}

/// Stores the head of the chain in Vault at intervals, and tells the metrics how the lines
/// fare, until the process ends.
pub(super) async fn keep(world: &World, config: &AuditConfig, end: &CancellationToken) {
    let Some(auditor) = &world.auditor else {
        return;
    };
    let mut next = world.clock.now();
    loop {
        tokio::select! {
            () = world.clock.sleep(PAUSE) => {}
            () = end.cancelled() => return,
        }
        let health = auditor.health();
        world
            .telemetry
            .metrics
            .audit(health.written, health.lost, health.failing.is_some());
        let now = world.clock.now();
        // A clock that was set back does not put it off for long.
        if now >= next || next.duration_since(now) > config.head_every.0 {
            next = now.checked_add(config.head_every.0).unwrap_or(next);
            if health.written > 0 {
                store_head(world, auditor).await;
            }
        }
    }
}

/// Writes the last line, and stores it in Vault.
pub(super) async fn stop(world: &World) {
    if let Some(auditor) = &world.auditor {
        auditor.stop().await;
        store_head(world, auditor).await;
    }
}

async fn store_head(world: &World, auditor: &Arc<Auditor>) {
    let Some(head) = auditor.head().await else {
        return;
    };
    let (known, version) = *world.stored_head.0.lock();
    if known == Some(head) {
        return;
    }
    let replica = auditor.replica();
    let written = world.store.write_audit_head(replica, head, version).await;
    match written {
        Ok(Some(version)) => *world.stored_head.0.lock() = (Some(head), version),
        Ok(None) => stored_by_another(world, auditor, head).await,
        Err(error) => {
            tracing::warn!(%error, "the last line of the audit was not stored in Vault");
        }
    }
}

/// The document has another version than the one that we know: our own write, whose answer
/// was lost, or that of another process.
async fn stored_by_another(world: &World, auditor: &Auditor, head: Head) {
    let replica = auditor.replica();
    match world.store.audit_head(replica).await {
        Ok((found, version)) => {
            let ours = found.is_some_and(|found| found.number <= head.number);
            if !ours {
                tracing::error!(
                    replica,
                    "another process writes an audit under this name: give each replica a name of its own (`[audit] replica`)"
                );
            }
            // The next time it is written over this version.
            *world.stored_head.0.lock() = (found, version);
        }
        Err(error) => {
            tracing::warn!(%error, "the last line of the audit that Vault knows was not read");
        }
    }
}
