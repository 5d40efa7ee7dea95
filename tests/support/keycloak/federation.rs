//! Keycloak on both sides of a federation: the realm `corp` signs assertions for its
//! client `outbound`, and the realm `sp`, with its SCIM API, trusts them in place of a
//! client secret (federated client authentication).

use reqwest::Method;
use serde_json::{Value, json};

use super::Server;

/// The client of `sp` that authenticates itself by assertions.
pub const CLIENT: &str = "provisioner";
/// A client of `sp` that may read what is trusted.
pub const READER: &str = "reader";
/// Its secret.
pub const READER_SECRET: &str = "keycloak-reader-secret-of-the-tests";

const OUTBOUND: &str = "outbound";
const OUTBOUND_SECRET: &str = "keycloak-outbound-secret-of-the-tests";
/// The name under which `sp` knows `corp`.
const ALIAS: &str = "corp";

/// A running Keycloak with both realms.
pub struct Federation(Server);

impl Federation {
    /// Starts it; `None`, said loudly, if the part is missing.
    pub async fn start() -> Option<Self> {
        let both = Self(Server::start().await?);
        for realm in [
            json!({ "realm": "corp", "enabled": true }),
            json!({ "realm": "sp", "enabled": true, "scimApiEnabled": true }),
        ] {
            both.0.must(Method::POST, "", realm, 201).await;
        }
        both.sign_for(&both.audience()).await;
        both.trust().await;
        both.permit(CLIENT, &["manage-users"]).await;
        let reader = json!({
            "clientId": READER, "secret": READER_SECRET,
            "serviceAccountsEnabled": true, "standardFlowEnabled": false,
        });
        both.0.must(Method::POST, "/sp/clients", reader, 201).await;
        both.permit(READER, &["view-clients", "view-identity-providers"])
            .await;
        Some(both)
    }

    /// Who signs.
    pub fn issuer(&self) -> String {
        format!("{}/realms/corp", self.0.url)
    }

    /// For whom: the issuer of the other realm.
    pub fn audience(&self) -> String {
        format!("{}/realms/sp", self.0.url)
    }

    /// SCIM base URL.
    pub fn scim_url(&self) -> String {
        format!("{}/scim/v2", self.audience())
    }

    /// Token endpoint of `sp`.
    pub fn token_url(&self) -> String {
        format!("{}/protocol/openid-connect/token", self.audience())
    }

    /// Admin API of `sp`.
    pub fn admin_url(&self) -> String {
        format!("{}/admin/realms/sp", self.0.url)
    }

    /// The subject of the assertions.
    pub async fn subject(&self) -> String {
        let id = self.client("corp", OUTBOUND).await["id"].clone();
        let path = format!("/corp/clients/{}/service-account-user", text(&id));
        text(&self.0.get(&path).await["id"]).to_owned()
    }

    /// A new assertion, as the identity provider signs it now.
    pub async fn assertion(&self) -> String {
        let url = format!("{}/protocol/openid-connect/token", self.issuer());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", OUTBOUND),
            ("client_secret", OUTBOUND_SECRET),
        ];
        let answer = self.0.http.post(url).form(&form).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        text(&answer["access_token"]).to_owned()
    }

    /// Has the identity provider sign for another audience.
    pub async fn change_audience(&self, audience: &str) {
        let client = self.client("corp", OUTBOUND).await;
        let id = text(&client["id"]);
        let path = format!("/corp/clients/{id}/protocol-mappers/models");
        let mut mapper = client["protocolMappers"][0].clone();
        mapper["config"]["included.custom.audience"] = json!(audience);
        let path = format!("{path}/{}", text(&mapper["id"]));
        self.0.must(Method::PUT, &path, mapper, 204).await;
    }

    /// Has the identity provider sign with a new key and publish the old one no more.
    pub async fn rotate_key(&self) {
        let keys = "/corp/components?type=org.keycloak.keys.KeyProvider";
        let all = self.0.get(keys).await;
        let mut all = all.as_array().into_iter().flatten();
        let old = all.find(|key| key["providerId"] == "rsa-generated");
        let old = text(&old.expect("a key")["id"]).to_owned();
        let new = json!({
            "name": "new", "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": { "priority": ["200"], "algorithm": ["RS256"] },
        });
        self.0
            .must(Method::POST, "/corp/components", new, 201)
            .await;
        let path = format!("/corp/components/{old}");
        self.0.must(Method::DELETE, &path, Value::Null, 204).await;
    }

    /// Has the service provider trust another issuer.
    pub async fn trust_issuer(&self, issuer: &str) {
        let path = format!("/sp/identity-provider/instances/{ALIAS}");
        let mut provider = self.0.get(&path).await;
        provider["config"]["issuer"] = json!(issuer);
        self.0.must(Method::PUT, &path, provider, 204).await;
    }

    /// Has the service provider trust another subject.
    pub async fn trust_subject(&self, subject: &str) {
        let mut client = self.client("sp", CLIENT).await;
        client["attributes"]["jwt.credential.sub"] = json!(subject);
        let path = format!("/sp/clients/{}", text(&client["id"]));
        self.0.must(Method::PUT, &path, client, 204).await;
    }

    async fn sign_for(&self, audience: &str) {
        let mapper = json!({
            "name": "audience", "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": { "included.custom.audience": audience, "access.token.claim": "true" },
        });
        let client = json!({
            "clientId": OUTBOUND, "secret": OUTBOUND_SECRET,
            "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            // Else roles add an audience, and the other realm takes one only.
            "fullScopeAllowed": false, "protocolMappers": [mapper],
        });
        self.0
            .must(Method::POST, "/corp/clients", client, 201)
            .await;
    }

    async fn trust(&self) {
        let issuer = self.issuer();
        let endpoint = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
        let provider = json!({
            "alias": ALIAS, "providerId": "oidc", "enabled": true,
            "config": {
                "issuer": issuer, "jwksUrl": endpoint("certs"), "useJwksUrl": "true",
                "validateSignature": "true", "supportsClientAssertions": "true",
                "supportsClientAssertionReuse": "true",
                "clientId": "nobody", "clientSecret": "nothing",
                "tokenUrl": endpoint("token"), "authorizationUrl": endpoint("auth"),
            },
        });
        let path = "/sp/identity-provider/instances";
        self.0.must(Method::POST, path, provider, 201).await;
        let mapper = json!({
            "name": "scim", "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": { "included.custom.audience": self.scim_url(), "access.token.claim": "true" },
        });
        let client = json!({
            "clientId": CLIENT, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            "clientAuthenticatorType": "federated-jwt",
            "attributes": {
                "jwt.credential.issuer": ALIAS, "jwt.credential.sub": self.subject().await,
            },
            "protocolMappers": [mapper],
        });
        self.0.must(Method::POST, "/sp/clients", client, 201).await;
    }

    /// Gives a service account of `sp` roles of the admin API.
    async fn permit(&self, client: &str, names: &[&str]) {
        let id = self.client("sp", client).await["id"].clone();
        let account = format!("/sp/clients/{}/service-account-user", text(&id));
        let account = self.0.get(&account).await["id"].clone();
        let management = self.client("sp", "realm-management").await["id"].clone();
        let management = text(&management);
        let mut roles = Vec::new();
        for name in names {
            let path = format!("/sp/clients/{management}/roles/{name}");
            roles.push(self.0.get(&path).await);
        }
        let path = format!(
            "/sp/users/{}/role-mappings/clients/{management}",
            text(&account)
        );
        let roles = Value::Array(roles);
        self.0.must(Method::POST, &path, roles, 204).await;
    }

    async fn client(&self, realm: &str, id: &str) -> Value {
        let path = format!("/{realm}/clients?clientId={id}");
        self.0.get(&path).await[0].clone()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
