//! The commands, as a person and a program see them: the real binary against
//! small servers in this process. What only real servers can show is in
//! `tests/real`.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod adopting;
mod crowd;
mod describing;
mod doctoring;
mod documents;
mod ending;
mod files;
mod harden;
mod logs;
mod manual;
mod panics;
mod quoted;
mod readme;
mod reload;
mod requests;
mod running;
mod scene;
mod served;
mod starting;
mod systemd;
mod verifying;
mod watching;

#[path = "../support/mod.rs"]
mod support;

use jiff::SignedDuration;
use scene::Scene;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_is_planned_rotated_and_shown() {
    let scene = Scene::new("").await;

    let plan = scene.run(&["plan", "--from-records"]).await;
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(plan.out.starts_with("TOKEN"), "{plan:?}");
    let row = plan.out.lines().nth(1).expect("a row");
    assert!(row.contains("crm") && row.contains("rotate") && row.ends_with("missing"));
    assert_eq!(scene.sp.stats().issued, 0, "`plan` changes nothing");

    let rotated = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    for step in ["issue", "prove", "deliver hr", "confirm hr", "publish"] {
        assert!(rotated.out.contains(step), "{step}: {rotated:?}");
    }
    assert!(rotated.out.contains("generation 1"), "{rotated:?}");
    assert_eq!(scene.sp.stats().issued, 1);

    let status = scene.json(&["status"]).await;
    let token = &status["tokens"][0];
    assert_eq!(token["name"], "crm");
    assert_eq!(token["state"]["word"], "fresh");
    assert_eq!(token["generation"], 1);
    assert_eq!(token["connections"][0]["in_sync"], true);

    let plan = scene.json(&["plan", "crm"]).await;
    let next = &plan["tokens"][0]["next"];
    assert_eq!(next["reason"], "renewal_due");
    assert_eq!(next["at"], token["renew_at"], "both tell the same time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_a_later_time_shows_what_would_be_due_then() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let plan = scene
        .json(&["plan", "--from-records", "--at", "2199-01-01T00:00:00Z"])
        .await;
    let now = &plan["tokens"][0]["now"];
    assert_eq!(now["step"], "prepare", "{plan}");
    assert_eq!(now["reason"], "expired", "{plan}");
    assert_eq!(plan["at"], "2199-01-01T00:00:00Z");
}

/// `plan` must decide as the daemon does: `once` runs the daemon's driver.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_measures_clocks_as_the_daemon_does() {
    let scene = Scene::new("").await;
    scene.set_overlap("1s");
    for _ in 0..2 {
        let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let plan = scene.json(&["plan", "--from-records"]).await;
    let now = &plan["tokens"][0]["now"];
    assert_eq!(now["reason"], "retire_due", "the clocks agree: {plan}");

    let _ahead = scene
        .set_vault_clock_ahead(SignedDuration::from_hours(1))
        .await;
    let plan = scene.json(&["plan", "--from-records"]).await;
    let now = &plan["tokens"][0]["now"];
    let once = scene.run(&["once", "--output", "json"]).await;
    let once: Value = serde_json::from_str(&once.out).expect("one document");
    assert_eq!(once["tokens"][0]["detail"], "clock_skew", "{once}");
    assert_eq!(now["reason"], "clock_skew", "{plan}");
    assert_eq!(now["step"], Value::Null, "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rotate_writes_one_json_object_a_line() {
    let scene = Scene::new("").await;
    let ran = scene
        .run(&["rotate", "crm", "--foreground", "--output", "json"])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let events: Vec<&str> = lines.iter().filter_map(|l| l["event"].as_str()).collect();
    assert!(events.contains(&"step_began") && events.contains(&"promoted"));
    let last = lines.last().expect("lines");
    assert_eq!(
        (&last["event"], &last["result"]),
        (&"ended".into(), &"success".into())
    );
    assert!(
        lines
            .iter()
            .all(|l| l["token"] == "crm" && l["at"].is_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_needs_a_person_fails_once_and_says_who() {
    let scene = Scene::new("operator").await;
    let ran = scene.run(&["once"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("needs a person"), "{ran:?}");
    let turn = "Waiting for you: create a token (Ask the owner of the CRM), then `vault kv put kv/scim/crm token=@file`";
    assert!(ran.out.contains(turn), "{ran:?}");
    let status = scene.run(&["status"]).await;
    assert!(
        status.out.contains("vault kv put kv/scim/crm token=@file")
            && status.out.contains("Ask the owner of the CRM"),
        "{status:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_refuses_is_told_and_may_work_later() {
    let scene = Scene::new("").await;
    scene.refuse_minting();
    let ran = scene
        .run(&["rotate", "crm", "--foreground", "--timeout", "3s"])
        .await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.out.contains("NOT done"), "{ran:?}");
    let status = scene.run(&["status"]).await;
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains("issue failed"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_apart_by_the_exit_code() {
    let mut scene = Scene::new("").await;
    let unknown = scene.run(&["rotate", "cmr"]).await;
    assert_eq!(unknown.code, 64);
    assert!(
        unknown
            .err
            .contains("no such token: cmr; configured are: crm"),
        "{unknown:?}"
    );
    let nonsense = scene
        .run(&["plan", "--from-records", "--at", "tomorrow"])
        .await;
    assert_eq!(nonsense.code, 64, "{nonsense:?}");

    scene.write("crm-broken.toml", "[vault]\naddress = 7\n");
    let broken = scene.run_with("crm-broken.toml", &["run"]).await;
    assert_eq!(broken.code, 64);
    assert!(broken.err.contains("crm-broken.toml:2"), "{broken:?}");

    scene.stop_vault().await;
    for command in [
        &["status"] as &[&str],
        &["plan"],
        &["once"],
        &["rotate", "crm"],
        &["pause", "--all", "--reason", "a drill"],
        &["check", "--online"],
    ] {
        let ran = scene.run(command).await;
        assert_eq!(ran.code, 75, "{command:?}: {ran:?}");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.starts_with("Vault, "), "who failed, once: {ran:?}");
        assert!(last.contains("127.0.0.1"), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_online_check_prints_the_policy_lines_that_are_missing() {
    let scene = Scene::new("").await;
    let ran = scene.run(&["check", "--online"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("may do all that"), "{ran:?}");

    scene.log_in_without_publishing();
    let ran = scene.run(&["check", "--online"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = "path \"kv/data/scim/crm\" { capabilities = [\"create\", \"read\", \"update\"] }";
    assert!(ran.out.lines().any(|l| l == line), "{ran:?}");
    assert!(
        !ran.out.contains("path \"kv/data/scim-rotator/*\""),
        "{ran:?}"
    );
    let ran = scene.run(&["check", "--online", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&ran.out).expect("one document");
    assert_eq!(
        document["errors"], 0,
        "what `check` finds is in it: {document}"
    );
    assert_eq!(document["policy_lines"][0], line);

    scene.lease_the_credential_for_the_issuer();
    let ran = scene.run(&["check", "--online"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    for line in [
        "path \"terraform/creds/scim\" { capabilities = [\"read\"] }",
        "path \"sys/leases/renew\" { capabilities = [\"update\"] }",
    ] {
        assert!(ran.out.lines().any(|l| l == line), "{line}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_token_is_left_alone_until_it_is_resumed() {
    let scene = Scene::new("").await;
    let ran = scene
        .run(&["pause", "crm", "--reason", "audit", "--no-wait"])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.err.contains("scim-rotator resume crm"), "{ran:?}");
    assert_eq!(scene.sp.stats().issued, 0, "nothing was done");
    let status = scene.json(&["status"]).await;
    assert_eq!(status["tokens"][0]["state"]["word"], "paused");
    assert_eq!(status["tokens"][0]["paused"]["reason"], "audit");

    assert_eq!(scene.run(&["resume", "crm", "--no-wait"]).await.code, 0);
    assert_eq!(scene.run(&["once"]).await.code, 0);
    assert_eq!(scene.sp.stats().issued, 1, "the rotation was not dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_token_is_revoked_at_once_and_only_when_that_is_meant() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let asked = scene
        .run(&["rotate", "crm", "--compromised", "--reason", "leaked"])
        .await;
    assert_eq!(asked.code, 64, "{asked:?}");
    assert!(asked.err.contains("revoked at once") && asked.err.contains("--yes"));
    assert_eq!(scene.sp.stats().issued, 1);

    let ran = scene
        .run(&[
            "rotate",
            "crm",
            "--foreground",
            "--compromised",
            "--yes",
            "--reason",
            "leaked",
        ])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let stats = scene.sp.stats();
    assert_eq!((stats.issued, stats.revoked, stats.live_tokens), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dangerous_command_without_a_reason_is_a_mistake_and_asks_for_nothing() {
    let scene = Scene::new("").await;
    for args in [
        vec!["rotate", "crm", "--compromised", "--yes"],
        vec!["rotate", "crm", "--override-guards"],
        vec!["rotate", "crm", "--supplied"],
        vec!["rotate", "crm", "--foreground", "--override-guards"],
        vec!["rotate", "crm", "--override-guards", "--reason", "  "],
        vec!["rotate", "crm", "--reason", "two\nlines"],
        vec!["pause", "--all"],
        vec!["resume", "--all"],
        vec!["ack", "crm", "idp"],
    ] {
        let ran = scene.run(&args).await;
        assert_eq!(ran.code, 64, "{args:?}: {ran:?}");
        assert!(ran.err.contains("reason"), "{args:?}: {ran:?}");
    }
    assert_eq!(scene.run(&["once"]).await.code, 0);
    assert_eq!(scene.sp.stats().issued, 1, "nothing was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_holds_every_token_and_drops_nothing() {
    let scene = Scene::new("").await;
    let pause = ["pause", "--all", "--no-wait", "--reason", "incident"];
    assert_eq!(scene.run(&pause).await.code, 0);
    let once = scene.run(&["once"]).await;
    assert_eq!(once.code, 0, "{once:?}");
    assert!(once.out.contains("paused"), "{once:?}");
    let plan = scene.json(&["plan"]).await;
    assert_eq!(plan["tokens"][0]["now"]["reason"], "paused");
    let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.err.contains("resume --all"), "{ran:?}");
    assert_eq!(scene.sp.stats().issued, 0, "nothing was done");

    let resume = ["resume", "--all", "--no-wait", "--reason", "over"];
    assert_eq!(scene.run(&resume).await.code, 0);
    assert_eq!(scene.run(&["once"]).await.code, 0);
    assert_eq!(scene.sp.stats().issued, 1, "the rotation was not dropped");
    assert_eq!(scene.run(&["pause"]).await.code, 64, "of what?");
}
