//! Looks over the driver's shoulder: I8, and I6 where it is asked for.

use jiff::Timestamp;
use scim_rotator::ports::unit::Unit;
use scim_rotator::ports::witness::{StepEnded, Witness};
use scim_rotator::rotation::decision::{Action, Decision, Step};
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::Record;

use crate::request::{Process, Reply};
use crate::service_provider::CANARY;
use crate::time::Sim;

pub(crate) struct Watch {
    pub(crate) sim: Sim,
    pub(crate) process: Process,
    /// Whether everything that could be printed is searched for tokens.
    pub(crate) search: bool,
}

impl Watch {
    fn who(&self, unit: &Unit) -> String {
        format!("{}#{}", unit.name, self.process.id)
    }

    fn must_not_leak(&self, printed: impl FnOnce() -> String) {
        if self.search && printed().contains(CANARY) {
            self.sim
                .lock()
                .violate("I6: a token stands in something that could be printed");
        }
    }
}

impl Witness for Watch {
    fn decided(&self, unit: &Unit, _record: &Record, decision: &Decision, now: Timestamp) {
        if decision.action == Action::Wait {
            let mut world = self.sim.lock();
            if decision.wake_at <= now {
                world.violate("I8: a wait that ends at once");
            }
            world.note(None, &self.who(unit), || {
                let wake_at = decision.wake_at;
                format!("waits until {wake_at}: {}", decision.reason.as_str())
            });
        }
        // The record itself is searched after each step.
        self.must_not_leak(|| format!("{decision:?}"));
    }

    fn step_began(&self, unit: &Unit, _record: &Record, step: &Step, _now: Timestamp) {
        let mut world = self.sim.lock();
        world.note(None, &self.who(unit), || format!("step {}", step.as_str()));
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        self.must_not_leak(|| format!("{:?} {:?} {:?}", ended.step, ended.outcome, ended.after));
        let mut world = self.sim.lock();
        world.note(None, &self.who(unit), || {
            let stage = ended.after.stage_name().as_str();
            let step = ended.step.as_str();
            if let Outcome::Failed { fault, .. } = ended.outcome {
                format!("step {step} failed: {}", fault.message)
            } else {
                format!("step {step} ended, now {stage}")
            }
        });
    }

    fn store_failed(&self, unit: &Unit, error: &str, _now: Timestamp) {
        self.must_not_leak(|| error.to_owned());
        let mut world = self.sim.lock();
        if error.contains("defect of scim-rotator") {
            world.violate(format!("the driver found a defect of its own: {error}"));
        }
        world.note(None, &self.who(unit), || format!("store failed: {error}"));
    }

    fn conflict(&self, unit: &Unit) {
        let mut world = self.sim.lock();
        world.note(None, &self.who(unit), || "conflict".to_owned());
    }
}

/// A reply in a few words, without token values.
pub(crate) fn short(reply: &Reply) -> String {
    match reply {
        Reply::Nothing => String::new(),
        Reply::Record(None) => " -> none".to_owned(),
        Reply::Record(Some((record, version))) => {
            let stage = record.stage_name().as_str();
            format!(" -> g{} {stage} v{version}", record.generation)
        }
        Reply::Written(version) => format!(" -> v{version}"),
        Reply::Published(_, version) => format!(" -> v{version}"),
        Reply::Listing(listing) => {
            let ids: Vec<_> = listing.tokens.iter().map(|t| t.id.as_str()).collect();
            format!(" -> {}", ids.join(", "))
        }
        Reply::Issued(token) => {
            let id = token.id.as_deref().unwrap_or("-");
            format!(" -> {id} {}", token.value.fingerprint())
        }
        Reply::Found(found) => format!(" -> {}", found.is_some()),
        Reply::Confirmation(confirmation) => format!(" -> {confirmation:?}"),
        Reply::Accepted(accepted) => format!(" -> accepted: {accepted}"),
        Reply::Tenancy(tenancy) => format!(" -> {tenancy:?}"),
        Reply::Both { old, new } => format!(" -> old accepted: {old}, new: {new}"),
    }
}
