//! A small Vault on loopback: KV v2 with real check-and-set rules, token and
//! AppRole login, policies, sealing, and troubles on demand.
//!
//! It serves the demo and fast tests, and passes the same store tests as the
//! real one. It keeps everything in memory and is no place for real secrets.

mod auth;
mod kv;
mod policy;
mod reply;
mod request;
mod router;
mod trouble;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use parking_lot::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use url::Url;

use crate::ports::Clock;
use crate::secret::{BearerToken, random_256};

pub use auth::Role;
pub use policy::{Policy, Rule};
pub use trouble::Trouble;

use router::Vault;
use trouble::Plan;

/// How many requests are remembered for tests.
const REMEMBERED: usize = 10_000;

/// What the Vault starts with.
pub struct Options {
    /// Tells when tokens end.
    pub clock: Arc<dyn Clock>,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Mounts of KV v2.
    pub mounts: Vec<String>,
    /// Policies by name. `root` and `default` exist.
    pub policies: Vec<Policy>,
    /// Roles of AppRole, mounted at `auth/approle`.
    pub roles: Vec<Role>,
}

impl Options {
    /// A free port on loopback, one mount `kv`, no role.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            mounts: vec!["kv".to_owned()],
            policies: Vec::new(),
            roles: Vec::new(),
        }
    }
}

/// A running Vault; it stops when dropped.
pub struct EmbeddedVault {
    url: Url,
    root_token: BearerToken,
    shared: Arc<Shared>,
    server: JoinSet<()>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    vault: Mutex<Vault>,
    plan: Mutex<Plan>,
    requests: Mutex<Vec<String>>,
}

impl EmbeddedVault {
    /// Starts it.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let url = Url::parse(&format!("http://{address}")).map_err(io::Error::other)?;
        let root = format!("hvs.root-{}", hex(&random_256()[..12]));
        let vault = Vault::new(
            &root,
            options.mounts,
            options.policies,
            options.roles,
            options.clock.now(),
        );
        let shared = Arc::new(Shared {
            clock: options.clock,
            vault: Mutex::new(vault),
            plan: Mutex::default(),
            requests: Mutex::default(),
        });
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the embedded Vault stopped");
            }
        });
        let root_token = BearerToken::parse(root).map_err(io::Error::other)?;
        Ok(Self {
            url,
            root_token,
            shared,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A token that may do everything.
    #[must_use]
    pub fn root_token(&self) -> &BearerToken {
        &self.root_token
    }

    /// Seals or unseals it. What is stored stays.
    pub fn seal(&self, sealed: bool) {
        self.shared.vault().sealed = sealed;
    }

    /// Revokes every token but the root token, as a restart of a development
    /// Vault or an operator would.
    pub fn revoke_tokens(&self) {
        self.shared.vault().tokens.revoke_all_but_root();
    }

    /// Lets the next `times` requests whose path contains `path` go wrong.
    pub fn fail(&self, trouble: Trouble, path: &str, times: u32) {
        self.shared.plan().add(trouble, path, times);
    }

    /// Forgets all planned troubles.
    pub fn heal(&self) {
        self.shared.plan().clear();
    }

    /// The requests so far, as `METHOD path`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().clone()
    }

    /// Stops it; connections end at once.
    pub async fn shutdown(mut self) {
        self.server.shutdown().await;
    }
}

impl Shared {
    fn vault(&self) -> MutexGuard<'_, Vault> {
        self.vault.lock()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock()
    }

    fn remember(&self, method: &Method, path: &str) {
        let mut requests = self.requests.lock();
        if requests.len() < REMEMBERED {
            requests.push(format!("{method} {path}"));
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy();
    let path = path.strip_prefix("/v1/").unwrap_or(&path);
    shared.remember(&method, path);
    let trouble = shared.plan().take(path);
    if let Some(reply) = trouble.as_ref().and_then(Trouble::instead) {
        return reply.into_response();
    }
    match trouble {
        Some(Trouble::Hang) => std::future::pending::<()>().await,
        Some(
            Trouble::LoseReply
            | Trouble::Sealed
            | Trouble::RateLimited { .. }
            | Trouble::Unavailable
            | Trouble::InternalError
            | Trouble::StaleRead,
        )
        | None => {}
    }
    let request = request::Request {
        method: request::Verb::of(&method, uri.query()),
        path,
        token: headers.get("x-vault-token").and_then(|v| v.to_str().ok()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        now: shared.clock.now(),
    };
    let reply = shared.vault().handle(&request);
    if let Some(Trouble::LoseReply) = trouble {
        return broken_off();
    }
    reply.into_response()
}

/// An answer whose connection breaks before its end.
fn broken_off() -> Response {
    let nothing: Result<Bytes, io::Error> = Err(io::ErrorKind::ConnectionReset.into());
    let stream = futures_util::stream::once(async { nothing });
    Response::new(Body::from_stream(stream))
}

/// Random text for ids and tokens.
fn random_id() -> String {
    hex(&random_256()[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
