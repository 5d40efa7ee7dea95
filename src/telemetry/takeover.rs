//! Counts rotations that were taken over from a replica that stopped during
//! them, as opposed to idle tokens, whose lease just ended.

use crate::rotation::decision::Step;
use crate::rotation::record::Record;

/// What this process knows of its last lease on one token.
#[derive(Debug, Default)]
pub(super) struct Hold {
    epoch: Option<u64>,
    /// The rotation that this process has begun, until its next step.
    begun: Option<Box<str>>,
}

impl Hold {
    /// Called when a step begins under the lease in `record`. Returns whether
    /// another replica stopped during this rotation: it held the lease and was
    /// not waiting after a failure.
    pub(super) fn step_began(&mut self, step: &Step, record: &Record) -> bool {
        let Some(lease) = record.lease.as_ref().filter(|_| step.needs_lease()) else {
            return false;
        };
        let changed = self.epoch.replace(lease.epoch) != Some(lease.epoch);
        let Some(rotation) = &record.rotation else {
            return false;
        };
        let begun_here = self.begun.take().as_deref() == Some(rotation.id.as_str());
        // A lease that was given back leaves no epoch in the record.
        changed && lease.epoch > 1 && !begun_here && record.failures.consecutive == 0
    }

    /// Called when a step has ended with this record.
    pub(super) fn step_ended(&mut self, step: &Step, after: &Record) {
        if matches!(step, Step::Prepare { .. } | Step::TakeSupplied) {
            self.begun = after
                .rotation
                .as_ref()
                .map(|rotation| rotation.id.as_str().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::record::{Lease, Trigger};
    use crate::telemetry::fixture;

    const PREPARE: Step = Step::Prepare {
        trigger: Trigger::Schedule,
    };

    fn busy(epoch: u64) -> Record {
        let mut record = fixture::busy_record("crm");
        record.lease = Some(Lease {
            holder: "somebody".to_owned(),
            epoch,
            expires_at: fixture::now(),
        });
        record
    }

    #[test]
    fn a_rotation_begun_here_is_not_taken_over_though_the_last_lease_ran_out_elsewhere() {
        let mut hold = Hold::default();
        let mut rest = busy(6);
        rest.rotation = None;
        assert!(!hold.step_began(&PREPARE, &rest));
        hold.step_ended(&PREPARE, &busy(6));
        assert!(!hold.step_began(&Step::Issue, &busy(7)));
        assert!(!hold.step_began(&Step::Complete, &busy(7)));
    }

    #[test]
    fn a_rotation_in_the_middle_is_taken_over_once() {
        let mut hold = Hold::default();
        assert!(!hold.step_began(&Step::Prove, &busy(6)), "it only reads");
        assert!(hold.step_began(&Step::Complete, &busy(7)));
        assert!(!hold.step_began(&Step::Complete, &busy(7)));
        assert!(hold.step_began(&Step::Complete, &busy(9)), "and back again");
    }

    #[test]
    fn nobody_stopped_who_gave_the_lease_back_or_waits_after_a_failure() {
        assert!(!Hold::default().step_began(&Step::Complete, &busy(1)));
        let mut failing = busy(7);
        failing.failures.consecutive = 1;
        assert!(!Hold::default().step_began(&Step::Complete, &failing));
    }

    #[test]
    fn a_token_at_rest_changes_hands() {
        let mut rest = busy(7);
        rest.rotation = None;
        assert!(!Hold::default().step_began(&Step::Publish, &rest));
    }
}
