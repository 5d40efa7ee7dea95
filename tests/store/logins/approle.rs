//! AppRole with a secret-id in the file.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Login, ROLE, RealVault, Words};

pub(super) struct Approle<'a> {
    vault: &'a RealVault,
    role_id: String,
}

impl<'a> Approle<'a> {
    pub(super) async fn new(vault: &'a RealVault) -> Self {
        let (role_id, _) = vault.approle(ROLE, json!({"token_ttl": "1h"})).await;
        Self { vault, role_id }
    }

    async fn issued(&self, wish: Value) -> String {
        let path = format!("auth/approle/role/{ROLE}/secret-id");
        let answer = self.vault.must("POST", &path, wish).await;
        let id = answer["data"]["secret_id"].as_str();
        id.expect("a secret-id").to_owned()
    }
}

#[async_trait]
impl Login for Approle<'_> {
    fn mount(&self) -> &str {
        "approle"
    }

    fn section(&self, place: &Path) -> String {
        format!(
            "auth.approle.role_id = \"{}\"\nauth.approle.secret_id.file = {place:?}",
            self.role_id
        )
    }

    async fn good(&self) -> String {
        self.issued(json!({})).await
    }

    async fn wrong(&self) -> String {
        "2c3b9dd4-5b0a-43ec-8d6a-7a3f2e6f1b11".to_owned()
    }

    async fn expired(&self) -> String {
        let id = self.issued(json!({"ttl": "1s"})).await;
        // Vault takes an expired one until it next tidies up.
        let known = async || {
            let tidy = "auth/approle/tidy/secret-id";
            self.vault.must("POST", tidy, Value::Null).await;
            let path = format!("auth/approle/role/{ROLE}/secret-id?list=true");
            let (_, answer) = self.vault.api("GET", &path, Value::Null).await;
            answer["data"]["keys"].as_array().map_or(0, Vec::len)
        };
        let before = known().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while known().await >= before {
            assert!(tokio::time::Instant::now() < deadline, "it stays");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        id
    }

    async fn revoke(&self, credential: &str) {
        let path = format!("auth/approle/role/{ROLE}/secret-id/destroy");
        let wish = json!({ "secret_id": credential });
        self.vault.must("POST", &path, wish).await;
    }

    fn words(&self) -> Words {
        let refused = "expired: issue a new secret-id (the secret-id in file ";
        Words {
            empty: "is empty",
            wrong: refused,
            expired: refused,
            revoked: refused,
        }
    }
}
