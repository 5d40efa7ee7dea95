//! A program of the operator's as connection: it gets the token on standard
//! input and says on standard output, as JSON, what came of it. The token
//! never stands in an argument or in the environment.

mod answer;
mod config;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use url::Url;

use self::answer::Output;
pub use self::config::ExecConnection;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::files;
use crate::ports::kind::Kind as _;
use crate::ports::{Clock, Connection, Delivery};
use crate::program::{Question, Reply};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::outcome::Confirmation;
use crate::secret::BearerToken;

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Deliver,
    Confirm,
    Preflight,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Confirm => "confirm",
            Self::Preflight => "preflight",
        }
    }

    /// The class of a failure after which nobody knows whether it was done: a
    /// delivery may have happened; the other actions only look.
    fn unclear(self) -> FaultClass {
        match self {
            Self::Deliver => FaultClass::Ambiguous,
            Self::Confirm | Self::Preflight => FaultClass::NotApplied,
        }
    }
}

/// What stands on standard input: one JSON object, then the end.
#[derive(Serialize)]
struct Input<'a> {
    action: &'static str,
    token_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_token: Option<&'a str>,
    scim_url: &'a str,
    /// The parts of the client whose secret `token` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

/// A connection that runs a program.
struct Exec {
    name: String,
    config: ExecConnection,
    clock: Arc<dyn Clock>,
}

/// Makes the connection. The configuration was checked before.
pub(super) fn build(
    name: &str,
    config: &ExecConnection,
    clock: Arc<dyn Clock>,
) -> Arc<dyn Connection> {
    Arc::new(Exec {
        name: name.to_owned(),
        config: config.clone(),
        clock,
    })
}

#[async_trait]
impl Connection for Exec {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.config.capabilities()
    }

    async fn preflight(&self, token: &str, scim_url: &Url) -> Result<(), Fault> {
        if !self.config.preflight {
            let config = self.config.clone();
            let looked =
                files::aside(move || config.settings().runnable().map_err(|why| why.to_string()));
            let looked = looked.await.unwrap_or_else(|fault| Err(fault.to_string()));
            return looked.map_err(|why| {
                let text = format!("connection `{}`: {why}", self.name);
                Fault::new(FaultClass::NotApplied, FaultKind::Config, text)
            });
        }
        let call = Call::new(Action::Preflight, token, scim_url, None, None);
        let reply = self.ask(&call).await?;
        answer::of_preflight(&reply)
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let reply = self.ask(&Call::of(Action::Deliver, delivery)).await?;
        answer::of_delivery(&reply)
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        if !self.config.confirm {
            return Ok(Confirmation::CannotTell);
        }
        let reply = self.ask(&Call::of(Action::Confirm, delivery)).await?;
        answer::of_confirmation(&reply)
    }
}

/// One call of the program.
struct Call<'a> {
    action: Action,
    token_name: &'a str,
    scim_url: &'a Url,
    token: Option<&'a BearerToken>,
    old: Option<&'a BearerToken>,
}

impl<'a> Call<'a> {
    fn new(
        action: Action,
        token_name: &'a str,
        scim_url: &'a Url,
        token: Option<&'a BearerToken>,
        old: Option<&'a BearerToken>,
    ) -> Self {
        Self {
            action,
            token_name,
            scim_url,
            token,
            old,
        }
    }

    fn of(action: Action, delivery: &'a Delivery<'_>) -> Self {
        Self::new(
            action,
            delivery.token,
            delivery.scim_url,
            Some(delivery.value),
            delivery.old,
        )
    }

    fn input(&self) -> Input<'a> {
        let client = self.token.and_then(BearerToken::client);
        Input {
            client_id: client.and_then(|client| client.id.as_deref()),
            token_url: client.and_then(|client| client.token_url.as_deref()),
            scope: client.and_then(|client| client.scope.as_deref()),
            action: self.action.as_str(),
            token_name: self.token_name,
            token: self.token.map(BearerToken::expose),
            old_token: self.old.map(BearerToken::expose),
            scim_url: self.scim_url.as_str(),
        }
    }
}

impl Exec {
    async fn ask(&self, call: &Call<'_>) -> Result<Reply<Output>, Fault> {
        let input = call.input();
        let question = Question {
            owner: format!("connection `{}`", self.name),
            action: input.action,
            token_name: call.token_name,
            scim_url: Some(call.scim_url),
            unclear: call.action.unclear(),
            given: [input.token, input.old_token]
                .into_iter()
                .flatten()
                .collect(),
            yields_token: false,
        };
        let settings = self.config.settings();
        settings.ask(&question, &input, self.clock.now()).await
    }
}

#[cfg(test)]
mod tests;
