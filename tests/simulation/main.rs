//! The real driver and core over in-memory ports: every port call with every
//! fault, and invariants after each call.
//!
//! | file | what it holds |
//! |---|---|
//! | `time` | the fake clock, and the executor that moves it |
//! | `world`, `tenant` | Vault, service provider and identity provider as plain data |
//! | `request` | what a port can ask of the world; a request may land late, or twice |
//! | `service_provider` | the issuer's rules, by its capabilities |
//! | `gate` | the one place where a request meets its fault |
//! | `ports`, `probe` | the traits of the driver, each method one request |
//! | `profile` | the nine strategies, as capabilities and policies |
//! | `checks`, `rest`, `witness` | the invariants I1 to I9 |
//! | `control` | what persons say is heeded: requests, pauses, the runaway cap |
//! | `cluster` | replicas, their restarts, and time passing between their wakes |
//! | `people` | what operators do |
//! | `asking` | what people ask for, and the bell, which may be lost or come twice |
//! | `planted` | what somebody writes to the published path, and what must not come of it |
//! | `case`, `exhaustive` | single runs, and all of them, with every trouble and every pair |
//! | `story`, `seasons` | months of random troubles and people's acts |
//! | `dice`, `chaos`, `acts`, `shrink` | what is random in them, and how a violation is made short |
//! | `rehearsals` | throw-away tokens, with every trouble, beside a rotation that is due |
//! | `recovery` | lost replies, and requests that come twice |
//! | `found` | what all these have shown, by name |
//! | `holes` | each invariant, broken on purpose |
//! | `scenarios` | the hard ones by name, with all that must come of each |
//!
//! Nothing here opens a socket or sleeps. Every run is a pure function of its
//! profile and its script of faults, so each can be replayed.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod acts;
mod asking;
mod case;
mod chaos;
mod checks;
mod cluster;
mod control;
mod dice;
mod exhaustive;
mod fault;
mod found;
mod gate;
mod happy;
mod holes;
mod people;
mod planted;
mod ports;
mod probe;
mod profile;
mod recovery;
mod rehearsals;
mod request;
mod rest;
mod scenarios;
mod seasons;
mod service_provider;
mod shrink;
mod story;
mod tenant;
mod time;
mod witness;
mod world;
