//! Proof that a token works, or that it no longer does. Only the code of
//! [`crate::scim`] can make it; `rotation` can only demand it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// A token was accepted by the service provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    fingerprint: Fingerprint,
    at: Timestamp,
    controls: Controls,
}

/// Whether the same request was refused without a token and with garbage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controls {
    /// Both were refused: acceptance means something.
    Refused,
    /// At least one gave no clear answer: enough to deliver, never to retire.
    Unclear,
}

impl Evidence {
    pub(in crate::scim) fn new(
        fingerprint: Fingerprint,
        at: Timestamp,
        controls: Controls,
    ) -> Self {
        Self {
            fingerprint,
            at,
            controls,
        }
    }

    /// Which token was accepted.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it suffices to retire a predecessor.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self.controls {
            Controls::Refused => true,
            Controls::Unclear => false,
        }
    }
}

/// An old token was refused while its successor was accepted in the same
/// window (L6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    fingerprint: Fingerprint,
    at: Timestamp,
}

impl Refusal {
    pub(in crate::scim) fn new(fingerprint: Fingerprint, at: Timestamp) -> Self {
        Self { fingerprint, at }
    }

    /// Which token was refused.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// The three-valued answer of a probe. An inconclusive probe proves nothing in
/// either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Shown.
    Pass(T),
    /// Shown to be otherwise.
    Fail(Finding),
    /// Nothing shown.
    Inconclusive(Finding),
}

/// Why a probe did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Machine word, for example `rejected`, `endpoint_open`, `not_scim`.
    pub reason: FindingReason,
    /// For a person; holds no secret and no body of a server.
    pub detail: String,
}

/// The machine words of a probe's findings (`verification` levels L0 to L6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingReason {
    /// The token's text cannot be one (L0).
    Malformed,
    /// The token states that it has expired or is not valid yet (L0).
    NotInForce,
    /// 401.
    Rejected,
    /// 403 while garbage is told apart.
    Forbidden,
    /// 403 for everything.
    Ambiguous403,
    /// 404 for everything: the SCIM base URL is wrong.
    WrongBaseUrl,
    /// Accepted without a token or with garbage.
    EndpointOpen,
    /// 413, 414 or 431 with the token only.
    TokenTooLarge,
    /// No read that this server supports.
    NoReadVariant,
    /// An answer that is not SCIM.
    NotScim,
    /// A redirect; never followed.
    Redirect,
    /// A certificate that cannot be trusted.
    Tls,
    /// DNS, connect, reset, timeout.
    Unreachable,
    /// 429.
    Throttled,
    /// 5xx.
    ServerError,
    /// A retired token still works.
    StillAccepted,
    /// Two answers that contradict each other.
    Flapping,
}

impl FindingReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 17] = [
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
        }
    }
}
