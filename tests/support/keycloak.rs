//! Keycloak with its SCIM API: a real service provider whose tokens are OAuth 2
//! access tokens.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::part::{self, Group};

/// It starts a Java virtual machine on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(250);

const ADMIN: &str = "admin";
const PASSWORD: &str = "keycloak-password-of-the-tests";
/// The OAuth client of the tests.
pub const CLIENT_ID: &str = "rotator";
/// Its secret.
pub const CLIENT_SECRET: &str = "keycloak-client-secret-of-the-tests";

/// A running Keycloak with one realm.
pub struct Keycloak {
    _group: Group,
    endpoints: Value,
}

impl Keycloak {
    /// Starts it, with a realm whose tokens live this long; `None`, said
    /// loudly, if the part is missing.
    pub async fn start(token_seconds: u32) -> Option<Self> {
        let home = part::find("keycloak")?;
        let port = part::free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(home.join("bin/kc.sh"));
        command
            .args(["start", "--optimized"])
            .arg(format!("--http-port={port}"))
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD);
        let mut group = Group::start(command);
        wait_until_ready(&url, &mut group).await;
        Some(Self {
            _group: group,
            endpoints: set_up(&url, token_seconds),
        })
    }

    /// SCIM base URL of the realm.
    pub fn scim_url(&self) -> Url {
        self.endpoint("scim")
    }

    /// Token endpoint of the realm.
    pub fn token_url(&self) -> Url {
        self.endpoint("token")
    }

    /// Revocation endpoint of the realm.
    pub fn revocation_url(&self) -> Url {
        self.endpoint("revoke")
    }

    fn endpoint(&self, name: &str) -> Url {
        let text = self.endpoints[name].as_str().expect(name);
        Url::parse(text).expect("a URL")
    }
}

async fn wait_until_ready(url: &str, group: &mut Group) {
    let http = super::bare_http();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let master = format!("{url}/realms/master");
    while http
        .get(&master)
        .send()
        .await
        .map(|a| a.status().as_u16())
        .ok()
        != Some(200)
    {
        assert!(!group.has_ended(), "Keycloak ended by itself");
        assert!(
            tokio::time::Instant::now() < deadline,
            "Keycloak is not ready"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

fn set_up(url: &str, token_seconds: u32) -> Value {
    let output = Command::new(part::recipe("keycloak", "setup.sh"))
        .args([url, ADMIN, PASSWORD, "sp", CLIENT_ID, CLIENT_SECRET])
        .arg(token_seconds.to_string())
        .output()
        .expect("setup.sh runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Keycloak's set-up failed: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
