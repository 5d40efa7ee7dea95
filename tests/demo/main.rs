//! `demo` with the real binary: tokens turn over, parts break, and no
//! provisioning call is refused. Lifetimes and runs are those of the command:
//! what is shorter, a loaded machine cannot follow.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod conformance;
mod ended;
mod run;
#[path = "../support/mod.rs"]
mod support;

use run::{Ran, Running};

#[tokio::test(flavor = "multi_thread")]
async fn every_part_may_break_and_no_call_is_refused() {
    let play = async |part: Option<&'static str>| {
        let mut args = vec!["--for", "90s"];
        args.extend(part.into_iter().flat_map(|part| ["--break", part]));
        (part, Running::start(&args).end().await)
    };
    let (whole, issuer, idp, vault, crash) = tokio::join!(
        play(None),
        play(Some("issuer")),
        play(Some("idp")),
        play(Some("vault")),
        play(Some("crash")),
    );
    for (part, ran) in [&whole, &issuer, &idp, &vault, &crash] {
        ran.went_well(*part);
    }
    let (issuer, idp, vault, crash) = (issuer.1, idp.1, vault.1, crash.1);
    assert!(issuer.has("step_ended", "step", "recover"), "{issuer:?}");
    assert_eq!(issuer.summary()["lost_and_revoked"], 1, "{issuer:?}");
    assert!(idp.has("step_ended", "result", "failed"), "{idp:?}");
    assert!(vault.has("store_failed", "token", "crm"), "{vault:?}");
    assert_eq!(vault.summary()["lost_and_revoked"], 0, "{vault:?}");
    assert_eq!(crash.count("killed"), 1, "{crash:?}");
    assert_eq!(crash.count("listening"), 2, "{crash:?}");
    assert!(crash.has("waits", "reason", "lease_elsewhere"), "{crash:?}");
    assert_eq!(crash.summary()["lost_and_revoked"], 1, "{crash:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_fails_the_demo() {
    let args = ["--for", "20s", "--lifetime", "16s", "--break", "revoked"];
    let ran = Running::start(&args).end().await;
    let summary = ran.summary();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(summary["result"], "failed", "{ran:?}");
    assert!(summary["refused"].as_u64() > Some(0), "{ran:?}");
    // The daemon mends even this.
    assert_eq!(summary["broken"]["recovered"], true, "{ran:?}");
    ran.left_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_commands_join_in_and_a_signal_ends_it() {
    let mut running = Running::start(&[]);
    let config = running.until("started").await["config"].clone();
    let listening = running.until("listening").await;
    let promoted = running.until("promoted").await;
    let metrics = listening["metrics_url"].as_str().expect("a URL");
    let page = support::bare_http().get(metrics).send().await;
    let page = page.expect("an answer").text().await.expect("text");
    assert!(page.contains("scim_rotator_"), "{page}");
    let config = config.as_str().expect("a path");
    // The daemon writes its facts some seconds after a change.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    let status = loop {
        let status = Ran::of(&["--config", config, "status", "--output", "json"]).await;
        if status.code == Some(0) || tokio::time::Instant::now() > deadline {
            break status;
        }
    };
    assert_eq!(status.code, Some(0), "{status:?}");
    let token = promoted["token"].as_str().expect("a name");
    assert!(status.out.contains(token), "{status:?}");
    running.until("provisioning").await;
    running.interrupt();
    let ran = running.end().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.summary()["result"], "success", "{ran:?}");
    ran.left_nothing();
}

#[tokio::test]
async fn people_are_told_what_happens_and_where_to_look() {
    let args = ["demo", "--for", "25s", "--lifetime", "30s", "--quiet"];
    let ran = Ran::of(&args).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in [
        "A token lives for 30 s",
        "It ends after 25 s",
        "Each rotation is one line",
        "status page http://127.0.0.1:",
        "crm  #1  prepare, issue, prove, deliver, confirm, in use, publish\n",
        "crm  #2  prepare, issue, prove, deliver, confirm, in use, publish",
        "wiki #2  prepare, issue, prove, deliver, confirm, in use, publish",
        "rotations     2 (crm 1, wiki 1)",
        "All is well",
    ] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    for words in ["provisioning: ", " ms", "\u{1b}"] {
        assert!(!ran.out.contains(words), "{words}: {ran:?}");
    }
    // The path of the program is as long as it is.
    let out = ran
        .out
        .replace(env!("CARGO_BIN_EXE_scim-rotator"), "scim-rotator");
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(ran.err, "");
}

#[tokio::test]
async fn colours_are_used_when_they_are_asked_for() {
    let args = ["demo", "--for", "3s", "--quiet", "--color", "always"];
    let ran = Ran::of(&args).await;
    for words in ["\u{1b}[32missue,\u{1b}[0m", "\u{1b}[1mcrm \u{1b}[0m"] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    let moves = ran.out.contains("\u{1b}[J");
    assert!(!moves, "a pipe has no lines that change: {ran:?}");
}

#[tokio::test]
async fn what_could_show_nothing_is_refused() {
    let short = Ran::of(&["demo", "--for", "5s", "--break", "vault"]).await;
    assert_eq!(short.code, Some(64), "{short:?}");
    assert!(short.err.contains("60s"), "{short:?}");
    let fast = Ran::of(&["demo", "--lifetime", "2s"]).await;
    assert_eq!(fast.code, Some(64), "{fast:?}");
    assert!(fast.err.contains("16s"), "{fast:?}");
}
