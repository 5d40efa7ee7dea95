//! An identity provider with one connection: it holds a SCIM base URL and a
//! token, and provisions people there without a pause.
//!
//! ```text
//! GET  /admin/connection        200 {"id", "version", "name", "base_url", "token": "********" | null, "state",
//!                                    "token_set_at", "last_success_at", "last_error_status", …}, ETag: "<version>"
//! PUT  /admin/connection        the whole object; what is left out is dropped, fields that are not known here are
//!                               kept, those that it computes are ignored, "********" keeps the token.
//!                               200 as GET; 412 if `If-Match` names another version; 400 without base_url or token
//! POST /admin/connection/test   200 {"ok": true | false, "status": 200 | null}: a SCIM read with the saved token
//! GET  /admin/connection/state  200 {"state": "idle" | "active" | "quarantined", "last_success_at",
//!                                    "last_error_status", "token_set_at", "successes_with_token"}
//! ```
//!
//! The admin API takes `Authorization: Bearer <admin token>`. Three refusals in
//! a row put the connection into quarantine; a success or a write ends it.

mod admin;
mod connection;
mod provisioner;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use url::Url;

use self::connection::SavedConnection;
use self::provisioner::{Provisioner, Service};
use super::faults::Switch;
use super::loopback;
use crate::http::{Client, ClientSettings, NoObserver, Target};
use crate::ports::Clock;
use crate::secret::{BearerToken, Fingerprint};

pub use self::connection::ConnectionState;

/// How an identity provider is started.
#[derive(Clone)]
pub struct Options {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Bearer of the admin API; a random one if none is given.
    pub admin_token: Option<BearerToken>,
    /// SCIM base URL of the service provider.
    pub scim_url: Url,
    /// The token that it holds from the start. Without one it waits.
    pub token: Option<BearerToken>,
    /// Pause between two provisioning calls.
    pub pace: SignedDuration,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A free port, a random admin token, no token yet, five calls a second.
    #[must_use]
    pub fn new(scim_url: Url, clock: Arc<dyn Clock>) -> Self {
        Self {
            port: 0,
            admin_token: None,
            scim_url,
            token: None,
            pace: SignedDuration::from_millis(200),
            clock,
        }
    }
}

/// What can go wrong with any request to the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminFault {
    /// 503, nothing happens.
    Unavailable,
    /// The true answer, late.
    Slow(SignedDuration),
}

/// What can go wrong with a change of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// 422, nothing is saved.
    Refuse,
    /// It is saved and the answer breaks off.
    LoseReply,
}

/// Faults on demand.
#[derive(Debug, Default)]
pub struct Faults {
    /// Of all requests to the admin API.
    pub admin: Switch<AdminFault>,
    /// Of `PUT /admin/connection`.
    pub write: Switch<WriteFault>,
}

/// What happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Provisioning calls that the service provider carried out.
    pub ok: u64,
    /// Provisioning calls that were refused with 401 or 403: an outage.
    pub refused: u64,
    /// Provisioning calls with another status.
    pub failed: u64,
    /// Provisioning calls without an answer.
    pub unreachable: u64,
    /// Calls that were carried out, by what they did.
    pub operations: BTreeMap<&'static str, u64>,
    /// How often the token was changed.
    pub token_changes: u64,
    /// The last success.
    pub last_success_at: Option<Timestamp>,
    /// Whether it provisions.
    pub state: ConnectionState,
}

/// A running identity provider; it stops when dropped.
pub struct DemoIdentityProvider {
    base_url: Url,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl DemoIdentityProvider {
    /// Starts it, and with it provisioning.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let admin_token = match options.admin_token {
            Some(token) => token,
            None => loopback::fresh_token("demo-admin-")?,
        };
        let clock = options.clock;
        let settings = ClientSettings::default();
        let observer = Arc::new(NoObserver);
        let http = Client::new(&settings, Target::Sp, Arc::clone(&clock), observer)
            .map_err(std::io::Error::other)?;
        let held = SavedConnection::new(options.scim_url, options.token, clock.now());
        let shared = Arc::new(Shared {
            admin_token,
            service: Service::new(http),
            clock,
            faults: Faults::default(),
            state: Mutex::new(State {
                held,
                stats: Stats::default(),
            }),
        });
        let mut tasks = JoinSet::new();
        let router = admin::router(Arc::clone(&shared));
        let base_url = loopback::serve(router, options.port, &mut tasks).await?;
        let provisioner = Provisioner::new(Arc::clone(&shared), options.pace);
        tasks.spawn(provisioner.run());
        Ok(Self {
            base_url,
            shared,
            _tasks: tasks,
        })
    }

    /// Where it listens; the admin API is below `/admin`.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Bearer of the admin API.
    #[must_use]
    pub fn admin_token(&self) -> &BearerToken {
        &self.shared.admin_token
    }

    /// The sections `[connections.<name>.http…]` of a configuration that uses
    /// this identity provider. `admin` refers to the admin token as a
    /// configuration does, for example `{ vault = "kv/demo/idp#token" }`.
    #[must_use]
    pub fn connection_config(&self, name: &str, admin: &str) -> String {
        include_str!("connection.toml")
            .replace("NAME", name)
            .replace("BASE", self.base_url.as_str().trim_end_matches('/'))
            .replace("ADMIN", admin)
    }

    /// Faults on demand.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What happened since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = self.shared.lock();
        Stats {
            last_success_at: state.held.last_success_at(),
            state: state.held.state(),
            ..state.stats.clone()
        }
    }

    /// Fingerprint of the token that it holds.
    #[must_use]
    pub fn holds(&self) -> Option<Fingerprint> {
        self.shared.lock().held.fingerprint()
    }
}

/// What the admin API and the provisioner share.
struct Shared {
    admin_token: BearerToken,
    service: Service,
    clock: Arc<dyn Clock>,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    held: SavedConnection,
    stats: Stats,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests;
