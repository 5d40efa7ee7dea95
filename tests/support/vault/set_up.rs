//! A Vault is set up: mounts, policies, roles.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{PATIENCE, PAUSE, RealVault};
use crate::support::part;

impl RealVault {
    /// Mounts KV v2, and waits until it serves.
    pub async fn mount_kv(&self, mount: &str) {
        let wish = json!({"type": "kv", "options": {"version": "2"}});
        self.must("POST", &format!("sys/mounts/{mount}"), wish)
            .await;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        // It answers 400 while it sets itself up.
        while self
            .api("GET", &format!("{mount}/config"), Value::Null)
            .await
            .0
            != 200
        {
            assert!(tokio::time::Instant::now() < deadline, "{mount} is slow");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes a policy in HCL.
    pub async fn policy(&self, name: &str, hcl: &str) {
        let path = format!("sys/policies/acl/{name}");
        self.must("PUT", &path, json!({ "policy": hcl })).await;
    }

    /// Makes an AppRole role; returns its role-id and a secret-id.
    pub async fn approle(&self, name: &str, settings: Value) -> (String, String) {
        let mounted = self.must("GET", "sys/auth", Value::Null).await;
        if mounted["data"]["approle/"].is_null() {
            let wish = json!({"type": "approle"});
            self.must("POST", "sys/auth/approle", wish).await;
        }
        let role = format!("auth/approle/role/{name}");
        self.must("POST", &role, settings).await;
        let id = self
            .must("GET", &format!("{role}/role-id"), Value::Null)
            .await;
        let secret = self
            .must("POST", &format!("{role}/secret-id"), json!({}))
            .await;
        let text = |v: &Value| v.as_str().expect("an id").to_owned();
        (
            text(&id["data"]["role_id"]),
            text(&secret["data"]["secret_id"]),
        )
    }

    /// Runs the shipped set-up script as an operator would: the shipped policy,
    /// and a role whose secret-id is written to this file. Returns the role-id.
    pub fn set_up_approle(&self, secret_id: &Path) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/vault/setup.sh");
        let mut command = Command::new(script);
        command.arg(secret_id);
        let line = self.run_script(command);
        let id = line
            .trim()
            .strip_prefix("role_id = \"")
            .and_then(|l| l.strip_suffix('"'));
        id.expect("a line for the configuration").to_owned()
    }

    /// The program `vault`.
    pub fn program(&self) -> PathBuf {
        let part = part::find("vault").expect("the part is there");
        part.join("vault")
    }

    /// Runs a script as an operator of this Vault would, however it ends.
    pub fn try_script(&self, mut command: Command) -> Output {
        if !command.get_envs().any(|(name, _)| name == "VAULT_BIN") {
            command.env("VAULT_BIN", self.program());
        }
        command.env("VAULT_ADDR", self.url.as_str());
        command.env("VAULT_TOKEN", &self.root_token);
        command.output().expect("it runs")
    }

    /// Runs a script as an operator of this Vault would; returns what it says.
    pub fn run_script(&self, command: Command) -> String {
        let output = self.try_script(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).expect("text")
    }
}
