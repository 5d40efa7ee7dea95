//! What begins a rotation, and what holds it back.

use jiff::Timestamp;
use scim_rotator::rotation::capability::{IssueEffect, LiveTokens, Overlap, Revoke, Supply};
use scim_rotator::rotation::decision::Reason;
use scim_rotator::rotation::record::{ExpiryKnown, PastRotation, RotationResult, Trigger};
use scim_rotator::scim::evidence::FindingReason;

use crate::decided::{Row, check, does, prepare, retire, waits, waits_for};
use crate::scene::{
    Scene, ago, ahead, days, healthy, hours, mins, nothing_yet, print, renewal_due, secs,
    windows_in_december,
};
use crate::time::{next_probe, next_suspicious_probe};

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
            waits(next_suspicious_probe(secs(10)), Reason::Refused),
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
                .with(|s| s.clock_skew = mins(10)),
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
                .with(|s| s.clock_skew = mins(10)),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "a superseded token whose revocation the issuer took takes no slot",
            two(renewal_due())
                .retire_due()
                .superseded(|e| e.revoked_at = Some(ago(mins(5))))
                .superseded(|e| e.retry_at = Some(ahead(mins(5)))),
            does(prepare(Trigger::Schedule), Reason::RenewalDue),
        ),
        (
            "not when a person says that the token is compromised either",
            two(healthy())
                .requested(Trigger::Compromise, ago(mins(1)))
                .retire_due()
                .superseded(|e| e.revoked_at = Some(ago(mins(5))))
                .superseded(|e| e.retry_at = Some(ahead(mins(5)))),
            does(prepare(Trigger::Compromise), Reason::Compromised),
        ),
        (
            "one that is still accepted after its revocation takes its slot",
            two(renewal_due())
                .retire_due()
                .superseded(|e| e.revoked_at = Some(ago(mins(5))))
                .superseded(|e| e.still_accepted = true)
                .superseded(|e| e.retry_at = Some(ahead(mins(5)))),
            waits_for(mins(5), Reason::SlotNeeded),
        ),
        (
            "an issuer that revokes nothing has taken no revocation",
            two(renewal_due())
                .issuer(|i| i.revoke = Revoke::Never)
                .retire_due()
                .superseded(|e| e.revoked_at = Some(ago(mins(5))))
                .superseded(|e| e.retry_at = Some(ahead(mins(5)))),
            waits_for(mins(5), Reason::SlotNeeded),
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
            steps: Vec::new(),
            asked_by: None,
            asked_why: None,
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
