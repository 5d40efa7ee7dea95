//! The Terraform module does what the script does. Its provider is a stand-in
//! (`tests/parts/terraform-vault/main.go`): what is shown is that Terraform
//! takes the module, and that a Vault which is given its values lets us in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::approle::is_let_in;
use super::support::part;
use super::support::vault::RealVault;

const POLICY: &str = "scim-rotator.hcl";
const POLICIES: [&str; 5] = [
    POLICY,
    "scim-rotator-operator.hcl",
    "scim-rotator-auditor.hcl",
    "scim-rotator-publisher.hcl",
    "scim-rotator-identifier.hcl",
];

#[tokio::test]
async fn the_module_sets_vault_up_as_the_script_does() {
    let (Some(vault), Some(terraform)) = (RealVault::start_dev().await, Terraform::new()) else {
        return;
    };
    vault.mount_kv("kv").await;
    let secret_id = terraform.dir.path().join("secret-id");
    vault.set_up_approle(&secret_id);
    let vars = ["role=by-terraform", "approle={}"];
    terraform.applied(&vault, &vars);

    let policy = vault
        .must("GET", "sys/policies/acl/by-terraform", Value::Null)
        .await;
    assert_eq!(policy["data"]["policy"], terraform.policy());
    for who in ["operator", "auditor", "publisher", "identifier"] {
        let policy = async |role: &str| {
            let path = format!("sys/policies/acl/{role}-{who}");
            vault.must("GET", &path, Value::Null).await["data"]["policy"].take()
        };
        let by_terraform = policy("by-terraform").await;
        assert!(by_terraform.is_string(), "{who}");
        assert_eq!(by_terraform, policy("scim-rotator").await, "{who}");
    }
    let by_script = role(&vault, "scim-rotator").await;
    let mut by_terraform = role(&vault, "by-terraform").await;
    assert_eq!(by_terraform["token_policies"], json!(["by-terraform"]));
    by_terraform["token_policies"] = by_script["token_policies"].clone();
    assert_eq!(by_terraform, by_script);

    let path = "auth/approle/role/by-terraform/secret-id";
    let issued = vault.must("POST", path, json!({})).await;
    let issued = issued["data"]["secret_id"].as_str().expect("a secret-id");
    std::fs::write(&secret_id, issued).expect("a file");
    is_let_in(&vault, &terraform.output("role_id"), &secret_id).await;
}

#[tokio::test]
async fn the_module_enables_the_login_method_where_it_is_asked_to() {
    let (Some(vault), Some(terraform)) = (RealVault::start_dev().await, Terraform::new()) else {
        return;
    };
    let wish = "approle={mount=\"servers\", enable=true, secret_id_ttl=600, bound_cidrs=[\"10.1.2.0/24\"]}";
    terraform.applied(&vault, &[wish]);
    let path = "auth/servers/role/scim-rotator";
    let made = vault.must("GET", path, Value::Null).await["data"].take();
    assert_eq!(made["secret_id_ttl"], 600);
    assert_eq!(made["token_bound_cidrs"], json!(["10.1.2.0/24"]));
    assert_eq!(made["secret_id_bound_cidrs"], json!(["10.1.2.0/24"]));
}

/// The login method of Kubernetes is not part of the Vault of these tests: only
/// what would be sent is looked at.
#[tokio::test]
async fn the_role_for_pods_is_bound_to_ours_and_never_to_all() {
    let (Some(vault), Some(terraform)) = (RealVault::start_dev().await, Terraform::new()) else {
        return;
    };
    let planned = terraform.planned(&vault, &["approle=null", "kubernetes={}"]);
    let resources = planned["planned_values"]["root_module"]["resources"].as_array();
    let resources = resources.expect("resources");
    let kinds: Vec<&Value> = resources.iter().map(|r| &r["type"]).collect();
    assert_eq!(
        kinds,
        [
            "vault_kubernetes_auth_backend_role",
            "vault_policy",
            "vault_policy",
            "vault_policy",
            "vault_policy",
            "vault_policy"
        ]
    );
    let expected = json!({
        "backend": "kubernetes",
        "role_name": "scim-rotator",
        "bound_service_account_names": ["scim-rotator"],
        "bound_service_account_namespaces": ["scim-rotator"],
        "audience": "vault",
        "token_policies": ["scim-rotator"],
        "token_no_default_policy": true,
        "token_period": 3600,
        "token_type": "service",
    });
    for (name, value) in expected.as_object().expect("fields") {
        assert_eq!(&resources[0]["values"][name], value, "{name}");
    }
    let all = "kubernetes={namespaces=[\"*\"]}";
    let refused = terraform.run(&vault, "plan", &["-input=false", "-var", all]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("any pod could take the tokens"));
}

/// Settings of a role, as Vault shows them.
async fn role(vault: &RealVault, name: &str) -> Value {
    let path = format!("auth/approle/role/{name}");
    vault.must("GET", &path, Value::Null).await["data"].take()
}

/// The shipped module in a folder of its own, ready to be run.
struct Terraform {
    dir: TempDir,
    program: PathBuf,
    module: PathBuf,
}

impl Terraform {
    /// `None`, said loudly, if the part is missing.
    fn new() -> Option<Self> {
        let part = part::find("terraform-vault")?;
        let dir = TempDir::new().expect("a folder");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/vault");
        let module = dir.path().join("vault/terraform");
        std::fs::create_dir_all(&module).expect("a folder");
        for policy in POLICIES {
            let copy = dir.path().join("vault").join(policy);
            std::fs::copy(shipped.join(policy), copy).expect("a copy");
        }
        for file in std::fs::read_dir(shipped.join("terraform")).expect("the module") {
            let file = file.expect("a file").path();
            let name = file.file_name().expect("a name");
            std::fs::copy(&file, module.join(name)).expect("a copy");
        }
        let terraform = Self {
            program: part.join("bin/terraform"),
            dir,
            module,
        };
        let plugins = format!("-plugin-dir={}", part.join("plugins").display());
        terraform.must("init", &["-input=false", &plugins]);
        terraform.must("fmt", &["-check", "-recursive", "-diff"]);
        terraform.must("validate", &[]);
        Some(terraform)
    }

    /// Applies the module with these variables.
    fn applied(&self, vault: &RealVault, variables: &[&str]) {
        let mut args = vec!["-input=false", "-auto-approve"];
        args.extend(variables.iter().flat_map(|variable| ["-var", variable]));
        succeeded(&self.run(vault, "apply", &args));
    }

    /// What applying it would do, as Terraform tells programs.
    fn planned(&self, vault: &RealVault, variables: &[&str]) -> Value {
        let mut args = vec!["-input=false", "-out=plan"];
        args.extend(variables.iter().flat_map(|variable| ["-var", variable]));
        succeeded(&self.run(vault, "plan", &args));
        let shown = self.must("show", &["-json", "plan"]);
        serde_json::from_slice(&shown.stdout).expect("JSON")
    }

    fn output(&self, name: &str) -> String {
        let told = self.must("output", &["-raw", name]);
        String::from_utf8(told.stdout).expect("text")
    }

    /// The shipped policy.
    fn policy(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("vault").join(POLICY)).expect("the policy")
    }

    fn must(&self, command: &str, args: &[&str]) -> Output {
        let output = self.command(command, args).output().expect("it runs");
        succeeded(&output);
        output
    }

    fn run(&self, vault: &RealVault, command: &str, args: &[&str]) -> Output {
        let address = vault.url().as_str().trim_end_matches('/');
        self.command(command, args)
            .env("VAULT_ADDR", address)
            .env("VAULT_TOKEN", vault.root_token())
            .output()
            .expect("it runs")
    }

    fn command(&self, command: &str, args: &[&str]) -> Command {
        let mut terraform = Command::new(&self.program);
        terraform
            .arg(format!("-chdir={}", self.module.display()))
            .arg(command)
            .arg("-no-color")
            .args(args)
            .env_clear()
            .env("HOME", self.dir.path())
            // It asks nobody whether there is a newer one.
            .env("CHECKPOINT_DISABLE", "1");
        terraform
    }
}

fn succeeded(output: &Output) {
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}
