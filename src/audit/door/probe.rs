//! The door of a probe.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::Begun;
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Outcome, Port};
use crate::scim::cycle::FullCycle;
use crate::scim::evidence::{Evidence, Finding, Refusal, Tenancy, Verdict};
use crate::scim::levels::Levels;
use crate::scim::probe::Probe;
use crate::scim::reach::{Allowed, ReachAnswer, Reached};
use crate::scim::tenant_mark::TenantMark;
use crate::secret::BearerToken;

/// A probe whose verdicts are written down.
pub struct AuditedProbe {
    inner: Arc<dyn Probe>,
    token: String,
    scim_url: Arc<url::Url>,
    auditor: Arc<Auditor>,
}

impl AuditedProbe {
    /// The door before the probe of a token.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Probe>,
        token: &str,
        scim_url: Arc<url::Url>,
        auditor: Arc<Auditor>,
    ) -> Self {
        Self {
            inner,
            token: token.to_owned(),
            scim_url,
            auditor,
        }
    }

    fn begun(&self, what: &'static str) -> Event {
        Event {
            target: self.scim_url.host_str().map(str::to_owned),
            ..self.auditor.about(Port::Probe, what, &self.token)
        }
    }
}

fn told<T>(event: Event, verdict: &Verdict<T>) -> Event {
    let (result, finding) = match verdict {
        Verdict::Pass(_) => return event,
        Verdict::Fail(finding) => (Outcome::Failed, finding),
        Verdict::Inconclusive(finding) => (Outcome::Unknown, finding),
    };
    let Finding { reason, detail } = finding;
    Event { result, ..event }.because(&format!("{}: {detail}", reason.as_str()))
}

/// Which URLs that must refuse the token let it in, or did not answer clearly.
fn looked(event: Event, reached: &[Reached]) -> Event {
    let with = |answer| reached.iter().filter(move |one| one.answer == answer);
    let urls = |answer| -> Vec<_> { with(answer).map(|one| one.url.as_str()).collect() };
    let (let_in, unclear) = (urls(ReachAnswer::LetIn), urls(ReachAnswer::Unclear));
    let (result, found) = match (let_in.is_empty(), unclear.is_empty()) {
        (true, true) => return event,
        (false, _) => (Outcome::Failed, format!("let in: {}", let_in.join(", "))),
        (true, false) => (Outcome::Unknown, format!("unclear: {}", unclear.join(", "))),
    };
    Event { result, ..event }.because(&found)
}

impl AuditedProbe {
    fn reaching(&self, value: &BearerToken) -> Event {
        Event {
            after: self.auditor.fingerprint(value),
            ..self.begun("reach")
        }
    }

    async fn reached(&self, event: Event, reached: &[Reached]) {
        if !reached.is_empty() {
            let begun = Begun::new(&self.auditor, event);
            begun.ended(|event| looked(event, reached)).await;
        }
    }
}

#[async_trait]
impl Probe for AuditedProbe {
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence> {
        let event = Event {
            after: self.auditor.fingerprint(value),
            ..self.begun("prove")
        };
        let begun = Begun::new(&self.auditor, event);
        let verdict = self.inner.prove(value).await;
        begun.ended(|event| told(event, &verdict)).await;
        verdict
    }

    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        self.inner.compare_tenants(new, old).await
    }

    async fn mark_tenant(
        &self,
        value: &BearerToken,
        before: Option<&TenantMark>,
    ) -> Option<TenantMark> {
        self.inner.mark_tenant(value, before).await
    }

    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy {
        self.inner.compare_with_mark(new, old).await
    }

    async fn reach(&self, value: &BearerToken) -> Vec<Reached> {
        let event = self.reaching(value);
        let reached = self.inner.reach(value).await;
        self.reached(event, &reached).await;
        reached
    }

    async fn allowed(&self, value: &BearerToken) -> Allowed {
        let event = self.reaching(value);
        let allowed = self.inner.allowed(value).await;
        self.reached(event, &allowed.reach).await;
        allowed
    }

    /// For a command that only reads.
    async fn levels(&self, value: &BearerToken) -> Levels {
        self.inner.levels(value).await
    }

    /// Its effects are written down at the door of the journals.
    fn full_cycle(&self) -> Option<FullCycle<'_>> {
        self.inner.full_cycle()
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        let event = Event {
            before: self.auditor.fingerprint(old),
            after: self.auditor.fingerprint(new),
            ..self.begun("prove_refused")
        };
        let begun = Begun::new(&self.auditor, event);
        let verdict = self.inner.prove_refused(old, new).await;
        begun.ended(|event| told(event, &verdict)).await;
        verdict
    }
}
