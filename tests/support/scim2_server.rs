//! scim2-server: a real SCIM service provider with tokens and faults on demand.

use std::process::Command;

use serde_json::{Value, json};
use url::Url;

use super::part::{self, Running};

/// A running scim2-server with one token that never expires.
pub struct Scim2Server {
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

impl Scim2Server {
    /// Starts it; `None` if the part is missing.
    pub fn start() -> Option<Self> {
        let home = part::find("scim2-server")?;
        let mut command = Command::new(home.join("venv/bin/python"));
        command.arg(part::recipe("scim2-server", "tokens.py"));
        Some(Self {
            running: Running::start(command),
            http: super::bare_http(),
        })
    }

    /// Where its tokens and faults are managed, without a credential.
    pub fn base_url(&self) -> &str {
        &self.running.base
    }

    /// Ids of the tokens that live.
    pub async fn live(&self) -> Vec<String> {
        let url = format!("{}/_tokens", self.running.base);
        let answer = self.http.get(url).send().await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        let tokens = body["tokens"].as_array().expect("a list").iter();
        tokens
            .map(|token| token["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    /// The labels of all tokens that were ever minted, in their order.
    pub async fn minted(&self) -> Vec<String> {
        let url = format!("{}/_ledger", self.running.base);
        let answer = self.http.get(url).send().await.expect("an answer");
        let ledger: Value = answer.json().await.expect("JSON");
        let rows = ledger["minted"].as_array().expect("a list").iter();
        rows.map(|row| row["label"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// How many planned faults were not asked for yet.
    pub async fn faults_left(&self) -> usize {
        let url = format!("{}/_faults", self.running.base);
        let answer = self.http.get(url).send().await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        body["faults"].as_array().expect("a list").len()
    }

    /// Its SCIM base URL.
    pub fn scim_url(&self) -> Url {
        Url::parse(&format!("{}/v2", self.running.base)).expect("the server's own URL")
    }

    /// Has a token minted.
    pub async fn mint(&self, ttl_seconds: f64) -> Minted {
        self.mint_as(ttl_seconds, json!(null)).await
    }

    /// The same, with a label.
    pub async fn mint_labelled(&self, ttl_seconds: f64, label: &str) -> Minted {
        self.mint_as(ttl_seconds, json!(label)).await
    }

    async fn mint_as(&self, ttl_seconds: f64, label: Value) -> Minted {
        let wish = json!({"ttl": ttl_seconds, "label": label});
        let body = self.post("/_tokens", wish).await;
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        Minted {
            id: text("id"),
            token: text("token"),
        }
    }

    /// Revokes a token.
    pub async fn revoke(&self, id: &str) {
        let url = format!("{}/_tokens/{id}", self.running.base);
        let answer = self.http.delete(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 204);
    }

    /// Plans a fault; see `tests/parts/scim2-server/tokens.py`.
    pub async fn plan_fault(&self, fault: Value) {
        self.post("/_faults", fault).await;
    }

    /// Forgets all planned faults.
    pub async fn clear_faults(&self) {
        let url = format!("{}/_faults", self.running.base);
        self.http.delete(url).send().await.expect("an answer");
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.running.base);
        let answer = self.http.post(url).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 201, "{path}");
        answer.json().await.expect("JSON")
    }
}
