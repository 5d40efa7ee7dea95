//! What the process forbids itself before it holds a secret.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Any group but root's.
const NOBODY: u32 = 65_534;

/// A Vault that is never there: the daemon waits for it, and holds its secret-id.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"

[vault]
address = "http://127.0.0.1:1"
state_path = "kv/scim-rotator"
auth.token.token = { env = "CANARY" }

[issuers.crm.operator]
instructions = "Ask the owner of the CRM."
live_tokens = "many"
issue_effect = "keeps"

[tokens.crm]
vault_path = "kv/scim/crm"
scim_url = "https://crm.example.com/scim/v2"
issuer = "crm"
"#;

#[test]
fn no_core_file_and_no_foreign_reader() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let config = folder.path().join("scim-rotator.toml");
    fs::write(&config, CONFIG).expect("written");
    // What the kernel shows of a process that forbids itself nothing.
    let plain = Running::start(Command::new("sleep").arg("600"), &log);
    assert_ne!(plain.owner(), (0, 0));
    drop(plain);

    let mut binary = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    binary.arg("--config").arg(&config).arg("run");
    let ours = Running::start(binary.env("CANARY", "canary"), &log);
    while !fs::read_to_string(&log)
        .expect("read")
        .contains("waiting for Vault")
    {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        ours.owner(),
        (0, 0),
        "memory and descriptors belong to root alone"
    );
    assert_eq!(ours.core_limit(), ["0", "0"], "soft and hard");
}

/// A process that is ended with its test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).expect("a file");
        command.stdout(Stdio::null()).stderr(log);
        // What belongs to root is told from what belongs to the process by
        // its user or, where that is root, by its group.
        if fs::metadata("/proc/self").expect("/proc").uid() == 0 {
            command.gid(NOBODY);
        }
        Self(command.spawn().expect("started"))
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.0.id()))
    }

    fn owner(&self) -> (u32, u32) {
        let owner = fs::metadata(self.folder().join("status")).expect("a process");
        (owner.uid(), owner.gid())
    }

    fn core_limit(&self) -> Vec<String> {
        let limits = fs::read_to_string(self.folder().join("limits")).expect("limits");
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max core file size"))
            .expect("a line about core files");
        let words = line.split_whitespace().take(2);
        words.map(str::to_owned).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().expect("ended");
        self.0.wait().expect("waited for");
    }
}
