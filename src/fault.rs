//! What a failed effect means for the next decision.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The class of a failure. The class, never the text, drives `plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The other side did nothing: it was not reached, or refused at once.
    NotApplied,
    /// It may have happened: a timeout or reset after sending, or a 5xx.
    Ambiguous,
    /// Refused because of a rate limit, without effect.
    Throttled,
    /// Our credential towards that server was not accepted.
    Unauthorized,
    /// A permanent refusal: repeating the same call cannot help.
    Rejected,
    /// Somebody else changed it first (CAS, `If-Match`).
    Conflict,
}

impl FaultClass {
    /// Every class, for tables and tests.
    pub const ALL: [Self; 6] = [
        Self::NotApplied,
        Self::Ambiguous,
        Self::Throttled,
        Self::Unauthorized,
        Self::Rejected,
        Self::Conflict,
    ];

    /// The word for logs and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Ambiguous => "ambiguous",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
        }
    }

    /// Whether repeating the call unchanged is hopeless without a person or a
    /// change at the other side.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        match self {
            Self::Unauthorized | Self::Rejected => true,
            Self::NotApplied | Self::Ambiguous | Self::Throttled | Self::Conflict => false,
        }
    }
}

/// Why it failed, as a label of bounded cardinality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A credential was refused or may not do this.
    Auth,
    /// A rate limit.
    Throttled,
    /// DNS, connect, TLS, reset.
    Network,
    /// A deadline passed.
    Timeout,
    /// An answer that does not have the documented shape.
    Schema,
    /// Changed by somebody else.
    Conflict,
    /// The server refused the content.
    Refused,
    /// The server failed (5xx).
    Server,
    /// The configuration cannot be carried out.
    Config,
    /// The identity provider's connection points at another service provider.
    WrongTarget,
    /// Vault is sealed, in standby or not initialised.
    VaultUnavailable,
}

impl FaultKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::Auth,
        Self::Throttled,
        Self::Network,
        Self::Timeout,
        Self::Schema,
        Self::Conflict,
        Self::Refused,
        Self::Server,
        Self::Config,
        Self::WrongTarget,
        Self::VaultUnavailable,
    ];

    /// The word for logs and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Throttled => "throttled",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Schema => "schema",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Server => "server",
            Self::Config => "config",
            Self::WrongTarget => "wrong_target",
            Self::VaultUnavailable => "vault_unavailable",
        }
    }
}

/// A failed effect. `message` is written by us for a person and never holds a
/// secret or a body of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What may be concluded.
    pub class: FaultClass,
    /// Why, for labels.
    pub kind: FaultKind,
    /// For a person: what was attempted, what came back, what to do.
    pub message: String,
    /// How long the server asked us to stay away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SignedDuration>,
    /// Set if a complete answer came that cannot be used, so that the same call
    /// would end in the same way. Only a failure of the class `Ambiguous` has
    /// it: what the call makes may have been made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Unusable>,
}

/// What is known of a call whose answer came complete and cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Id of what the call made, where the answer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Whether the answer is a page for people, as a gateway sends while the server
    /// behind it is away. Such an answer ends by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_page: bool,
}

impl Fault {
    /// A fault without a wish of the server's.
    #[must_use]
    pub fn new(class: FaultClass, kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            class,
            kind,
            message: message.into(),
            retry_after: None,
            unusable: None,
        }
    }

    /// The same fault, of an answer that came complete. Where nothing can have
    /// been made, that makes no difference.
    #[must_use]
    pub fn complete(mut self) -> Self {
        if self.class == FaultClass::Ambiguous {
            self.unusable.get_or_insert_default();
        }
        self
    }

    /// The same fault, of an answer that is a page for people.
    #[must_use]
    pub fn of_page(mut self) -> Self {
        if let Some(unusable) = &mut self.unusable {
            unusable.is_page = true;
        }
        self
    }

    /// Whether the same call would end in the same way, as far as is known.
    #[must_use]
    pub fn comes_again(&self) -> bool {
        self.unusable.as_ref().is_some_and(|answer| !answer.is_page)
    }

    /// The same fault with the server's `Retry-After`.
    #[must_use]
    pub fn after(mut self, retry_after: Option<SignedDuration>) -> Self {
        self.retry_after = retry_after;
        self
    }
}
