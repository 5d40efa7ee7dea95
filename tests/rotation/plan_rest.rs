//! What the stored state and the time call for when nothing is in flight.

use jiff::Timestamp;
use scim_rotator::rotation::capability::{
    IssueEffect, LastUsed, LiveTokens, Overlap, Revoke, Supply,
};
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{
    ExpiryKnown, LastProbe, PastRotation, RotationResult, Trigger, UseSeen,
};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{
    Row, check, check_use, does, prepare, retire, revoke_orphan, waits, waits_for,
};
use crate::scene::{
    Scene, ago, ahead, days, evidence, healthy, hours, mins, nothing_yet, print, renewal_due, secs,
    weak_evidence, windows_in_december,
};
use crate::time::{next_probe, next_suspicious_probe};

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
            healthy().person_wrote("x"),
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
fn superseded_tokens() {
    let last_used = |s: Scene| s.issuer(|i| i.last_used = LastUsed::Exact);
    let rows: Vec<Row> = vec![
        (
            "a superseded token is retired when its overlap has ended",
            healthy().retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "not a second earlier",
            healthy().retiring("old", ahead(secs(1))),
            waits_for(secs(1), Reason::WaitingOverlap),
        ),
        (
            "one that cannot be revoked waits for its expiry",
            healthy().retiring("old", ahead(days(20))),
            waits(next_probe(mins(1)), Reason::WaitingExpiry),
        ),
        (
            "a retirement that failed is repeated at its own pace",
            healthy().retire_due().superseded(|e| {
                e.attempts = 1;
                e.retry_at = Some(ahead(secs(20)));
            }),
            waits_for(secs(20), Reason::WaitingOverlap),
        ),
        (
            "its last use is asked for first, where the issuer can tell",
            last_used(healthy().retire_due()),
            does(check_use("old"), Reason::RetireDue),
        ),
        (
            "once it has gone quiet it is retired",
            last_used(healthy().retire_due()).superseded(|e| {
                e.use_checked = Some(UseSeen {
                    at: ago(secs(1)),
                    last_used_at: None,
                });
            }),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a compromised token's use prolongs nothing, so it is not asked for",
            last_used(healthy().retire_due()).superseded(|e| e.superseded_at = e.not_before),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "an expired token's use is not asked for",
            last_used(healthy().retire_due())
                .superseded(|e| e.token.expires_at = Some(ago(secs(1)))),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "clocks that differ too much retire nothing",
            healthy().retire_due().with(|s| s.clock_skew = secs(121)),
            waits_for(secs(30), Reason::ClockSkew),
        ),
        (
            "clocks that differ the other way retire nothing either",
            healthy().retire_due().with(|s| s.clock_skew = secs(-121)),
            waits_for(secs(30), Reason::ClockSkew),
        ),
        (
            "clocks that differ a little are no obstacle",
            healthy().retire_due().with(|s| s.clock_skew = secs(-120)),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a predecessor that is due first does not hold up the next one",
            healthy().retiring("x", ahead(hours(1))).retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
    ];
    check(&rows);
}

#[test]
fn nothing_is_retired_unless_the_current_token_is_proven() {
    let due = || healthy().retire_due();
    let proven = |s: Scene, before| {
        s.current(|token| token.evidence = Some(evidence("a", ago(before))))
            .probed(before, None, 0)
    };
    let rows: Vec<Row> = vec![
        (
            "a proof of just now suffices",
            proven(due(), mins(4)),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "an older proof is renewed first",
            proven(due(), mins(6)),
            does(Step::Verify, Reason::ProofNeeded),
        ),
        (
            "a current token without any proof is tested first",
            due().current(|token| token.evidence = None).with(|s| {
                s.record.probe = None;
            }),
            does(Step::Verify, Reason::ProofNeeded),
        ),
        (
            "a proof without negative controls does not suffice",
            due()
                .current(|token| token.evidence = Some(weak_evidence("a", ago(mins(1)))))
                .probed(mins(1), None, 0),
            waits_for(mins(4), Reason::ProofNeeded),
        ),
        (
            "it is tried again after a while",
            due()
                .current(|token| token.evidence = Some(weak_evidence("a", ago(mins(6)))))
                .probed(mins(6), None, 0),
            does(Step::Verify, Reason::ProofNeeded),
        ),
        (
            "a current token that was refused since its proof retires nothing",
            due().probed(secs(10), Some(FindingReason::Rejected), 1),
            waits(next_suspicious_probe(secs(10)), Reason::ProofNeeded),
        ),
        (
            "a probe that showed nothing retires nothing",
            due().probed(secs(10), Some(FindingReason::Unreachable), 0),
            waits(next_suspicious_probe(secs(10)), Reason::ProofNeeded),
        ),
        (
            "a refused one is tested again soon",
            due().probed(mins(1), Some(FindingReason::Rejected), 1),
            does(Step::Verify, Reason::ProofNeeded),
        ),
    ];
    check(&rows);
}

#[test]
fn a_compromised_token_takes_its_predecessors_with_it() {
    let early = || healthy().retiring("old", ahead(hours(20)));
    let rows: Vec<Row> = vec![
        (
            "the overlap of its predecessor is cut short",
            early().requested(Trigger::Compromise, ago(secs(1))),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a predecessor that cannot be revoked is no obstacle",
            early()
                .issuer(|i| i.revoke = Revoke::Never)
                .requested(Trigger::Compromise, ago(secs(1))),
            does(prepare(Trigger::Compromise), Reason::Compromised),
        ),
        (
            "a forced rotation cuts nothing short",
            early().requested(Trigger::Force, ago(secs(1))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
    ];
    check(&rows);
}

#[test]
fn a_predecessor_without_a_window_is_not_kept_for_readers() {
    let unreadable = || {
        healthy()
            .retire_due()
            .published(Published::Absent)
            .failed("publish", 1, ago(secs(1)))
    };
    let rows: Vec<Row> = vec![
        (
            "one with a window is kept until its successor is published",
            unreadable(),
            waits(
                crate::time::after_failures(1, ago(secs(1))),
                Reason::Backoff,
            ),
        ),
        (
            "one without is not",
            unreadable().superseded(|e| e.superseded_at = e.not_before),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a compromised one is not",
            unreadable().requested(Trigger::Compromise, ago(secs(2))),
            does(retire("old"), Reason::RetireDue),
        ),
    ];
    check(&rows);
}

#[test]
fn lost_tokens() {
    let rows: Vec<Row> = vec![
        (
            "a lost token of ours is revoked",
            healthy().orphan("lost", None),
            does(revoke_orphan("lost"), Reason::OrphanFound),
        ),
        (
            "a revocation that failed is repeated at its own pace",
            healthy().orphan("lost", Some(ahead(secs(20)))),
            waits_for(secs(20), Reason::OrphanFound),
        ),
        (
            "one that is not due does not hold up another",
            healthy()
                .orphan("lost", Some(ahead(secs(20))))
                .orphan("other", None),
            does(revoke_orphan("other"), Reason::OrphanFound),
        ),
        (
            "where single tokens cannot be revoked, it is left to expire",
            healthy()
                .orphan("lost", None)
                .issuer(|i| i.revoke = Revoke::AllOnly),
            waits(next_probe(mins(1)), Reason::Fresh),
        ),
        (
            "a next token of a two-phase issuer is never cancelled beside a rotation",
            healthy()
                .orphan("lost", None)
                .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: true }),
            waits(next_probe(mins(1)), Reason::Fresh),
        ),
    ];
    check(&rows);
}

#[test]
fn a_rotation_begins() {
    let rows: Vec<Row> = vec![
        (
            "when there is no token",
            nothing_yet(),
            does(prepare(Trigger::Missing), Reason::Missing),
        ),
        (
            "when its renewal time has come",
            renewal_due(),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "and not a second earlier",
            healthy().issued(days(20) - secs(1)),
            waits_for(secs(1), Reason::Fresh),
        ),
        (
            "when the token has expired",
            healthy().issued(days(30)),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "when the token has reached its declared end",
            healthy()
                .policy(|p| p.declared_lifetime = Some(days(10)))
                .current(|token| {
                    token.expires_at = None;
                    token.expiry = ExpiryKnown::Unknown;
                }),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "when a person asks for it",
            healthy().requested(Trigger::Force, ago(secs(1))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "when a person says that the token is compromised",
            healthy().requested(Trigger::Compromise, ago(secs(1))),
            does(prepare(Trigger::Compromise), Reason::Compromised),
        ),
        (
            "when the token was refused twice in a row",
            healthy().probed(secs(10), Some(FindingReason::Rejected), 2),
            does(prepare(Trigger::Drift), Reason::Drift),
        ),
        (
            "not when it was refused once: one refusal alone is not believed",
            healthy().probed(secs(10), Some(FindingReason::Rejected), 1),
            waits(next_suspicious_probe(secs(10)), Reason::Fresh),
        ),
        (
            "a token that does not expire is left alone",
            healthy().current(|token| {
                token.expires_at = None;
                token.expiry = ExpiryKnown::Never;
            }),
            waits(next_probe(mins(1)), Reason::NothingScheduled),
        ),
        (
            "a token whose issuer says that it never expires has no declared end",
            healthy()
                .policy(|p| p.declared_lifetime = Some(days(10)))
                .current(|token| {
                    token.expires_at = None;
                    token.expiry = ExpiryKnown::Never;
                }),
            waits(next_probe(mins(1)), Reason::NothingScheduled),
        ),
        (
            "an operator's token is renewed like any other",
            renewal_due().issuer(|i| i.supply = Supply::Operator),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
    ];
    check(&rows);
}

#[test]
fn slots_hold_a_rotation_back() {
    let two = |s: Scene| s.issuer(|i| i.live_tokens = LiveTokens::Two);
    let rows: Vec<Row> = vec![
        (
            "with two slots the superseded token must be gone first",
            two(renewal_due()).retiring("old", ahead(mins(30))),
            waits_for(mins(30), Reason::SlotNeeded),
        ),
        (
            "an overdue one that may not be retired is not asked after in a hurry",
            two(renewal_due())
                .retire_due()
                .with(|s| s.clock_skew = hours(1)),
            waits_for(secs(30), Reason::SlotNeeded),
        ),
        (
            "a dead current token takes no slot",
            two(healthy())
                .probed(secs(10), Some(FindingReason::Rejected), 2)
                .retire_due(),
            does(prepare(Trigger::Drift), Reason::Drift),
        ),
        (
            "an expired current token takes no slot",
            two(healthy())
                .issued(days(31))
                .retiring("old", ahead(mins(30))),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "an expired superseded token takes no slot",
            two(renewal_due())
                .retire_due()
                .superseded(|e| e.token.expires_at = Some(ago(mins(1))))
                .with(|s| s.clock_skew = hours(1)),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "with two phases the last rotation is completed before the next begins",
            renewal_due()
                .retiring("old", ahead(mins(30)))
                .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: true }),
            waits_for(mins(30), Reason::SlotNeeded),
        ),
        (
            "a dead token takes the phase that it came from with it",
            healthy()
                .issued(days(31))
                .retiring("old", ahead(mins(30)))
                .issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: true }),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "with many slots nothing must be gone",
            renewal_due().retiring("old", ahead(mins(30))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a compromised token's predecessor makes room at once",
            two(healthy())
                .retiring("old", ahead(mins(30)))
                .requested(Trigger::Compromise, ago(secs(1))),
            does(retire("old"), Reason::RetireDue),
        ),
    ];
    check(&rows);
}

#[test]
fn the_runaway_guard_and_roll_backs_hold_a_rotation_back() {
    let issued = |s: Scene, at: &[Timestamp]| s.with(|s| s.record.issues = at.to_vec());
    let three = [ago(days(1) - mins(20)), ago(hours(2)), ago(hours(1))];
    let rows: Vec<Row> = vec![
        (
            "three issues in a day are enough",
            issued(renewal_due(), &three),
            waits_for(mins(20), Reason::IssueCap),
        ),
        (
            "an issue of yesterday does not count",
            issued(renewal_due(), &[ago(days(1)), ago(hours(2)), ago(hours(1))]),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "even a token that is missing waits",
            issued(nothing_yet(), &three),
            waits_for(mins(20), Reason::IssueCap),
        ),
        (
            "even a person's request waits",
            issued(healthy(), &three).requested(Trigger::Force, ago(secs(1))),
            waits_for(mins(20), Reason::IssueCap),
        ),
        (
            "unless the person overrides the guard",
            issued(healthy(), &three)
                .requested(Trigger::Force, ago(secs(1)))
                .overriding(),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "a person who writes tokens is not guarded",
            issued(renewal_due(), &three).issuer(|i| i.supply = Supply::Operator),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a guard of zero counts as one a day, and is no way around it",
            issued(renewal_due(), &[ago(days(1) - mins(20))]).policy(|p| p.issues_per_day = 0),
            waits_for(mins(20), Reason::IssueCap),
        ),
        (
            "a rotation that was rolled back is not begun again at once",
            rolled_back(renewal_due(), mins(10)),
            waits_for(mins(50), Reason::Backoff),
        ),
        (
            "an hour later it is",
            rolled_back(renewal_due(), hours(1)),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "near expiry it is begun again sooner",
            rolled_back(healthy().issued(days(30) - mins(100)), mins(5)),
            waits(ago(mins(5)) + secs(5 * 63), Reason::Backoff),
        ),
        (
            "with no working token it is begun again after the shortest pause",
            rolled_back(nothing_yet(), secs(10)),
            waits_for(secs(20), Reason::Backoff),
        ),
        (
            "a person's request does not wait for that",
            rolled_back(healthy(), mins(10)).requested(Trigger::Force, ago(secs(1))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
    ];
    check(&rows);
}

fn rolled_back(scene: Scene, before: jiff::SignedDuration) -> Scene {
    scene.with(|s| {
        s.record.history.push(PastRotation {
            id: "r0".to_owned(),
            trigger: Trigger::Schedule,
            began_at: ago(before + mins(5)),
            ended_at: ago(before),
            result: RotationResult::RolledBack,
            old: Some(print("a")),
            new: Some(print("z")),
            old_refused: None,
            detail: None,
        });
    })
}

#[test]
fn windows_hold_a_rotation_back() {
    let closed = |s: Scene| s.with(windows_in_december);
    let kills = |s: Scene| s.issuer(|i| i.issue_effect = IssueEffect::Kills);
    let rows: Vec<Row> = vec![
        (
            "a renewal waits for its window, and the token is probed meanwhile",
            closed(renewal_due()),
            waits(next_probe(mins(1)), Reason::WaitingWindow),
        ),
        (
            "beyond the hard deadline windows are ignored",
            closed(healthy().issued(days(27))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "just before it they are not",
            closed(healthy().issued(days(27) - secs(5))),
            waits_for(secs(5), Reason::WaitingWindow),
        ),
        (
            "an expired token waits for no window",
            closed(healthy().issued(days(30))),
            does(prepare(Trigger::Schedule), Reason::Expired),
        ),
        (
            "a missing token waits for no window",
            closed(nothing_yet()),
            does(prepare(Trigger::Missing), Reason::Missing),
        ),
        (
            "a person's request waits for no window",
            closed(healthy()).requested(Trigger::Force, ago(secs(1))),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "unless the issue would cut the old token off",
            kills(closed(healthy())).requested(Trigger::Force, ago(secs(1))),
            waits(next_probe(mins(1)), Reason::WaitingWindow),
        ),
        (
            "and the person does not override that",
            kills(closed(healthy()))
                .requested(Trigger::Force, ago(secs(1)))
                .overriding(),
            does(prepare(Trigger::Force), Reason::Forced),
        ),
        (
            "a compromised token is cut off at any time",
            kills(closed(healthy())).requested(Trigger::Compromise, ago(secs(1))),
            does(prepare(Trigger::Compromise), Reason::Compromised),
        ),
        (
            "a superseded token is retired while a window is waited for",
            closed(renewal_due()).retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "it is woken when one is due meanwhile",
            closed(renewal_due()).retiring("old", ahead(mins(7))),
            waits_for(mins(7), Reason::WaitingWindow),
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
