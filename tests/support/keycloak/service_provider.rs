//! Keycloak with its SCIM API: a real service provider whose tokens are OAuth 2
//! access tokens.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{ADMIN, PASSWORD, Server, part};

/// The OAuth client of the tests.
pub const CLIENT_ID: &str = "rotator";
/// Its secret.
pub const CLIENT_SECRET: &str = "keycloak-client-secret-of-the-tests";

/// The realm.
pub const REALM: &str = "sp";

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

    /// The same with a policy of Keycloak's rotation of client secrets, for all
    /// clients with secrets: a secret lives for the first number of seconds, and an
    /// old one for the second beside its successor.
    pub async fn with_secret_rotation(token_seconds: u32, life: u32, rotated: u32) -> Option<Self> {
        let server = Server::start().await?;
        let started = Self {
            endpoints: set_up(&server.url, token_seconds),
            server,
        };
        let executor = json!({ "executor": "secret-rotation", "configuration": {
            "expiration-period": life, "rotated-expiration-period": rotated, "remaining-rotation-period": 1,
        }});
        let profiles = json!({ "profiles": [{ "name": "rotation", "executors": [executor] }] });
        let condition = json!({ "condition": "client-access-type", "configuration": { "type": ["confidential"] } });
        let policies = json!({ "policies": [{
            "name": "rotation", "enabled": true, "profiles": ["rotation"], "conditions": [condition],
        }]});
        for (name, wish) in [("profiles", profiles), ("policies", policies)] {
            let path = format!("/{REALM}/client-policies/{name}");
            started.server.must(Method::PUT, &path, wish, 204).await;
        }
        Some(started)
    }

    /// Saves a client as it is, as somebody in the admin console does.
    pub async fn save(&self, client_id: &str) {
        let path = format!("/{REALM}/clients/{}", self.id_of(client_id).await);
        let client = self.server.get(&path).await;
        self.server.must(Method::PUT, &path, client, 204).await;
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.server.url
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

    /// Adds a client like [`CLIENT_ID`], whose tokens live for so long. Returns its id.
    pub async fn add_scim_client(&self, id: &str, secret: &str, token_seconds: u32) -> String {
        let scim = self.scim_url();
        self.add_client(json!({
            "clientId": id, "secret": secret,
            "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            "attributes": { "access.token.lifespan": token_seconds.to_string() },
            "protocolMappers": [{
                "name": "scim-audience", "protocol": "openid-connect",
                "protocolMapper": "oidc-audience-mapper",
                "config": { "included.custom.audience": scim, "access.token.claim": "true" },
            }],
        }))
        .await;
        self.give_role(id, &["manage-users"]).await;
        id.to_owned()
    }

    /// Base URL of the realm's admin API.
    pub fn admin_url(&self) -> String {
        format!("{}/admin/realms/{REALM}", self.server.url)
    }

    /// Adds a client that may change clients and users of the realm by its service
    /// account. Returns the role that lets a service account use the SCIM API, and
    /// the id of the client that the role belongs to.
    pub async fn add_admin(&self, id: &str, secret: &str) -> (Value, String) {
        let client = json!({
            "clientId": id, "secret": secret,
            "serviceAccountsEnabled": true, "standardFlowEnabled": false,
        });
        self.add_client(client).await;
        let names = ["manage-users", "manage-clients", "view-realm"];
        let (mut roles, management) = self.give_role(id, &names).await;
        (roles.swap_remove(0), management)
    }

    /// Gives the service account of a client roles in the realm. Returns them, and the
    /// id of the client that they belong to.
    async fn give_role(&self, id: &str, names: &[&str]) -> (Vec<Value>, String) {
        let own = self.id_of(id).await;
        let account = format!("/{REALM}/clients/{own}/service-account-user");
        let account = self.server.get(&account).await["id"].clone();
        let account = account.as_str().expect("an id").to_owned();
        let management = self.id_of("realm-management").await;
        let mut roles = Vec::new();
        for name in names {
            let path = format!("/{REALM}/clients/{management}/roles/{name}");
            roles.push(self.server.get(&path).await);
        }
        let path = format!("/{REALM}/users/{account}/role-mappings/clients/{management}");
        let wish = Value::Array(roles.clone());
        self.server.must(Method::POST, &path, wish, 204).await;
        (roles, management)
    }

    /// Keycloak's own id of a client.
    pub async fn id_of(&self, client_id: &str) -> String {
        let path = format!("/{REALM}/clients?clientId={client_id}");
        let found = self.server.get(&path).await;
        found[0]["id"].as_str().expect("a client").to_owned()
    }

    /// The ids of all clients that begin like this.
    pub async fn clients(&self, beginning: &str) -> Vec<String> {
        let all = self.server.get(&format!("/{REALM}/clients")).await;
        let ids = all.as_array().into_iter().flatten();
        let ids = ids.filter_map(|client| client["clientId"].as_str());
        ids.filter(|id| id.starts_with(beginning))
            .map(str::to_owned)
            .collect()
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
