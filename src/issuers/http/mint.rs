//! Having a token made. From the moment the answer holds a token, nothing may
//! fail any more: an error would lose it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::HttpTokens;
use super::config::MintFields;
use super::operation::{Called, Kind};
use crate::fault::Fault;
use crate::http::extract::{Known, TimeField};
use crate::http::message::Answer;
use crate::http::template::Context;
use crate::issuers::jwt;
use crate::ports::IssueRequest;
use crate::rotation::capability::{ExpirySource, IssueEffect, Overlap};
use crate::rotation::outcome::IssuedToken;
use crate::rotation::record::ExpiryKnown;
use crate::secret::BearerToken;

impl HttpTokens {
    pub(super) async fn mint(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let asked = self.config.lifetime.asked(request.lifetime);
        let sent_at = self.clock.now();
        let context = self.mint_context(request, asked, sent_at).await?;
        let called = self
            .api
            .call(&self.config.mint, Kind::Mint, &context)
            .await?;
        let Called::Done(answer) = called else {
            return Err(self.api.refuse(
                "the mint answered with a code that `mint.gone` lists: remove it there".to_owned(),
            ));
        };
        let fields = &self.config.mint.extract;
        let body = match request.chosen {
            // We know the secret; the answer need not be JSON.
            Some(_) => answer.secret_json().ok(),
            None => Some(answer.secret_json()?),
        };
        let body = body.as_deref().unwrap_or(&Value::Null);
        let value = match &request.chosen {
            Some(chosen) => chosen.clone(),
            None => read_value(fields, &answer, body)?,
        };
        let id = self.minted_id(request, body, &value).await;
        let (expires_at, expiry) = self.expiry(&value, body, asked, sent_at);
        Ok(IssuedToken {
            id,
            expires_at,
            expiry,
            old_dies_at: self.old_dies_at(request, body, sent_at),
            value,
        })
    }

    async fn mint_context(
        &self,
        request: &IssueRequest,
        asked: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<Context, Fault> {
        let current = request.current.as_ref();
        let context = self
            .context(&request.token)
            .await?
            .text("label", &request.label)
            .seconds("overlap_seconds", Some(self.overlap(request)))
            .maybe("etag", request.etag.as_deref())
            .maybe(
                "id",
                current.and_then(|handle| self.id_of(handle)).as_deref(),
            )
            .maybe_secret(
                "old_token",
                current.and_then(|handle| handle.value.as_ref()),
            )
            .maybe_secret("token", request.chosen.as_ref());
        Ok(self.config.lifetime.fill(context, asked, now))
    }

    /// The overlap to ask for, within what the issuer grants.
    fn overlap(&self, request: &IssueRequest) -> SignedDuration {
        match self.capabilities.overlap {
            Overlap::IssuerTimed { max } => request.overlap.min(max),
            Overlap::ExplicitRetire | Overlap::TwoPhase { .. } | Overlap::None => request.overlap,
        }
    }

    /// The id as the answer tells it, or the token's own text, or the list.
    async fn minted_id(
        &self,
        request: &IssueRequest,
        body: &Value,
        value: &BearerToken,
    ) -> Option<String> {
        let told = self
            .config
            .mint
            .extract
            .id
            .as_ref()
            .and_then(|p| p.text(body));
        let from_value = || {
            self.config
                .id_from_token
                .as_ref()
                .and_then(|r| r.read(value))
        };
        match told.or_else(from_value) {
            Some(id) => Some(id),
            None => self.id_by_label(request).await,
        }
    }

    async fn id_by_label(&self, request: &IssueRequest) -> Option<String> {
        self.config.list.as_ref()?.extract.label.as_ref()?;
        match self.read_listing(&request.token).await {
            Ok(listing) => {
                let mut ours = listing
                    .tokens
                    .into_iter()
                    .filter(|t| t.label.as_deref() == Some(request.label.as_str()));
                ours.next().map(|t| t.id)
            }
            Err(fault) => {
                tracing::warn!(
                    issuer = self.api.name(),
                    token = request.token,
                    "the new token's id could not be looked up: {fault}"
                );
                None
            }
        }
    }

    /// The life really issued counts, not the one asked for.
    fn expiry(
        &self,
        value: &BearerToken,
        body: &Value,
        asked: Option<SignedDuration>,
        now: Timestamp,
    ) -> (Option<Timestamp>, ExpiryKnown) {
        let told = self.read_time(self.config.mint.extract.expires_at.as_ref(), body, now);
        match told {
            Known::At(end) => return (Some(end), ExpiryKnown::Api),
            Known::Never => return (None, ExpiryKnown::Never),
            Known::Unknown => {}
        }
        match self.capabilities.expiry {
            ExpirySource::Jwt => match jwt::expiry(value) {
                Some(end) => (Some(end), ExpiryKnown::Jwt),
                None => (None, ExpiryKnown::Unknown),
            },
            ExpirySource::Requested => match asked.and_then(|life| now.checked_add(life).ok()) {
                Some(end) => (Some(end), ExpiryKnown::Declared),
                None => (None, ExpiryKnown::Unknown),
            },
            ExpirySource::Reported | ExpirySource::Declared | ExpirySource::None => {
                (None, ExpiryKnown::Unknown)
            }
        }
    }

    fn old_dies_at(
        &self,
        request: &IssueRequest,
        body: &Value,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let told = self.config.mint.extract.previous_expires_at.as_ref();
        match (
            self.capabilities.issue_effect,
            self.read_time(told, body, now),
        ) {
            (IssueEffect::Keeps, _) => None,
            (IssueEffect::SchedulesDeath | IssueEffect::Kills, Known::At(end)) => Some(end),
            (IssueEffect::SchedulesDeath, Known::Never | Known::Unknown) => {
                now.checked_add(self.overlap(request)).ok()
            }
            (IssueEffect::Kills, Known::Never | Known::Unknown) => Some(now),
        }
    }

    /// A time that cannot be read is not known: the token is worth more.
    fn read_time(&self, field: Option<&TimeField>, body: &Value, now: Timestamp) -> Known {
        let Some(field) = field else {
            return Known::Unknown;
        };
        field.read(body, now).unwrap_or_else(|why| {
            tracing::warn!(issuer = self.api.name(), "answer of the mint: {why}");
            Known::Unknown
        })
    }
}

fn read_value(fields: &MintFields, answer: &Answer, body: &Value) -> Result<BearerToken, Fault> {
    let pointer = fields
        .token
        .as_ref()
        .ok_or_else(|| answer.unexpected("`mint.extract.token` is not configured"))?;
    let text = pointer
        .get(body)
        .and_then(Value::as_str)
        .ok_or_else(|| answer.unexpected(format!("there is no token at `{pointer}`")))?;
    BearerToken::parse(text).map_err(|shape| {
        answer.unexpected(format!(
            "what stands at `{pointer}` cannot be used: {shape}"
        ))
    })
}
