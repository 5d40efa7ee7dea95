//! AppRole with the wrapping token of a secret-id in the file.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Login, ROLE, RealVault, Words};

pub(super) struct Wrapped<'a> {
    vault: &'a RealVault,
    role_id: String,
}

impl<'a> Wrapped<'a> {
    pub(super) async fn new(vault: &'a RealVault) -> Self {
        let (role_id, _) = vault.approle(ROLE, json!({"token_ttl": "1h"})).await;
        Self { vault, role_id }
    }

    async fn made(&self, ttl: &str) -> String {
        let path = format!("auth/approle/role/{ROLE}/secret-id");
        let answer = self.vault.wrapped("POST", &path, ttl).await;
        let token = answer["wrap_info"]["token"].as_str();
        token.expect("a wrapping token").to_owned()
    }

    async fn destroy_all_secret_ids(&self) {
        let role = format!("auth/approle/role/{ROLE}");
        let list = format!("{role}/secret-id?list=true");
        let (_, answer) = self.vault.api("GET", &list, Value::Null).await;
        for accessor in answer["data"]["keys"].as_array().into_iter().flatten() {
            let path = format!("{role}/secret-id-accessor/destroy");
            let wish = json!({ "secret_id_accessor": accessor });
            self.vault.must("POST", &path, wish).await;
        }
    }
}

#[async_trait]
impl Login for Wrapped<'_> {
    fn mount(&self) -> &str {
        "approle"
    }

    fn section(&self, place: &Path) -> String {
        format!(
            "auth.approle.role_id = \"{}\"\nauth.approle.secret_id.file = {place:?}\nauth.approle.wrapped_for_role = \"{ROLE}\"",
            self.role_id
        )
    }

    async fn good(&self) -> String {
        self.made("10m").await
    }

    async fn wrong(&self) -> String {
        "hvs.CAESIJnotawrappingtokenbutofthesameform".to_owned()
    }

    async fn expired(&self) -> String {
        let token = self.made("1s").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        token
    }

    /// Opened before or not: what was in it is worth nothing any more.
    async fn revoke(&self, credential: &str) {
        let wish = json!({ "token": credential });
        self.vault.api("POST", "sys/wrapping/unwrap", wish).await;
        self.destroy_all_secret_ids().await;
    }

    fn words(&self) -> Words {
        Words {
            empty: "is empty",
            wrong: "does not open",
            expired: "does not open",
            revoked: "somebody else opened it",
        }
    }
}
