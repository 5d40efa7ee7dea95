//! Keycloak with its SCIM API: a real service provider whose tokens are OAuth 2
//! access tokens.

use std::process::Command;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::{ADMIN, PASSWORD, Server, part};

/// The OAuth client of the tests.
pub const CLIENT_ID: &str = "rotator";
/// Its secret.
pub const CLIENT_SECRET: &str = "keycloak-client-secret-of-the-tests";

const REALM: &str = "sp";

/// A running Keycloak with one realm.
pub struct ServiceProvider {
    server: Server,
    endpoints: Value,
}

impl ServiceProvider {
    /// Starts it, with a realm whose tokens live this long; `None`, said
    /// loudly, if the part is missing.
    pub async fn start(token_seconds: u32) -> Option<Self> {
        let server = Server::start().await?;
        Some(Self {
            endpoints: set_up(&server.url, token_seconds),
            server,
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

    /// Adds an OAuth client to the realm, as the admin API describes it.
    pub async fn add_client(&self, client: Value) {
        let path = format!("/{REALM}/clients");
        self.server.must(Method::POST, &path, client, 201).await;
    }

    fn endpoint(&self, name: &str) -> Url {
        let text = self.endpoints[name].as_str().expect(name);
        Url::parse(text).expect("a URL")
    }
}

fn set_up(url: &str, token_seconds: u32) -> Value {
    let output = Command::new(part::recipe("keycloak", "setup.sh"))
        .args([url, ADMIN, PASSWORD, REALM, CLIENT_ID, CLIENT_SECRET])
        .arg(token_seconds.to_string())
        .output()
        .expect("setup.sh runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Keycloak's set-up failed: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
