//! A token value with its public facts. Only this module serialises token
//! values.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use crate::rotation::issuer_id::IssuerId;
use crate::scim::evidence::Evidence;
use crate::scim::scopes::Scopes;
use crate::secret::{BearerToken, ClientParts, Fingerprint};

/// A token value with its public facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredToken")]
pub struct HeldToken {
    /// The token itself, and the parts of its client if it is a client secret. It is
    /// written only to the record in Vault: as `value`, and the parts as `client`.
    #[serde(flatten, serialize_with = "with_client")]
    pub value: BearerToken,
    /// Its id at the issuer, where the issuer has shown it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<IssuerId>,
    /// The id that the published secret named, for people: it is never sent to
    /// an issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_id: Option<String>,
    /// Who wrote the token to the published path, where Vault tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplied_by: Option<String>,
    /// The issuer that made it, by its name in the configuration; `None` if a
    /// person supplied it and the issuer's list does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was issued, or first seen.
    pub issued_at: Timestamp,
    /// Whether `issued_at` is when the daemon first saw it, as nobody told when it was
    /// issued.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub issued_at_is_seen: bool,
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
    /// What it may do, as its issuer said when it made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Box<Scopes>>,
    /// The life that its issuer was asked for, if it made it for a shorter one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_life: Option<SignedDuration>,
}

/// A token as it is stored. Earlier programs stored the id that the published
/// secret names as if the issuer had shown it.
#[derive(Deserialize)]
struct StoredToken {
    #[serde(deserialize_with = "token_value::deserialize")]
    value: BearerToken,
    #[serde(default)]
    client: Option<ClientParts>,
    #[serde(default)]
    id: Option<IssuerId>,
    #[serde(default)]
    stated_id: Option<String>,
    #[serde(default)]
    supplied_by: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
    issued_at: Timestamp,
    #[serde(default)]
    issued_at_is_seen: bool,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    expiry: ExpiryKnown,
    origin: Origin,
    #[serde(default)]
    evidence: Option<Evidence>,
    #[serde(default)]
    scopes: Option<Box<Scopes>>,
    #[serde(default)]
    asked_life: Option<SignedDuration>,
}

impl From<StoredToken> for HeldToken {
    fn from(stored: StoredToken) -> Self {
        let is_shown = stored.origin == Origin::Issued || stored.issuer.is_some();
        let (id, stated) = match (is_shown, stored.id) {
            (true, id) => (id, None),
            (false, id) => (None, id.map(|id| id.text())),
        };
        Self {
            value: stored.value.of_client(stored.client),
            id,
            stated_id: stored.stated_id.or(stated),
            supplied_by: stored.supplied_by,
            issuer: stored.issuer,
            issued_at: stored.issued_at,
            issued_at_is_seen: stored.issued_at_is_seen,
            expires_at: stored.expires_at,
            expiry: stored.expiry,
            origin: stored.origin,
            evidence: stored.evidence,
            scopes: stored.scopes,
            asked_life: stored.asked_life,
        }
    }
}

impl HeldToken {
    /// Fingerprint of the value.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.value.fingerprint()
    }

    /// When it stops working, as its issuer or the token itself tells. Of a token that
    /// a person brought, the end that follows from the configuration is only a bound:
    /// the configuration does not know when it was made, or for how long, so it may
    /// still work after that.
    #[must_use]
    pub fn told_end(&self) -> Option<Timestamp> {
        let is_told = match (self.origin, self.expiry) {
            (Origin::Issued, _) | (_, ExpiryKnown::Api | ExpiryKnown::Jwt) => true,
            (
                Origin::Adopted | Origin::Operator,
                ExpiryKnown::Declared | ExpiryKnown::Unknown | ExpiryKnown::Never,
            ) => false,
        };
        self.expires_at.filter(|_| is_told)
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

/// Serialises a token and the parts of its client into the record; nothing else
/// serialises them together.
fn with_client<S: Serializer>(value: &BearerToken, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Parts<'a> {
        value: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<&'a ClientParts>,
    }
    let parts = Parts {
        value: value.expose(),
        client: value.client(),
    };
    parts.serialize(to)
}

/// Reads a token from the record.
mod token_value {
    use serde::{Deserialize, Deserializer, de::Error};

    use crate::secret::BearerToken;

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
