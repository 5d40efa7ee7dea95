//! The settings of a program, as every kind that runs one has them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;

use super::child::Program;
use super::confinement::Confinement;
use super::user::{User, UserName};
use crate::files::{self, FileFault};
use crate::http::template::{Context, Names, Template};
use crate::problem::Problems;
use crate::value::{HOW, HumanDuration};

/// Shorter than the grace in which a running step may end.
const DEFAULT_TIMEOUT: SignedDuration = SignedDuration::from_secs(20);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const RESERVED: &str = "SCIM_ROTATOR_";

/// The settings of a program; the kinds hold them.
pub(crate) struct ProgramSettings<'a> {
    /// Absolute path of the program, and its arguments.
    pub(crate) command: &'a [Template],
    /// How long one call may take.
    pub(crate) timeout: HumanDuration,
    /// The environment, besides what is always there.
    pub(crate) env: &'a BTreeMap<String, String>,
    /// Absolute path of the working directory.
    pub(crate) working_dir: &'a Path,
    /// Whom it runs as, if not as the daemon.
    pub(crate) user: Option<&'a UserName>,
    /// Whether the files of the daemon are closed to it.
    pub(crate) confine: bool,
    /// What arguments may name.
    pub(crate) known: &'static [&'static str],
}

/// The usual `timeout`.
pub(crate) fn default_timeout() -> HumanDuration {
    HumanDuration(DEFAULT_TIMEOUT)
}

/// The usual `working_dir`.
pub(crate) fn default_working_dir() -> PathBuf {
    PathBuf::from("/")
}

/// The usual `confine`.
pub(crate) fn default_confine() -> bool {
    true
}

/// What to do about a literal secret at this key below the table of a program.
pub(crate) fn literal_remedy(key: &str) -> &'static str {
    if key.starts_with("env.") {
        "write the path of a file there, and have the program read the secret from it"
    } else {
        HOW
    }
}

/// Why a program is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unrunnable {
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

impl ProgramSettings<'_> {
    /// Reports what cannot be run.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.check_command(path, problems);
        self.check_environment(path, problems);
        if let Err(why) = self.look_up_user() {
            problems.error(
                format!("{path}.user"),
                why,
                "create the user, such as `useradd --system scim-push`",
            );
        }
        let timeout = self.longest();
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
        let known = Names::new(self.known.iter().copied());
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
        for (name, value) in self.env {
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
    pub(crate) fn runnable(&self) -> Result<(), Unrunnable> {
        let program = Path::new(self.path());
        look_at(program)?;
        let absent = |what: &str| Unrunnable::Absent(format!("{}: {what}", program.display()));
        let found = std::fs::metadata(program).map_err(|error| absent(&error.to_string()))?;
        if found.permissions().mode() & 0o111 == 0 {
            return Err(absent("it is not an executable file"));
        }
        Ok(())
    }

    /// Whom the program runs as, if not as the daemon.
    fn look_up_user(&self) -> Result<Option<User>, String> {
        self.user.map(UserName::look_up).transpose()
    }

    /// The path of the program.
    pub(super) fn path(&self) -> &str {
        self.command.first().map_or("", Template::source)
    }

    /// How long one call may take.
    pub(super) fn longest(&self) -> Duration {
        self.timeout.0.unsigned_abs()
    }

    /// The program and its arguments, with the names replaced.
    fn argv(&self, context: &Context) -> Result<Vec<String>, String> {
        let mut argv = vec![self.path().to_owned()];
        for (index, arg) in self.command.iter().enumerate().skip(1) {
            let text = arg
                .text(context)
                .map_err(|why| format!("argument {index} of the program: {why}"))?;
            argv.push(text.as_str().to_owned());
        }
        Ok(argv)
    }

    fn environment(&self, facts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut env = BTreeMap::from([("PATH".to_owned(), DEFAULT_PATH.to_owned())]);
        env.extend(self.env.clone());
        for (name, value) in facts {
            env.insert(format!("{RESERVED}{name}"), (*value).to_owned());
        }
        env
    }

    /// What is run: `context` has the names of arguments, `facts` the variables of
    /// the environment.
    ///
    /// # Errors
    /// Says which argument or user cannot be had.
    pub(super) fn program(
        &self,
        context: &Context,
        facts: &[(&str, &str)],
    ) -> Result<Program, String> {
        Ok(Program {
            argv: self.argv(context)?,
            env: self.environment(facts),
            working_dir: self.working_dir.to_owned(),
            confinement: Confinement {
                user: self.look_up_user()?,
                landlock: self.confine,
            },
        })
    }
}
