//! What Vault's answers mean.

mod classify;
mod fault;

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub(super) use self::classify::classify;
use super::client::Call;
use crate::fault::{Fault, FaultClass};

/// A request to Vault that did not do what was asked. Never holds a body, a
/// token or a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Vault, {operation} {target}: {kind}")]
pub struct VaultError {
    /// What was attempted; also the metric label.
    pub operation: &'static str,
    /// At which path.
    pub target: String,
    /// Whether the request could have changed anything.
    pub changes: bool,
    /// What came back.
    pub kind: VaultErrorKind,
}

impl VaultError {
    pub(super) fn new(call: &Call, kind: VaultErrorKind) -> Self {
        Self {
            operation: call.operation,
            target: call.target.clone(),
            changes: call.changes,
            kind,
        }
    }

    /// Whether the request may have been carried out all the same.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.class() == FaultClass::Ambiguous
    }

    /// Whether another node of the cluster may do better.
    pub(super) fn is_worth_another_node(&self) -> bool {
        matches!(
            self.kind,
            VaultErrorKind::Unreachable(Fault {
                class: FaultClass::NotApplied,
                ..
            }) | VaultErrorKind::Sealed
                | VaultErrorKind::NotInitialised
                | VaultErrorKind::Standby { .. }
        )
    }

    /// Whether Vault said that our token is not valid, and not only that it may
    /// not do this.
    pub(super) fn is_of_the_token(&self) -> bool {
        self.kind
            == VaultErrorKind::Forbidden {
                invalid_token: true,
            }
    }

    /// Whether the cluster is there and has no leader that this request reached.
    pub(super) fn is_election(&self) -> bool {
        matches!(self.kind, VaultErrorKind::Standby { .. })
    }

    /// Whether a rate limit was hit, and how long Vault asks us to stay away.
    pub(super) fn is_rate_limit(&self) -> Option<Option<SignedDuration>> {
        if let VaultErrorKind::RateLimited { retry_after } = &self.kind {
            Some(*retry_after)
        } else {
            None
        }
    }

    /// Whether it has to be found out anew which node leads.
    pub(super) fn doubts_the_node(&self) -> bool {
        let broken = matches!(
            self.kind,
            VaultErrorKind::Unreachable(_)
                | VaultErrorKind::Server { .. }
                | VaultErrorKind::StaleRead
        );
        broken || self.is_worth_another_node()
    }

    /// Where a node sent us instead of answering. Never followed by itself.
    pub(super) fn redirect(&self) -> Option<&Url> {
        if let VaultErrorKind::Standby { to, .. } = &self.kind {
            to.as_deref()
        } else {
            None
        }
    }

    /// Of the errors of several nodes, one is told: that of the node that came
    /// nearest to serving.
    pub(super) fn tells_more_than(&self, other: &Self) -> bool {
        let nearness = |error: &Self| {
            let found = [
                error.is_election(),
                error.kind == VaultErrorKind::Sealed,
                error.kind == VaultErrorKind::NotInitialised,
            ];
            found.iter().position(|is| *is).unwrap_or(found.len())
        };
        nearness(self) < nearness(other)
    }

    /// For an answer to a login: a refusal that tells nothing more becomes one
    /// that names the credential and the remedy.
    pub(super) fn refused_login(self, reason: impl FnOnce() -> String) -> Self {
        let (status, known) = match &self.kind {
            VaultErrorKind::Forbidden { .. } => (403, None),
            VaultErrorKind::Refused { status, known } => (*status, *known),
            VaultErrorKind::CasConflict
            | VaultErrorKind::CasRequired
            | VaultErrorKind::NotFound
            | VaultErrorKind::VersionDeleted { .. }
            | VaultErrorKind::Sealed
            | VaultErrorKind::NotInitialised
            | VaultErrorKind::Standby { .. }
            | VaultErrorKind::StaleRead
            | VaultErrorKind::RateLimited { .. }
            | VaultErrorKind::Unreachable(_)
            | VaultErrorKind::Server { .. }
            | VaultErrorKind::Malformed(_)
            | VaultErrorKind::LoginRefused { .. }
            | VaultErrorKind::Credential(_) => return self,
        };
        let reason = match known {
            Some(known) => format!("{known} ({})", reason()),
            None => reason(),
        };
        let kind = VaultErrorKind::LoginRefused { status, reason };
        Self { kind, ..self }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultErrorKind {
    /// Another version is stored than the one that the write named.
    #[error("somebody else wrote first")]
    CasConflict,
    /// The path demands check-and-set and the write had none.
    #[error("the path demands check-and-set")]
    CasRequired,
    /// There is no such secret.
    #[error("there is no such secret")]
    NotFound,
    /// The latest version of the secret was deleted or destroyed.
    #[error("version {version} was {}", if *.destroyed { "destroyed" } else { "deleted" })]
    VersionDeleted {
        /// Number of the latest version: what the next write must name.
        version: u64,
        /// When it was written.
        created_at: Option<Timestamp>,
        /// When it was deleted, as Vault writes it; empty if destroyed at once.
        deletion_time: String,
        /// Whether it can never come back.
        destroyed: bool,
    },
    /// Our token may not do this, or is not valid any more.
    #[error("{}", forbidden_text(*.invalid_token))]
    Forbidden {
        /// Vault said that the token itself is not valid.
        invalid_token: bool,
    },
    /// Vault is sealed.
    #[error("Vault is sealed: unseal it; nothing is lost, work goes on by itself")]
    Sealed,
    /// Vault is not initialised.
    #[error("Vault is not initialised: run `vault operator init`, or check the address")]
    NotInitialised,
    /// A node that cannot serve.
    #[error(
        "this Vault node cannot serve now (status {status}{}): it has no leader, does not pass requests on to it, or is in maintenance; check the cluster, and that `vault.address` lists every node",
        pointing_text(.to.as_deref())
    )]
    Standby {
        /// HTTP status.
        status: u16,
        /// Where it sent us. Not followed unless it is a configured address.
        to: Option<Box<Url>>,
    },
    /// The node has not yet seen a write that we know of.
    #[error("this Vault node lags behind (status 412)")]
    StaleRead,
    /// A rate limit quota.
    #[error("the rate limit of Vault was hit (status 429)")]
    RateLimited {
        /// How long Vault asks us to stay away.
        retry_after: Option<SignedDuration>,
    },
    /// No answer: the HTTP client tells why.
    #[error("{0}")]
    Unreachable(Fault),
    /// Vault failed.
    #[error("Vault failed with status {status}: look at its log")]
    Server {
        /// HTTP status.
        status: u16,
    },
    /// Vault refused the request for good.
    #[error("Vault refused with status {status}{}", known_text(*.known))]
    Refused {
        /// HTTP status.
        status: u16,
        /// What we know of the reason.
        known: Option<&'static str>,
    },
    /// An answer that is not Vault's.
    #[error("the answer is not understood: {0}; is this really Vault, and the mount KV version 2?")]
    Malformed(String),
    /// Vault did not accept the credential of a login.
    #[error("Vault refused the login with status {status}: {reason}")]
    LoginRefused {
        /// HTTP status.
        status: u16,
        /// Which credential, from where, and what to look at.
        reason: String,
    },
    /// A credential of ours cannot be used; nothing was sent.
    #[error("{0}")]
    Credential(String),
}

impl VaultErrorKind {
    /// The same, with the place that a redirect named.
    pub(super) fn pointing_to(self, place: Option<Url>) -> Self {
        match (self, place) {
            (Self::Standby { status, .. }, Some(to)) => Self::Standby {
                status,
                to: Some(Box::new(to)),
            },
            (other, _) => other,
        }
    }
}

fn pointing_text(to: Option<&Url>) -> String {
    let origin = to.map(|url| url.origin().ascii_serialization());
    origin
        .map(|origin| format!(", it points to {origin}"))
        .unwrap_or_default()
}

fn forbidden_text(invalid_token: bool) -> &'static str {
    if invalid_token {
        "Vault does not accept our token (status 403): it expired or was revoked"
    } else {
        "permission denied (status 403): `scim-rotator check --online` prints the missing policy line"
    }
}

fn known_text(known: Option<&'static str>) -> String {
    known.map(|text| format!(": {text}")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
