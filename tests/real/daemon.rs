//! `run` as a process of its own.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use super::commands::BINARY;
use super::house::{Heard, House};
use super::support::{bare_http, series};
use super::wait::eventually;

/// What a person may look at while it runs.
const PAGES: [&str; 11] = [
    "/metrics",
    "/healthz",
    "/readyz",
    "/api/v1/tokens",
    "/api/v1/state",
    "/api/v1/connections",
    "/api/v1/tokens/crm",
    "/api/v1/tokens/crm/history",
    "/api/v1/plan",
    "/tokens/crm",
    "/",
];

/// Lines of its log that are shown when a test fails.
const LAST_LINES: usize = 80;

/// A running daemon; it is killed when dropped.
pub struct Daemon {
    process: Child,
    url: String,
    heard: Heard,
    readers: Vec<JoinHandle<()>>,
    http: reqwest::Client,
}

impl House {
    /// Starts `run` with this configuration and waits until its server answers.
    pub async fn run(&self, sections: &str) -> Daemon {
        self.run_with(sections, &[]).await
    }

    /// The same, with variables in its environment.
    pub async fn run_with(&self, sections: &str, environment: &[(&str, &str)]) -> Daemon {
        let url = self.configure(sections);
        self.start("scim-rotator.toml", url, environment).await
    }

    /// One of several daemons with the same configuration, each with its own
    /// port and log.
    pub async fn run_replica(&self, number: usize, sections: &str) -> Daemon {
        let file = format!("replica-{number}.toml");
        let url = self.configure_as(&file, sections);
        self.configure(sections);
        self.start(&file, url, &[]).await
    }

    async fn start(&self, file: &str, url: String, environment: &[(&str, &str)]) -> Daemon {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(self.path(file)).arg("run");
        command.env_clear().envs(environment.iter().copied());
        let mut daemon = Daemon::spawn(command, url, self.heard());
        eventually("the daemon answers", async || {
            assert_eq!(daemon.ended(), None, "it ended at once");
            (daemon.get("/healthz").await?.0 == 200).then_some(())
        })
        .await;
        daemon
    }
}

impl Daemon {
    fn spawn(mut command: Command, url: String, heard: &Heard) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = process.stdout.take().expect("a pipe");
        let stderr = process.stderr.take().expect("a pipe");
        let readers = vec![
            listen(stdout, heard, "run: stdout"),
            listen(stderr, heard, "run: stderr"),
        ];
        Self {
            process,
            url,
            heard: Heard::clone(heard),
            readers,
            http: bare_http(),
        }
    }

    /// Where its server listens, `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.url
    }

    /// Status and body of one of its pages; `None` if it does not answer.
    pub async fn get(&self, page: &str) -> Option<(u16, String)> {
        let answer = self.http.get(format!("{}{page}", self.url)).send().await;
        let answer = answer.ok()?;
        let status = answer.status().as_u16();
        let body = answer.text().await.ok()?;
        if page == "/metrics" {
            series::assert_few(&body);
        }
        let mut heard = self.heard.lock();
        let said = heard.entry(page.to_owned()).or_default();
        said.extend_from_slice(body.as_bytes());
        Some((status, body))
    }

    /// One sample of its metrics, by name with labels.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let (_, body) = self.get("/metrics").await?;
        let mut lines = body.lines();
        lines.find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    /// Why it acts or waits for a token.
    pub async fn reason(&self, token: &str) -> Option<String> {
        let (_, body) = self.get(&format!("/api/v1/tokens/{token}")).await?;
        let shown: serde_json::Value = serde_json::from_str(&body).ok()?;
        Some(shown["reason"].as_str()?.to_owned())
    }

    /// Waits until it acts or waits for this reason.
    pub async fn until_reason(&self, token: &str, reason: &str) {
        eventually(&format!("{token}: {reason}"), async || {
            (self.reason(token).await? == reason).then_some(())
        })
        .await;
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        let heard = self.heard.lock();
        let said = heard.get("run: stderr").map(Vec::as_slice);
        String::from_utf8_lossy(said.unwrap_or_default()).into_owned()
    }

    /// Kills it, as a power cut would.
    pub fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
        self.join();
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Has it read its configuration again, and open its files anew.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Takes the processor away from it, as a paused virtual machine does.
    pub fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    /// Gives it back.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("it runs");
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("a child of ours")
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> ExitStatus {
        let status = eventually("the daemon ends", async || self.ended()).await;
        self.join();
        status
    }

    /// Looks at every page, asks it to end, and waits until it has.
    pub async fn stop(mut self) {
        for page in PAGES {
            self.get(page).await.expect(page);
        }
        self.terminate();
        let status = self.wait().await;
        assert!(status.success(), "it ended with {status}");
    }

    fn join(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        if std::thread::panicking() {
            let log = self.log();
            let all: Vec<_> = log.lines().collect();
            let last = &all[all.len().saturating_sub(LAST_LINES)..];
            eprintln!("--- the end of its log:\n{}\n---", last.join("\n"));
        }
    }
}

fn listen(mut pipe: impl Read + Send + 'static, heard: &Heard, source: &str) -> JoinHandle<()> {
    let (heard, source) = (Heard::clone(heard), source.to_owned());
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            let mut heard = heard.lock();
            let said = heard.entry(source.clone()).or_default();
            said.extend_from_slice(&buffer[..length]);
        }
    })
}
