//! Asks a service provider whether a token works.
//!
//! ```text
//! L0 text ─> L1 ServiceProviderConfig without the token
//!              └> L2 a protected read with the token, then without, then with garbage
//!                   └> L3 a listing, if L2 read no entry
//! L6  read with the new token, with the old one, with the new one again
//! ```
//!
//! A round sends at most [`MOST_REQUESTS`](super::round::MOST_REQUESTS)
//! requests. All of them are reads, and at most one has a wrong token.

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::answer::ProbeAnswer;
use super::config::ProbeConfig;
use super::endpoint::Endpoint;
use super::evidence::{Evidence, Finding, Refusal, Tenancy, Verdict};
use super::round::Round;
use super::shape::{self, ChecksumCheck, ShapeRules};
use super::tenancy;
use super::tenant_mark::TenantMark;
use super::verdict::{self, RefusalRound};
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

    /// What a token that works sees of its tenant, for a later comparison.
    async fn mark_tenant(
        &self,
        value: &BearerToken,
        before: Option<&TenantMark>,
    ) -> Option<TenantMark>;

    /// Whether a new token belongs to the tenant that its predecessor saw while it
    /// worked.
    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy;

    /// L6: the old token is refused while the new one is accepted.
    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal>;
}

/// Tests tokens at one service provider.
pub struct ScimProbe(Endpoint);

impl ScimProbe {
    /// A probe of the SCIM server at this base URL.
    #[must_use]
    pub fn new(
        http: Client,
        scim_url: impl Into<Arc<Url>>,
        config: impl Into<Arc<ProbeConfig>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Endpoint {
            http,
            scim_url: scim_url.into(),
            config: config.into(),
            clock,
            own_checksum: None,
            token_name: "".into(),
        })
    }

    /// The same probe for the token with this name in the configuration.
    #[must_use]
    pub fn named(mut self, token: &str) -> Self {
        self.0.token_name = token.into();
        self
    }

    /// The same probe, which also checks the checksum of tokens that this
    /// program generated, before it sends them.
    #[must_use]
    pub fn with_checksum(mut self, check: ChecksumCheck) -> Self {
        self.0.own_checksum = Some(check);
        self
    }

    fn look(&self, token: &BearerToken) -> Result<(), Finding> {
        let rules = ShapeRules {
            max_length: self.0.config.max_token_length,
            scim_url: &self.0.scim_url,
            own_checksum: self.0.own_checksum.as_ref(),
        };
        let shape = shape::examine(token, &rules, self.0.clock.now());
        for note in shape.notes {
            tracing::debug!(
                fingerprint = %token.fingerprint(),
                note = note.as_str(),
                "the token is odd; it is tried all the same"
            );
        }
        shape.fault.map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Probe for ScimProbe {
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence> {
        if let Err(fault) = self.look(value) {
            return Verdict::Fail(fault);
        }
        let mut round = Round::new(&self.0);
        if let Err(stop) = round.discover().await {
            return stop;
        }
        let observed = round.observe(value).await;
        verdict::judge(value, self.0.clock.now(), &observed)
    }

    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        tenancy::compare(&self.0, new, old).await
    }

    async fn mark_tenant(
        &self,
        value: &BearerToken,
        before: Option<&TenantMark>,
    ) -> Option<TenantMark> {
        tenancy::mark(&self.0, value, before).await
    }

    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy {
        tenancy::compare_with_mark(&self.0, new, old).await
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        let mut round = Round::new(&self.0);
        let (before, read) = round.first_answer(new).await;
        let mut seen = RefusalRound {
            before,
            old: Vec::new(),
            after: None,
        };
        if verdict::decisive(&seen.before).is_some_and(ProbeAnswer::is_accepted) {
            for _ in 0..self.0.config.refusals_needed {
                seen.old.push(round.ask(read, Some(old)).await);
            }
            seen.after = Some(round.ask(read, Some(new)).await);
        }
        verdict::judge_refusal(old, self.0.clock.now(), &seen)
    }
}
