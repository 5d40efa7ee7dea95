//! canaille: a real identity provider that pushes people to a service provider
//! by SCIM, with the token that it holds.

use std::path::{Path, PathBuf};
use std::process::Command;

use url::Url;

use super::part;

/// A canaille with its data in a folder. It pushes from its own commands, so
/// that no server of it has to run.
pub struct Canaille {
    program: PathBuf,
    interpreter: PathBuf,
}

impl Canaille {
    /// Sets it up below `dir` with one outward connection, to `scim_url` with
    /// this token, and a user `alice`. `None`, said loudly, if the part is
    /// missing.
    pub fn set_up(dir: &Path, scim_url: &Url, token: &str) -> Option<Self> {
        let part = part::find("canaille")?;
        let output = Command::new(part::recipe("canaille", "setup.sh"))
            .arg(dir)
            .arg(part::free_port().to_string())
            .arg(scim_url.as_str())
            .arg(token)
            .env("SCIM_ROTATOR_PARTS", part.parent().expect("a folder"))
            .output()
            .expect("setup.sh runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille's set-up failed: {said}");
        Some(Self {
            program: dir.join("canaille"),
            interpreter: part.join("venv/bin/python"),
        })
    }

    /// Its command line.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The Python that it runs on.
    pub fn interpreter(&self) -> &Path {
        &self.interpreter
    }

    /// Changes the display name of `alice`, which pushes her.
    pub fn rename_alice(&self, name: &str) {
        let output = Command::new(&self.program)
            .args(["set", "user", "alice", "--display-name", name])
            .output()
            .expect("canaille runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille failed: {said}");
    }
}
