//! What this process forbids itself before anything secret is read.

use rustix::io;
#[cfg(target_os = "linux")]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::output::complain;

/// No core file, for it would hold every token, and no other process of the
/// same user that reads our memory. A kernel that refuses does not stop the
/// work, but is told of.
pub(super) fn harden() {
    if let Err(error) = no_foreign_reader().and_then(|()| no_core_file()) {
        complain(&format!(
            "core files of this process cannot be ruled out ({error}): a crash could write tokens to disk\n"
        ));
    }
}

/// Also holds where `core_pattern` hands cores to a program, which ignores the
/// limit; and keeps debuggers and `/proc/<pid>/mem` to root.
#[cfg(target_os = "linux")]
fn no_foreign_reader() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn no_foreign_reader() -> io::Result<()> {
    Ok(())
}

/// Programs that we start inherit it: those of `exec` connections hold tokens too.
fn no_core_file() -> io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)
}
