//! canaille: a real identity provider that pushes people to a service provider
//! by SCIM, with the token that it holds; and a service provider itself, whose tokens
//! are OAuth 2 access tokens.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;
use url::Url;

use super::part::{self, Group};
use super::port;

/// A canaille with its data in a folder. It pushes from its own commands, so
/// that no server of it has to run.
pub struct Canaille {
    program: PathBuf,
    interpreter: PathBuf,
}

impl Canaille {
    /// Sets it up below `dir` with one outward connection, to `scim_url` with
    /// this token, and a user `alice`. `None`, said loudly, if the part is
    /// missing.
    pub fn set_up(dir: &Path, scim_url: &Url, token: &str) -> Option<Self> {
        let part = part::find("canaille")?;
        let output = Command::new(part::recipe("canaille", "setup.sh"))
            .arg(dir)
            .arg(port::free_port().to_string())
            .arg(scim_url.as_str())
            .arg(token)
            .env("SCIM_ROTATOR_PARTS", part.parent().expect("a folder"))
            .output()
            .expect("setup.sh runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille's set-up failed: {said}");
        Some(Self {
            program: dir.join("canaille"),
            interpreter: part.join("venv/bin/python"),
        })
    }

    /// Its command line.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The Python that it runs on.
    pub fn interpreter(&self) -> &Path {
        &self.interpreter
    }

    /// Changes the display name of `alice`, which pushes her.
    pub fn rename_alice(&self, name: &str) {
        let output = Command::new(&self.program)
            .args(["set", "user", "alice", "--display-name", name])
            .output()
            .expect("canaille runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille failed: {said}");
    }
}

/// A running canaille as a service provider.
pub struct CanailleServer {
    group: Group,
    program: PathBuf,
    base: String,
    client_secret: String,
    http: reqwest::Client,
}

impl CanailleServer {
    /// Starts it with its data below `dir`; `None`, said loudly, if the part is
    /// missing.
    pub async fn start(dir: &Path) -> Option<Self> {
        let part = part::find("canaille")?;
        let address = format!("127.0.0.1:{}", port::free_port());
        let output = Command::new(part::recipe("canaille", "setup.sh"))
            .arg(dir)
            .arg(address.rsplit(':').next().expect("a port"))
            .env("SCIM_ROTATOR_PARTS", part.parent().expect("a folder"))
            .output()
            .expect("setup.sh runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille's set-up failed: {said}");
        let client = std::fs::read_to_string(dir.join("client.json")).expect("the client");
        let client: Value = serde_json::from_str(&client).expect("JSON");
        let program = dir.join("canaille");
        let mut command = Command::new(&program);
        command.args(["run", "--bind", &address]);
        let mut server = Self {
            group: Group::start(command),
            program,
            base: format!("http://{address}"),
            client_secret: client["client_secret"].as_str().expect("text").to_owned(),
            http: super::bare_http(),
        };
        server.wait_until_ready().await;
        Some(server)
    }

    async fn wait_until_ready(&mut self) {
        for _ in 0..480 {
            if self.http.get(&self.base).send().await.is_ok() {
                return;
            }
            self.group.must_run("canaille");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("canaille is not ready");
    }

    /// Its SCIM base URL.
    pub fn scim_url(&self) -> Url {
        Url::parse(&format!("{}/scim/v2", self.base)).expect("the server's own URL")
    }

    /// Has an access token issued to the client.
    pub async fn issue(&self) -> String {
        let body = self
            .post("token", ("grant_type", "client_credentials"))
            .await;
        body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Revokes an access token.
    pub async fn revoke(&self, token: &str) {
        self.post("revoke", ("token", token)).await;
    }

    /// Has an access token of the client made, which lives for so long from now.
    pub fn make(&self, token: &str, seconds: u32) {
        let now = jiff::Timestamp::from_second(SystemClock.now().as_second());
        let now = now.expect("a time").to_string();
        let output = Command::new(&self.program)
            .args([
                "create",
                "token",
                "--client",
                "rotator",
                "--token-id",
                token,
            ])
            .args(["--access-token", token, "--type", "access_token"])
            .args(["--lifetime", &seconds.to_string(), "--issue-date", &now])
            .args(["--scope", "openid"])
            .output()
            .expect("canaille runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "canaille failed: {said}");
    }

    async fn post(&self, endpoint: &str, field: (&str, &str)) -> Value {
        let url = format!("{}/oauth/{endpoint}", self.base);
        let request = self.http.post(url).form(&[field]);
        let request = request.basic_auth("rotator", Some(&self.client_secret));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{endpoint}");
        answer.json().await.expect("JSON")
    }
}
