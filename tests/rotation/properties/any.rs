//! Any valid record in any situation: not only those that a rotation can reach,
//! because a stored record may come from an older program, a restored Vault or
//! a changed configuration.

mod flight;
mod issuers;
mod tokens;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{
    ConnectionHolds, Failures, HaltCause, HeldToken, LastProbe, PastRotation, Record, Retiring,
    RotationResult, StatedEnd, Trigger,
};
use scim_rotator::rotation::situation::Published;

use crate::scene::{
    Scene, ago, days, healthy, hours, intent, mins, now, print, secs, windows_in_december,
};
use flight::{flight, fly};
use issuers::issuer;
use tokens::{count, near_now, past, probe, superseded, token};

fn published() -> impl Strategy<Value = Published> {
    let names = select(vec!["a", "b", "x", "old", "older"]);
    prop_oneof![
        1 => Just(Published::Unknown),
        1 => Just(Published::Absent),
        1 => Just(Published::Malformed),
        4 => Just(Published::Token(print("a"))),
        3 => names.prop_map(|name| Published::Token(print(name))),
    ]
}

/// What persons asked for, and what failed.
#[derive(Debug, Clone)]
struct Asked {
    request: Option<(Trigger, Timestamp, bool)>,
    halted_at: Option<Timestamp>,
    failures: u32,
    failed_at: Timestamp,
    permanent: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let triggers = select(vec![Trigger::Force, Trigger::Compromise]);
    (
        prop::option::weighted(0.3, (triggers, past(), any::<bool>())),
        prop::option::weighted(0.2, past()),
        prop_oneof![3 => Just(0), 2 => count()],
        past(),
        any::<bool>(),
    )
        .prop_map(
            |(request, halted_at, failures, failed_at, permanent)| Asked {
                request,
                halted_at,
                failures,
                failed_at,
                permanent,
            },
        )
}

fn ask(mut scene: Scene, asked: Asked) -> Scene {
    if let Some((trigger, at, overrides)) = asked.request {
        scene = scene.requested(trigger, at);
        if overrides {
            scene = scene.overriding();
        }
    }
    if let Some(since) = asked.halted_at {
        scene = scene.halted(HaltCause::AttemptsUsedUp, since);
    }
    if asked.failures > 0 {
        let step = if asked.permanent { "issue" } else { "deliver" };
        scene = scene.failed(step, asked.failures, asked.failed_at);
        scene.record.failures = Failures {
            permanent: if asked.permanent { asked.failures } else { 0 },
            refused: asked.failures / 2,
            ..scene.record.failures
        };
    }
    scene
}

/// What was issued, lost, left in doubt and configured.
#[derive(Debug, Clone)]
struct Rest {
    issues: Vec<Timestamp>,
    orphans: Vec<Option<i64>>,
    uncounted: Vec<Timestamp>,
    issue_after_lease_loss: Option<Timestamp>,
    rehearsal: Option<(Timestamp, bool)>,
    unrecorded: Option<Timestamp>,
    in_doubt: bool,
    fresh: bool,
    windows: bool,
    skew: i64,
    rolled_back: bool,
    connections: usize,
    accepting: bool,
    stated_end: StatedEnd,
}

fn rest() -> impl Strategy<Value = Rest> {
    let lost = (
        prop::collection::vec(past(), 0..5),
        prop::collection::vec(prop::option::of(-100_i64..100), 0..3),
        prop::collection::vec(near_now(), 0..3),
        prop::option::weighted(0.1, past()),
        prop::option::weighted(0.1, past()),
        prop::option::weighted(0.2, (past(), any::<bool>())),
        prop::bool::weighted(0.1),
    );
    let situation = (
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop_oneof![4 => Just(0_i64), 1 => -500_i64..500],
        any::<bool>(),
        0_usize..3,
        prop::bool::weighted(0.3),
        prop_oneof![
            3 => Just(StatedEnd::Absent),
            1 => Just(StatedEnd::Unreadable),
            2 => near_now().prop_map(StatedEnd::At),
        ],
    );
    (lost, situation).prop_map(
        |(
            (issues, orphans, uncounted, issue_after_lease_loss, unrecorded, rehearsal, in_doubt),
            (fresh, windows, skew, rolled_back, connections, accepting, stated_end),
        )| {
            Rest {
                issues,
                orphans,
                uncounted,
                issue_after_lease_loss,
                rehearsal,
                unrecorded,
                in_doubt,
                fresh,
                windows,
                skew,
                rolled_back,
                connections,
                accepting,
                stated_end,
            }
        },
    )
}

fn add_rest(scene: Scene, rest: Rest) -> Scene {
    let orphans = rest.orphans.into_iter().enumerate();
    let mut scene = orphans.fold(scene, |scene, (n, at)| {
        scene.orphan(&format!("lost-{n}"), at.map(|s| now() + secs(s)))
    });
    scene.record.issues = rest.issues;
    scene.record.orphans_uncounted = rest.uncounted;
    let listed = rest.issue_after_lease_loss.map(intent);
    scene.record.issues_after_lease_loss = listed.into_iter().collect();
    if let Some((at, came)) = rest.rehearsal {
        scene = scene.rehearsed(at, came.then_some("throwaway"));
    }
    if let Some(sent_at) = rest.unrecorded {
        scene = scene.unrecorded("unrecorded", intent(sent_at));
    }
    scene.intent_is_fresh = rest.fresh;
    scene.clock_skew = secs(rest.skew);
    scene.connections.truncate(rest.connections);
    scene.stated_end = rest.stated_end;
    if rest.accepting {
        scene = scene.accepting();
    }
    if rest.in_doubt {
        let holds = ConnectionHolds {
            fingerprint: print("z"),
            at: ago(mins(1)),
            confirmed_at: None,
            in_doubt: true,
            by_person: false,
            ack: None,
        };
        scene.record.connections.insert("canary".to_owned(), holds);
    }
    if rest.windows {
        windows_in_december(&mut scene);
    }
    if rest.rolled_back {
        scene.record.history.push(rolled_back());
    }
    scene
}

fn rolled_back() -> PastRotation {
    PastRotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: "r0".to_owned(),
        trigger: Trigger::Schedule,
        began_at: ago(hours(2)),
        ended_at: ago(mins(20)),
        result: RotationResult::RolledBack,
        old: None,
        new: Some(print("z")),
        old_refused: None,
        detail: None,
    }
}

fn tokens(
    current: Option<HeldToken>,
    probe: Option<LastProbe>,
    retiring: Vec<Retiring>,
    updated_at: Timestamp,
) -> Record {
    let mut record = Record::new("crm", updated_at);
    record.generation = u64::from(current.is_some());
    record.retiring = if current.is_some() {
        retiring
    } else {
        Vec::new()
    };
    record.current = current;
    record.probe = probe;
    record
}

/// Any valid record, in any situation.
pub(crate) fn scene() -> impl Strategy<Value = Scene> {
    let retiring = prop_oneof![
        Just(Vec::new()),
        superseded("old").prop_map(|old| vec![old]),
        (superseded("older"), superseded("old")).prop_map(|(older, old)| vec![older, old]),
    ];
    let current = prop::option::weighted(0.85, token("a"));
    let record = (current, probe(), retiring, near_now());
    let flight = prop::option::weighted(0.6, flight());
    (issuer(), record, flight, published(), asked(), rest()).prop_map(
        |(issuer, (current, probe, retiring, updated_at), flight, published, asked, rest)| {
            let mut scene = Scene {
                issuer,
                record: tokens(current, probe, retiring, updated_at),
                published,
                ..healthy()
            };
            scene.policy.overlap = days(1);
            if let Some(flight) = flight {
                scene = fly(scene, flight);
            }
            let scene = add_rest(ask(scene, asked), rest);
            invariant::check(&scene.record).expect("a valid record");
            scene
        },
    )
}
