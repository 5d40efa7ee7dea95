//! What the process forbids itself before it reads anything.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// Any group but root's.
const NOBODY: u32 = 65_534;

#[test]
fn no_core_file_and_no_foreign_reader_before_the_configuration_is_opened() {
    let pipe = Pipe::new();
    // What the kernel shows of a process that forbids itself nothing.
    let plain = pipe.reader(Command::new("cat").arg(&pipe.path));
    assert_ne!(plain.owner, (0, 0));

    let mut binary = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    let ours = pipe.reader(binary.arg("check").arg("--config").arg(&pipe.path));
    assert_eq!(
        ours.owner,
        (0, 0),
        "memory and descriptors belong to root alone"
    );
    assert_eq!(ours.core_limit, ["0", "0"], "soft and hard");
    assert_eq!(ours.exit_code, Some(64), "an empty configuration");
}

/// A configuration that cannot be read before the test allows it.
struct Pipe {
    path: PathBuf,
    _folder: TempDir,
}

/// What is seen of a process while it waits for its configuration.
struct Seen {
    owner: (u32, u32),
    core_limit: Vec<String>,
    exit_code: Option<i32>,
}

impl Pipe {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("scim-rotator.toml");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        Self {
            path,
            _folder: folder,
        }
    }

    fn reader(&self, command: &mut Command) -> Seen {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // What belongs to root is told from what belongs to the process by
        // its user or, where that is root, by its group.
        if fs::metadata("/proc/self").expect("/proc").uid() == 0 {
            command.gid(NOBODY);
        }
        let mut child = command.spawn().expect("started");
        let process = PathBuf::from(format!("/proc/{}", child.id()));
        // Opening waits for the reader, and so for the whole start before it.
        let path = self.path.clone();
        let ending = thread::spawn(move || {
            let status = child.wait();
            // A reader that ended without reading must not be waited for.
            drop(OpenOptions::new().read(true).write(true).open(path));
            status
        });
        let writer = OpenOptions::new().write(true).open(&self.path);
        let owner = fs::metadata(process.join("status")).expect("a process");
        let core_limit = core_limit(&process);
        drop(writer.expect("opened"));
        Seen {
            owner: (owner.uid(), owner.gid()),
            core_limit,
            exit_code: ending.join().expect("joined").expect("ended").code(),
        }
    }
}

fn core_limit(process: &Path) -> Vec<String> {
    let limits = fs::read_to_string(process.join("limits")).expect("limits");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .expect("a line about core files");
    let words = line.split_whitespace().take(2);
    words.map(str::to_owned).collect()
}
