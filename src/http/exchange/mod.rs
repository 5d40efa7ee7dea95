//! One vocabulary for a call and what its answer means: issuers, connections,
//! token endpoints and probes all use it.
//!
//! ```text
//! Exchange (address, authentication, headers, rules, login, lookups)
//!    └ Run, one operation ─> login? ─> lookups* ─> call ─> Reply
//!        call: when? ─> request ─> client ─> answer ─> judge ─> poll? ─> read
//! ```
//!
//! The code here decides nothing about a token: it says what an answer means
//! and what is in it.

mod call;
mod check;
mod condition;
mod engine;
mod failed;
mod json_place;
mod judge;
mod listing;
mod masked;
mod merge;
mod page;
mod paging;
mod patch;
mod place;
mod poll;
mod purpose;
mod read;
mod request;
mod rule;
mod run;
mod said;
mod session;
mod settings;
mod single;
mod state;

pub use self::call::{Body, Call, ErrorPlaces, IfMatch, Sequence, TextBody};
pub(in crate::http) use self::check::check_fixed;
pub use self::check::{Checker, check_rules};
pub use self::condition::Condition;
pub use self::engine::{Exchange, Owner};
pub use self::failed::Failed;
pub use self::json_place::JsonPlace;
pub use self::judge::judge_grant;
pub use self::merge::{Merge, Set};
pub use self::page::PageMark;
pub use self::paging::{Pager, Paging};
pub use self::patch::Operation;
pub(crate) use self::place::{JoinPart, from_keys, from_parts};
pub use self::place::{Place, View};
pub use self::poll::{LONGEST_WAIT, Poll};
pub use self::purpose::{Effect, Purpose};
pub use self::read::{ItemsAs, Read};
pub use self::request::Guard;
pub use self::rule::{Means, Rule, Statuses};
pub use self::run::{NO_TOKEN, Reply, Run};
pub use self::settings::{Shared, TOKEN_ENDPOINT};
pub use self::single::{check_fields, rule_for, with_fields};
pub use self::state::ConnectionState;
