//! Throw-away tokens of rehearsals, with every trouble at every port call, while a
//! rotation is due: none stays where the issuer shows and ends single tokens, and none
//! is taken for a token of a rotation.

use std::sync::Arc;

use scim_rotator::driver::rehearse::{NotRehearsed, Row, Trial, TrialResult};
use scim_rotator::rotation::capability::{Overlap, Recovery, Supply};
use scim_rotator::rotation::rehearsal::{ACCEPT_LEFTOVER, ACCEPT_OUTAGE, Accepted};

use crate::cluster::Cluster;
use crate::fault::{Script, Trouble};
use crate::happy::{TOKEN, due, empty, settle};
use crate::profile::{Profile, strategies, variants};
use crate::rest::patience;
use crate::world::World;

/// The machine of the person who rehearses; the daemons run on the others.
const PERSONS: usize = 2;

const ALL: Accepted = Accepted {
    outage: true,
    leftover: true,
};

fn all() -> impl Iterator<Item = Arc<Profile>> {
    strategies().into_iter().chain(variants())
}

/// Those whose issuer can be rehearsed without anything to accept.
fn harmless() -> impl Iterator<Item = Arc<Profile>> {
    all().filter(|profile| {
        let (told, _) = rehearse(due(profile), Accepted::default());
        !matches!(told, Some(Err(NotRehearsed::NotUnless(..)))) && asks(profile)
    })
}

fn asks(profile: &Profile) -> bool {
    profile.issuer.can.supply == Supply::Issuer
}

type Told = Option<Result<Vec<Row>, NotRehearsed>>;

/// A person rehearses the token; then two daemons work until all is at rest.
fn rehearse(world: World, accepted: Accepted) -> (Told, World) {
    let mut cluster = Cluster::start(world, 2, true);
    let told = cluster.rehearse(PERSONS, &TOKEN.into(), accepted);
    let until = {
        let world = cluster.sim.lock();
        world.after(patience(&world.tenants[TOKEN]))
    };
    let missing = cluster.run(until, |world| {
        let missing = world.tenants[TOKEN].unrest(world.now, 2);
        missing.or_else(|| world.disturbed())
    });
    let mut world = cluster.sim.lock().clone();
    if let Some(missing) = missing {
        world.violate(format!("I4: after the rehearsal, {missing}"));
    }
    if let Err(broken) = world.tenants[TOKEN].check_orphans(world.now) {
        world.violate(broken);
    }
    (told, world)
}

fn row(rows: &[Row], trial: Trial) -> TrialResult {
    let found = rows.iter().find(|row| row.trial == trial);
    found
        .unwrap_or_else(|| panic!("{trial:?} in {rows:?}"))
        .result
}

/// Live tokens that are not the one in use.
fn left(world: &World) -> Vec<String> {
    let tenant = &world.tenants[TOKEN];
    let current = tenant.record.as_deref().and_then(|r| r.current.as_ref());
    let current = current.map(|token| token.fingerprint());
    let live = tenant.provider.live(world.now);
    let others = live.filter(|t| !t.foreign && !t.by_hand && Some(t.fingerprint) != current);
    others.map(|token| token.id.clone()).collect()
}

#[test]
fn a_rehearsal_shows_the_issuer_and_leaves_nothing() {
    let mut rehearsed = 0;
    for profile in harmless() {
        let world = settle(empty(&profile), 1).expect("a token");
        let before = world.tenants[TOKEN].record.clone().expect("a record");
        let held = world.tenants[TOKEN].held.clone();
        let mut cluster = Cluster::start(world, 0, true);
        let told = cluster.rehearse(PERSONS, &TOKEN.into(), Accepted::default());
        let world = cluster.sim.lock().clone();
        assert_eq!(world.violation, None, "{}", profile.name);
        let rows = told.expect("alive").expect("rehearsed");
        for trial in [Trial::Issue, Trial::Revoke] {
            assert_eq!(
                row(&rows, trial),
                TrialResult::Shown,
                "{}: {rows:?}",
                profile.name
            );
        }
        if (Overlap::TwoPhase { next_usable: false }) != profile.issuer.can.overlap {
            let accepted = row(&rows, Trial::Proven);
            assert_eq!(accepted, TrialResult::Shown, "{}: {rows:?}", profile.name);
        }
        let after = world.tenants[TOKEN].record.clone().expect("a record");
        assert_eq!(after.rehearsal, None, "{}", profile.name);
        assert_eq!(after.lease, None, "{}", profile.name);
        assert_eq!(after.current, before.current, "{}", profile.name);
        assert_eq!(after.generation, before.generation, "{}", profile.name);
        assert_eq!(
            after.issues.len(),
            before.issues.len() + 1,
            "{}",
            profile.name
        );
        assert_eq!(world.tenants[TOKEN].held, held, "{}", profile.name);
        assert_eq!(left(&world), Vec::<String>::new(), "{}", profile.name);
        rehearsed += 1;
    }
    assert!(rehearsed >= 4, "{rehearsed} profiles");
}

#[test]
fn every_call_of_a_rehearsal_with_every_trouble() {
    let mut runs = 0;
    for profile in harmless() {
        let begin = due(&profile);
        let mut plain = Cluster::start(begin.clone(), 0, false);
        drop(plain.rehearse(PERSONS, &TOKEN.into(), Accepted::default()));
        let calls = plain.sim.lock().calls.clone();
        for (index, call) in calls.iter().enumerate() {
            for trouble in Trouble::ALL {
                if !trouble.differs_at(call, calls.get(index + 1)) {
                    continue;
                }
                let mut world = begin.clone();
                world.script = Script::one(index, trouble);
                let (told, world) = rehearse(world, Accepted::default());
                let name = &profile.name;
                assert_eq!(
                    world.violation, None,
                    "{name}, call {index}, {trouble:?}: {told:?}"
                );
                let can = &profile.issuer.can;
                let listed = matches!(
                    can.recovery,
                    Recovery::ClientNamed | Recovery::ByLabel | Recovery::BySetDifference
                );
                if listed && can.revokes_by_id() {
                    let left = left(&world);
                    assert!(
                        left.is_empty(),
                        "{name}, call {index}, {trouble:?}: {left:?}, {told:?}"
                    );
                }
                runs += 1;
            }
        }
    }
    println!("rehearsals: {runs} runs");
    assert!(runs > 500, "{runs}");
}

#[test]
fn what_a_rehearsal_costs_must_be_accepted() {
    let mut refused = Vec::new();
    for profile in all().filter(|profile| asks(profile)) {
        let begin = due(&profile);
        let live = begin.tenants[TOKEN].provider.live(begin.now).count();
        let mut cluster = Cluster::start(begin, 0, true);
        let told = cluster.rehearse(PERSONS, &TOKEN.into(), Accepted::default());
        if let Some(Err(NotRehearsed::NotUnless(option, why))) = told {
            assert!(!why.is_empty());
            let world = cluster.sim.lock();
            let now = world.tenants[TOKEN].provider.live(world.now).count();
            assert_eq!(now, live, "{}: nothing was issued", profile.name);
            refused.push(option);
        }
    }
    assert!(refused.contains(&ACCEPT_OUTAGE), "{refused:?}");
    assert!(refused.contains(&ACCEPT_LEFTOVER), "{refused:?}");
}

/// The throw-away token may end the token in use: then the daemon rotates it.
#[test]
fn the_daemon_rotates_what_an_accepted_rehearsal_has_ended() {
    for profile in all().filter(|profile| asks(profile)) {
        let begin = settle(empty(&profile), 1).expect("a token");
        let (told, world) = rehearse(begin, ALL);
        assert_eq!(world.violation, None, "{}: {told:?}", profile.name);
    }
}
