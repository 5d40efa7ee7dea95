//! Any HTTP API as an issuer: its calls and capabilities come from the
//! configuration, or from a vendor file.

mod check;
mod config;
mod issue;
mod kind;
mod listing;
mod needs;

use std::sync::Arc;

use async_trait::async_trait;

pub use config::{HttpIssuer, IdFromToken};

pub(super) use check::{Calls, check_prefix};
pub(super) use config::{default_prefix, default_session};

use super::Deps;
use crate::clock::Clock;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::{Call, Exchange, Owner, Purpose, Reply, Run};
use crate::ports::kind::Kind as _;
use crate::ports::{IssueRequest, Issuer, TokenHandle};
use crate::rotation::capability::{IssuerCapabilities, Recovery, Revoke};
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::scim::scopes::Scopes;
use crate::secret::BearerToken;

/// The running issuer.
pub struct HttpTokens {
    config: HttpIssuer,
    capabilities: IssuerCapabilities,
    settings: String,
    exchange: Exchange,
    clock: Arc<dyn Clock>,
}

impl HttpTokens {
    /// An issuer that has not called anybody yet.
    #[must_use]
    pub fn new(name: &str, config: &HttpIssuer, deps: &Deps) -> Self {
        let mut exchange = Exchange::new(
            Owner::Issuer,
            name,
            config.shared(),
            &deps.http,
            &deps.secrets,
            deps.fired.clone(),
        );
        let settings = super::digest_of(config);
        let mut config = config.clone();
        exchange.prepare(config.calls_mut());
        Self {
            capabilities: config.capabilities(),
            settings,
            config,
            exchange,
            clock: Arc::clone(&deps.clock),
        }
    }

    /// The id of the token in use, for the request that rotates it: as this
    /// issuer has shown it. Only where the issuer has no call that could show
    /// it, the token's own text tells.
    fn id_to_rotate(&self, handle: &TokenHandle) -> Option<String> {
        let shown = handle.id.as_ref().map(IssuerId::text);
        let can_show = self.config.list.is_some() || self.config.get.is_some();
        shown.or_else(|| {
            let value = handle.value.as_ref().filter(|_| !can_show)?;
            self.id_in(value)
        })
    }

    /// A session and the lookups, for an operation on a token.
    async fn begin<'a>(&'a self, token: &'a str) -> Result<Run<'a>, Fault> {
        let mut run = Run::begin(&self.exchange, token).await?;
        run.look_up().await?;
        Ok(run)
    }

    fn missing(&self, call: &str) -> Fault {
        self.exchange.refuse(&format!(
            "no call `{call}` is configured: add it, or change `capabilities`"
        ))
    }

    async fn revoke_by_call(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        let Some(sequence) = &self.config.revoke else {
            return Err(self.missing("revoke"));
        };
        let id = handle.id.as_ref().map(IssuerId::as_str);
        if self.capabilities.revoke == Revoke::ById && id.is_none() {
            return Err(self
                .exchange
                .refuse("the id of the old token is not known: revoke it at the issuer by hand"));
        }
        let mut run = self.begin(token).await?;
        run.with(|context| context.maybe("id", id));
        run.with_token("token", handle.value.as_ref());
        let mut ended = false;
        for call in &sequence.0 {
            ended = match run.call(call, Purpose::Revoke).await? {
                Reply::Done(_) => true,
                Reply::Gone => return self.gone_for_sure(token, id).await,
                Reply::Skipped => false,
            };
        }
        // The last call ends it.
        if ended {
            Ok(())
        } else {
            Err(self.skipped("revoke"))
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
                    self.exchange.name()
                ),
            ));
        }
        Ok(())
    }

    async fn simple(
        &self,
        token: &str,
        call: Option<&Call>,
        purpose: Purpose,
    ) -> Result<(), Fault> {
        let call = call.ok_or_else(|| self.missing(purpose.as_str()))?;
        let mut run = self.begin(token).await?;
        match run.call(call, purpose).await? {
            Reply::Done(_) | Reply::Gone => Ok(()),
            Reply::Skipped => Err(self.skipped(purpose.as_str())),
        }
    }

    fn skipped(&self, call: &str) -> Fault {
        self.exchange.refuse(&format!(
            "`{call}` was not sent, for a condition of its `when` does not hold: correct the condition"
        ))
    }
}

#[async_trait]
impl Issuer for HttpTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.capabilities
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        self.config.label.of(token, rotation_id, attempt)
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        (self.capabilities.recovery == Recovery::ClientChosen)
            .then(|| super::local::secret::generate(&self.config.secret_prefix))
    }

    fn scopes_asked(&self) -> Option<Vec<String>> {
        let scopes = self.config.config.get("scopes")?;
        Some(scopes.words())
    }

    fn id_in(&self, value: &BearerToken) -> Option<String> {
        self.config.id_from_token.as_ref()?.read(value)
    }

    async fn list(&self, token: &str) -> Result<Listing, Fault> {
        if self.config.list.is_none() && self.config.status.is_none() {
            return Err(self.missing("list"));
        }
        self.read_listing(token).await
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        self.issue_by_calls(request).await
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.read_one(token, id).await
    }

    async fn scopes(&self, token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        let calls = [&self.config.get, &self.config.list];
        let shows = calls.into_iter().flatten().any(|c| c.read.scopes.is_some());
        let Some(id) = handle.id.as_ref().filter(|_| shows) else {
            return Ok(None);
        };
        let found = self.read_one(token, id.as_str()).await?;
        Ok(found.and_then(|listed| listed.scopes))
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        self.revoke_by_call(token, handle).await
    }

    async fn complete(&self, token: &str) -> Result<(), Fault> {
        self.simple(token, self.config.complete.as_ref(), Purpose::Complete)
            .await
    }

    async fn cancel(&self, token: &str) -> Result<(), Fault> {
        self.simple(token, self.config.cancel.as_ref(), Purpose::Cancel)
            .await
    }
}
