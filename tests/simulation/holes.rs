//! The net has no holes: for each invariant, something that breaks it is seen.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::ports::{IssueRequest, TokenHandle};
use scim_rotator::rotation::record::{Lease, Paused, Record};

use crate::cluster::Cluster;
use crate::happy::{TOKEN, due};
use crate::profile::strategies;
use crate::request::{Process, Request};
use crate::tenant::Tenant;
use crate::world::World;

/// A token at rest, of the most common strategy.
fn at_rest() -> World {
    let profile = strategies().into_iter().next().expect("a strategy");
    due(&profile)
}

fn tenant(world: &mut World) -> &mut Tenant {
    world.tenants.get_mut(TOKEN).expect("the token")
}

fn send(world: &mut World, request: &Request) {
    let process = Process { id: 1, machine: 0 };
    let _answer = world.execute(TOKEN, process, request).is_ok();
}

/// A commit of the stored record with one change.
fn commit(world: &mut World, holder: &str, change: impl FnOnce(&mut Record)) {
    let mut record = world.tenants[TOKEN]
        .record
        .as_deref()
        .expect("a record")
        .clone();
    change(&mut record);
    let request = Request::Commit {
        record: Arc::new(record),
        expected: world.tenants[TOKEN].version,
        holder: Some(holder.into()),
    };
    send(world, &request);
}

fn revoke(world: &mut World, id: String) {
    let handle = TokenHandle {
        id: Some(id),
        value: None,
    };
    send(world, &Request::Revoke(handle));
}

fn must_be_seen(world: &World, invariant: &str) {
    let seen = world.violation.as_deref().unwrap_or("nothing");
    assert!(
        seen.starts_with(invariant),
        "{invariant} was broken, seen was: {seen}"
    );
}

#[test]
fn i1_a_connection_that_holds_a_dead_token_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    let held = world.tenants[TOKEN].held[0].clone().expect("a token");
    tenant(&mut world).provider.end(&held, now);
    send(&mut world, &Request::Load);
    must_be_seen(&world, "I1");
}

#[test]
fn i2_the_end_of_a_token_in_use_is_seen() {
    let mut world = at_rest();
    let id = world.tenants[TOKEN].provider.tokens[0].id.clone();
    revoke(&mut world, id);
    must_be_seen(&world, "I2");
}

#[test]
fn i2_the_end_of_a_foreign_token_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    let foreign = tenant(&mut world).provider.issue_by_hand(true, now);
    revoke(&mut world, foreign.id);
    must_be_seen(&world, "I2");
}

#[test]
fn i3_a_token_that_the_record_does_not_know_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    let asked = IssueRequest {
        token: TOKEN.to_owned(),
        label: "lost".to_owned(),
        lifetime: None,
        overlap: SignedDuration::ZERO,
        etag: None,
        chosen: None,
        current: None,
    };
    let issued = tenant(&mut world).provider.issue(&asked, false, now);
    assert!(issued.is_ok());
    let seen = world.tenants[TOKEN].check_rest(now);
    assert!(seen.is_err_and(|why| why.starts_with("I3")));
}

#[test]
fn i4_a_token_that_never_becomes_fresh_is_seen() {
    let mut world = at_rest();
    let since = world.now;
    tenant(&mut world).amend(|record| {
        record.paused = Some(Paused {
            since,
            reason: String::new(),
        });
    });
    let until = world.after(SignedDuration::from_hours(3));
    let mut cluster = Cluster::start(world, 1, false);
    let missing = cluster.run(until, |world| world.tenants[TOKEN].unrest(world.now, 2));
    assert_eq!(missing.as_deref(), Some("the token is not renewed"));
}

#[test]
fn i5_a_second_issue_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    let before = world.outside(TOKEN);
    drop(tenant(&mut world).provider.issue_by_hand(false, now));
    assert!(world.outside(TOKEN) != before);
}

#[test]
fn i7_a_generation_that_jumps_is_seen() {
    let mut world = at_rest();
    commit(&mut world, "holder-1", |record| record.generation += 2);
    must_be_seen(&world, "I7");
}

#[test]
fn i7_a_write_under_the_lease_of_another_is_seen() {
    let mut world = at_rest();
    let expires_at = world.after(SignedDuration::from_mins(1));
    tenant(&mut world).amend(|record| {
        record.lease = Some(Lease {
            holder: "another".to_owned(),
            epoch: 1,
            expires_at,
        });
    });
    commit(&mut world, "holder-1", |record| record.ordinal += 1);
    must_be_seen(&world, "I7");
}

#[test]
fn i8_a_busy_loop_is_seen() {
    let mut world = at_rest();
    world.note_busy(3001, 0);
    must_be_seen(&world, "I8");
}

#[test]
fn i9_a_record_that_breaks_a_rule_is_seen() {
    let mut world = at_rest();
    commit(&mut world, "holder-1", |record| record.current = None);
    must_be_seen(&world, "I9");
}

#[test]
fn a_request_that_is_dropped_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    tenant(&mut world).note_request(true);
    let seen = world.tenants[TOKEN].check_rest(now);
    assert!(seen.is_err_and(|why| why.starts_with("control")));
}
