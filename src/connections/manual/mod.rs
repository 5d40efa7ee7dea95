//! An identity provider that no program can write: a person does. The token
//! waits for that person at a path in Vault.
//!
//! What proves that the work is done is decided by the core: use of the new
//! token, as the issuer tells it, the identity provider's own log (`confirm`), or a
//! person who says so (`scim-rotator ack`).

mod config;
mod confirm;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

pub use self::config::ManualConnection;
use self::confirm::LogReader;
pub use self::confirm::OwnLog;
use crate::fault::Fault;
use crate::ports::handover::{Handover, Waiting};
use crate::ports::kind::Kind as _;
use crate::ports::{Connection, Delivery};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::outcome::Confirmation;
use crate::secret::BearerToken;

/// What a person reads beside a token that takes the place of one that was
/// handed over before.
const BACK: &str = "The token that waited here before is not used after all. If you wrote it into the identity provider, write this one there instead; if you did not, there is nothing to do but the command.";

/// A connection that a person writes.
struct Manual {
    name: String,
    config: ManualConnection,
    log: Option<LogReader>,
    place: Arc<dyn Handover>,
}

#[async_trait]
impl Connection for Manual {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.config.capabilities()
    }

    async fn preflight(&self, token: &str, _scim_url: &Url) -> Result<(), Fault> {
        self.place.check(&self.config.place_of(token)).await
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let instructions = self.config.told();
        self.hand_over(delivery, &instructions).await
    }

    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let instructions = format!("{BACK} {}", self.config.told());
        self.hand_over(delivery, &instructions).await
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let Some(log) = &self.log else {
            return Ok(Confirmation::CannotTell);
        };
        // A log that cannot be read does not stand against a person's word.
        Ok(log.look(delivery).await.unwrap_or_else(|fault| {
            tracing::warn!(
                token = delivery.token,
                connection = %self.name,
                error = %fault.message,
                "the identity provider's log was not read; it is read again later, and `scim-rotator ack` tells that the token was written"
            );
            Confirmation::CannotTell
        }))
    }

    async fn settled(&self, token: &str, value: &BearerToken) -> Result<(), Fault> {
        let place = self.config.place_of(token);
        self.place.take_away(&place, value).await
    }
}

impl Manual {
    async fn hand_over(&self, delivery: &Delivery<'_>, instructions: &str) -> Result<(), Fault> {
        let waiting = Waiting {
            token: delivery.token,
            connection: &self.name,
            value: delivery.value,
            scim_url: delivery.scim_url,
            instructions,
            command: &command(delivery.token, &self.name),
        };
        let place = self.config.place_of(delivery.token);
        self.place.put(&place, &waiting).await
    }
}

/// What a person runs when the token is written.
#[must_use]
pub fn command(token: &str, connection: &str) -> String {
    format!("scim-rotator ack {token} {connection} --reason \"written into the identity provider\"")
}
