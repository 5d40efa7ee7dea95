//! A Debian of its own, booted with its own systemd by systemd-nspawn. It shares
//! the network of this machine, so that servers on loopback serve both.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::part;

/// Longest boot, also on a machine that does much else.
const BOOT: Duration = Duration::from_secs(180);

/// A booted machine; it is switched off when dropped.
pub struct Machine {
    nspawn: Child,
    leader: u32,
    folder: TempDir,
}

impl Machine {
    /// Boots the one that a part holds; `None`, said loudly, if this machine
    /// cannot.
    pub async fn boot(part: &str) -> Option<Self> {
        let part = part::find(part)?;
        let folder = TempDir::new().expect("a folder");
        let copied = Command::new("cp")
            .arg("--archive")
            .arg("--reflink=auto")
            .arg(part.join("tree/root"))
            .arg(folder.path().join("root"))
            .status();
        assert!(copied.expect("cp runs").success(), "the tree is copied");
        let nspawn = Command::new("systemd-nspawn")
            .args(["--register=no", "--keep-unit", "--quiet", "--boot"])
            .arg("--console=pipe")
            .arg("--directory")
            .arg(folder.path().join("root"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("systemd-nspawn starts");
        let mut machine = Self {
            nspawn,
            leader: 0,
            folder,
        };
        let booted = tokio::time::timeout(BOOT, machine.booted()).await;
        assert!(booted.is_ok(), "it did not boot");
        Some(machine)
    }

    async fn booted(&mut self) {
        loop {
            let ended = self.nspawn.try_wait().expect("a child of ours");
            assert_eq!(ended, None, "systemd-nspawn ended");
            if let Some(leader) = self.first_child() {
                self.leader = leader;
                let asked = self.run("systemctl is-system-running");
                let state = String::from_utf8_lossy(&asked.stdout).into_owned();
                if ["running", "degraded"].contains(&state.trim()) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The machine's own process 1, as seen from here.
    fn first_child(&self) -> Option<u32> {
        let id = self.nspawn.id();
        let path = format!("/proc/{id}/task/{id}/children");
        let children = std::fs::read_to_string(path).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// A path inside, as seen from here.
    pub fn path(&self, inside: &str) -> PathBuf {
        let root = self.folder.path().join("root");
        root.join(inside.trim_start_matches('/'))
    }

    /// Copies a file into it.
    pub fn put(&self, from: &Path, inside: &str) {
        std::fs::copy(from, self.path(inside)).expect(inside);
    }

    /// Runs a command line in it, as root.
    pub fn run(&self, line: &str) -> Output {
        Command::new("nsenter")
            .args(["--target", &self.leader.to_string()])
            .args(["--mount", "--uts", "--ipc", "--pid", "--root", "--wd"])
            .args(["--", "/bin/sh", "-c", line])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("SYSTEMD_PAGER", "cat")
            .stdin(Stdio::null())
            .output()
            .expect("nsenter runs")
    }

    /// Runs a command line that must succeed; returns what it said.
    pub fn must(&self, line: &str) -> String {
        let output = self.run(line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}\n{complained}");
        said
    }

    /// Runs a command line that must fail; returns what it complained of.
    pub fn must_not(&self, line: &str) -> String {
        let output = self.run(line);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{line}\n{said}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // With its process 1, all of it is gone.
        if self.leader != 0 {
            let leader = self.leader.to_string();
            Command::new("kill").args(["-KILL", &leader]).status().ok();
        } else {
            self.nspawn.kill().ok();
        }
        self.nspawn.wait().ok();
    }
}
