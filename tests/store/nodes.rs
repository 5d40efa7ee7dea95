//! Several addresses: which node is asked, and what happens when it cannot
//! serve. Behind both addresses stands the same Vault, so that what is made up
//! here is only what a node says of itself.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::ports::{Store, StoreError};
use scim_rotator::vault::{KvPath, Session, VaultStore};
use url::Url;

use super::bench::{Bench, BriskClock, file, record, session_at, token_login, v};
use super::support::meddler::{Meddle, Meddler};

const HEALTH: &str = "GET /v1/sys/health";
const READ: &str = "GET /v1/";

pub async fn all(bench: &Bench) {
    the_leader_is_asked_first(bench).await;
    a_node_that_is_away_is_left_out(bench).await;
    a_node_that_cannot_serve_is_left_out(bench).await;
    a_redirect_leads_to_a_configured_node_and_nowhere_else(bench).await;
    an_election_is_waited_out(bench).await;
    a_rate_limit_is_not_taken_to_another_node(bench).await;
}

struct Two {
    first: Meddler,
    second: Meddler,
    session: Arc<Session>,
    path: KvPath,
    _login: tempfile::NamedTempFile,
}

impl Two {
    async fn before(bench: &Bench) -> Self {
        let first = Meddler::start(&bench.meddler.url).await;
        let second = Meddler::start(&bench.meddler.url).await;
        let addresses = [first.url.clone(), second.url.clone()];
        Self::at(bench, first, second, &addresses).await
    }

    async fn at(bench: &Bench, first: Meddler, second: Meddler, addresses: &[Url]) -> Self {
        let login = file(bench.token());
        let config = format!(
            "address = {:?}\nstate_path = \"kv/state\"\nrequest_timeout = \"4s\"\n{}\n",
            addresses.iter().map(Url::as_str).collect::<Vec<_>>(),
            token_login(&login),
        );
        let config = toml::from_str(&config).expect(&config);
        let session = session_at(&config, Arc::new(BriskClock));
        session.login().await.expect("the token is accepted");
        first.seen();
        second.seen();
        Self {
            first,
            second,
            session,
            path: KvPath::parse(&format!("{}/state/nodes", bench.mount)).expect("a path"),
            _login: login,
        }
    }

    fn store(&self) -> VaultStore {
        let session = Arc::clone(&self.session);
        VaultStore::new(
            session,
            self.path.clone(),
            std::collections::BTreeMap::new(),
        )
    }

    /// How many requests came to each, without questions after their health.
    fn asked(&self) -> [usize; 2] {
        [&self.first, &self.second].map(|node| {
            let seen = node.seen();
            seen.iter().filter(|line| *line != HEALTH).count()
        })
    }
}

async fn the_leader_is_asked_first(bench: &Bench) {
    // Where much else runs, even the leader may be too slow to say that it leads.
    for _ in 0..10 {
        let first = Meddler::start(&bench.meddler.url).await;
        let second = Meddler::start(&bench.meddler.url).await;
        first.next(HEALTH, answer(200, r#"{"standby":true,"sealed":false}"#));
        let addresses = [first.url.clone(), second.url.clone()];
        let two = Two::at(bench, first, second, &addresses).await;
        for _ in 0..3 {
            two.store().load("crm").await.expect("reads");
        }
        if two.asked() == [0, 3] {
            return;
        }
    }
    panic!("a standby is asked first");
}

async fn a_node_that_is_away_is_left_out(bench: &Bench) {
    let first = Meddler::start(&bench.meddler.url).await;
    let second = Meddler::start(&bench.meddler.url).await;
    let nobody = Url::parse("http://127.0.0.1:9").expect("a URL");
    let addresses = [nobody, second.url.clone()];
    let two = Two::at(bench, first, second, &addresses).await;
    two.store().load("crm").await.expect("reads");
    assert_eq!(two.asked(), [0, 1]);
}

async fn a_node_that_cannot_serve_is_left_out(bench: &Bench) {
    let cases = [
        (472, ""),
        (473, ""),
        (474, ""),
        (530, ""),
        (501, ""),
        (503, r#"{"errors":["Vault is sealed"]}"#),
        (
            500,
            r#"{"errors":["local node not active but active cluster node not found"]}"#,
        ),
    ];
    for (status, body) in cases {
        let two = Two::before(bench).await;
        let store = two.store();
        let [preferred, other] = two.in_order(&store).await;
        preferred.next(READ, answer(status, body));
        preferred.next(HEALTH, answer(503, ""));
        assert_eq!(store.load("none").await, Ok(None), "{status}");
        assert_eq!(
            other.seen(),
            [format!("GET {}", two.url_path("none"))],
            "{status}"
        );
        // From now on the other one is asked at once.
        preferred.seen();
        assert_eq!(store.load("none").await, Ok(None), "{status}");
        let asked = preferred.seen();
        assert!(
            asked.iter().all(|line| line == HEALTH),
            "{status}: {asked:?}"
        );
    }
}

async fn a_redirect_leads_to_a_configured_node_and_nowhere_else(bench: &Bench) {
    let two = Two::before(bench).await;
    let store = two.store();
    let [preferred, other] = two.in_order(&store).await;
    preferred.next(READ, redirect(&other.url));
    assert_eq!(store.load("none").await, Ok(None));
    assert_eq!(other.seen(), [format!("GET {}", two.url_path("none"))]);

    let trap = Meddler::start(&bench.meddler.url).await;
    // Whichever is asked first now, and however often: both point elsewhere.
    for node in [&two.first, &two.second] {
        for _ in 0..100 {
            node.next(READ, redirect(&trap.url));
        }
    }
    let error = store.load("none").await.expect_err("nobody serves");
    let StoreError::Fault(fault) = error else {
        panic!("a fault: {error}");
    };
    assert!(
        fault
            .message
            .contains(trap.url.as_str().trim_end_matches('/')),
        "{fault}"
    );
    assert!(
        fault.message.contains("`vault.address` lists every node"),
        "{fault}"
    );
    assert_eq!(trap.seen(), [""; 0], "our token would have gone there");
}

async fn an_election_is_waited_out(bench: &Bench) {
    let two = Two::before(bench).await;
    let store = two.store();
    let nobody_leads = r#"{"errors":["local node not active but active cluster node not found"]}"#;
    for node in [&two.first, &two.second] {
        for _ in 0..3 {
            node.next(READ, answer(500, nobody_leads));
            node.next("POST", answer(500, nobody_leads));
        }
    }
    assert_eq!(store.commit(&record("w1"), v(0)).await, Ok(v(1)));
    let read = store.load("crm").await.expect("reads").expect("is there");
    assert_eq!(read.version, v(1));
}

async fn a_rate_limit_is_not_taken_to_another_node(bench: &Bench) {
    let two = Two::before(bench).await;
    let store = two.store();
    for node in [&two.first, &two.second] {
        let limited = Meddle::Answer {
            status: 429,
            header: Some(("retry-after", "7".to_owned())),
            body: "",
        };
        node.next(READ, limited);
    }
    two.asked();
    let error = store.load("none").await.expect_err("limited");
    let StoreError::Fault(fault) = error else {
        panic!("a fault: {error}");
    };
    assert_eq!(fault.retry_after, Some(SignedDuration::from_secs(7)));
    assert_eq!(two.asked().iter().sum::<usize>(), 1);
}

impl Two {
    /// The one that is asked first, and the other.
    async fn in_order(&self, store: &VaultStore) -> [&Meddler; 2] {
        self.asked();
        store.load("none").await.expect("reads");
        match self.asked() {
            [0, 1] => [&self.second, &self.first],
            [1, 0] => [&self.first, &self.second],
            other => panic!("one is asked: {other:?}"),
        }
    }

    fn url_path(&self, token: &str) -> String {
        format!("/v1/{}/{token}", self.path.data())
    }
}

fn answer(status: u16, body: &'static str) -> Meddle {
    Meddle::Answer {
        status,
        header: None,
        body,
    }
}

fn redirect(to: &Url) -> Meddle {
    let there = to.join("/v1/elsewhere").expect("a URL").to_string();
    Meddle::Answer {
        status: 307,
        header: Some(("location", there)),
        body: "",
    }
}
