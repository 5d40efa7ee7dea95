//! TERM and INT: they end the work between two steps.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::telemetry::logging;

/// TERM and INT. Once they are listened to, they do not end the process by
/// themselves.
pub(super) struct Signals {
    term: Signal,
    int: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the signals cannot be listened to.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hangup: None,
        })
    }

    /// The same with HUP, which a terminal sends when it is closed.
    ///
    /// # Errors
    /// If the signals cannot be listened to.
    pub(super) fn of_terminal() -> std::io::Result<Self> {
        Ok(Self {
            hangup: Some(signal(SignalKind::hangup())?),
            ..Self::listen()?
        })
    }

    /// Waits for the next signal; returns its name.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "TERM",
            _ = self.int.recv() => "INT",
            () = received(self.hangup.as_mut()) => "HUP",
        }
    }
}

/// Waits for a signal that may not be listened to.
async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Waits for TERM or INT and cancels. A second signal ends the process at once,
/// which is safe: every effect is preceded by a commit.
///
/// # Errors
/// If the signals cannot be listened to.
pub(super) async fn cancel_on_signal(cancel: &CancellationToken) -> std::io::Result<()> {
    let mut signals = Signals::listen()?;
    let signal = signals.next().await;
    tracing::info!(signal, "ending: the running step is finished first");
    cancel.cancel();
    signals.next().await;
    tracing::warn!(
        "ended at once by a second signal; a step in flight is completed at the next start"
    );
    logging::flush();
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
