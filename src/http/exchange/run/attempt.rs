//! Making one call: conditions, quick repetitions, and what the answer means.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::timeout;

use super::{Reply, Run};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::call::Call;
use crate::http::exchange::condition::Condition;
use crate::http::exchange::failed::Failed;
use crate::http::exchange::judge::{Earlier, Judge, Verdict};
use crate::http::exchange::page::PageMark;
use crate::http::exchange::place::View;
use crate::http::exchange::purpose::Purpose;
use crate::http::exchange::request::{self, Source};
use crate::http::exchange::rule::Means;
use crate::http::message::{Answer, Origin, Request};

/// Longest pause before a quick repetition.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(3);

/// First pause where the server does not ask for one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(200);

impl Run<'_> {
    pub(super) async fn tries(
        &self,
        call: &Call,
        purpose: Purpose,
        page: &PageMark,
    ) -> Result<Reply, Failed> {
        if !call.when.iter().all(|condition| self.holds(condition)) {
            return Ok(Reply::Skipped);
        }
        let mut unclear = None;
        let mut pause = FIRST_PAUSE;
        let mut tries_left = self.exchange.quick_tries();
        loop {
            let failed = match self.attempt(call, purpose, page).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            if failed.fault.class == FaultClass::Ambiguous {
                unclear = Some(failed.fault.clone());
            }
            let wait = failed.fault.retry_after.unwrap_or(pause);
            if tries_left == 0
                || wait > LONGEST_PAUSE
                || is_answered(purpose, &failed)
                || !repeats(call, purpose, &failed.fault)
            {
                return Err(match unclear {
                    Some(fault) => failed.not_clearer_than(&fault),
                    None => failed,
                });
            }
            self.exchange.clock.sleep(wait).await;
            pause *= 4;
            tries_left -= 1;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        purpose: Purpose,
        page: &PageMark,
    ) -> Result<Reply, Failed> {
        let source = Source {
            shared: &self.exchange.shared,
            context: &self.context,
            onto: self.onto(call),
            guard: self.guard,
            page,
        };
        let request = request::make(call, purpose, &source).map_err(|why| {
            self.misconfigured(&format!("{} was not sent: {why}", purpose.as_str()))
        })?;
        let url = request.url.clone();
        self.note_session_in(call);
        let answer = self.send(call, request).await?;
        match self.judged(call, purpose, &answer)? {
            Reply::Done(answer) => match &call.poll {
                None => Ok(Reply::Done(answer)),
                Some(poll) => self.wait_for_end(call, purpose, poll, &url, answer).await,
            },
            nothing @ (Reply::Gone | Reply::Skipped) => Ok(nothing),
        }
    }

    /// Sends a request within the call's own time.
    pub(super) async fn send(&self, call: &Call, request: Request) -> Result<Arc<Answer>, Fault> {
        let origin = Origin::of(&request);
        let caller = if call.anonymous {
            &self.exchange.anonymous
        } else {
            &self.exchange.caller
        };
        let tell = |secret: &str| self.sent.note(secret);
        let sending = caller.send_telling(request, &tell);
        let answer = match call.timeout {
            None => sending.await,
            Some(limit) => timeout(limit.0.unsigned_abs(), sending)
                .await
                .unwrap_or_else(|_| Err(too_slow(&origin, limit.0))),
        };
        let answer = answer.map(Arc::new).map_err(|fault| self.about(fault))?;
        answer.parse_aside().await;
        Ok(answer)
    }

    pub(super) fn judged(
        &self,
        call: &Call,
        purpose: Purpose,
        answer: &Arc<Answer>,
    ) -> Result<Reply, Failed> {
        let mask = self.mask();
        let now = self.exchange.clock.now();
        let mut judge = Judge::of(call, purpose, &self.exchange.shared, &mask, now);
        judge.fired = self.exchange.fired.as_ref();
        match judge.verdict(answer, self) {
            Verdict::Good => Ok(Reply::Done(Arc::clone(answer))),
            Verdict::Gone => Ok(Reply::Gone),
            Verdict::Failed { fault, rule } => Err(Failed {
                unauthenticated: match rule {
                    None => answer.status == 401,
                    Some(means) => means == Means::Unauthorized,
                },
                fault: self.about(fault),
                rule,
                answer: Some(Arc::clone(answer)),
            }),
        }
    }

    /// Whether a condition on an earlier answer holds.
    fn holds(&self, condition: &Condition) -> bool {
        if condition.value.is_some() {
            return condition
                .holds(View::item(&serde_json::Value::Null))
                .is_ok();
        }
        condition
            .step
            .as_deref()
            .is_some_and(|step| self.view(step, &mut |view| condition.holds(view).is_ok()))
    }
}

/// Whether a rule says something that a quick repetition does not change: a
/// permanent error, or a test that proves nothing yet.
fn is_answered(purpose: Purpose, failed: &Failed) -> bool {
    let asks_for_proof = purpose == Purpose::TestSaved || purpose == Purpose::State;
    failed.rule == Some(Means::Refused) || (failed.rule == Some(Means::Later) && asks_for_proof)
}

/// Whether a quick repetition may help and cannot harm.
fn repeats(call: &Call, purpose: Purpose, fault: &Fault) -> bool {
    let passing = match fault.kind {
        FaultKind::Network | FaultKind::Server | FaultKind::Throttled => true,
        FaultKind::Auth
        | FaultKind::Timeout
        | FaultKind::Schema
        | FaultKind::Conflict
        | FaultKind::Refused
        | FaultKind::Config
        | FaultKind::WrongTarget
        | FaultKind::VaultUnavailable => false,
    };
    passing
        && match fault.class {
            FaultClass::NotApplied | FaultClass::Throttled => true,
            FaultClass::Ambiguous => call.is_repeatable(purpose),
            FaultClass::Unauthorized | FaultClass::Rejected | FaultClass::Conflict => false,
        }
}

fn too_slow(origin: &Origin, limit: SignedDuration) -> Fault {
    let seconds = Duration::try_from(limit).unwrap_or_default().as_secs_f64();
    let text = format!(
        "{}: {} gave no answer within {seconds} s (`timeout` of this call)",
        origin.operation, origin.host
    );
    Fault::new(origin.unclear(), FaultKind::Timeout, text)
}
