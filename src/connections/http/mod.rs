//! An identity provider that is driven over HTTP, as the configuration says:
//!
//! ```text
//! login? ─> preflight? ─> read? ─> base URL ─> test_candidate? ─> push ─> post_push*
//!           └──── never sees the token ────┘                       │
//!                                          test_saved?, state? <───┘ one look a call
//! ```
//!
//! The token is put into the context of the templates only after the base URL
//! that the identity provider holds was found to be the configured one.

mod check;
mod config;
mod confirm;
mod failed;
mod judge;
mod merge;
mod patch;
mod place;
mod purpose;
mod request;
mod run;
mod session;
mod state;
mod target;
mod token_rules;

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use url::Url;

pub use self::config::{Body, Confirm, HttpConnection, IfMatch, Step};
use self::confirm::Memory;
pub use self::merge::{Merge, Set};
pub use self::patch::Operation;
pub use self::place::Place;
use self::purpose::Purpose;
use self::run::Run;
use self::session::Sessions;
pub use self::state::{ConnectionState, Field, StateReading};
pub use self::target::{BaseUrlCheck, HeldUrl, ShowingStep};
pub use self::token_rules::{CharacterSet, TokenRules};
use super::Deps;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::oauth2::Caller;
use crate::ports::condition::Condition;
use crate::ports::{Clock, Connection, Delivery, Secrets};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::outcome::Confirmation;

/// A connection that is driven over HTTP.
struct Http {
    name: String,
    config: HttpConnection,
    caller: Caller,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// One writer at a time: reading, changing and writing back is not atomic.
    writer: tokio::sync::Mutex<()>,
    sessions: Sessions,
    memory: Mutex<Option<Memory>>,
}

/// Makes the connection. The configuration was checked before.
pub(super) fn build(name: &str, config: &HttpConnection, deps: &Deps) -> Arc<dyn Connection> {
    Arc::new(Http {
        name: name.to_owned(),
        config: config.clone(),
        caller: Caller::new(
            config.auth.clone(),
            deps.http.clone(),
            Arc::clone(&deps.secrets),
        ),
        secrets: Arc::clone(&deps.secrets),
        clock: Arc::clone(&deps.clock),
        writer: tokio::sync::Mutex::default(),
        sessions: Sessions::default(),
        memory: Mutex::default(),
    })
}

#[async_trait]
impl Connection for Http {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.config.capabilities()
    }

    async fn preflight(&self, token: &str, scim_url: &Url) -> Result<(), Fault> {
        let mut run = Run::begin(self, token, scim_url).await?;
        run.look().await
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.write(delivery, Purpose::Push).await
    }

    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.write(delivery, Purpose::Rollback).await
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        self.prove(delivery).await
    }

    async fn look(&self, delivery: &Delivery<'_>) -> Result<Option<Condition>, Fault> {
        self.condition(delivery).await
    }
}

impl Http {
    async fn write(&self, delivery: &Delivery<'_>, purpose: Purpose) -> Result<(), Fault> {
        let _one_writer = self.writer.lock().await;
        let mut run = Run::begin(self, delivery.token, delivery.scim_url).await?;
        if let Some(why) = self.config.token_rules.objection(delivery.value) {
            let text = format!(
                "the identity provider would not take this token: {why}; nothing was sent. Change what the issuer makes, or correct `token_rules`"
            );
            return Err(run.misconfigured(&text));
        }
        run.look().await?;
        run.with_token(delivery);
        if let (Purpose::Push, Some(step)) = (purpose, &self.config.test_candidate) {
            let answer = run.step(Purpose::TestCandidate, step).await?;
            run.remember(Purpose::TestCandidate, &answer);
        }
        self.watch(delivery);
        let rollback = self.config.rollback.as_ref();
        let rollback = rollback.filter(|_| purpose == Purpose::Rollback);
        let step = rollback.unwrap_or(&self.config.push);
        let answer = run.step(purpose, step).await?;
        run.remember(Purpose::Push, &answer);
        for step in &self.config.post_push {
            run.step(Purpose::PostPush, step)
                .await
                .map_err(|failed| half_done(failed.fault))?;
        }
        Ok(())
    }

    /// From now on the identity provider may work with this token.
    fn watch(&self, delivery: &Delivery<'_>) {
        let fingerprint = delivery.value.fingerprint();
        *self.memory() = Some(Memory::new(fingerprint, self.clock.now()));
    }

    fn memory(&self) -> MutexGuard<'_, Option<Memory>> {
        self.memory.lock()
    }

    /// A login that was refused makes its credentials be read again.
    fn refuse_secrets(&self, fault: &Fault) {
        if fault.class == FaultClass::Unauthorized || fault.class == FaultClass::Rejected {
            for credential in self.config.secrets.values() {
                self.secrets.refused(&credential.0);
            }
        }
    }
}

/// The token is written, but what must follow failed: never "nothing was done".
fn half_done(mut fault: Fault) -> Fault {
    fault
        .message
        .push_str("; the token was written before this");
    fault.class = match fault.class {
        FaultClass::NotApplied
        | FaultClass::Ambiguous
        | FaultClass::Throttled
        | FaultClass::Conflict => FaultClass::Ambiguous,
        permanent @ (FaultClass::Unauthorized | FaultClass::Rejected) => permanent,
    };
    if fault.kind == FaultKind::Throttled {
        fault.kind = FaultKind::Server;
    }
    fault
}

#[cfg(test)]
mod tests;
