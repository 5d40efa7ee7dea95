//! Login with the projected service account token of the pod. The kubelet
//! replaces the file while the pod runs, so it is read at each login.
//!
//! Facts: Vault API, `auth/kubernetes/login`: Vault asks the cluster
//! (TokenReview) and answers 403 for a token that the cluster does not accept,
//! and for a service account or namespace that the role does not name.

use std::path::PathBuf;

use async_trait::async_trait;
use serde::Deserialize;
use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;

use super::presented::{self, Presented};
use super::{Granted, Method, check_mount, check_not_from_vault, check_role, granted};
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::Credential;
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::VaultError;

const WHAT: &str = "the service account token";

/// The file with the token of a pod's service account.
const TOKEN_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// `[vault.auth.kubernetes]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesAuth {
    /// Where the method is mounted below `auth/`.
    #[serde(default = "KubernetesAuth::default_mount")]
    pub mount: String,
    /// Name of the role.
    pub role: String,
    /// The service account token: a file or an environment variable.
    #[serde(default = "KubernetesAuth::default_jwt")]
    pub jwt: Credential,
}

impl KubernetesAuth {
    fn default_mount() -> String {
        "kubernetes".to_owned()
    }

    fn default_jwt() -> Credential {
        Credential(SecretRef::File(PathBuf::from(TOKEN_FILE)))
    }

    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        check_mount(&self.mount, path, "kubernetes", problems);
        check_role(&self.role, path, problems);
        check_not_from_vault(&self.jwt, format!("{path}.jwt"), problems);
    }
}

#[async_trait]
impl Method for KubernetesAuth {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("login", format!("auth/{}/login", self.mount));
        let jwt = presented::read(&call, &self.jwt, WHAT).await?;
        let request = LoginWithKubernetesRequest {
            mount: self.mount.clone(),
            role: self.role.clone(),
            jwt: jwt.expose().to_owned(),
        };
        let answer = client.execute(&call, None, &request).await;
        let answer = answer.map_err(|error| {
            let presented = Presented {
                jwt: &jwt,
                place: &self.jwt,
                what: WHAT,
            };
            let else_look = format!(
                "`vault read auth/{0}/role/{1}` shows the service account, namespace and audience that the role `{1}` asks for, and Vault's log whether the cluster lets Vault review tokens (system:auth-delegator)",
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
