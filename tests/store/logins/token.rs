//! Tokens that somebody else makes.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Login, RealVault, Words};

pub(super) struct Tokens<'a>(pub(super) &'a RealVault);

impl Tokens<'_> {
    async fn made(&self, ttl: &str) -> String {
        let wish = json!({"ttl": ttl, "policies": ["default"], "meta": {"for": "the daemon"}});
        let answer = self.0.must("POST", "auth/token/create", wish).await;
        let token = answer["auth"]["client_token"].as_str();
        token.expect("a token").to_owned()
    }
}

#[async_trait]
impl Login for Tokens<'_> {
    fn mount(&self) -> &str {
        "token"
    }

    fn section(&self, place: &Path) -> String {
        format!("auth.token.token.file = {place:?}")
    }

    async fn good(&self) -> String {
        self.made("1h").await
    }

    async fn wrong(&self) -> String {
        "hvs.CAESIJnotatokenofthisvaultbutofthesameform".to_owned()
    }

    async fn expired(&self) -> String {
        let token = self.made("1s").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        token
    }

    async fn revoke(&self, credential: &str) {
        let wish = json!({ "token": credential });
        let (status, _) = self.0.api("POST", "auth/token/revoke", wish).await;
        assert!(status < 300, "{status}");
    }

    /// They are the credentials themselves.
    async fn end_our_tokens(&self, _vault: &RealVault) {}

    fn owns_token(&self) -> bool {
        false
    }

    fn words(&self) -> Words {
        Words {
            empty: "is empty",
            wrong: "is wrong, expired or was revoked",
            expired: "is wrong, expired or was revoked",
            revoked: "is wrong, expired or was revoked",
        }
    }
}
