//! Converts errors of Vault into faults, for code that does not know Vault.

use super::{VaultError, VaultErrorKind};
use crate::fault::{Fault, FaultClass, FaultKind};

impl VaultError {
    /// The fault class and kind of an error.
    pub(super) fn class(&self) -> FaultClass {
        use VaultErrorKind as K;
        match &self.kind {
            K::CasConflict => FaultClass::Conflict,
            K::Forbidden { .. } | K::Credential(_) | K::LoginRefused { .. } => {
                FaultClass::Unauthorized
            }
            K::RateLimited { .. } => FaultClass::Throttled,
            K::CasRequired | K::NotFound | K::VersionDeleted { .. } | K::Refused { .. } => {
                FaultClass::Rejected
            }
            K::Sealed
            | K::NotInitialised
            | K::Standby { .. }
            | K::StaleRead
            | K::Outdated { .. } => FaultClass::NotApplied,
            K::Unreachable(fault) => fault.class,
            K::Server { .. } | K::Malformed(_) => {
                if self.changes {
                    FaultClass::Ambiguous
                } else {
                    FaultClass::NotApplied
                }
            }
        }
    }

    fn fault_kind(&self) -> FaultKind {
        use VaultErrorKind as K;
        match &self.kind {
            K::CasConflict => FaultKind::Conflict,
            K::Forbidden { .. } | K::LoginRefused { .. } => FaultKind::Auth,
            K::RateLimited { .. } => FaultKind::Throttled,
            K::Credential(_) | K::NotFound | K::VersionDeleted { .. } => FaultKind::Config,
            K::CasRequired | K::Refused { .. } => FaultKind::Refused,
            K::Sealed
            | K::NotInitialised
            | K::Standby { .. }
            | K::StaleRead
            | K::Outdated { .. } => FaultKind::VaultUnavailable,
            K::Unreachable(fault) => fault.kind,
            K::Server { .. } => FaultKind::Server,
            K::Malformed(_) => FaultKind::Schema,
        }
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        let retry_after = match &error.kind {
            VaultErrorKind::RateLimited { retry_after } => *retry_after,
            VaultErrorKind::CasConflict
            | VaultErrorKind::CasRequired
            | VaultErrorKind::NotFound
            | VaultErrorKind::VersionDeleted { .. }
            | VaultErrorKind::Forbidden { .. }
            | VaultErrorKind::Sealed
            | VaultErrorKind::NotInitialised
            | VaultErrorKind::Standby { .. }
            | VaultErrorKind::StaleRead
            | VaultErrorKind::Outdated { .. }
            | VaultErrorKind::Unreachable(_)
            | VaultErrorKind::Server { .. }
            | VaultErrorKind::Refused { .. }
            | VaultErrorKind::Malformed(_)
            | VaultErrorKind::LoginRefused { .. }
            | VaultErrorKind::Credential(_) => None,
        };
        Fault::new(error.class(), error.fault_kind(), error.to_string()).after(retry_after)
    }
}
