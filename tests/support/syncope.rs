//! Apache Syncope: a real identity provider that provisions people by SCIM with
//! the token that its connector holds, and is managed over REST.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use url::Url;

use super::part::{self, Group};
use super::port;

/// Who may do everything.
pub const ADMIN: &str = "admin";
/// As in `tests/parts/syncope/tests.properties`.
pub const PASSWORD: &str = "syncope-password-of-the-tests";
/// Who may do what `config/connections/syncope.toml` asks for, and no more.
pub const ROTATOR: &str = "scim-rotator";
/// Its password.
pub const ROTATOR_PASSWORD: &str = "Syncope-rotator-password-1";
const ENTITLEMENTS: [&str; 6] = [
    "CONNECTOR_READ",
    "CONNECTOR_UPDATE",
    "RESOURCE_LIST",
    "RESOURCE_READ",
    "TASK_EXECUTE",
    "USER_READ",
];

const BUNDLE: &str = "net.tirasa.connid.bundles.scim";
/// It starts a Java virtual machine on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(250);

/// A running Syncope. Nothing of it outlives the process, so that it is killed
/// when dropped, not asked to end.
pub struct Syncope {
    group: Group,
    url: String,
    bundles: String,
    http: reqwest::Client,
}

impl Syncope {
    /// Starts it with its files in `dir`, with the attributes that a person has
    /// in SCIM; `None`, said loudly, if the part is missing.
    pub async fn start(dir: &Path) -> Option<Self> {
        let part = part::find("syncope")?;
        let port = port::free_port();
        let mut command = Command::new(part::recipe("syncope", "start.sh"));
        command
            .arg(dir)
            .arg(port.to_string())
            .env("SCIM_ROTATOR_PARTS", part.parent().expect("a folder"));
        let mut syncope = Self {
            group: Group::start(command),
            url: format!("http://127.0.0.1:{port}/syncope/rest"),
            bundles: format!("file:{}/bundles/", part.display()),
            http: super::bare_http(),
        };
        syncope.wait_until_ready().await;
        syncope.describe_people().await;
        syncope.let_the_rotator_in().await;
        Some(syncope)
    }

    /// Where its REST API is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a connector to a service provider, with this token, and a resource
    /// through which people get there.
    pub async fn connect(&self, resource: &str, scim_url: &Url, token: &str) {
        let settings = [
            ("baseAddress", format!("{scim_url}/")),
            ("bearerToken", token.to_owned()),
            ("accept", "application/scim+json".to_owned()),
            ("contentType", "application/scim+json".to_owned()),
            ("updateUserMethod", "PUT".to_owned()),
        ];
        // Whether a resource may have a token of its own, is said here.
        let conf = settings.map(|(name, value)| {
            json!({ "schema": { "name": name }, "overridable": name == "bearerToken", "values": [value] })
        });
        let connector = json!({
            "adminRealm": "/",
            "location": self.bundles,
            "bundleName": BUNDLE,
            "connectorName": format!("{BUNDLE}.v2.SCIMv2Connector"),
            "version": "1.0.3",
            "displayName": resource,
            "connRequestTimeout": 30,
            "capabilities": ["CREATE", "UPDATE", "DELETE", "SEARCH"],
            "conf": conf,
        });
        let made = self.must(Method::POST, "connectors", connector, 201).await;
        let key = made.headers()["X-Syncope-Key"].to_str().expect("a key");
        let provision = json!({
            "anyType": "USER",
            "objectClass": "__ACCOUNT__",
            "mapping": { "items": mapping() },
        });
        let wish = json!({ "key": resource, "connector": key, "provisions": [provision] });
        self.must(Method::POST, "resources", wish, 201).await;
    }

    /// Makes a person who is provisioned at once. Returns what came of that:
    /// `SUCCESS`, or another word; the HTTP status is 201 in any case. `None`:
    /// nothing. For a moment while a connector is written, by whomever, Syncope
    /// passes by who arrives, and keeps no task to repeat.
    pub async fn hire(&self, name: &str, resource: &str) -> Option<String> {
        let attributes = [("surname", "Doe"), ("givenName", name)];
        let attributes = attributes.map(|(name, value)| attribute(name, value));
        let email = attribute("email", &format!("{name}@example.com"));
        let wish = json!({
            "@class": "org.apache.syncope.common.lib.to.UserTO",
            "realm": "/",
            "username": name,
            "plainAttrs": [attributes[0], attributes[1], email],
            "resources": [resource],
        });
        let made = self.must(Method::POST, "users", wish, 201).await;
        let body: Value = made.json().await.expect("JSON");
        let statuses = body["propagationStatuses"].as_array();
        let first = statuses.expect("a list").first()?;
        Some(first["status"].as_str().expect("a status").to_owned())
    }

    /// Has a person pushed out, as a push task of the resource does with all.
    /// Returns what came of that.
    pub async fn push(&self, name: &str, resource: &str) -> String {
        let person = format!("anyTypeKey=USER&anyKey={name}&resourceKey={resource}");
        let wish = json!({
            "@class": "org.apache.syncope.common.lib.to.PushTaskTO",
            "matchingRule": "UPDATE",
            "unmatchingRule": "ASSIGN",
            "performCreate": true,
            "performUpdate": true,
        });
        let path = format!("reconciliation/push?{person}");
        let pushed = self.must(Method::POST, &path, wish, 200).await;
        let pushed: Value = pushed.json().await.expect("JSON");
        pushed[0]["status"].as_str().expect("a status").to_owned()
    }

    /// The token that the resource's connector holds.
    pub async fn holds(&self, resource: &str) -> String {
        let connector = self.get(&format!("connectors/byResource/{resource}")).await;
        let conf = connector["conf"].as_array().expect("settings");
        let token = conf.iter().find(|c| c["schema"]["name"] == "bearerToken");
        let value = &token.expect("a token")["values"][0];
        value.as_str().expect("a text").to_owned()
    }

    /// Has the resource use this token, whatever its connector holds; `None`:
    /// that of its connector.
    pub async fn override_token(&self, resource: &str, token: Option<&str>) {
        let path = format!("resources/{resource}");
        let mut wish = self.get(&path).await;
        let own = token.map(|token| {
            json!({ "schema": { "name": "bearerToken" }, "overridable": true, "values": [token] })
        });
        wish["confOverride"] = own.into_iter().collect();
        self.must(Method::PUT, &path, wish, 204).await;
    }

    /// How often it provisioned a person there, and failed.
    pub async fn failures(&self, resource: &str) -> usize {
        let path = format!("tasks/PROPAGATION?resource={resource}&size=1000");
        let tasks = self.get(&path).await;
        let tasks = tasks["result"].as_array().expect("tasks").iter();
        tasks.filter(|t| t["latestExecStatus"] == "FAILURE").count()
    }

    async fn wait_until_ready(&mut self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let url = format!("{}/users/self", self.url);
        loop {
            let request = self.http.get(&url).basic_auth(ADMIN, Some(PASSWORD));
            // The port is open long before the application answers.
            if request.send().await.is_ok_and(|a| a.status() == 200) {
                return;
            }
            self.group.must_run("Syncope");
            let now = tokio::time::Instant::now();
            assert!(now < deadline, "Syncope is not ready");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn describe_people(&self) {
        for name in ["surname", "givenName"] {
            let wish = json!({
                "@class": "org.apache.syncope.common.lib.to.PlainSchemaTO",
                "key": name,
                "type": "String",
                "mandatoryCondition": "false",
            });
            self.must(Method::POST, "schemas/PLAIN", wish, 201).await;
        }
        let wish = json!({ "key": "person", "plainSchemas": ["surname", "givenName"] });
        self.must(Method::POST, "anyTypeClasses", wish, 201).await;
        let wish = json!({ "key": "USER", "kind": "USER", "classes": ["BaseUser", "person"] });
        self.must(Method::PUT, "anyTypes/USER", wish, 204).await;
    }

    async fn let_the_rotator_in(&self) {
        let wish = json!({ "key": ROTATOR, "entitlements": ENTITLEMENTS, "realms": ["/"] });
        self.must(Method::POST, "roles", wish, 201).await;
        let wish = json!({
            "@class": "org.apache.syncope.common.lib.to.UserTO",
            "realm": "/",
            "username": ROTATOR,
            "password": ROTATOR_PASSWORD,
            "roles": [ROTATOR],
        });
        self.must(Method::POST, "users", wish, 201).await;
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.must(Method::GET, path, Value::Null, 200).await;
        answer.json().await.expect("JSON")
    }

    async fn must(&self, method: Method, path: &str, wish: Value, expected: u16) -> Response {
        let request = self
            .http
            .request(method, format!("{}/{path}", self.url))
            .basic_auth(ADMIN, Some(PASSWORD))
            .header("Accept", "application/json");
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
        panic!("Syncope answers {path} with {status}: {said}")
    }
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "schema": name, "values": [value] })
}

/// What of a person goes where in SCIM. The name stands there twice: the item
/// that finds a person again is left out of updates.
fn mapping() -> Value {
    let item = |own: &str, scim: &str| json!({ "intAttrName": own, "extAttrName": scim, "purpose": "PROPAGATION" });
    json!([
        {
            "intAttrName": "username",
            "extAttrName": "userName",
            "connObjectKey": true,
            "purpose": "BOTH",
            "mandatoryCondition": "true",
        },
        item("username", "userName"),
        item("surname", "name.familyName"),
        item("givenName", "name.givenName"),
        item("email", "emails.work.value"),
    ])
}
