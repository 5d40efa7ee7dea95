//! The meaning of Vault's answers.

mod classify;
mod fault;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use self::classify::UNKNOWN_LEASE;
pub(super) use self::classify::{classify, is_explained};
use super::call::Call;
use crate::fault::{Fault, FaultClass};

/// A request to Vault that failed. It contains no body, token or header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Vault, {}: {kind}", what(.operation, .target))]
pub struct VaultError {
    /// What was attempted; also the metric label.
    pub operation: &'static str,
    /// The path of the request.
    pub target: String,
    /// Whether the request could have changed anything.
    pub changes: bool,
    /// What Vault answered.
    pub kind: VaultErrorKind,
}

/// What was attempted; a path that ends with the word says it.
fn what(operation: &str, target: &str) -> String {
    match target.rsplit('/').next() == Some(operation) {
        true => target.to_owned(),
        false => format!("{operation} {target}"),
    }
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

    /// Whether the request may have been carried out.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.class() == FaultClass::Ambiguous
    }

    /// Whether another node of the cluster may succeed.
    pub(super) fn is_worth_another_node(&self) -> bool {
        if let VaultErrorKind::Unreachable(fault) = &self.kind {
            return fault.class == FaultClass::NotApplied;
        }
        matches!(
            self.kind,
            VaultErrorKind::Sealed
                | VaultErrorKind::NotInitialised
                | VaultErrorKind::Standby { .. }
        )
    }

    /// Whether Vault rejected our token itself, not only our permission for
    /// this request.
    pub(super) fn is_of_the_token(&self) -> bool {
        self.kind
            == VaultErrorKind::Forbidden {
                invalid_token: true,
            }
    }

    /// Whether there is no such Vault lease.
    pub(super) fn is_unknown_lease(&self) -> bool {
        matches!(self.kind, VaultErrorKind::Refused { known, .. } if known == Some(UNKNOWN_LEASE))
    }

    /// Whether Vault itself says that a secrets engine did not do what was asked by
    /// a [`Call::of_engine`]: also where the server behind the engine is away.
    pub(super) fn is_of_the_engine(&self) -> bool {
        matches!(
            self.kind,
            VaultErrorKind::Refused {
                status: 400 | 500,
                known: None
            }
        )
    }

    /// Whether the cluster has no leader now that this request could reach.
    pub(super) fn is_election(&self) -> bool {
        matches!(self.kind, VaultErrorKind::Standby { .. })
    }

    /// Whether a rate limit was met, and how long Vault asks us to wait.
    pub(super) fn is_rate_limit(&self) -> Option<Option<SignedDuration>> {
        if let VaultErrorKind::RateLimited { retry_after } = &self.kind {
            Some(*retry_after)
        } else {
            None
        }
    }

    /// Whether the leader has to be determined again.
    pub(super) fn doubts_the_node(&self) -> bool {
        let broken = matches!(
            self.kind,
            VaultErrorKind::Unreachable(_)
                | VaultErrorKind::Server { .. }
                | VaultErrorKind::StaleRead
                | VaultErrorKind::Outdated { .. }
        );
        broken || self.is_worth_another_node()
    }

    /// The address to which a node redirected the request. The HTTP client does
    /// not follow it.
    pub(super) fn redirect(&self) -> Option<&Url> {
        if let VaultErrorKind::Standby { to, .. } = &self.kind {
            to.as_deref()
        } else {
            None
        }
    }

    /// Whether this error of one node is more informative than that of another:
    /// its node came nearer to serving the request.
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

    /// For the answer to a login: a refusal without a known reason becomes one
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
            | VaultErrorKind::Outdated { .. }
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

/// What Vault answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultErrorKind {
    /// The stored version is not the one that the write named.
    #[error("somebody else wrote first")]
    CasConflict,
    /// The path requires check-and-set, and the write had none.
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
        deletion_time: Box<str>,
        /// Whether it was destroyed, so that it cannot be restored.
        destroyed: bool,
    },
    /// Our token lacks the permission, or is not valid any more.
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
    /// The node cannot serve.
    #[error(
        "this Vault node cannot serve now (status {status}{}): it has no leader, does not pass requests on to it, or is in maintenance; check the cluster, and that `vault.address` lists every node",
        pointing_text(.to.as_deref())
    )]
    Standby {
        /// HTTP status.
        status: u16,
        /// The address that it redirected to. It is used only if it is
        /// configured.
        to: Option<Box<Url>>,
    },
    /// The node does not have a write yet that this process knows of.
    #[error("this Vault node lags behind (status 412)")]
    StaleRead,
    /// Vault returned an older version of a secret than this process knows.
    #[error(
        "Vault returns version {seen} of this secret, and version {known} was stored before: a Vault node lags behind, or Vault was restored from a snapshot; if that lasts longer than a minute, version {seen} is used and what was lost is looked for"
    )]
    Outdated {
        /// The version that it returned.
        seen: u64,
        /// The newest known version.
        known: u64,
    },
    /// A rate limit quota.
    #[error("the rate limit of Vault was hit (status 429)")]
    RateLimited {
        /// How long Vault asks us to wait.
        retry_after: Option<SignedDuration>,
    },
    /// There was no answer; the fault says why.
    #[error("{0}")]
    Unreachable(Box<Fault>),
    /// Vault reported an internal error.
    #[error("Vault failed with status {status}: look at its log")]
    Server {
        /// HTTP status.
        status: u16,
    },
    /// Vault refused the request permanently.
    #[error("Vault refused with status {status}{}", known_text(*.known))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The known reason.
        known: Option<&'static str>,
    },
    /// The answer is not one of Vault's.
    #[error("the answer is not understood: {0}; is this really Vault, and the mount KV version 2?")]
    Malformed(String),
    /// Vault did not accept the credential of a login.
    #[error("Vault refused the login with status {status}: {reason}")]
    LoginRefused {
        /// HTTP status.
        status: u16,
        /// Which credential, where it was read from, and what to check.
        reason: String,
    },
    /// A credential cannot be used; nothing was sent.
    #[error("{0}")]
    Credential(String),
}

impl VaultErrorKind {
    /// The same error, with the address that a redirect named.
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
