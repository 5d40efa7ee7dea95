//! Runs one program: own process group, clean environment, bounded time and
//! output, and nobody left behind.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::confinement::Confinement;
use super::left_behind::{self, Known};

/// Most bytes that are kept of each output stream.
pub(crate) const OUTPUT_CAP: usize = 64 * 1024;

/// Between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(2);

/// How long the kernel may take to remove a killed process.
const REMOVAL: Duration = Duration::from_secs(5);

/// How long the rest of the output is read after the program has ended, if
/// something that it left in the background holds the output open.
const REST: Duration = Duration::from_millis(250);

/// What is run.
pub(crate) struct Program {
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) working_dir: PathBuf,
    pub(crate) confinement: Confinement,
}

/// How long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
}

/// What came of it.
pub(crate) struct Finished {
    /// `None`: it did not end in time, and its process group was killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
}

/// The beginning of an output stream.
#[derive(Default)]
pub(crate) struct Captured {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) overflowed: bool,
}

/// Runs the program with this input.
///
/// # Errors
/// Only when it could not be started.
pub(crate) async fn run(
    program: Program,
    input: Zeroizing<Vec<u8>>,
    limits: Limits,
) -> io::Result<Finished> {
    let confinement = program.confinement.clone();
    let started = confinement.start(move || Group::spawn(&program));
    let (mut group, pipes) = started.await?;
    let mut stdout = Captured::default();
    let mut stderr = Captured::default();
    let ended = {
        let exchange = exchange(pipes, &input, &mut stdout, &mut stderr);
        tokio::pin!(exchange);
        let mut closed = false;
        let orderly = async {
            tokio::select! {
                () = exchange.as_mut() => closed = true,
                status = group.wait() => return status,
            }
            group.wait().await
        };
        match timeout(limits.timeout, orderly).await {
            Ok(status) => {
                // What the program left in the background may hold its output
                // open. The program's own output is there already.
                if !closed && timeout(REST, exchange).await.is_err() {
                    tracing::debug!("a program has ended and left others that hold its output");
                }
                Some(status?)
            }
            Err(_) => {
                group.end(exchange).await;
                None
            }
        }
    };
    Ok(Finished {
        status: ended,
        stdout,
        stderr,
    })
}

type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// Feeds and listens until the other end has closed everything.
async fn exchange(
    (stdin, stdout, stderr): Pipes,
    input: &[u8],
    out: &mut Captured,
    err: &mut Captured,
) {
    tokio::join!(feed(stdin, input), drain(stdout, out), drain(stderr, err));
}

async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    let Some(mut stdin) = stdin else { return };
    // A program that does not read its input closes the pipe. What it answers
    // tells more than that error.
    if stdin.write_all(input).await.is_err() {
        tracing::debug!("a program did not read its input");
    }
}

async fn drain(stream: Option<impl AsyncRead + Unpin>, into: &mut Captured) {
    let Some(mut stream) = stream else { return };
    let mut chunk = Zeroizing::new(vec![0_u8; 8 * 1024]);
    into.bytes.reserve_exact(OUTPUT_CAP);
    while let Ok(read) = stream.read(&mut chunk).await {
        if read == 0 {
            return;
        }
        let room = OUTPUT_CAP - into.bytes.len();
        into.bytes.extend_from_slice(&chunk[..read.min(room)]);
        into.overflowed |= read > room;
    }
}

/// A child that leads its own process group. The child is not reaped before
/// the group is done with: until then its number cannot belong to anybody else.
struct Group {
    child: Child,
    pid: Option<Pid>,
    _known: Option<Known>,
}

impl Group {
    fn spawn(program: &Program) -> io::Result<(Self, Pipes)> {
        let (path, args) = program
            .argv
            .split_first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut command = Command::new(path);
        command
            .args(args)
            .env_clear()
            .envs(&program.env)
            .current_dir(&program.working_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(user) = program.confinement.user {
            command.uid(user.uid).gid(user.gid);
        }
        let (mut child, known) = left_behind::known(|| {
            let child = command.spawn()?;
            let pid = pid_of(&child);
            io::Result::Ok((child, pid))
        })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pid = pid_of(&child);
        let group = Self {
            child,
            pid,
            _known: known,
        };
        Ok((group, pipes))
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.pid = None;
        status
    }

    /// Asks the whole group to end, then ends it by force, then waits
    /// for the child. `closed` resolves once nobody holds the pipes any more.
    async fn end(&mut self, closed: impl Future<Output = ()>) {
        self.signal(Signal::TERM);
        if timeout(GRACE, closed).await.is_err() {
            tracing::debug!("a program ignored SIGTERM; its process group gets SIGKILL");
        }
        self.signal(Signal::KILL);
        if timeout(REMOVAL, self.wait()).await.is_err() {
            tracing::warn!("a killed program has not gone away; the kernel still holds it");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid
            && kill_process_group(pid, signal).is_err()
        {
            tracing::trace!("nobody is left in the process group");
        }
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    id.and_then(Pid::from_raw)
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
