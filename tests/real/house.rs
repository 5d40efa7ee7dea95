//! Where a test takes place: a real Vault set up with the shipped files, a
//! folder, and everything that the binary says there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::canary;
use super::support::port::free_port;
use super::support::vault::RealVault;
use super::wait::eventually;

/// What was said, by its source.
pub type Heard = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// What follows it differs from test to test.
const SECTIONS: &str = "\n# Sections of the test.\n";

/// How many versions are read side by side.
const AT_ONCE: usize = 16;

/// The only token of these tests.
pub const CRM: &str = "crm";

/// Where a test takes place.
pub struct House {
    /// The Vault.
    pub vault: RealVault,
    /// Longest call of a server or program, in seconds. The lease on a token
    /// is twice as long: a crash is waited out for that time.
    pub longest_call: u32,
    /// How often the daemon looks for what others wrote.
    pub sweep: &'static str,
    /// Where the daemon looks for Vault.
    pub vault_addresses: Vec<String>,
    /// `[log] filter`.
    pub log: &'static str,
    dir: TempDir,
    login: String,
    planted: BTreeSet<String>,
    heard: Heard,
}

impl House {
    /// With a Vault in memory; `None` if the part is missing.
    pub async fn new() -> Option<Self> {
        let vault = RealVault::start_dev().await?;
        Some(Self::around(vault, TempDir::new().expect("a folder")).await)
    }

    /// With a Vault that keeps its data on disk, to be sealed and killed.
    pub async fn with_durable_vault() -> Option<Self> {
        let dir = TempDir::new().expect("a folder");
        let vault = RealVault::start_raft(dir.path()).await?;
        Some(Self::around(vault, dir).await)
    }

    /// With this Vault, and the folder that its data lies in.
    pub async fn around(vault: RealVault, dir: TempDir) -> Self {
        vault.mount_kv("kv").await;
        // All versions are kept: they hold every token that ever was.
        let wish = json!({ "max_versions": 100_000 });
        vault.must("POST", "kv/config", wish).await;
        let secret_id_file = dir.path().join("vault-secret-id");
        let role_id = vault.set_up_approle(&secret_id_file);
        let secret_id = std::fs::read_to_string(&secret_id_file).expect("the secret-id");
        let login = format!(
            "[vault.auth.approle]\nrole_id = \"{role_id}\"\nsecret_id = {{ file = {secret_id_file:?} }}\n"
        );
        let planted = BTreeSet::from([secret_id, vault.root_token().to_owned()]);
        Self {
            vault_addresses: vec![vault.url().to_string()],
            vault,
            longest_call: 5,
            sweep: "5m",
            log: "debug,scim_rotator=trace",
            dir,
            login,
            planted,
            heard: Heard::default(),
        }
    }

    /// A file or folder of this test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file of this test; returns its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.path("scim-rotator.toml")
    }

    /// Writes the configuration: these sections, and around them what every
    /// test needs. Returns the URL that the daemon will serve.
    pub fn configure(&self, sections: &str) -> String {
        self.configure_as("scim-rotator.toml", sections)
    }

    /// Puts other sections into the configuration of a daemon that runs.
    pub fn reconfigure(&self, sections: &str) {
        let text = std::fs::read_to_string(self.config()).expect("the configuration");
        let (rest, _) = text.split_once(SECTIONS).expect("a mark");
        self.file(
            "scim-rotator.toml",
            &format!("{rest}{SECTIONS}{sections}\n"),
        );
    }

    /// The same in a file of this name: for one of several daemons.
    pub fn configure_as(&self, file: &str, sections: &str) -> String {
        let port = free_port();
        let call = self.longest_call;
        let text = format!(
            r#"
[vault]
address = {vault:?}
state_path = "kv/scim-rotator"
connect_timeout = "{connect}ms"
request_timeout = "{call}s"

{login}
[server]
listen = "127.0.0.1:{port}"

[log]
filter = "{log}"

[http]
connect_timeout = "{connect}ms"
read_timeout = "{call}s"
request_timeout = "{call}s"

[limits]
lease = "{lease}s"
shutdown_grace = "30s"
sweep = "{sweep}"
write_probe_hosts = ["127.0.0.1", "localhost"]

[defaults]
environment = "test"
allow_short_lived = true
jitter = false
issues_per_day = 1000
retry_min = "1s"
retry_max = "2s"
settle = "1s"
confirm_every = "1s"
new_token_patience = "1s"
operator_poll = "1s"
refusal_window = "0s"
{SECTIONS}{sections}
"#,
            vault = self.vault_addresses,
            login = self.login,
            log = self.log,
            sweep = self.sweep,
            lease = 2 * call,
            connect = (500 * call).min(2000),
        );
        self.file(file, &text);
        format!("http://127.0.0.1:{port}")
    }

    /// Says that this must never be said.
    pub fn plant(&mut self, secret: &str) {
        self.planted.insert(secret.to_owned());
    }

    /// Puts a credential of the daemon's into Vault, where the shipped policy
    /// lets it be read. Returns the reference for the configuration.
    pub async fn credential(&mut self, name: &str, secret: &str) -> String {
        self.plant(secret);
        let path = format!("scim-rotator-callers/{name}");
        let wish = json!({ "data": { "secret": secret } });
        self.vault
            .must("POST", &format!("kv/data/{path}"), wish)
            .await;
        format!("{{ vault = \"kv/{path}#secret\" }}")
    }

    /// Writes to the token's own path, as a person does: the whole secret.
    pub async fn write_by_hand(&self, fields: Value) {
        self.write_by_hand_for(CRM, fields).await;
    }

    /// The same for another token.
    pub async fn write_by_hand_for(&self, token: &str, fields: Value) {
        let path = format!("kv/data/scim/{token}");
        let wish = json!({ "data": fields });
        self.vault.must("POST", &path, wish).await;
    }

    /// What readers find at the token's own path; null if there is nothing.
    pub async fn published(&self) -> Value {
        self.read("scim/crm").await
    }

    /// The record; null if there is none yet.
    pub async fn record(&self) -> Value {
        self.record_of(CRM).await
    }

    /// The record of another token; null if there is none yet.
    pub async fn record_of(&self, token: &str) -> Value {
        self.read(&format!("scim-rotator/{token}")).await
    }

    /// Every version of the record, oldest first.
    pub async fn every_record(&self) -> Vec<Value> {
        let metadata = "kv/metadata/scim-rotator/crm";
        let (_, body) = self.vault.api("GET", metadata, Value::Null).await;
        let last = body["data"]["current_version"].as_u64().expect("versions");
        let versions = (1..=last).map(|version| version.to_string());
        self.read_versions("scim-rotator/crm", versions).await
    }

    async fn read_versions(
        &self,
        path: &str,
        versions: impl IntoIterator<Item = String>,
    ) -> Vec<Value> {
        let paths = versions
            .into_iter()
            .map(|version| format!("kv/data/{path}?version={version}"));
        let read = futures_util::stream::iter(paths).map(|path| async move {
            let (_, mut body) = self.vault.api("GET", &path, Value::Null).await;
            body["data"]["data"].take()
        });
        read.buffered(AT_ONCE).collect().await
    }

    async fn read(&self, path: &str) -> Value {
        let (_, mut body) = self
            .vault
            .api("GET", &format!("kv/data/{path}"), Value::Null)
            .await;
        body["data"]["data"].take()
    }

    /// Waits until the record is as wanted; returns it.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async || Some(self.record().await).filter(|record| wanted(record));
        eventually(what, look).await
    }

    /// Where the binary's words are kept.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Ends the test: nothing that was said may hold a secret.
    pub async fn close(self) {
        for args in ["status", "plan"] {
            self.command(&[args]).await;
            self.command(&[args, "--output", "json"]).await;
        }
        self.search().await;
    }

    /// Searches all that the binary said for all secrets that it ever held.
    pub async fn search(&self) {
        let mut secrets = self.planted.clone();
        for folder in ["scim-rotator", "scim"] {
            for name in self.names_in(folder).await {
                self.collect(&format!("{folder}/{name}"), &mut secrets)
                    .await;
            }
        }
        let heard = self.heard.lock();
        assert!(heard.values().any(|said| !said.is_empty()), "all were mute");
        for (source, said) in heard.iter() {
            let leak = canary::find(said, &secrets);
            assert_eq!(leak, None, "a secret stands in: {source}");
            let said = String::from_utf8_lossy(said);
            let masked = said.lines().find(|line| line.contains("[redacted]"));
            assert_eq!(masked, None, "only the last net caught a secret: {source}");
        }
    }

    async fn names_in(&self, folder: &str) -> Vec<String> {
        let path = format!("kv/metadata/{folder}?list=true");
        let (_, body) = self.vault.api("GET", &path, Value::Null).await;
        let keys = body["data"]["keys"].as_array().into_iter().flatten();
        keys.map(|key| text(key).to_owned()).collect()
    }

    /// Every token that any version of a secret holds.
    async fn collect(&self, path: &str, secrets: &mut BTreeSet<String>) {
        let metadata = format!("kv/metadata/{path}");
        let (_, body) = self.vault.api("GET", &metadata, Value::Null).await;
        let Some(versions) = body["data"]["versions"].as_object() else {
            return;
        };
        for fields in self.read_versions(path, versions.keys().cloned()).await {
            tokens_in(&fields, secrets);
        }
    }
}

fn tokens_in(value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    // In a record, `token` is the token's name.
                    ("token", Value::String(_)) if fields.contains_key("write_id") => {}
                    ("value" | "chosen" | "token", Value::String(text)) => {
                        secrets.insert(text.clone());
                    }
                    _ => tokens_in(field, secrets),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tokens_in(item, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether nothing is in flight and nothing has to be retired.
pub fn is_settled(record: &Value) -> bool {
    record["rotation"].is_null() && record["retiring"].is_null() && !record["current"].is_null()
}

/// Whether nobody has to wait for the lease of a process that ended by then: it
/// was given back, unless it had run out before.
pub fn is_free(record: &Value, ended_by: jiff::Timestamp) -> bool {
    let end = record["lease"]["expires_at"].as_str();
    end.is_none_or(|end| end.parse::<jiff::Timestamp>().expect("a time") <= ended_by)
}

/// Seconds since 1970 of a time in the record.
pub fn seconds(time: &Value) -> i64 {
    let text = time.as_str().expect("a time");
    let time: jiff::Timestamp = text.parse().expect("a time");
    time.as_second()
}

/// A text of a document.
pub fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A program of this test that may be run.
pub fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(path, mode).expect("permissions");
}
