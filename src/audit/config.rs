//! The section `[audit]`.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

use crate::problem::Problems;
use crate::value::{HumanDuration, expand_file_path};

/// Where the audit is written; nowhere if neither `path` nor `stdout` is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// File to which lines are appended; opened again on HUP.
    #[serde(deserialize_with = "path")]
    pub path: Option<PathBuf>,
    /// Whether lines are written to standard output.
    pub stdout: bool,
    /// Who may read the file.
    pub mode: FileMode,
    /// Name of this replica in its lines, and of its chain; the name of the machine if
    /// it is not set.
    pub replica: Option<String>,
    /// Whether a line is on the disk before the work that it is about goes on.
    pub sync: Sync,
    /// What happens while lines cannot be written.
    pub on_failure: OnFailure,
    /// How often the head of the chain is stored in Vault.
    pub head_every: HeadEvery,
}

/// See [`AuditConfig::mode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum FileMode {
    /// The daemon's user alone.
    #[default]
    #[serde(rename = "0600")]
    Owner,
    /// Its group too, for programs that ship the lines.
    #[serde(rename = "0640")]
    Group,
}

impl FileMode {
    /// The bits of the mode.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o640,
        }
    }
}

/// See [`AuditConfig::on_failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The work goes on, and what is lost is counted.
    #[default]
    Count,
    /// No rotation begins; what runs is finished.
    StopNewRotations,
}

/// See [`AuditConfig::sync`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sync(pub bool);

impl Default for Sync {
    fn default() -> Self {
        Self(true)
    }
}

/// See [`AuditConfig::head_every`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct HeadEvery(#[serde(deserialize_with = "duration")] pub SignedDuration);

impl Default for HeadEvery {
    fn default() -> Self {
        Self(SignedDuration::from_mins(5))
    }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    HumanDuration::deserialize(from).map(|duration| duration.0)
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(from)?;
    let path = expand_file_path(&text).map_err(de::Error::custom)?;
    Ok(Some(PathBuf::from(path)))
}

/// Least and most of `head_every`.
const HEAD_EVERY: (SignedDuration, SignedDuration) = (
    SignedDuration::from_secs(10),
    SignedDuration::from_hours(24),
);

impl AuditConfig {
    /// Whether any audit is written.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.path.is_some() || self.stdout
    }

    /// Notes what is wrong with the section at `path`.
    pub fn check(&self, at: &str, problems: &mut Problems) {
        if self.path.as_ref().is_some_and(|path| !path.is_absolute()) {
            problems.error(
                format!("{at}.path"),
                "the file of the audit is not named by an absolute path",
                "write it from the root, such as \"/var/log/scim-rotator/audit.jsonl\"",
            );
        }
        let name = self.replica.as_deref();
        if name.is_some_and(|name| !is_replica_name(name)) {
            problems.error(
                format!("{at}.replica"),
                "this cannot be the name of a replica",
                "write 1 to 63 letters, digits, periods, hyphens and underscores, beginning with a letter or a digit",
            );
        }
        let (least, most) = HEAD_EVERY;
        if self.head_every.0 < least || self.head_every.0 > most {
            problems.error(
                format!("{at}.head_every"),
                "the head of the chain is stored too often or too seldom",
                "write a time from \"10s\" to \"1d\"",
            );
        }
        if !self.is_on() && *self != Self::default() {
            problems.error(
                at.to_owned(),
                "no audit is written: neither `path` nor `stdout` is set",
                "name a file with `path`, or write `stdout = true`",
            );
        }
    }
}

/// Whether a chain may have this name: it is part of a path in Vault.
#[must_use]
pub fn is_replica_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_inner)
}

/// The name of this machine as the name of a replica.
#[must_use]
pub fn name_of_machine() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    let name: String = name
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => c,
            _ => '-',
        })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(63)
        .collect();
    match name.is_empty() {
        true => "replica".to_owned(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> usize {
        let config: AuditConfig = toml::from_str(text).expect("a section");
        let mut problems = Problems::default();
        config.check("audit", &mut problems);
        usize::from(problems.has_errors())
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for fine in [
            "",
            "path = '/var/log/a.jsonl'",
            "stdout = true\nreplica = 'a.b-1'\nmode = '0640'\non_failure = 'stop_new_rotations'",
        ] {
            assert_eq!(complaints(fine), 0, "{fine}");
        }
        for wrong in [
            "path = 'audit.jsonl'",
            "stdout = true\nreplica = '../x'",
            "stdout = true\nreplica = ''",
            "stdout = true\nhead_every = '1s'",
            "stdout = true\nhead_every = '2d'",
            "mode = '0640'",
        ] {
            assert_eq!(complaints(wrong), 1, "{wrong}");
        }
        assert!(toml::from_str::<AuditConfig>("mode = '0644'").is_err());
        assert!(toml::from_str::<AuditConfig>("pathh = '/a'").is_err());
        assert!(is_replica_name(&name_of_machine()));
    }
}
