//! Interprets the status and body of an answer.

use jiff::SignedDuration;
use serde_json::Value;

use super::VaultErrorKind;

/// The error of a status with its body; `Ok` for success.
pub(in crate::vault) fn classify(
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
    let standby = || K::Standby { status, to: None };
    let refused = || {
        let known = KNOWN.iter().find(|(part, _)| says(part));
        K::Refused {
            status,
            known: known.map(|(_, meaning)| *meaning),
        }
    };
    Err(match status {
        301 | 302 | 303 | 307 | 308 | 472 | 473 | 474 | 530 => standby(),
        400 if says("check-and-set parameter did not match") => K::CasConflict,
        400 if says("check-and-set parameter required") => K::CasRequired,
        400 if says("Upgrading from non-versioned") => standby(),
        403 if OF_LOGINS.iter().any(|part| says(part)) => refused(),
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
        500 if says("local node not active") => standby(),
        500 if says("failed to verify client's certificate") => refused(),
        500.. => K::Server { status },
        _ => refused(),
    })
}

/// Whether Vault says in the body of a 500 what failed before anything was stored.
/// A gateway does not; nor does Vault after a failure of its own, such as that of an
/// audit device, which may come after the work.
pub(in crate::vault) fn is_explained(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let texts = error_texts(&body);
    !texts.is_empty() && !texts.iter().any(|text| text.contains("internal error"))
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
    let created_time = metadata.get("created_time").and_then(Value::as_str);
    Some(VaultErrorKind::VersionDeleted {
        version: metadata.get("version")?.as_u64()?,
        created_at: created_time.and_then(|time| time.parse().ok()),
        deletion_time: deletion_time.unwrap_or_default().into(),
        destroyed: metadata.get("destroyed").and_then(Value::as_bool) == Some(true),
    })
}

/// Texts of a 403 about a credential that Vault recognised.
const OF_LOGINS: [&str; 3] = [
    "invalid audience",
    "service account name not authorized",
    "namespace not authorized",
];

/// Vault knows no lease of that id.
pub(super) const UNKNOWN_LEASE: &str = "there is no such Vault lease";

/// Texts of Vault that say more than the status. Only these are passed on,
/// because Vault's texts may quote the request.
const KNOWN: [(&str, &str); 15] = [
    (
        OF_LOGINS[0],
        "the token was issued for another audience than the role asks for",
    ),
    (OF_LOGINS[1], "the role does not allow this service account"),
    (OF_LOGINS[2], "the role does not allow this namespace"),
    (
        "failed to verify client's certificate",
        "the certificate expired, is not valid yet, or was made for another purpose",
    ),
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
        "the mount has no such path: is it KV version 2? (A credential of another engine is written with `lease = true`.)",
    ),
    (
        "invalid path for a versioned",
        "the path does not fit KV version 2",
    ),
    ("invalid lease", UNKNOWN_LEASE),
    ("lease not found", UNKNOWN_LEASE),
    ("lease is not renewable", "the token cannot be renewed"),
    ("missing client token", "a proxy took the token away"),
    (
        "source address",
        "the address of this machine is not in the CIDR list of the role or secret-id",
    ),
    ("namespace", "check `vault.namespace`"),
];
