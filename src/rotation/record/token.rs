//! A token value with its public facts. Only this module serialises token
//! values.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scim::evidence::Evidence;
use crate::secret::{BearerToken, Fingerprint};

/// A token value with its public facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldToken {
    /// The token itself. It is written only to the record in Vault.
    #[serde(with = "token_value")]
    pub value: BearerToken,
    /// Its id at the issuer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The issuer that made it, by its name in the configuration; `None` if a
    /// person supplied it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was issued, or first seen.
    pub issued_at: Timestamp,
    /// When it stops working, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where `expires_at` is known from.
    pub expiry: ExpiryKnown,
    /// Where it came from.
    pub origin: Origin,
    /// The last proof that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl HeldToken {
    /// Fingerprint of the value.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.value.fingerprint()
    }
}

/// Where an expiry is known from; also a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryKnown {
    /// From the issuer's answer.
    Api,
    /// From the token's own `exp`.
    Jwt,
    /// From the configuration.
    Declared,
    /// It is not known.
    Unknown,
    /// It does not expire.
    Never,
}

impl ExpiryKnown {
    /// Every value, for state-set metrics.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Jwt,
        Self::Declared,
        Self::Unknown,
        Self::Never,
    ];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Jwt => "jwt",
            Self::Declared => "declared",
            Self::Unknown => "unknown",
            Self::Never => "never",
        }
    }
}

/// Where a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The issuer made it for the daemon.
    Issued,
    /// Found at the published path when there was no record.
    Adopted,
    /// Written to the published path by a person.
    Operator,
}

/// Serialises a token into the record; nothing else serialises one.
mod token_value {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::secret::BearerToken;

    pub(super) fn serialize<S: Serializer>(value: &BearerToken, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BearerToken, D::Error> {
        BearerToken::parse(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// [`token_value`] for a token that may be absent.
pub(super) mod optional_token_value {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::secret::BearerToken;

    pub(in crate::rotation::record) fn serialize<S: Serializer>(
        value: &Option<BearerToken>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(token) => to.serialize_some(token.expose()),
            None => to.serialize_none(),
        }
    }

    pub(in crate::rotation::record) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<BearerToken>, D::Error> {
        Option::<String>::deserialize(from)?
            .map(|text| BearerToken::parse(text).map_err(D::Error::custom))
            .transpose()
    }
}
