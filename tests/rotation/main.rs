//! The pure core: tables over `plan` and `apply`, the rules of time, the
//! strategies of issuers walked end to end, properties from any valid record,
//! and proof that the core is pure. No clock, no sockets.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

mod adopted;
mod apply_table;
mod clocks;
mod decided;
mod exhausted;
mod faults;
mod handed_over;
mod inventory;
mod law;
mod plan_begins;
mod plan_ending;
mod plan_full_cycle;
mod plan_gates;
mod plan_leaving;
mod plan_rest;
mod plan_stages;
mod privilege;
mod properties;
mod purity;
mod rehearsals;
mod renewals;
mod requests;
mod restored;
mod scene;
mod state;
mod strategies;
mod supplied;
mod texts;
mod time;
mod timing;
mod uncommitted;
mod world;
