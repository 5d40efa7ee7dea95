//! Reaps what programs leave behind where this process is PID 1, as in a container:
//! a process whose parent has ended becomes a child of PID 1, and stays a zombie
//! until that waits for it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use parking_lot::Mutex;
use rustix::process::{Pid, WaitOptions, waitpid};

/// The programs that are running: the runtime waits for them.
static RUNNING: OnceLock<Mutex<BTreeSet<i32>>> = OnceLock::new();

fn running() -> &'static Mutex<BTreeSet<i32>> {
    RUNNING.get_or_init(Mutex::default)
}

/// A program of ours, for as long as this lives.
pub(crate) struct Known(i32);

/// Starts a program, so that [`reap`] leaves it to the runtime.
pub(crate) fn known<T, E>(
    start: impl FnOnce() -> Result<(T, Option<Pid>), E>,
) -> Result<(T, Option<Known>), E> {
    let mut running = running().lock();
    let (started, pid) = start()?;
    let known = pid.map(|pid| {
        let pid = pid.as_raw_nonzero().get();
        running.insert(pid);
        Known(pid)
    });
    Ok((started, known))
}

impl Drop for Known {
    fn drop(&mut self) {
        running().lock().remove(&self.0);
    }
}

/// Reaps every zombie that is a child of this process and none of its programs.
/// Returns how many.
pub fn reap() -> usize {
    let own = std::process::id();
    let running = running().lock();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let mut reaped = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid: Option<i32> = name.to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.filter(|pid| !running.contains(pid)) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if is_zombie_of(&stat, own)
            && waitpid(Pid::from_raw(pid), WaitOptions::NOHANG).is_ok_and(|ended| ended.is_some())
        {
            reaped += 1;
        }
    }
    reaped
}

/// Reads `/proc/<pid>/stat`: number, name in brackets, state, parent.
fn is_zombie_of(stat: &str, parent: u32) -> bool {
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = rest.split_whitespace();
    let (state, of) = (fields.next(), fields.next());
    state == Some("Z") && of.and_then(|of| of.parse().ok()) == Some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zombies_are_told_from_what_lives_and_from_those_of_others() {
        assert!(is_zombie_of("17 (a) b) c) Z 1 17 17", 1));
        assert!(!is_zombie_of("17 (a) S 1 17 17", 1));
        assert!(!is_zombie_of("17 (a) Z 12 17 17", 1));
        assert!(!is_zombie_of("17 (Z) S 1 17 17", 1));
        assert!(!is_zombie_of("", 1));
    }
}
