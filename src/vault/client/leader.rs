//! Which node leads, and whether one that keeps us waiting is alive.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use url::Url;

use super::VaultClient;
use super::wire::endpoint_url;
use crate::http::Request;
use crate::vault::nodes::{self, Health};

/// A node that did not answer for so long is asked whether it is alive.
const SILENCE: SignedDuration = SignedDuration::from_secs(2);
/// How long a node may take to say how it is.
const HEALTH_PATIENCE: SignedDuration = SignedDuration::from_secs(2);
impl VaultClient {
    /// Returns once this node has been silent for a while and another one
    /// serves: whoever waits for its answer waits in vain.
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

    /// Finds out which node leads, if that is not known.
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

    /// Asks every node how it is. Ends as soon as one leads; the others count
    /// as silent then.
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
            // Otherwise a standby answers 429, which counts as throttling.
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

    /// Says, once, where a node sent us, and what comes of it.
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
