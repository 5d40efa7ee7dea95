//! The cluster as one address, for the tests' own looks at it: every request
//! goes to the nodes in turn until one serves it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use tokio::task::JoinSet;
use url::Url;

/// A node that does not answer within this time is left out.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rounds until the last answer is handed on, whatever it is.
const ROUNDS: usize = 400;
const PAUSE: Duration = Duration::from_millis(50);

/// The running front; it stops when dropped.
pub(super) struct Front {
    pub(super) url: Url,
    _server: JoinSet<()>,
}

struct Shared {
    nodes: Vec<Url>,
    http: reqwest::Client,
}

impl Front {
    pub(super) async fn start(nodes: Vec<Url>) -> Self {
        let shared = Arc::new(Shared {
            nodes,
            http: super::super::bare_http_without_redirects(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new().fallback(pass).with_state(shared);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            _server: server,
        }
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    headers.remove("host");
    headers.remove("content-length");
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    for _ in 0..ROUNDS {
        for node in &shared.nodes {
            let request = shared
                .http
                .request(method.clone(), node.join(path).expect("a path"))
                .timeout(PATIENCE)
                .headers(headers.clone())
                .body(body.clone());
            let Ok(answer) = request.send().await else {
                continue;
            };
            let status = answer.status();
            let Ok(body) = answer.bytes().await else {
                continue;
            };
            if !status.is_server_error() && !status.is_redirection() {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = status;
                return response;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
