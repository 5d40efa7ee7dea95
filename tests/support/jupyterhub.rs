//! JupyterHub: a real issuer of tokens whose services accept a token by asking it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::part::{self, Group};
use super::port;

/// The token of a service that may make and end tokens of the user `scim`.
pub const ADMIN_TOKEN: &str = "jupyterhub-admin-token-of-the-tests";

const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(250);

/// A running hub, without its proxy.
pub struct JupyterHub {
    group: Group,
    url: String,
    http: reqwest::Client,
}

impl JupyterHub {
    /// Starts it with its data in `dir`; `None`, said loudly, if the part is missing.
    pub async fn start(dir: &Path) -> Option<Self> {
        let home = part::find("jupyterhub")?;
        std::fs::create_dir_all(dir).expect("a folder for its data");
        let port = port::free_port();
        let mut command = Command::new(home.join("venv/bin/python"));
        command
            .args(["-m", "jupyterhub", "-f"])
            .arg(part::recipe("jupyterhub", "config.py"))
            .current_dir(dir)
            .env("HUB_PORT", port.to_string())
            .env("HUB_ADMIN_TOKEN", ADMIN_TOKEN);
        let mut hub = Self {
            group: Group::start(command),
            url: format!("http://127.0.0.1:{port}"),
            http: super::bare_http(),
        };
        hub.wait_until_ready().await;
        Some(hub)
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status with which it answers whoever asks who he is with this token.
    pub async fn status_for(&self, token: &str) -> u16 {
        let url = format!("{}/hub/api/user", self.url);
        let answer = self.http.get(url).bearer_auth(token).send().await;
        answer.expect("an answer").status().as_u16()
    }

    /// Has a token of the user `scim` made by hand.
    pub async fn mint(&self, note: &str, seconds: u32) -> Value {
        let wish = json!({ "note": note, "expires_in": seconds });
        let request = self.http.post(self.tokens()).bearer_auth(ADMIN_TOKEN);
        let answer = request.json(&wish).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        answer.json().await.expect("JSON")
    }

    /// Ids of the tokens that live: it lists no others.
    pub async fn live(&self) -> Vec<String> {
        let request = self.http.get(self.tokens()).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        let tokens = body["api_tokens"].as_array().expect("a list").iter();
        tokens
            .map(|token| token["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    fn tokens(&self) -> String {
        format!("{}/hub/api/users/scim/tokens", self.url)
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/hub/api/", self.url);
        let waiting = async {
            while self.http.get(&url).send().await.is_err() {
                self.group.must_run("JupyterHub");
                tokio::time::sleep(PAUSE).await;
            }
        };
        let ready = tokio::time::timeout(PATIENCE, waiting).await;
        ready.expect("JupyterHub does not answer");
    }
}
