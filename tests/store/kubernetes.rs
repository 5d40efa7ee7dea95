//! A pod's login when the mount has another path and the cluster is away, from a
//! stand-in. `logins/kubernetes.rs` has the real plug-in and a real cluster.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use jiff::SignedDuration;
use parking_lot::Mutex;
use scim_rotator::vault::{Session, VaultErrorKind};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use url::Url;

use super::bench::{config, file, session};
use super::support::jwt::JwtMaker;

/// Answers the logins, and keeps what they sent.
#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    requests: Vec<Value>,
    refuse: Option<(u16, &'static str)>,
}

impl StandIn {
    #[expect(
        clippy::disallowed_methods,
        reason = "the stand-in lives as long as its test"
    )]
    async fn start(&self) -> Url {
        let login = async |State(this): State<Self>, Json(body): Json<Value>| this.login(body);
        let router = Router::new()
            .route("/v1/auth/cluster/a/login", post(login))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Url::parse(&format!("http://{address}")).expect("a URL")
    }

    fn login(&self, body: Value) -> (StatusCode, Json<Value>) {
        let mut seen = self.0.lock();
        seen.requests.push(body);
        match seen.refuse {
            Some((status, text)) => (
                StatusCode::from_u16(status).expect("a status"),
                Json(json!({ "errors": [text] })),
            ),
            None => (
                StatusCode::OK,
                Json(json!({"auth": {
                    "client_token": format!("hvs.{}", seen.requests.len()),
                    "lease_duration": 3600, "renewable": true,
                    "metadata": {"role": "scim-rotator", "service_account_name": "scim-rotator"},
                }})),
            ),
        }
    }

    fn refuse(&self, answer: Option<(u16, &'static str)>) {
        self.0.lock().refuse = answer;
    }

    fn last(&self) -> Value {
        let seen = self.0.lock();
        seen.requests.last().cloned().expect("a request")
    }
}

fn daemon(url: &Url, jwt: &NamedTempFile) -> Arc<Session> {
    let login = format!(
        "auth.kubernetes.role = \"scim-rotator\"\nauth.kubernetes.mount = \"cluster/a\"\nauth.kubernetes.jwt.file = {:?}",
        jwt.path()
    );
    session(&config(url, &login, ""))
}

#[tokio::test]
async fn the_token_of_the_pod_and_the_role_are_sent() {
    let stand_in = StandIn::default();
    let url = stand_in.start().await;
    let jwt = file("header.payload.signature\n");
    let session = daemon(&url, &jwt);
    session.login().await.expect("logs in");
    let expected = json!({"role": "scim-rotator", "jwt": "header.payload.signature"});
    assert_eq!(stand_in.last(), expected);
    assert!(session.state().expires_at.is_some());
}

#[tokio::test]
async fn a_refusal_of_the_cluster_says_where_to_look() {
    let stand_in = StandIn::default();
    let url = stand_in.start().await;
    let maker = JwtMaker::new();
    let hour = SignedDuration::from_hours(1);
    let jwt = file(&maker.sign("pod", hour));
    let session = daemon(&url, &jwt);
    for (status, text) in [
        (403, "permission denied"),
        (403, "service account name not authorized"),
        (403, "namespace not authorized"),
        (400, "invalid role name \"scim-rotator\""),
    ] {
        stand_in.refuse(Some((status, text)));
        let error = session.login().await.expect_err(text);
        assert!(
            matches!(&error.kind, VaultErrorKind::LoginRefused { status: s, .. } if *s == status),
            "{error}"
        );
        let said = error.to_string();
        assert!(said.contains("auth/cluster/a/role/scim-rotator"), "{said}");
        assert!(said.contains("system:auth-delegator"), "{said}");
    }
    std::fs::write(jwt.path(), maker.sign("pod", -hour)).expect("written");
    stand_in.refuse(Some((403, "permission denied")));
    let said = session.login().await.expect_err("expired").to_string();
    assert!(said.contains("expired at"), "{said}");

    // The cluster is away: Vault's trouble, not the token's.
    stand_in.refuse(Some((500, "Post \"https://cluster/\": connection refused")));
    let error = session.login().await.expect_err("away");
    assert_eq!(error.kind, VaultErrorKind::Server { status: 500 });
    stand_in.refuse(None);
    session.login().await.expect("goes on by itself");
}
