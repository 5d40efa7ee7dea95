//! Restrictions of this process, set before a secret is read.

use rustix::io;
#[cfg(target_os = "linux")]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::output::complain;

/// The first descriptor after standard error.
const FIRST_INHERITED: i32 = 3;

/// Prevents core files, which would contain every token, and reads of our
/// memory by other processes of the same user. If the kernel refuses, the work
/// goes on, with a warning.
pub(super) fn harden() {
    // What the caller left open is not for the programs that we start; what we open
    // ourselves is closed for them anyway.
    close_fds::set_fds_cloexec(FIRST_INHERITED, &[]);
    if let Err(error) = no_foreign_reader().and_then(|()| no_core_file()) {
        complain(&format!(
            "core files of this process cannot be ruled out ({error}): a crash could write tokens to disk\n"
        ));
    }
}

/// Also prevents cores where `core_pattern` passes them to a program, which
/// ignores the limit. Only root may then use debuggers and `/proc/<pid>/mem`.
#[cfg(target_os = "linux")]
fn no_foreign_reader() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn no_foreign_reader() -> io::Result<()> {
    Ok(())
}

/// Programs that we start inherit the limit; those of `exec` connections have
/// tokens too.
fn no_core_file() -> io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)
}
