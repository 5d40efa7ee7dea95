//! Three real Vault servers that make one cluster (Raft). Each can be killed,
//! stopped, and cut off from the others.

mod front;
mod links;

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use url::Url;

use self::front::Front;
use self::links::Links;
use super::cut::Line;
use super::port::free_port;
use super::vault::{RaftNode, RealVault};

/// Nodes of the cluster.
pub const NODES: usize = 3;

/// How long it may take until something is so.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(50);

/// A running cluster; all of it is killed when dropped.
pub struct Cluster {
    nodes: Vec<RealVault>,
    links: Links,
    front: Front,
}

impl Cluster {
    /// Initialised and unsealed, with three voters, its data below `dir`;
    /// `None`, said loudly, if the part is missing.
    pub async fn start(dir: &Path) -> Option<Self> {
        let listening: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
        let links = Links::start(&listening).await;
        let mut nodes: Vec<RealVault> = Vec::new();
        for (number, listening) in listening.into_iter().enumerate() {
            let node = RaftNode {
                name: format!("node-{number}"),
                cluster_port: listening,
                known_as: links.address_of(number),
                join: nodes.first().map(|first| first.url().clone()),
            };
            let vault = match nodes.first() {
                None => RealVault::start_raft_node(&dir.join(&node.name), &node).await?,
                Some(first) => first.start_follower(&dir.join(&node.name), &node).await,
            };
            links.runs(number, vault.process_id());
            nodes.push(vault);
            if number == 0 {
                voters_quickly(&nodes[0]).await;
            }
        }
        let urls = nodes.iter().map(|node| node.url().clone()).collect();
        let front = Front::start(urls).await;
        let cluster = Self {
            nodes,
            links,
            front,
        };
        cluster.until_whole().await;
        Some(cluster)
    }

    /// Where a node listens.
    pub fn url(&self, node: usize) -> &Url {
        self.nodes[node].url()
    }

    /// May do everything, at each of them.
    pub fn root_token(&self) -> &str {
        self.nodes[0].root_token()
    }

    /// The cluster as one Vault: requests go to any node that serves, and wait
    /// while none does.
    pub fn as_one(&self) -> RealVault {
        RealVault::elsewhere(self.front.url.clone(), self.root_token())
    }

    /// The node that leads, once there is one.
    pub async fn leader(&self) -> usize {
        self.leader_among(&[0, 1, 2]).await
    }

    /// The node of these that leads, once one does.
    pub async fn leader_among(&self, nodes: &[usize]) -> usize {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            for node in nodes {
                if self.nodes[*node].health().await == Some(200) {
                    return *node;
                }
            }
            assert!(tokio::time::Instant::now() < deadline, "nobody leads");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has the node that leads leave the lead to another; returns which.
    pub async fn step_down(&self, leader: usize) -> usize {
        self.nodes[leader]
            .must("PUT", "sys/step-down", json!({}))
            .await;
        let others: Vec<usize> = (0..NODES).filter(|node| *node != leader).collect();
        self.leader_among(&others).await
    }

    /// Kills a node, as a power cut would.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts it again; it is sealed then.
    pub async fn restart(&mut self, node: usize) {
        self.nodes[node].restart().await;
        self.links.runs(node, self.nodes[node].process_id());
    }

    /// Unseals a node.
    pub async fn unseal(&self, node: usize) {
        self.nodes[node].give_key().await;
    }

    /// Takes the processor away from a node.
    pub fn stop(&self, node: usize) {
        self.signal(node, Signal::STOP);
    }

    /// Gives it back.
    pub fn go_on(&self, node: usize) {
        self.signal(node, Signal::CONT);
    }

    /// Cuts a node off from the two others; clients still reach it.
    pub fn isolate(&self, node: usize) {
        self.links.set(node, Line::BlackHole);
    }

    /// Connects it again.
    pub fn connect(&self, node: usize) {
        self.links.set(node, Line::Open);
    }

    /// Waits until all three take part and any one of them may be lost.
    pub async fn until_whole(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if self.is_whole().await {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "it is not whole");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn is_whole(&self) -> bool {
        for node in &self.nodes {
            if !matches!(node.health().await, Some(200 | 429)) {
                return false;
            }
        }
        let path = "sys/storage/raft/autopilot/state";
        let (status, body) = self.as_one().api("GET", path, Value::Null).await;
        let state = &body["data"];
        let voters = state["voters"].as_array().map_or(0, Vec::len);
        status == 200
            && state["healthy"] == true
            && state["failure_tolerance"] == 1
            && voters == NODES
    }

    fn signal(&self, node: usize, signal: Signal) {
        let id = i32::try_from(self.nodes[node].process_id()).expect("small");
        let pid = Pid::from_raw(id).expect("a process");
        kill_process(pid, signal).expect("it runs");
    }
}

/// A new node may vote after ten seconds otherwise.
async fn voters_quickly(node: &RealVault) {
    let path = "sys/storage/raft/autopilot/configuration";
    let wish = json!({ "server_stabilization_time": "1s" });
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while node.api("POST", path, wish.clone()).await.0 >= 300 {
        assert!(tokio::time::Instant::now() < deadline, "no autopilot");
        tokio::time::sleep(PAUSE).await;
    }
}
