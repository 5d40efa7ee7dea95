//! A panic is told with its place alone: its message may quote a secret.

use std::process::Command;

use scim_rotator::telemetry::config::LogConfig;
use scim_rotator::telemetry::logging;

const TOLD: &str = "SCIM_ROTATOR_TEST_PANICS";
const CANARY: &str = "canary-5b7e21f0c94d4a6f";

/// Panics when the test below says so; otherwise it is no test.
#[test]
fn a_panic_when_it_is_told() {
    if !scim_rotator::environment::has(TOLD) {
        return;
    }
    logging::init(&LogConfig::default()).expect("once");
    panic!("the token {CANARY} is refused");
}

#[test]
fn a_forced_panic_quotes_nothing() {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", "panics::a_panic_when_it_is_told", "--nocapture"])
        .env(TOLD, "1")
        .env("RUST_BACKTRACE", "full")
        .output()
        .expect("runs");
    assert!(!output.status.success(), "it panics");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("panic at "), "{said}");
    assert!(!said.contains(CANARY), "{said}");
}
