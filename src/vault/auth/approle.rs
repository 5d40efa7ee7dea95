//! Login with AppRole: a role-id, which is no secret, and a secret-id, which
//! is read from a file or a variable at each login.

use async_trait::async_trait;
use serde::Deserialize;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;

use super::{Granted, Method, check_mount, check_not_from_vault, granted};
use crate::config::problem::Problems;
use crate::config::value::Credential;
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::{VaultError, VaultErrorKind};
use crate::vault::local;

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
        check_not_from_vault(&self.secret_id, format!("{path}.secret_id"), problems);
    }
}

#[async_trait]
impl Method for ApproleAuth {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("login", format!("auth/{}/login", self.mount));
        let secret_id = local::read(&self.secret_id.0, "the secret-id")
            .await
            .map_err(|reason| VaultError::new(&call, VaultErrorKind::Credential(reason)))?;
        let request = LoginWithApproleRequest {
            mount: self.mount.clone(),
            role_id: self.role_id.clone(),
            secret_id: secret_id.expose().to_owned(),
        };
        granted(&call, client.execute(&call, None, &request).await?)
    }

    fn owns_token(&self) -> bool {
        true
    }
}
