//! Every login method through the same list: a credential that is right, wrong,
//! expired, revoked, missing, empty, with a line end after it, and one that is
//! replaced under the daemon.

mod approle;
mod cert;
mod jwt;
mod kubernetes;
mod token;
mod wrapped;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use scim_rotator::vault::{Session, VaultError, VaultErrorKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::bench::{config, session};
use super::support::certs::Authority;
use super::support::tls_vault::{Listener, TlsVault};
use super::support::vault::RealVault;

/// The role that stands for the daemon.
const ROLE: &str = "scim-rotator";

/// One login method, with what an operator does for it.
#[async_trait]
pub(super) trait Login: Sync {
    /// The mount below `auth/`.
    fn mount(&self) -> &str;

    /// Lines of `[vault]` for a credential in this file.
    fn section(&self, place: &Path) -> String;

    /// A new credential that is good.
    async fn good(&self) -> String;

    /// One of the right form that never was.
    async fn wrong(&self) -> String;

    /// One whose time is over.
    async fn expired(&self) -> String;

    /// Takes a good one back.
    async fn revoke(&self, credential: &str);

    /// Ends the tokens that logins gave.
    async fn end_our_tokens(&self, vault: &RealVault) {
        let path = format!("sys/leases/revoke-prefix/auth/{}", self.mount());
        vault.must("PUT", &path, Value::Null).await;
    }

    /// Whether the token is revoked when the daemon stops.
    fn owns_token(&self) -> bool {
        true
    }

    fn words(&self) -> Words;
}

/// What is said of bad credentials.
pub(super) struct Words {
    pub(super) empty: &'static str,
    pub(super) wrong: &'static str,
    pub(super) expired: &'static str,
    pub(super) revoked: &'static str,
}

/// Where a login is tried.
pub(super) struct Place {
    dir: TempDir,
    file: PathBuf,
    session: Arc<Session>,
}

impl Place {
    async fn new(login: &dyn Login, url: &Url, extra: &str) -> Self {
        let dir = TempDir::new().expect("a folder");
        let file = dir.path().join("credential");
        write(&file, &login.good().await);
        let session = session(&config(url, &login.section(&file), extra));
        Self { dir, file, session }
    }

    /// Replaces the file in one step, as Kubernetes and careful programs do.
    fn put(&self, credential: &str) {
        let new = self.dir.path().join("new");
        write(&new, credential);
        std::fs::rename(new, &self.file).expect("renamed");
    }

    fn logins(&self) -> u64 {
        self.session.state().logins
    }

    /// The login must fail and say this.
    async fn refused(&self, part: &str) -> VaultError {
        let credential = std::fs::read_to_string(&self.file).unwrap_or_default();
        let error = self.session.login().await.expect_err(part);
        let text = error.to_string();
        assert!(text.contains(part), "{text}\n(expected: {part})");
        let whole = credential.trim();
        assert!(whole.is_empty() || !text.contains(whole), "{text}");
        for secret in credential.split(|c: char| !c.is_ascii_alphanumeric()) {
            assert!(secret.len() < 16 || !text.contains(secret), "{text}");
        }
        error
    }
}

/// The list.
pub(super) async fn all(login: &dyn Login, vault: &RealVault, url: &Url, extra: &str) {
    let place = Place::new(login, url, extra).await;
    what_is_refused(login, &place).await;
    what_is_taken(login, vault, &place).await;
    what_is_left(login, vault, &place).await;
}

async fn what_is_refused(login: &dyn Login, place: &Place) {
    let words = login.words();
    std::fs::remove_file(&place.file).expect("removed");
    let error = place.refused("o such file").await;
    assert!(
        error
            .to_string()
            .contains(place.file.to_str().expect("a path"))
    );
    let part = words.empty;
    for content in ["", "\n"] {
        place.put(content);
        let error = place.refused(part).await;
        let told = matches!(error.kind, VaultErrorKind::Credential(_));
        assert!(told, "nothing was sent: {error}");
        assert!(
            error
                .to_string()
                .contains(place.file.to_str().expect("a path"))
        );
        // The same is said at the next attempt, which finds the file unchanged.
        place.refused(part).await;
    }
    let revoked = login.good().await;
    login.revoke(&revoked).await;
    for (credential, part) in [
        (login.wrong().await, words.wrong),
        (login.expired().await, words.expired),
        (revoked, words.revoked),
    ] {
        place.put(&credential);
        let error = place.refused(part).await;
        let refused = matches!(error.kind, VaultErrorKind::LoginRefused { .. });
        assert!(refused, "{error}");
        assert!(place.session.state().up, "Vault answered");
    }
    assert_eq!(place.logins(), 0);
}

async fn what_is_taken(login: &dyn Login, vault: &RealVault, place: &Place) {
    let with_line_end = login.good().await + "\n";
    place.put(&with_line_end);
    place.session.login().await.expect("logs in");
    assert_eq!(place.logins(), 1);
    assert!(place.session.state().expires_at.is_some());

    // Taken back and replaced under the daemon, and our token is gone.
    login.revoke(with_line_end.trim_end()).await;
    login.end_our_tokens(vault).await;
    let next = login.good().await;
    place.put(&next);
    place.session.ping().await.expect("reads the new one");
    assert_eq!(place.logins(), 2);

    // Taken back before there is another.
    login.revoke(&next).await;
    login.end_our_tokens(vault).await;
    let error = place.session.ping().await.expect_err("taken back");
    let refused = matches!(error.kind, VaultErrorKind::LoginRefused { .. });
    assert!(refused, "{error}");
    place.put(&login.good().await);
    place.session.ping().await.expect("goes on by itself");
    assert_eq!(place.logins(), 3);
}

async fn what_is_left(login: &dyn Login, vault: &RealVault, place: &Place) {
    let before = vault.lasting_tokens().await;
    place.session.close().await;
    assert!(!place.session.state().logged_in);
    let ours = usize::from(login.owns_token());
    assert_eq!(vault.lasting_tokens().await, before - ours);
    place.refused("the session was closed").await;
}

async fn enable(vault: &RealVault, mount: &str, kind: &str) {
    let path = format!("sys/auth/{mount}");
    vault.must("POST", &path, json!({ "type": kind })).await;
}

fn write(path: &Path, content: &str) {
    std::fs::write(path, content).expect("written");
}

#[tokio::test]
async fn every_login_goes_through_the_same_list() {
    let dir = TempDir::new().expect("a folder");
    let authority = Authority::new("The Tests");
    let here = "127.0.0.1";
    let listener = Listener {
        name: "tls",
        leaf: authority.server(here),
        more: json!({}),
    };
    let Some(tls) = TlsVault::start(dir.path(), &[listener]).await else {
        return;
    };
    let ca = dir.path().join("ca.pem");
    write(&ca, &authority.pem());
    let (vault, url, ca) = (&tls.vault, tls.url("tls"), format!("ca_file = {ca:?}"));
    all(&token::Tokens(vault), vault, url, &ca).await;
    all(&approle::Approle::new(vault).await, vault, url, &ca).await;
    all(&wrapped::Wrapped::new(vault).await, vault, url, &ca).await;
    all(&jwt::Jwt::of_a_platform(vault).await, vault, url, &ca).await;
    all(&jwt::Jwt::of_a_cluster(vault).await, vault, url, &ca).await;
    all(&cert::Cert::new(vault, authority).await, vault, url, &ca).await;
}
