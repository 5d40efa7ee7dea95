//! Settings of a connection that runs a program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::connections::Deps;
use crate::connections::capabilities::CapabilityOverrides;
use crate::http::template::Template;
use crate::ports::Connection;
use crate::ports::kind::{Kind, LongestCall};
use crate::problem::Problems;
use crate::program::{
    ProgramSettings, UserName, default_confine, default_timeout, default_working_dir,
    literal_remedy,
};
use crate::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, Readback, SideEffects, Writer,
};
use crate::secret::SecretRef;
use crate::value::HumanDuration;

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

/// What arguments may name.
const KNOWN: &[&str] = &["token_name", "scim_url", "action"];

impl Kind for ExecConnection {
    type Capabilities = ConnectionCapabilities;
    type Built = dyn Connection;

    fn kind(&self) -> &'static str {
        "exec"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.settings().check(path, problems);
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

    fn handles_client_id(&self) -> bool {
        true
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
        literal_remedy(key)
    }
}

impl ExecConnection {
    /// What it shares with other kinds that run a program.
    pub(super) fn settings(&self) -> ProgramSettings<'_> {
        ProgramSettings {
            command: &self.command,
            timeout: self.timeout,
            env: &self.env,
            working_dir: &self.working_dir,
            user: self.user.as_ref(),
            confine: self.confine,
            known: KNOWN,
        }
    }
}
