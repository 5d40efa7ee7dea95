//! The daemon as it runs, with a log that can be read.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::scene::Scene;
use super::support::{bare_http, series};
use super::systemd::{PATIENCE, Systemd};

/// A daemon whose log goes to a file.
pub(crate) struct Running {
    daemon: Child,
    log: PathBuf,
    url: String,
    http: reqwest::Client,
}

impl Running {
    pub(crate) async fn start(scene: &Scene, systemd: &Systemd) -> Self {
        Self::start_as(scene.daemon(), systemd).await
    }

    /// The same with a command that runs the daemon.
    pub(crate) async fn start_as(mut command: Command, systemd: &Systemd) -> Self {
        let log = systemd.folder().join("daemon.log");
        command
            .env("NOTIFY_SOCKET", systemd.path())
            .env("WATCHDOG_USEC", "2000000")
            .env_remove("WATCHDOG_PID")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file"));
        let daemon = command.spawn().expect("the binary runs");
        systemd.hears("READY=1").await;
        let address = address_in(&log).await;
        Self {
            daemon,
            log,
            url: format!("http://{address}"),
            http: bare_http(),
        }
    }

    pub(crate) async fn metrics(&self) -> String {
        let answer = self.http.get(format!("{}/metrics", self.url)).send().await;
        let text = answer.expect("an answer").text().await.expect("text");
        series::assert_few(&text);
        text
    }

    /// Where it is served.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let waited = async {
            while !wanted(&self.metrics().await) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waited).await.is_err() {
            panic!("{what}: {}\n{}", self.metrics().await, self.log());
        }
    }

    /// Waits until the log holds these words.
    pub(crate) async fn says(&self, words: &str) {
        let told = async {
            while !self.log().contains(words) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, told).await.is_err() {
            panic!("{words:?} is missing in {}", self.log());
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("read")
    }

    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self
            .daemon
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("still running"), signal).expect("told");
    }

    /// Asks it to end; returns its whole log.
    pub(crate) async fn end(mut self) -> String {
        self.signal(Signal::TERM);
        let ended = tokio::time::timeout(PATIENCE, self.daemon.wait()).await;
        let status = ended.expect("in time").expect("waited for");
        let log = self.log();
        assert!(status.success(), "{log}");
        log
    }
}

/// The address that the log tells. The log is written beside the work.
async fn address_in(log: &Path) -> String {
    let told = async {
        loop {
            let said = std::fs::read_to_string(log).expect("read");
            let rest = said.split_once("address=").map(|(_, rest)| rest);
            if let Some((address, _)) = rest.and_then(|rest| rest.split_once(' ')) {
                return address.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    told.expect("its address")
}
