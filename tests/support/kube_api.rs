//! A real Kubernetes API server with its etcd, both on loopback: no node, no
//! pods, but service accounts, their tokens and TokenReview.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::certs::Authority;
use super::jwt::{ISSUER, JwtMaker};
use super::part::{self, Group};
use super::port::free_port;

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(240);
const ADMIN: &str = "admin-token-of-the-tests";

/// The running pair; killed when dropped.
pub struct KubeApi {
    /// Signs the tokens of its service accounts; the tests have it too.
    pub signer: JwtMaker,
    url: Url,
    http: reqwest::Client,
    dir: TempDir,
    programs: PathBuf,
    _servers: [Group; 2],
}

impl KubeApi {
    /// `None`, said loudly, if a part is missing.
    pub async fn start() -> Option<Self> {
        let (etcd, kubernetes) = (part::find("etcd")?, part::find("kubernetes")?);
        let dir = TempDir::new().expect("a folder");
        let authority = Authority::new("The Cluster");
        let signer = JwtMaker::new();
        write(&dir, "ca.pem", &authority.pem());
        write(&dir, "signer.pem", &signer.private_pem());
        write(&dir, "signer-public.pem", &signer.public_pem());
        let admin = format!("{ADMIN},admin,admin,\"system:masters\"\n");
        write(&dir, "tokens.csv", &admin);
        authority.server("127.0.0.1").write(dir.path(), "api");
        let (store, first) = start_etcd(&etcd, dir.path());
        let (url, second) = start_api(&kubernetes, dir.path(), &store);
        let this = Self {
            signer,
            url,
            http: trusting(&authority),
            dir,
            programs: kubernetes,
            _servers: [first, second],
        };
        this.wait_until_ready().await;
        Some(this)
    }

    /// Where it listens.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// PEM file of the authority of its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// For `kubectl`, as the administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "clusters": [{"name": "test", "cluster": {
                "server": self.url.as_str().trim_end_matches('/'),
                "certificate-authority": self.ca_file(),
            }}],
            "users": [{"name": "admin", "user": {"token": ADMIN}}],
        });
        write(&self.dir, "kubeconfig", &text.to_string());
        self.dir.path().join("kubeconfig")
    }

    /// `PATH` with the part's `kubectl` at its head.
    pub fn path_with_kubectl(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs.display())
    }

    /// Makes an object of the core API or of a group; the path ends with the
    /// plural of its kind.
    pub async fn create(&self, path: &str, object: Value) -> Value {
        let (status, answer) = self.api("POST", path, object).await;
        assert_eq!(status, 201, "{path}: {answer}");
        answer
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) {
        let (status, answer) = self.api("DELETE", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// Makes a service account.
    pub async fn service_account(&self, namespace: &str, name: &str) {
        let path = format!("api/v1/namespaces/{namespace}/serviceaccounts");
        let object = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name},
        });
        self.create(&path, object).await;
    }

    /// A token of a service account, as the kubelet asks for it for a pod.
    pub async fn token(&self, namespace: &str, account: &str, audience: &[&str]) -> String {
        let path = format!("api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let wish = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"audiences": audience, "expirationSeconds": 600},
        });
        let answer = self.create(&path, wish).await;
        let token = answer["status"]["token"].as_str();
        token.expect("a token").to_owned()
    }

    /// Whether a token is good for this audience, as Vault asks for it.
    pub async fn accepts(&self, token: &str, audience: &str) -> bool {
        let wish = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        });
        let path = "apis/authentication.k8s.io/v1/tokenreviews";
        let answer = self.create(path, wish).await;
        answer["status"]["authenticated"] == true
    }

    async fn api(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = self.url.join(path).expect("a path");
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, url).bearer_auth(ADMIN);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn wait_until_ready(&self) {
        let url = self.url.join("readyz").expect("a path");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.http.get(url.clone()).bearer_auth(ADMIN).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "the API server is not ready"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn write(dir: &TempDir, name: &str, content: &str) {
    std::fs::write(dir.path().join(name), content).expect("written");
}

fn start_etcd(part: &Path, dir: &Path) -> (String, Group) {
    let port = free_port();
    let (client, peer) = (
        format!("http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port + 1),
    );
    let mut command = Command::new(part.join("etcd"));
    command
        .args(["--name", "test", "--unsafe-no-fsync", "--log-level", "warn"])
        .arg("--data-dir")
        .arg(dir.join("etcd"))
        .args(["--listen-client-urls", &client])
        .args(["--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer])
        .args(["--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("test={peer}")]);
    (client, Group::start(command))
}

fn start_api(part: &Path, dir: &Path, etcd: &str) -> (Url, Group) {
    let port = free_port();
    let file = |name: &str| dir.join(name).display().to_string();
    let mut command = Command::new(part.join("kube-apiserver"));
    command.args([
        format!("--etcd-servers={etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        // It must not be loopback; nobody listens there.
        "--advertise-address=192.0.2.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--tls-cert-file={}", file("api.pem")),
        format!("--tls-private-key-file={}", file("api-key.pem")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        format!("--service-account-issuer={ISSUER}"),
        format!("--service-account-signing-key-file={}", file("signer.pem")),
        format!("--service-account-key-file={}", file("signer-public.pem")),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
    ]);
    let url = format!("https://127.0.0.1:{port}");
    (Url::parse(&url).expect("a URL"), Group::start(command))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own requests carry no secret of anybody"
)]
fn trusting(authority: &Authority) -> reqwest::Client {
    let pem = authority.pem();
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).expect("PEM");
    let builder = reqwest::Client::builder().no_proxy();
    let builder = builder.tls_certs_only([certificate]);
    builder.build().expect("a client")
}
