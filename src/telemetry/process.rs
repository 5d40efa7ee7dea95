//! Resource use of this process, from `/proc/self`, and its lost log lines. `/proc` may be mounted with
//! processes only, so no file of the whole system is read.

use std::fs;

use jiff::Timestamp;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::logging;

/// Appends the process metrics in the text format. Values that cannot be read
/// are omitted.
pub(super) fn write(started_at: Timestamp, out: &mut String) {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu_seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let samples = [
        (
            "process_cpu_seconds_total",
            "counter",
            "User and system CPU time.",
            Some(cpu_seconds),
        ),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory.",
            kibibytes(&status, "VmRSS:"),
        ),
        (
            "process_virtual_memory_bytes",
            "gauge",
            "Virtual memory.",
            kibibytes(&status, "VmSize:"),
        ),
        (
            "process_open_fds",
            "gauge",
            "Open file descriptors.",
            fs::read_dir("/proc/self/fd")
                .ok()
                .map(|dir| dir.count() as f64),
        ),
        (
            "process_max_fds",
            "gauge",
            "Most file descriptors that may be open.",
            getrlimit(Resource::Nofile)
                .current
                .map(|limit| limit as f64),
        ),
        (
            "process_start_time_seconds",
            "gauge",
            "When the process started.",
            Some(started_at.as_second() as f64),
        ),
        (
            "scim_rotator_log_lines_lost_total",
            "counter",
            "Log lines that were lost because standard error was not read.",
            Some(logging::lost() as f64),
        ),
    ];
    for (name, kind, help, value) in samples {
        if let Some(value) = value {
            out.push_str(&format!(
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
            ));
        }
    }
}

fn kibibytes(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with(key))?;
    let number: f64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(number * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_there() {
        let mut out = String::new();
        write(Timestamp::UNIX_EPOCH, &mut out);
        let values = out.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(values, 7, "{out}");
    }
}
