//! The service account token of a pod: HashiCorp's own plug-in in the real
//! Vault, set up by the shipped script, asks a real API server (TokenReview).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;

use super::super::approle::enough_and_no_more;
use super::super::bench::{config, file, session};
use super::super::support::kube_api::KubeApi;
use super::super::support::part;
use super::{Login, RealVault, Words, all};

/// As the shipped manifests name them.
const NAMESPACE: &str = "scim-rotator";
const ACCOUNT: &str = "scim-rotator";
const REVIEWER: &str = "vault-reviewer";
const ROLE: &str = "scim-rotator";

struct Pod<'a>(&'a KubeApi);

impl Pod<'_> {
    async fn token_for(&self, audience: &str) -> String {
        self.0.token(NAMESPACE, ACCOUNT, &[audience]).await
    }
}

#[async_trait]
impl Login for Pod<'_> {
    fn mount(&self) -> &str {
        "kubernetes"
    }

    fn section(&self, place: &Path) -> String {
        format!("auth.kubernetes.role = \"{ROLE}\"\nauth.kubernetes.jwt.file = {place:?}")
    }

    async fn good(&self) -> String {
        self.token_for("vault").await
    }

    /// Of another service account of the same cluster.
    async fn wrong(&self) -> String {
        self.0.token(NAMESPACE, "another", &["vault"]).await
    }

    /// Signed with the cluster's own key.
    async fn expired(&self) -> String {
        let subject = format!("system:serviceaccount:{NAMESPACE}:{ACCOUNT}");
        self.0.signer.sign(&subject, -SignedDuration::from_hours(1))
    }

    /// A token is bound to its service account: one of the same name is another.
    async fn revoke(&self, credential: &str) {
        let path = format!("api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}");
        self.0.delete(&path).await;
        self.0.service_account(NAMESPACE, ACCOUNT).await;
        // The API server remembers for some seconds whom it let in.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while self.0.accepts(credential, "vault").await {
            assert!(tokio::time::Instant::now() < deadline, "it is let in");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    fn words(&self) -> Words {
        Words {
            empty: "is empty",
            wrong: "the role does not allow this service account",
            expired: "expired at 20",
            revoked: "was not accepted: `vault read auth/kubernetes/role/scim-rotator`",
        }
    }
}

/// A folder with the plug-in under the name that Vault's own has.
fn plug_ins(dir: &Path) -> Option<PathBuf> {
    let plug_in = part::find("vault-kubernetes")?.join("vault-plugin-auth-kubernetes");
    let folder = dir.join("plug-ins");
    std::fs::create_dir(&folder).expect("a folder");
    // Vault resolves links: only a copy has the name. A hard one costs nothing.
    let named = folder.join("kubernetes");
    if std::fs::hard_link(&plug_in, &named).is_err() {
        std::fs::copy(&plug_in, &named).expect("a copy");
    }
    Some(folder)
}

/// Makes what the shipped manifests make, `vault-reviewer` among them. Its Secret
/// is filled here: the controller that does it is no part of an API server.
async fn prepare(cluster: &KubeApi) {
    for name in [NAMESPACE, REVIEWER] {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
        });
        cluster.create("api/v1/namespaces", namespace).await;
        cluster.service_account(name, name).await;
    }
    cluster.service_account(NAMESPACE, "another").await;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": REVIEWER},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "system:auth-delegator",
        },
        "subjects": [{"kind": "ServiceAccount", "namespace": REVIEWER, "name": REVIEWER}],
    });
    let bindings = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    cluster.create(bindings, binding).await;
    let authority = std::fs::read(cluster.ca_file()).expect("read");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": REVIEWER},
        "data": {
            "token": BASE64_STANDARD.encode(cluster.token(REVIEWER, REVIEWER, &[]).await),
            "ca.crt": BASE64_STANDARD.encode(authority),
        },
    });
    let secrets = format!("api/v1/namespaces/{REVIEWER}/secrets");
    cluster.create(&secrets, secret).await;
}

/// Runs the shipped script as an operator would.
fn set_up(vault: &RealVault, cluster: &KubeApi) {
    let mut command = Command::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/vault/setup-kubernetes.sh"),
    );
    command.env("KUBECONFIG", cluster.kubeconfig());
    command.env("PATH", cluster.path_with_kubectl());
    vault.run_script(command);
}

#[tokio::test]
async fn a_pod_logs_in_with_a_token_that_a_real_cluster_reviews() {
    let dir = TempDir::new().expect("a folder");
    let (Some(plug_ins), Some(cluster)) = (plug_ins(dir.path()), KubeApi::start().await) else {
        return;
    };
    let plug_ins = format!("-dev-plugin-dir={}", plug_ins.display());
    let Some(vault) = RealVault::start_dev_with(&[&plug_ins]).await else {
        return;
    };
    prepare(&cluster).await;
    set_up(&vault, &cluster);
    let pod = Pod(&cluster);
    all(&pod, &vault, vault.url(), "").await;

    let session_of =
        |jwt: &tempfile::NamedTempFile| session(&config(vault.url(), &pod.section(jwt.path()), ""));

    // A token for somebody else, such as the cluster's own API.
    for audience in [
        "https://another.example.com",
        "https://platform.example.com",
    ] {
        let jwt = file(&pod.token_for(audience).await);
        let error = session_of(&jwt).login().await.expect_err("for others");
        let told = error.to_string();
        assert!(told.contains("was issued for another audience"), "{told}");
    }

    let bindings = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let wish = json!({"role": ROLE, "jwt": pod.good().await});
    let answer = vault.must("POST", "auth/kubernetes/login", wish).await;
    let token = answer["auth"]["client_token"].as_str().expect("a token");
    let jwt = file(&pod.good().await);
    enough_and_no_more(&vault, &session_of(&jwt), token).await;

    // Vault may no longer review: its own trouble, told as such.
    cluster.delete(&format!("{bindings}/{REVIEWER}")).await;
    let jwt = file(&pod.good().await);
    let error = session_of(&jwt).login().await.expect_err("nobody reviews");
    assert!(
        error.to_string().contains("system:auth-delegator"),
        "{error}"
    );
}
