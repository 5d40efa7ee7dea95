//! better-auth: a real SCIM service provider that mints and revokes tokens.

use std::process::Command;

use serde_json::{Value, json};
use url::Url;

use super::part::{self, Running};

/// The bearer of its admin API.
pub const ADMIN_TOKEN: &str = "better-auth-admin-token-of-the-tests";

/// A running better-auth.
pub struct BetterAuth {
    running: Running,
    http: reqwest::Client,
}

/// A token that the server minted.
pub struct Minted {
    /// Its id.
    pub id: String,
    /// Its text.
    pub token: String,
}

impl BetterAuth {
    /// Starts it; `None` if the part is missing.
    pub fn start() -> Option<Self> {
        let home = part::find("better-auth")?;
        let mut command = Command::new("node");
        command
            .arg(home.join("server.mjs"))
            .arg("0")
            .env("BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
        Some(Self {
            running: Running::start(command),
            http: super::bare_http(),
        })
    }

    /// Where its admin API is; see `tests/parts/better-auth/server.mjs`.
    pub fn admin_url(&self) -> String {
        format!("{}/admin", self.running.base)
    }

    /// Its SCIM base URL.
    pub fn scim_url(&self) -> Url {
        let url = format!("{}/api/auth/scim/v2", self.running.base);
        Url::parse(&url).expect("the server's own URL")
    }

    /// Has a token minted.
    pub async fn mint(&self, label: &str, ttl_seconds: u32) -> Minted {
        let wish = json!({"label": label, "ttl_seconds": ttl_seconds});
        let body = self.post("tokens", wish, 201).await;
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        Minted {
            id: text("id"),
            token: text("token"),
        }
    }

    /// Ids of the tokens that live, oldest first.
    pub async fn live(&self) -> Vec<String> {
        let url = format!("{}/tokens?per_page=1000", self.admin_url());
        let request = self.http.get(url).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        let tokens = body["tokens"].as_array().expect("a list").iter();
        tokens
            .map(|token| token["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    /// Revokes a token.
    pub async fn revoke(&self, id: &str) {
        let url = format!("{}/tokens/{id}", self.admin_url());
        let request = self.http.delete(url).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 204);
    }

    /// Plans a fault of the next mints.
    pub async fn plan_fault(&self, fault: Value) {
        self.post("faults", fault, 200).await;
    }

    async fn post(&self, path: &str, body: Value, expected: u16) -> Value {
        let url = format!("{}/{path}", self.admin_url());
        let request = self.http.post(url).bearer_auth(ADMIN_TOKEN).json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), expected, "{path}");
        answer.json().await.expect("JSON")
    }
}
