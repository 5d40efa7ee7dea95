//! Replays: the documented exchanges of a vendor, good and bad, written in TOML.
//! The real code of an issuer or a connection runs through them over HTTP on
//! loopback, at a time that the replay says.
//!
//! ```text
//! Replay (TOML) ─> scene ─> Script ─> Server on loopback
//!                    │        ▲            ▲
//!                    │        └ compares   │ every request, whatever host it names
//!                    └─> operations ─> real issuer or connection ─> Client::for_replay
//!                              └ outcome compared with `expect`
//! ```
//!
//! The requests must come in the order of the exchanges and look as they say;
//! what a replay does not expect fails, and so does what it expects and does not
//! get. A rule of the `answers` that no scene fires fails too. The format is
//! explained for authors in `config/vendors/REPLAYS.md`.
//!
//! * [`Replay::parse`] reads a replay and refuses what cannot be meant.
//! * [`run()`] runs it against a [`Subject`], [`Described`] by a vendor file or
//!   the [`Settings`] of a configuration, and returns a [`Report`].
//! * [`Served`] serves the answers of one scene to somebody else's client: the
//!   SDK of a vendor is a judge that nobody here wrote. [`Recorded`] is what it,
//!   or our own code, has sent.
//!
//! A replay holds test values only, so its messages show tokens and bodies. The
//! client for it is built by [`crate::http::Client`] for nobody else: see
//! `Client::for_replay`.

mod clock;
mod described;
mod facts;
pub mod file;
mod pattern;
mod perform;
mod predicate;
mod quoted;
mod recorded;
mod report;
mod run;
mod script;
mod secrets;
mod serve;
mod server;
mod subject;
mod wanted;

pub use self::described::Described;
pub use self::file::Replay;
pub use self::recorded::{Recorded, RecordedAnswer};
pub use self::report::{Report, SceneReport};
pub use self::run::run;
pub use self::serve::Served;
pub use self::subject::{Actor, Deps, Settings, Subject};
pub use super::Family;
