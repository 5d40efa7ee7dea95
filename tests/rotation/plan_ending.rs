//! The end of superseded tokens, and of those whose value was lost.

use scim_rotator::rotation::capability::{LastUsed, Overlap, Revoke};
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{Trigger, UseSeen};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{
    Row, check, check_use, does, prepare, retire, revoke_orphan, waits, waits_for,
};
use crate::scene::{Scene, ago, ahead, days, evidence, healthy, hours, mins, secs, weak_evidence};
use crate::time::{next_probe, next_suspicious_probe};

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
            "a compromised token has no overlap that a clock could be wrong about",
            healthy()
                .retire_due()
                .superseded(|e| e.not_before = e.superseded_at)
                .with(|s| s.clock_skew = secs(121)),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "nor have its predecessors, once a person calls the current one compromised",
            healthy()
                .retire_due()
                .requested(Trigger::Compromise, ago(secs(1)))
                .with(|s| s.clock_skew = secs(121)),
            does(retire("old"), Reason::RetireDue),
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
