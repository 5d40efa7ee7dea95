//! The deployment files against the program that they deploy: every metric,
//! label, command and key that they name exists. What foreign tools judge is in
//! `run.sh`.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod alerts;
mod commands;
mod exposition;
#[allow(dead_code, reason = "shared with the unit tests of telemetry")]
mod fixture;
mod grafana;
mod kubernetes;
mod links;
mod metrics;
mod page;
mod queries;
#[path = "../support/mod.rs"]
mod support;
mod support_promise;

/// The text of a file of the repository.
fn read(path: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
