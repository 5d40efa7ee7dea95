//! A person ends the demo, whatever is broken: it says so, succeeds, and leaves nothing.

use std::time::Duration;

use super::run::{Ran, Running};

/// When the signal comes: soon after the start, in peace, when a part is just broken,
/// and while it is.
const MOMENTS: [(&str, Duration); 4] = [
    ("started", Duration::from_millis(30)),
    ("promoted", Duration::from_millis(500)),
    ("broken", Duration::ZERO),
    ("broken", Duration::from_millis(1500)),
];

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_well_whatever_is_broken() {
    for part in ["issuer", "idp", "vault", "crash", "revoked"] {
        let [a, b, c, d] = MOMENTS.map(|moment| interrupted(part, moment));
        for ran in <[Ran; 4]>::from(tokio::join!(a, b, c, d)) {
            let summary = ran.summary();
            assert_eq!(summary["interrupted"], true, "{part} {ran:?}");
            // Calls that were refused stay a failure: only tokens that somebody else
            // revoked cause them.
            let refused = summary["refused"].as_u64().unwrap();
            assert!(refused == 0 || part == "revoked", "{part} {ran:?}");
            let code = i32::from(refused > 0);
            assert_eq!(ran.code, Some(code), "{part} {ran:?}");
            assert_eq!(ran.err, "", "{part} {ran:?}");
            ran.left_nothing();
        }
    }
}

async fn interrupted(part: &str, (event, later): (&str, Duration)) -> Ran {
    let mut running = Running::start(&["--lifetime", "20s", "--break", part]);
    running.until(event).await;
    tokio::time::sleep(later).await;
    let children = running.children();
    running.interrupt();
    let ran = running.end().await;
    for child in children {
        let there = rustix::process::test_kill_process(child);
        assert!(there.is_err(), "{part}: process {child:?} is left");
    }
    ran
}

/// A terminal tells every process in the foreground of a Ctrl-C, and a closed one sends HUP.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_is_killed_in_the_demo_hears_no_ctrl_c() {
    let mut running = Running::start(&["--lifetime", "20s", "--break", "crash"]);
    running.until("promoted").await;
    let children = running.children();
    assert_eq!(children.len(), 1, "the daemon");
    for child in &children {
        let group = rustix::process::getpgid(Some(*child)).expect("it runs");
        assert_eq!(group, *child, "a group of its own");
    }
    running.signal(rustix::process::Signal::HUP);
    let ran = running.end().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.left_nothing();
}

#[tokio::test]
async fn the_last_sentence_says_who_ended_it() {
    let mut running = Running::for_people(&["--lifetime", "20s", "--break", "vault"]);
    running.until_line("#1").await;
    running.interrupt();
    let ran = running.end().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = ran.out.replace('\n', " ");
    assert!(
        text.contains("vault: not broken yet when you ended it"),
        "{ran:?}"
    );
    assert!(
        text.contains("All is well so far: you ended it before"),
        "{ran:?}"
    );
    ran.left_nothing();
}
