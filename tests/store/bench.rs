//! One Vault under test, with a meddling proxy before it and a bare door to it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::http::NoObserver;
use scim_rotator::ports::{Clock, PublishedToken, Version};
use scim_rotator::rotation::record::Record;
use scim_rotator::secret::BearerToken;
use scim_rotator::vault::{FieldNames, KvPath, PublishTarget, Session, VaultConfig, VaultStore};
use serde_json::Value;
use tempfile::NamedTempFile;
use url::Url;

use super::support::meddler::Meddler;
use scim_rotator::clock::SystemClock;

/// A Vault under test.
pub struct Bench {
    pub meddler: Meddler,
    pub session: Arc<Session>,
    pub mount: String,
    url: Url,
    token: String,
    http: reqwest::Client,
}

impl Bench {
    pub async fn new(url: &Url, token: &str, mount: &str) -> Self {
        let meddler = Meddler::start(url).await;
        let token_file = file(token);
        let settings = "request_timeout = \"10s\"";
        let config = config(&meddler.url, &token_login(&token_file), settings);
        let session = session_at(&config, Arc::new(BriskClock));
        session.login().await.expect("the token is accepted");
        Self {
            meddler,
            session,
            mount: mount.to_owned(),
            url: url.clone(),
            token: token.to_owned(),
            http: super::support::bare_http(),
        }
    }

    /// The token that may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A store whose records lie below `state`, with one published token of
    /// that name.
    pub fn store(&self, state: &str) -> VaultStore {
        self.store_with(state, FieldNames::default())
    }

    pub fn store_with(&self, state: &str, fields: FieldNames) -> VaultStore {
        let path = |text: String| KvPath::parse(&text).expect("a path");
        let target = PublishTarget {
            path: path(format!("{}/published/{state}", self.mount)),
            fields: Arc::new(fields),
        };
        VaultStore::new(
            Arc::clone(&self.session),
            path(format!("{}/state/{state}", self.mount)),
            BTreeMap::from([("crm".to_owned(), target)]),
        )
    }

    /// A request past proxy and client; its answer's body.
    pub async fn raw(&self, method: &str, path: &str, body: Value) -> Value {
        let url = self.url.join(&format!("/v1/{path}")).expect("a path");
        let mut request = self
            .http
            .request(method.parse().expect("a method"), url)
            .header("x-vault-token", &self.token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let text = answer.text().await.expect("a body");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes fields by hand, whatever stands there.
    pub async fn put(&self, path: &str, fields: Value) {
        let path = format!("{}/data/{path}", self.mount);
        let answer = self
            .raw("POST", &path, serde_json::json!({ "data": fields }))
            .await;
        assert!(answer["data"]["version"].is_u64(), "{answer}");
    }

    /// Reads the fields of the latest version.
    pub async fn get(&self, path: &str) -> Value {
        let path = format!("{}/data/{path}", self.mount);
        self.raw("GET", &path, Value::Null).await["data"]["data"].take()
    }

    /// The number of the latest version.
    pub async fn version(&self, path: &str) -> Option<u64> {
        let path = format!("{}/data/{path}", self.mount);
        self.raw("GET", &path, Value::Null).await["data"]["metadata"]["version"].as_u64()
    }
}

/// The time of this machine, on which pauses take a quarter of their time: what
/// is tried with it waits for nobody.
pub struct BriskClock;

#[async_trait]
impl Clock for BriskClock {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn sleep(&self, duration: SignedDuration) {
        SystemClock.sleep(duration / 4).await;
    }
}

/// A session that is not logged in yet.
pub fn session(config: &VaultConfig) -> Arc<Session> {
    session_at(config, Arc::new(SystemClock))
}

pub fn session_at(config: &VaultConfig, clock: Arc<dyn Clock>) -> Arc<Session> {
    Session::new(config, clock, Arc::new(NoObserver), "replica-1").expect("a session")
}

/// A `[vault]` section as a person would write it.
pub fn config(url: &Url, auth: &str, extra: &str) -> VaultConfig {
    let text = format!("address = \"{url}\"\nstate_path = \"kv/state\"\n{extra}\n{auth}\n");
    toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

pub fn token_login(token: &NamedTempFile) -> String {
    format!("auth.token.token.file = {:?}", token.path())
}

pub fn approle_login(role_id: &str, secret_id: &NamedTempFile) -> String {
    let path = secret_id.path();
    format!("auth.approle.role_id = \"{role_id}\"\nauth.approle.secret_id.file = {path:?}")
}

pub fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    file
}

pub fn record(write_id: &str) -> Record {
    let mut record = Record::new("crm", Timestamp::UNIX_EPOCH);
    write_id.clone_into(&mut record.write_id);
    record
}

pub fn published(value: &str, generation: u64) -> PublishedToken {
    PublishedToken {
        value: BearerToken::parse(value).expect("a token"),
        token_id: Some(format!("id-{generation}")),
        issued_at: Some("2026-11-01T00:00:00Z".parse().expect("a time")),
        expires_at: "2027-01-01T00:00:00Z".parse().ok(),
        generation: Some(generation),
        unreadable: None,
    }
}

pub const fn v(version: u64) -> Version {
    Version(version)
}

/// `VAULT_ADDR` and `VAULT_TOKEN`, if they are meant for tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the person who runs the tests names the server"
)]
pub fn vault_of_your_own() -> Option<(Url, String)> {
    if std::env::var("SCIM_ROTATOR_TEST_VAULT").as_deref() != Ok("1") {
        return None;
    }
    let address = std::env::var("VAULT_ADDR").expect("VAULT_ADDR is set");
    let token = std::env::var("VAULT_TOKEN").expect("VAULT_TOKEN is set");
    Some((Url::parse(&address).expect("a URL"), token))
}
