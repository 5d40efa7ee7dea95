//! Tokens that a secrets engine of Vault makes under a Vault lease. The id of a
//! token is that of its lease, which Vault renews up to its max TTL once, when
//! the token is issued: a service or an identity provider that holds it must not
//! lose it because this daemon is away for an hour.

mod config;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

pub use self::config::{LeaseParent, VaultDynamicIssuer};
use super::label::Label;
use super::spelled;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::template::Context;
use crate::ports::kind::Kind as _;
use crate::ports::vault_lease::{Found, VaultLeases, Wish};
use crate::ports::{Clock, IssueRequest, Issuer, TokenHandle};
use crate::rotation::capability::IssuerCapabilities;
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::rotation::record::ExpiryKnown;

/// The running issuer.
struct LeasedTokens {
    name: String,
    config: VaultDynamicIssuer,
    settings: String,
    leases: Arc<dyn VaultLeases>,
    clock: Arc<dyn Clock>,
}

impl LeasedTokens {
    fn fault(&self, class: FaultClass, why: &str) -> Fault {
        let kind = match class {
            FaultClass::Rejected => FaultKind::Config,
            FaultClass::NotApplied
            | FaultClass::Ambiguous
            | FaultClass::Throttled
            | FaultClass::Unauthorized
            | FaultClass::Conflict => FaultKind::Schema,
        };
        Fault::new(class, kind, format!("issuer `{}`: {why}", self.name))
    }

    /// What is written to the engine.
    fn body(
        &self,
        request: &IssueRequest,
        now: Timestamp,
    ) -> Result<Option<serde_json::Value>, Fault> {
        let Some(body) = &self.config.body else {
            return Ok(None);
        };
        let context = Context::new(now)
            .text("token_name", &request.token)
            .text("label", &request.label)
            .seconds("lifetime_seconds", self.config.life(request.lifetime));
        let body = body.render(&context);
        body.map(Some)
            .map_err(|why| self.fault(FaultClass::Rejected, &format!("`body`: {why}")))
    }

    /// Why the id of a lease cannot be that of a token; `None` if it can. It
    /// stands in logs and pages, and in no URL.
    fn objection(&self, lease_id: &str) -> Option<&'static str> {
        let below = lease_id.strip_prefix(&self.config.path);
        match below.and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => spelled::objection(rest, None),
            None => Some("is not below `path`"),
        }
    }

    fn listed(found: Found) -> ListedToken {
        ListedToken {
            created_at: found.made_at,
            expires_at: found.ends_at,
            ..ListedToken::with_id(found.lease_id)
        }
    }
}

#[async_trait]
impl Issuer for LeasedTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        Label::default().of(token, rotation_id, attempt)
    }

    async fn list(&self, _token: &str) -> Result<Listing, Fault> {
        if !self.config.list {
            let why = "it may not list Vault leases: the settings say so";
            return Err(self.fault(FaultClass::Rejected, why));
        }
        let found = self.leases.list(&self.config.path).await?;
        let known = found
            .into_iter()
            .filter(|found| self.objection(&found.lease_id).is_none());
        Ok(Listing {
            tokens: known.map(Self::listed).collect(),
            ..Listing::default()
        })
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        // Lives are counted from the time before the request.
        let asked_at = self.clock.now();
        let body = self.body(request, asked_at)?;
        let wish = Wish {
            path: &self.config.path,
            body: body.as_ref(),
            token_at: &self.config.token,
            parent: self.config.lease_parent(),
            life: self.config.life(request.lifetime),
            label: &request.label,
        };
        let made = self.leases.make(&wish).await?;
        let id = match self.objection(&made.lease_id) {
            None => made.lease_id,
            Some(why) => {
                let why = format!("the id of the new Vault lease {why}, so it is no id");
                return Err(self.fault(FaultClass::Ambiguous, &why).complete());
            }
        };
        let value = made.value.map_err(|why| {
            let why = format!("the engine's answer has no token: {why}; correct `token`");
            let mut fault = self.fault(FaultClass::Ambiguous, &why).complete();
            if let Some(unusable) = fault.unusable.as_mut() {
                unusable.made = Some(id.clone());
            }
            fault
        })?;
        if made.ends_with_parent {
            tracing::warn!(
                issuer = self.name,
                token = request.token,
                life = %made.life,
                "the new token ends before its Vault lease would: with the Vault token that it was made under; see `parent` in config/issuers/vault_dynamic.toml"
            );
        }
        Ok(IssuedToken {
            value,
            id: Some(id),
            expires_at: asked_at.checked_add(made.life).ok(),
            expiry: ExpiryKnown::Api,
            scopes: None,
            asked_life: self.config.life(request.lifetime),
            old_dies_at: None,
        })
    }

    async fn get(&self, _token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        Ok(self.leases.look_up(id).await?.map(Self::listed))
    }

    async fn revoke(&self, _token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        match handle.id.as_ref().map(IssuerId::as_str) {
            Some(id) => self.leases.revoke(id).await,
            None => {
                let why = "a token without the id of its Vault lease cannot be revoked";
                Err(self.fault(FaultClass::Rejected, why))
            }
        }
    }
}

#[cfg(test)]
mod tests;
