//! Messages to systemd, if it started this process (`Type=notify`).

use std::fmt;
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sd_notify::NotifyState;
use tokio::time::Instant;

use crate::environment;

/// Where messages go. It never waits: an error of the kind `WouldBlock` means that
/// systemd does not read.
type Sink = Box<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// Reports the state of the service to systemd. Without systemd it does
/// nothing.
pub struct Notifier {
    send: Option<Sink>,
    watchdog: Option<Duration>,
    last_ping: Mutex<Option<Instant>>,
    last_status: Mutex<String>,
    /// The last message that systemd must have, if its socket was full.
    unsent: Mutex<Option<String>>,
    lost: AtomicU64,
}

impl Notifier {
    /// Sends to the socket that systemd named in the environment, if any.
    #[must_use]
    pub fn from_environment() -> Self {
        let socket = environment::variable("NOTIFY_SOCKET").filter(|path| !path.is_empty());
        let send = socket.map(|path| Box::new(move |text: &str| send(&path, text)) as Sink);
        Self::new(send, sd_notify::watchdog_enabled())
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
            unsent: Mutex::new(None),
            lost: AtomicU64::new(0),
        }
    }

    /// Whether systemd started this process: else nobody is told anything.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.send.is_some()
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

    /// Notifies the watchdog, at most twice in its interval, and sends again what
    /// systemd had no room for.
    pub(super) fn keep_alive(&self) {
        self.send_unsent();
        let Some(interval) = self.watchdog else {
            return;
        };
        let mut last = self.last_ping.lock();
        if last.is_none_or(|at| at.elapsed() >= interval / 2) {
            *last = Some(Instant::now());
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    /// How many messages were lost because systemd did not read.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        let lines: Vec<String> = state.iter().map(ToString::to_string).collect();
        let text = lines.join("\n");
        let is_ping = matches!(state, [NotifyState::Watchdog]);
        // What comes before is sent before.
        if !self.send_unsent() || !self.send(&text) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            if !is_ping {
                *self.unsent.lock() = Some(text);
            }
        }
    }

    /// Sends what systemd had no room for. Returns whether nothing is left.
    fn send_unsent(&self) -> bool {
        let mut unsent = self.unsent.lock();
        if unsent.as_ref().is_none_or(|text| self.send(text)) {
            *unsent = None;
        }
        unsent.is_none()
    }

    /// Returns whether the message is dealt with: `false` if systemd does not read now.
    fn send(&self, text: &str) -> bool {
        let Some(send) = &self.send else {
            return true;
        };
        match send(text) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                tracing::warn!(%error, "systemd could not be told; it may restart the service");
                true
            }
        }
    }
}

/// Sends a datagram to systemd's socket, without waiting for room in it. A name that
/// begins with `@` is an abstract one.
fn send(path: &str, text: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let address = match path.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(path)?,
    };
    socket.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
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
            let send = move |text: &str| {
                heard.0.lock().push(text.to_owned());
                Ok(())
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

    /// A socket that nobody reads fills up.
    #[test]
    fn a_full_socket_costs_messages_and_no_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).expect("a socket");
        let path = path.to_str().expect("a text").to_owned();
        let sink: Sink = Box::new(move |text| send(&path, text));
        let notifier = Notifier::new(Some(sink), None);
        let mut number = 0;
        while notifier.lost() == 0 {
            number += 1;
            notifier.status(&format!("status {number}"));
            assert!(number < 1_000_000, "the socket never fills up");
        }
        notifier.ready("ready");
        assert!(notifier.lost() >= 2);
        let mut text = [0; 100];
        systemd.set_nonblocking(true).expect("set");
        while systemd.recv(&mut text).is_ok() {}
        notifier.keep_alive();
        let read = systemd.recv(&mut text).expect("what was unsent");
        assert_eq!(&text[..read], b"READY=1\nSTATUS=ready");
    }
}
