//! Settings of an issuer that runs a program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::http::template::Template;
use crate::issuers::Deps;
use crate::issuers::capabilities::{Capabilities, OverlapWord};
use crate::issuers::http::check_prefix;
use crate::issuers::label::Label;
use crate::issuers::lifetime::{Lifetime, LifetimeUnit};
use crate::ports::Issuer;
use crate::ports::kind::{Kind, LongestCall};
use crate::problem::Problems;
use crate::program::{
    ProgramSettings, UserName, default_confine, default_timeout, default_working_dir,
    literal_remedy,
};
use crate::rotation::capability::{
    ExpirySource, IssuerCapabilities, LastUsed, LiveTokens, Recovery, Revoke, Supply,
};
use crate::secret::SecretRef;
use crate::value::HumanDuration;

/// What arguments may name.
const KNOWN: &[&str] = &["token_name", "action"];

/// `[issuers.<name>.exec]`: a program that issues, lists and revokes tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecIssuer {
    /// Absolute path of the program, and its arguments. Arguments may hold
    /// `{{ token_name }}` and `{{ action }}`.
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
    /// Whether the program knows the action `list`.
    #[serde(default)]
    pub list: bool,
    /// What the issuer can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The lifetime asked for.
    #[serde(default)]
    pub lifetime: Lifetime,
    /// The label of each issue.
    #[serde(default)]
    pub label: Label,
    /// Begin of secrets that we choose (recovery `client_chosen`).
    #[serde(default = "crate::issuers::http::default_prefix")]
    pub secret_prefix: String,
}

impl Kind for ExecIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &'static str {
        "exec"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.settings().check(path, problems);
        self.capabilities
            .check(&format!("{path}.capabilities"), problems);
        self.lifetime.check(&format!("{path}.lifetime"), problems);
        self.label.check(&format!("{path}.label"), problems);
        check_prefix(
            &self.secret_prefix,
            &format!("{path}.secret_prefix"),
            problems,
        );
        if self.lifetime.unit != LifetimeUnit::default() {
            problems.error(
                format!("{path}.lifetime.unit"),
                "a program gets the lifetime in seconds, and the time of its end",
                "remove `unit`",
            );
        }
        self.check_needs(path, problems);
    }

    fn capabilities(&self) -> IssuerCapabilities {
        self.capabilities.resolve(Supply::Issuer)
    }

    /// The program has its own.
    fn credentials(&self) -> Vec<SecretRef> {
        Vec::new()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        Ok(super::build(name, self, Arc::clone(&deps.clock)))
    }

    fn declared_lifetime(&self) -> Option<SignedDuration> {
        self.lifetime.declared.map(|life| life.0)
    }

    fn asked_lifetime(&self, wish: SignedDuration) -> Option<SignedDuration> {
        self.lifetime.asked(Some(wish))
    }

    fn handles_client_id(&self) -> bool {
        true
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

impl ExecIssuer {
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

    fn check_needs(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.capabilities.{key}");
        let resolved = self.capabilities();
        let by_list = match resolved.recovery {
            Recovery::ByLabel | Recovery::BySetDifference | Recovery::ClientNamed => true,
            Recovery::ByStatus => {
                problems.error(
                    at("recovery"),
                    "a program shows no version of the issuer's state",
                    "write another recovery, for example \"by_label\"",
                );
                false
            }
            Recovery::Replay | Recovery::ClientChosen | Recovery::None => false,
        };
        let two = resolved.live_tokens == LiveTokens::Two;
        let told = resolved.last_used != LastUsed::None;
        if (by_list || two || told) && !self.list {
            problems.error(
                format!("{path}.list"),
                "these capabilities need the program to list its tokens",
                "write `list = true`, if it knows the action `list`",
            );
        }
        if let Some(OverlapWord::TwoPhase { .. }) = self.capabilities.overlap {
            problems.error(
                at("overlap"),
                "a program knows no actions for two phases",
                "write \"explicit_retire\"",
            );
        }
        if resolved.expiry == ExpirySource::Declared && self.lifetime.declared.is_none() {
            problems.warning(
                format!("{path}.lifetime.declared"),
                "`expiry` is \"declared\", but the issuer declares no lifetime: each of its tokens must",
                "write for example `declared = \"180d\"` in `lifetime`",
            );
        }
    }

    /// Whether the program is asked to revoke.
    pub(super) fn revokes(&self) -> bool {
        match self.capabilities().revoke {
            Revoke::ById | Revoke::ByValue | Revoke::OfItself => true,
            Revoke::AllOnly | Revoke::Never => false,
        }
    }
}
