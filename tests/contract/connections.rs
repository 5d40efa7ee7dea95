//! Connections against servers that replay what identity providers are known
//! to answer, good and bad.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod calls;
mod confirmation;
pub(crate) mod pushed;
mod safety;
mod vendors;
pub(crate) mod world;
