//! Which node of a cluster is asked first, and when the leader has to be
//! determined again. Only keeps track; the client sends the requests.

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use serde::Deserialize;
use url::Url;

/// Time after which the leader is determined again. It may change without a
/// failure: a former leader goes on serving by forwarding requests.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// The same, while the leader is not reachable and another node forwards our
/// requests.
const LOOK_AGAIN_SOON: SignedDuration = SignedDuration::from_secs(30);

/// The state that a node reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It is the leader: its answers are the latest.
    Active,
    /// It forwards requests to the leader, or answers reads by itself.
    Standby,
    /// It is sealed, has no leader, or cannot serve for another reason.
    Useless,
    /// It does not answer.
    Silent,
}

/// The nodes, and which one is asked first.
pub(super) struct Nodes {
    addresses: Vec<Url>,
    inner: Mutex<Inner>,
    /// Lets only one task determine the leader.
    pub(super) gate: tokio::sync::Mutex<()>,
}

struct Inner {
    preferred: usize,
    /// When all nodes were last asked, and how long that is valid; `None` if no
    /// node serves, or after a failure.
    asked: Option<(Timestamp, SignedDuration)>,
    /// Where the last node that did not serve redirected us, until one serves.
    pointed_to: Option<String>,
}

impl Nodes {
    pub(super) fn new(addresses: Vec<Url>) -> Self {
        Self {
            addresses,
            inner: Mutex::new(Inner {
                preferred: 0,
                asked: None,
                pointed_to: None,
            }),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn address(&self, node: usize) -> Option<&Url> {
        self.addresses.get(node)
    }

    pub(super) fn count(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there is more than one node.
    pub(super) fn are_several(&self) -> bool {
        self.addresses.len() > 1
    }

    pub(super) fn preferred(&self) -> usize {
        self.inner().preferred
    }

    /// Whether all nodes should be asked for their state before the next
    /// request.
    pub(super) fn want_asking(&self, now: Timestamp) -> bool {
        let asked = self.inner().asked;
        let recent = asked.is_some_and(|(at, counts)| now.duration_since(at).abs() < counts);
        self.are_several() && !recent
    }

    /// After a failure or an outdated answer: the leader is unknown.
    pub(super) fn doubt(&self) {
        self.inner().asked = None;
    }

    /// This node answered a request.
    pub(super) fn serves(&self, node: usize) {
        let mut inner = self.inner();
        inner.preferred = node;
        inner.pointed_to = None;
    }

    /// Whether a node redirects to another address than the last one did.
    pub(super) fn is_news(&self, pointed_to: &str) -> bool {
        let mut inner = self.inner();
        let news = inner.pointed_to.as_deref() != Some(pointed_to);
        inner.pointed_to = Some(pointed_to.to_owned());
        news
    }

    /// All nodes were asked. Returns the node that is asked first from now on,
    /// if it has changed.
    pub(super) fn learned(&self, health: &[Health], now: Timestamp) -> Option<&Url> {
        let with = |wanted| health.iter().position(|found| *found == wanted);
        let active = with(Health::Active);
        let standby = with(Health::Standby);
        let best = active.or(standby);
        let counts = active.map(|_| LOOK_AGAIN);
        let counts = counts.or(standby.map(|_| LOOK_AGAIN_SOON));
        let mut inner = self.inner();
        inner.asked = counts.map(|counts| (now, counts));
        let best = best.filter(|best| *best != inner.preferred)?;
        inner.preferred = best;
        self.addresses.get(best)
    }

    /// The configured node that a redirect names. No request is sent to other
    /// addresses.
    pub(super) fn known(&self, location: &Url) -> Option<usize> {
        let origin = |url: &Url| url.origin().ascii_serialization();
        let there = origin(location);
        self.addresses.iter().position(|url| origin(url) == there)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

/// The part of `sys/health` that Vault and `OpenBao` have in common.
#[derive(Deserialize)]
struct HealthBody {
    #[serde(default)]
    sealed: bool,
    #[serde(default)]
    standby: bool,
}

/// Interprets an answer to `sys/health?standbyok=true`.
pub(super) fn health(status: u16, body: &[u8]) -> Health {
    let body: Option<HealthBody> = serde_json::from_slice(body).ok();
    match (status, body) {
        (200, Some(body)) if body.sealed => Health::Useless,
        (200, Some(body)) if body.standby => Health::Standby,
        (200, Some(_)) => Health::Active,
        (429 | 473, _) => Health::Standby,
        _ => Health::Useless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Health::{Active, Silent, Standby, Useless};

    fn three() -> Nodes {
        let url = |n| Url::parse(&format!("https://v{n}:8200")).expect("a URL");
        Nodes::new((0..3).map(url).collect())
    }

    #[test]
    fn the_leader_is_asked_first_and_a_standby_only_without_one() {
        let now = Timestamp::UNIX_EPOCH;
        let cases = [
            ([Standby, Standby, Active], 2, Some(LOOK_AGAIN)),
            ([Silent, Active, Standby], 1, Some(LOOK_AGAIN)),
            ([Silent, Standby, Useless], 1, Some(LOOK_AGAIN_SOON)),
            ([Useless, Silent, Silent], 0, None),
        ];
        for (health, first, counts) in cases {
            let nodes = three();
            assert!(nodes.want_asking(now), "nobody was asked yet");
            let told = nodes.learned(&health, now).cloned();
            assert_eq!(nodes.preferred(), first, "{health:?}");
            assert_eq!(told.is_some(), first != 0, "a change is told");
            assert_eq!(nodes.want_asking(now), counts.is_none(), "{health:?}");
            let later = now + counts.unwrap_or_default();
            assert!(nodes.want_asking(later), "{health:?}");
        }
    }

    #[test]
    fn who_leads_is_asked_after_a_failure_and_after_a_while() {
        let nodes = three();
        let now = Timestamp::UNIX_EPOCH;
        nodes.learned(&[Active, Standby, Standby], now);
        assert!(!nodes.want_asking(now + LOOK_AGAIN / 2));
        assert!(nodes.want_asking(now + LOOK_AGAIN));
        nodes.doubt();
        assert!(nodes.want_asking(now));
        let alone = Nodes::new(vec![Url::parse("https://v").expect("a URL")]);
        assert!(!alone.want_asking(now), "there is no choice");
    }

    #[test]
    fn a_redirect_leads_to_configured_nodes_only() {
        let nodes = three();
        let known = |text: &str| nodes.known(&Url::parse(text).expect("a URL"));
        assert_eq!(known("https://v1:8200/v1/kv/data/x"), Some(1));
        for elsewhere in ["http://v1:8200/", "https://v1:8201/", "https://v1.evil/"] {
            assert_eq!(known(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn health_is_read_from_status_and_body() {
        let cases = [
            (200, r#"{"standby":false,"sealed":false}"#, Active),
            (200, r#"{"standby":true,"sealed":false}"#, Standby),
            (
                200,
                r#"{"standby":true,"performance_standby":true}"#,
                Standby,
            ),
            (200, r#"{"sealed":true}"#, Useless),
            (200, "<html>", Useless),
            (429, "", Standby),
            (473, "", Standby),
            (472, "", Useless),
            (474, "", Useless),
            (501, "", Useless),
            (503, r#"{"sealed":true,"standby":true}"#, Useless),
            (530, "", Useless),
        ];
        for (status, body, expected) in cases {
            assert_eq!(health(status, body.as_bytes()), expected, "{status} {body}");
        }
    }
}
