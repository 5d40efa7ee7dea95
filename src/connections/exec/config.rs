//! Settings of a connection that runs a program.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use super::user::{User, UserName};
use crate::connections::Deps;
use crate::connections::capabilities::CapabilityOverrides;
use crate::files::{self, FileFault};
use crate::http::template::{Context, Names, Template};
use crate::ports::Connection;
use crate::ports::kind::{Kind, LongestCall};
use crate::problem::Problems;
use crate::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, Readback, SideEffects, Writer,
};
use crate::secret::SecretRef;
use crate::value::{HOW, HumanDuration};

/// Shorter than the grace in which a running step may end.
const DEFAULT_TIMEOUT: SignedDuration = SignedDuration::from_secs(20);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const RESERVED: &str = "SCIM_ROTATOR_";

/// `[connections.<name>.exec]`: a program that gives the token to the identity
/// provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecConnection {
    /// Absolute path of the program, and its arguments. Arguments may hold
    /// `{{ token_name }}`, `{{ scim_url }}` and `{{ action }}`.
    pub command: Vec<Template>,
    /// How long one call may take; then its whole process group is killed.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
    /// The environment, besides `PATH` and the `SCIM_ROTATOR_*` variables.
    /// Nothing is inherited.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Absolute path of the working directory.
    #[serde(default = "default_working_dir")]
    pub working_dir: PathBuf,
    /// The user that the program runs as: a name, or `"uid:gid"`. The daemon needs
    /// the right to become it. Default: the daemon's own.
    #[serde(default)]
    pub user: Option<UserName>,
    /// Whether the kernel (Landlock) keeps the program from reading the files that
    /// hold the daemon's credentials, and from gaining rights, as by `sudo`.
    #[serde(default = "default_confine")]
    pub confine: bool,
    /// Whether the program knows the action `confirm`. Default: no.
    #[serde(default)]
    pub confirm: bool,
    /// Whether the program knows the action `preflight`. Default: no.
    #[serde(default)]
    pub preflight: bool,
    /// What the connection can do, where it differs from what follows from the
    /// other keys.
    #[serde(default)]
    pub capabilities: CapabilityOverrides,
}

fn default_timeout() -> HumanDuration {
    HumanDuration(DEFAULT_TIMEOUT)
}

fn default_working_dir() -> PathBuf {
    PathBuf::from("/")
}

fn default_confine() -> bool {
    true
}

/// What arguments may name.
const KNOWN: [&str; 3] = ["token_name", "scim_url", "action"];

impl Kind for ExecConnection {
    type Capabilities = ConnectionCapabilities;
    type Built = dyn Connection;

    fn kind(&self) -> &'static str {
        "exec"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.check_command(path, problems);
        self.check_environment(path, problems);
        if let Err(why) = self.look_up_user() {
            problems.error(
                format!("{path}.user"),
                why,
                "create the user, such as `useradd --system scim-push`",
            );
        }
        let timeout = self.timeout();
        if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
            problems.error(
                format!("{path}.timeout"),
                "the timeout must be longer than 0s and at most 10m",
                "write for example \"30s\"",
            );
        }
        if !self.working_dir.is_absolute() {
            problems.error(
                format!("{path}.working_dir"),
                "the working directory is not an absolute path",
                "begin it with `/`",
            );
        }
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        self.capabilities.over(ConnectionCapabilities {
            writer: Writer::Daemon,
            test: if self.confirm {
                ConnectionTest::Saved
            } else {
                ConnectionTest::None
            },
            write: ConnectionWrite::Merge,
            readback: Readback::Absent,
            side_effects: SideEffects::None,
        })
    }

    /// The program has its own.
    fn credentials(&self) -> Vec<SecretRef> {
        Vec::new()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Connection>, String> {
        Ok(super::build(name, self, Arc::clone(&deps.clock)))
    }

    fn longest_call(&self) -> Option<LongestCall> {
        Some(LongestCall {
            key: "timeout",
            limit: self.timeout.0,
        })
    }

    fn literal_remedy(&self, key: &str) -> &'static str {
        if key.starts_with("env.") {
            "write the path of a file there, and have the program read the secret from it"
        } else {
            HOW
        }
    }
}

/// Why a program is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unrunnable {
    /// Other users may change it.
    #[error("{0}")]
    Unsafe(String),
    /// It is not there, or no program.
    #[error("{0}")]
    Absent(String),
}

fn look_at(file: &Path) -> Result<(), Unrunnable> {
    files::check(file).map_err(|fault| {
        let why = format!("{}: {}", file.display(), fault.told());
        match fault {
            FileFault::Writable { .. }
            | FileFault::WritableFolder { .. }
            | FileFault::Planted { .. } => Unrunnable::Unsafe(why),
            FileFault::Missing
            | FileFault::Denied
            | FileFault::Io(_)
            | FileFault::NotRegular(_)
            | FileFault::TooLong(_)
            | FileFault::Slow => Unrunnable::Absent(why),
        }
    })
}

/// The outcome for an argument that is the path of a file.
fn as_file(argument: &str) -> Option<Result<(), Unrunnable>> {
    let file = Path::new(argument);
    (file.is_absolute() && file.is_file()).then(|| look_at(file))
}

impl ExecConnection {
    fn check_command(&self, path: &str, problems: &mut Problems) {
        let at = format!("{path}.command");
        let Some((program, args)) = self.command.split_first() else {
            problems.error(
                at,
                "no program is named",
                "write command = [\"/usr/local/bin/push-token\"]",
            );
            return;
        };
        if Path::new(program.source()).is_absolute() {
            match self.runnable() {
                Ok(()) => {}
                Err(Unrunnable::Unsafe(why)) => {
                    problems.error(&at, why, "it would be given tokens: let only root write it");
                }
                Err(Unrunnable::Absent(why)) => {
                    problems.warning(&at, why, "install it before the daemon starts");
                }
            }
        } else {
            problems.error(
                &at,
                format!("`{}` is not an absolute path", program.source()),
                "write the whole path: programs are not searched for in PATH",
            );
        }
        let known = Names::new(KNOWN);
        for (index, arg) in args.iter().enumerate() {
            let at = format!("{at}[{}]", index + 1);
            arg.check(&at, &known, problems);
            // A script, where the program is a shell.
            if let Some(Err(Unrunnable::Unsafe(why))) = as_file(arg.source()) {
                problems.error(
                    &at,
                    why,
                    "let only root write it, or name it in another way",
                );
            }
            if arg.source().contains('\0') {
                problems.error(at, "an argument cannot hold a NUL", "remove it");
            }
        }
    }

    fn check_environment(&self, path: &str, problems: &mut Problems) {
        for (name, value) in &self.env {
            let at = format!("{path}.env.{name}");
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                problems.error(
                    at,
                    "this cannot stand in an environment",
                    "a name has no `=`, and neither name nor value has a NUL",
                );
            } else if name.starts_with(RESERVED) {
                problems.error(
                    at,
                    format!("names that begin with {RESERVED} are set by scim-rotator"),
                    "choose another name",
                );
            }
        }
    }

    /// Why the program cannot be run, as far as a look at the file tells.
    pub(super) fn runnable(&self) -> Result<(), Unrunnable> {
        let program = Path::new(self.program());
        look_at(program)?;
        let absent = |what: &str| Unrunnable::Absent(format!("{}: {what}", program.display()));
        let found = std::fs::metadata(program).map_err(|error| absent(&error.to_string()))?;
        if found.permissions().mode() & 0o111 == 0 {
            return Err(absent("it is not an executable file"));
        }
        Ok(())
    }

    /// Whom the program runs as, if not as the daemon.
    pub(super) fn look_up_user(&self) -> Result<Option<User>, String> {
        self.user.as_ref().map(UserName::look_up).transpose()
    }

    pub(super) fn program(&self) -> &str {
        self.command.first().map_or("", Template::source)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout.0.unsigned_abs()
    }

    /// The program and its arguments, with the names replaced.
    pub(super) fn argv(&self, context: &Context) -> Result<Vec<String>, String> {
        let mut argv = vec![self.program().to_owned()];
        for (index, arg) in self.command.iter().enumerate().skip(1) {
            let text = arg
                .text(context)
                .map_err(|why| format!("argument {index} of the program: {why}"))?;
            argv.push(text.as_str().to_owned());
        }
        Ok(argv)
    }

    pub(super) fn environment(&self, facts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut env = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
        env.extend(self.env.clone());
        for (name, value) in facts {
            env.insert(format!("{RESERVED}{name}"), (*value).to_owned());
        }
        env
    }
}
