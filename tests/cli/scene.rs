//! Servers, a configuration for them, and the binary.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::identity_provider::{self, DemoIdentityProvider};
use scim_rotator::demo::service_provider::{self, DemoServiceProvider, IssueFault};
use scim_rotator::demo::vault::{self, EmbeddedVault, Policy, Role, Rule};
use scim_rotator::ports::Clock;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

use crate::support::bare_http;
use crate::support::meddler::Meddler;

/// Three servers and a configuration with the token `crm`.
pub(crate) struct Scene {
    vault: Option<EmbeddedVault>,
    /// Holds the port of a Vault that was stopped; nobody listens there.
    port_of_vault: Option<tokio::net::TcpSocket>,
    pub(crate) sp: DemoServiceProvider,
    _idp: DemoIdentityProvider,
    folder: TempDir,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n{}\n{}", self.code, self.out, self.err)
    }
}

impl Scene {
    /// `kind` is `operator` for a token that a person supplies.
    pub(crate) async fn new(kind: &str) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut options = vault::Options::new(Arc::clone(&clock));
        options.policies = vec![records_only(), everything()];
        options.roles = vec![role(), daemon()];
        let vault = EmbeddedVault::start(options).await.expect("Vault");
        let options = service_provider::Options::new(Arc::clone(&clock));
        let sp = DemoServiceProvider::start(options).await.expect("a port");
        let mut options = identity_provider::Options::new(sp.scim_url(), clock);
        options.pace = SignedDuration::from_millis(20);
        let idp = DemoIdentityProvider::start(options).await.expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let secret = |name: &str, value: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, value).expect("written");
            format!("{{ file = {:?} }}", path.display().to_string())
        };
        let issuer = match kind {
            "operator" => "[issuers.sp.operator]\ninstructions = \"Ask the owner of the CRM.\"\nlive_tokens = \"many\"\nissue_effect = \"keeps\"\n".to_owned(),
            _ => sp.issuer_config("sp", &secret("sp-admin", sp.admin_token().expose())),
        };
        let connection =
            idp.connection_config("hr", &secret("idp-admin", idp.admin_token().expose()));
        let config = format!(
            r#"
[vault]
address = "{vault_url}"
state_path = "kv/scim-rotator"
auth.approle = {{ role_id = "daemon", secret_id = {secret_id} }}

[tokens.crm]
vault_path = "kv/scim/crm"
scim_url = "{scim_url}"
issuer = "sp"
connections = ["hr"]
lifetime = "10d"
declared_lifetime = "10d"
overlap = "1h"
refusal_window = "0s"
environment = "test"
confirm_every = "1s"

{issuer}
{connection}
"#,
            vault_url = vault.url().as_str().trim_end_matches('/'),
            secret_id = secret("daemon-secret-id", &daemon().secret_id),
            scim_url = sp.scim_url(),
        );
        let scene = Self {
            vault: Some(vault),
            port_of_vault: None,
            sp,
            _idp: idp,
            folder,
        };
        scene.write("scim-rotator.toml", &config);
        scene
    }

    /// From now on Vault's clock is this far ahead of this machine's.
    pub(crate) async fn set_vault_clock_ahead(&self, ahead: SignedDuration) -> Meddler {
        let vault = self.vault.as_ref().expect("not stopped before");
        let meddler = Meddler::start(vault.url()).await;
        meddler.set_clock_ahead(ahead);
        let [direct, through] = [vault.url(), &meddler.url].map(address_line);
        let config = self.read("scim-rotator.toml");
        assert!(config.contains(&direct), "{config}");
        self.write("scim-rotator.toml", &config.replace(&direct, &through));
        meddler
    }

    /// From now on the overlap ends this long after a promotion.
    pub(crate) fn set_overlap(&self, overlap: &str) {
        let config = self.read("scim-rotator.toml");
        let changed = config.replace("overlap = \"1h\"", &format!("overlap = \"{overlap}\""));
        assert_ne!(changed, config);
        self.write("scim-rotator.toml", &changed);
    }

    pub(crate) async fn stop_vault(&mut self) {
        let vault = self.vault.take().expect("not stopped before");
        let addresses = vault.url().socket_addrs(|| None).expect("an address");
        vault.shutdown().await;
        // Nobody else may take its port and answer in its place.
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(addresses[0]).expect("its port");
        self.port_of_vault = Some(socket);
    }

    pub(crate) fn refuse_minting(&self) {
        self.sp.faults().issue.keep(IssueFault::Refuse);
    }

    /// From now on the configuration logs in by a role that may write records
    /// and nothing else.
    pub(crate) fn log_in_without_publishing(&self) {
        self.write("secret-id", &role().secret_id);
        let path = self.folder.path().join("scim-rotator.toml");
        let config = std::fs::read_to_string(path).expect("read");
        let secret_id = self.folder.path().join("secret-id");
        let approle = format!(
            "auth.approle = {{ role_id = \"{}\", secret_id = {{ file = {:?} }} }}",
            role().role_id,
            secret_id.display().to_string()
        );
        let changed: Vec<&str> = config
            .lines()
            .map(|line| match line.starts_with("auth.approle") {
                true => approle.as_str(),
                false => line,
            })
            .collect();
        self.write("scim-rotator.toml", &changed.join("\n"));
    }

    /// From now on an engine of Vault makes the credential for the issuer.
    pub(crate) fn lease_the_credential_for_the_issuer(&self) {
        let config = self.read("scim-rotator.toml");
        let file = self.folder.path().join("sp-admin");
        let reference = format!("{{ file = {:?} }}", file.display().to_string());
        assert!(config.contains(&reference), "{config}");
        let leased = "{ vault = \"terraform/creds/scim#token\", lease = true }";
        self.write("scim-rotator.toml", &config.replace(&reference, leased));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("read")
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        run(self.folder.path(), "scim-rotator.toml", args).await
    }

    /// The command, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        command(self.folder.path(), "scim-rotator.toml", args)
    }

    pub(crate) async fn run_with(&self, config: &str, args: &[&str]) -> Ran {
        run(self.folder.path(), config, args).await
    }

    /// The daemon, not started yet; its server takes a free port.
    pub(crate) fn daemon(&self) -> Command {
        let path = self.folder.path().join("scim-rotator.toml");
        let config = std::fs::read_to_string(path).expect("read");
        self.write(
            "daemon.toml",
            &format!("{config}\n[server]\nlisten = \"127.0.0.1:0\"\n"),
        );
        command(self.folder.path(), "daemon.toml", &["run"])
    }

    /// What Vault has stored at this path of its API.
    pub(crate) async fn stored(&self, path: &str) -> String {
        let vault = self.vault.as_ref().expect("Vault runs");
        let url = vault.url().join(&format!("/v1/{path}")).expect("a URL");
        let asked = bare_http().get(url);
        let asked = asked.header("X-Vault-Token", vault.root_token().expose());
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.expect("text")
    }

    pub(crate) fn root_token(&self) -> String {
        let vault = self.vault.as_ref().expect("Vault runs");
        vault.root_token().expose().to_owned()
    }

    pub(crate) fn vault_address(&self) -> String {
        let vault = self.vault.as_ref().expect("Vault runs");
        vault.url().as_str().trim_end_matches('/').to_owned()
    }

    /// Writes to this path of Vault's API.
    pub(crate) async fn store(&self, path: &str, body: &Value) {
        let vault = self.vault.as_ref().expect("Vault runs");
        let url = vault.url().join(&format!("/v1/{path}")).expect("a URL");
        let asked = bare_http().post(url).json(body);
        let asked = asked.header("X-Vault-Token", vault.root_token().expose());
        let answer = asked.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}");
    }

    /// Runs a command with `--output json`, which must succeed.
    pub(crate) async fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
        let ran = self.run(&args).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).expect("one JSON document")
    }
}

fn address_line(vault: &Url) -> String {
    format!("address = \"{}\"", vault.as_str().trim_end_matches('/'))
}

fn records_only() -> Policy {
    let write = ["create", "read", "update"];
    Policy::new(
        "records-only",
        vec![
            Rule::new("kv/data/scim-rotator/*", &write),
            Rule::new("kv/data/admin/*", &["read"]),
            Rule::new("kv/metadata/scim-rotator/requests/*", &["list", "read"]),
        ],
    )
}

/// What the daemon may do, and the person who uses its login.
fn everything() -> Policy {
    let all = ["create", "read", "update", "list"];
    Policy::new("everything", vec![Rule::new("kv/*", &all)])
}

fn daemon() -> Role {
    Role {
        role_id: "daemon".to_owned(),
        secret_id: "daemon-secret-id".to_owned(),
        policies: vec!["default".to_owned(), "everything".to_owned()],
        ttl: SignedDuration::from_hours(1),
        max_ttl: None,
    }
}

fn role() -> Role {
    Role {
        role_id: "records".to_owned(),
        secret_id: "records-secret-id".to_owned(),
        policies: vec!["default".to_owned(), "records-only".to_owned()],
        ttl: SignedDuration::from_hours(1),
        max_ttl: None,
    }
}

async fn run(folder: &Path, config: &str, args: &[&str]) -> Ran {
    let output = command(folder, config, args).output().await;
    output.expect("the binary runs").into()
}

fn command(folder: &Path, config: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
    command
        .arg("--config")
        .arg(folder.join(config))
        .args(args)
        .kill_on_drop(true);
    command
}
