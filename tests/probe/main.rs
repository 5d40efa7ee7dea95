//! The probes against servers that behave, that misbehave, and that are real.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod cycle;
mod hostile;
mod levels;
mod matrix;
mod numbered;
mod raw;
mod real;
mod said;
mod secrets;
mod server;
mod shown;
mod table;
mod tenancy;

#[path = "../support/mod.rs"]
mod support;
