//! What the program's answer means.

use jiff::SignedDuration;
use serde::Deserialize;

use super::Action;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::program::{Finished, pause, said_on_stderr};
use crate::rotation::outcome::Confirmation;
use crate::secret::mask::Mask;

/// The word in `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExecAnswer {
    /// The token is in place.
    Applied,
    /// Nothing was changed; try again.
    NotApplied,
    /// It may have been changed, or nothing can be told.
    Unknown,
    /// The identity provider works with it.
    Confirmed,
    /// Not yet seen to work.
    NotYet,
    /// A permanent refusal.
    Refused,
}

impl ExecAnswer {
    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Confirmed => "confirmed",
            Self::NotYet => "not_yet",
            Self::Refused => "refused",
        }
    }
}

#[derive(Deserialize)]
struct Output {
    result: ExecAnswer,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    retry_after_seconds: Option<u64>,
}

/// A well-formed answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// Who was asked for what.
    subject: String,
    answer: ExecAnswer,
    /// Masked and escaped.
    detail: String,
    retry_after: Option<SignedDuration>,
}

impl Reply {
    /// Reads what the program left.
    ///
    /// # Errors
    /// When it did not end in time, or did not answer in the agreed form. A
    /// delivery may then have happened; an action that only looks has not.
    pub(super) fn read(
        subject: String,
        action: Action,
        finished: &Finished,
        mask: &Mask,
    ) -> Result<Self, Fault> {
        let class = match action {
            Action::Deliver => FaultClass::Ambiguous,
            Action::Confirm | Action::Preflight => FaultClass::NotApplied,
        };
        let stderr = said_on_stderr(&finished.stderr, mask);
        let fault =
            |kind, what: &str| Fault::new(class, kind, format!("{subject}: {what}{stderr}"));
        let Some(status) = finished.status else {
            return Err(fault(
                FaultKind::Timeout,
                "no end within the timeout; the program and its children were killed. Raise `timeout` or see what it waits for",
            ));
        };
        if finished.stdout.overflowed {
            return Err(fault(
                FaultKind::Schema,
                "more than 64 KiB on standard output; it must be one JSON object and nothing else",
            ));
        }
        let Ok(output) = serde_json::from_slice::<Output>(&finished.stdout.bytes) else {
            return Err(fault(
                FaultKind::Schema,
                &format!(
                    "{status}, and standard output is not the JSON object {{\"result\": \"applied\" | \"not_applied\" | \"unknown\" | \"confirmed\" | \"not_yet\" | \"refused\"}}"
                ),
            ));
        };
        match output.result {
            ExecAnswer::Applied | ExecAnswer::Confirmed if !status.success() => {
                return Err(fault(
                    FaultKind::Schema,
                    &format!(
                        "it says `{}` but ended with {status}; success needs exit status 0",
                        output.result.as_str()
                    ),
                ));
            }
            ExecAnswer::Applied
            | ExecAnswer::NotApplied
            | ExecAnswer::Unknown
            | ExecAnswer::Confirmed
            | ExecAnswer::NotYet
            | ExecAnswer::Refused => {}
        }
        let detail = match output.detail.as_deref() {
            Some(text) if !text.trim().is_empty() => mask.quote(text),
            Some(_) | None if stderr.is_empty() => "no detail given".to_owned(),
            Some(_) | None => stderr.trim_start_matches("; ").to_owned(),
        };
        Ok(Self {
            subject,
            answer: output.result,
            detail,
            retry_after: output.retry_after_seconds.map(pause),
        })
    }

    fn fault(&self, class: FaultClass, kind: FaultKind) -> Fault {
        let text = format!(
            "{}: the program says `{}`: {}",
            self.subject,
            self.answer.as_str(),
            self.detail
        );
        Fault::new(class, kind, text).after(self.retry_after)
    }

    fn out_of_place(&self, class: FaultClass) -> Fault {
        let text = format!(
            "{}: `{}` is no answer to this action; see the table of answers in the documentation of `exec`",
            self.subject,
            self.answer.as_str()
        );
        Fault::new(class, FaultKind::Schema, text)
    }
}

/// The meaning of an answer to `deliver`.
pub(super) fn of_delivery(reply: &Reply) -> Result<(), Fault> {
    match reply.answer {
        ExecAnswer::Applied => Ok(()),
        ExecAnswer::NotApplied => Err(reply.fault(FaultClass::NotApplied, FaultKind::Server)),
        ExecAnswer::Unknown => Err(reply.fault(FaultClass::Ambiguous, FaultKind::Server)),
        ExecAnswer::Refused => Err(reply.fault(FaultClass::Rejected, FaultKind::Refused)),
        ExecAnswer::Confirmed | ExecAnswer::NotYet => {
            Err(reply.out_of_place(FaultClass::Ambiguous))
        }
    }
}

/// The meaning of an answer to `confirm`.
pub(super) fn of_confirmation(reply: &Reply) -> Result<Confirmation, Fault> {
    match reply.answer {
        ExecAnswer::Confirmed => Ok(Confirmation::Works),
        ExecAnswer::Unknown => Ok(Confirmation::CannotTell),
        ExecAnswer::NotYet => Ok(Confirmation::NotYet {
            detail: reply.detail.clone(),
            ask_again: reply.retry_after,
        }),
        ExecAnswer::Refused => Ok(Confirmation::Refused {
            detail: reply.detail.clone(),
        }),
        ExecAnswer::NotApplied => Err(reply.fault(FaultClass::NotApplied, FaultKind::Server)),
        ExecAnswer::Applied => Err(reply.out_of_place(FaultClass::NotApplied)),
    }
}

/// The meaning of an answer to `preflight`.
pub(super) fn of_preflight(reply: &Reply) -> Result<(), Fault> {
    match reply.answer {
        ExecAnswer::Confirmed | ExecAnswer::Applied => Ok(()),
        ExecAnswer::Refused => Err(reply.fault(FaultClass::Rejected, FaultKind::Config)),
        ExecAnswer::NotApplied | ExecAnswer::NotYet | ExecAnswer::Unknown => {
            Err(reply.fault(FaultClass::NotApplied, FaultKind::Server))
        }
    }
}
