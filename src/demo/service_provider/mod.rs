//! A service provider: issues, lists and revokes tokens for an administrator,
//! and serves SCIM to the holder of one.
//!
//! ```text
//! POST   /admin/tokens {"label", "ttl_seconds"}  201 {"id", "token", "label", "status", "created_at", "expires_at", "last_used_at"};
//!                      with "token" that very token is taken; 200 without it if it was taken before
//! GET    /admin/tokens?page=1&per_page=50        200 {"tokens": […], "next_page": 2 | null}   the live ones, oldest first
//! GET    /admin/tokens/ID                        200 one of them; 404 when unknown, revoked or expired
//! DELETE /admin/tokens/ID                        204; 404 likewise
//! GET    /scim/v2/ServiceProviderConfig, /ResourceTypes, /Schemas   open to everybody
//! …      /scim/v2/Users, /Users/ID, /Groups, /Groups/ID, /.search   with a live token
//! ```
//!
//! The admin API takes `Authorization: Bearer <admin token>`.
//!
//! | file | what it holds |
//! |---|---|
//! | `admin`, `tokens` | the admin API, and the tokens that it issues |
//! | `scim` | who may ask, and faults on demand |
//! | `discovery`, `schema` | what the service provider tells of itself |
//! | `resources`, `answers` | requests about users and groups, and their answers |
//! | `directory` | the users and groups |
//! | `patch`, `path`, `filter`, `selection` | the languages within a request |

mod admin;
mod answers;
mod directory;
mod discovery;
mod filter;
mod patch;
mod path;
mod resources;
mod schema;
mod scim;
mod selection;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use jiff::SignedDuration;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::task::JoinSet;
use url::Url;

use self::directory::Directory;
use self::schema::Kind;
use self::tokens::Tokens;
use super::faults::Switch;
use super::loopback;
use crate::ports::Clock;
use crate::secret::BearerToken;

/// Callers that are counted apart; later ones share the entry `others`.
const MOST_CALLERS: usize = 16;

/// How a service provider is started.
#[derive(Clone)]
pub struct Options {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Bearer of the admin API; a random one if none is given.
    pub admin_token: Option<BearerToken>,
    /// Live tokens beyond which issuing is refused with 409.
    pub max_live_tokens: usize,
    /// Time, for expiries.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A free port, a random admin token, at most twenty live tokens.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            port: 0,
            admin_token: None,
            max_live_tokens: 20,
            clock,
        }
    }
}

/// What can go wrong with issuing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueFault {
    /// 503, nothing is issued.
    Refuse,
    /// The token is issued and the answer breaks off.
    LoseReply,
    /// The token is issued and the answer comes late.
    Slow(SignedDuration),
}

/// What can go wrong with a SCIM request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimFault {
    /// 503.
    Unavailable,
    /// 429 with `Retry-After: 1`.
    Throttled,
    /// The true answer, late.
    Slow(SignedDuration),
}

/// Faults on demand.
#[derive(Debug, Default)]
pub struct Faults {
    /// Of issuing.
    pub issue: Switch<IssueFault>,
    /// Of SCIM.
    pub scim: Switch<ScimFault>,
}

/// How often one caller was heard and refused, at the SCIM endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CallerCount {
    /// Requests with a live token.
    pub accepted: u64,
    /// Requests without one.
    pub refused: u64,
}

/// What happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// By the first word of `User-Agent`.
    pub callers: BTreeMap<String, CallerCount>,
    /// Tokens issued.
    pub issued: u64,
    /// Tokens revoked.
    pub revoked: u64,
    /// Tokens alive now.
    pub live_tokens: usize,
    /// Users there are now.
    pub users: usize,
}

/// A running service provider; it stops when dropped.
pub struct DemoServiceProvider {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl DemoServiceProvider {
    /// Starts it.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let admin_token = match options.admin_token {
            Some(token) => token,
            None => loopback::fresh_token("demo-admin-")?,
        };
        let (listener, base_url) = loopback::listen(options.port).await?;
        let shared = Arc::new(Shared {
            base_url,
            admin_token,
            max_live_tokens: options.max_live_tokens,
            clock: options.clock,
            faults: Faults::default(),
            state: Mutex::default(),
        });
        let router = Router::new()
            .nest("/admin", admin::router(Arc::clone(&shared)))
            .nest("/scim/v2", scim::router(Arc::clone(&shared)));
        let mut tasks = JoinSet::new();
        loopback::serve_on(listener, router, &mut tasks);
        Ok(Self {
            shared,
            _tasks: tasks,
        })
    }

    /// Where it listens; the admin API is below `/admin`.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.shared.base_url
    }

    /// The SCIM base URL, without a slash at the end.
    #[must_use]
    pub fn scim_url(&self) -> Url {
        self.shared.scim_url()
    }

    /// Bearer of the admin API.
    #[must_use]
    pub fn admin_token(&self) -> &BearerToken {
        &self.shared.admin_token
    }

    /// The sections `[issuers.<name>.http…]` of a configuration that uses this
    /// service provider. `admin` refers to the admin token as a configuration
    /// does, for example `{ vault = "kv/demo/sp#token" }`.
    #[must_use]
    pub fn issuer_config(&self, name: &str, admin: &str) -> String {
        include_str!("issuer.toml")
            .replace("NAME", name)
            .replace("BASE", self.base_url().as_str().trim_end_matches('/'))
            .replace("ADMIN", admin)
    }

    /// The same for an issuer that makes its secrets itself and registers them
    /// here: `[issuers.<name>.local…]`. They live for `lifetime`.
    #[must_use]
    pub fn local_issuer_config(&self, name: &str, admin: &str, lifetime: &str) -> String {
        include_str!("local_issuer.toml")
            .replace("NAME", name)
            .replace("BASE", self.base_url().as_str().trim_end_matches('/'))
            .replace("ADMIN", admin)
            .replace("LIFETIME", lifetime)
    }

    /// Revokes every token, as an administrator would who knows nothing of
    /// those who use them.
    pub fn revoke_all(&self) {
        let now = self.shared.clock.now();
        self.shared.lock().tokens.revoke_all(now);
    }

    /// Faults on demand.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What happened since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let live_tokens = self.live_tokens();
        let state = self.shared.lock();
        Stats {
            callers: state.callers.clone(),
            issued: state.tokens.issued(),
            revoked: state.tokens.revoked(),
            live_tokens,
            users: state.directory.users(),
        }
    }

    /// How many tokens are alive.
    #[must_use]
    pub fn live_tokens(&self) -> usize {
        let now = self.shared.clock.now();
        self.shared.lock().tokens.live(now).len()
    }
}

/// What the handlers share.
struct Shared {
    base_url: Url,
    admin_token: BearerToken,
    max_live_tokens: usize,
    clock: Arc<dyn Clock>,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: Tokens,
    directory: Directory,
    callers: BTreeMap<String, CallerCount>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn scim_url(&self) -> Url {
        let mut url = self.base_url.clone();
        url.set_path("/scim/v2");
        url
    }

    /// Where something below the SCIM base URL is found.
    fn location(&self, segments: &[&str]) -> String {
        let mut url = self.scim_url();
        // An http URL always has a path that can be extended.
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url.into()
    }

    /// The resource with the URL at which it is found.
    fn located(&self, kind: Kind, resource: &Value) -> Value {
        let mut resource = resource.clone();
        let id = resource["id"].as_str().unwrap_or_default();
        let location = self.location(&[kind.endpoint(), id]);
        resource["meta"]["location"] = location.into();
        resource
    }
}

impl State {
    fn count(&mut self, caller: String, accepted: bool) {
        let known = self.callers.contains_key(&caller) || self.callers.len() < MOST_CALLERS;
        let caller = if known { caller } else { "others".to_owned() };
        let count = self.callers.entry(caller).or_default();
        if accepted {
            count.accepted += 1;
        } else {
            count.refused += 1;
        }
    }
}

#[cfg(test)]
mod tests;
