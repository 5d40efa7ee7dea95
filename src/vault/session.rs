//! Our own Vault token: login, renewal, and a new login before it expires.
//!
//! The old token is used until a new one works. All callers share one login: a
//! caller that comes during a login waits for its result.

mod upkeep;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use rustify::endpoint::Endpoint;
use serde::Deserialize;
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::auth::Method;
use super::client::{Call, VaultAnswer, VaultClient};
use super::config::VaultConfig;
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::held::HeldToken;
use crate::fault::Fault;
use crate::http::Observer;
use crate::ports::Clock;
use crate::secret::SecretText;

/// A plain "permission denied" nearly always means a missing policy line. It
/// causes a new login at most this often.
const FORCED_LOGIN_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Pauses before a node that is behind is asked again.
const STALE_PAUSES: [SignedDuration; 2] = [
    SignedDuration::from_millis(50),
    SignedDuration::from_millis(250),
];

/// What metrics and readiness show of the session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionState {
    /// Whether the last request reached a Vault that serves.
    pub up: bool,
    /// Whether Vault said that it is sealed.
    pub sealed: bool,
    /// Whether we hold a token.
    pub logged_in: bool,
    /// When our token ends; `None` without one, or if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// When a request with our token last succeeded.
    pub last_success: Option<Timestamp>,
    /// Logins that succeeded.
    pub logins: u64,
    /// Renewals that succeeded.
    pub renewals: u64,
    /// Logins and renewals that failed.
    pub failures: u64,
    /// Whether the last wrapping token of a secret-id could not be unwrapped.
    pub unwrap_failed: bool,
}

/// The path that answers also while Vault is sealed.
const SEAL_STATUS: &str = "sys/seal-status";

/// What Vault says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// Whether it is sealed.
    pub sealed: bool,
}

/// A Vault cluster with our token.
pub struct Session {
    client: VaultClient,
    method: Box<dyn Method>,
    clock: Arc<dyn Clock>,
    seed: String,
    login_gate: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
    changed: tokio::sync::Notify,
}

#[derive(Default)]
struct Inner {
    held: Option<HeldToken>,
    /// Counts logins that were attempted, to recognise one that ran meanwhile.
    attempts: u64,
    last_failure: Option<VaultError>,
    forced_at: Option<Timestamp>,
    /// When the last of the Vault leases under our Vault token ends: Vault ends
    /// them earlier if our token is revoked.
    latest_lease_end: Option<Timestamp>,
    closed: bool,
    state: SessionState,
}

impl Session {
    /// Prepares the session; nothing is sent. `seed` (the replica's name)
    /// spreads the renewals of replicas.
    ///
    /// # Errors
    /// When a file for TLS cannot be used.
    pub fn new(
        config: &VaultConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
        seed: impl Into<String>,
    ) -> Result<Arc<Self>, Fault> {
        Ok(Arc::new(Self {
            client: VaultClient::new(config, Arc::clone(&clock), observer)?,
            method: config.auth.method(),
            clock,
            seed: seed.into(),
            login_gate: tokio::sync::Mutex::new(()),
            inner: Mutex::default(),
            changed: tokio::sync::Notify::new(),
        }))
    }

    /// Logs in, unless there is a token already. While Vault is away, the
    /// caller repeats this with its own pauses.
    ///
    /// # Errors
    /// Why there is no token.
    pub async fn login(&self) -> Result<(), VaultError> {
        self.token().await.map(|_| ())
    }

    /// Asks Vault about our own token; shows for `/readyz` that Vault works.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn ping(&self) -> Result<(), VaultError> {
        let call = Call::new("lookup_self", "auth/token/lookup-self");
        let request = LookupTokenSelfRequest::default();
        self.call(&call, &request).await.map(|_| ())
    }

    /// What Vault says of itself, without a login.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn server(&self) -> Result<Server, VaultError> {
        let call = Call::new("seal-status", SEAL_STATUS);
        let endpoint = Plain::get(SEAL_STATUS);
        let answer = self.client.execute(&call, None, &endpoint).await?;
        let malformed = || {
            let text = "the answer does not say whether it is sealed".to_owned();
            VaultError::new(&call, VaultErrorKind::Malformed(text))
        };
        answer.whole().ok_or_else(malformed)
    }

    /// What metrics and readiness show.
    #[must_use]
    pub fn state(&self) -> SessionState {
        SessionState {
            unwrap_failed: self.method.unwrap_failed(),
            ..self.inner().state.clone()
        }
    }

    /// An answer was out of date: the leader is determined again before the
    /// next request.
    pub(super) fn doubt(&self) {
        self.client.doubt();
    }

    /// Now, by the clock of this session.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits by the clock of this session.
    pub(super) async fn sleep(&self, duration: SignedDuration) {
        self.clock.sleep(duration).await;
    }

    /// Sends a request with our token. If Vault does not accept the token, logs
    /// in once and repeats the request.
    pub(super) async fn call<E: Endpoint>(
        &self,
        call: &Call,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        let held = self.token().await?;
        match self.send(&held, call, endpoint).await {
            Err(error) if self.may_force_login(&error) => {
                if error.is_of_the_token() {
                    self.login_after(held.serial).await?;
                } else {
                    self.replace(&held).await?;
                }
                let held = self.token().await?;
                self.send(&held, call, endpoint).await
            }
            result => result,
        }
    }

    /// Sends a request with another token than ours.
    pub(super) async fn call_as<E: Endpoint>(
        &self,
        token: &SecretText,
        call: &Call,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        let result = self.client.execute(call, Some(token), endpoint).await;
        self.note(result.as_ref().err());
        result
    }

    async fn send<E: Endpoint>(
        &self,
        held: &HeldToken,
        call: &Call,
        endpoint: &E,
    ) -> Result<VaultAnswer, VaultError> {
        let mut result = self.client.execute(call, Some(&held.token), endpoint).await;
        for pause in STALE_PAUSES {
            match &result {
                Err(error) if error.kind == VaultErrorKind::StaleRead => {}
                Ok(_) | Err(_) => break,
            }
            self.clock.sleep(pause).await;
            result = self.client.execute(call, Some(&held.token), endpoint).await;
        }
        self.note(result.as_ref().err());
        result
    }

    /// The token in use, from a login if need be.
    async fn token(&self) -> Result<HeldToken, VaultError> {
        let held = self.inner().held.clone();
        match held {
            Some(held) if !held.is_over(self.clock.now()) => return Ok(held),
            Some(held) => self.login_after(held.serial).await?,
            None => self.login_after(0).await?,
        }
        self.inner().held.clone().ok_or_else(closed)
    }

    fn may_force_login(&self, error: &VaultError) -> bool {
        let VaultErrorKind::Forbidden { .. } = &error.kind else {
            return false;
        };
        let now = self.clock.now();
        let mut inner = self.inner();
        let recently = inner
            .forced_at
            .is_some_and(|at| now.duration_since(at) < FORCED_LOGIN_PAUSE);
        if !error.is_of_the_token() && recently {
            return false;
        }
        inner.forced_at = Some(now);
        true
    }

    /// Logs in, unless that happened since the token `serial` was obtained.
    async fn login_after(&self, serial: u64) -> Result<(), VaultError> {
        let attempts = self.inner().attempts;
        let _gate = self.login_gate.lock().await;
        {
            let inner = self.inner();
            if inner.closed {
                return Err(closed());
            }
            if inner.held.as_ref().is_some_and(|held| held.serial > serial) {
                return Ok(());
            }
            if inner.attempts != attempts
                && let Some(error) = &inner.last_failure
            {
                return Err(error.clone());
            }
        }
        let result = self.method.login(&self.client).await;
        self.note(result.as_ref().err());
        let mut inner = self.inner();
        inner.attempts += 1;
        match result {
            Ok(granted) => {
                let serial = inner.attempts;
                self.hold(
                    &mut inner,
                    HeldToken::new(serial, granted, self.clock.now()),
                );
                inner.last_failure = None;
                inner.state.logins += 1;
                let expires_at = inner.state.expires_at.map(|at| at.to_string());
                let expires_at = expires_at.as_deref().unwrap_or("never");
                tracing::info!(expires_at, "logged in to Vault");
                Ok(())
            }
            Err(error) => {
                inner.last_failure = Some(error.clone());
                inner.state.failures += 1;
                Err(error)
            }
        }
    }

    fn hold(&self, inner: &mut Inner, held: HeldToken) {
        inner.state.logged_in = true;
        inner.state.expires_at = held.expires_at;
        inner.held = Some(held);
        self.changed.notify_one();
    }

    /// Notes what an answer shows of Vault's state.
    fn note(&self, error: Option<&VaultError>) {
        use VaultErrorKind as K;
        let now = self.clock.now();
        let state = &mut self.inner().state;
        match error.map(|error| &error.kind) {
            None => {
                state.up = true;
                state.sealed = false;
                state.last_success = Some(now);
            }
            Some(
                K::CasConflict
                | K::CasRequired
                | K::NotFound
                | K::VersionDeleted { .. }
                | K::Forbidden { .. }
                | K::Refused { .. }
                | K::LoginRefused { .. }
                | K::StaleRead
                | K::Outdated { .. }
                | K::RateLimited { .. },
            ) => {
                state.up = true;
                state.sealed = false;
            }
            Some(K::Sealed) => {
                state.up = false;
                state.sealed = true;
            }
            Some(
                K::NotInitialised
                | K::Standby { .. }
                | K::Unreachable(_)
                | K::Server { .. }
                | K::Malformed(_),
            ) => state.up = false,
            Some(K::Credential(_)) => {}
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

fn closed() -> VaultError {
    let reason = "the session was closed".to_owned();
    VaultError::new(
        &Call::new("login", "auth"),
        VaultErrorKind::Credential(reason),
    )
}
