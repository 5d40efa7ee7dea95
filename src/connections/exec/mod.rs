//! A program of the operator's as connection: it gets the token on standard
//! input and says on standard output, as JSON, what came of it. The token
//! never stands in an argument or in the environment.

mod answer;
mod config;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use self::answer::Reply;
pub use self::config::ExecConnection;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::files;
use crate::http::template::Context;
use crate::ports::kind::Kind as _;
use crate::ports::{Clock, Connection, Delivery};
use crate::program::{self, Limits};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::outcome::Confirmation;
use crate::secret::BearerToken;
use crate::secret::mask::Mask;

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

    fn input(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let input = Input {
            action: self.action.as_str(),
            token_name: self.token_name,
            token: self.token.map(BearerToken::expose),
            old_token: self.old.map(BearerToken::expose),
            scim_url: self.scim_url.as_str(),
        };
        // Room for everything from the start: a buffer that grows leaves
        // copies of the token behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(32 * 1024));
        serde_json::to_writer(&mut *bytes, &input).map_err(|_| {
            let text = "the input of the program could not be written as JSON";
            Fault::new(FaultClass::NotApplied, FaultKind::Config, text)
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn mask(&self) -> Mask {
        Mask::over(
            [self.token, self.old]
                .into_iter()
                .flatten()
                .map(BearerToken::expose),
        )
    }
}

impl Exec {
    async fn ask(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let subject = format!(
            "connection `{}`, `{}` of token `{}` by {}",
            self.name,
            call.action.as_str(),
            call.token_name,
            self.config.settings().path()
        );
        let refused = |why: String| {
            let text = format!("{subject}: {why}");
            Fault::new(FaultClass::NotApplied, FaultKind::Config, text)
        };
        let settings = self.config.settings();
        let context = Context::new(self.clock.now())
            .text("token_name", call.token_name)
            .url("scim_url", call.scim_url)
            .text("action", call.action.as_str());
        let facts = [
            ("TOKEN_NAME", call.token_name),
            ("ACTION", call.action.as_str()),
            ("SCIM_URL", call.scim_url.as_str()),
        ];
        let program = settings.program(&context, &facts).map_err(refused)?;
        let limits = Limits {
            timeout: settings.longest(),
        };
        let finished = match program::run(program, call.input()?, limits).await {
            Ok(finished) => finished,
            Err(why) => {
                return Err(refused(format!(
                    "the program could not be started: {why}; see that it exists and may be executed"
                )));
            }
        };
        Reply::read(subject, call.action, &finished, &call.mask())
    }
}

#[cfg(test)]
mod tests;
