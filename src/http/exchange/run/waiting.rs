//! Asking until what a call started has ended.

use std::sync::Arc;

use jiff::SignedDuration;
use url::Url;

use super::{Reply, Run};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::call::Call;
use crate::http::exchange::condition::Condition;
use crate::http::exchange::failed::Failed;
use crate::http::exchange::page::PageMark;
use crate::http::exchange::place::View;
use crate::http::exchange::poll::{LONGEST_WAIT, Poll};
use crate::http::exchange::purpose::{Effect, Purpose};
use crate::http::exchange::request::{self, Source};
use crate::http::exchange::rule::Means;
use crate::http::message::{Answer, host_of};

/// Shortest pause between two questions, whatever the server asks for.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_millis(100);

impl Run<'_> {
    /// Asks until `until` or `failed` holds, or the time is over. The newest
    /// answer is the call's answer.
    pub(super) async fn wait_for_end(
        &self,
        call: &Call,
        purpose: Purpose,
        poll: &Poll,
        url: &Url,
        first: Arc<Answer>,
    ) -> Result<Reply, Failed> {
        let operation = self.operation_url(poll, url, &first)?;
        let clock = &self.exchange.clock;
        let end = clock.now() + poll.at_most.0.min(LONGEST_WAIT);
        let dialect = &self.exchange.shared.rate_limit;
        let mut pause = first.retry_after(clock.now(), dialect);
        let mut newest = first;
        let mut unanswered = None;
        loop {
            if self.has_ended(call, purpose, poll, &newest)? {
                return Ok(Reply::Done(newest));
            }
            let wait = pause.unwrap_or(poll.every.0).max(SHORTEST_PAUSE);
            if clock.now() + wait > end {
                return Err(self.still_running(call, purpose, poll, url, unanswered.as_ref()));
            }
            clock.sleep(wait).await;
            match self.ask(call, purpose, operation.as_ref()).await {
                Ok(answer) => {
                    pause = answer.retry_after(clock.now(), dialect);
                    newest = answer;
                    unanswered = None;
                }
                Err(failed) if passes(&failed.fault) => {
                    pause = failed.fault.retry_after;
                    unanswered = Some(failed.fault);
                }
                Err(failed) => return Err(after_start(call.effect(purpose), failed)),
            }
        }
    }

    /// Whether it has ended well.
    fn has_ended(
        &self,
        call: &Call,
        purpose: Purpose,
        poll: &Poll,
        newest: &Answer,
    ) -> Result<bool, Failed> {
        let json = newest.secret_json().ok();
        let view = View::of(newest, json.as_ref());
        if all(&poll.until, view) {
            return Ok(true);
        }
        if poll.failed.is_empty() || !all(&poll.failed, view) {
            return Ok(false);
        }
        let said = match self.error_in(call, view) {
            Some(error) => format!("; it says: {error}"),
            None => String::new(),
        };
        let text = format!(
            "{}: what the call started has failed at the other side{said}",
            purpose.as_str()
        );
        let fault = Fault::new(FaultClass::Rejected, FaultKind::Refused, text);
        Err(self.about(fault).into())
    }

    /// The URL that the first answer tells. Our credential goes nowhere but to
    /// the server that was called.
    fn operation_url(
        &self,
        poll: &Poll,
        called: &Url,
        first: &Answer,
    ) -> Result<Option<Url>, Fault> {
        let Some(place) = &poll.url else {
            return Ok(None);
        };
        let json = first.secret_json().ok();
        let view = View::of(first, json.as_ref());
        // An answer that is the end already need not tell where to ask.
        let failed = !poll.failed.is_empty() && all(&poll.failed, view);
        if failed || all(&poll.until, view) {
            return Ok(None);
        }
        let told = place.text(view).and_then(|text| called.join(&text).ok());
        match told {
            Some(url) if url.origin() == called.origin() => Ok(Some(url)),
            Some(_) => Err(self.about(first.unexpected(format!(
                "the URL to ask at {place} is on another server: it is not followed"
            )))),
            None => Err(self.about(first.unexpected(format!("there is no URL to ask at {place}")))),
        }
    }

    /// One question how far it is.
    async fn ask(
        &self,
        call: &Call,
        purpose: Purpose,
        operation: Option<&Url>,
    ) -> Result<Arc<Answer>, Failed> {
        let source = Source {
            shared: &self.exchange.shared,
            context: &self.context,
            onto: self.onto(call),
            guard: self.guard,
            page: &PageMark::First,
        };
        let request = match operation {
            Some(url) => request::ask(call, purpose, url.clone(), &source),
            None => request::make(call, purpose, &source),
        };
        let request =
            request.map_err(|why| self.misconfigured(&format!("{}: {why}", purpose.as_str())))?;
        let answer = self.send(call, request).await?;
        match self.judged(call, purpose, &answer)? {
            Reply::Done(answer) => Ok(answer),
            Reply::Gone | Reply::Skipped => Err(self
                .about(answer.unexpected("what the call started is not there any more"))
                .into()),
        }
    }

    fn still_running(
        &self,
        call: &Call,
        purpose: Purpose,
        poll: &Poll,
        url: &Url,
        unanswered: Option<&Fault>,
    ) -> Failed {
        let class = if started(call.effect(purpose)) {
            FaultClass::Ambiguous
        } else {
            FaultClass::NotApplied
        };
        let unanswered = match unanswered {
            Some(fault) => format!("; the last question failed: {}", fault.message),
            None => String::new(),
        };
        let text = format!(
            "{}: what the call started at {} has not ended after {} s (`poll.at_most`){unanswered}",
            purpose.as_str(),
            host_of(url),
            poll.at_most.0.as_secs()
        );
        self.about(Fault::new(class, FaultKind::Timeout, text))
            .into()
    }
}

fn all(conditions: &[Condition], view: View<'_>) -> bool {
    conditions.iter().all(|c| c.holds(view).is_ok())
}

/// Whether the next question may be answered.
fn passes(fault: &Fault) -> bool {
    let asked_later = fault.class == FaultClass::NotApplied || fault.class == FaultClass::Throttled;
    let passing = match fault.kind {
        FaultKind::Network | FaultKind::Server | FaultKind::Throttled | FaultKind::Timeout => true,
        FaultKind::Auth
        | FaultKind::Schema
        | FaultKind::Conflict
        | FaultKind::Refused
        | FaultKind::Config
        | FaultKind::WrongTarget
        | FaultKind::VaultUnavailable => false,
    };
    asked_later && passing
}

/// A question that failed says nothing of what was started, unless a rule says
/// that it was refused. And a new session must not start it again.
fn after_start(effect: Effect, mut failed: Failed) -> Failed {
    if started(effect) {
        failed.unauthenticated = false;
        if failed.rule != Some(Means::Refused) {
            failed.fault.class = FaultClass::Ambiguous;
        }
    }
    failed
}

/// Whether a call that was accepted has changed something.
fn started(effect: Effect) -> bool {
    match effect {
        Effect::Creates | Effect::Writes => true,
        Effect::None | Effect::Ends => false,
    }
}
