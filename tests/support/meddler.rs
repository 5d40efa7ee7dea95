//! A proxy that stands before a server and meddles with requests on demand, so
//! that a real server can lose replies too.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::Response;
use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// What is done to a request.
#[derive(Debug, Clone)]
pub enum Meddle {
    /// It reaches the server; the connection breaks before the answer.
    LoseReply,
    /// It never reaches the server; the connection breaks.
    LoseRequest,
    /// It reaches the server once it is let go.
    Hold(Gate),
    /// It reaches the server; the answer comes once it is let go.
    HoldAnswer(Gate),
    /// It reaches the server; this is answered instead.
    Instead {
        /// Status.
        status: u16,
        /// Body.
        body: &'static str,
    },
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

/// Holds a request or its answer back.
#[derive(Debug, Clone)]
pub struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    fn new() -> Self {
        Self {
            reached: watch::Sender::new(false),
            open: watch::Sender::new(false),
        }
    }

    /// Whether the request, or the answer, is there.
    pub fn is_reached(&self) -> bool {
        *self.reached.borrow()
    }

    /// Lets it go.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    async fn pass(&self) {
        self.reached.send_replace(true);
        let mut open = self.open.subscribe();
        // The gate lives as long as this does.
        open.wait_for(|open| *open).await.ok();
    }
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
    /// What every request gets.
    added: Mutex<HeaderMap>,
    /// What no request keeps.
    removed: Mutex<Vec<&'static str>>,
    /// The bearer token that no request keeps.
    removed_bearer: Mutex<Option<String>>,
    /// How far its clock is ahead of the server's.
    ahead: Mutex<SignedDuration>,
    /// What is answered in the place of a 401.
    refusal: Mutex<Option<u16>>,
}

impl Meddler {
    /// Stands before `upstream`.
    pub async fn start(upstream: &Url) -> Self {
        let shared = Arc::new(Shared {
            upstream: upstream.clone(),
            http: super::bare_http_without_redirects(),
            planned: Mutex::default(),
            seen: Mutex::default(),
            added: Mutex::default(),
            removed: Mutex::default(),
            removed_bearer: Mutex::default(),
            ahead: Mutex::default(),
            refusal: Mutex::default(),
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
        self.shared.planned.lock().push((meddle, what));
    }

    /// Holds the next request that begins with `what` back.
    pub fn hold(&self, what: &'static str) -> Gate {
        let gate = Gate::new();
        self.next(what, Meddle::Hold(gate.clone()));
        gate
    }

    /// Holds the answer to the next request back that begins with `what`.
    pub fn hold_answer(&self, what: &'static str) -> Gate {
        let gate = Gate::new();
        self.next(what, Meddle::HoldAnswer(gate.clone()));
        gate
    }

    /// Forgets what was planned and did not happen yet.
    pub fn forget(&self) {
        self.shared.planned.lock().clear();
    }

    /// From now on every request reaches the server with this header.
    pub fn add_header(&self, name: &'static str, value: &'static str) {
        let (name, value) = (HeaderName::from_static(name), value.parse());
        let mut added = self.shared.added.lock();
        added.insert(name, value.expect("a header"));
    }

    /// From now on every request reaches the server without this header.
    pub fn remove_header(&self, name: &'static str) {
        self.shared.removed.lock().push(name);
    }

    /// From now on this bearer token does not reach the server.
    pub fn remove_bearer(&self, token: &str) {
        *self.shared.removed_bearer.lock() = Some(token.to_owned());
    }

    /// From now on its `Date` headers are wrong by this much.
    pub fn set_clock_ahead(&self, ahead: SignedDuration) {
        *self.shared.ahead.lock() = ahead;
    }

    /// From now on wrong tokens get this status in the place of 401.
    pub fn refuse_by(&self, status: u16) {
        *self.shared.refusal.lock() = Some(status);
    }

    /// The requests since the last call, as `METHOD path`.
    pub fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.seen.lock())
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
    shared.seen.lock().push(line.clone());
    match shared.planned_for(&line) {
        Some(Meddle::LoseRequest) => return broken_off(),
        Some(Meddle::Answer {
            status,
            header,
            body,
        }) => return made_up(status, header, body),
        Some(Meddle::Hold(gate)) => gate.pass().await,
        Some(Meddle::HoldAnswer(gate)) => {
            let answer = shared.pass(method, &uri, headers, body).await;
            gate.pass().await;
            return answer;
        }
        Some(Meddle::Instead { status, body: said }) => {
            shared.pass(method, &uri, headers, body).await;
            return made_up(status, None, said);
        }
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
        let mut planned = self.planned.lock();
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
        headers.extend(self.added.lock().clone());
        for name in &*self.removed.lock() {
            headers.remove(*name);
        }
        let bearer = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
        if bearer.is_some() && bearer == self.removed_bearer.lock().as_deref() {
            headers.remove("authorization");
        }
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let url = self.upstream.join(path).expect("a path");
        let request = self.http.request(method, url).headers(headers).body(body);
        let Ok(answer) = request.send().await else {
            return made_up(502, None, "the server behind the proxy is away");
        };
        if let (401, Some(status)) = (answer.status().as_u16(), *self.refusal.lock()) {
            let header = (status == 302).then(|| ("location", "/login".to_owned()));
            return made_up(status, header, "<html>log in</html>");
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        for name in ["content-type", "retry-after", "date", "location"] {
            if let Some(value) = answer.headers().get(name) {
                let name = HeaderName::from_static(name);
                response.headers_mut().insert(name, value.clone());
            }
        }
        self.shift_date(response.headers_mut());
        *response.body_mut() = Body::from(answer.bytes().await.expect("a body"));
        response
    }

    fn shift_date(&self, headers: &mut HeaderMap) {
        let ahead = *self.ahead.lock();
        let date = headers.get("date").and_then(|date| date.to_str().ok());
        let Some(date) = date.filter(|_| !ahead.is_zero()) else {
            return;
        };
        let date = jiff::fmt::rfc2822::parse(date).expect("a date").timestamp() + ahead;
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = printer.timestamp_to_rfc9110_string(&date).expect("a date");
        headers.insert("date", date.parse().expect("a header"));
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
