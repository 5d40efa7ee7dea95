//! Federated credentials: no secret is issued and nothing expires. The identity
//! provider signs an assertion (a JWT), and the authorization server of the service
//! provider trusts it by issuer, audience, key and subject. These are watched.
//!
//! | file | what it holds |
//! |---|---|
//! | [`config`] | the table `federated` of a token |
//! | [`sight`] | what one look shows of each part |
//! | [`verdict`] | pure: what several looks mean; what is unclear is never a break |
//! | [`words`] | the sentences about a break |
//! | [`keys`], `certificate`, `documents` | the issuer's published keys, and when their certificates end |
//! | [`assertion`] | what the assertion states of itself |
//! | [`trust`], `shown` | what the service provider says that it trusts |
//! | [`watch`] | the requests of one look; the exchange of an assertion |

pub mod assertion;
mod certificate;
pub mod config;
mod documents;
pub mod keys;
mod shown;
pub mod sight;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod verdict;
pub mod watch;
pub mod words;
