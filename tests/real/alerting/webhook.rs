//! The end of the chain: what would ring, open a ticket, or be written down.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use super::super::house::Heard;

/// A receiver of alerts; it stops when dropped.
pub struct Webhook {
    /// Where it listens; the path is the receiver.
    pub url: Url,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    notices: Mutex<Vec<Notice>>,
    heard: Heard,
}

/// One alert of a message.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Who got it.
    pub receiver: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// The alert, with labels and annotations.
    pub alert: Value,
}

impl Notice {
    /// Its name and the token that it is about, `ScimTokenExpired crm`.
    pub fn subject(&self) -> String {
        super::subject(&self.alert["labels"])
    }
}

impl Webhook {
    /// Starts it. What it gets is heard, to be searched for secrets.
    pub async fn start(heard: &Heard) -> Self {
        let shared = Arc::new(Shared {
            notices: Mutex::default(),
            heard: Heard::clone(heard),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new()
            .route("/{receiver}", axum::routing::post(receive))
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            shared,
            _server: server,
        }
    }

    /// All that a receiver was told so far.
    pub fn told(&self, receiver: &str) -> Vec<Notice> {
        let notices = self.shared.notices.lock();
        let of = notices.iter().filter(|n| n.receiver == receiver);
        of.cloned().collect()
    }

    /// Whether a receiver was told this about this alert.
    pub fn has(&self, receiver: &str, status: &str, subject: &str) -> bool {
        let told = self.told(receiver);
        told.iter()
            .any(|n| n.status == status && n.subject() == subject)
    }
}

async fn receive(State(shared): State<Arc<Shared>>, Path(receiver): Path<String>, body: Bytes) {
    let mut heard = shared.heard.lock();
    let said = heard.entry(format!("told the {receiver}")).or_default();
    said.extend_from_slice(&body);
    drop(heard);
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let alerts = message["alerts"].as_array().expect("alerts");
    let mut notices = shared.notices.lock();
    notices.extend(alerts.iter().map(|alert| Notice {
        receiver: receiver.clone(),
        status: alert["status"].as_str().expect("a status").to_owned(),
        alert: alert.clone(),
    }));
}
