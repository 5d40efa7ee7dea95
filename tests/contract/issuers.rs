//! HTTP issuers against a server that answers by a script, good and bad.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod listing;
mod scopes;
mod unusable;
mod world;
