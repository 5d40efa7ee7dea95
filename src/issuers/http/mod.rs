//! Any HTTP API as an issuer: operations, extractors and capabilities come from
//! the configuration.

mod check;
mod config;
mod kind;
mod listing;
mod mint;
mod needs;
mod operation;

use std::sync::Arc;

use async_trait::async_trait;

pub use config::{
    HttpIssuer, IdFromToken, ListFields, MintFields, NoFields, Operation, StatusFields,
    TokenFields, Verb,
};

pub(super) use check::check_prefix;
pub(super) use config::default_prefix;

use super::Deps;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::template::Context;
use crate::ports::kind::Kind as _;
use crate::ports::{Clock, IssueRequest, Issuer, TokenHandle};
use crate::rotation::capability::{IssuerCapabilities, Recovery, Revoke};
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::secret::BearerToken;
use operation::{Api, Called, Kind};

/// The running issuer.
pub struct HttpTokens {
    config: HttpIssuer,
    capabilities: IssuerCapabilities,
    api: Api,
    clock: Arc<dyn Clock>,
}

impl HttpTokens {
    /// An issuer that has not called anybody yet.
    #[must_use]
    pub fn new(name: &str, config: &HttpIssuer, deps: &Deps) -> Self {
        Self {
            config: config.clone(),
            capabilities: config.capabilities(),
            api: Api::new(name, config, deps),
            clock: Arc::clone(&deps.clock),
        }
    }

    /// The id of a token: as it was told, or as its own text tells.
    fn id_of(&self, handle: &TokenHandle) -> Option<String> {
        let from_value = || {
            let rule = self.config.id_from_token.as_ref()?;
            rule.read(handle.value.as_ref()?)
        };
        handle.id.clone().or_else(from_value)
    }

    async fn context(&self, token: &str) -> Result<Context, Fault> {
        self.api.context(token, self.clock.now()).await
    }

    fn missing(&self, operation: &str) -> Fault {
        self.api.refuse(format!(
            "no operation `{operation}` is configured: add it, or change `capabilities`"
        ))
    }

    async fn revoke_by_call(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        let Some(operation) = &self.config.revoke else {
            return Err(self.missing("revoke"));
        };
        let id = self.id_of(handle);
        if self.capabilities.revoke == Revoke::ById && id.is_none() {
            return Err(self.api.refuse(
                "the id of the old token is not known: revoke it at the issuer by hand".to_owned(),
            ));
        }
        let context = self
            .context(token)
            .await?
            .maybe("id", id.as_deref())
            .maybe_secret("token", handle.value.as_ref());
        match self.api.call(operation, Kind::Revoke, &context).await? {
            Called::Done(_) => Ok(()),
            Called::Gone => self.gone_for_sure(token, id.as_deref()).await,
        }
    }

    /// "Not there" may also mean "not yours to see": where the issuer lists, its
    /// list decides.
    async fn gone_for_sure(&self, token: &str, id: Option<&str>) -> Result<(), Fault> {
        let (Some(_), Some(id)) = (&self.config.list, id) else {
            return Ok(());
        };
        let listing = self.list(token).await?;
        if listing.tokens.iter().any(|t| t.id == id) {
            return Err(Fault::new(
                FaultClass::Rejected,
                FaultKind::Refused,
                format!(
                    "issuer `{}` says that the token with id `{id}` is not there, yet lists it: check the caller's permission to revoke",
                    self.api.name()
                ),
            ));
        }
        Ok(())
    }

    async fn simple(
        &self,
        token: &str,
        operation: Option<&Operation<NoFields>>,
        kind: Kind,
    ) -> Result<(), Fault> {
        let operation = operation.ok_or_else(|| self.missing(kind.as_str()))?;
        let context = self.context(token).await?;
        self.api.call(operation, kind, &context).await.map(|_| ())
    }
}

#[async_trait]
impl Issuer for HttpTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.capabilities
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        self.config.label.of(token, rotation_id, attempt)
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        (self.capabilities.recovery == Recovery::ClientChosen)
            .then(|| super::local::secret::generate(&self.config.secret_prefix))
    }

    async fn list(&self, token: &str) -> Result<Listing, Fault> {
        if self.config.list.is_none() && self.config.status.is_none() {
            return Err(self.missing("list"));
        }
        self.read_listing(token).await
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        self.mint(request).await
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.read_one(token, id).await
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        self.revoke_by_call(token, handle).await
    }

    async fn complete(&self, token: &str) -> Result<(), Fault> {
        self.simple(token, self.config.complete.as_ref(), Kind::Complete)
            .await
    }

    async fn cancel(&self, token: &str) -> Result<(), Fault> {
        self.simple(token, self.config.cancel.as_ref(), Kind::Cancel)
            .await
    }
}
