//! What is looked after when nothing is in flight: the published path, the
//! probes, and when to look again.

use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{LastProbe, Trigger};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{Row, check, does, prepare, waits, waits_for};
use crate::scene::{ago, ahead, days, healthy, hours, mins, nothing_yet, print, secs};
use crate::time::next_probe;

#[test]
fn the_published_path() {
    let rows: Vec<Row> = vec![
        (
            "a token without a record is adopted",
            nothing_yet().person_wrote("x"),
            does(Step::Adopt, Reason::Adoptable),
        ),
        (
            "as long as the path could not be read, nothing is issued",
            nothing_yet().published(Published::Unknown),
            waits_for(secs(10), Reason::Adoptable),
        ),
        (
            "a value that was refused is not adopted either",
            nothing_yet()
                .person_wrote("x")
                .with(|s| s.record.refused_values = vec![print("x")]),
            does(prepare(Trigger::Missing), Reason::Missing),
        ),
        (
            "a token that a person wrote is taken",
            healthy().by_hand().person_wrote("x"),
            does(Step::TakeSupplied, Reason::OperatorSupplied),
        ),
        (
            "an old copy of ours is not taken for a person's",
            healthy()
                .retiring("old", ahead(hours(1)))
                .person_wrote("old"),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a published copy that vanished is written again",
            healthy().published(Published::Absent),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a published copy that cannot be a token is written over",
            healthy().published(Published::Malformed),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a path that could not be read is left alone",
            healthy().published(Published::Unknown),
            waits(next_probe(mins(1)), Reason::Fresh),
        ),
        (
            "readers get the new token before the old one is retired",
            healthy().retire_due().person_wrote("old"),
            does(Step::Publish, Reason::PublishDue),
        ),
    ];
    check(&rows);
}

#[test]
fn probes() {
    let rows: Vec<Row> = vec![
        (
            "the token in use is tested now and then",
            healthy().probed(hours(2), None, 0),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a token that was never tested is tested now",
            healthy().with(|s| s.record.probe = None),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a doubtful answer is looked into soon",
            healthy().probed(mins(1), Some(FindingReason::ServerError), 0),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a token known to be refused is tested at the usual pace again",
            healthy()
                .probed(mins(5), Some(FindingReason::Rejected), 2)
                .with(|s| s.record.issues = vec![ago(hours(1)); 3]),
            waits(next_probe(mins(5)), Reason::IssueCap),
        ),
        (
            "without a token there is nothing to test",
            nothing_yet().with(|s| {
                s.record.probe = Some(LastProbe {
                    at: ago(days(1)),
                    refused: 0,
                    passed_at: None,
                    finding: None,
                });
            }),
            does(prepare(Trigger::Missing), Reason::Missing),
        ),
    ];
    check(&rows);
}

#[test]
fn at_rest() {
    let rows: Vec<Row> = vec![
        (
            "all is well until the next probe",
            healthy(),
            waits(next_probe(mins(1)), Reason::Fresh),
        ),
        (
            "or until the renewal, if that is sooner",
            healthy().issued(days(20) - mins(10)),
            waits_for(mins(10), Reason::Fresh),
        ),
        (
            "or until the expiry, if nothing renews the token before",
            healthy()
                .policy(|p| p.renew.fraction = None)
                .issued(days(30) - mins(10)),
            waits_for(mins(10), Reason::NothingScheduled),
        ),
        (
            "or until an overlap ends",
            healthy().retiring("old", ahead(mins(5))),
            waits_for(mins(5), Reason::WaitingOverlap),
        ),
    ];
    check(&rows);
}
