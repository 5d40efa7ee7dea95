//! scim-rotator keeps SCIM bearer tokens fresh.
//!
//! A SCIM token lets an identity provider create and remove accounts at a
//! service provider. When it expires, provisioning stops without an error that
//! anybody sees. This crate is the daemon that has a new token issued in time,
//! tests it, delivers it to every connection that must hold it, has each
//! connection confirm it, revokes the old token and tests that it is refused.
//! The process may be killed between any two lines without losing a token.
//!
//! # One page of architecture
//!
//! ```text
//! wake ─> load record ─> plan ─> [commit intent] ─> perform ─> apply ─> commit ─> next wake
//!           ^                                                             │
//!           └───────────── conflict, or outcome unknown: load again ──────┘
//! ```
//!
//! * **A reconciler.** Every wake decides again from the stored record and the
//!   configuration. No script of a rotation can be lost halfway.
//! * **One document a token** ([`rotation::record`]) in Vault's KV v2 contains
//!   the stage and the tokens, so that they cannot contradict each other. Every
//!   write names the version that it replaces (check-and-set), which is the
//!   only lock between replicas.
//! * **A pure core** ([`rotation`]): [`rotation::plan::plan`] returns the next
//!   step, [`rotation::apply::apply`] applies its outcome to the record. Neither
//!   reads a clock, draws a random number or does I/O. The daemon, the dry run
//!   and the tests call the same two functions.
//! * **Intent before effect.** The daemon stores which request it is about to
//!   send, with what is needed to resolve a lost reply. A token is stored in the
//!   same write as the stage that follows from it, and with the word that it may be
//!   delivered from then on, so that no write comes before each delivery.
//! * **Capabilities.** Issuers and connections state what they can do
//!   ([`rotation::capability`]); only `plan` decides.
//! * **Evidence.** Nothing is retired unless its successor is proven, and only
//!   the code that probes can create [`scim::evidence::Evidence`].
//!
//! # The first hour: what to read, in which order
//!
//! | | file | why |
//! |---|---|---|
//! | 1 | [`rotation`] (`mod.rs`) | the stages, the invariants I1 to I9 that the tests check, and what check-and-set cannot prevent |
//! | 2 | [`rotation::record`] (`document.rs`, `flight.rs`) | everything that is stored of one token; all decisions read this and nothing else of the past |
//! | 3 | [`rotation::capability`], [`rotation::situation`] | what issuers and connections can do, and what else `plan` is given |
//! | 4 | [`rotation::decision`], [`rotation::reason`], [`rotation::outcome`] | the answers of `plan`, and what the driver reports back: the vocabulary of logs, metrics and status |
//! | 5 | [`rotation::plan`] (`mod.rs`, then `flight.rs`, `due.rs`) | the table `RULES` is the specification of what happens when |
//! | 6 | [`rotation::apply`] (`folding.rs`, then `issuing.rs`, `promoting.rs`) | the only code that changes a record |
//! | 7 | [`ports`], [`ports::unit`] | the traits to the outside, and one token wired to its issuer, connections and probe |
//! | 8 | [`driver::run`], then [`driver::perform`], `driver/stored.rs` | the loop of the picture above: when it commits, when it sends |
//! | 9 | [`driver::supervisor`] | which token is woken when, and how the process ends |
//! | 10 | `tests/simulation/main.rs`, `tests/rotation/plan_stages.rs` | the real driver with every fault at every call; the rules as tables |
//!
//! After that, read what you want to change: a vendor in [`issuers`] or
//! [`connections`], the store in [`vault`], a probe in [`scim`], a setting in
//! [`config`], a command in `cli`.
//!
//! # The folders
//!
//! Imports between folders point down in this table's order, from `cli` to
//! [`fault`]; `main.rs` only calls `cli`.
//!
//! | folder | what |
//! |---|---|
//! | `cli` | one file a command, and the wiring of settings to units |
//! | [`audit`] | one JSON line for every effect and every commit, chained by hash |
//! | [`server`], [`telemetry`] | the read-only HTTP server; logs, metrics, systemd |
//! | [`config`] | from TOML to typed settings |
//! | [`vault`] | login, records, published secrets, secret references |
//! | [`issuers`], [`connections`] | one file or folder a kind, one match each |
//! | [`notify`] | messages to people and their tools |
//! | [`driver`] | the only part that calls issuers, connections, probes and the store |
//! | [`ports`] | the traits between the driver and the outside |
//! | [`rotation`] | the decision: record, policy, plan, apply, invariants |
//! | [`scim`] | probes of the service provider, and evidence |
//! | [`http`] | the one hardened HTTP client |
//! | [`program`] | starts, bounds and confines the programs of the kinds `exec`, and reads their answers |
//! | [`vendors`] | vendor files and the test bench for them |
//! | [`secret`], [`value`], [`problem`], [`clock`], [`ids`], [`environment`], [`files`], [`fault`] | what every folder uses: secrets, durations and references, findings about settings, time, random ids, environment variables, files of people, failure classes |
//! | `demo` | Vault, service provider and identity provider in this process, for `demo` and for tests |

pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod demo;
pub mod driver;
pub mod environment;
pub mod fault;
pub mod files;
pub mod http;
pub mod ids;
pub mod issuers;
pub mod notify;
pub mod ports;
pub mod problem;
pub mod program;
pub mod rotation;
pub mod scim;
pub mod secret;
pub mod server;
pub mod telemetry;
pub mod value;
pub mod vault;
pub mod vendors;

// Fixtures that are shared with `tests/` name this crate as those do.
#[cfg(test)]
extern crate self as scim_rotator;
