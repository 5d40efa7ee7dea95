//! JWTs of a platform whose keys Vault fetches, and tokens of a cluster's
//! service accounts. The mount `kubernetes` is served by Vault's `jwt` here,
//! which takes the same request; `kubernetes.rs` has the plug-in and a cluster.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::SignedDuration;
use parking_lot::Mutex;
use serde_json::{Value, json};

use scim_rotator::vault::VaultErrorKind;

use super::super::bench::{config, file, session};
use super::super::support::jwt::JwtMaker;
use super::{Login, ROLE, RealVault, Words, enable};

const WORKLOAD: &str = "system:serviceaccount:identity:scim-rotator";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

pub(super) struct Jwt<'a> {
    vault: &'a RealVault,
    mount: &'static str,
    maker: Mutex<JwtMaker>,
    /// What the platform serves at `jwks_url`.
    key_set: Option<(Arc<Mutex<Value>>, String)>,
}

impl<'a> Jwt<'a> {
    /// Vault finds the keys at a URL of the platform.
    pub(super) async fn of_a_platform(vault: &'a RealVault) -> Self {
        Self::new(vault, "jwt", Some(serve_key_set().await)).await
    }

    /// Vault was given the key.
    pub(super) async fn of_a_cluster(vault: &'a RealVault) -> Self {
        Self::new(vault, "kubernetes", None).await
    }

    async fn new(
        vault: &'a RealVault,
        mount: &'static str,
        key_set: Option<(Arc<Mutex<Value>>, String)>,
    ) -> Self {
        enable(vault, mount, "jwt").await;
        let this = Self {
            vault,
            mount,
            maker: Mutex::new(JwtMaker::new()),
            key_set,
        };
        this.trust().await;
        let role = json!({
            "role_type": "jwt", "bound_audiences": ["vault"], "bound_subject": WORKLOAD,
            "user_claim": "sub", "token_ttl": "1h",
        });
        let path = format!("auth/{mount}/role/{ROLE}");
        vault.must("POST", &path, role).await;
        this
    }

    /// Vault takes what the maker signs now, and nothing that was signed before.
    async fn trust(&self) {
        let (set, pem) = {
            let maker = self.maker.lock();
            (maker.key_set(), maker.public_pem())
        };
        let wish = match &self.key_set {
            None => json!({ "jwt_validation_pubkeys": [pem] }),
            Some((served, url)) => {
                *served.lock() = set;
                json!({ "jwks_url": url })
            }
        };
        let path = format!("auth/{}/config", self.mount);
        self.vault.must("POST", &path, wish).await;
    }

    fn signed(&self, subject: &str, life: SignedDuration) -> String {
        self.maker.lock().sign(subject, life)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server lives as long as its test"
)]
async fn serve_key_set() -> (Arc<Mutex<Value>>, String) {
    let set = Arc::new(Mutex::new(Value::Null));
    let serve = async |State(set): State<Arc<Mutex<Value>>>| {
        let now = set.lock().clone();
        Json(now)
    };
    let router = Router::new()
        .route("/keys", get(serve))
        .with_state(Arc::clone(&set));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (set, format!("http://{address}/keys"))
}

#[async_trait]
impl Login for Jwt<'_> {
    fn mount(&self) -> &str {
        self.mount
    }

    fn section(&self, place: &Path) -> String {
        let mount = self.mount;
        format!("auth.{mount}.role = \"{ROLE}\"\nauth.{mount}.jwt.file = {place:?}")
    }

    async fn good(&self) -> String {
        self.signed(WORKLOAD, HOUR)
    }

    async fn wrong(&self) -> String {
        JwtMaker::new().sign(WORKLOAD, HOUR)
    }

    async fn expired(&self) -> String {
        self.signed(WORKLOAD, -HOUR)
    }

    /// A JWT cannot be taken back; its key can.
    async fn revoke(&self, _credential: &str) {
        *self.maker.lock() = JwtMaker::new();
        self.trust().await;
    }

    fn words(&self) -> Words {
        Words {
            empty: "is empty",
            wrong: "was not accepted: `vault read auth/",
            expired: "expired at 20",
            revoked: "was not accepted: `vault read auth/",
        }
    }
}

#[tokio::test]
async fn a_wrong_role_and_a_wrong_mount_are_told() {
    let Some(vault) = RealVault::start_dev().await else {
        return;
    };
    let login = Jwt::of_a_platform(&vault).await;
    let jwt = file(&login.good().await);
    let good = login.section(jwt.path());
    let elsewhere = "\nauth.jwt.mount = \"elsewhere\"";
    for (login, part) in [
        (
            good.replace(ROLE, "no-such-role"),
            "auth/jwt/role/no-such-role",
        ),
        (good.clone() + elsewhere, "auth/elsewhere/config"),
    ] {
        let session = session(&config(vault.url(), &login, ""));
        let error = session.login().await.expect_err("refused");
        let text = error.to_string();
        let refused = matches!(error.kind, VaultErrorKind::LoginRefused { .. });
        assert!(refused && text.contains(part), "{text}");
    }
}
