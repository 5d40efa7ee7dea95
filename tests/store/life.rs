//! The life of our own token, on a real Vault: renewed while that helps, then
//! replaced; the old one serves until the new one works.

use std::sync::Arc;
use std::time::Duration;

use scim_rotator::vault::{Session, SessionState, VaultErrorKind};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::bench::{approle_login, config, file, session, token_login};
use super::support::vault::RealVault;

/// Longest wait for something that takes seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// A daemon with a role of its own.
struct Daemon {
    session: Arc<Session>,
    secret_id: NamedTempFile,
    role: &'static str,
}

impl Daemon {
    async fn new(vault: &RealVault, role: &'static str, settings: Value) -> Self {
        let (role_id, secret_id) = vault.approle(role, settings).await;
        let secret_id = file(&secret_id);
        let login = approle_login(&role_id, &secret_id);
        let session = session(&config(vault.url(), &login, ""));
        session.login().await.expect("logs in");
        Self {
            session,
            secret_id,
            role,
        }
    }

    /// Runs the session's own task until its state is so. The token must work
    /// all the time.
    async fn until(&self, what: &str, wanted: impl Fn(&SessionState) -> bool) -> SessionState {
        let cancel = CancellationToken::new();
        let watch = async {
            while !wanted(&self.session.state()) {
                self.session
                    .ping()
                    .await
                    .expect("there is always a token that works");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            cancel.cancel();
        };
        let both = async { tokio::join!(self.session.run(cancel.clone()), watch) };
        let ended = tokio::time::timeout(PATIENCE, both).await;
        let state = self.session.state();
        assert!(ended.is_ok(), "{}: {what}: {state:?}", self.role);
        state
    }

    async fn destroy_secret_id(&self, vault: &RealVault) {
        let secret_id = std::fs::read_to_string(self.secret_id.path()).expect("read");
        let path = format!("auth/approle/role/{}/secret-id/destroy", self.role);
        vault
            .must("POST", &path, json!({ "secret_id": secret_id }))
            .await;
    }

    async fn new_secret_id(&self, vault: &RealVault) {
        let path = format!("auth/approle/role/{}/secret-id", self.role);
        let answer = vault.must("POST", &path, json!({})).await;
        let secret_id = answer["data"]["secret_id"].as_str().expect("a secret-id");
        std::fs::write(self.secret_id.path(), secret_id).expect("written");
    }
}

#[tokio::test]
async fn every_kind_of_token_is_kept_alive_as_it_can_be() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let vault = &vault;
    // Mounts the method, once for all of them.
    vault.approle("first", json!({})).await;
    // Renewed without end: past its first life twice over, by one login.
    let periodic = async {
        let settings = json!({"token_period": "2s"});
        let daemon = Daemon::new(vault, "periodic", settings).await;
        let state = daemon.until("renewals", |state| state.renewals >= 4).await;
        assert_eq!((state.logins, state.failures), (1, 0));
    };
    // Renewed until its life no longer grows, then replaced.
    let bounded = async {
        let settings = json!({"token_ttl": "3s", "token_max_ttl": "6s"});
        let daemon = Daemon::new(vault, "bounded", settings).await;
        let state = daemon
            .until("another login", |state| state.logins == 2)
            .await;
        assert!(state.renewals >= 1, "{state:?}");
        assert_eq!(state.failures, 0);
    };
    // An end that even a periodic token has.
    let explicit = async {
        let settings = json!({"token_period": "3s", "token_explicit_max_ttl": "6s"});
        let daemon = Daemon::new(vault, "explicit", settings).await;
        let state = daemon
            .until("another login", |state| state.logins == 2)
            .await;
        assert!(state.renewals >= 1, "{state:?}");
        assert_eq!(state.failures, 0);
    };
    // Cannot be renewed, nor revoked.
    let batch = async {
        let settings = json!({"token_type": "batch", "token_ttl": "3s"});
        let daemon = Daemon::new(vault, "batch", settings).await;
        let state = daemon
            .until("another login", |state| state.logins == 2)
            .await;
        assert_eq!((state.renewals, state.failures), (0, 0));
        daemon.session.close().await;
    };
    tokio::join!(periodic, bounded, explicit, batch);
}

#[tokio::test]
async fn the_old_token_serves_while_no_new_one_can_be_had() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let settings = json!({"token_ttl": "4s", "token_max_ttl": "30s"});
    let daemon = Daemon::new(&vault, "refused", settings).await;
    // The end of its life is near, and no login succeeds.
    daemon.destroy_secret_id(&vault).await;
    let path = format!("auth/approle/role/{}", daemon.role);
    vault
        .must(
            "POST",
            &path,
            json!({"token_ttl": "4s", "token_max_ttl": "10s"}),
        )
        .await;
    let state = daemon
        .until("a login fails", |state| state.failures > 0)
        .await;
    assert!(state.logged_in && state.up, "{state:?}");
    assert_eq!(state.logins, 1);
    daemon.session.ping().await.expect("the old token works");
    daemon.new_secret_id(&vault).await;
    let state = daemon
        .until("a login succeeds", |state| state.logins == 2)
        .await;
    assert!(state.logged_in, "{state:?}");
}

#[tokio::test]
async fn a_token_by_hand_ends_visibly_and_the_next_one_is_taken_up() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let made = async |ttl: &str| {
        let wish = json!({"explicit_max_ttl": ttl, "ttl": ttl, "policies": ["default"]});
        let answer = vault.must("POST", "auth/token/create", wish).await;
        let token = answer["auth"]["client_token"].as_str();
        token.expect("a token").to_owned()
    };
    let place = file(&made("5s").await);
    let session = session(&config(vault.url(), &token_login(&place), ""));
    session.login().await.expect("accepted");
    let end = session.state().expires_at.expect("it ends");
    let cancel = CancellationToken::new();
    let watch = async {
        while session.ping().await.is_ok() {
            let shown = session.state().expires_at.expect("it ends");
            // Rounded to seconds by Vault; renewals do not move it.
            let moved = shown.duration_since(end).abs();
            assert!(moved.as_secs() <= 2, "{shown}, at first {end}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let error = session.ping().await.expect_err("it ended");
        let refused = matches!(error.kind, VaultErrorKind::LoginRefused { .. });
        assert!(refused, "{error}");
        assert!(session.state().failures > 0);
        std::fs::write(place.path(), made("1h").await).expect("written");
        session.ping().await.expect("the next one");
        cancel.cancel();
    };
    let both = async { tokio::join!(session.run(cancel.clone()), watch) };
    tokio::time::timeout(PATIENCE, both)
        .await
        .expect("comes to its end");
}
