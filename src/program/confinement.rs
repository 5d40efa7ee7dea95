//! What a program may not do that the daemon may: read the daemon's credentials.
//!
//! It gets a user of its own, where one is configured, and Landlock, where the
//! kernel has it. Both are set on a thread that starts this one program and then
//! ends, since neither can be taken back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::thread::{clear_ambient_capability_set, set_no_new_privs, set_thread_groups};
use tokio::sync::oneshot;

use super::user::User;
use crate::files;

/// How a program is kept apart from the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confinement {
    /// Whom it runs as; `None`: as the daemon.
    pub(crate) user: Option<User>,
    /// Whether the files of the daemon are closed to it.
    pub(crate) landlock: bool,
}

impl Confinement {
    /// Runs `start` on a thread that is confined like this.
    ///
    /// # Errors
    /// Those of `start`, and when the thread cannot give up what it must.
    pub(crate) async fn start<T: Send + 'static>(
        &self,
        start: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let confinement = self.clone();
        let runtime = tokio::runtime::Handle::current();
        let (tell, told) = oneshot::channel();
        thread::Builder::new()
            .name("exec".to_owned())
            .spawn(move || {
                let _entered = runtime.enter();
                let started = confinement.enter().and_then(|()| start());
                // The call was given up: what was started ends with its handle.
                drop(tell.send(started));
            })?;
        told.await
            .unwrap_or_else(|_| Err(io::Error::other("its thread failed")))
    }

    /// Gives up, for this thread and what it starts, what a program must not have.
    fn enter(&self) -> io::Result<()> {
        if self.user.is_some() {
            // Otherwise it kept our groups and, where we are not root, the right
            // to become another user.
            set_thread_groups(&[]).map_err(not_permitted)?;
            // Kernels without this set have nothing to clear.
            clear_ambient_capability_set().ok();
        }
        if !self.landlock {
            return Ok(());
        }
        set_no_new_privs(true)?;
        let own = files::own();
        if !own.is_empty() && !restrict(&permitted(&own)) {
            tell_once();
        }
        Ok(())
    }
}

fn not_permitted(error: rustix::io::Errno) -> io::Error {
    let error = io::Error::from(error);
    let text = format!(
        "{error}: to start a program as another user, the daemon needs to be root, or to have CAP_SETUID and CAP_SETGID (deploy/README.md)"
    );
    io::Error::new(error.kind(), text)
}

/// The kernel has no Landlock, or does not let us use it.
fn tell_once() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "programs of the kind `exec` can read the credentials of the daemon: this kernel has no Landlock; give them a user of their own (`user`)"
        );
    }
}

/// Permits this thread to read only these files, and what is below these folders.
/// Writing stays free: a file that is made later has no permission. Returns whether
/// the kernel enforces it.
#[cfg(target_os = "linux")]
fn restrict(permitted: &[PathBuf]) -> bool {
    use landlock::{
        AccessFs, PathBeneath, PathFd, RestrictionStatus, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    };
    let access = AccessFs::ReadFile;
    let enforce = || -> Result<RestrictionStatus, RulesetError> {
        let mut rules = Ruleset::default().handle_access(access)?.create()?;
        for path in permitted {
            // What goes away meanwhile needs no permission.
            if let Ok(handle) = PathFd::new(path) {
                rules = rules.add_rule(PathBeneath::new(handle, access))?;
            }
        }
        rules.restrict_self()
    };
    enforce().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(not(target_os = "linux"))]
fn restrict(_permitted: &[PathBuf]) -> bool {
    false
}

/// Everything but these files and folders: Landlock knows permissions only. Links
/// are left out, since what they point to has a place of its own.
fn permitted(own: &[PathBuf]) -> Vec<PathBuf> {
    let mut permitted = Vec::new();
    beside(Path::new("/"), own, &mut permitted);
    permitted
}

/// Adds what is in a folder that leads to one of `own`.
fn beside(folder: &Path, own: &[PathBuf], permitted: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if is_link || own.contains(&path) {
            continue;
        }
        if own.iter().any(|one| one.starts_with(&path)) {
            beside(&path, own, permitted);
        } else {
            permitted.push(path);
        }
    }
}
