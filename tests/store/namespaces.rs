//! Namespaces: what is sent. No server that has them is at hand (Vault's
//! community edition has none), so this is all that is shown of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use parking_lot::Mutex;
use scim_rotator::ports::Store;
use serde_json::json;
use url::Url;

use super::bench::{approle_login, config, file, record, session, v};
use scim_rotator::vault::{KvPath, VaultStore};

/// Path and namespace of a request.
type Seen = (String, Option<String>);

/// Notes each request, and answers as Vault does.
#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Vec<Seen>>>);

impl StandIn {
    #[expect(
        clippy::disallowed_methods,
        reason = "the stand-in lives as long as its test"
    )]
    async fn start(&self) -> Url {
        let router = Router::new().fallback(answer).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Url::parse(&format!("http://{address}")).expect("a URL")
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.0.lock())
    }
}

async fn answer(State(this): State<StandIn>, request: Request) -> (StatusCode, String) {
    let namespace = request.headers().get("x-vault-namespace");
    let namespace = namespace.map(|value| value.to_str().expect("text").to_owned());
    let path = request.uri().path().to_owned();
    let body = match path.as_str() {
        "/v1/sys/wrapping/lookup" => {
            json!({"data": {"creation_path": "auth/approle/role/r/secret-id"}})
        }
        "/v1/sys/wrapping/unwrap" => json!({"data": {"secret_id": "s"}}),
        _ if request.method() == "POST" && path.starts_with("/v1/kv/") => {
            json!({"data": {"version": 1}})
        }
        _ => json!({
            "auth": {"client_token": "hvs.x", "lease_duration": 3600, "renewable": true},
            "data": {},
        }),
    };
    this.0.lock().push((path, namespace));
    (StatusCode::OK, body.to_string())
}

#[tokio::test]
async fn the_namespace_goes_with_every_request() {
    let stand_in = StandIn::default();
    let url = stand_in.start().await;
    let wrapping = file("hvs.wrapping");
    let login = approle_login("role", &wrapping) + "\nauth.approle.wrapped_for_role = \"r\"";
    for (extra, expected) in [
        ("namespace = \"admin/team\"", Some("admin/team")),
        ("namespace = \"admin/team/\"", Some("admin/team")),
        ("", None),
    ] {
        let session = session(&config(&url, &login, extra));
        let path = KvPath::parse("kv/state").expect("a path");
        let store = VaultStore::new(
            Arc::clone(&session),
            path,
            std::collections::BTreeMap::new(),
        );
        session.ping().await.expect("logs in");
        store.commit(&record("w"), v(0)).await.expect("commits");
        session.close().await;
        let seen = stand_in.seen();
        let paths: Vec<&str> = seen.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/v1/sys/wrapping/lookup",
                "/v1/sys/wrapping/unwrap",
                "/v1/auth/approle/login",
                "/v1/auth/token/lookup-self",
                "/v1/kv/data/state/crm",
                "/v1/auth/token/revoke-self",
            ]
        );
        for (path, namespace) in seen {
            assert_eq!(namespace.as_deref(), expected, "{path}");
        }
    }
}
