//! What an answer means for a step. A status alone does not tell: several
//! identity providers answer 200 and save nothing, or 500 and save.

use jiff::Timestamp;
use serde_json::Value;

use super::config::Step;
use super::purpose::Purpose;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::Answer;
use crate::http::predicate::Success;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::status::{ErrorClasses, fault_from};

/// What counts as a success when nothing else is configured.
const DEFAULT_SUCCESS: [u16; 4] = [200, 201, 202, 204];

const LONGEST_CODE: usize = 64;

/// What an answer means.
pub(super) enum Verdict {
    /// The step did what it is for.
    Good,
    /// The predicate `fatal` holds: asking again cannot help.
    Fatal(Fault),
    /// Anything else.
    Failed(Fault),
}

/// Judges an answer: `fatal`, `retryable`, `success`, `applied`, in this order,
/// then the meaning of its status.
pub(super) fn judge(
    step: &Step,
    purpose: Purpose,
    answer: &Answer,
    dialect: &RateLimitDialect,
    now: Timestamp,
) -> Verdict {
    let code = error_code(step, answer);
    let told = |what: &str| format!("{} answered {}{code}: {what}", answer.origin, answer.status);
    if holds(step.fatal.as_ref(), answer) {
        let text = told("a final refusal, as the predicate `fatal` says");
        return Verdict::Fatal(Fault::new(FaultClass::Rejected, FaultKind::Refused, text));
    }
    if holds(step.retryable.as_ref(), answer) {
        let (class, kind) = match answer.status {
            429 => (FaultClass::Throttled, FaultKind::Throttled),
            _ => (FaultClass::NotApplied, FaultKind::Server),
        };
        let text =
            told("nothing was changed, as the predicate `retryable` says; asked again later");
        let fault = Fault::new(class, kind, text);
        return Verdict::Failed(fault.after(answer.retry_after(now, dialect)));
    }
    let unmet = match step.success.holds(answer, &DEFAULT_SUCCESS) {
        Ok(()) => return Verdict::Good,
        Err(why) => why,
    };
    if holds(step.applied.as_ref(), answer) {
        tracing::debug!(
            step = purpose.as_str(),
            status = answer.status,
            "the answer looks like an error, but the change was made"
        );
        return Verdict::Good;
    }
    if step.success.accepts_status(answer.status, &DEFAULT_SUCCESS) {
        return Verdict::Failed(body_fault(step, answer, &told(&unmet)));
    }
    let mut fault = fault_from(answer, &ErrorClasses::default(), dialect, now);
    if !code.is_empty() {
        fault.message = format!("{} (its code is{code})", fault.message);
    }
    Verdict::Failed(fault)
}

/// A good status with a body that does not say so. Where the body says
/// something else than it should, it is a refusal; where it says nothing,
/// nobody knows.
fn body_fault(step: &Step, answer: &Answer, text: &str) -> Fault {
    let body = match answer.secret_json() {
        Ok(body) => body,
        Err(fault) => return fault,
    };
    let silent = step.success.body.iter().any(|condition| {
        let found = condition.at.as_ref().and_then(|at| at.get(&body));
        found.is_none_or(Value::is_null) && condition.holds(&body).is_err()
    });
    if silent {
        Fault::new(answer.origin.unclear(), FaultKind::Schema, text)
    } else {
        Fault::new(FaultClass::Rejected, FaultKind::Refused, text)
    }
}

fn holds(predicate: Option<&Success>, answer: &Answer) -> bool {
    let Some(predicate) = predicate else {
        return false;
    };
    let status = predicate.status.is_empty() || predicate.status.contains(&answer.status);
    status
        && (predicate.body.is_empty()
            || answer
                .secret_json()
                .is_ok_and(|body| predicate.body.iter().all(|c| c.holds(&body).is_ok())))
}

/// ` CODE` if the answer has a code that looks like one: foreign text of any
/// other shape stays out of errors.
fn error_code(step: &Step, answer: &Answer) -> String {
    let code = step.error_code.as_ref().and_then(|field| {
        let body = answer.secret_json().ok()?;
        field.read(&body)
    });
    match code {
        Some(code)
            if (1..=LONGEST_CODE).contains(&code.len())
                && code
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b)) =>
        {
            format!(" {code}")
        }
        Some(_) | None => String::new(),
    }
}
