//! A secret-id in a response-wrapping token. The token can be unwrapped once:
//! if a thief did so, it is used up. So its creation path is checked first, and
//! a token that cannot be unwrapped raises an alarm.
//!
//! Facts: Vault documentation, "Response wrapping", "Response wrapping token
//! validation"; API `sys/wrapping/lookup` and `sys/wrapping/unwrap`.

use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;
use vaultrs::api::sys::requests::{UnwrapRequest, WrappingLookupRequest};

use crate::secret::{Fingerprint, SecretRef, SecretText};
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::{VaultError, VaultErrorKind};

/// Unwraps the secret-ids of one role. The secret-id is kept in memory for
/// later logins, since its token can be unwrapped only once.
pub(super) struct Unwrapping {
    /// The path at which a genuine wrapping token was created.
    expected: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The wrapping token that was opened last, and what was in it.
    opened: Option<(Fingerprint, SecretText)>,
    /// The wrapping token that the alarm was raised for, if it was the last.
    alarmed: Option<Fingerprint>,
}

#[derive(Deserialize)]
struct Looked {
    creation_path: String,
}

#[derive(Deserialize)]
struct Opened {
    secret_id: String,
}

impl Unwrapping {
    pub(super) fn new(mount: &str, role: &str) -> Self {
        Self {
            expected: format!("auth/{mount}/role/{role}/secret-id"),
            known: Mutex::default(),
        }
    }

    /// Whether the last wrapping token could not be unwrapped.
    pub(super) fn failed(&self) -> bool {
        self.known().alarmed.is_some()
    }

    /// The secret-id of this wrapping token.
    pub(super) async fn secret_id(
        &self,
        client: &VaultClient,
        wrapping: &SecretText,
        place: &SecretRef,
    ) -> Result<SecretText, VaultError> {
        let fingerprint = wrapping.fingerprint();
        if let Some((opened, secret_id)) = &self.known().opened
            && *opened == fingerprint
        {
            return Ok(secret_id.clone());
        }
        let result = self.open(client, wrapping, place).await;
        match &result {
            Ok(secret_id) => {
                *self.known() = Known {
                    opened: Some((fingerprint, secret_id.clone())),
                    alarmed: None,
                }
            }
            Err(error) => self.raise_alarm(error, fingerprint),
        }
        result
    }

    async fn open(
        &self,
        client: &VaultClient,
        wrapping: &SecretText,
        place: &SecretRef,
    ) -> Result<SecretText, VaultError> {
        let call = Call::new("wrapping_lookup", "sys/wrapping/lookup");
        let token = wrapping.expose().to_owned();
        let answer = client
            .execute(&call, None, &WrappingLookupRequest { token })
            .await
            .map_err(|error| error.refused_login(|| does_not_open(place)))?;
        let looked: Option<Looked> = answer.field("data");
        let found = looked.ok_or_else(|| malformed(&call))?.creation_path;
        if found != self.expected {
            let reason = format!(
                "the wrapping token in {place} was not made at {} but at {found}: somebody may have put another one there; it was not unwrapped; find out who wrote it, and deliver a new one",
                self.expected
            );
            return Err(VaultError::new(&call, VaultErrorKind::Credential(reason)));
        }
        let call = Call::changing("unwrap", "sys/wrapping/unwrap");
        let request = UnwrapRequest { token: None };
        let answer = client
            .execute(&call, Some(wrapping), &request)
            .await
            .map_err(|error| error.refused_login(|| does_not_open(place)))?;
        let opened: Option<Opened> = answer.field("data");
        let secret_id = opened.ok_or_else(|| malformed(&call))?.secret_id;
        SecretText::parse(secret_id).map_err(|_| malformed(&call))
    }

    /// Logs an alarm once for each wrapping token, since the login is repeated.
    fn raise_alarm(&self, error: &VaultError, wrapping: Fingerprint) {
        let suspicious = matches!(
            error.kind,
            VaultErrorKind::LoginRefused { .. } | VaultErrorKind::Credential(_)
        );
        let mut known = self.known();
        if suspicious && known.alarmed.as_ref() != Some(&wrapping) {
            tracing::error!(
                alarm = "unwrap_failed",
                wrapping_token = %wrapping,
                %error,
                "the secret-id cannot be unwrapped: somebody else may hold it"
            );
            known.alarmed = Some(wrapping);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock()
    }
}

fn does_not_open(place: &SecretRef) -> String {
    format!(
        "the wrapping token in {place} does not open: it expired, this program opened it before it was started anew, or somebody else opened it; unless you know that it was not the last, destroy the secret-ids of the role; then deliver a new wrapping token"
    )
}

fn malformed(call: &Call) -> VaultError {
    let text = "it holds no secret-id of a wrapping token".to_owned();
    VaultError::new(call, VaultErrorKind::Malformed(text))
}
