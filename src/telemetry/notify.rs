//! Messages to systemd, if it started this process (`Type=notify`).

use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use sd_notify::NotifyState;
use tokio::time::Instant;

/// Where messages go.
type Sink = Box<dyn Fn(&[NotifyState<'_>]) + Send + Sync>;

/// Reports the state of the service to systemd. Without systemd it does
/// nothing.
pub struct Notifier {
    send: Option<Sink>,
    watchdog: Option<Duration>,
    last_ping: Mutex<Option<Instant>>,
    last_status: Mutex<String>,
}

impl Notifier {
    /// Sends to the socket that systemd named in the environment, if any.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Some(Box::new(send)), sd_notify::watchdog_enabled())
    }

    /// Sends nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(None, None)
    }

    fn new(send: Option<Sink>, watchdog: Option<Duration>) -> Self {
        Self {
            send,
            watchdog,
            last_ping: Mutex::new(None),
            last_status: Mutex::new(String::new()),
        }
    }

    /// The configuration is valid and the server listens.
    pub fn ready(&self, status: &str) {
        self.remember(status);
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The state in words, for `systemctl status`; sent if it differs from the
    /// last one.
    pub fn status(&self, status: &str) {
        if self.remember(status) {
            self.tell(&[NotifyState::Status(status)]);
        }
    }

    /// Whether it differs from the last one.
    fn remember(&self, status: &str) -> bool {
        let mut last = self.last_status.lock();
        let differs = *last != status;
        status.clone_into(&mut last);
        differs
    }

    /// The configuration is being read again; [`Notifier::ready`] follows.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// The process ends as requested.
    pub fn stopping(&self, status: &str) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// Notifies the watchdog, at most twice in its interval.
    pub(super) fn keep_alive(&self) {
        let Some(interval) = self.watchdog else {
            return;
        };
        let mut last = self.last_ping.lock();
        if last.is_none_or(|at| at.elapsed() >= interval / 2) {
            *last = Some(Instant::now());
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        if let Some(send) = &self.send {
            send(state);
        }
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told; it may restart the service");
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier")
            .field("watchdog", &self.watchdog)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::telemetry::health::Health;

    /// The messages that were sent.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl Heard {
        fn notifier(&self, watchdog: Option<Duration>) -> Notifier {
            let heard = self.clone();
            let send = move |state: &[NotifyState<'_>]| {
                let lines: Vec<String> = state.iter().map(ToString::to_string).collect();
                heard.0.lock().push(lines.join("\n"));
            };
            Notifier::new(Some(Box::new(send)), watchdog)
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn systemd_hears_what_it_must() {
        let heard = Heard::default();
        let notifier = heard.notifier(None);
        notifier.ready("1 token: 1 fresh");
        notifier.status("1 token: 1 delivering");
        notifier.status("1 token: 1 delivering");
        notifier.reloading();
        notifier.stopping("stopping");
        notifier.ready("1 token: 1 fresh");
        notifier.status("1 token: 1 fresh");
        let mut heard = heard.take();
        assert_eq!(
            heard.pop().as_deref(),
            Some("READY=1\nSTATUS=1 token: 1 fresh")
        );
        assert_eq!(heard[0], "READY=1\nSTATUS=1 token: 1 fresh");
        assert_eq!(heard[1], "STATUS=1 token: 1 delivering");
        assert!(
            heard[2].starts_with("RELOADING=1\nMONOTONIC_USEC="),
            "{heard:?}"
        );
        assert_eq!(heard[3..], ["STOPPING=1\nSTATUS=stopping"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_is_fed_twice_in_its_interval_and_only_by_beats() {
        let heard = Heard::default();
        let health = Health::new(heard.notifier(Some(Duration::from_secs(30))));
        for _ in 0..30 {
            health.beat();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(heard.take(), ["WATCHDOG=1", "WATCHDOG=1"]);
        tokio::time::advance(Duration::from_secs(600)).await;
        health.notifier().status("stuck");
        assert_eq!(heard.take(), ["STATUS=stuck"], "only a beat feeds it");

        let unwatched = Health::new(heard.notifier(None));
        unwatched.beat();
        assert_eq!(heard.take(), [""; 0]);
    }
}
