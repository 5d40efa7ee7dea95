//! Real servers that `tests/parts/*.sh` provide: found, started on a free port,
//! killed when dropped.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a part may take until it listens, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where a part lies; `None`, said loudly, if it is not on this machine. With
/// `CI=true` a missing part is a failure.
pub fn find(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parts = environment("SCIM_ROTATOR_PARTS").unwrap_or_else(|| "target/parts".to_owned());
    let part = root.join(parts).join(name);
    if part.join(".stamp").is_file() {
        return Some(part);
    }
    let missing = format!(
        "the part `{name}` is not at {}: run tests/parts/{name}.sh",
        part.display()
    );
    assert!(
        environment("CI").as_deref() != Some("true"),
        "{missing}, CI must have it"
    );
    eprintln!("SKIPPED: {missing}");
    None
}

/// A file that belongs to a part's recipe.
pub fn recipe(part: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/parts")
        .join(part)
        .join(file)
}

/// A server with all its children; the whole group is killed when dropped. A
/// script that starts the true server would otherwise leave it behind.
pub struct Group {
    process: Child,
    output: std::fs::File,
}

impl Group {
    /// Starts it in a process group of its own. Its output is kept for
    /// [`Group::must_run`].
    pub fn start(mut command: Command) -> Self {
        let output = tempfile::tempfile().expect("a file for the output");
        let copy = || output.try_clone().expect("one more handle");
        let process = command
            .stdin(Stdio::null())
            .stdout(copy())
            .stderr(copy())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        Self { process, output }
    }

    /// Fails with the end of its output if it has ended by itself.
    pub fn must_run(&mut self, name: &str) {
        if let Some(status) = self.ended() {
            let said = self.said();
            panic!("{name} ended by itself ({status}); the end of its output:\n{said}");
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("a child of ours")
    }

    /// The end of its output.
    pub fn said(&self) -> String {
        let length = self.output.metadata().map_or(0, |file| file.len());
        let mut end = vec![0; 4096.min(usize::try_from(length).unwrap_or(0))];
        let begin = length.saturating_sub(end.len() as u64);
        self.output.read_exact_at(&mut end, begin).ok();
        String::from_utf8_lossy(&end).into_owned()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        kill_process_group(Pid::from_child(&self.process), Signal::KILL).ok();
        self.process.wait().ok();
    }
}

/// A running server.
pub struct Running {
    process: Child,
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub base: String,
}

impl Running {
    /// Starts a server that prints `listening URL` once it is ready.
    pub fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        let output = process.stdout.take().expect("a pipe");
        let (found, wait) = mpsc::channel();
        // Goes on reading after the line was found: a full pipe would stop the server.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("listening ") {
                    // Nobody waits any more after the first.
                    found.send(url.to_owned()).ok();
                }
            }
        });
        match wait.recv_timeout(PATIENCE) {
            Ok(base) => Self { process, base },
            Err(_) => {
                process.kill().ok();
                panic!("{command:?} did not say `listening` within {PATIENCE:?}");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the parts are"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
