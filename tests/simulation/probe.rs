//! The probe of the driver. What the world answers is judged by the code that
//! judges real service providers.

use async_trait::async_trait;
use jiff::Timestamp;
use scim_rotator::fault::{Fault, FaultClass};
use scim_rotator::ports::Probe;
use scim_rotator::scim::answer::{AuthError, ProbeAnswer};
use scim_rotator::scim::evidence::{Evidence, Refusal, Verdict};
use scim_rotator::scim::verdict::{ControlAnswers, Observed, RefusalRound, judge, judge_refusal};
use scim_rotator::secret::BearerToken;

use crate::gate::Gate;
use crate::ports::{fault, misfit};
use crate::request::{Reply, Request};

/// The service provider as one process asks it.
pub(crate) struct SimProbe {
    pub(crate) gate: Gate,
}

impl SimProbe {
    /// How the service provider says no.
    fn refusal(&self) -> ProbeAnswer {
        let world = self.gate.sim.lock();
        let tenant = world.tenants.get(&self.gate.token);
        match tenant.is_some_and(|t| t.provider.quirks.lacks_scope) {
            true => ProbeAnswer::Forbidden(Some(AuthError::InsufficientScope)),
            false => ProbeAnswer::Unauthorized(None),
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
                    none: ProbeAnswer::Unauthorized(None),
                    garbage: ProbeAnswer::Unauthorized(None),
                }),
                ..Observed::default()
            },
            Ok(other) => unanswered(vec![trouble(&misfit(&other))]),
            Err(fault) => unanswered(vec![trouble(&fault)]),
        };
        judge(value, self.wall(), &seen)
    }

    async fn prove_refused(&self, old: &BearerToken, new: &BearerToken) -> Verdict<Refusal> {
        let request = Request::ProveRefused {
            old: old.clone(),
            new: new.clone(),
        };
        let reply = self.gate.pass(request).await.map_err(fault);
        let round = match reply {
            Ok(Reply::Both { old, new }) => RefusalRound {
                before: vec![answer(new)],
                old: vec![answer(old)],
                after: Some(answer(new)),
            },
            Ok(other) => unasked(trouble(&misfit(&other))),
            Err(fault) => unasked(trouble(&fault)),
        };
        judge_refusal(old, self.wall(), &round)
    }
}

fn answer(accepted: bool) -> ProbeAnswer {
    if accepted {
        ProbeAnswer::Accepted
    } else {
        ProbeAnswer::Unauthorized(None)
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
