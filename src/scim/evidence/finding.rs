//! Why a probe did not pass.

use serde::{Deserialize, Serialize};

/// Why a probe did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Machine word, for example `rejected`, `endpoint_open`, `not_scim`.
    pub reason: FindingReason,
    /// For a person; contains no secret and no text of the server's.
    pub detail: String,
}

/// Machine words of the findings of probes (levels L0 to L6, see
/// [`crate::scim`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingReason {
    /// The text cannot be a token (L0).
    Malformed,
    /// The token says that it has expired or is not valid yet (L0).
    NotInForce,
    /// 401.
    Rejected,
    /// 403, while a wrong token gets another answer.
    Forbidden,
    /// 403 for every request.
    Ambiguous403,
    /// 404 for every request: the SCIM base URL is wrong.
    WrongBaseUrl,
    /// A request without a token or with a wrong one was accepted.
    EndpointOpen,
    /// 413, 414 or 431, only with the token.
    TokenTooLarge,
    /// The server supports none of the reads.
    NoReadVariant,
    /// The answer is not SCIM.
    NotScim,
    /// A redirect; never followed.
    Redirect,
    /// The certificate is not trusted.
    Tls,
    /// DNS, connect, reset, timeout.
    Unreachable,
    /// 429.
    Throttled,
    /// 5xx.
    ServerError,
    /// A retired token is still accepted.
    StillAccepted,
    /// Two answers contradict each other.
    Flapping,
    /// The new token was accepted, and the old one was neither accepted nor
    /// refused.
    RefusalUnclear,
    /// The answer is the one that a wrong token gets, and no clear refusal.
    LikeWrongToken,
    /// Whether wrong tokens are refused was not asked: `negative_controls` is
    /// off.
    ControlsOff,
    /// The token works, and belongs to another tenant than its predecessor.
    OtherTenant,
    /// The token endpoint accepts the client secret, and no access token comes of it
    /// with which the service provider could be read: the client, its scopes or the
    /// audience are wrong, and another secret would not change that.
    NoAccess,
}

impl FindingReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 22] = [
        Self::Malformed,
        Self::NotInForce,
        Self::Rejected,
        Self::Forbidden,
        Self::Ambiguous403,
        Self::WrongBaseUrl,
        Self::EndpointOpen,
        Self::TokenTooLarge,
        Self::NoReadVariant,
        Self::NotScim,
        Self::Redirect,
        Self::Tls,
        Self::Unreachable,
        Self::Throttled,
        Self::ServerError,
        Self::StillAccepted,
        Self::Flapping,
        Self::RefusalUnclear,
        Self::LikeWrongToken,
        Self::ControlsOff,
        Self::OtherTenant,
        Self::NoAccess,
    ];

    /// The word for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotInForce => "not_in_force",
            Self::Rejected => "rejected",
            Self::Forbidden => "forbidden",
            Self::Ambiguous403 => "ambiguous_403",
            Self::WrongBaseUrl => "wrong_base_url",
            Self::EndpointOpen => "endpoint_open",
            Self::TokenTooLarge => "token_too_large",
            Self::NoReadVariant => "no_read_variant",
            Self::NotScim => "not_scim",
            Self::Redirect => "redirect",
            Self::Tls => "tls",
            Self::Unreachable => "unreachable",
            Self::Throttled => "throttled",
            Self::ServerError => "server_error",
            Self::StillAccepted => "still_accepted",
            Self::Flapping => "flapping",
            Self::RefusalUnclear => "refusal_unclear",
            Self::LikeWrongToken => "like_wrong_token",
            Self::ControlsOff => "controls_off",
            Self::OtherTenant => "other_tenant",
            Self::NoAccess => "no_access",
        }
    }
}
