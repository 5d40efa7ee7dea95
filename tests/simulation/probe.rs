//! The probe of the driver. What the world answers is judged by the code that
//! judges real service providers.

use async_trait::async_trait;
use jiff::Timestamp;
use scim_rotator::fault::{Fault, FaultClass};
use scim_rotator::ports::Probe;
use scim_rotator::scim::answer::{AuthError, ProbeAnswer, RedirectTo};
use scim_rotator::scim::evidence::Tenancy;
use scim_rotator::scim::evidence::{Evidence, Refusal, Verdict};
use scim_rotator::scim::tenant_mark::TenantMark;
use scim_rotator::scim::verdict::{ControlAnswers, Observed, RefusalRound, judge, judge_refusal};
use scim_rotator::secret::BearerToken;

use crate::gate::Gate;
use crate::ports::{fault, misfit};
use crate::request::{Reply, Request};
use crate::service_provider::{Dead, Quirks};

/// The service provider as one process asks it.
pub(crate) struct SimProbe {
    pub(crate) gate: Gate,
}

impl SimProbe {
    fn quirks(&self) -> Quirks {
        let world = self.gate.sim.lock();
        let tenant = world.tenants.get(&self.gate.token);
        tenant.map_or_else(Quirks::default, |t| t.provider.quirks.clone())
    }

    /// How the service provider says no to a token that does not work.
    fn refusal(&self) -> ProbeAnswer {
        let quirks = self.quirks();
        match quirks.answers_dead {
            _ if quirks.lacks_scope => ProbeAnswer::Forbidden(Some(AuthError::InsufficientScope)),
            Dead::Redirect => ProbeAnswer::Redirect(RedirectTo::OtherPath),
            Dead::Unauthorized | Dead::NotFound | Dead::BadRequest => self.wrong(),
        }
    }

    /// How it says no to a wrong token.
    fn wrong(&self) -> ProbeAnswer {
        match self.quirks().answers_dead {
            Dead::NotFound => ProbeAnswer::NotFound,
            Dead::BadRequest => ProbeAnswer::BadRequest(None),
            Dead::Unauthorized | Dead::Redirect => ProbeAnswer::Unauthorized(None),
        }
    }

    fn answer(&self, accepted: bool) -> ProbeAnswer {
        if accepted {
            ProbeAnswer::Accepted
        } else {
            self.refusal()
        }
    }

    fn wall(&self) -> Timestamp {
        self.gate.sim.lock().wall(self.gate.process.machine)
    }
}

#[async_trait]
impl Probe for SimProbe {
    async fn prove(&self, value: &BearerToken) -> Verdict<Evidence> {
        let request = Request::Prove {
            value: value.clone(),
        };
        let reply = self.gate.pass(request).await.map_err(fault);
        let seen = match reply {
            Ok(Reply::Accepted(accepted)) => Observed {
                reads: vec![match accepted {
                    true => ProbeAnswer::Accepted,
                    false => self.refusal(),
                }],
                controls: Some(ControlAnswers {
                    none: self.wrong(),
                    garbage: self.wrong(),
                }),
                ..Observed::default()
            },
            Ok(other) => unanswered(vec![trouble(&misfit(&other))]),
            Err(fault) => unanswered(vec![trouble(&fault)]),
        };
        judge(value, self.wall(), &seen)
    }

    async fn compare_tenants(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        let request = Request::CompareTenants {
            new: new.clone(),
            old: old.clone(),
        };
        match self.gate.pass(request).await.map_err(fault) {
            Ok(Reply::Tenancy(tenancy)) => tenancy,
            Ok(other) => Tenancy::Unknown(misfit(&other).message),
            Err(fault) => Tenancy::Unknown(fault.message),
        }
    }

    async fn mark_tenant(&self, value: &BearerToken, _: Option<&TenantMark>) -> Option<TenantMark> {
        let world = self.gate.sim.lock();
        let tenant = world.tenants.get(&self.gate.token)?;
        let id = tenant.entry_seen_by(value, world.now)?;
        let mark = serde_json::json!({ "entries": [id] });
        serde_json::from_value(mark).ok()
    }

    async fn compare_with_mark(&self, new: &BearerToken, old: &TenantMark) -> Tenancy {
        let world = self.gate.sim.lock();
        let tenant = world.tenants.get(&self.gate.token);
        let seen = tenant.and_then(|tenant| tenant.entry_seen_by(new, world.now));
        let remembered = serde_json::to_value(old).unwrap_or_default();
        match seen {
            None => Tenancy::Unknown("it is refused".to_owned()),
            Some(id) if remembered["entries"][0] == id => Tenancy::Same,
            Some(_) => Tenancy::Gone("it lists other entries".to_owned()),
        }
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        let request = Request::ProveRefused {
            old: old.clone(),
            new: new.clone(),
        };
        let reply = self.gate.pass(request).await.map_err(fault);
        let round = match reply {
            Ok(Reply::Both { old, new }) => RefusalRound {
                before: vec![self.answer(new)],
                old: vec![self.answer(old)],
                after: Some(self.answer(new)),
            },
            Ok(other) => unasked(trouble(&misfit(&other))),
            Err(fault) => unasked(trouble(&fault)),
        };
        judge_refusal(old, self.wall(), &round)
    }
}

fn unanswered(reads: Vec<ProbeAnswer>) -> Observed {
    Observed {
        reads,
        ..Observed::default()
    }
}

fn unasked(before: ProbeAnswer) -> RefusalRound {
    RefusalRound {
        before: vec![before],
        old: Vec::new(),
        after: None,
    }
}

/// What the trouble of a call looks like to a probe. None of these says
/// anything of the token.
fn trouble(fault: &Fault) -> ProbeAnswer {
    match fault.class {
        FaultClass::NotApplied | FaultClass::Ambiguous | FaultClass::Conflict => {
            ProbeAnswer::Unreachable(fault.message.clone())
        }
        FaultClass::Throttled => ProbeAnswer::Throttled,
        FaultClass::Unauthorized => ProbeAnswer::Forbidden(None),
        FaultClass::Rejected => ProbeAnswer::ServerError(503),
    }
}
