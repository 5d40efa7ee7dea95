//! Keycloak in two roles: a service provider, and an identity provider that
//! sends users out.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::part::{self, Group};
use super::port;

pub mod federation;
pub mod identity_provider;
pub mod service_provider;

/// It starts a Java virtual machine on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(250);

const ADMIN: &str = "admin";
const PASSWORD: &str = "keycloak-password-of-the-tests";

/// A running Keycloak. Nothing of it outlives the process, so that it is killed
/// when dropped, not asked to end.
struct Server {
    group: Group,
    url: String,
    http: reqwest::Client,
    _home: tempfile::TempDir,
}

impl Server {
    /// `None`, said loudly, if the part is missing.
    async fn start() -> Option<Self> {
        let home = home_of_its_own(&part::find("keycloak")?);
        Some(Self::start_in(home).await)
    }

    async fn start_in(home: tempfile::TempDir) -> Self {
        let port = port::free_port();
        let mut command = Command::new(home.path().join("bin/kc.sh"));
        command
            .args(["start", "--optimized"])
            .arg(format!("--http-port={port}"))
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD)
            // A short life: little memory, and the quick compiler only.
            .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
            .env("JAVA_OPTS_APPEND", "-XX:TieredStopAtLevel=1");
        let mut server = Self {
            group: Group::start(command),
            url: format!("http://127.0.0.1:{port}"),
            http: super::bare_http(),
            _home: home,
        };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let master = format!("{}/realms/master", self.url);
        loop {
            let answer = self.http.get(&master).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            self.group.must_run("Keycloak");
            let now = tokio::time::Instant::now();
            assert!(now < deadline, "Keycloak is not ready");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A call of the administrator's to the admin API; `path` begins after
    /// `/admin/realms`.
    async fn must(&self, method: Method, path: &str, wish: Value, expected: u16) -> Response {
        let url = format!("{}/admin/realms{path}", self.url);
        let request = self.http.request(method, url);
        let request = request.bearer_auth(self.admin_token().await);
        let request = if wish.is_null() {
            request
        } else {
            request.json(&wish)
        };
        let answer = request.send().await.expect("an answer");
        if answer.status() == expected {
            return answer;
        }
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        panic!("Keycloak answers {path} with {status}: {said}")
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.must(Method::GET, path, Value::Null, 200).await;
        answer.json().await.expect("JSON")
    }

    /// A new one each time: it lives for a minute.
    async fn admin_token(&self) -> String {
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.url);
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", ADMIN),
            ("password", PASSWORD),
        ];
        let answer = self.http.post(url).form(&form).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        let token = answer["access_token"].as_str();
        token.expect("an access token").to_owned()
    }
}

/// A folder with the part's program and a `data` folder that no other Keycloak
/// uses: each keeps its transaction log there and recovers what it finds.
fn home_of_its_own(part: &Path) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    for name in ["conf", "lib", "providers", "themes", "version.txt"] {
        symlink(part.join(name), home.path().join(name)).expect("a link");
    }
    // `kc.sh` takes its home from where it stands: a link would lead to the part.
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::fs::copy(part.join("bin/kc.sh"), bin.join("kc.sh")).expect("a copy");
    home
}
