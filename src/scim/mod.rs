//! Probes of the service provider: they show whether a token works.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | the keys that a token's `probe` table may set |
//! | [`shape`] | L0: what a token's text alone tells, without a network; [`jwt`] reads what a JWT states of itself |
//! | [`garbage`] | a token of the same shape that cannot be right, for the negative control |
//! | [`message`], [`answer`] | what one HTTP answer says: [`answer::ProbeAnswer`] |
//! | [`verdict`] | what several answers prove; the only maker of [`evidence`] |
//! | [`tenancy`] | whether two tokens belong to the same tenant: [`tenancy::Tenancy`] |
//! | [`probe`], [`round`] | asks the service provider: [`probe::ScimProbe`] |
//!
//! Findings contain no text of a server's body, since a hostile server may
//! repeat the token in it. They name statuses and words from fixed lists.

pub mod answer;
pub mod config;
pub mod evidence;
pub mod garbage;
pub mod jwt;
pub mod message;
pub mod probe;
pub mod round;
pub mod shape;
pub mod tenancy;
pub mod verdict;
