//! Reads what a program answered: one JSON object on standard output.

use jiff::SignedDuration;
use serde::de::DeserializeOwned;

use super::child::{Captured, Finished, OUTPUT_CAP};
use super::question::Question;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::mask::Mask;

/// Longest pause that a program may ask for.
const LONGEST_PAUSE_SECONDS: u64 = 7 * 24 * 3600;

/// What is cut off the end of a stream that was too long: a token may have
/// been cut in two there, and half a token is not recognised.
const UNSAFE_TAIL: usize = OUTPUT_CAP / 4;

/// The JSON object that the programs of a kind answer with.
pub(crate) trait Answer: DeserializeOwned {
    /// The form of the object, for the error about any other.
    const FORM: &'static str;
    /// Where a person reads which word answers which action, for the error about
    /// another one.
    const TABLE: &'static str;

    /// What the answers of all kinds have.
    fn common(&self) -> Common<'_>;
}

/// What the answers of all kinds have.
pub(crate) struct Common<'a> {
    /// The word in `result`.
    pub(crate) word: &'static str,
    /// Whether the word says that it was done.
    pub(crate) succeeds: bool,
    /// What the program says to a person.
    pub(crate) detail: Option<&'a str>,
    /// The pause that it asks for.
    pub(crate) retry_after_seconds: Option<u64>,
    /// A new token: a secret.
    pub(crate) token: Option<&'a str>,
}

/// A well-formed answer.
pub(crate) struct Reply<A> {
    /// Who was asked for what.
    subject: String,
    pub(crate) answer: A,
    /// Masked and escaped.
    pub(crate) detail: String,
    pub(crate) retry_after: Option<SignedDuration>,
}

impl<A: Answer> Reply<A> {
    /// Reads what the program left.
    ///
    /// # Errors
    /// When it did not end in time, or did not answer in the agreed form. Then
    /// nobody knows whether it did what it was asked.
    pub(super) fn read(
        subject: String,
        question: &Question<'_>,
        finished: &Finished,
    ) -> Result<Self, Fault> {
        let given = question.given.iter().copied();
        let malformed = |kind, what: &str| {
            // Without its answer a new token is not known, and so not masked.
            let stderr = if question.yields_token {
                String::new()
            } else {
                said_on_stderr(&finished.stderr, &Mask::over(given.clone()))
            };
            let text = format!("{subject}: {what}{stderr}");
            Fault::new(question.unclear, kind, text)
        };
        let Some(status) = finished.status else {
            return Err(malformed(
                FaultKind::Timeout,
                "no end within the timeout; the program and its children were killed. Raise `timeout` or see what it waits for",
            ));
        };
        if finished.stdout.overflowed {
            return Err(malformed(
                FaultKind::Schema,
                "more than 64 KiB on standard output; it must be one JSON object and nothing else",
            ));
        }
        let Ok(answer) = serde_json::from_slice::<A>(&finished.stdout.bytes) else {
            let what = format!(
                "{status}, and standard output is not the JSON object {}",
                A::FORM
            );
            return Err(malformed(FaultKind::Schema, &what));
        };
        let common = answer.common();
        let mask = Mask::over(given.chain(common.token));
        let stderr = said_on_stderr(&finished.stderr, &mask);
        if common.succeeds && !status.success() {
            let text = format!(
                "{subject}: it says `{}` but ended with {status}; success needs exit status 0{stderr}",
                common.word
            );
            return Err(Fault::new(question.unclear, FaultKind::Schema, text));
        }
        let detail = match common.detail {
            Some(text) if !text.trim().is_empty() => mask.quote(text),
            Some(_) | None if stderr.is_empty() => "no detail given".to_owned(),
            Some(_) | None => stderr.trim_start_matches("; ").to_owned(),
        };
        Ok(Self {
            subject,
            detail,
            retry_after: common.retry_after_seconds.map(pause),
            answer,
        })
    }

    /// A failure that the program tells.
    pub(crate) fn failure(&self, class: FaultClass, kind: FaultKind) -> Fault {
        let word = self.answer.common().word;
        let text = format!(
            "{}: the program says `{word}`: {}",
            self.subject, self.detail
        );
        Fault::new(class, kind, text).after(self.retry_after)
    }

    /// A word that answers another action.
    pub(crate) fn out_of_place(&self, class: FaultClass) -> Fault {
        let word = self.answer.common().word;
        let text = format!(
            "{}: `{word}` is no answer to this action; see {}",
            self.subject,
            A::TABLE
        );
        Fault::new(class, FaultKind::Schema, text)
    }

    /// An answer that lacks what its word promises.
    pub(crate) fn useless(&self, class: FaultClass, why: &str) -> Fault {
        let text = format!("{}: {why}", self.subject);
        Fault::new(class, FaultKind::Schema, text).complete()
    }
}

/// A pause that a program asks for, within bounds.
fn pause(seconds: u64) -> SignedDuration {
    let bounded = seconds.min(LONGEST_PAUSE_SECONDS);
    SignedDuration::from_secs(i64::try_from(bounded).unwrap_or_default())
}

/// What a program wrote to standard error, masked, for the end of a message.
fn said_on_stderr(stderr: &Captured, mask: &Mask) -> String {
    let kept = if stderr.overflowed {
        &stderr.bytes[..stderr.bytes.len() - UNSAFE_TAIL]
    } else {
        &stderr.bytes[..]
    };
    let quoted = mask.quote(&String::from_utf8_lossy(kept));
    if quoted.is_empty() {
        String::new()
    } else {
        format!("; standard error ends with: {quoted}")
    }
}
