//! The id of a token at its issuer.

use serde::{Deserialize, Serialize};

/// The id of a token, as its issuer itself showed it: in the answer to an
/// issuance request, or in its list. Only such an id is ever sent in a
/// revocation. An id that somebody wrote to the published path may be that of
/// any token of the issuer, so no value of this type can be made of it: the
/// methods `issuer_id` of `IssuedToken` and `ListedToken`, and the record, are
/// the only sources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssuerId(String);

impl IssuerId {
    pub(in crate::rotation) fn shown(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A copy of it as text, for people and for readers of the published secret.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.clone()
    }
}

impl PartialEq<str> for IssuerId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for IssuerId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
