//! MLflow with the plug-in mlflow-oidc-auth: a real issuer of SCIM tokens that is
//! the service provider too, and tells who used which token for what.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use url::Url;

use super::part::{self, Running};

/// Its administrator.
pub const ADMIN: &str = "root@example.com";

/// A running MLflow.
pub struct Mlflow {
    running: Running,
    http: reqwest::Client,
    password: String,
}

impl Mlflow {
    /// Starts it with its data below `dir`; `None`, said loudly, if the part is missing.
    pub fn start(dir: &Path) -> Option<Self> {
        let home = part::find("mlflow")?;
        std::fs::create_dir_all(dir).expect("a folder for its data");
        let mut command = Command::new(home.join("venv/bin/python"));
        command.arg(part::recipe("mlflow", "server.py")).arg(dir);
        let running = Running::start(command);
        let password = std::fs::read_to_string(dir.join("admin-token"));
        Some(Self {
            running,
            http: super::bare_http(),
            password: password.expect("the administrator's token"),
        })
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.running.base
    }

    /// The access token of its administrator.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Its SCIM base URL.
    pub fn scim_url(&self) -> Url {
        let url = format!("{}/scim/v2", self.running.base);
        Url::parse(&url).expect("the server's own URL")
    }

    /// Has a SCIM token made by hand, which ends at `expires_at`.
    pub async fn mint(&self, name: &str, expires_at: &str) -> Value {
        let url = self.admin("/tokens");
        let wish = json!({ "name": name, "expires_at": expires_at });
        let request = self.http.post(url).json(&wish);
        let request = request.basic_auth(ADMIN, Some(&self.password));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        answer.json().await.expect("JSON")
    }

    /// Has a SCIM token revoked.
    pub async fn revoke(&self, id: &str) {
        let request = self.http.delete(self.admin(&format!("/tokens/{id}")));
        let request = request.basic_auth(ADMIN, Some(&self.password));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{id}");
    }

    /// Ids of the SCIM tokens that it takes.
    pub async fn live(&self) -> Vec<String> {
        let tokens = self.get("/tokens").await;
        let tokens = tokens.as_array().expect("a list").iter();
        let live = tokens.filter(|token| token["active"] == true);
        live.map(|token| token["id"].to_string()).collect()
    }

    /// What was done with a token, the newest first: its own log.
    pub async fn activity(&self, id: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut before = String::new();
        loop {
            let query = format!("?limit=100&token_id={id}{before}");
            let mut page = self.get(&format!("/activity{query}")).await;
            let entries = page["activity"].as_array_mut().expect("a list");
            all.append(entries);
            match page["next_before"].as_u64() {
                Some(last) => before = format!("&before={last}"),
                None => return all,
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(self.admin(path));
        let request = request.basic_auth(ADMIN, Some(&self.password));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    fn admin(&self, path: &str) -> String {
        format!("{}/api/2.0/mlflow/scim{path}", self.running.base)
    }
}
