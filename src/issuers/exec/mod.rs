//! A program of the operator's as issuer: it gets a request on standard input and
//! says on standard output, as JSON, what came of it. No token stands in an argument
//! or in the environment.

mod answer;
mod config;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::answer::Output;
pub use self::config::ExecIssuer;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::kind::Kind as _;
use crate::ports::{Clock, IssueRequest, Issuer, TokenHandle};
use crate::program::{Question, Reply};
use crate::rotation::capability::{ExpirySource, IssueEffect, IssuerCapabilities, Recovery};
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;
use crate::scim::jwt;
use crate::scim::scopes::Scopes;
use crate::secret::BearerToken;

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Issue,
    List,
    Revoke,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::List => "list",
            Self::Revoke => "revoke",
        }
    }

    /// The class of a failure after which nobody knows whether it was done: a list
    /// and a revocation may be asked for again.
    fn unclear(self) -> FaultClass {
        match self {
            Self::Issue => FaultClass::Ambiguous,
            Self::List | Self::Revoke => FaultClass::NotApplied,
        }
    }
}

/// What stands on standard input: one JSON object, then the end.
#[derive(Default, Serialize)]
struct Input<'a> {
    action: &'static str,
    token_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_token: Option<&'a str>,
}

/// An issuer that runs a program.
struct ExecTokens {
    name: String,
    config: ExecIssuer,
    settings: String,
    clock: Arc<dyn Clock>,
}

/// Makes the issuer. The configuration was checked before.
fn build(name: &str, config: &ExecIssuer, clock: Arc<dyn Clock>) -> Arc<dyn Issuer> {
    Arc::new(ExecTokens {
        name: name.to_owned(),
        settings: super::digest_of(config),
        config: config.clone(),
        clock,
    })
}

impl ExecTokens {
    async fn ask(&self, action: Action, mut input: Input<'_>) -> Result<Reply<Output>, Fault> {
        input.action = action.as_str();
        let question = Question {
            owner: format!("issuer `{}`", self.name),
            action: action.as_str(),
            token_name: input.token_name,
            scim_url: None,
            unclear: action.unclear(),
            given: [input.token, input.old_token]
                .into_iter()
                .flatten()
                .collect(),
            yields_token: action == Action::Issue,
        };
        let settings = self.config.settings();
        settings.ask(&question, &input, self.clock.now()).await
    }

    fn expiry(
        &self,
        told: Option<Timestamp>,
        value: &BearerToken,
        asked: Option<Timestamp>,
    ) -> (Option<Timestamp>, ExpiryKnown) {
        if told.is_some() {
            return (told, ExpiryKnown::Api);
        }
        let (end, known) = match self.capabilities().expiry {
            ExpirySource::Jwt => (jwt::expiry(value), ExpiryKnown::Jwt),
            ExpirySource::Requested => (asked, ExpiryKnown::Declared),
            ExpirySource::Reported | ExpirySource::Declared | ExpirySource::None => {
                (None, ExpiryKnown::Unknown)
            }
        };
        match end {
            Some(_) => (end, known),
            None => (None, ExpiryKnown::Unknown),
        }
    }

    fn old_dies_at(
        &self,
        told: Option<Timestamp>,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match self.capabilities().issue_effect {
            IssueEffect::Keeps => None,
            IssueEffect::SchedulesDeath => told.or_else(|| now.checked_add(overlap).ok()),
            IssueEffect::Kills => told.or(Some(now)),
        }
    }

    fn cannot(&self, what: &str) -> Fault {
        let text = format!("issuer `{}` cannot {what}: the settings say so", self.name);
        Fault::new(FaultClass::Rejected, FaultKind::Config, text)
    }
}

#[async_trait]
impl Issuer for ExecTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        self.config.label.of(token, rotation_id, attempt)
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        (self.capabilities().recovery == Recovery::ClientChosen)
            .then(|| super::local::secret::generate(&self.config.secret_prefix))
    }

    async fn list(&self, token: &str) -> Result<Listing, Fault> {
        if !self.config.list {
            return Err(self.cannot("list tokens"));
        }
        let input = Input {
            token_name: token,
            ..Input::default()
        };
        let reply = self.ask(Action::List, input).await?;
        reply.listing(self.clock.now())
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let now = self.clock.now();
        let asked = self.config.lifetime.asked(request.lifetime);
        let end = asked.and_then(|life| now.checked_add(life).ok());
        let end = end.map(|end| Timestamp::from_second(end.as_second()).unwrap_or(end));
        let current = request.current.as_ref();
        let input = Input {
            token_name: &request.token,
            label: Some(&request.label),
            lifetime_seconds: asked.map(|life| life.as_secs()),
            expires_at: end,
            overlap_seconds: Some(request.overlap.as_secs()),
            token: request.chosen.as_ref().map(BearerToken::expose),
            id: current.and_then(|handle| handle.id.as_ref().map(IssuerId::as_str)),
            old_token: current.and_then(|handle| handle.value.as_ref().map(BearerToken::expose)),
            ..Input::default()
        };
        let reply = self.ask(Action::Issue, input).await?;
        let issued = reply.issued(request.chosen.as_ref())?;
        let (expires_at, expiry) = self.expiry(issued.expires_at, &issued.value, end);
        Ok(IssuedToken {
            id: issued.id,
            expires_at,
            expiry,
            old_dies_at: self.old_dies_at(issued.old_dies_at, request.overlap, now),
            scopes: issued.scopes,
            asked_life: asked,
            value: issued.value,
        })
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        let listing = self.list(token).await?;
        Ok(listing.tokens.into_iter().find(|token| token.id == id))
    }

    async fn scopes(&self, token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        let lists = self.config.capabilities().looks_up();
        let Some(id) = handle.id.as_ref().filter(|_| lists) else {
            return Ok(None);
        };
        let listed = self.get(token, id.as_str()).await?;
        Ok(listed.and_then(|listed| listed.scopes))
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        if !self.config.revokes() {
            return Err(self.cannot("revoke a single token"));
        }
        let input = Input {
            token_name: token,
            id: handle.id.as_ref().map(IssuerId::as_str),
            token: handle.value.as_ref().map(BearerToken::expose),
            ..Input::default()
        };
        self.ask(Action::Revoke, input).await?.revoked()
    }
}

#[cfg(test)]
mod tests;
