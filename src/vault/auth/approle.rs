//! Login with AppRole: a role-id, which is not secret, and a secret-id, which
//! is read from a file or variable at each login. It may be response-wrapped.

use async_trait::async_trait;
use serde::Deserialize;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;

use super::unwrapping::Unwrapping;
use super::{Granted, Method, check_mount, check_not_from_vault, granted};
use crate::problem::Problems;
use crate::secret::SecretText;
use crate::value::Credential;
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::{VaultError, VaultErrorKind};
use crate::vault::local;
use crate::vault::path::check_segments;

/// `[vault.auth.approle]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproleAuth {
    /// Where the method is mounted below `auth/`.
    #[serde(default = "ApproleAuth::default_mount")]
    pub mount: String,
    /// Id of the role.
    pub role_id: String,
    /// The secret-id: a file or an environment variable.
    pub secret_id: Credential,
    /// Name of the role. If it is set, `secret_id` is not the secret-id but the
    /// response-wrapping token of one that was made for this role.
    #[serde(default)]
    pub wrapped_for_role: Option<String>,
}

impl ApproleAuth {
    fn default_mount() -> String {
        "approle".to_owned()
    }

    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        check_mount(&self.mount, path, "approle", problems);
        if self.role_id.is_empty() || !self.role_id.bytes().all(|b| b.is_ascii_graphic()) {
            problems.error(
                format!("{path}.role_id"),
                "the role-id is empty, or holds white space or unprintable characters",
                "copy it from `vault read auth/approle/role/<role>/role-id`",
            );
        }
        if let Some(role) = &self.wrapped_for_role
            && let Err(reason) = check_segments(role)
        {
            problems.error(
                format!("{path}.wrapped_for_role"),
                reason,
                "write the name of the role as it stands in Vault",
            );
        }
        check_not_from_vault(&self.secret_id, format!("{path}.secret_id"), problems);
    }
}

/// The login itself.
pub(super) struct Approle {
    config: ApproleAuth,
    wrapped: Option<Unwrapping>,
}

impl Approle {
    pub(super) fn new(config: ApproleAuth) -> Self {
        let role = config.wrapped_for_role.as_deref();
        let wrapped = role.map(|role| Unwrapping::new(&config.mount, role));
        Self { config, wrapped }
    }

    fn explain(&self) -> String {
        format!(
            "the secret-id in {}, read again at each login, was not accepted for the role-id {}",
            self.config.secret_id.0, self.config.role_id
        )
    }

    async fn secret_id(&self, client: &VaultClient, call: &Call) -> Result<SecretText, VaultError> {
        let place = &self.config.secret_id.0;
        let read = match &self.wrapped {
            None => local::read(place, "the secret-id").await,
            Some(_) => {
                let what = "the wrapping token of the secret-id";
                local::read_for_header(place, what).await
            }
        };
        let read =
            read.map_err(|reason| VaultError::new(call, VaultErrorKind::Credential(reason)))?;
        match &self.wrapped {
            None => Ok(read),
            Some(unwrapping) => unwrapping.secret_id(client, &read, place).await,
        }
    }
}

#[async_trait]
impl Method for Approle {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("login", format!("auth/{}/login", self.config.mount));
        let secret_id = self.secret_id(client, &call).await?;
        let request = LoginWithApproleRequest {
            mount: self.config.mount.clone(),
            role_id: self.config.role_id.clone(),
            secret_id: secret_id.expose().to_owned(),
        };
        let answer = client.execute(&call, None, &request).await;
        let answer = answer.map_err(|error| error.refused_login(|| self.explain()))?;
        granted(&call, answer)
    }

    fn owns_token(&self) -> bool {
        true
    }

    fn unwrap_failed(&self) -> bool {
        self.wrapped.as_ref().is_some_and(Unwrapping::failed)
    }
}
