//! Login with a token that somebody else made: a development root token, or the
//! sink file of a Vault agent.

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::{Granted, Method, check_not_from_vault};
use crate::problem::Problems;
use crate::value::Credential;
use crate::vault::client::{Call, VaultClient};
use crate::vault::error::{VaultError, VaultErrorKind};
use crate::vault::local;

/// `[vault.auth.token]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenAuth {
    /// The token: a file (read again when it is refused) or an environment
    /// variable.
    pub token: Credential,
}

impl TokenAuth {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        check_not_from_vault(&self.token, format!("{path}.token"), problems);
    }
}

#[derive(Deserialize)]
struct Looked {
    #[serde(default)]
    ttl: u32,
    #[serde(default)]
    renewable: bool,
    #[serde(default)]
    expire_time: Option<String>,
}

#[async_trait]
impl Method for TokenAuth {
    async fn login(&self, client: &VaultClient) -> Result<Granted, VaultError> {
        let call = Call::new("lookup_self", "auth/token/lookup-self");
        let token = local::read_for_header(&self.token.0, "the Vault token")
            .await
            .map_err(|reason| VaultError::new(&call, VaultErrorKind::Credential(reason)))?;
        let request = LookupTokenSelfRequest::default();
        let answer = client.execute(&call, Some(&token), &request).await;
        let answer = answer.map_err(|error| {
            let place = &self.token.0;
            let wrong = matches!(
                &error.kind,
                VaultErrorKind::Forbidden { invalid_token: true }
            );
            error.refused_login(|| if wrong {
                format!("the Vault token in {place}, read again at each login, is wrong, expired or was revoked: write a new one there")
            } else {
                format!("the Vault token in {place} may not look itself up: add the policy `default` to it, or path \"auth/token/lookup-self\" {{ capabilities = [\"read\"] }}")
            })
        })?;
        let looked: Looked = answer.field("data").ok_or_else(|| {
            VaultError::new(&call, VaultErrorKind::Malformed("no `data`".to_owned()))
        })?;
        Ok(Granted {
            token,
            ttl: looked
                .expire_time
                .map(|_| SignedDuration::from_secs(i64::from(looked.ttl))),
            renewable: looked.renewable,
            is_batch: false,
        })
    }

    fn owns_token(&self) -> bool {
        false
    }
}
