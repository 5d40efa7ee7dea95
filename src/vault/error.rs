//! What Vault's answers mean.

use jiff::SignedDuration;
use serde_json::Value;

use super::client::Call;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};

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

    fn class(&self) -> FaultClass {
        use VaultErrorKind as K;
        match &self.kind {
            K::CasConflict => FaultClass::Conflict,
            K::Forbidden { .. } | K::Credential(_) => FaultClass::Unauthorized,
            K::RateLimited { .. } => FaultClass::Throttled,
            K::CasRequired | K::NotFound | K::VersionDeleted { .. } | K::Refused { .. } => {
                FaultClass::Rejected
            }
            K::Sealed | K::NotInitialised | K::Standby { .. } | K::StaleRead => {
                FaultClass::NotApplied
            }
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
            K::Forbidden { .. } => FaultKind::Auth,
            K::RateLimited { .. } => FaultKind::Throttled,
            K::Credential(_) | K::NotFound | K::VersionDeleted { .. } => FaultKind::Config,
            K::CasRequired | K::Refused { .. } => FaultKind::Refused,
            K::Sealed | K::NotInitialised | K::Standby { .. } | K::StaleRead => {
                FaultKind::VaultUnavailable
            }
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
            | VaultErrorKind::Unreachable(_)
            | VaultErrorKind::Server { .. }
            | VaultErrorKind::Refused { .. }
            | VaultErrorKind::Malformed(_)
            | VaultErrorKind::Credential(_) => None,
        };
        Fault::new(error.class(), error.fault_kind(), error.to_string()).after(retry_after)
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
        "this Vault node cannot serve now (status {status}): it is a standby that does not forward, or in maintenance; check the cluster, or the address"
    )]
    Standby {
        /// HTTP status.
        status: u16,
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
    /// A credential of ours cannot be used; nothing was sent.
    #[error("{0}")]
    Credential(String),
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

/// Phrases of Vault's that tell a person more than a status. Only these are
/// passed on: Vault's texts may quote what was sent.
const KNOWN: [(&str, &str); 9] = [
    (
        "invalid role or secret ID",
        "the role-id or the secret-id is wrong, used up or expired: issue a new secret-id",
    ),
    (
        "invalid secret id",
        "the secret-id is wrong, used up or expired: issue a new secret-id",
    ),
    (
        "no handler for route",
        "nothing is mounted at this path: check the mount and the namespace",
    ),
    (
        "unsupported path",
        "the mount has no such path: is it KV version 2?",
    ),
    (
        "invalid path for a versioned",
        "the path does not fit KV version 2",
    ),
    ("lease is not renewable", "the token cannot be renewed"),
    ("missing client token", "a proxy took the token away"),
    (
        "source address",
        "the address of this machine is not in the CIDR list of the role or secret-id",
    ),
    ("namespace", "check `vault.namespace`"),
];

/// What a status with its body means; `Ok` for success.
pub(super) fn classify(
    status: u16,
    body: &[u8],
    retry_after: Option<SignedDuration>,
) -> Result<(), VaultErrorKind> {
    use VaultErrorKind as K;
    if (200..300).contains(&status) {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let texts = error_texts(&body);
    let says = |part: &str| texts.iter().any(|text| text.contains(part));
    let refused = || {
        let known = KNOWN.iter().find(|(part, _)| says(part));
        K::Refused {
            status,
            known: known.map(|(_, meaning)| *meaning),
        }
    };
    Err(match status {
        301 | 302 | 303 | 307 | 308 | 472 | 473 | 474 | 530 => K::Standby { status },
        400 if says("check-and-set parameter did not match") => K::CasConflict,
        400 if says("check-and-set parameter required") => K::CasRequired,
        400 if says("Upgrading from non-versioned") => K::Standby { status },
        403 => K::Forbidden {
            invalid_token: says("invalid token"),
        },
        404 => deleted_version(&body).unwrap_or_else(|| {
            let is_vault = body.get("errors").is_some_and(Value::is_array);
            if is_vault && texts.is_empty() {
                K::NotFound
            } else {
                refused()
            }
        }),
        412 => K::StaleRead,
        429 => K::RateLimited { retry_after },
        501 => K::NotInitialised,
        503 if says("sealed") => K::Sealed,
        500 if says("local node not active") => K::Standby { status },
        500.. => K::Server { status },
        _ => refused(),
    })
}

fn error_texts(body: &Value) -> Vec<&str> {
    let errors = body.get("errors").and_then(Value::as_array);
    errors
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn deleted_version(body: &Value) -> Option<VaultErrorKind> {
    let metadata = body.get("data")?.get("metadata")?;
    let deletion_time = metadata.get("deletion_time").and_then(Value::as_str);
    Some(VaultErrorKind::VersionDeleted {
        version: metadata.get("version")?.as_u64()?,
        deletion_time: deletion_time.unwrap_or_default().to_owned(),
        destroyed: metadata.get("destroyed").and_then(Value::as_bool) == Some(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use VaultErrorKind as K;

    #[test]
    fn answers_are_told_apart() {
        let deleted = r#"{"data":{"data":null,"metadata":{"deletion_time":"2026-11-24T04:44:47Z","destroyed":false,"version":7}}}"#;
        let destroyed = r#"{"data":{"data":null,"metadata":{"deletion_time":"","destroyed":true,"version":8}}}"#;
        let cases: [(u16, &str, Result<(), K>); 20] = [
            (204, "", Ok(())),
            (
                400,
                r#"{"errors":["check-and-set parameter did not match the current version"]}"#,
                Err(K::CasConflict),
            ),
            (
                400,
                r#"{"errors":["check-and-set parameter required for this call"]}"#,
                Err(K::CasRequired),
            ),
            (
                400,
                r#"{"errors":["canary"]}"#,
                Err(K::Refused {
                    status: 400,
                    known: None,
                }),
            ),
            (
                403,
                r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#,
                Err(K::Forbidden {
                    invalid_token: false,
                }),
            ),
            (
                403,
                r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#,
                Err(K::Forbidden {
                    invalid_token: true,
                }),
            ),
            (404, r#"{"errors":[]}"#, Err(K::NotFound)),
            (
                404,
                deleted,
                Err(K::VersionDeleted {
                    version: 7,
                    deletion_time: "2026-11-24T04:44:47Z".to_owned(),
                    destroyed: false,
                }),
            ),
            (
                404,
                destroyed,
                Err(K::VersionDeleted {
                    version: 8,
                    deletion_time: String::new(),
                    destroyed: true,
                }),
            ),
            (
                404,
                r#"{"errors":["no handler for route \"x\". route entry not found."]}"#,
                Err(K::Refused {
                    status: 404,
                    known: Some(
                        "nothing is mounted at this path: check the mount and the namespace",
                    ),
                }),
            ),
            (
                404,
                "<html>",
                Err(K::Refused {
                    status: 404,
                    known: None,
                }),
            ),
            (307, "", Err(K::Standby { status: 307 })),
            (412, "", Err(K::StaleRead)),
            (429, "", Err(K::RateLimited { retry_after: None })),
            (473, "", Err(K::Standby { status: 473 })),
            (
                500,
                r#"{"errors":["internal error"]}"#,
                Err(K::Server { status: 500 }),
            ),
            (501, "", Err(K::NotInitialised)),
            (502, "", Err(K::Server { status: 502 })),
            (503, r#"{"errors":["Vault is sealed"]}"#, Err(K::Sealed)),
            (503, "", Err(K::Server { status: 503 })),
        ];
        for (status, body, expected) in cases {
            assert_eq!(
                classify(status, body.as_bytes(), None),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_class_follows_from_what_may_have_happened() {
        let read = Call::new("read", "kv/data/x");
        let write = Call::changing("write", "kv/data/x");
        let cases = [
            (&write, K::CasConflict, FaultClass::Conflict),
            (&write, K::Sealed, FaultClass::NotApplied),
            (&write, K::Server { status: 500 }, FaultClass::Ambiguous),
            (&read, K::Server { status: 500 }, FaultClass::NotApplied),
            (
                &read,
                K::Forbidden {
                    invalid_token: false,
                },
                FaultClass::Unauthorized,
            ),
            (&read, K::NotFound, FaultClass::Rejected),
        ];
        for (call, kind, class) in cases {
            let fault = Fault::from(VaultError::new(call, kind.clone()));
            assert_eq!(fault.class, class, "{kind:?}");
        }
    }
}
