//! Login with a signed JWT from a file that is read at each login: a workload
//! identity, a token of a CI system, or a projected Kubernetes token if Vault
//! has the cluster's keys.
//!
//! Facts: Vault API, `auth/jwt/login`.

use async_trait::async_trait;
use serde::Deserialize;
use vaultrs::api::auth::oidc::requests::JWTLoginRequest;

use super::presented::{self, Presented};
use super::{Granted, Method, check_mount, check_not_from_vault, check_role, granted};
use crate::problem::Problems;
use crate::value::Credential;
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::VaultError;

const WHAT: &str = "the JWT";

/// `[vault.auth.jwt]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtAuth {
    /// Where the method is mounted below `auth/`.
    #[serde(default = "JwtAuth::default_mount")]
    pub mount: String,
    /// Name of the role.
    pub role: String,
    /// The JWT: a file or an environment variable.
    pub jwt: Credential,
}

impl JwtAuth {
    fn default_mount() -> String {
        "jwt".to_owned()
    }

    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        check_mount(&self.mount, path, "jwt", problems);
        check_role(&self.role, path, problems);
        check_not_from_vault(&self.jwt, format!("{path}.jwt"), problems);
    }
}

#[async_trait]
impl Method for JwtAuth {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("login", format!("auth/{}/login", self.mount));
        let jwt = presented::read(&call, &self.jwt, WHAT).await?;
        let request = JWTLoginRequest {
            mount: self.mount.clone(),
            jwt: jwt.expose().to_owned(),
            role: Some(self.role.clone()),
        };
        let answer = client.execute(&call, None, &request).await;
        let answer = answer.map_err(|error| {
            let presented = Presented {
                jwt: &jwt,
                place: &self.jwt,
                what: WHAT,
            };
            let else_look = format!(
                "`vault read auth/{0}/role/{1}` shows the audience, subject and claims that the role `{1}` asks for, `vault read auth/{0}/config` the keys and the issuer",
                self.mount, self.role
            );
            presented.explain(error, client.now(), &else_look)
        })?;
        granted(&call, answer)
    }

    fn owns_token(&self) -> bool {
        true
    }
}
