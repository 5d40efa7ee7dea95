//! TERM and INT end the work between two steps.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Waits for TERM or INT and cancels. A second one ends the process at once:
/// everything that matters is stored before it happens.
///
/// # Errors
/// When the signals cannot be listened to.
pub(super) async fn cancel_on_signal(cancel: &CancellationToken) -> std::io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let name = tokio::select! {
        _ = term.recv() => "TERM",
        _ = int.recv() => "INT",
    };
    tracing::info!(signal = name, "ending: the running step is finished first");
    cancel.cancel();
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::warn!(
        "ended at once by a second signal; a step in flight is completed at the next start"
    );
    std::process::exit(1)
}

/// Runs `work`, which ends when `cancel` is cancelled, and cancels on a signal.
pub(super) async fn until_signal<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => done,
        failed = cancel_on_signal(cancel) => {
            if let Err(error) = failed {
                tracing::warn!(%error, "signals cannot be listened to; KILL ends this process");
            }
            work.await
        }
    }
}
