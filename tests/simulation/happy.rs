//! Every strategy without any trouble, and the world that the other runs begin
//! with.

use std::sync::Arc;

use jiff::Timestamp;
use scim_rotator::rotation::capability::Overlap;

use crate::cluster::Cluster;
use crate::profile::{Profile, strategies, variants};
use crate::rest::patience;
use crate::tenant::Tenant;
use crate::world::World;

pub(crate) const TOKEN: &str = "crm";

/// A world in which nothing has happened yet.
pub(crate) fn empty(profile: &Arc<Profile>) -> World {
    let begin: Timestamp = "2026-03-02T08:00:00Z".parse().expect("a time");
    let mut world = World::new(begin);
    world.tenants.insert(TOKEN.into(), Tenant::new(profile));
    if profile.is_by_hand() {
        world.set_up_by_hand(TOKEN);
    }
    if matches!(profile.issuer.can.overlap, Overlap::TwoPhase { .. }) {
        // Such an issuer has had a token from the beginning.
        let tenant = world.tenants.get_mut(TOKEN).expect("the token");
        drop(tenant.provider.issue_by_hand(false, begin));
    }
    world
}

/// A world at rest whose token is due for renewal at this moment.
pub(crate) fn due(profile: &Arc<Profile>) -> World {
    let mut world = settle(empty(profile), 1).unwrap_or_else(|broken| {
        panic!("{}: the first token: {broken}", profile.name);
    });
    let record = world.tenants[TOKEN].record.clone().expect("a record");
    let current = record.current.as_ref().expect("a current token");
    let renew_at = profile.policy.renew_at(TOKEN, record.generation, current);
    world.advance(renew_at.expect("a time of renewal"));
    world.calls.clear();
    world
}

/// Runs one process until all is at rest.
pub(crate) fn settle(world: World, generation: u64) -> Result<World, String> {
    let until = world.after(patience(&world.tenants[TOKEN]));
    let mut cluster = Cluster::start(world, 1, true);
    let missing = cluster.run(until, |world| {
        world.tenants[TOKEN].unrest(world.now, generation)
    });
    let world = cluster.sim.lock().clone();
    match (&world.violation, missing) {
        (Some(broken), _) => Err(broken.clone()),
        (None, Some(missing)) => Err(format!("I4: {missing}")),
        (None, None) => world.tenants[TOKEN]
            .check_orphans(world.now)
            .map(|()| world),
    }
}

#[test]
fn every_strategy_rotates_without_trouble() {
    for profile in strategies().iter().chain(&variants()) {
        let world = due(profile);
        let before = world.now;
        let world = settle(world, 2).unwrap_or_else(|broken| panic!("{}: {broken}", profile.name));
        let took = world.now.duration_since(before);
        println!(
            "{}: {} port calls in {took:#}",
            profile.name,
            world.calls.len()
        );
    }
}
