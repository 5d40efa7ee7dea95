//! A proxy that stands before a server and meddles with requests on demand, so
//! that a real server can lose replies too.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::Response;
use tokio::task::JoinSet;
use url::Url;

/// What is done to a request.
#[derive(Debug, Clone)]
pub enum Meddle {
    /// It reaches the server; the connection breaks before the answer.
    LoseReply,
    /// It never reaches the server; the connection breaks.
    LoseRequest,
    /// It never reaches the server; this is answered.
    Answer {
        /// Status.
        status: u16,
        /// One header.
        header: Option<(&'static str, String)>,
        /// Body.
        body: &'static str,
    },
}

/// The running proxy; it stops when dropped.
pub struct Meddler {
    /// Where it listens.
    pub url: Url,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    upstream: Url,
    http: reqwest::Client,
    planned: Mutex<Vec<(Meddle, &'static str)>>,
    seen: Mutex<Vec<String>>,
}

impl Meddler {
    /// Stands before `upstream`.
    pub async fn start(upstream: &Url) -> Self {
        let shared = Arc::new(Shared {
            upstream: upstream.clone(),
            http: super::bare_http(),
            planned: Mutex::default(),
            seen: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            shared,
            _server: server,
        }
    }

    /// Meddles with the next request that begins with `what`, for example
    /// `POST /v1/kv`.
    pub fn next(&self, what: &'static str, meddle: Meddle) {
        self.shared
            .planned
            .lock()
            .expect("lock")
            .push((meddle, what));
    }

    /// The requests since the last call, as `METHOD path`.
    pub fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.seen.lock().expect("lock"))
    }
}

async fn forward(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let line = format!("{method} {}", uri.path());
    shared.seen.lock().expect("lock").push(line.clone());
    match shared.planned_for(&line) {
        Some(Meddle::LoseRequest) => return broken_off(),
        Some(Meddle::Answer {
            status,
            header,
            body,
        }) => return made_up(status, header, body),
        Some(Meddle::LoseReply) => {
            shared.pass(method, &uri, headers, body).await;
            return broken_off();
        }
        None => {}
    }
    shared.pass(method, &uri, headers, body).await
}

impl Shared {
    fn planned_for(&self, line: &str) -> Option<Meddle> {
        let mut planned = self.planned.lock().expect("lock");
        let index = planned
            .iter()
            .position(|(_, what)| line.starts_with(what))?;
        Some(planned.remove(index).0)
    }

    async fn pass(
        &self,
        method: Method,
        uri: &Uri,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        headers.remove("host");
        headers.remove("content-length");
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let url = self.upstream.join(path).expect("a path");
        let request = self.http.request(method, url).headers(headers).body(body);
        let Ok(answer) = request.send().await else {
            return made_up(502, None, "the server behind the proxy is away");
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        for name in ["content-type", "retry-after", "date"] {
            if let Some(value) = answer.headers().get(name) {
                let name = HeaderName::from_static(name);
                response.headers_mut().insert(name, value.clone());
            }
        }
        *response.body_mut() = Body::from(answer.bytes().await.expect("a body"));
        response
    }
}

fn made_up(status: u16, header: Option<(&'static str, String)>, body: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Some((name, value)) = header {
        let name = HeaderName::from_static(name);
        let value = value.parse().expect("a header");
        response.headers_mut().insert(name, value);
    }
    response
}

fn broken_off() -> Response {
    let nothing: Result<Bytes, _> = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let stream = futures_util::stream::once(async { nothing });
    Response::new(Body::from_stream(stream))
}
