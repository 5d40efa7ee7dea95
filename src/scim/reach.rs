//! What a token reaches that it must not reach: URLs of the service provider that
//! only its administrators may read (N7 of the negative tests). Each is read once,
//! by GET; what is read is thrown away.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::scopes::Scopes;

/// Most such URLs of one token: with those of a probe they must fit into the
/// requests of a round.
pub const MOST_URLS: usize = 3;

/// What was found out about what a token may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privilege {
    /// When.
    pub at: Timestamp,
    /// Its scopes, as the issuer showed them when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
    /// Those of the access token that a token endpoint granted for it, where it is a
    /// client secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Scopes>,
    /// What the URLs answered that must refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reach: Vec<Reached>,
}

/// What a service provider shows of what a token may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// The scopes of the access token of a client secret.
    pub access: Option<Scopes>,
    /// What the URLs answered that must refuse it.
    pub reach: Vec<Reached>,
}

/// The answer of one URL that must refuse the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The URL, as it is configured.
    pub url: String,
    /// What it answered.
    pub answer: ReachAnswer,
    /// The status of the answer, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// What the answer of such a URL means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachAnswer {
    /// It does not let the token in: 401, 403, 404 or 410.
    Refused,
    /// It let the token in.
    LetIn,
    /// Neither is shown: a redirect, a server error, a rate limit, no answer.
    Unclear,
}

impl Reached {
    /// What a status means; `None` if no answer came.
    #[must_use]
    pub fn of(url: &str, status: Option<u16>) -> Self {
        let answer = match status {
            Some(200..=299) => ReachAnswer::LetIn,
            Some(401 | 403 | 404 | 410) => ReachAnswer::Refused,
            Some(_) | None => ReachAnswer::Unclear,
        };
        Self {
            url: url.to_owned(),
            answer,
            status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_lets_the_token_in_and_only_a_refusal_refuses_it() {
        let cases = [
            (Some(200), ReachAnswer::LetIn),
            (Some(204), ReachAnswer::LetIn),
            (Some(206), ReachAnswer::LetIn),
            (Some(301), ReachAnswer::Unclear),
            (Some(302), ReachAnswer::Unclear),
            (Some(400), ReachAnswer::Unclear),
            (Some(401), ReachAnswer::Refused),
            (Some(403), ReachAnswer::Refused),
            (Some(404), ReachAnswer::Refused),
            (Some(405), ReachAnswer::Unclear),
            (Some(410), ReachAnswer::Refused),
            (Some(429), ReachAnswer::Unclear),
            (Some(500), ReachAnswer::Unclear),
            (None, ReachAnswer::Unclear),
        ];
        for (status, expected) in cases {
            assert_eq!(Reached::of("u", status).answer, expected, "{status:?}");
        }
    }
}
