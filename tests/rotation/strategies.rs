//! The strategies of issuers, walked end to end by `plan` and `apply` alone:
//! first undisturbed, then with every trouble at every step.

use jiff::SignedDuration;
use scim_rotator::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LiveTokens, Overlap, Recovery, Revoke, Supply,
};
use scim_rotator::rotation::record::{HaltCause, Stage, StageName};

use crate::scene::{Scene, common_issuer, days, hours, mins, value};
use crate::world::{SpToken, Trouble, World, due, world};

/// How a strategy is walked.
struct Walk {
    issuer: IssuerCapabilities,
    life: SignedDuration,
    /// Long enough for the rotation, its overlap and the end of its old token.
    time: SignedDuration,
    /// What is done, when nothing goes wrong.
    story: &'static str,
}

const FULL: &str = "prepare, issue, prove, deliver canary, deliver second, confirm canary, confirm second, publish, retire";

fn walk(issuer: IssuerCapabilities, story: &'static str) -> Walk {
    Walk {
        issuer,
        life: days(30),
        time: days(3),
        story,
    }
}

fn begin(walk: &Walk) -> World {
    let scene = Scene {
        issuer: walk.issuer,
        ..due(walk.life)
    };
    world(scene, walk.life)
}

/// Walks it undisturbed, then with every single trouble, and checks where it
/// ends. Returns how many troubled walks were made.
fn survives(walk: &Walk) -> usize {
    let mut calm = begin(walk);
    calm.run(walk.time);
    assert_eq!(calm.story.join(", "), walk.story);
    ends_well(&calm, "undisturbed");
    let mut walks = 0;
    for at in 0..calm.story.len() {
        for trouble in Trouble::ALL {
            let mut troubled = begin(walk);
            troubled.trouble = Some((at, trouble));
            troubled.run(walk.time);
            ends_well(
                &troubled,
                &format!("{trouble:?} at {at}: {:?}", troubled.story),
            );
            walks += 1;
        }
    }
    walks
}

/// The new token is current, held, published and accepted; of the old ones only
/// those live that this issuer cannot end, or that it counted as lost.
fn ends_well(world: &World, place: &str) {
    let record = world.record();
    assert_eq!(record.stage_name(), StageName::Idle, "{place}");
    assert_eq!(record.generation, 2, "{place}");
    assert_ne!(*world.current(), value("a"), "{place}");
    assert!(world.accepts(world.current()), "{place}");
    assert_eq!(world.published, *world.current(), "{place}");
    assert!(
        world.held.values().all(|held| held == world.current()),
        "{place}"
    );
    assert!(record.orphans.is_empty(), "{place}");
    let kept = record.retiring.len();
    let lost = record.orphans_uncounted.len();
    let live: Vec<&SpToken> = world.live().collect();
    assert!(live.len() <= 1 + kept + lost, "{place}: {live:?}");
    let issues = world.story.iter().filter(|step| *step == "issue").count();
    assert!(issues <= 2, "{place}: {issues} issues");
}

#[test]
fn s1_overlapping_create_and_retire() {
    for recovery in [
        Recovery::ByLabel,
        Recovery::BySetDifference,
        Recovery::ClientNamed,
        Recovery::Replay,
        Recovery::None,
    ] {
        let issuer = IssuerCapabilities {
            recovery,
            ..common_issuer()
        };
        assert_eq!(survives(&walk(issuer, FULL)), 9 * 4);
    }
}

#[test]
fn s1_with_two_slots() {
    for recovery in [Recovery::ByLabel, Recovery::BySetDifference] {
        let issuer = IssuerCapabilities {
            live_tokens: LiveTokens::Two,
            recovery,
            ..common_issuer()
        };
        assert_eq!(survives(&walk(issuer, FULL)), 9 * 4);
    }
}

#[test]
fn s1_a_lost_token_is_found_by_its_label_and_revoked() {
    let mut world = begin(&walk(common_issuer(), FULL));
    world.trouble = Some((1, Trouble::CrashAfter));
    world.run(days(3));
    assert_eq!(
        world.story.join(", "),
        "prepare, issue, recover, issue, prove, deliver canary, deliver second, confirm canary, confirm second, publish, revoke_orphan, retire"
    );
    assert_eq!(world.live().count(), 1);
}

/// Nobody can be asked; the loss is counted, and the old token never stopped.
#[test]
fn s1_a_lost_token_that_nothing_shows_is_counted() {
    let issuer = IssuerCapabilities {
        recovery: Recovery::None,
        ..common_issuer()
    };
    let mut world = begin(&walk(issuer, FULL));
    world.trouble = Some((1, Trouble::ReplyLost));
    world.run(days(3));
    assert_eq!(world.record().orphans_uncounted.len(), 1);
    assert_eq!(world.live().count(), 2, "the new one and the lost one");
}

#[test]
fn s2_the_service_provider_times_the_overlap() {
    let issuer = IssuerCapabilities {
        live_tokens: LiveTokens::Two,
        overlap: Overlap::IssuerTimed { max: hours(24) },
        issue_effect: IssueEffect::SchedulesDeath,
        recovery: Recovery::ByStatus,
        revoke: Revoke::AllOnly,
        ..common_issuer()
    };
    let walk = walk(issuer, FULL);
    assert_eq!(survives(&walk), 9 * 4);
    let mut calm = begin(&walk);
    calm.run(walk.time);
    let dead_by_itself = calm.tokens[0].dies_at;
    assert!(
        dead_by_itself < calm.scene.now - days(2),
        "six hours after the issue"
    );
}

fn single() -> IssuerCapabilities {
    IssuerCapabilities {
        live_tokens: LiveTokens::One,
        overlap: Overlap::None,
        issue_effect: IssueEffect::Kills,
        recovery: Recovery::None,
        revoke: Revoke::Never,
        ..common_issuer()
    }
}

#[test]
fn s3_one_token_replaces_the_other() {
    assert_eq!(survives(&walk(single(), FULL)), 9 * 4);
}

/// The old token may be dead: there is nothing left to lose by asking again,
/// and the gap is short.
#[test]
fn s3_a_lost_reply_is_made_good_within_minutes() {
    for trouble in [Trouble::ReplyLost, Trouble::CrashAfter] {
        let mut world = begin(&walk(single(), FULL));
        world.trouble = Some((1, trouble));
        world.run(mins(2));
        assert_eq!(
            world.record().generation,
            2,
            "{trouble:?}: {:?}",
            world.story
        );
    }
}

#[test]
fn s4_the_secret_is_ours() {
    let replaced = IssuerCapabilities {
        recovery: Recovery::ClientChosen,
        expiry: ExpirySource::None,
        ..single()
    };
    let listed = IssuerCapabilities {
        recovery: Recovery::ClientChosen,
        ..common_issuer()
    };
    for issuer in [replaced, listed] {
        let walk = walk(issuer, FULL);
        assert_eq!(survives(&walk), 9 * 4);
        // Nothing can be lost: the value is durable before any effect.
        let mut world = begin(&walk);
        world.trouble = Some((1, Trouble::CrashAfter));
        world.run(walk.time);
        assert_eq!(world.tokens.len(), 2, "the same secret was sent again");
    }
}

/// The token in use authorises its successor. A lost reply may have consumed
/// it, and then only a person can help: no loop, no second family.
#[test]
fn s5_a_credential_that_its_use_consumes() {
    let mut calm = begin(&walk(single(), FULL));
    calm.caller_is_token = true;
    calm.run(days(3));
    ends_well(&calm, "undisturbed");

    let mut lost = begin(&walk(single(), FULL));
    lost.caller_is_token = true;
    lost.trouble = Some((1, Trouble::ReplyLost));
    lost.run(days(3));
    let halt = lost.record().halt.as_ref().expect("a person is asked");
    assert_eq!(halt.cause, HaltCause::AttemptsUsedUp);
    assert_eq!(lost.tokens.len(), 2, "nothing more was made");
    let issues = lost.story.iter().filter(|step| *step == "issue").count();
    // A halt is tried again at the longest pause: the credential may be valid again.
    assert!(issues <= 6 + 3 * 24, "{issues} attempts");
}

/// Leases of Vault's: listed, revocable by id, and dead by themselves if lost.
#[test]
fn s6_a_lease_of_vault_s() {
    let issuer = IssuerCapabilities {
        recovery: Recovery::BySetDifference,
        ..common_issuer()
    };
    let walk = Walk {
        life: hours(60),
        time: hours(36),
        ..walk(issuer, FULL)
    };
    assert_eq!(begin(&walk).scene.policy.overlap, hours(24));
    assert!(survives(&walk) > 0);
}

fn two_phase(next_usable: bool) -> IssuerCapabilities {
    IssuerCapabilities {
        live_tokens: LiveTokens::Two,
        overlap: Overlap::TwoPhase { next_usable },
        recovery: Recovery::ByStatus,
        revoke: Revoke::Never,
        ..common_issuer()
    }
}

#[test]
fn s7_two_phases() {
    assert_eq!(survives(&walk(two_phase(true), FULL)), 9 * 4);
}

#[test]
fn s7_two_phases_whose_next_token_works_only_after_completion() {
    let story = "prepare, issue, deliver canary, deliver second, complete, prove, confirm canary, confirm second, publish, retire";
    assert_eq!(survives(&walk(two_phase(false), story)), 10 * 4);
}

#[test]
fn s8_short_lived_tokens() {
    let issuer = IssuerCapabilities {
        recovery: Recovery::None,
        revoke: Revoke::Never,
        ..common_issuer()
    };
    let mut world = begin(&Walk {
        life: hours(6),
        ..walk(issuer, FULL)
    });
    world.scene.policy.overlap = hours(1);
    world.scene.policy.issues_per_day = 12;
    world.run(days(1));
    let record = world.record();
    assert!(
        record.generation >= 6,
        "{} tokens in a day",
        record.generation
    );
    assert!(world.accepts(world.current()));
    assert!(record.issues.len() <= 7);
    assert!(
        record.retiring.len() <= 2,
        "old ones are let go when they expire"
    );
}

#[test]
fn s9_a_person_hands_over() {
    let issuer = IssuerCapabilities {
        supply: Supply::Operator,
        recovery: Recovery::None,
        revoke: Revoke::Never,
        ..common_issuer()
    };
    let mut world = begin(&walk(issuer, ""));
    world.run(days(1));
    assert_eq!(world.story, ["prepare"]);
    assert_eq!(world.record().stage_name(), Stage::WaitingOperator.name());
    let token = SpToken {
        id: "by-hand".to_owned(),
        value: value("by-hand"),
        label: String::new(),
        created_at: world.scene.now,
        dies_at: world.scene.now + days(365),
        next: false,
    };
    world.published = token.value.clone();
    world.tokens.push(token);
    world.run(hours(1));
    assert_eq!(
        world.story.join(", "),
        "prepare, take_supplied, prove, deliver canary, deliver second, confirm canary, confirm second"
    );
    assert_eq!(*world.current(), value("by-hand"));
    assert_eq!(world.record().retiring.len(), 1);
    // The person deletes the old one by hand; a probe shows it.
    world.end(|token| token.value == value("a"));
    world.run(days(12));
    assert!(world.record().retiring.is_empty());
    assert!(world.record().history[0].old_refused.is_some());
}
