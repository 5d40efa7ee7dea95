//! The daemon in a process of its own, so that it can be killed. It is the real
//! binary; its log shows what it does.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Scene;
use crate::cli::output::complain;
use crate::rotation::reason::Reason;
use crate::telemetry::result::StepResult;

/// Time after which a process that was asked to end is killed.
const GRACE: Duration = Duration::from_secs(20);

/// Runs the process until it is cancelled. Each `kill` kills it with SIGKILL
/// and starts it again.
///
/// # Errors
/// If it cannot be started, or ends by itself.
pub(super) async fn run(
    scene: &Scene,
    kill: &Notify,
    cancel: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let (mut child, mut lines) = start(scene)?;
        let id = child.id();
        let end = tokio::select! {
            () = follow(scene, &mut lines) => End::ByItself,
            () = kill.notified() => End::Killed,
            () = cancel.cancelled() => End::Told,
        };
        match end {
            End::Killed => {
                child
                    .start_kill()
                    .context("the daemon could not be killed")?;
                let status = child.wait().await?;
                restart(scene, id, status, cancel).await;
                if cancel.is_cancelled() {
                    return Ok(());
                }
            }
            End::Told => return stop(scene, child, &mut lines).await,
            End::ByItself => {
                let status = child.wait().await?;
                anyhow::bail!("its process ended with {status}; --verbose shows its log");
            }
        }
    }
}

enum End {
    ByItself,
    Killed,
    Told,
}

type Log = Lines<BufReader<ChildStderr>>;

fn start(scene: &Scene) -> anyhow::Result<(Child, Log)> {
    let program = std::env::current_exe().context("the program's own file is not known")?;
    let mut child = Command::new(program)
        .arg("--config")
        .arg(scene.stage.config())
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // It must not send messages to a service manager that watches our
        // process.
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .env_remove("WATCHDOG_PID")
        .kill_on_drop(true)
        // Ctrl-C at the terminal is for us alone: we end it with one signal, since a
        // second one would end it in the middle of a step.
        .process_group(0)
        .spawn()
        .context("the daemon could not be started")?;
    let log = child.stderr.take().context("the daemon has no log")?;
    Ok((child, BufReader::new(log).lines()))
}

async fn restart(scene: &Scene, id: Option<u32>, status: ExitStatus, cancel: &CancellationToken) {
    let pause = scene.stage.pace.restart();
    let text = format!(
        "was killed: process {}, {status}; it is started again in {} s",
        id.unwrap_or_default(),
        pause.as_secs()
    );
    scene.tell("daemon", &text, json!({ "event": "killed", "pid": id }));
    tokio::select! {
        () = scene.clock.sleep(pause) => {}
        () = cancel.cancelled() => {}
    }
}

/// Ends the process as a service manager would.
async fn stop(scene: &Scene, mut child: Child, lines: &mut Log) -> anyhow::Result<()> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // It may have ended meanwhile.
        kill_process(pid, Signal::TERM).ok();
    }
    let ended = async {
        follow(scene, lines).await;
        child.wait().await
    };
    match tokio::time::timeout(GRACE, ended).await {
        Ok(status) => {
            let status = status?;
            // It may not have listened to signals yet.
            let at_once = status.signal() == Some(Signal::TERM.as_raw());
            anyhow::ensure!(
                status.success() || at_once,
                "it ended with {status} when told to"
            );
        }
        Err(_) => anyhow::bail!("it did not end when told to"),
    }
    Ok(())
}

/// Shows the log until it ends.
async fn follow(scene: &Scene, lines: &mut Log) {
    let mut waits = Waits::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if scene.verbose {
            complain(&format!("{line}\n"));
        }
        // A line that is not JSON is not from the log.
        if let Ok(entry) = serde_json::from_str::<Entry>(&line) {
            entry.show(scene, &mut waits);
        }
    }
}

/// The reason for which each token waits, as last shown.
type Waits = BTreeMap<String, String>;

/// A log line of the daemon: the parts that are shown.
#[derive(Deserialize)]
struct Entry {
    message: String,
    address: Option<String>,
    token: Option<String>,
    step: Option<String>,
    #[serde(default)]
    connection: String,
    #[serde(default)]
    millis: u64,
    result: Option<String>,
    trouble: Option<String>,
    generation: Option<u64>,
    next: Option<String>,
    reason: Option<String>,
    wake_at: Option<Timestamp>,
    error: Option<String>,
}

impl Entry {
    fn show(&self, scene: &Scene, waits: &mut Waits) {
        if let Some(address) = &self.address {
            return scene.tell_listening(address);
        }
        let Some(token) = &self.token else {
            return;
        };
        if let Some(step) = &self.step {
            if step != "verify" {
                waits.remove(token);
            }
            return self.show_step(scene, token, step);
        }
        if self.message == "a new token is in use"
            && let Some(generation) = self.generation
        {
            scene.telling.promoted(scene.clock.now(), token, generation);
            return scene.tally.in_use(token, generation);
        }
        if let Some(generation) = self.generation {
            scene.tally.in_use(token, generation);
        }
        if let (Some("wait"), Some(reason)) = (self.next.as_deref(), &self.reason) {
            let is_new = waits.insert(token.clone(), reason.clone()).as_ref() != Some(reason);
            if let Some(reason) = Reason::from_word(reason).filter(|_| is_new) {
                let now = scene.clock.now();
                scene.telling.waits(now, token, reason, self.wake_at);
            }
            return;
        }
        if let Some(error) = &self.error {
            scene.telling.unstored(scene.clock.now(), token, error);
        }
    }

    fn show_step(&self, scene: &Scene, token: &str, step: &str) {
        let no_proof = StepResult::NoProofYet;
        let result = match &self.trouble {
            Some(trouble) => StepResult::Trouble(trouble),
            None if self.result.as_deref() == Some(no_proof.as_str()) => no_proof,
            None => StepResult::Done,
        };
        if result == StepResult::Done {
            scene.tally.done(token, step);
        }
        let connection = Some(self.connection.as_str()).filter(|name| !name.is_empty());
        let step = (step, connection, self.millis);
        let now = scene.clock.now();
        scene.telling.step_ended(now, token, step, result);
    }
}
