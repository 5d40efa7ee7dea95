//! The net has no holes: for each invariant, something that breaks it is seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::{IssueRequest, TokenHandle};
use scim_rotator::rotation::apply::take_requests;
use scim_rotator::rotation::outcome::ListedToken;
use scim_rotator::rotation::record::{
    IdsBefore, Intent, Lease, Paused, Record, Request as AskedFor, Rotation, Stage, Trigger, Wish,
};

use crate::acts::Act;
use crate::cluster::Cluster;
use crate::gate::Gate;
use crate::happy::{TOKEN, due};
use crate::planted::Planted;
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
        id: Some(ListedToken::with_id(id).issuer_id()),
        value: None,
    };
    send(world, &Request::Revoke(handle));
}

fn asked(label: &str) -> IssueRequest {
    IssueRequest {
        token: TOKEN.to_owned(),
        label: label.to_owned(),
        lifetime: None,
        overlap: SignedDuration::ZERO,
        etag: None,
        chosen: None,
        current: None,
    }
}

/// A rotation with the intent to issue.
fn given_rotation(label: &str, at: Timestamp) -> Rotation {
    Rotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: label.to_owned(),
        trigger: Trigger::Force,
        began_at: at,
        stage: Stage::Issuing,
        stage_entered_at: at,
        intent: Some(Intent {
            at,
            issuer: None,
            label: label.to_owned(),
            ids_before: IdsBefore::default(),
            etag: None,
            chosen: None,
            unusable: None,
        }),
        attempts: 1,
        pending: None,
        deliveries: BTreeMap::new(),
        completed: false,
        rollback: None,
        operator_deadline: None,
        may_be_delivered: true,
        supplied_is_meant: false,
    }
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
fn a_revocation_by_an_id_that_was_never_shown_is_seen() {
    let mut world = at_rest();
    revoke(&mut world, "from-the-published-path".to_owned());
    must_be_seen(&world, "planted");
}

#[test]
fn a_planted_value_in_use_or_at_a_connection_is_seen() {
    let planted_in = |world: &mut World| {
        let now = world.now;
        let tenant = tenant(world);
        tenant.plant(Planted::OtherTenant, now);
        tenant.published.clone().expect("a secret").value
    };
    let mut world = at_rest();
    let value = planted_in(&mut world);
    let deliver = Request::Deliver {
        connection: 0,
        value,
    };
    send(&mut world, &deliver);
    must_be_seen(&world, "planted");

    let mut world = at_rest();
    let value = planted_in(&mut world);
    commit(&mut world, "holder-1", |record| {
        record.generation += 1;
        let current = record.current.as_mut().expect("a current token");
        current.value = value;
        current.evidence = None;
    });
    must_be_seen(&world, "planted");
}

#[test]
fn the_secret_of_one_client_with_the_id_of_another_is_seen() {
    let mixed_in = |world: &mut World| {
        let current = world.tenants[TOKEN].record.as_deref();
        let current = current.and_then(|record| record.current.clone());
        let whole = current.expect("a current token").value;
        assert!(whole.client().is_some(), "the strategy has client secrets");
        whole.with_client_id("client-999999")
    };
    let mut world = at_rest();
    let value = mixed_in(&mut world);
    let deliver = Request::Deliver {
        connection: 0,
        value,
    };
    send(&mut world, &deliver);
    must_be_seen(&world, "bundle");

    let mut world = at_rest();
    let value = mixed_in(&mut world);
    commit(&mut world, "holder-1", |record| {
        record.current.as_mut().expect("a current token").value = value;
    });
    must_be_seen(&world, "bundle");

    let mut world = at_rest();
    let value = mixed_in(&mut world);
    let mut secret = tenant(&mut world).published.clone().expect("a secret");
    secret.value = value;
    let expected = world.tenants[TOKEN].published_version;
    let publish = Request::Publish {
        value: secret,
        expected,
    };
    send(&mut world, &publish);
    must_be_seen(&world, "bundle");
}

#[test]
fn i3_a_token_that_the_record_does_not_know_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    let asked = asked("lost");
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
            by: None,
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
fn i6_a_token_in_the_text_of_an_error_is_seen() {
    let mut world = at_rest();
    tenant(&mut world).provider.quirks.quotes_tokens = true;
    let until = world.after(SignedDuration::from_hours(1));
    let mut cluster = Cluster::start(world, 1, true);
    let _seen = cluster.run(until, |_| Some(String::new()));
    must_be_seen(&cluster.sim.lock(), "I6");
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
fn one_issue_too_many_in_a_day_is_seen() {
    let mut world = at_rest();
    for number in 0..4 {
        let label = format!("label-{number}");
        let at = world.now;
        commit(&mut world, "holder-1", |record| {
            record.rotation = Some(given_rotation(&label, at));
        });
        let asked = asked(&label);
        assert_eq!(world.violation, None, "issue {number}");
        send(&mut world, &Request::Issue(asked));
    }
    must_be_seen(&world, "control");
}

#[test]
fn a_paused_token_that_is_not_left_alone_is_seen() {
    for everything in [false, true] {
        let world = at_rest();
        let cluster = Cluster::start(world, 0, false);
        let mut world = cluster.sim.lock();
        let since = world.now;
        if everything {
            world.act(&Act::PauseAll);
        } else {
            tenant(&mut world).ledger.control.paused_since = Some(since);
        }
        world.now = world.after(SignedDuration::from_mins(2));
        let gate = Gate {
            sim: cluster.sim.clone(),
            process: Process { id: 1, machine: 0 },
            token: TOKEN.into(),
        };
        world.check_left_alone(&gate, &Request::Load);
        assert_eq!(world.violation, None, "Vault is asked all the time");
        world.check_left_alone(&gate, &Request::Complete);
        must_be_seen(&world, "control");
    }
}

#[test]
fn a_request_that_is_carried_out_twice_or_in_anothers_name_is_seen() {
    let mut world = at_rest();
    world.ask(TOKEN, world.wish(Wish::Pause), true);
    let tenant = &world.tenants[TOKEN];
    let before = tenant.record.as_deref().expect("a record");
    let asked: Vec<_> = tenant.asked.documents().cloned().collect();
    let good = take_requests(before, &asked, world.now);
    assert!(good.paused.is_some());
    assert_eq!(tenant.check_requested(&good), Ok(()));

    type Breaks = fn(&mut Record);
    let broken: [(&str, Breaks); 5] = [
        ("nobody has asked", |record| record.handled.clear()),
        ("another author", |record| {
            record.handled[0].author = "eve".to_owned();
        }),
        ("another name", |record| {
            let paused = record.paused.as_mut().expect("paused");
            paused.by = Some("entity eve".to_owned());
        }),
        ("more than was written", |record| record.handled[0].seq += 1),
        ("a rotation that nobody wants", |record| {
            record.handled.clear();
            record.paused = None;
            record.request = Some(AskedFor {
                by: None,
                reason: String::new(),
                trigger: Trigger::Force,
                at: record.updated_at,
                override_guards: false,
                supplied: false,
            });
        }),
    ];
    for (what, breaks) in broken {
        let mut record = good.clone();
        breaks(&mut record);
        let seen = tenant.check_requested(&record);
        assert!(seen.is_err_and(|why| why.starts_with("requests")), "{what}");
    }
    // What was noted is not carried out again, and not forgotten.
    let mut stored = good.clone();
    stored.paused = None;
    let again = good.clone();
    let mut world = at_rest();
    world.ask(TOKEN, world.wish(Wish::Pause), true);
    world.tenants.get_mut(TOKEN).expect("the token").record = Some(Arc::new(stored.clone()));
    let tenant = &world.tenants[TOKEN];
    assert!(tenant.check_requested(&again).is_err(), "twice");
    stored.handled.clear();
    assert!(tenant.check_requested(&stored).is_err(), "forgotten");
}

#[test]
fn a_request_that_is_dropped_is_seen() {
    let mut world = at_rest();
    let now = world.now;
    tenant(&mut world).note_request(true);
    let seen = world.tenants[TOKEN].check_rest(now);
    assert!(seen.is_err_and(|why| why.starts_with("control")));
}
