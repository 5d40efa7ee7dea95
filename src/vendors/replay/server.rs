//! The replay server: HTTP/1.1 on loopback, one request a connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use futures_util::{StreamExt as _, stream};
use http::header::HOST;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::recorded::{Recorded, RecordedAnswer};
use super::script::{Reply, Script};

/// Largest request that is read, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A replay server; it ends when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Listens on loopback. Port 0 takes a free one.
    pub(super) async fn start(script: Arc<Script>, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, script));
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&script)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, script: Arc<Script>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&script)));
    let connection = http1::Builder::new()
        .keep_alive(false)
        // The clock of the scene is not the machine's.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks off is what some answers are.
    drop(connection.await);
}

/// No answer, by intent: the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("the replay loses this answer")]
struct LostOnPurpose;

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
) -> Result<Response<Body>, LostOnPurpose> {
    let Some(request) = recorded(request).await else {
        return Err(LostOnPurpose);
    };
    match script.take(request) {
        Reply::Nothing => Err(LostOnPurpose),
        Reply::Whole(answer) => {
            let body = Body::from(answer.body.clone());
            response(&answer, body)
        }
        Reply::Torn(answer) => {
            let body = torn(&answer.body);
            response(&answer, body)
        }
    }
}

async fn recorded(request: Request<Incoming>) -> Option<Recorded> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(Body::new(body), MAX_BODY).await.ok()?;
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Some(Recorded {
        scene: String::new(),
        exchange: None,
        method: parts.method.to_string(),
        url: format!("https://{}{path}", host.unwrap_or_default()),
        headers: texts(&parts.headers),
        body: String::from_utf8_lossy(&bytes).into_owned(),
        differences: Vec::new(),
        answer: None,
    })
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}

fn response(answer: &RecordedAnswer, body: Body) -> Result<Response<Body>, LostOnPurpose> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    // A header that a placeholder made unusable: the client sees no answer.
    response.body(body).map_err(|_| LostOnPurpose)
}

/// The first half of the body, and then the end of the connection.
fn torn(body: &str) -> Body {
    let half = body.as_bytes()[..body.len() / 2].to_vec();
    let begin = stream::iter([Ok::<_, std::io::Error>(half)]);
    let end = stream::once(async {
        // The half goes out first.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the replay loses the rest"))
    });
    Body::from_stream(begin.chain(end))
}
