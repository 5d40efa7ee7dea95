//! What the process forbids itself before it holds a secret.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
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

    // Its caller leaves a file open.
    let mut binary = Command::new("/bin/sh");
    binary
        .args(["-c", "exec 9</dev/null; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_scim-rotator"))
        .arg("--config")
        .arg(&config)
        .arg("run");
    let ours = Running::start(binary.env("CANARY", "canary"), &log);
    wait_until(|| {
        fs::read_to_string(&log)
            .expect("read")
            .contains("waiting for Vault")
    });
    assert_eq!(
        ours.owner(),
        (0, 0),
        "memory and descriptors belong to root alone"
    );
    assert_eq!(ours.core_limit(), ["0", "0"], "soft and hard");
    // Only root may look at its descriptors now.
    if let Some(flags) = ours.flags_of_descriptor(9) {
        assert_ne!(flags & CLOSE_ON_EXEC, 0, "its programs do not get it");
    }
}

/// A process whose parent has ended is a child of PID 1, and stays a zombie until
/// that waits for it.
#[test]
fn as_pid_1_it_reaps_what_others_left_behind() {
    let mut trial = Command::new("unshare");
    trial.args(["--pid", "--fork", "--mount-proc", "true"]);
    if !can_run(&mut trial) {
        eprintln!("!! SKIPPED: this user may not make a namespace of processes");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let config = folder.path().join("scim-rotator.toml");
    fs::write(&config, CONFIG).expect("written");
    let mut command = Command::new("unshare");
    command
        .args([
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "/bin/sh",
            "-c",
        ])
        .arg("(sleep 1 &); exec \"$0\" \"$@\"")
        .arg(env!("CARGO_BIN_EXE_scim-rotator"))
        .arg("--config")
        .arg(&config)
        .arg("run")
        .env("CANARY", "canary");
    let outside = Running::start(&mut command, &log);
    wait_until(|| {
        fs::read_to_string(&log)
            .expect("read")
            .contains("waiting for Vault")
    });
    let inside = children(outside.0.id());
    assert_eq!(inside.len(), 1, "{inside:?}");
    wait_until(|| children(inside[0]).is_empty());
}

/// What the kernel shows of the daemon is nothing that a user of its own could read,
/// and its command line has no secret.
#[test]
fn nobody_else_reads_its_memory_or_its_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let config = folder.path().join("scim-rotator.toml");
    fs::write(&config, CONFIG).expect("written");
    let mut plain = Command::new("sleep");
    let plain = Running::start_as_nobody(plain.arg("600").env("CANARY", "canary-7c1"), &log);
    // That user may not enter the folder in which it was built. `cp` writes it, and not
    // this process: another thread's child may hold what this one has open for writing.
    let copy = folder.path().join("scim-rotator");
    let binary = env!("CARGO_BIN_EXE_scim-rotator");
    assert!(can_run(Command::new("cp").arg(binary).arg(&copy)));
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody).expect("ours");
    let mut binary = Command::new(copy);
    binary.arg("--config").arg(&config).arg("run");
    let ours = Running::start_as_nobody(binary.env("CANARY", "canary-7c1"), &log);
    if !as_nobody(&mut Command::new("true"), can_run) {
        eprintln!("!! SKIPPED: this user may not become another one");
        return;
    }
    wait_until(|| {
        fs::read_to_string(&log)
            .expect("read")
            .contains("waiting for Vault")
    });
    let command_line = fs::read(ours.folder().join("cmdline")).expect("readable");
    assert!(!String::from_utf8_lossy(&command_line).contains("canary"));
    for file in ["environ", "mem", "maps", "auxv", "io"] {
        let read = |of: &Running| {
            let mut cat = Command::new("head");
            cat.args(["-c", "1"]).arg(of.folder().join(file));
            cat.stdout(Stdio::null()).stderr(Stdio::null());
            as_nobody(&mut cat, can_run)
        };
        assert!(!read(&ours), "{file} is open to processes of the same user");
        // The kernel shows it of a process that forbids itself nothing.
        if file != "mem" {
            assert!(read(&plain), "{file}: the control");
        }
    }
}

/// Runs a command as the user that the daemon has in this test.
fn as_nobody<T>(command: &mut Command, run: impl FnOnce(&mut Command) -> T) -> T {
    if fs::metadata("/proc/self").expect("/proc").uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    run(command)
}

fn can_run(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn wait_until(reached: impl Fn() -> bool) {
    for _ in 0..6000 {
        if reached() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never happened");
}

/// The children of a process, zombies too.
fn children(of: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
    let listed = listed.expect("a process");
    let numbers = listed.split_whitespace().map(str::parse);
    numbers.collect::<Result<_, _>>().expect("numbers")
}

/// As `/proc` shows it.
const CLOSE_ON_EXEC: u32 = 0o2_000_000;

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

    /// The same as a user that is not root, where we are root.
    fn start_as_nobody(command: &mut Command, log: &Path) -> Self {
        as_nobody(command, |command| {
            let log = fs::File::create(log).expect("a file");
            command.stdout(Stdio::null()).stderr(log);
            Self(command.spawn().expect("started"))
        })
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.0.id()))
    }

    fn owner(&self) -> (u32, u32) {
        let owner = fs::metadata(self.folder().join("status")).expect("a process");
        (owner.uid(), owner.gid())
    }

    fn flags_of_descriptor(&self, number: u32) -> Option<u32> {
        let path = self.folder().join("fdinfo").join(number.to_string());
        let info = fs::read_to_string(path).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        u32::from_str_radix(flags.trim(), 8).ok()
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
