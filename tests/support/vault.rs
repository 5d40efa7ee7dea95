//! The real Vault: in development mode, or with Raft storage on disk for tests
//! that seal, kill and restart it.

mod set_up;

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use url::Url;

use super::part;
use super::port::free_port;

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(50);

/// A running Vault; it is killed when dropped.
pub struct RealVault {
    process: Option<Child>,
    url: Url,
    root_token: String,
    http: reqwest::Client,
    raft: Option<Raft>,
}

struct Raft {
    program: PathBuf,
    config: PathBuf,
    unseal_key: String,
}

impl RealVault {
    /// In memory, unsealed; `None`, said loudly, if the part is missing.
    pub async fn start_dev() -> Option<Self> {
        Self::start_dev_with(&[]).await
    }

    /// The same, with the plug-ins of this folder.
    pub async fn start_dev_with_plugins(folder: &Path) -> Option<Self> {
        let folder = format!("-dev-plugin-dir={}", folder.display());
        Self::start_dev_with(&[&folder]).await
    }

    /// The same with more arguments, such as `-config=FILE` with listeners of
    /// its own.
    pub async fn start_dev_with(more: &[&str]) -> Option<Self> {
        let program = part::find("vault")?.join("vault");
        let port = free_port();
        let root = "root-token-of-the-tests";
        let mut command = Command::new(program);
        command
            .args(["server", "-dev", "-dev-no-store-token"])
            .args(more)
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .arg(format!("-dev-root-token-id={root}"));
        let vault = Self::spawn(command, port, root, None);
        vault.wait_for(&[200]).await;
        Some(vault)
    }

    /// With its storage below `dir`, initialised and unsealed; `None`, said
    /// loudly, if the part is missing.
    pub async fn start_raft(dir: &Path) -> Option<Self> {
        let port = free_port();
        // Alone: nobody calls it there.
        let alone = RaftNode {
            name: "test".to_owned(),
            cluster_port: port,
            known_as: SocketAddr::from(([127, 0, 0, 1], port)),
            join: None,
        };
        Self::start_raft_node(dir, &alone).await
    }

    /// The same, as the first node of a cluster.
    pub async fn start_raft_node(dir: &Path, node: &RaftNode) -> Option<Self> {
        let program = part::find("vault")?.join("vault");
        let mut vault = Self::start_node(program, dir, node);
        vault.wait_for(&[501]).await;
        let wish = json!({"secret_shares": 1, "secret_threshold": 1});
        let (_, init) = vault.api("PUT", "sys/init", wish).await;
        vault.root_token = init["root_token"]
            .as_str()
            .expect("a root token")
            .to_owned();
        let key = init["keys_base64"][0].as_str().expect("a key").to_owned();
        vault.raft_mut().unseal_key = key;
        vault.unseal().await;
        Some(vault)
    }

    /// Another node of this one's cluster; unsealed.
    pub async fn start_follower(&self, dir: &Path, node: &RaftNode) -> Self {
        let raft = self.raft.as_ref().expect("start_raft");
        let mut vault = Self::start_node(raft.program.clone(), dir, node);
        vault.root_token.clone_from(&self.root_token);
        vault.raft_mut().unseal_key.clone_from(&raft.unseal_key);
        // Not initialised until it has found the first.
        vault.wait_for(&[503]).await;
        vault.give_key().await;
        vault
    }

    fn start_node(program: PathBuf, dir: &Path, node: &RaftNode) -> Self {
        let port = free_port();
        let raft = Raft {
            program,
            config: raft_config(dir, port, node),
            unseal_key: String::new(),
        };
        Self::spawn(raft.command(), port, "", Some(raft))
    }

    /// One that somebody else runs.
    pub fn elsewhere(url: Url, root: &str) -> Self {
        Self {
            process: None,
            url,
            root_token: root.to_owned(),
            http: super::bare_http(),
            raft: None,
        }
    }

    fn spawn(mut command: Command, port: u16, root: &str, raft: Option<Raft>) -> Self {
        let process = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        Self {
            process: Some(process),
            url: Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL"),
            root_token: root.to_owned(),
            http: super::bare_http(),
            raft,
        }
    }

    /// Where it listens.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// May do everything.
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// One request with the root token; status and body.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.api_as(&self.root_token, method, path, body).await
    }

    /// The same with another token.
    pub async fn api_as(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = self.url.join(&format!("/v1/{path}")).expect("a path");
        let method = method.parse().expect("a method");
        let mut request = self
            .http
            .request(method, url)
            .header("x-vault-token", token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// The same, for requests that must succeed.
    pub async fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.api(method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// How many tokens there are.
    pub async fn tokens(&self) -> usize {
        let path = "auth/token/accessors?list=true";
        let answer = self.must("GET", path, Value::Null).await;
        answer["data"]["keys"].as_array().expect("a list").len()
    }

    /// How many of them live for another minute: Vault deletes those that have
    /// expired some time later.
    pub async fn lasting_tokens(&self) -> usize {
        let path = "auth/token/accessors?list=true";
        let answer = self.must("GET", path, Value::Null).await;
        let mut lasting = 0;
        for accessor in answer["data"]["keys"].as_array().expect("a list") {
            let wish = json!({ "accessor": accessor });
            let path = "auth/token/lookup-accessor";
            let (status, answer) = self.api("POST", path, wish).await;
            let rest = answer["data"]["ttl"].as_u64().unwrap_or_default();
            lasting += usize::from(status == 200 && rest > 60);
        }
        lasting
    }

    /// A request with the root token whose answer is response-wrapped.
    pub async fn wrapped(&self, method: &str, path: &str, ttl: &str) -> Value {
        let url = self.url.join(&format!("/v1/{path}")).expect("a path");
        let request = self
            .http
            .request(method.parse().expect("a method"), url)
            .header("x-vault-token", &self.root_token)
            .header("x-vault-wrap-ttl", ttl);
        let answer = request.send().await.expect("an answer");
        let text = answer.text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Seals it.
    pub async fn seal(&self) {
        self.must("PUT", "sys/seal", json!({})).await;
        self.wait_for(&[503]).await;
    }

    /// Unseals it and waits until it serves.
    pub async fn unseal(&self) {
        self.give_key().await;
        self.wait_for(&[200]).await;
    }

    /// Gives it the key, whatever comes of it.
    pub async fn give_key(&self) {
        let raft = self.raft.as_ref().expect("start_raft");
        let wish = json!({ "key": raft.unseal_key });
        self.must("PUT", "sys/unseal", wish).await;
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// What it says of its health: a status; `None` if it does not answer soon.
    pub async fn health(&self) -> Option<u16> {
        let url = self.url.join("/v1/sys/health").expect("a path");
        let request = self.http.get(url).timeout(Duration::from_secs(1));
        let answer = request.send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Kills it with its plug-ins, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            kill_process_group(Pid::from_child(&process), Signal::KILL).ok();
            process.wait().ok();
        }
    }

    /// Starts it again at the same address. It is sealed then.
    pub async fn restart(&mut self) {
        self.kill();
        let process = self.raft_mut().command().spawn().expect("it starts again");
        self.process = Some(process);
        self.wait_for(&[503]).await;
    }

    /// Copies what it has on disk to this folder, while it does not run, and starts
    /// it again unsealed.
    pub async fn back_up(&mut self, to: &Path) {
        self.kill();
        let from = self.raft_folder();
        copy_folder(&from, to);
        self.restart().await;
        self.unseal().await;
    }

    /// Replaces what it has on disk by such a copy, and starts it again unsealed.
    pub async fn restore(&mut self, from: &Path) {
        self.kill();
        let to = self.raft_folder();
        std::fs::remove_dir_all(&to).expect("the old data");
        copy_folder(from, &to);
        self.restart().await;
        self.unseal().await;
    }

    fn raft_folder(&mut self) -> PathBuf {
        let config = &self.raft_mut().config;
        config.parent().expect("a folder").join("raft")
    }

    fn raft_mut(&mut self) -> &mut Raft {
        self.raft.as_mut().expect("start_raft")
    }

    async fn wait_for(&self, wanted: &[u16]) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let status = self.health().await;
            if status.is_some_and(|s| wanted.contains(&s)) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "Vault at {} answers {status:?}, not {wanted:?}",
                self.url
            );
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

impl Drop for RealVault {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Raft {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .process_group(0)
            .arg("server")
            .arg("-config")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// One server with Raft storage.
pub struct RaftNode {
    /// Its name in the cluster.
    pub name: String,
    /// Where it listens for the other nodes.
    pub cluster_port: u16,
    /// Where they find it.
    pub known_as: SocketAddr,
    /// The node whose cluster it joins.
    pub join: Option<Url>,
}

fn raft_config(dir: &Path, port: u16, node: &RaftNode) -> PathBuf {
    let data = dir.join("raft");
    std::fs::create_dir_all(&data).expect("a folder");
    // A node alone waits for nobody: its elections are as short as they can be.
    let mut raft = json!({"path": data, "node_id": node.name, "performance_multiplier": 1});
    if let Some(first) = &node.join {
        raft["retry_join"] = json!([{ "leader_api_addr": first.as_str().trim_end_matches('/') }]);
    }
    let text = json!({
        "disable_mlock": true,
        "api_addr": format!("http://127.0.0.1:{port}"),
        "cluster_addr": format!("http://{}", node.known_as),
        "storage": { "raft": raft },
        "listener": {"tcp": {
            "address": format!("127.0.0.1:{port}"),
            "cluster_address": format!("127.0.0.1:{}", node.cluster_port),
            "tls_disable": true,
        }},
    });
    let path = dir.join("vault.json");
    std::fs::write(&path, text.to_string()).expect("the configuration");
    path
}
