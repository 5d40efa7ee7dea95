//! L5, the full cycle: a user and a group are created at a service provider that is
//! not production, read, changed and deleted again with the token.
//!
//! ```text
//! locks ─> sweep ─> absent ─> create ─> read ─> query ─> duplicate ─> change ─>
//! deactivate ─> reactivate ─> group ─> member ─> delete ─> gone ─> wrong tokens
//!             │
//!             └ the journal is written before each creation, so that any process can
//!               delete what a process left behind that was killed
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`profile`] | the keys of a token's `full_cycle` table: limits, and known deviations of the service provider |
//! | [`locks`] | what must be true before anything is written |
//! | [`names`] | the names of what a run creates, from its id |
//! | [`journal`] | what is stored before each creation, and the result of the last run |
//! | [`ownership`] | the conditions that a resource must meet before it is deleted |
//! | [`resource`], `bodies` | reading and writing of SCIM resources |
//! | [`report`], `planned` | the steps, how each ended, and the verdict |
//! | `sender` | requests within the budget of one run |
//! | `state`, and [`run`] with `user`, `changing`, `group`, `negative`, `finding` | a running cycle, and its steps |
//! | `cleanup` | deletes what a run created, also that of a run that was killed |
//! | [`schedule`] | when the daemon runs the next cycle |
//!
//! Reports contain no text of a server's body and no id: a hostile server may repeat
//! the token in them.

mod bodies;
mod changing;
mod cleanup;
mod duplicate;
mod finding;
mod full;
mod group;
pub mod journal;
pub mod locks;
mod look;
pub mod names;
mod negative;
pub mod ownership;
mod planned;
pub mod profile;
pub mod report;
pub mod resource;
pub mod run;
pub mod schedule;
mod sender;
mod state;
mod user;

pub use self::full::FullCycle;
