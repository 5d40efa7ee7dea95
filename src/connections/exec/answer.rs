//! What the program's answer means.

use serde::Deserialize;

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::program::{Answer, Common, Reply};
use crate::rotation::outcome::Confirmation;

/// The word in `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
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

impl Word {
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

/// One JSON object.
#[derive(Deserialize)]
pub(super) struct Output {
    result: Word,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    retry_after_seconds: Option<u64>,
}

impl Answer for Output {
    const FORM: &'static str = "{\"result\": \"applied\" | \"not_applied\" | \"unknown\" | \"confirmed\" | \"not_yet\" | \"refused\"}";
    const TABLE: &'static str = "the table of answers in the documentation of `exec`";

    fn common(&self) -> Common<'_> {
        Common {
            word: self.result.as_str(),
            succeeds: match self.result {
                Word::Applied | Word::Confirmed => true,
                Word::NotApplied | Word::Unknown | Word::NotYet | Word::Refused => false,
            },
            detail: self.detail.as_deref(),
            retry_after_seconds: self.retry_after_seconds,
            token: None,
        }
    }
}

/// The meaning of an answer to `deliver`.
pub(super) fn of_delivery(reply: &Reply<Output>) -> Result<(), Fault> {
    match reply.answer.result {
        Word::Applied => Ok(()),
        Word::NotApplied => Err(reply.failure(FaultClass::NotApplied, FaultKind::Server)),
        Word::Unknown => Err(reply.failure(FaultClass::Ambiguous, FaultKind::Server)),
        Word::Refused => Err(reply.failure(FaultClass::Rejected, FaultKind::Refused)),
        Word::Confirmed | Word::NotYet => Err(reply.out_of_place(FaultClass::Ambiguous)),
    }
}

/// The meaning of an answer to `confirm`.
pub(super) fn of_confirmation(reply: &Reply<Output>) -> Result<Confirmation, Fault> {
    match reply.answer.result {
        Word::Confirmed => Ok(Confirmation::Works),
        Word::Unknown => Ok(Confirmation::CannotTell),
        Word::NotYet => Ok(Confirmation::NotYet {
            detail: reply.detail.clone(),
            ask_again: reply.retry_after,
        }),
        Word::Refused => Ok(Confirmation::Refused {
            detail: reply.detail.clone(),
        }),
        Word::NotApplied => Err(reply.failure(FaultClass::NotApplied, FaultKind::Server)),
        Word::Applied => Err(reply.out_of_place(FaultClass::NotApplied)),
    }
}

/// The meaning of an answer to `preflight`.
pub(super) fn of_preflight(reply: &Reply<Output>) -> Result<(), Fault> {
    match reply.answer.result {
        Word::Confirmed | Word::Applied => Ok(()),
        Word::Refused => Err(reply.failure(FaultClass::Rejected, FaultKind::Config)),
        Word::NotApplied | Word::NotYet | Word::Unknown => {
            Err(reply.failure(FaultClass::NotApplied, FaultKind::Server))
        }
    }
}
