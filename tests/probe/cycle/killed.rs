//! A process that is killed before and after each request and each write of the
//! journal: the next one leaves nothing behind.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::scim::cycle::report::CycleVerdict;

use super::directory::Deviation;
use super::{Fuse, Scene};

/// Runs until the fuse burns. Whether it did.
async fn run_until_killed(scene: &Scene, fuse: &Arc<Fuse>) -> bool {
    *scene.directory.fuse.lock() = Arc::clone(fuse);
    *scene.journal.fuse.lock() = Arc::clone(fuse);
    let killed = tokio::select! {
        biased;
        () = fuse.killed.cancelled() => true,
        _report = scene.run() => false,
    };
    *scene.directory.fuse.lock() = Arc::default();
    *scene.journal.fuse.lock() = Arc::default();
    killed
}

async fn no_kill_leaves_anything(deviation: Deviation, config: &str) -> usize {
    let mut kills = 0;
    for event in 1.. {
        let scene = Scene::new(deviation, config).await;
        let fuse = Fuse::at(event);
        if !run_until_killed(&scene, &fuse).await {
            break;
        }
        kills += 1;
        let journal = scene.document().await;
        if journal.runner.is_some() {
            let too_early = scene.sweep("b").await;
            assert!(
                too_early.is_err(),
                "event {event}: the first one may still run"
            );
        }
        // Longer than a run may last, and than a lost creation may take.
        scene.clock.pass(SignedDuration::from_mins(15));
        // Twice: a sweep may be killed too, and must be repeatable.
        for _ in 0..2 {
            assert_eq!(scene.sweep("b").await, Ok(0), "event {event}");
        }
        assert!(scene.directory.left().is_empty(), "event {event}");
        assert!(scene.directory.is_unharmed(), "event {event}");
        let report = scene.run_as("b", "0199cc").await;
        assert_eq!(
            report.verdict(),
            CycleVerdict::Passed,
            "event {event}: {report:#?}"
        );
    }
    kills
}

#[tokio::test]
async fn a_kill_at_any_point_leaves_nothing_behind() {
    let kills = no_kill_leaves_anything(Deviation::default(), "").await;
    assert!(kills > 60, "{kills}");
}

#[tokio::test]
async fn not_even_where_creations_are_not_answered_with_an_id() {
    let deviation = Deviation {
        asynchronous: true,
        ..Deviation::default()
    };
    let kills = no_kill_leaves_anything(deviation, "groups = false").await;
    assert!(kills > 40, "{kills}");
}

/// The name that was sent finds nothing there, also what a killed run left.
#[tokio::test]
async fn not_even_where_names_are_rewritten() {
    for deviation in [
        Deviation {
            name_ends: Some("@tenant.example"),
            ..Deviation::default()
        },
        Deviation {
            name_domain: Some("tenant.example"),
            asynchronous: true,
            ..Deviation::default()
        },
    ] {
        let kills = no_kill_leaves_anything(deviation, "groups = false").await;
        assert!(kills > 40, "{kills}");
    }
}

#[tokio::test]
async fn a_killed_clean_up_is_repeated() {
    for event in 1.. {
        let scene = Scene::new(Deviation::default(), "").await;
        // After the user and the group were created.
        assert!(run_until_killed(&scene, &Fuse::at(40)).await);
        scene.clock.pass(SignedDuration::from_mins(15));
        let fuse = Fuse::at(event);
        *scene.directory.fuse.lock() = Arc::clone(&fuse);
        *scene.journal.fuse.lock() = Arc::clone(&fuse);
        let killed = tokio::select! {
            biased;
            () = fuse.killed.cancelled() => true,
            swept = scene.sweep("b") => { assert_eq!(swept, Ok(0)); false }
        };
        *scene.directory.fuse.lock() = Arc::default();
        *scene.journal.fuse.lock() = Arc::default();
        scene.clock.pass(SignedDuration::from_mins(15));
        assert_eq!(scene.sweep("c").await, Ok(0), "event {event}");
        assert!(scene.directory.left().is_empty(), "event {event}");
        if !killed {
            break;
        }
    }
}

#[tokio::test]
async fn what_a_person_deleted_after_the_attempts_ended_is_taken_out_of_the_journal() {
    let scene = Scene::new(Deviation::default(), "").await;
    // After the user and the group were created.
    assert!(run_until_killed(&scene, &Fuse::at(40)).await);
    scene.clock.pass(SignedDuration::from_mins(15));
    {
        let mut all = scene.journal.documents.lock();
        let (journal, _) = all.get_mut("crm-staging").expect("a journal");
        for entry in &mut journal.entries {
            entry.attempts = 50;
        }
    }
    let there = scene.directory.left().len();
    assert!(there > 0);
    assert_eq!(scene.sweep("b").await, Ok(there));
    let left = scene.directory.left().len();
    assert_eq!(left, there, "nothing is deleted any more");
    scene.directory.person_deletes_all();
    assert_eq!(scene.sweep("b").await, Ok(0));
    assert!(scene.document().await.entries.is_empty());
}

#[tokio::test]
async fn without_a_journal_nothing_is_created() {
    let scene = Scene::new(Deviation::default(), "").await;
    *scene.journal.broken.lock() = true;
    let report = scene.run().await;
    assert_eq!(report.verdict(), CycleVerdict::Inconclusive);
    assert!(scene.directory.left().is_empty());
    let writes = scene
        .server
        .seen()
        .iter()
        .filter(|s| !s.head.starts_with("GET"))
        .count();
    assert_eq!(writes, 0);
}

#[tokio::test]
async fn the_end_of_the_process_lets_the_clean_up_finish() {
    let scene = Scene::new(Deviation::default(), "").await;
    scene.cancel.cancel();
    let report = scene.run().await;
    assert_eq!(report.verdict(), CycleVerdict::Inconclusive);
    assert!(scene.directory.left().is_empty());
    assert!(scene.document().await.entries.is_empty());
}

#[tokio::test]
async fn two_processes_do_not_run_at_once() {
    let scene = Scene::new(Deviation::default(), "").await;
    assert!(run_until_killed(&scene, &Fuse::at(30)).await);
    let report = scene.run_as("b", "r2").await;
    assert_eq!(report.verdict(), CycleVerdict::Inconclusive, "{report:#?}");
    let first = &report.steps[0];
    assert!(first.detail.contains("another process"), "{}", first.detail);
}
