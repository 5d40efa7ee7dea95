//! Commands that ask the daemon's HTTP server: without a configuration and
//! without a login to Vault.

use std::time::Duration;

use serde_json::Value;

use super::reload::is_fresh;
use super::running::Running;
use super::scene::Scene;
use super::systemd::{PATIENCE, Systemd};

/// No file of this name exists.
const NO_CONFIG: &str = "there-is-none.toml";

/// Waits until the facts in Vault tell that a step for this reason is next; returns the plan.
async fn until_planned(scene: &Scene, reason: &str) -> Value {
    let told = async {
        loop {
            let ran = scene.run(&["plan", "--output", "json"]).await;
            let mut plan: Value = serde_json::from_str(&ran.out).expect("one document");
            let plan = plan["tokens"][0].take();
            if plan["next"]["reason"] == reason {
                return plan;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("told")
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_plan_are_told_by_the_daemon_to_who_has_no_configuration() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let mut drained = tokio::task::JoinSet::new();
    drained.spawn(async move { systemd.drain().await });
    running.until("crm works", |m| is_fresh(m, "crm")).await;
    // Ten seconds after the last change, with everything that was left to do.
    let told = until_planned(&scene, "renewal_due").await;
    let server = running.url();
    let asked = async |args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(["--server", &server]).collect();
        scene.run_with(NO_CONFIG, &args).await
    };
    let json = async |args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
        let ran = asked(&args).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str::<Value>(&ran.out).expect("one document")
    };

    let status = json(&["status", "crm"]).await;
    let plan = json(&["plan"]).await;
    let (token, planned) = (&status["tokens"][0], &plan["tokens"][0]);
    assert_eq!(
        (&token["name"], &planned["name"]),
        (&"crm".into(), &"crm".into())
    );
    assert_eq!(planned["now"]["reason"], token["reason"], "{plan}");
    assert_eq!(planned["next"]["step"], "prepare", "{plan}");
    assert_eq!(planned["next"]["reason"], "renewal_due", "{plan}");
    assert_eq!(planned["next"]["at"], token["renew_at"], "{plan}");
    let shown = asked(&["plan", "crm"]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    let row = shown.out.lines().nth(1).expect("a row");
    assert!(
        row.starts_with("crm") && row.contains("rotate"),
        "{shown:?}"
    );
    assert_eq!(told["next"], planned["next"], "in Vault it told the same");

    for command in ["status", "plan"] {
        let missing = asked(&[command, "cmr"]).await;
        assert_eq!(missing.code, 75, "{missing:?}");
        assert!(missing.out.contains("no token of this name"), "{missing:?}");
        let elsewhere = format!("{server}/elsewhere");
        let elsewhere = scene
            .run_with(NO_CONFIG, &[command, "--server", &elsewhere])
            .await;
        assert_eq!(elsewhere.code, 75, "{elsewhere:?}");
        assert!(elsewhere.err.contains("is the URL right"), "{elsewhere:?}");
    }
    let both = asked(&["plan", "--from-records"]).await;
    assert_eq!(both.code, 64, "{both:?}");
    running.end().await;
    drained.abort_all();
    let away = asked(&["plan"]).await;
    assert_eq!(away.code, 75, "{away:?}");
    assert!(away.err.contains(&server), "{away:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_planned_for_no_time() {
    let scene = Scene::new("operator").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let mut drained = tokio::task::JoinSet::new();
    drained.spawn(async move { systemd.drain().await });
    running
        .until("crm waits", |m| m.contains(",stage=\"waiting_operator\"} "))
        .await;
    let ran = scene
        .run_with(NO_CONFIG, &["plan", "--server", &running.url()])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = ran.out.lines().nth(1).expect("a row");
    assert!(row.contains("nothing by itself"), "{ran:?}");
    assert!(row.ends_with("waiting_operator"), "{ran:?}");
    running.end().await;
    drained.abort_all();
}
