//! A lost reply, for each kind of recovery: what was ours is found or counted,
//! and what was somebody else's is never touched.

use std::sync::Arc;

use scim_rotator::rotation::capability::{Recovery, Supply};

use crate::case::{Look, Start, run};
use crate::fault::{Script, Trouble};
use crate::happy::{TOKEN, due, settle};
use crate::profile::{Profile, strategies, variants};
use crate::world::World;

fn all() -> impl Iterator<Item = Arc<Profile>> {
    strategies().into_iter().chain(variants())
}

/// A token that is due, beside two tokens of others where that is possible.
fn beside_others(profile: &Arc<Profile>) -> World {
    let mut world = due(profile);
    let now = world.now;
    let tenant = world.tenants.get_mut(TOKEN).expect("the token");
    tenant.make_foreign(now);
    tenant.make_foreign(now);
    world
}

/// The first port call that issues.
fn issue_call(profile: &Arc<Profile>) -> usize {
    let world = beside_others(profile);
    let run = run(Start::Renewal, &world, &Script::none(), Look::Logged);
    assert_eq!(run.violation, None, "{}", profile.name);
    let issue = run.log.iter().find(|e| e.what.starts_with("issuer.issue"));
    issue.and_then(|e| e.call).expect("an issue")
}

#[test]
fn every_kind_of_recovery_finds_its_own_and_leaves_the_rest() {
    let mut kinds = Vec::new();
    for profile in all().filter(|p| p.issuer.can.supply == Supply::Issuer) {
        let recovery = profile.issuer.can.recovery;
        let call = issue_call(&profile);
        for trouble in [
            Trouble::ReplyLost,
            Trouble::Uncertain,
            Trouble::Slow,
            Trouble::CrashBefore,
            Trouble::CrashAfter,
        ] {
            let mut world = beside_others(&profile);
            world.script = Script::one(call, trouble);
            let world = settle(world, 2)
                .unwrap_or_else(|why| panic!("{}, {trouble:?}: {why}", profile.name));
            must_leave_others_alone(&world, &profile);
            must_end_its_own(&world, &profile, trouble);
        }
        kinds.push(format!("{recovery:?}"));
    }
    kinds.sort();
    kinds.dedup();
    println!("recovery kinds: {}", kinds.join(", "));
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}

fn must_leave_others_alone(world: &World, profile: &Profile) {
    let tokens = &world.tenants[TOKEN].provider.tokens;
    let foreign = tokens.iter().filter(|t| t.foreign);
    assert!(
        foreign.clone().all(|t| t.is_live(world.now)),
        "{}: a foreign token was ended",
        profile.name
    );
    let expected = if profile.takes_more_tokens() { 2 } else { 0 };
    assert_eq!(foreign.count(), expected, "{}", profile.name);
}

/// Where an issuer shows and ends single tokens, nothing of ours is left but
/// the token in use; elsewhere what may live on is counted.
fn must_end_its_own(world: &World, profile: &Profile, trouble: Trouble) {
    let can = &profile.issuer.can;
    let tokens = &world.tenants[TOKEN].provider.tokens;
    let ours = tokens.iter().filter(|t| !t.foreign && t.is_live(world.now));
    let record = world.tenants[TOKEN].record.as_deref().expect("a record");
    let counted = record.orphans_uncounted.len();
    let listed = matches!(
        can.recovery,
        Recovery::ClientNamed | Recovery::ByLabel | Recovery::BySetDifference
    );
    let alive = ours.count();
    if listed && can.revokes_by_id() {
        assert_eq!(alive, 1, "{}, {trouble:?}", profile.name);
        assert_eq!(counted, 0, "{}, {trouble:?}", profile.name);
    } else {
        assert!(alive <= 1 + counted, "{}, {trouble:?}", profile.name);
    }
}

/// The network carries every request of a rotation twice (I5).
#[test]
fn every_request_twice_is_as_good_as_once() {
    let twice = Script((0..400).map(|call| (call, Trouble::Repeated)).collect());
    for profile in all() {
        for start in Start::ALL {
            let begin = start.world(&profile);
            let seen = run(start, &begin, &twice, Look::Close).violation;
            assert_eq!(seen, None, "{}, {start:?}", profile.name);
        }
    }
}
