//! What is remembered of a token's tenant.

use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// What a token saw of its tenant when it was last proven. With it a successor can
/// be compared after the token has died. It is bounded: three ids of entries, which
/// a successor is asked for, and two digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantMark {
    /// Ids of the first entries that it listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::scim) entries: Vec<String>,
    /// Digest of the id of its account (`/Me`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::scim) account: Option<Fingerprint>,
    /// Digest of the service provider's configuration, as it was shown to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::scim) configuration: Option<Fingerprint>,
}

impl TenantMark {
    /// Whether there is nothing in it that could be compared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
