//! Our own Vault token, against the embedded Vault and a clock that leaps.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::demo::vault::{EmbeddedVault, Options, Policy, Role, Rule, Trouble};
use scim_rotator::ports::Clock;
use scim_rotator::vault::{Session, VaultError, VaultErrorKind};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::bench::{approle_login, config, file, session_at, token_login};

/// A clock on which sleeping takes no time.
struct LeapingClock(Mutex<Timestamp>);

impl LeapingClock {
    fn leap(&self, by: SignedDuration) {
        let mut now = self.0.lock();
        *now = now.saturating_add(by).expect("a time");
    }
}

#[async_trait]
impl Clock for LeapingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.leap(duration);
        tokio::task::yield_now().await;
    }
}

/// A Vault with one role whose tokens live 60 s, at most 150 s.
struct World {
    vault: EmbeddedVault,
    clock: Arc<LeapingClock>,
    session: Arc<Session>,
    secret_id: NamedTempFile,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(LeapingClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let mut options = Options::new(clock.clone());
        options.policies = vec![Policy::new("p", vec![Rule::new("kv/data/*", &["read"])])];
        options.roles = vec![Role {
            role_id: "role".to_owned(),
            secret_id: "secret".to_owned(),
            policies: vec!["default".to_owned(), "p".to_owned()],
            ttl: SignedDuration::from_secs(60),
            max_ttl: Some(SignedDuration::from_secs(150)),
        }];
        let vault = EmbeddedVault::start(options).await.expect("starts");
        let secret_id = file("secret");
        let config = config(vault.url(), &approle_login("role", &secret_id), "");
        Self {
            session: session_at(&config, clock.clone()),
            vault,
            clock,
            secret_id,
        }
    }

    fn count(&self, request: &str) -> usize {
        let all = self.vault.requests();
        all.iter().filter(|r| r.as_str() == request).count()
    }

    fn revoked(&self) -> usize {
        self.count("POST auth/token/revoke-self")
    }

    fn logins(&self) -> usize {
        self.count("POST auth/approle/login")
    }

    /// Runs the session's own task until the condition holds.
    async fn run_until(&self, done: impl Fn(&Self) -> bool) {
        let cancel = CancellationToken::new();
        let watch = async {
            while !done(self) {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        };
        let both = async { tokio::join!(self.session.run(cancel.clone()), watch) };
        tokio::time::timeout(Duration::from_secs(30), both)
            .await
            .expect("comes to its end");
    }
}

#[tokio::test]
async fn the_token_is_renewed_until_its_life_ends_and_then_replaced() {
    let world = World::new().await;
    world.session.login().await.expect("logs in");
    world.run_until(|w| w.logins() == 3).await;
    let renewals = world.count("POST auth/token/renew-self");
    // Three full lives of 60 s fit into 150 s; the last grant is a short one.
    assert!((4..=10).contains(&renewals), "{renewals}");
    let state = world.session.state();
    assert!(state.up && state.logged_in && !state.sealed);
    assert_eq!(state.failures, 0);
    assert!(world.revoked() >= 1, "the old ones go");
    let expires = state.expires_at.expect("expires");
    assert!(expires > world.clock.now());
}

#[tokio::test]
async fn a_revoked_token_leads_to_one_new_login() {
    let world = World::new().await;
    world.session.login().await.expect("logs in");
    world.vault.revoke_tokens();
    world.session.ping().await.expect("the new token works");
    assert_eq!(world.logins(), 2);
    assert_eq!(world.revoked(), 0, "the old one is dead");
}

#[tokio::test]
async fn many_callers_share_one_login() {
    let world = World::new().await;
    for expected in [1, 2] {
        let all = (0..50).map(|_| world.session.ping());
        for result in futures_util::future::join_all(all).await {
            result.expect("answers");
        }
        assert_eq!(world.logins(), expected);
        world.vault.revoke_tokens();
    }
}

#[tokio::test]
async fn a_missing_right_leads_to_one_new_login_and_then_to_the_error() {
    let world = World::new().await;
    let store = scim_rotator::vault::VaultStore::new(
        world.session.clone(),
        scim_rotator::vault::KvPath::parse("other/state").expect("a path"),
        std::collections::BTreeMap::new(),
    );
    use scim_rotator::ports::{Store, StoreError};
    for attempt in 0..3 {
        let Err(StoreError::Fault(fault)) = store.load("crm").await else {
            panic!("there is no right to read it");
        };
        assert!(fault.message.contains("permission denied"), "{fault}");
        assert_eq!(world.logins(), 2, "attempt {attempt}");
        assert_eq!(world.revoked(), 1, "attempt {attempt}: the first one goes");
    }
}

#[tokio::test]
async fn a_sealed_vault_is_told_apart_and_comes_back_by_itself() {
    let world = World::new().await;
    world.session.login().await.expect("logs in");
    world.vault.seal(true);
    assert_eq!(kind(world.session.ping().await), VaultErrorKind::Sealed);
    let state = world.session.state();
    assert!(state.sealed && !state.up && state.logged_in);
    world.vault.seal(false);
    world.session.ping().await.expect("answers");
    assert!(!world.session.state().sealed);
    assert_eq!(world.logins(), 1);
}

#[tokio::test]
async fn the_old_token_stays_until_a_new_one_works() {
    let world = World::new().await;
    world.session.login().await.expect("logs in");
    let refused = Trouble::InternalError;
    world.vault.fail(refused, "auth/token/renew-self", 1);
    world.run_until(|w| w.session.state().failures > 0).await;
    world.session.ping().await.expect("the old token works");
    assert_eq!(world.logins(), 1);
    world.run_until(|w| w.session.state().renewals > 0).await;
}

#[tokio::test]
async fn a_life_that_ended_while_nobody_looked_is_noticed() {
    let world = World::new().await;
    world.session.login().await.expect("logs in");
    world.clock.leap(SignedDuration::from_hours(5));
    world.session.ping().await.expect("a new login");
    assert_eq!(
        (world.logins(), world.count("GET auth/token/lookup-self")),
        (2, 1)
    );
}

#[tokio::test]
async fn a_clean_stop_revokes_what_was_made_for_us() {
    let world = World::new().await;
    world.session.ping().await.expect("answers");
    world.session.close().await;
    assert_eq!(world.revoked(), 1);
    let after = kind(world.session.ping().await);
    assert!(matches!(after, VaultErrorKind::Credential(_)), "{after:?}");

    let root = file(world.vault.root_token().expose());
    let config = config(world.vault.url(), &token_login(&root), "");
    let session = session_at(&config, world.clock.clone());
    session.ping().await.expect("answers");
    assert_eq!(session.state().expires_at, None);
    session.close().await;
    assert_eq!(world.revoked(), 1, "not ours");
}

#[tokio::test]
async fn a_secret_id_file_says_what_is_wrong_with_it() {
    let world = World::new().await;
    for (content, part) in [
        ("canary\0", "NUL"),
        ("", "is empty"),
        ("canary\n", "secret-id is wrong"),
    ] {
        std::fs::write(world.secret_id.path(), content).expect("written");
        let text = world.session.login().await.expect_err(part).to_string();
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(world.logins(), 1, "only what can be a secret-id was sent");
    std::fs::write(world.secret_id.path(), "secret\n").expect("written");
    world
        .session
        .login()
        .await
        .expect("read again at each login");
}

#[tokio::test]
async fn another_node_of_the_cluster_takes_over() {
    let world = World::new().await;
    let nobody = "http://127.0.0.1:9";
    let both = format!("[\"{nobody}\", \"{}\"]", world.vault.url());
    let text = format!(
        "address = {both}\nstate_path = \"kv/s\"\n{}",
        approle_login("role", &world.secret_id)
    );
    let config = toml::from_str(&text).expect("parses");
    let session = session_at(&config, world.clock.clone());
    session.ping().await.expect("the second node answers");
}

#[tokio::test]
async fn a_vault_that_is_away_is_told_as_such() {
    let nobody = Url::parse("http://127.0.0.1:9").expect("a URL");
    let secret_id = file("secret");
    let config = config(&nobody, &approle_login("role", &secret_id), "");
    let clock = Arc::new(LeapingClock(Mutex::new(Timestamp::UNIX_EPOCH)));
    let session = session_at(&config, clock);
    let text = session
        .login()
        .await
        .expect_err("nobody listens")
        .to_string();
    assert!(text.contains("127.0.0.1:9"), "{text}");
    assert!(!session.state().up);
}

fn kind(result: Result<(), VaultError>) -> VaultErrorKind {
    result.expect_err("an error").kind
}
