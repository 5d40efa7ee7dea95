//! Asks the identity provider for proof that it works with the token. One call
//! is one look; the core paces them.

use jiff::{SignedDuration, Timestamp};

use super::Http;
use super::config::Step;
use super::failed::Failed;
use super::purpose::Purpose;
use super::run::Run;
use super::state::{ConnectionState, Seen, StateReading};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::Delivery;
use crate::ports::condition::Condition;
use crate::rotation::outcome::Confirmation;
use crate::secret::Fingerprint;

/// What is remembered between two looks. Lost with a restart: then counting
/// begins anew, and only successes from then on count.
pub(super) struct Memory {
    fingerprint: Fingerprint,
    since: Timestamp,
    good: u32,
}

impl Memory {
    pub(super) fn new(fingerprint: Fingerprint, since: Timestamp) -> Self {
        Self {
            fingerprint,
            since,
            good: 0,
        }
    }
}

impl Http {
    /// One look.
    pub(super) async fn prove(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let (test, state) = (&self.config.test_saved, &self.config.state);
        if test.is_none() && state.is_none() {
            return Ok(Confirmation::CannotTell);
        }
        let since = self.watched_since(delivery);
        let mut run = Run::begin(self, delivery.token, delivery.scim_url).await?;
        run.log_in().await?;
        run.with_token(delivery);
        let mut seen = Confirmation::CannotTell;
        if let Some(step) = test {
            seen = self.tested(&mut run, step).await?;
        }
        if let (Some(step), Confirmation::Works | Confirmation::CannotTell) = (state, &seen) {
            let stated = self.stated(&mut run, step, since).await?;
            // A test that passed stands when the state tells nothing.
            if stated != Confirmation::CannotTell {
                seen = stated;
            }
        }
        Ok(self.counted(seen))
    }

    /// How provisioning fares, whatever the token is worth. `None`: no step
    /// tells.
    pub(super) async fn condition(
        &self,
        delivery: &Delivery<'_>,
    ) -> Result<Option<Condition>, Fault> {
        let state = self.config.state.as_ref();
        let Some((step, reading)) = state.and_then(|step| Some((step, step.reads.as_ref()?)))
        else {
            return Ok(None);
        };
        let mut run = Run::begin(self, delivery.token, delivery.scim_url).await?;
        if step.uses("token") {
            // Nothing was written just now: it may point elsewhere by today.
            run.look().await?;
        } else {
            run.log_in().await?;
        }
        run.with_token(delivery);
        let answer = run.step(Purpose::State, step).await;
        let answer = answer.map_err(|failed| failed.fault)?;
        let document = answer.secret_json().map_err(|fault| run.about(fault))?;
        let seen = reading.read(&document, self.clock.now(), &run.mask());
        Ok(Some(Condition {
            state: seen.state,
            last_success_at: seen.last_success_at,
        }))
    }

    async fn tested(&self, run: &mut Run<'_>, step: &Step) -> Result<Confirmation, Fault> {
        match run.step(Purpose::TestSaved, step).await {
            Ok(_) => Ok(Confirmation::Works),
            Err(failed) => self.unproven(failed),
        }
    }

    async fn stated(
        &self,
        run: &mut Run<'_>,
        step: &Step,
        since: Timestamp,
    ) -> Result<Confirmation, Fault> {
        let answer = match run.step(Purpose::State, step).await {
            Ok(answer) => answer,
            Err(failed) => return self.unproven(failed),
        };
        let Some(reading) = &step.reads else {
            return Ok(Confirmation::CannotTell);
        };
        let document = answer.secret_json().map_err(|fault| run.about(fault))?;
        let seen = reading.read(&document, self.clock.now(), &run.mask());
        Ok(self.meaning(reading, &seen, since))
    }

    fn meaning(&self, reading: &StateReading, seen: &Seen, since: Timestamp) -> Confirmation {
        let detail = |what: &str| match &seen.error {
            Some(error) => format!(
                "connection `{}` {what}; its last error is {error}",
                self.name
            ),
            None => format!("connection `{}` {what}", self.name),
        };
        let not_yet = |what: &str| Confirmation::NotYet {
            detail: detail(what),
            ask_again: self.ask_again(),
        };
        match seen.state {
            ConnectionState::Healthy if reading.last_success_at.is_none() => Confirmation::Works,
            ConnectionState::Healthy => match seen.last_success_at {
                Some(at) if at >= since => Confirmation::Works,
                Some(_) => not_yet("is healthy, but its last success is older than the token"),
                None => not_yet("is healthy, but has not told of a success yet"),
            },
            ConnectionState::Degraded => not_yet("provisions in part only"),
            ConnectionState::Quarantined => not_yet("is in quarantine at the identity provider"),
            ConnectionState::Disabled => not_yet(
                "is switched off at the identity provider; nothing proves the token until somebody switches it on",
            ),
            ConnectionState::Unknown => Confirmation::CannotTell,
        }
    }

    /// A look that failed. That the identity provider does not accept the token
    /// yet is normal for a while after a write; only `fatal` is final.
    fn unproven(&self, failed: Failed) -> Result<Confirmation, Fault> {
        let Failed { fault, fatal, .. } = failed;
        if fatal {
            return Ok(Confirmation::Refused {
                detail: fault.message,
            });
        }
        let unmet = fault.kind == FaultKind::Refused || fault.kind == FaultKind::Conflict;
        match fault.class {
            FaultClass::Rejected | FaultClass::Conflict if unmet => Ok(Confirmation::NotYet {
                ask_again: fault.retry_after.or(self.ask_again()),
                detail: fault.message,
            }),
            FaultClass::Rejected
            | FaultClass::Conflict
            | FaultClass::NotApplied
            | FaultClass::Ambiguous
            | FaultClass::Throttled
            | FaultClass::Unauthorized => Err(fault),
        }
    }

    /// Demands that it looks good several times in a row.
    fn counted(&self, seen: Confirmation) -> Confirmation {
        let wanted = self.config.confirm.stable_count.unwrap_or(1);
        let mut memory = self.memory();
        let Some(memory) = memory.as_mut() else {
            return seen;
        };
        if seen != Confirmation::Works {
            memory.good = 0;
            return seen;
        }
        memory.good = memory.good.saturating_add(1);
        if memory.good >= wanted {
            return seen;
        }
        Confirmation::NotYet {
            detail: format!(
                "connection `{}` looked good {} of {wanted} times",
                self.name, memory.good
            ),
            ask_again: self.ask_again(),
        }
    }

    /// When this token was given to the connection, or first asked about.
    fn watched_since(&self, delivery: &Delivery<'_>) -> Timestamp {
        let fingerprint = delivery.value.fingerprint();
        let mut memory = self.memory();
        match memory.as_ref() {
            Some(known) if known.fingerprint == fingerprint => known.since,
            Some(_) | None => {
                let now = self.clock.now();
                *memory = Some(Memory::new(fingerprint, now));
                now
            }
        }
    }

    fn ask_again(&self) -> Option<SignedDuration> {
        self.config.confirm.ask_again.map(|d| d.0)
    }
}
