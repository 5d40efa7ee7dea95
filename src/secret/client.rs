//! What belongs to a client secret: with another client id it is worthless, so
//! all of it is one value wherever the secret goes.

use serde::{Deserialize, Serialize};

/// Longest client id that is accepted, in bytes.
const LONGEST_ID: usize = 512;

/// What an OAuth 2 client needs beside its secret. None of it is secret (RFC 6749,
/// 2.2). It is kept with the secret, so that an identity provider is never given
/// the id of one client and the secret of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientParts {
    /// The client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The token endpoint at which the secret is exchanged for an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// The scopes that are asked for there, separated by blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl ClientParts {
    /// The same; what is missing is taken from other parts.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let one = |own: &Option<String>, other: &Option<String>| own.clone().or(other.clone());
        Self {
            id: one(&self.id, &other.id),
            token_url: one(&self.token_url, &other.token_url),
            scope: one(&self.scope, &other.scope),
        }
    }
}

/// Why a text cannot be a client id, if it cannot; does not quote it.
#[must_use]
pub fn objection_to_client_id(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("is empty");
    }
    if text.len() > LONGEST_ID {
        return Some("is longer than 512 bytes");
    }
    let printable = text.bytes().all(|b| (0x20..=0x7e).contains(&b));
    (!printable).then_some("has a character outside visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_plain_text() {
        let long = "a".repeat(LONGEST_ID + 1);
        for bad in ["", " ", "a\nb", "grün", &long] {
            assert!(objection_to_client_id(bad).is_some(), "{bad:?}");
        }
        for good in [
            "scim",
            "6731de76-14a6-49ae-97bc-6eba6914391e",
            "https://app/x",
        ] {
            assert_eq!(objection_to_client_id(good), None);
        }
    }

    #[test]
    fn missing_parts_are_taken_from_the_others_and_own_ones_stay() {
        let part = |text: &str| Some(text.to_owned());
        let own = ClientParts {
            id: part("new"),
            ..ClientParts::default()
        };
        let configured = ClientParts {
            id: part("old"),
            token_url: part("https://as.example/token"),
            scope: None,
        };
        let whole = own.or(&configured);
        assert_eq!(whole.id, part("new"));
        assert_eq!(whole.token_url, part("https://as.example/token"));
    }
}
