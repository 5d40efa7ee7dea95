//! What a service manager and an operator hear of the daemon from start to end.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixDatagram;

use super::scene::{Ran, Scene};

/// Nothing here takes so long, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_tells_systemd_how_it_fares_and_ends_cleanly() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let mut command = scene.daemon();
    command
        .env("NOTIFY_SOCKET", systemd.path())
        .env("WATCHDOG_USEC", "2000000")
        .env_remove("WATCHDOG_PID")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let daemon = command.spawn().expect("the binary runs");

    let ready = systemd.hears("READY=1").await;
    assert!(ready.contains("\nSTATUS=started"), "{ready}");
    systemd.hears("STATUS=1 token: 1 fine").await;
    systemd.hears("WATCHDOG=1").await;
    systemd.hears("WATCHDOG=1").await;

    let pid = daemon.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(pid.expect("still running"), Signal::TERM).expect("told to end");
    systemd.hears("STOPPING=1").await;
    let ended = tokio::time::timeout(PATIENCE, daemon.wait_with_output()).await;
    let ran = Ran::from(ended.expect("in time").expect("waited for"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("ended: every step is stored"), "{ran:?}");
    assert!(!ran.err.contains("tokio_cron_scheduler"), "{ran:?}");
}

/// The socket of a service manager.
pub(crate) struct Systemd {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Systemd {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        Self { socket, folder }
    }

    /// Where it listens.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("notify")
    }

    /// A folder of its own.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Receives messages for as long as it is polled: a daemon whose messages
    /// nobody receives stops when the socket is full.
    pub(crate) async fn drain(&self) {
        let mut buffer = [0; 4096];
        while self.socket.recv(&mut buffer).await.is_ok() {}
    }

    /// The next message that begins with this.
    pub(crate) async fn hears(&self, beginning: &str) -> String {
        let mut buffer = [0; 4096];
        let mut heard = Vec::new();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.recv(&mut buffer)).await;
            let Ok(length) = next else {
                panic!("no `{beginning}` after {heard:?}");
            };
            let message = String::from_utf8_lossy(&buffer[..length.expect("received")]);
            if message.starts_with(beginning) {
                return message.into_owned();
            }
            heard.push(message.into_owned());
        }
    }
}
