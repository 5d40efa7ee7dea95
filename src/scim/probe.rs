//! Asks a service provider whether a token works.
//!
//! ```text
//! L0 text ─> L1 ServiceProviderConfig without the token
//!              └> L2 a protected read with the token, then without, then with garbage
//!                   └> L3 a listing, if L2 read no entry
//! L6  read with the new token, with the old one, with the new one again
//! ```
//!
//! A client secret is exchanged for an access token first, which is then read with:
//!
//! ```text
//! L1 ─> secret ─> access token ─> L2, L3 with it ─> a wrong secret
//! L6  the new secret, the old one, a wrong one, the new one again
//! ```
//!
//! A round sends at most [`MOST_REQUESTS`](super::round::MOST_REQUESTS)
//! requests to the service provider. All of them are reads, and at most one has a
//! wrong token.
//!
//! `plain` holds the proofs with a token that is sent as it is, `client_secret` those
//! with a client secret.

mod client_secret;
mod plain;

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::config::ProbeConfig;
use super::credential::TokenEndpoint;
use super::cycle::FullCycle;
use super::cycle::profile::CycleRules;
use super::endpoint::Endpoint;
use super::evidence::{Evidence, Refusal, Tenancy, Verdict};
use super::exchange::{Exchange, Exchanged};
use super::levels::{self, Levels, Walk};
use super::reach::{Allowed, Reached};
use super::round::Round;
use super::shape::ChecksumCheck;
use super::tenancy;
use super::tenant_mark::TenantMark;
use crate::clock::Clock;
use crate::http::Client;
use crate::secret::BearerToken;

/// Tests tokens at the service provider.
#[async_trait]
pub trait Probe: Send + Sync {
    /// L0 to L3 for one token, with the negative controls.
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence>;

    /// Whether a new token belongs to the tenant of its predecessor.
    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy;

    /// What a token that works can read of its tenant, for a later comparison.
    async fn mark_tenant(
        &self,
        value: &BearerToken,
        before: Option<&TenantMark>,
    ) -> Option<TenantMark>;

    /// Whether a new token belongs to the tenant that its predecessor could read while
    /// it worked.
    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy;

    /// L4: the answers of the URLs that must refuse this token; empty if none is
    /// configured.
    async fn reach(&self, value: &BearerToken) -> Vec<Reached> {
        let _ = value;
        Vec::new()
    }

    /// The same with what the access token of a client secret may do, in one exchange.
    async fn allowed(&self, value: &BearerToken) -> Allowed {
        Allowed {
            access: None,
            reach: self.reach(value).await,
        }
    }

    /// L0 to L4 one by one, for people. The same requests as those of
    /// [`Probe::prove`] and [`Probe::reach`], in one round.
    async fn levels(&self, value: &BearerToken) -> Levels {
        let _ = value;
        Levels::default()
    }

    /// L6: the old token is refused while the new one is accepted.
    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal>;

    /// L5, which writes; `None` if the configuration does not permit it for this
    /// token.
    fn full_cycle(&self) -> Option<FullCycle<'_>> {
        None
    }
}

/// Tests tokens at one service provider, and client secrets at its token endpoint.
pub struct ScimProbe {
    endpoint: Endpoint,
    exchange: Option<Exchange>,
    cycle: Option<Arc<CycleRules>>,
    /// URLs that must refuse the token.
    must_refuse: Arc<[Url]>,
}

impl ScimProbe {
    /// A probe of the SCIM server at this base URL.
    #[must_use]
    pub fn new(
        http: Client,
        scim_url: impl Into<Arc<Url>>,
        config: impl Into<Arc<ProbeConfig>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            endpoint: Endpoint {
                http,
                scim_url: scim_url.into(),
                config: config.into(),
                clock,
                own_checksum: None,
                token_name: "".into(),
            },
            exchange: None,
            cycle: None,
            must_refuse: Arc::default(),
        }
    }

    /// The same probe, which may also run full cycles.
    #[must_use]
    pub fn with_full_cycle(mut self, rules: Arc<CycleRules>) -> Self {
        self.cycle = Some(rules);
        self
    }

    /// The same probe, which also reads these URLs that must refuse the token.
    #[must_use]
    pub fn refused_by(mut self, urls: Arc<[Url]>) -> Self {
        self.must_refuse = urls;
        self
    }

    /// The same probe for the token with this name in the configuration.
    #[must_use]
    pub fn named(mut self, token: &str) -> Self {
        self.endpoint.token_name = token.into();
        self
    }

    /// The same probe, which also checks the checksum of tokens that this
    /// program generated, before it sends them.
    #[must_use]
    pub fn with_checksum(mut self, check: ChecksumCheck) -> Self {
        self.endpoint.own_checksum = Some(check);
        self
    }

    /// The same probe for client secrets, which are exchanged at this endpoint.
    #[must_use]
    pub fn exchanging_at(mut self, endpoint: Arc<TokenEndpoint>) -> Self {
        self.exchange = Some(Exchange {
            http: self.endpoint.http.clone(),
            endpoint,
            // The secrets are ours; the access tokens are not.
            own_checksum: self.endpoint.own_checksum.take(),
        });
        self
    }

    /// The token with which the service provider is read: the same, or the access
    /// token of a client secret; `None` if none is granted.
    async fn access(&self, value: &BearerToken) -> Option<BearerToken> {
        let Some(exchange) = &self.exchange else {
            return Some(value.clone());
        };
        match exchange.ask(value).await {
            Exchanged::Granted(access) => Some(access),
            Exchanged::Refused(_) | Exchanged::Denied(_) | Exchanged::Silent(_) => None,
        }
    }
}

#[async_trait]
impl Probe for ScimProbe {
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence> {
        match &self.exchange {
            Some(exchange) => self.prove_secret(exchange, value).await,
            None => self.prove_token(value).await,
        }
    }

    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        match (self.access(new).await, self.access(old).await) {
            (Some(new), Some(old)) => tenancy::compare(&self.endpoint, &new, &old).await,
            _ => no_access(),
        }
    }

    async fn mark_tenant(
        &self,
        value: &BearerToken,
        before: Option<&TenantMark>,
    ) -> Option<TenantMark> {
        tenancy::mark(&self.endpoint, &self.access(value).await?, before).await
    }

    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy {
        match self.access(new).await {
            Some(new) => tenancy::compare_with_mark(&self.endpoint, &new, old).await,
            None => no_access(),
        }
    }

    async fn reach(&self, value: &BearerToken) -> Vec<Reached> {
        if self.must_refuse.is_empty() {
            return Vec::new();
        }
        match self.access(value).await {
            Some(access) => {
                let mut round = Round::new(&self.endpoint);
                round.reach(&self.must_refuse, &access).await
            }
            None => Vec::new(),
        }
    }

    async fn allowed(&self, value: &BearerToken) -> Allowed {
        let Some(exchange) = &self.exchange else {
            return Allowed {
                access: None,
                reach: self.reach(value).await,
            };
        };
        let (exchanged, access) = exchange.ask_with_scopes(value).await;
        let mut reach = Vec::new();
        if let (Exchanged::Granted(token), false) = (&exchanged, self.must_refuse.is_empty()) {
            let mut round = Round::new(&self.endpoint);
            reach = round.reach(&self.must_refuse, token).await;
        }
        Allowed { access, reach }
    }

    async fn levels(&self, value: &BearerToken) -> Levels {
        let walk = Walk {
            endpoint: &self.endpoint,
            exchange: self.exchange.as_ref(),
            must_refuse: &self.must_refuse,
        };
        levels::walk(&walk, value).await
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        match &self.exchange {
            Some(exchange) => self.secret_refused(exchange, old, new).await,
            None => self.token_refused(old, new).await,
        }
    }

    fn full_cycle(&self) -> Option<FullCycle<'_>> {
        Some(FullCycle {
            endpoint: &self.endpoint,
            exchange: self.exchange.as_ref(),
            rules: self.cycle.as_deref()?,
            must_refuse: &self.must_refuse,
        })
    }
}

fn no_access() -> Tenancy {
    Tenancy::Unknown("the token endpoint grants no access token for one of the two".to_owned())
}
