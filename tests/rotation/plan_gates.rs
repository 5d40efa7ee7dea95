//! Who may act at all, what holds everything back, and what is done meanwhile.

use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{DeliveryState, HaltCause, Paused, Stage, Trigger};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{Row, check, deliver, does, prepare, retire, revoke_orphan, waits, waits_for};
use crate::scene::{
    ME, Scene, ago, ahead, days, healthy, hours, in_stage, mins, nothing_yet, renewal_due, secs,
};
use crate::time::{after_failures, next_probe};

#[test]
fn who_may_act_at_all() {
    let rows: Vec<Row> = vec![
        (
            "a record of a newer program is left alone",
            renewal_due().with(|s| s.record.schema = 2),
            waits_for(mins(5), Reason::SchemaTooNew),
        ),
        (
            "a clock far behind the last write does nothing",
            renewal_due().with(|s| s.record.updated_at = ahead(mins(3))),
            waits_for(mins(2), Reason::ClockBehind),
        ),
        (
            "a clock that servers confirm is not behind: the writer's was ahead",
            renewal_due().with(|s| {
                s.record.updated_at = ahead(days(365));
                s.clock_is_measured = true;
            }),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a person's request overrides a clock that nobody contradicts",
            renewal_due()
                .requested(Trigger::Force, ago(secs(1)))
                .with(|s| s.record.updated_at = ahead(days(365))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "not one that the servers contradict",
            renewal_due()
                .requested(Trigger::Force, ago(secs(1)))
                .with(|s| {
                    s.record.updated_at = ahead(mins(5));
                    s.clock_skew = mins(5);
                    s.clock_is_measured = true;
                }),
            waits_for(mins(2), Reason::ClockBehind),
        ),
        (
            "a clock that is ahead by some minutes goes on issuing",
            renewal_due().with(|s| {
                s.clock_skew = -mins(20);
                s.clock_is_measured = true;
            }),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a clock a little behind the last write is no obstacle",
            renewal_due().with(|s| s.record.updated_at = ahead(mins(2))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a person's pause holds everything",
            paused(renewal_due().retire_due()),
            waits_for(mins(5), Reason::Paused),
        ),
        (
            "a pause holds a rotation in flight",
            paused(in_stage(Stage::Delivering)),
            waits_for(mins(5), Reason::Paused),
        ),
        (
            "the kill switch holds everything",
            renewal_due().with(|s| s.all_paused = true),
            waits_for(mins(5), Reason::Paused),
        ),
        (
            "no rotation begins while the audit fails, where it must not",
            renewal_due().with(|s| s.audit_fails = true),
            waits_for(secs(15), Reason::AuditFails),
        ),
        (
            "not one that a person asks for either",
            healthy()
                .requested(Trigger::Force, ago(secs(1)))
                .with(|s| s.audit_fails = true),
            waits_for(secs(15), Reason::AuditFails),
        ),
        (
            "and none with a token that a person supplies",
            healthy()
                .by_hand()
                .person_wrote("x")
                .with(|s| s.audit_fails = true),
            waits_for(secs(15), Reason::AuditFails),
        ),
        (
            "what runs is finished meanwhile",
            in_stage(Stage::Delivering).with(|s| s.audit_fails = true),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "and an old token is retired",
            renewal_due().retire_due().with(|s| s.audit_fails = true),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a token that is as it should be waits as ever",
            healthy().with(|s| s.audit_fails = true),
            waits(next_probe(mins(1)), Reason::Fresh),
        ),
        (
            "a pause comes before a person's request",
            paused(healthy().requested(Trigger::Force, ago(secs(1)))),
            waits_for(mins(5), Reason::Paused),
        ),
        (
            "another replica's lease is respected until it ends",
            renewal_due().leased_to("replica-b", ahead(secs(40))),
            waits_for(secs(40), Reason::LeaseElsewhere),
        ),
        (
            "a long lease of another is looked at again, because it may be given back",
            renewal_due().leased_to("replica-b", ahead(hours(3))),
            waits_for(mins(5), Reason::LeaseElsewhere),
        ),
        (
            "a lease that has ended is no obstacle",
            renewal_due().leased_to("replica-b", ago(secs(1))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "our own lease is no obstacle",
            renewal_due().leased_to(ME, ahead(secs(40))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a dry run looks past the leases of others",
            renewal_due()
                .leased_to("replica-b", ahead(secs(40)))
                .with(|s| s.holder = None),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
    ];
    check(&rows);
}

fn paused(scene: Scene) -> Scene {
    scene.with(|s| {
        s.record.paused = Some(Paused {
            since: ago(hours(1)),
            reason: "change freeze".to_owned(),
            by: None,
        });
    })
}

fn stuck(stage: Stage) -> Scene {
    in_stage(stage).halted(HaltCause::AttemptsUsedUp, ago(mins(10)))
}

#[test]
fn a_halted_token_is_measured_and_not_moved() {
    let halted = || healthy().halted(HaltCause::SlotBlocked, ago(mins(10)));
    let rows: Vec<Row> = vec![
        (
            "a halted token waits for a person",
            halted(),
            waits_for(mins(5), Reason::Halted),
        ),
        (
            "a halted rotation waits for a person",
            stuck(Stage::Delivering),
            waits_for(mins(5), Reason::Halted),
        ),
        (
            "a halted token without a current one is not looked at in a hurry",
            nothing_yet().halted(HaltCause::AttemptsUsedUp, ago(mins(10))),
            waits_for(mins(5), Reason::Halted),
        ),
        (
            "a halted token is still probed",
            halted().probed(hours(2), None, 0),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a halted token is woken for its next probe",
            halted().probed(mins(62), None, 0),
            waits(next_probe(mins(62)), Reason::Halted),
        ),
        (
            "the published copy of a halted token follows its record",
            halted().published(Published::Absent),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a publication of a halted token that just failed is not repeated at once",
            halted()
                .published(Published::Absent)
                .failed("publish", 1, ago(secs(1))),
            waits(after_failures(1, ago(secs(1))), Reason::Halted),
        ),
        (
            "a superseded token of a halted one is retired",
            halted().retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a lost token of a halted one is revoked",
            halted().orphan("lost", None),
            does(revoke_orphan("lost"), Reason::OrphanFound),
        ),
        (
            "a person who writes a new token has decided",
            halted().by_hand().person_wrote("x"),
            does(Step::TakeSupplied, Reason::OperatorSupplied),
        ),
        (
            "a person's token rescues a halted rotation that has issued nothing",
            stuck(Stage::Issuing)
                .without_intent()
                .accepting()
                .person_wrote("x"),
            does(Step::TakeSupplied, Reason::OperatorSupplied),
        ),
        (
            "a person's token is not overwritten while a halted rotation has one of its own",
            stuck(Stage::Delivering).accepting().person_wrote("x"),
            waits_for(mins(5), Reason::Halted),
        ),
        (
            "a request lifts the halt",
            halted().requested(Trigger::Force, ago(mins(9))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "a request of a person whose clock is behind ours lifts it too",
            halted().requested(Trigger::Force, ago(mins(11))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "a request lets a halted rotation go on at once, whatever failed before it",
            stuck(Stage::Delivering)
                .failed("deliver", 9, ago(mins(10)))
                .requested(Trigger::Force, ago(secs(1))),
            does(deliver("canary"), Reason::InFlight),
        ),
    ];
    check(&rows);
}

#[test]
fn a_failure_is_not_repeated_at_once() {
    let rows: Vec<Row> = vec![
        (
            "a first failure holds its rotation back for the shortest pause",
            in_stage(Stage::Delivering).failed("deliver", 1, ago(secs(10))),
            waits(after_failures(1, ago(secs(10))), Reason::Backoff),
        ),
        (
            "a failure whose pause has passed is no obstacle",
            in_stage(Stage::Delivering).failed("deliver", 1, ago(mins(1))),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "a failed preparation holds the rotation back that it would begin",
            renewal_due().failed("prepare", 3, ago(secs(10))),
            waits(after_failures(3, ago(secs(10))), Reason::Backoff),
        ),
        (
            "a person's request does not wait for failures before it",
            renewal_due()
                .failed("prepare", 3, ago(secs(10)))
                .requested(Trigger::Force, ago(secs(5))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "a failure after the request holds it back as any other",
            renewal_due()
                .requested(Trigger::Force, ago(secs(20)))
                .failed("prepare", 3, ago(secs(10))),
            waits(after_failures(3, ago(secs(10))), Reason::Backoff),
        ),
        (
            "the token in use is probed meanwhile",
            in_stage(Stage::Delivering)
                .failed("deliver", 8, ago(mins(1)))
                .probed(hours(2), None, 0),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a superseded token is retired meanwhile",
            in_stage(Stage::Delivering)
                .failed("deliver", 8, ago(mins(1)))
                .retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "it is woken when a superseded token is due meanwhile",
            in_stage(Stage::Delivering)
                .failed("deliver", 9, ago(mins(1)))
                .retiring("old", ahead(mins(2))),
            waits_for(mins(2), Reason::Backoff),
        ),
        (
            "an effect in flight comes before side tasks",
            in_stage(Stage::Delivering)
                .delivery("canary", DeliveryState::Delivered)
                .retire_due()
                .orphan("lost", None),
            does(deliver("second"), Reason::InFlight),
        ),
        (
            "a failed probe is repeated at the pace of retries, not at once",
            healthy().probed(secs(10), Some(FindingReason::Unreachable), 0),
            waits(crate::time::next_suspicious_probe(secs(10)), Reason::Fresh),
        ),
    ];
    check(&rows);
}
