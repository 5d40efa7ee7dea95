//! Messages to systemd, where it started us (`Type=notify`).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::Instant;

/// Tells systemd how the service fares. Does nothing where nobody listens.
pub struct Notifier {
    send: Option<fn(&[NotifyState<'_>])>,
    watchdog: Option<Duration>,
    last_ping: Mutex<Option<Instant>>,
    last_status: Mutex<String>,
}

impl Notifier {
    /// Talks to the socket that systemd named in the environment, if any.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Some(send), sd_notify::watchdog_enabled())
    }

    /// Talks to nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(None, None)
    }

    fn new(send: Option<fn(&[NotifyState<'_>])>, watchdog: Option<Duration>) -> Self {
        Self {
            send,
            watchdog,
            last_ping: Mutex::new(None),
            last_status: Mutex::new(String::new()),
        }
    }

    /// The configuration is valid and the server listens.
    pub fn ready(&self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The state in words, as `systemctl status` shows it; sent when it
    /// differs from the last one.
    pub fn status(&self, status: &str) {
        let mut last = self
            .last_status
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *last != status {
            status.clone_into(&mut last);
            self.tell(&[NotifyState::Status(status)]);
        }
    }

    /// The configuration is read again; followed by [`Notifier::ready`].
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// The process ends on purpose.
    pub fn stopping(&self, status: &str) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// Keeps the watchdog quiet; sent at most twice in its interval.
    pub(super) fn keep_alive(&self) {
        let Some(interval) = self.watchdog else {
            return;
        };
        let mut last = self
            .last_ping
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|at| at.elapsed() >= interval / 2) {
            *last = Some(Instant::now());
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        if let Some(send) = self.send {
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
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    use super::*;
    use crate::telemetry::health::Health;

    /// Runs in a process of its own, with the environment that systemd sets.
    #[test]
    #[ignore = "started by `systemd_hears_what_it_must`"]
    fn child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("runtime");
        runtime.block_on(async {
            let health = Health::new(Notifier::from_environment());
            let notifier = health.notifier();
            notifier.ready("1 token: 1 fresh");
            notifier.status("1 token: 1 delivering");
            notifier.status("1 token: 1 delivering");
            for _ in 0..30 {
                health.beat();
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            notifier.reloading();
            notifier.stopping("stopping");
        });
    }

    #[test]
    fn systemd_hears_what_it_must() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("socket");
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .expect("timeout");
        let this = std::env::current_exe().expect("this test binary");
        let status = Command::new(this)
            .args(["--exact", "telemetry::notify::tests::child", "--ignored"])
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "30000000")
            .env_remove("WATCHDOG_PID")
            .stdout(std::process::Stdio::null())
            .status()
            .expect("child");
        assert!(status.success());
        let mut heard = Vec::new();
        let mut buffer = [0; 512];
        while !heard.iter().any(|m: &String| m.contains("STOPPING=1")) {
            let length = socket.recv(&mut buffer).expect("one more message");
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        let heard: Vec<&str> = heard.iter().map(|m| m.trim_end()).collect();
        assert_eq!(heard[0], "READY=1\nSTATUS=1 token: 1 fresh");
        assert_eq!(heard[1], "STATUS=1 token: 1 delivering");
        assert_eq!(heard[2..4], ["WATCHDOG=1", "WATCHDOG=1"]);
        assert!(
            heard[4].starts_with("RELOADING=1\nMONOTONIC_USEC="),
            "{heard:?}"
        );
        assert_eq!(heard[5..], ["STOPPING=1\nSTATUS=stopping"]);
    }
}
