//! A connection under test: every fault that it gives is searched for secrets,
//! and its clock and its credentials are ours.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::connections::{ConnectionKind, Deps, build};
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::ports::condition::Condition;
use scim_rotator::ports::{Clock, Connection, Delivery, Resolved, Secrets};
use scim_rotator::problem::Problems;
use scim_rotator::rotation::capability::ConnectionCapabilities;
use scim_rotator::rotation::outcome::Confirmation;
use scim_rotator::secret::{BearerToken, SecretRef, SecretText};
use url::Url;

use super::world::{ADMIN, NEW, OLD, SCIM_URL};

/// A connection whose every fault is searched for secrets.
pub(crate) struct Pushed(Arc<dyn Connection>);

impl Pushed {
    /// Makes the connection that the settings describe.
    pub(crate) fn through(clock: &Arc<TestClock>, kind: ConnectionKind) -> Self {
        let mut problems = Problems::default();
        kind.as_kind().check("connections.hr.http", &mut problems);
        assert!(!problems.has_errors(), "{problems:?}");
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(clock);
        let http = Client::new(
            &ClientSettings::default(),
            Target::Idp,
            Arc::clone(&clock),
            Arc::new(NoObserver),
        )
        .expect("a client");
        let deps = Deps {
            handover: None,
            vault_leases: None,
            refresh_tokens: None,
            fired: None,
            http,
            secrets: Arc::new(TestSecrets),
            clock,
        };
        Self(build("hr", &kind, &deps).expect("a connection"))
    }

    pub(crate) async fn preflight(&self) -> Result<(), Fault> {
        searched(self.0.preflight("crm", &scim_url()).await)
    }

    pub(crate) async fn deliver(&self) -> Result<(), Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        searched(self.0.deliver(&delivery(&new, &old, &url)).await)
    }

    /// Why it cannot hold the token; never any part of that.
    pub(crate) fn objection(&self) -> Option<String> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        let why = self.0.objection(&delivery(&new, &old, &url))?;
        assert_no_secret(&why);
        Some(why)
    }

    pub(crate) async fn revert(&self) -> Result<(), Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        searched(self.0.revert(&delivery(&old, &new, &url)).await)
    }

    pub(crate) async fn confirm(&self) -> Result<Confirmation, Fault> {
        let (new, old, url) = (token(NEW), token(OLD), scim_url());
        let seen = searched(self.0.confirm(&delivery(&new, &old, &url)).await);
        assert_no_secret(&format!("{seen:?}"));
        seen
    }

    pub(crate) fn capabilities(&self) -> ConnectionCapabilities {
        self.0.capabilities()
    }

    /// As later, when the new token is the one in use.
    pub(crate) async fn look(&self) -> Result<Option<Condition>, Fault> {
        let (new, url) = (token(NEW), scim_url());
        let delivery = Delivery {
            token: "crm",
            value: &new,
            old: None,
            scim_url: &url,
            since: None,
        };
        searched(self.0.look(&delivery).await)
    }
}

fn delivery<'a>(value: &'a BearerToken, old: &'a BearerToken, url: &'a Url) -> Delivery<'a> {
    Delivery {
        token: "crm",
        value,
        old: Some(old),
        scim_url: url,
        since: None,
    }
}

fn searched<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        assert_no_secret(&fault.message);
        assert_no_secret(&format!("{fault:?}"));
        assert!(
            fault.message.starts_with("connection `hr`, token `crm`: "),
            "{fault}"
        );
    }
    result
}

pub(crate) fn assert_no_secret(text: &str) {
    for secret in [NEW, OLD, ADMIN] {
        let encoded = STANDARD.encode(secret);
        assert!(!text.contains(&encoded[..encoded.len() - 4]), "{text}");
    }
    assert!(!text.contains("cAnArY"), "{text}");
}

/// The class and kind of a failure.
pub(crate) fn class<T: std::fmt::Debug>(result: &Result<T, Fault>) -> (FaultClass, FaultKind) {
    let fault = result.as_ref().expect_err("a failure");
    (fault.class, fault.kind)
}

fn token(value: &str) -> BearerToken {
    BearerToken::parse(value).expect("a token")
}

pub(crate) fn scim_url() -> Url {
    Url::parse(SCIM_URL).expect("an address")
}

/// Every reference is the same credential.
pub(crate) struct TestSecrets;

#[async_trait]
impl Secrets for TestSecrets {
    async fn resolve(&self, _reference: &SecretRef) -> Result<Resolved, Fault> {
        let value = SecretText::from(token(ADMIN));
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _reference: &SecretRef) {}
}

/// A clock that stands still but for sleeping, which takes no time.
pub(crate) struct TestClock(Mutex<(Timestamp, Vec<SignedDuration>)>);

impl Default for TestClock {
    fn default() -> Self {
        let start = "2026-06-01T12:00:00Z".parse().expect("a time");
        Self(Mutex::new((start, Vec::new())))
    }
}

impl TestClock {
    pub(crate) fn slept(&self) -> Vec<SignedDuration> {
        self.0.lock().1.clone()
    }

    pub(crate) fn advance(&self, duration: SignedDuration) {
        self.0.lock().0 += duration;
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().0
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.advance(duration);
        self.0.lock().1.push(duration);
    }
}
