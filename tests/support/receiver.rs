//! A receiver of messages, written after what the convention Standard Webhooks says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Got {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The five lines that a receiver needs.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [id.as_bytes(), timestamp.as_bytes(), &self.body].join(&b'.');
        let signature = self.header("webhook-signature").strip_prefix("v1,");
        let signature = signature.and_then(|text| STANDARD.decode(text).ok());
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::verify(&key, &signed, &signature.unwrap_or_default()).is_ok()
    }
}

/// What it answers next.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: &'static str,
    pub after: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

#[derive(Default)]
struct Inner {
    got: Mutex<Vec<Got>>,
    replies: Mutex<VecDeque<Reply>>,
    /// What it answers when nothing else is said; 200 if unset.
    always: Mutex<Option<Reply>>,
}

/// A server that accepts everything, unless it is told otherwise.
#[derive(Clone)]
pub struct Receiver {
    url: String,
    inner: Arc<Inner>,
}

impl Receiver {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server ends with the test's runtime"
    )]
    pub async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inner));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        drop(tokio::spawn(async move {
            axum::serve(listener, app).await.expect("served");
        }));
        Self { url, inner }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn got(&self) -> Vec<Got> {
        self.inner.got.lock().clone()
    }

    /// Answers so next, in this order.
    pub fn then(&self, reply: Reply) {
        self.inner.replies.lock().push_back(reply);
    }

    /// Answers so from now on.
    pub fn always(&self, reply: Option<Reply>) {
        *self.inner.always.lock() = reply;
    }
}

async fn receive(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, &'static str) {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)));
    inner.got.lock().push(Got {
        path: uri.to_string(),
        headers: headers.collect(),
        body: body.to_vec(),
    });
    let next = inner.replies.lock().pop_front();
    let reply = next.or_else(|| inner.always.lock().clone());
    let reply = reply.unwrap_or_else(|| Reply::status(200));
    tokio::time::sleep(reply.after).await;
    let mut headers = HeaderMap::new();
    for (name, value) in reply.headers {
        headers.insert(name, value.parse().expect("a header"));
    }
    let status = StatusCode::from_u16(reply.status).expect("a status");
    (status, headers, reply.body)
}
