//! Asks the identity provider for proof that it works with the token. One call
//! is one look; the core paces them.

use jiff::{SignedDuration, Timestamp};

use super::{Http, give_token};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::{Call, ConnectionState, Failed, Means, Purpose, Reply, Run, View};
use crate::http::message::Answer;
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

/// What the identity provider says of provisioning.
struct Seen {
    state: ConnectionState,
    /// Masked and escaped.
    error: Option<String>,
    /// When it last worked; `None` where nothing tells.
    last_success_at: Option<Timestamp>,
}

impl Http {
    /// One look.
    pub(super) async fn prove(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let test = &self.config.test_saved;
        // A state that proves nothing is shown to people, and not asked for here.
        let state = self.config.state.as_ref();
        let state = state.filter(|_| self.config.confirm.by_state);
        if test.is_none() && state.is_none() {
            return Ok(Confirmation::CannotTell);
        }
        let since = self.watched_since(delivery);
        let mut run = self.begin_with(delivery).await?;
        let calls: Vec<&Call> = test.iter().chain(state.iter().copied()).collect();
        self.look_up_for(&mut run, &calls, delivery).await?;
        let mut seen = Confirmation::CannotTell;
        if let Some(call) = test {
            seen = self.tested(&mut run, call).await?;
        }
        if let (Some(call), Confirmation::Works | Confirmation::CannotTell) = (state, &seen) {
            let stated = self.stated(&mut run, call, since).await?;
            // A test that passed stands when the state tells nothing.
            if stated != Confirmation::CannotTell {
                seen = stated;
            }
        }
        Ok(self.counted(seen))
    }

    /// How provisioning is doing, whether or not it proves the token. `None`:
    /// no call tells.
    pub(super) async fn condition(
        &self,
        delivery: &Delivery<'_>,
    ) -> Result<Option<Condition>, Fault> {
        let Some(call) = &self.config.state else {
            return Ok(None);
        };
        let mut run = self.begin_with(delivery).await?;
        self.look_up_for(&mut run, &[call], delivery).await?;
        match run.call(call, Purpose::State).await? {
            Reply::Done(answer) => {
                let seen = self.seen(&run, call, &answer)?;
                Ok(Some(Condition {
                    state: seen.state,
                    last_success_at: seen.last_success_at,
                }))
            }
            Reply::Gone | Reply::Skipped => Ok(None),
        }
    }

    /// A session, and the lookups if one of the calls uses what they show.
    /// A call that uses the token gets it only after the base URL was looked
    /// at: since the delivery, somebody may have changed it.
    async fn look_up_for(
        &self,
        run: &mut Run<'_>,
        calls: &[&Call],
        delivery: &Delivery<'_>,
    ) -> Result<(), Fault> {
        let any = |test: &dyn Fn(&Call) -> bool| calls.iter().any(|call| test(call));
        if any(&|call| call.uses("token") || call.uses("old_token")) {
            self.look_at_target(run, delivery.scim_url).await?;
            give_token(run, delivery);
            return Ok(());
        }
        let lookups = &self.config.lookups;
        if any(&|call| call.uses_lookups(lookups)) {
            run.look_up().await
        } else {
            run.log_in().await
        }
    }

    async fn tested(&self, run: &mut Run<'_>, call: &Call) -> Result<Confirmation, Fault> {
        match run.call(call, Purpose::TestSaved).await {
            Ok(Reply::Done(_)) => Ok(Confirmation::Works),
            Ok(Reply::Gone) => Ok(self.not_yet(
                "has nothing to test at the identity provider, as a rule of `answers` says",
                None,
            )),
            Ok(Reply::Skipped) => Ok(Confirmation::CannotTell),
            Err(failed) => self.unproven(failed),
        }
    }

    async fn stated(
        &self,
        run: &mut Run<'_>,
        call: &Call,
        since: Timestamp,
    ) -> Result<Confirmation, Fault> {
        match run.call(call, Purpose::State).await {
            Ok(Reply::Done(answer)) => {
                let seen = self.seen(run, call, &answer)?;
                let dated = call.read.last_success_at.is_some();
                Ok(self.meaning(&seen, dated, since))
            }
            Ok(Reply::Gone | Reply::Skipped) => Ok(Confirmation::CannotTell),
            Err(failed) => self.unproven(failed),
        }
    }

    /// Reads what `state` answered.
    fn seen(&self, run: &Run<'_>, call: &Call, answer: &Answer) -> Result<Seen, Fault> {
        let json = answer.secret_json();
        let in_json = call.read.state.as_ref().is_some_and(|at| at.is_in_json());
        if let (true, Err(fault)) = (in_json, &json) {
            return Err(run.about(fault.clone()));
        }
        let json = json.ok();
        let view = View::of(answer, json.as_ref());
        let last_success_at = call.read.last_success_at.as_ref();
        Ok(Seen {
            state: call.read.state_of(view),
            error: run.error_in(call, view),
            last_success_at: last_success_at
                .and_then(|field| field.read(view, self.clock.now()).ok())
                .and_then(|known| known.timestamp()),
        })
    }

    /// What a state proves. `dated`: the identity provider tells when
    /// provisioning last worked.
    fn meaning(&self, seen: &Seen, dated: bool, since: Timestamp) -> Confirmation {
        let not_yet = |what: &str| self.not_yet(what, seen.error.as_deref());
        match seen.state {
            ConnectionState::Healthy if !dated => Confirmation::Works,
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

    fn not_yet(&self, what: &str, last_error: Option<&str>) -> Confirmation {
        let error =
            last_error.map_or_else(String::new, |error| format!("; its last error is {error}"));
        Confirmation::NotYet {
            detail: format!("connection `{}` {what}{error}", self.name),
            ask_again: self.ask_again(),
        }
    }

    /// A look that failed. That the identity provider does not accept the token
    /// yet is normal for a while after a write; only a rule that means
    /// `refused` says that it never will.
    fn unproven(&self, failed: Failed) -> Result<Confirmation, Fault> {
        let Failed { fault, rule, .. } = failed;
        if rule == Some(Means::Refused) {
            return Ok(Confirmation::Refused {
                detail: fault.message,
            });
        }
        let unmet = fault.kind == FaultKind::Refused || fault.kind == FaultKind::Conflict;
        match fault.class {
            FaultClass::Rejected | FaultClass::Conflict if unmet => Ok(self.asked_later(fault)),
            FaultClass::NotApplied if rule == Some(Means::Later) => Ok(self.asked_later(fault)),
            FaultClass::Rejected
            | FaultClass::Conflict
            | FaultClass::NotApplied
            | FaultClass::Ambiguous
            | FaultClass::Throttled
            | FaultClass::Unauthorized => Err(fault),
        }
    }

    fn asked_later(&self, fault: Fault) -> Confirmation {
        Confirmation::NotYet {
            ask_again: fault.retry_after.or(self.ask_again()),
            detail: fault.message,
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
