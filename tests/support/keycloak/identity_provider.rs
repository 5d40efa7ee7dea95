//! Keycloak with the plug-in of `tests/parts/keycloak/plugin`: a real identity
//! provider that sends out each user that it gets, with the token that a
//! component of its realm holds. Components are managed over the admin API.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::Server;

/// Its realm.
pub const REALM: &str = "corp";
/// The OAuth client whose service account may write components.
pub const ROTATOR: &str = "scim-rotator";
/// Its secret.
pub const ROTATOR_SECRET: &str = "keycloak-rotator-secret-of-the-tests";

/// The realm's own client that stands for its admin API.
const MANAGEMENT: &str = "realm-management";
const TARGET: &str = "org.keycloak.storage.UserStorageProvider";

/// A running Keycloak with one realm.
pub struct IdentityProvider(Server);

impl IdentityProvider {
    /// Starts it, with a service account that may manage the realm, which is
    /// the least that the writing of a component asks for; `None`, said loudly,
    /// if the part is missing.
    pub async fn start() -> Option<Self> {
        let idp = Self(Server::start().await?);
        let wish = json!({ "realm": REALM, "enabled": true, "eventsListeners": ["scim"] });
        idp.0.must(Method::POST, "", wish, 201).await;
        let client = json!({
            "clientId": ROTATOR,
            "secret": ROTATOR_SECRET,
            "serviceAccountsEnabled": true,
            "standardFlowEnabled": false,
        });
        idp.must(Method::POST, "/clients", client, 201).await;
        idp.allow("manage-realm").await;
        Some(idp)
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Gives the service account one more role of the realm's admin API.
    pub async fn allow(&self, role: &str) {
        let [account, management] = [ROTATOR, MANAGEMENT].map(|name| self.client(name));
        let account = format!("/clients/{}/service-account-user", account.await);
        let account = self.get(&account).await;
        let management = management.await;
        let role = format!("/clients/{management}/roles/{role}");
        let roles = json!([self.get(&role).await]);
        let id = text(&account["id"]);
        let path = format!("/users/{id}/role-mappings/clients/{management}");
        self.must(Method::POST, &path, roles, 204).await;
    }

    /// Makes a component that sends users to a service provider with this
    /// token. `kind` is `scim`, or `scim-secret` whose token Keycloak masks;
    /// one that `checks` refuses a token that the service provider refuses.
    /// Returns its id.
    pub async fn connect(&self, kind: &str, checks: bool, scim_url: &Url, token: &str) -> String {
        let realm = self.get("").await;
        let wish = json!({
            "name": kind,
            "providerId": kind,
            "providerType": TARGET,
            "parentId": realm["id"],
            "config": {
                "endpoint": [scim_url],
                "auth-mode": ["BEARER"],
                "auth-pass": [token],
                "check-on-save": [checks.to_string()],
            },
        });
        let made = self.must(Method::POST, "/components", wish, 201).await;
        let location = made.headers()["Location"].to_str().expect("a URL");
        let (_, id) = location.rsplit_once('/').expect("an id at its end");
        id.to_owned()
    }

    /// Deletes a component.
    pub async fn disconnect(&self, component: &str) {
        let path = format!("/components/{component}");
        self.must(Method::DELETE, &path, Value::Null, 204).await;
    }

    /// The component's token, as Keycloak shows it.
    pub async fn holds(&self, component: &str) -> String {
        let component = self.get(&format!("/components/{component}")).await;
        text(&component["config"]["auth-pass"][0]).to_owned()
    }

    /// Makes a user, who is sent out before Keycloak answers. It does not tell
    /// whether the user arrived.
    pub async fn hire(&self, name: &str) {
        let wish = json!({ "username": name, "enabled": true });
        self.must(Method::POST, "/users", wish, 201).await;
    }

    async fn client(&self, name: &str) -> String {
        let found = self.get(&format!("/clients?clientId={name}")).await;
        text(&found[0]["id"]).to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        self.0.get(&format!("/{REALM}{path}")).await
    }

    async fn must(
        &self,
        method: Method,
        path: &str,
        wish: Value,
        expected: u16,
    ) -> reqwest::Response {
        let path = format!("/{REALM}{path}");
        self.0.must(method, &path, wish, expected).await
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
