//! Prometheus' own judge, in the versions that people run.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::part;

/// The parts with a Prometheus: what Debian has (2.42), and what new
/// installations run.
pub const PARTS: [&str; 2] = ["prometheus", "prometheus3"];

/// Fails if the Prometheus of this part finds a fault with a text of metrics.
/// Does nothing, said loudly, if the part is missing.
pub fn check_metrics(part: &str, text: &str) {
    let Some(prometheus) = part::find(part) else {
        return;
    };
    let mut promtool = Command::new(prometheus.join("bin/promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut stdin = promtool.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{part}: {said}");
}
