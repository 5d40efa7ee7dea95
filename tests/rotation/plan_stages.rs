//! The step of every stage of a rotation in flight.

use scim_rotator::rotation::capability::{
    IssueEffect, LiveTokens, Overlap, Recovery, Revoke, Supply,
};
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::record::{DeliveryState, ExpiryKnown, Stage, Trigger};
use scim_rotator::rotation::situation::Published;

use crate::decided::{
    Row, check, confirm, deliver, does, prepare, retire, revert, revoke_orphan, waits, waits_for,
};
use crate::scene::{
    Scene, ago, ahead, days, evidence, hours, in_stage, mins, secs, windows_in_december,
};
use crate::time::next_probe;

#[test]
fn issuing() {
    let rows: Vec<Row> = vec![
        (
            "without an intent nothing was sent: it is prepared again",
            in_stage(Stage::Issuing).without_intent(),
            does(prepare(Trigger::Schedule), Reason::InFlight),
        ),
        (
            "the runaway guard holds for a rotation in flight too",
            in_stage(Stage::Issuing).without_intent().with(issued_three),
            waits(next_probe(mins(1)), Reason::IssueCap),
        ),
        (
            "a person may override the runaway guard",
            in_stage(Stage::Issuing)
                .without_intent()
                .with(issued_three)
                .requested(Trigger::Force, ago(mins(20)))
                .overriding(),
            does(prepare(Trigger::Schedule), Reason::InFlight),
        ),
        (
            "a person's token is taken instead of one that cannot be issued",
            in_stage(Stage::Issuing)
                .without_intent()
                .accepting()
                .person_wrote("x"),
            does(Step::TakeSupplied, Reason::OperatorSupplied),
        ),
        (
            "an issue that kills the old token waits for its window again",
            in_stage(Stage::Issuing)
                .without_intent()
                .with(windows_in_december)
                .issuer(|i| i.issue_effect = IssueEffect::Kills),
            waits(next_probe(mins(1)), Reason::WaitingWindow),
        ),
        (
            "an issue that keeps the old token has its window behind it",
            in_stage(Stage::Issuing)
                .without_intent()
                .with(windows_in_december),
            does(prepare(Trigger::Schedule), Reason::InFlight),
        ),
        (
            "with an intent of this very run the token is issued",
            in_stage(Stage::Issuing).fresh(),
            does(Step::Issue, Reason::InFlight),
        ),
        (
            "with two slots a lost token is revoked before the issue",
            in_stage(Stage::Issuing)
                .fresh()
                .orphan("lost", None)
                .issuer(|i| i.live_tokens = LiveTokens::Two),
            does(revoke_orphan("lost"), Reason::SlotNeeded),
        ),
        (
            "with many slots a lost token can wait",
            in_stage(Stage::Issuing).fresh().orphan("lost", None),
            does(Step::Issue, Reason::InFlight),
        ),
        (
            "a lost next token of a two-phase issuer is cancelled before the issue",
            in_stage(Stage::Issuing)
                .fresh()
                .orphan("lost", None)
                .issuer(|i| {
                    i.overlap = Overlap::TwoPhase { next_usable: true };
                    i.revoke = Revoke::Never;
                }),
            does(revoke_orphan("lost"), Reason::SlotNeeded),
        ),
        (
            "a lost token that cannot be revoked by its id does not stop the issue",
            in_stage(Stage::Issuing)
                .fresh()
                .orphan("lost", None)
                .issuer(|i| {
                    i.live_tokens = LiveTokens::Two;
                    i.revoke = Revoke::ByValue;
                }),
            does(Step::Issue, Reason::InFlight),
        ),
    ];
    check(&rows);
}

fn issued_three(scene: &mut Scene) {
    scene.record.issues = vec![ago(hours(20)), ago(hours(2)), ago(hours(1))];
}

fn lost(recovery: Recovery) -> Scene {
    in_stage(Stage::Issuing).issuer(|i| i.recovery = recovery)
}

#[test]
fn a_lost_reply() {
    let just_sent = |recovery| {
        lost(recovery).rotation(|r| {
            r.intent.as_mut().expect("an intent").at = ago(secs(30));
        })
    };
    let rows: Vec<Row> = vec![
        (
            "a secret that we chose is sent again",
            lost(Recovery::ClientChosen),
            does(Step::Issue, Reason::ReplyLost),
        ),
        (
            "a request that the issuer replays is sent again",
            lost(Recovery::Replay),
            does(Step::Issue, Reason::ReplyLost),
        ),
        (
            "a name that we chose is looked up once it has settled",
            lost(Recovery::ClientNamed),
            does(Step::Recover, Reason::ReplyLost),
        ),
        (
            "a label is looked for once it has settled",
            lost(Recovery::ByLabel),
            does(Step::Recover, Reason::ReplyLost),
        ),
        (
            "new ids are looked for once they have settled",
            lost(Recovery::BySetDifference),
            does(Step::Recover, Reason::ReplyLost),
        ),
        (
            "the status is asked for once it has settled",
            lost(Recovery::ByStatus),
            does(Step::Recover, Reason::ReplyLost),
        ),
        (
            "a list that may lag behind is not believed yet",
            just_sent(Recovery::ByLabel),
            waits_for(secs(90), Reason::Settling),
        ),
        (
            "the time to settle counts from the lost reply, not from the intent",
            lost(Recovery::ByLabel).failed("issue", 1, ago(mins(1))),
            waits_for(mins(1), Reason::Settling),
        ),
        (
            "where nothing tells, there is nothing to wait for",
            just_sent(Recovery::None),
            does(Step::Recover, Reason::ReplyLost),
        ),
    ];
    check(&rows);
}

#[test]
fn proving_and_delivering() {
    let two_phase =
        |scene: Scene| scene.issuer(|i| i.overlap = Overlap::TwoPhase { next_usable: false });
    let unproven = || two_phase(in_stage(Stage::Proving)).rotation(|r| r.stage = Stage::Delivering);
    let rows: Vec<Row> = vec![
        (
            "the pending token is tested before anybody sees it",
            in_stage(Stage::Proving),
            does(Step::Prove, Reason::InFlight),
        ),
        (
            "the first connection is the canary",
            in_stage(Stage::Delivering),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "a delivery that may be in flight is repeated",
            in_stage(Stage::Delivering).delivery("canary", DeliveryState::Started),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "the others follow the canary",
            in_stage(Stage::Delivering).delivery("canary", DeliveryState::Delivered),
            does(deliver("second"), Reason::InFlight),
        ),
        (
            "a connection that has left the configuration is not waited for",
            in_stage(Stage::Delivering)
                .delivery("canary", DeliveryState::Delivered)
                .with(|s| s.connections.truncate(1)),
            does(Step::Prove, Reason::InFlight),
        ),
        (
            "an expired token is proven again rather than delivered",
            in_stage(Stage::Delivering).rotation(|r| {
                r.pending.as_mut().expect("pending").expires_at = Some(ago(secs(1)));
            }),
            does(Step::Prove, Reason::InFlight),
        ),
        (
            "a token that works beyond its stated expiry is delivered",
            in_stage(Stage::Delivering).rotation(|r| {
                let pending = r.pending.as_mut().expect("pending");
                pending.expires_at = Some(ago(secs(2)));
                pending.evidence = Some(evidence("b", ago(secs(1))));
            }),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "a next token that works only after `complete` is delivered unproven",
            unproven(),
            does(deliver("canary"), Reason::InFlight),
        ),
        (
            "it is completed when no connection is left to deliver to",
            unproven().with(|s| s.connections.clear()),
            does(Step::Complete, Reason::InFlight),
        ),
        (
            "completing ends the old token of a two-phase issuer",
            two_phase(in_stage(Stage::Completing)),
            does(Step::Complete, Reason::InFlight),
        ),
    ];
    check(&rows);
}

#[test]
fn confirming() {
    let asked_again = |connection: &'static str, at| {
        move |s: Scene| {
            s.rotation(|r| {
                let delivery = r.deliveries.get_mut(connection).expect("a delivery");
                delivery.ask_again_at = Some(at);
            })
        }
    };
    let rows: Vec<Row> = vec![
        (
            "each connection is asked for proof",
            in_stage(Stage::Confirming),
            does(confirm("canary"), Reason::InFlight),
        ),
        (
            "one that asked for time does not hold up the other",
            asked_again("canary", ahead(mins(1)))(in_stage(Stage::Confirming)),
            does(confirm("second"), Reason::InFlight),
        ),
        (
            "it is asked again when its time has come",
            asked_again("canary", ahead(mins(3)))(in_stage(Stage::Confirming))
                .delivery("second", DeliveryState::Confirmed),
            waits_for(mins(3), Reason::InFlight),
        ),
        (
            "a superseded token is retired while a connection is waited for",
            asked_again("canary", ahead(mins(3)))(in_stage(Stage::Confirming))
                .delivery("second", DeliveryState::Confirmed)
                .retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "a connection that has left the configuration is not asked",
            in_stage(Stage::Confirming).with(|s| {
                s.connections.remove(0);
            }),
            does(confirm("second"), Reason::InFlight),
        ),
        (
            "with nobody left to ask, the token is proven once more",
            in_stage(Stage::Confirming)
                .delivery("canary", DeliveryState::Confirmed)
                .delivery("second", DeliveryState::Confirmed),
            does(Step::Prove, Reason::InFlight),
        ),
    ];
    check(&rows);
}

#[test]
fn rolling_back() {
    let rows: Vec<Row> = vec![
        (
            "every connection that was touched gets the current token back",
            in_stage(Stage::Reverting)
                .delivery("canary", DeliveryState::Started)
                .delivery("second", DeliveryState::Reverted),
            does(revert("canary"), Reason::RollingBack),
        ),
        (
            "a connection that has left the configuration is left alone",
            in_stage(Stage::Reverting)
                .delivery("canary", DeliveryState::Delivered)
                .with(|s| {
                    s.connections.remove(0);
                }),
            does(Step::Discard, Reason::RollingBack),
        ),
        (
            "the pending token is revoked in the end",
            in_stage(Stage::Discarding),
            does(Step::Discard, Reason::RollingBack),
        ),
    ];
    check(&rows);
}

#[test]
fn waiting_for_an_operator() {
    let waiting = || in_stage(Stage::WaitingOperator).issuer(|i| i.supply = Supply::Operator);
    let rows: Vec<Row> = vec![
        (
            "the published path is looked at now and then",
            waiting(),
            waits_for(mins(1), Reason::WaitingOperator),
        ),
        (
            "what the person writes is taken",
            waiting().person_wrote("x"),
            does(Step::TakeSupplied, Reason::OperatorSupplied),
        ),
        (
            "a value that was refused before is not taken again",
            waiting()
                .person_wrote("x")
                .with(|s| s.record.refused_values = vec![crate::scene::print("x")]),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "a value that cannot be a token is left for the person to mend",
            waiting().published(Published::Malformed),
            waits_for(mins(1), Reason::WaitingOperator),
        ),
        (
            "a published copy that vanished is written again",
            waiting().published(Published::Absent),
            does(Step::Publish, Reason::PublishDue),
        ),
        (
            "the token in use is probed while the person is waited for",
            waiting().probed(hours(2), None, 0),
            does(Step::Verify, Reason::ProbeDue),
        ),
        (
            "a superseded token is retired while the person is waited for",
            waiting().retire_due(),
            does(retire("old"), Reason::RetireDue),
        ),
        (
            "an expired token is not probed any more",
            waiting().probed(days(1), None, 0).current(|token| {
                token.expires_at = Some(ago(mins(1)));
                token.expiry = ExpiryKnown::Declared;
            }),
            waits_for(mins(1), Reason::WaitingOperator),
        ),
    ];
    check(&rows);
}
