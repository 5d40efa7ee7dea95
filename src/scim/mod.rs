//! Probes of the service provider: they show whether a token works.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | the keys that a token's `probe` table may set |
//! | [`shape`] | L0: what the text of a token shows without a request; [`jwt`] decodes the claims of a JWT |
//! | [`garbage`] | a wrong token of the same shape, for the negative control |
//! | [`message`], [`answer`] | the meaning of one HTTP answer: [`answer::Answer`] |
//! | [`verdict`] | what several answers prove; only this creates [`evidence`] |
//! | [`probe`], [`round`] | send the requests: [`probe::ScimProbe`] |
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
pub mod verdict;
