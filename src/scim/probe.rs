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
use super::evidence::{Evidence, Finding, Refusal, Verdict};
use super::garbage;
use super::round::Round;
use super::shape::{self, ChecksumCheck, ShapeRules};
use super::tenancy::{self, Tenancy};
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

    /// L6: the old token is refused while the new one is accepted.
    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal>;
}

/// Tests tokens at one service provider.
pub struct ScimProbe {
    pub(in crate::scim) http: Client,
    pub(in crate::scim) scim_url: Arc<Url>,
    pub(in crate::scim) config: Arc<ProbeConfig>,
    pub(in crate::scim) clock: Arc<dyn Clock>,
    own_checksum: Option<ChecksumCheck>,
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
            http,
            scim_url: scim_url.into(),
            config: config.into(),
            clock,
            own_checksum: None,
        }
    }

    /// The same probe, which also checks the checksum of tokens that this
    /// program generated, before it sends them.
    #[must_use]
    pub fn with_checksum(mut self, check: ChecksumCheck) -> Self {
        self.own_checksum = Some(check);
        self
    }

    fn look(&self, token: &BearerToken) -> Result<(), Finding> {
        let rules = ShapeRules {
            max_length: self.config.max_token_length,
            scim_url: &self.scim_url,
            own_checksum: self.own_checksum.as_ref(),
        };
        let shape = shape::examine(token, &rules, self.clock.now());
        for note in shape.notes {
            tracing::debug!(
                fingerprint = %token.fingerprint(),
                note = note.as_str(),
                "the token is odd; it is tried all the same"
            );
        }
        shape.fault.map_or(Ok(()), Err)
    }

    pub(in crate::scim) fn garbage(&self, token: &BearerToken) -> BearerToken {
        garbage::like(token, self.own_checksum.as_ref())
    }
}

#[async_trait]
impl Probe for ScimProbe {
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence> {
        if let Err(fault) = self.look(value) {
            return Verdict::Fail(fault);
        }
        let mut round = Round::new(self);
        if let Err(stop) = round.discover().await {
            return stop;
        }
        let observed = round.observe(value).await;
        verdict::judge(value, self.clock.now(), &observed)
    }

    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        tenancy::compare(self, new, old).await
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        let mut round = Round::new(self);
        let (before, read) = round.first_answer(new).await;
        let mut seen = RefusalRound {
            before,
            old: Vec::new(),
            after: None,
        };
        if verdict::decisive(&seen.before).is_some_and(ProbeAnswer::is_accepted) {
            for _ in 0..self.config.refusals_needed {
                seen.old.push(round.ask(read, Some(old)).await);
            }
            seen.after = Some(round.ask(read, Some(new)).await);
        }
        verdict::judge_refusal(old, self.clock.now(), &seen)
    }
}
