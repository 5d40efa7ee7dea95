//! scim-rotator keeps SCIM bearer tokens fresh.
//!
//! A SCIM token lets an identity provider create and remove accounts at a
//! service provider. When it expires, provisioning stops without a sound. This
//! crate is the daemon that has a new token issued in time, proves it, gives it
//! to every connection that must hold it, proves those, retires the old token
//! and shows that it is dead. It may be killed between any two lines.
//!
//! # One page of architecture
//!
//! ```text
//! wake ─> load record ─> plan ─> [commit intent] ─> perform ─> apply ─> commit ─> next wake
//!           ^                                                             │
//!           └───────────── conflict, or outcome unknown: load again ──────┘
//! ```
//!
//! * **A reconciler.** Every wake decides anew from what is stored and what is
//!   configured. There is no script of a rotation that could be lost halfway.
//! * **One document a token** ([`rotation::record`]) in Vault's KV v2 holds the
//!   stage and the tokens, so that they can never disagree. Every write names
//!   the version it replaces (check-and-set); that is the lock of all replicas.
//! * **A pure heart** ([`rotation`]): [`rotation::plan::plan`] says the next
//!   step, [`rotation::apply::apply`] folds its outcome back. No clock, no
//!   random number, no I/O. The daemon, the dry run and the tests call the same
//!   two functions.
//! * **Intent before effect.** What is about to happen is stored before it
//!   happens, with what is needed to understand a lost reply. A token is stored
//!   in the same write as the stage that follows from it.
//! * **Capabilities, not cases.** Issuers and connections state what they can
//!   do ([`rotation::capability`]); only `plan` decides.
//! * **Evidence.** Nothing is retired unless its successor is proven, and
//!   [`scim::evidence::Evidence`] can only be made by the code that probes.
//!
//! # Where to look
//!
//! | folder | what |
//! |---|---|
//! | [`rotation`] | the decision: record, policy, plan, apply, invariants |
//! | [`ports`] | the traits between decision and world, and what passes through them |
//! | [`driver`] | the only place where things happen |
//! | [`vault`] | login, records, published secrets, secret references |
//! | [`issuers`], [`connections`] | one file or folder a kind, one match each |
//! | [`scim`] | probes of the service provider, and evidence |
//! | [`http`] | the one hardened HTTP client |
//! | [`vendors`] | vendors as data, and the test bench for them |
//! | [`config`] | from TOML to typed settings |
//! | [`telemetry`], `server` | logs, metrics, systemd; the read-only server |
//! | `cli` | one file a command |
//! | `demo` | Vault, service provider and identity provider in process |
//! | [`fault`], [`clock`], [`ids`], [`environment`], [`problem`], [`value`], [`secret`] | what every folder uses: failure classes, time, random ids, environment variables, findings about settings, durations and references, secrets |

pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod demo;
pub mod driver;
pub mod environment;
pub mod fault;
pub mod http;
pub mod ids;
pub mod issuers;
pub mod ports;
pub mod problem;
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
