//! A connection that a person writes, beside others and alone.

use std::sync::Arc;

use scim_rotator::rotation::capability::{LastUsed, Writer};
use scim_rotator::rotation::record::{DeliveryState, Failures, RotationResult, Stage};

use super::play::{DAY, HOUR, Play, changed};
use crate::profile::Profile;
use crate::tenant::Tenant;

/// The canary and the quiet one, and between them one that a person writes.
fn beside_others() -> Arc<Profile> {
    changed("S1 overlapping, by label", |profile| {
        let mut can = profile.connections[1].1;
        can.writer = Writer::Person;
        profile.connections.insert(1, ("by-hand".to_owned(), can));
    })
}

/// One connection alone, which a person writes.
fn alone() -> Arc<Profile> {
    changed("S1 overlapping, by label", |profile| {
        let mut can = profile.connections[1].1;
        can.writer = Writer::Person;
        profile.connections = vec![("by-hand".to_owned(), can)];
        profile.issuer.can.last_used = LastUsed::Throttled;
    })
}

/// Beside others, one that a person writes, and whose identity provider has a log.
fn with_a_log() -> Arc<Profile> {
    changed("S1 overlapping, by label", |profile| {
        let mut can = profile.connections[0].1;
        can.writer = Writer::Person;
        profile.connections.insert(1, ("by-hand".to_owned(), can));
    })
}

fn waits(tenant: &Tenant) -> bool {
    let record = tenant.record.as_ref();
    let rotation = record.and_then(|record| record.rotation.as_ref());
    let stage = rotation.is_some_and(|rotation| rotation.stage == Stage::HandedOver);
    stage && tenant.waiting.iter().any(Option::is_some)
}

fn generation(tenant: &Tenant) -> u64 {
    tenant.record.as_ref().map_or(0, |record| record.generation)
}

#[test]
fn a_person_is_asked_last_and_the_rotation_ends_on_the_persons_word() {
    let mut play = Play::due(&beside_others());
    let old = play.current();
    play.until("it waits for a person", waits);
    let rotation = play.record().rotation.expect("in flight");
    let state = |name: &str| rotation.deliveries[name].state;
    assert_eq!(state("canary"), DeliveryState::Confirmed, "asked before");
    assert_eq!(state("quiet"), DeliveryState::Confirmed);
    assert_eq!(state("by-hand"), DeliveryState::Delivered);
    play.until("it is in use", |tenant| generation(tenant) == 2);
    let current = play.current();
    assert!(play.all_hold(&current), "the person wrote it");
    assert!(play.accepts(&old.value), "the overlap begins only now");
    let holds = play.record().connections["by-hand"].clone();
    let ack = holds.ack.expect("in the record");
    assert_eq!(ack.reason, "I saw users arrive");
    assert!(
        ack.by.contains("ann") || ack.by.contains("bob"),
        "{}",
        ack.by
    );
    play.rest(2);
    assert_eq!(play.made(), 2);
}

#[test]
fn for_days_nobody_comes_and_nothing_is_lost_counted_or_retired() {
    let mut play = Play::due(&beside_others());
    let old = play.current();
    play.tenant(|tenant| tenant.nobody_writes = true);
    play.until("it waits for a person", waits);
    let handed_over = play.count("connection.deliver 1");
    play.pass(DAY * 5);
    let record = play.record();
    assert_eq!(record.generation, 1);
    assert_eq!(record.failures, Failures::default(), "no failure");
    assert!(record.halt.is_none());
    assert_eq!(
        play.count("connection.deliver 1"),
        handed_over,
        "handed over once"
    );
    assert_eq!(play.count("issuer.revoke"), 0);
    assert!(play.accepts(&old.value), "the old one is kept");
    assert_eq!(play.reason(), "waiting_connection");
    let rotation = record.rotation.expect("it waits");
    let deadline = rotation.operator_deadline.expect("a deadline");
    assert!(deadline > rotation.stage_entered_at);
    play.restart();
    play.pass(HOUR);
    assert_eq!(
        play.record().rotation.expect("still").stage,
        Stage::HandedOver
    );
    play.world(|world| {
        let tenant = world.tenants.get_mut("crm").expect("the token");
        tenant.nobody_writes = false;
        world.person_acts("crm");
    });
    play.until("it is in use", |tenant| generation(tenant) == 2);
    play.rest(2);
    assert_eq!(play.made(), 2);
}

/// The connections that the daemon writes use the new token all the time.
#[test]
fn the_use_by_another_connection_is_no_proof() {
    let mut play = Play::due(&beside_others());
    play.tenant(|tenant| tenant.nobody_writes = true);
    play.until("it waits for a person", waits);
    play.pass(DAY);
    assert_eq!(
        play.record().generation,
        1,
        "the issuer does not tell who used it"
    );
    assert_eq!(
        play.count("connection.confirm 1"),
        0,
        "nothing there can tell"
    );
}

#[test]
fn where_it_is_the_only_connection_the_use_of_the_token_is_proof() {
    let mut play = Play::due(&alone());
    play.tenant(|tenant| tenant.nobody_writes = true);
    play.until("it waits for a person", waits);
    play.pass(HOUR);
    assert_eq!(play.record().generation, 1, "our own tests are no use");
    let now = play.now();
    play.tenant(|tenant| drop(tenant.write_by_hand(now)));
    play.until("it is in use", |tenant| generation(tenant) == 2);
    let holds = play.record().connections["by-hand"].clone();
    assert_eq!(holds.ack, None, "nobody said so");
    assert!(play.now().duration_since(now) < HOUR * 3);
    play.rest(2);
}

#[test]
fn a_token_that_dies_while_it_waits_is_not_put_to_use() {
    let mut play = Play::due(&beside_others());
    let old = play.current();
    play.tenant(|tenant| tenant.nobody_writes = true);
    play.until("it waits for a person", waits);
    let pending = play
        .record()
        .rotation
        .expect("in flight")
        .pending
        .expect("a token");
    let id = pending.id.expect("an id");
    play.revoked_outside(id.as_str());
    play.world(|world| {
        let tenant = world.tenants.get_mut("crm").expect("the token");
        tenant.nobody_writes = false;
        // What the first connection holds is dead too: somebody else did that.
        world.person_acts("crm");
    });
    play.until("the dead one is given up", |tenant| {
        let history = tenant.record.iter().flat_map(|record| &record.history);
        let mut ended = history.filter(|past| past.new == Some(pending.value.fingerprint()));
        ended.any(|past| past.result == RotationResult::RolledBack)
    });
    let used = play.current();
    assert!(used.value == old.value || used.value != pending.value);
    assert!(play.accepts(&used.value), "what is in use works");
}

#[test]
fn the_identity_providers_own_log_is_proof_and_a_log_that_shows_nothing_is_none() {
    let mut play = Play::due(&with_a_log());
    let old = play.current();
    play.tenant(|tenant| tenant.nobody_writes = true);
    play.until("it waits for a person", waits);
    play.pass(DAY);
    assert!(play.count("connection.confirm 1") > 3, "the log is read");
    assert_eq!(play.record().generation, 1, "nothing was changed there");
    assert_eq!(play.record().failures, Failures::default());
    assert_eq!(play.count("issuer.revoke"), 0);
    assert!(play.accepts(&old.value));
    let now = play.now();
    play.tenant(|tenant| drop(tenant.write_by_hand(now)));
    play.until("it is in use", |tenant| generation(tenant) == 2);
    let holds = play.record().connections["by-hand"].clone();
    assert_eq!(holds.ack, None, "nobody said so");
    assert!(play.now().duration_since(now) < HOUR * 3);
    assert!(play.all_hold(&play.current()));
    play.rest(2);
}

/// Where the log cannot tell, a person still can.
#[test]
fn beside_a_log_the_persons_word_counts_too() {
    let mut play = Play::due(&with_a_log());
    play.until("it is in use", |tenant| generation(tenant) == 2);
    assert!(play.all_hold(&play.current()));
    play.rest(2);
}

/// How a connection fails.
#[derive(Debug, Clone, Copy)]
enum Failing {
    /// It cannot be reached.
    Away,
    /// It takes no token.
    Refuses,
}

/// The connections of the daemon beside the one of the person, and each subset of
/// them.
#[test]
fn beside_one_by_hand_every_subset_of_the_others_may_fail() {
    let profile = changed("S1 overlapping, by label", |profile| {
        let quiet = profile.connections[1].1;
        let by_hand = scim_rotator::rotation::capability::ConnectionCapabilities {
            writer: Writer::Person,
            ..quiet
        };
        profile
            .connections
            .insert(1, ("by-hand".to_owned(), by_hand));
        profile.connections.push(("third".to_owned(), quiet));
    });
    const DAEMONS: [usize; 3] = [0, 2, 3];
    for how in [Failing::Away, Failing::Refuses] {
        for bits in 1..1 << DAEMONS.len() {
            let failing = |place: &usize| bits & (1 << place) != 0;
            let failing: Vec<usize> = (0..DAEMONS.len())
                .filter(failing)
                .map(|place| DAEMONS[place])
                .collect();
            one_subset_fails(&profile, how, &failing);
        }
    }
}

fn one_subset_fails(profile: &Arc<Profile>, how: Failing, failing: &[usize]) {
    let mut play = Play::due(profile);
    let old = play.current();
    let back_at = play.now() + HOUR * 9;
    play.tenant(|tenant| match how {
        Failing::Away => tenant.away = failing.iter().map(|one| (*one, back_at)).collect(),
        Failing::Refuses => tenant.refusing = failing.iter().copied().collect(),
    });
    play.pass(HOUR * 8);
    let case = format!("{how:?} {failing:?}");
    assert_eq!(play.record().generation, 1, "{case}: not in use");
    assert_eq!(
        play.count("connection.deliver 1"),
        0,
        "{case}: nobody was asked"
    );
    assert!(play.accepts(&old.value), "{case}: the old one works");
    if failing.contains(&0) {
        let others = play.count("connection.deliver 2") + play.count("connection.deliver 3");
        assert_eq!(others, 0, "{case}: the first of them is tried alone");
    }
    play.tenant(|tenant| tenant.refusing.clear());
    play.until("it is in use", |tenant| generation(tenant) == 2);
    let current = play.current();
    assert!(play.all_hold(&current), "{case}");
    let in_use_at = play.now();
    play.rest(2);
    let dead = play.times("issuer.revoke");
    let of_old = dead.last().expect("the old one is revoked");
    assert!(*of_old > in_use_at, "{case}: after the new one was in use");
}
