//! What the program's answer means.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::Action;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::issuers::spelled;
use crate::program::{Finished, pause, said_on_stderr};
use crate::rotation::outcome::{ListedToken, Listing};
use crate::secret::BearerToken;
use crate::secret::mask::Mask;

/// The word in `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// The answer has a new token.
    Issued,
    /// The answer has the list.
    Listed,
    /// The token is revoked, or there is none.
    Revoked,
    /// Nothing was done; try again.
    NotApplied,
    /// It may have been done.
    Unknown,
    /// A permanent refusal.
    Refused,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Listed => "listed",
            Self::Revoked => "revoked",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// One JSON object. No `Debug`: it may hold a token.
#[derive(Deserialize)]
struct Output {
    result: Word,
    #[serde(default, deserialize_with = "wiped")]
    token: Option<Zeroizing<String>>,
    id: Option<String>,
    expires_at: Option<Timestamp>,
    old_dies_at: Option<Timestamp>,
    tokens: Option<Vec<Item>>,
    detail: Option<String>,
    retry_after_seconds: Option<u64>,
}

fn wiped<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Zeroizing::new))
}

/// A token of the list.
#[derive(Deserialize)]
struct Item {
    id: String,
    label: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

/// A well-formed answer.
pub(super) struct Reply {
    /// Who was asked for what.
    subject: String,
    output: Output,
    /// Masked and escaped.
    detail: String,
    retry_after: Option<SignedDuration>,
}

/// What the program issued.
pub(super) struct Issued {
    pub(super) value: BearerToken,
    pub(super) id: Option<String>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) old_dies_at: Option<Timestamp>,
}

impl Reply {
    /// Reads what the program left.
    ///
    /// # Errors
    /// When it did not end in time, or did not answer in the agreed form. A token
    /// may then have been issued; a list and a revocation may be repeated.
    pub(super) fn read(
        subject: String,
        action: Action,
        finished: &Finished,
        known: &[&str],
    ) -> Result<Self, Fault> {
        let mask = Mask::over(known.iter().copied());
        // Without its answer the new token is not known, and so not masked.
        let stderr = match action {
            Action::Issue => String::new(),
            Action::List | Action::Revoke => said_on_stderr(&finished.stderr, &mask),
        };
        let fault = |kind, what: &str| {
            let text = format!("{subject}: {what}{stderr}");
            Fault::new(action.unclear(), kind, text)
        };
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
                    "{status}, and standard output is not the JSON object {{\"result\": \"issued\" | \"listed\" | \"revoked\" | \"not_applied\" | \"unknown\" | \"refused\", …}}, with times in RFC 3339"
                ),
            ));
        };
        let new = output.token.as_ref().map(|token| token.as_str());
        let mask = Mask::over(known.iter().copied().chain(new));
        let stderr = said_on_stderr(&finished.stderr, &mask);
        let succeeds = match output.result {
            Word::Issued | Word::Listed | Word::Revoked => true,
            Word::NotApplied | Word::Unknown | Word::Refused => false,
        };
        if succeeds && !status.success() {
            let text = format!(
                "{subject}: it says `{}` but ended with {status}; success needs exit status 0{stderr}",
                output.result.as_str()
            );
            return Err(Fault::new(action.unclear(), FaultKind::Schema, text));
        }
        let detail = match output.detail.as_deref() {
            Some(text) if !text.trim().is_empty() => mask.quote(text),
            Some(_) | None if stderr.is_empty() => "no detail given".to_owned(),
            Some(_) | None => stderr.trim_start_matches("; ").to_owned(),
        };
        Ok(Self {
            subject,
            detail,
            retry_after: output.retry_after_seconds.map(pause),
            output,
        })
    }

    /// The new token; `chosen` is the one that we have chosen.
    pub(super) fn issued(mut self, chosen: Option<&BearerToken>) -> Result<Issued, Fault> {
        if self.output.result != Word::Issued {
            return Err(self.failure(Action::Issue));
        }
        let value = match (self.output.token.take(), chosen) {
            (_, Some(chosen)) => chosen.clone(),
            (Some(text), None) => BearerToken::parse(text.as_str())
                .map_err(|shape| self.useless(&format!("its `token` cannot be used: {shape}")))?,
            (None, None) => return Err(self.useless("there is no `token` in its answer")),
        };
        if let Some(id) = &self.output.id
            && let Some(why) = spelled::objection(id, Some(&value))
        {
            return Err(self.useless(&format!("the `id` of the new token {why}, so it is no id")));
        }
        Ok(Issued {
            value,
            id: self.output.id.take(),
            expires_at: self.output.expires_at,
            old_dies_at: self.output.old_dies_at,
        })
    }

    /// The live tokens.
    pub(super) fn listing(self, now: Timestamp) -> Result<Listing, Fault> {
        if self.output.result != Word::Listed {
            return Err(self.failure(Action::List));
        }
        let Some(items) = self.output.tokens else {
            let text = format!("{}: there is no array `tokens` in its answer", self.subject);
            let class = Action::List.unclear();
            return Err(Fault::new(class, FaultKind::Schema, text).complete());
        };
        let mut listing = Listing::default();
        for item in items {
            let live = item.expires_at.is_none_or(|end| end > now);
            let known = listing.tokens.iter().any(|token| token.id == item.id);
            if live && !known && spelled::objection(&item.id, None).is_none() {
                let label = item.label;
                listing.tokens.push(ListedToken {
                    label: label.filter(|l| spelled::objection_to_label(l).is_none()),
                    created_at: item.created_at,
                    expires_at: item.expires_at,
                    last_used_at: item.last_used_at,
                    ..ListedToken::with_id(item.id)
                });
            }
        }
        Ok(listing)
    }

    /// That a token is revoked.
    pub(super) fn revoked(self) -> Result<(), Fault> {
        match self.output.result {
            Word::Revoked => Ok(()),
            Word::Issued | Word::Listed | Word::NotApplied | Word::Unknown | Word::Refused => {
                Err(self.failure(Action::Revoke))
            }
        }
    }

    /// What an answer means that is no success of this action.
    fn failure(&self, action: Action) -> Fault {
        let (class, kind) = match self.output.result {
            Word::NotApplied => (FaultClass::NotApplied, FaultKind::Server),
            Word::Unknown => (action.unclear(), FaultKind::Server),
            Word::Refused => (FaultClass::Rejected, FaultKind::Refused),
            Word::Issued | Word::Listed | Word::Revoked => {
                let text = format!(
                    "{}: `{}` is no answer to this action; see config/issuers/exec.toml",
                    self.subject,
                    self.output.result.as_str()
                );
                return Fault::new(action.unclear(), FaultKind::Schema, text);
            }
        };
        let text = format!(
            "{}: the program says `{}`: {}",
            self.subject,
            self.output.result.as_str(),
            self.detail
        );
        Fault::new(class, kind, text).after(self.retry_after)
    }

    fn useless(&self, why: &str) -> Fault {
        let text = format!("{}: {why}", self.subject);
        Fault::new(FaultClass::Ambiguous, FaultKind::Schema, text).complete()
    }
}
