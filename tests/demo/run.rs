//! A run of the binary, and what it said.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longest time until the next line is said.
const PATIENCE: Duration = Duration::from_secs(180);

/// A demo that tells events as JSON, with a folder for its temporary files.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
    folder: TempDir,
}

/// How a command ended, and what it said.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    folder: Option<TempDir>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::of(&["demo", "--output", "json"], args)
    }

    /// A demo that tells what happens as text.
    pub(crate) fn for_people(args: &[&str]) -> Self {
        Self::of(&["demo"], args)
    }

    fn of(command: &[&str], args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = binary()
            .args(command)
            .args(args)
            .env("TMPDIR", folder.path())
            .current_dir("/")
            .spawn()
            .expect("the binary runs");
        let out = child.stdout.take().expect("piped");
        Self {
            child,
            lines: BufReader::new(out).lines(),
            said: Vec::new(),
            folder,
        }
    }

    async fn next(&mut self) -> Option<String> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("it goes on").expect("text")?;
        self.said.push(line.clone());
        Some(line)
    }

    /// Waits for an event.
    pub(crate) async fn until(&mut self, event: &str) -> Value {
        while let Some(line) = self.next().await {
            let line = object(&line);
            if line["event"] == event {
                return line;
            }
        }
        panic!("it ended before `{event}`: {:#?}", self.said);
    }

    /// Waits for a line of text with these words.
    pub(crate) async fn until_line(&mut self, words: &str) {
        while let Some(line) = self.next().await {
            if line.contains(words) {
                return;
            }
        }
        panic!("it ended before `{words}`: {:#?}", self.said);
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it can be told");
    }

    fn id(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).expect("it runs")
    }

    /// The processes that it has started and that run.
    pub(crate) fn children(&self) -> Vec<Pid> {
        let id = self.id().as_raw_nonzero();
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).expect("it runs");
        let lists = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
        let ids: Vec<String> = lists.collect();
        let ids = ids.iter().flat_map(|list| list.split_whitespace());
        ids.filter_map(|id| Pid::from_raw(id.parse().ok()?))
            .collect()
    }

    pub(crate) async fn end(mut self) -> Ran {
        while self.next().await.is_some() {}
        let mut err = String::new();
        let mut pipe = self.child.stderr.take().expect("piped");
        pipe.read_to_string(&mut err).await.expect("text");
        let status = timeout(PATIENCE, self.child.wait()).await;
        Ran {
            code: status.expect("it ends").expect("a status").code(),
            out: self.said.join("\n"),
            err,
            folder: Some(self.folder),
        }
    }
}

impl Ran {
    /// Runs any command to its end.
    pub(crate) async fn of(args: &[&str]) -> Self {
        let output = timeout(PATIENCE, binary().args(args).output());
        let output = output.await.expect("it ends").expect("the binary runs");
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
            folder: None,
        }
    }

    fn events(&self) -> impl Iterator<Item = Value> {
        self.out.lines().map(object)
    }

    pub(crate) fn count(&self, event: &str) -> usize {
        self.events().filter(|line| line["event"] == event).count()
    }

    /// Whether there is such an event with this value.
    pub(crate) fn has(&self, event: &str, key: &str, value: &str) -> bool {
        self.events()
            .any(|line| line["event"] == event && line[key] == value)
    }

    /// The last event.
    pub(crate) fn summary(&self) -> Value {
        let last = self.events().last().expect("it said something");
        assert_eq!(last["event"], "summary", "{self:?}");
        last
    }

    /// The broken part recovered, tokens turned over, nothing was refused, and
    /// nothing was left or given away.
    pub(crate) fn went_well(&self, part: Option<&str>) {
        let summary = self.summary();
        assert_eq!(self.code, Some(0), "{part:?} {self:?}");
        assert_eq!(summary["refused"], 0, "{part:?} {self:?}");
        assert_eq!(summary["result"], "success", "{part:?} {self:?}");
        let count = |key: &str| summary[key].as_u64().expect("a number");
        assert!(count("rotations") >= 2, "{part:?} {self:?}");
        assert!(count("retired") >= 1, "{part:?} {self:?}");
        match part {
            None => assert_eq!(summary["broken"], Value::Null, "{self:?}"),
            Some(part) => {
                assert_eq!(summary["broken"]["part"], part, "{self:?}");
                assert_eq!(summary["broken"]["recovered"], true, "{self:?}");
            }
        }
        assert!(self.has("promoted", "token", "crm"), "{part:?} {self:?}");
        assert!(self.count("provisioning") >= 2, "{part:?} {self:?}");
        assert!(self.events().all(|line| line["at"].is_string()));
        // Every secret of the demo begins with one of these.
        for secret in ["demo_", "wiki_", "demo-admin-", "hvs."] {
            assert!(!self.out.contains(secret), "{secret}: {part:?} {self:?}");
        }
        assert_eq!(self.err, "", "{part:?}");
        self.left_nothing();
    }

    pub(crate) fn left_nothing(&self) {
        let folder = self.folder.as_ref().expect("one of its own");
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("there").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
