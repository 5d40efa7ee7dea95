//! Probes of the service provider: they show whether a token works.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | the keys that a token's `probe` table may set |
//! | [`credential`], [`exchange`], [`secret_verdict`] | client secrets: which shapes a credential has, what the token endpoint says of a secret, and what that proves |
//! | [`federated`] | credentials without a secret: what both sides of the trust show, and what that means |
//! | [`shape`] | L0: what a token's text alone tells, without a network; [`jwt`] reads what a JWT states of itself |
//! | [`garbage`] | a token of the same shape that cannot be right, for the negative control |
//! | [`message`], [`outline`], [`answer`] | what one HTTP answer says: [`answer::ProbeAnswer`] |
//! | [`answer_rules`] | which meanings a rule of the probe's `answers` may have |
//! | [`evidence`] | proof, and [`evidence::dead`]: when a token counts as dead |
//! | [`verdict`], [`words`] | what several answers prove, and the texts of findings |
//! | [`tenancy`] | whether two tokens belong to the same tenant: [`evidence::Tenancy`] |
//! | [`tenant_mark`] | what is remembered of a token's tenant |
//! | [`cycle`] | L5: the full cycle, which writes; never at production |
//! | [`scopes`], [`reach`] | L4: what a token may do, as its issuer tells, and which URLs of administrators let it in |
//! | [`levels`] | the result of each level, for people |
//! | `endpoint`, [`round`], [`probe`] | the requests, their order, and the port: [`probe::ScimProbe`] |
//!
//! Findings contain no text of a server's body, since a hostile server may
//! repeat the token in it. They name statuses and words from fixed lists.

pub mod answer;
pub mod answer_rules;
pub mod config;
pub mod credential;
pub mod cycle;
mod endpoint;
pub mod evidence;
pub mod exchange;
pub mod federated;
pub mod garbage;
pub mod jwt;
pub mod levels;
pub mod message;
pub mod outline;
pub mod probe;
pub mod reach;
pub mod round;
pub mod scopes;
pub mod secret_verdict;
pub mod shape;
pub mod tenancy;
pub mod tenant_mark;
pub mod verdict;
pub mod words;
