//! Having a token issued. From the moment the answer holds a token, nothing may
//! fail any more: an error would lose it.

mod client_id;
mod expiry;
mod made;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::client_id::joined;
use self::made::{after_creation, made, tells_more, told_id, usable};
use super::HttpTokens;
use super::listing::scopes_at;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::{Call, Effect, Place, Purpose, Read, Reply, Run, View};
use crate::http::message::{Answer, SecretJson};
use crate::issuers::spelled;
use crate::ports::IssueRequest;
use crate::rotation::capability::Overlap;
use crate::rotation::outcome::IssuedToken;
use crate::scim::scopes::ScopeSource;
use crate::secret::{BearerToken, TokenShapeError};

/// The answers of the calls of one issue.
struct Answers<'c> {
    all: Vec<Answered<'c>>,
}

/// One of them.
struct Answered<'c> {
    call: &'c Call,
    answer: Arc<Answer>,
    json: Option<SecretJson>,
}

impl<'c> Answered<'c> {
    fn of(call: &'c Call, answer: Arc<Answer>) -> Self {
        let json = answer.secret_json().ok();
        Self { call, answer, json }
    }

    fn view(&self) -> View<'_> {
        View::of(&self.answer, self.json.as_ref())
    }
}

impl Answers<'_> {
    /// What the first answer tells that has it.
    fn find<T>(&self, what: impl Fn(&Read, View<'_>) -> Option<T>) -> Option<T> {
        self.all
            .iter()
            .find_map(|answered| what(&answered.call.read, answered.view()))
    }

    fn text(&self, place: impl Fn(&Read) -> Option<&Place>) -> Option<String> {
        self.find(|read, view| place(read)?.text(view))
    }
}

impl HttpTokens {
    pub(super) async fn issue_by_calls(
        &self,
        request: &IssueRequest,
    ) -> Result<IssuedToken, Fault> {
        let asked = self.config.lifetime.asked(request.lifetime);
        let mut run = self.begin(&request.token).await?;
        let sent_at = self.clock.now();
        self.fill(&mut run, request, asked, sent_at);
        let answers = self.make_calls(&mut run).await?;
        let value = match &request.chosen {
            Some(chosen) => chosen.clone(),
            None => read_value(&answers, &run)
                .map_err(|fault| made(fault, usable(answers.text(|read| read.id.as_ref()))))?,
        };
        let value = with_client_id(value, &answers, &run)
            .map_err(|fault| made(fault, usable(answers.text(|read| read.id.as_ref()))))?;
        let id = self.issued_id(&mut run, request, &answers, &value).await?;
        let (expires_at, expiry) = self.expiry(&value, &answers, asked, sent_at);
        let answer = ScopeSource::Answer;
        Ok(IssuedToken {
            id,
            scopes: answers.find(|read, view| scopes_at(read, view, answer, Some(&value))),
            asked_life: asked,
            expires_at,
            expiry,
            old_dies_at: self.old_dies_at(request, &answers, sent_at),
            value,
        })
    }

    /// Every call in its order. Once a token was created, a failure is never
    /// "nothing was done": the core looks for the token then.
    async fn make_calls(&self, run: &mut Run<'_>) -> Result<Answers<'_>, Fault> {
        let mut created = false;
        let mut all = Vec::new();
        for call in &self.config.issue.0 {
            match run.call(call, Purpose::Issue).await {
                Ok(Reply::Done(answer)) => {
                    created |= call.effect(Purpose::Issue) == Effect::Creates;
                    all.push(Answered::of(call, answer));
                }
                Ok(Reply::Skipped) => {}
                Ok(Reply::Gone) => {
                    let what = "a rule of `answers` says that there is no such token, which cannot be when one is issued: correct the rule";
                    let fault = after_creation(created, self.exchange.refuse(what));
                    return Err(made(fault, told_id(all)));
                }
                // The token is known, and what only tells more of it must not lose it.
                Err(failed) if tells_more(call, &all) => {
                    tracing::warn!(
                        issuer = self.exchange.name(),
                        "a token was issued, and not all that is to be known of it was told: {}",
                        failed.fault
                    );
                }
                Err(failed) => {
                    let fault = after_creation(created, failed.fault);
                    let answered = failed.answer.map(|answer| Answered::of(call, answer));
                    all.extend(answered);
                    return Err(made(fault, told_id(all)));
                }
            }
        }
        Ok(Answers { all })
    }

    fn fill(
        &self,
        run: &mut Run<'_>,
        request: &IssueRequest,
        asked: Option<SignedDuration>,
        now: Timestamp,
    ) {
        let current = request.current.as_ref();
        let id = current.and_then(|handle| self.id_to_rotate(handle));
        let overlap = self.overlap(request);
        run.with(|context| {
            let context = context
                .text("label", &request.label)
                .seconds("overlap_seconds", Some(overlap))
                .time("overlap_ends_at", now.checked_add(overlap).ok())
                .maybe("etag", request.etag.as_deref())
                .maybe("id", id.as_deref());
            self.config.lifetime.fill(context, asked, now)
        });
        run.with_token(
            "old_token",
            current.and_then(|handle| handle.value.as_ref()),
        );
        run.with_token("token", request.chosen.as_ref());
    }

    /// The overlap to ask for, within what the issuer grants.
    fn overlap(&self, request: &IssueRequest) -> SignedDuration {
        match self.capabilities.overlap {
            Overlap::IssuerTimed { max } => request.overlap.min(max),
            Overlap::ExplicitRetire | Overlap::TwoPhase { .. } | Overlap::None => request.overlap,
        }
    }

    /// The id as an answer tells it, or the token's own text, or the list.
    async fn issued_id(
        &self,
        run: &mut Run<'_>,
        request: &IssueRequest,
        answers: &Answers<'_>,
        value: &BearerToken,
    ) -> Result<Option<String>, Fault> {
        let told = answers.text(|read| read.id.as_ref());
        let from_value = || {
            self.config
                .id_from_token
                .as_ref()
                .and_then(|r| r.read(value))
        };
        let Some(id) = told.or_else(from_value) else {
            return Ok(self.id_by_label(run, request).await);
        };
        // What is revoked later must be the id of this token, and nothing that a
        // URL or a log could take for something else.
        match spelled::objection(&id, Some(value)) {
            None => Ok(Some(id)),
            Some(why) => {
                let text = format!(
                    "issue: the id of the new token {why}, so it is no id: correct `issue.read.id`"
                );
                let fault = Fault::new(FaultClass::Ambiguous, FaultKind::Schema, text);
                Err(run.about(fault.complete()))
            }
        }
    }

    async fn id_by_label(&self, run: &mut Run<'_>, request: &IssueRequest) -> Option<String> {
        self.config.list.as_ref()?.read.label.as_ref()?;
        match self.listing_in(run).await {
            Ok(listing) => {
                let mut ours = listing
                    .tokens
                    .into_iter()
                    .filter(|t| t.label.as_deref() == Some(request.label.as_str()));
                ours.next().map(|t| t.id)
            }
            Err(fault) => {
                tracing::warn!(
                    issuer = self.exchange.name(),
                    token = request.token,
                    "the new token's id could not be looked up: {fault}"
                );
                None
            }
        }
    }
}

fn read_value(answers: &Answers<'_>, run: &Run<'_>) -> Result<BearerToken, Fault> {
    let mut told = answers.all.iter().rev();
    let Some(answered) = told.find(|answered| answered.call.read.token.is_some()) else {
        return Err(run.misconfigured(
            "no call of `issue` that was made says where the token is: write `read.token`",
        ));
    };
    let (answer, view) = (&answered.answer, answered.view());
    let said = match run.error_in(answered.call, view) {
        Some(error) => format!("; it says: {error}"),
        None => String::new(),
    };
    let lost = |what: String| after_creation(true, run.about(answer.unexpected(what + &said)));
    let Some(place) = &answered.call.read.token else {
        return Err(lost("`read.token` is not configured".to_owned()));
    };
    let shape = || run.mask().clean(&answer.shape());
    if let (Err(mut fault), true) = (answer.secret_json(), place.is_json()) {
        fault.message.push_str(&format!(
            "; the token was expected at {place}, and the answer has {}. Where the body itself is the token, write `token = {{ text = true }}` in `read`, and where a header has it, `token = {{ header = \"Name\" }}`",
            shape()
        ));
        return Err(after_creation(true, run.about(fault)));
    }
    let found = place.find(view);
    let Some(text) = found.as_ref().and_then(|found| found.as_str()) else {
        let shape = shape();
        return Err(lost(format!(
            "there is no token at {place} (`read.token` of `issue`): it has {shape}. Write the place that has the token: \"/a/b\", or {{ header = \"Name\" }}"
        )));
    };
    BearerToken::parse(text).map_err(|shape| {
        let remedy = match shape {
            TokenShapeError::SchemePrefix => {
                ": cut the word off with `between = [\"Bearer \", \"\"]` in the place, as in { at = \"/token\", between = [\"Bearer \", \"\"] }"
            }
            TokenShapeError::Empty
            | TokenShapeError::TooLong { limit: _ }
            | TokenShapeError::SurroundingSpace
            | TokenShapeError::Unprintable { .. } => "",
        };
        lost(format!("what is at {place} cannot be used: {shape}{remedy}"))
    })
}

/// A secret whose client id is announced and not told is of no use.
fn with_client_id(
    value: BearerToken,
    answers: &Answers<'_>,
    run: &Run<'_>,
) -> Result<BearerToken, Fault> {
    let mut told = answers.all.iter();
    let Some(answered) = told.find(|answered| answered.call.read.client_id.is_some()) else {
        return Ok(value);
    };
    joined(value, answers.text(|read| read.client_id.as_ref()))
        .map_err(|why| after_creation(true, run.about(answered.answer.unexpected(why))))
}
