//! Login with the client certificate of the TLS connection (`client_cert_file` of
//! `[vault]`). The file is read again at each login.
//!
//! Facts: Vault API, `auth/cert/login`. Vault takes the certificate from the
//! connection on which the login arrives, so no proxy may end TLS before it. Vault
//! also requires it at each renewal: after the file changed, a renewal is refused
//! and a login follows. vaultrs sends the role in a field that Vault does not
//! know, so this file makes the request itself.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use super::{Granted, Method, check_mount, check_role, granted};
use crate::problem::Problems;
use crate::vault::client::{Call, VaultClient};
use crate::vault::endpoints::Plain;
use crate::vault::error::{VaultError, VaultErrorKind};

/// `[vault.auth.cert]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertAuth {
    /// Where the method is mounted below `auth/`.
    #[serde(default = "CertAuth::default_mount")]
    pub mount: String,
    /// Name of the role. Without it Vault uses any role that the certificate
    /// matches.
    #[serde(default)]
    pub role: Option<String>,
}

impl CertAuth {
    fn default_mount() -> String {
        "cert".to_owned()
    }

    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        check_mount(&self.mount, path, "cert", problems);
        if let Some(role) = &self.role {
            check_role(role, path, problems);
        }
    }

    fn explain(&self) -> String {
        let role = self.role.as_deref().unwrap_or("<role>");
        format!(
            "the client certificate (`client_cert_file`) was not accepted: `vault read auth/{0}/certs/{role}` shows the authority and the names that the role asks for; look whether the certificate expired or was revoked (`vault list auth/{0}/crls`), and whether a load balancer ends TLS before Vault, which then never sees it",
            self.mount
        )
    }
}

#[async_trait]
impl Method for CertAuth {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("login", format!("auth/{}/login", self.mount));
        client.read_files_again().await.map_err(|reason| {
            let text = format!("{reason}; it is read again at each login: look at what writes it");
            VaultError::new(&call, VaultErrorKind::Credential(text))
        })?;
        let body = match &self.role {
            Some(role) => json!({ "name": role }),
            None => json!({}),
        };
        let request = Plain::post(call.target.clone(), body);
        let answer = client.execute(&call, None, &request).await;
        let answer = answer.map_err(|error| error.refused_login(|| self.explain()))?;
        granted(&call, answer)
    }

    fn owns_token(&self) -> bool {
        true
    }
}
