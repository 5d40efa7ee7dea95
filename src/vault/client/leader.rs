//! Determines the leader of a cluster, and whether a slow node is alive.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use url::Url;

use super::VaultClient;
use super::wire::endpoint_url;
use crate::http::Request;
use crate::vault::nodes::{self, Health};

/// A node that does not answer for this long is asked for its state.
const SILENCE: SignedDuration = SignedDuration::from_secs(2);
/// How long a node may take to report its state.
const HEALTH_PATIENCE: SignedDuration = SignedDuration::from_secs(2);
impl VaultClient {
    /// Returns once this node has been silent for a while and another one
    /// serves, so that waiting for its answer is useless.
    pub(super) async fn another_serves(&self, node: usize) {
        loop {
            self.http.clock().sleep(SILENCE).await;
            let health = self.ask_all().await;
            let serves = |health: &Health| matches!(health, Health::Active | Health::Standby);
            if health.get(node) == Some(&Health::Silent) && health.iter().any(serves) {
                return;
            }
        }
    }

    /// Determines the leader, if it is unknown.
    pub(super) async fn look_for_leader(&self) {
        if !self.nodes.want_asking(self.now()) {
            return;
        }
        let _gate = self.nodes.gate.lock().await;
        if !self.nodes.want_asking(self.now()) {
            return;
        }
        let health = self.ask_all().await;
        if let Some(address) = self.nodes.learned(&health, self.now()) {
            tracing::info!(%address, "this Vault node is asked first from now on");
        }
    }

    /// Asks every node for its state, until one says that it is the leader; the
    /// others then count as silent.
    async fn ask_all(&self) -> Vec<Health> {
        let nodes = self.nodes.count();
        let mut health = vec![Health::Silent; nodes];
        let mut asked: FuturesUnordered<_> = (0..nodes).map(|node| self.ask(node)).collect();
        while let Some((node, found)) = asked.next().await {
            health[node] = found;
            if found == Health::Active {
                break;
            }
        }
        health
    }

    async fn ask(&self, node: usize) -> (usize, Health) {
        let url = self.nodes.address(node).and_then(|base| {
            // Without this, a standby answers 429, which would count as a rate
            // limit.
            let query = "standbyok=true&perfstandbyok=true".to_owned();
            endpoint_url(base, "sys/health", Some(query))
        });
        let Some(url) = url else {
            return (node, Health::Useless);
        };
        let request = Request::new(http::Method::GET, url, "health");
        let found = tokio::select! {
            answer = self.http.send(request) => match answer {
                Ok(answer) => nodes::health(answer.status, &answer.body),
                Err(_unreachable) => Health::Silent,
            },
            () = self.http.clock().sleep(HEALTH_PATIENCE) => Health::Silent,
        };
        (node, found)
    }

    /// Logs once where a node redirected us, and what that means.
    pub(super) fn tell_of_redirect(&self, node: usize, to: &Url) {
        let there = to.origin().ascii_serialization();
        let Some(here) = self.nodes.address(node) else {
            return;
        };
        if !self.nodes.is_news(&there) {
            return;
        }
        if self.nodes.known(to).is_some() {
            tracing::info!(node = %here, to = there, "a Vault node does not pass requests on: the one that it points to is asked");
        } else {
            tracing::warn!(
                node = %here,
                to = there,
                "a Vault node points to a place that `vault.address` does not list: our token is not sent there; list every node by the address that it gives of itself (`api_addr`)"
            );
        }
    }
}
