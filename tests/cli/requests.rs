//! What a person asks for by a command, and a daemon that runs.

use super::reload::is_fresh;
use super::running::Running;
use super::scene::Scene;
use super::systemd::Systemd;

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_answers_what_commands_ask_for_within_seconds() {
    let scene = Scene::new("").await;
    let systemd = Systemd::new();
    let running = Running::start(&scene, &systemd).await;
    let mut drained = tokio::task::JoinSet::new();
    drained.spawn(async move { systemd.drain().await });
    running.until("crm works", |m| is_fresh(m, "crm")).await;

    let rotated = scene.run(&["rotate", "crm"]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}\n{}", running.log());
    assert!(rotated.out.contains("accepts the request"), "{rotated:?}");
    assert!(rotated.out.contains("generation 2"), "{rotated:?}");
    assert_eq!(scene.sp.stats().issued, 2);

    let paused = scene.run(&["pause", "crm", "--reason", "audit"]).await;
    assert_eq!(paused.code, 0, "{paused:?}\n{}", running.log());
    assert!(paused.out.contains("crm is paused since"), "{paused:?}");
    let asked = scene.run(&["rotate", "crm"]).await;
    assert_eq!(asked.code, 75, "{asked:?}");
    assert!(asked.err.contains("scim-rotator resume crm"), "{asked:?}");
    let status = scene.json(&["status"]).await;
    let token = &status["tokens"][0];
    assert_eq!(token["state"]["word"], "paused");
    let by = token["paused"]["by"].as_str().expect("who");
    assert!(by.contains("entity-of-daemon"), "{by}");
    let asked_by = token["rotations"][0]["asked_by"].as_str().expect("who");
    assert_eq!(asked_by, by, "who asked for the rotation is kept");
    assert_eq!(scene.sp.stats().issued, 2, "nothing was done");
    assert_eq!(scene.run(&["resume", "crm"]).await.code, 0);
    running.until("it goes on", |m| is_fresh(m, "crm")).await;
    assert_eq!(scene.sp.stats().issued, 3, "the request was kept, once");

    let all = scene.run(&["pause", "--all", "--reason", "incident"]).await;
    assert_eq!(all.code, 0, "{all:?}");
    let held = "scim_rotator_dispatch_paused{reason=\"incident\"} 1";
    running.until("all is paused", |m| m.contains(held)).await;
    assert_eq!(
        scene
            .run(&["resume", "--all", "--reason", "over"])
            .await
            .code,
        0
    );
    let goes_on = "scim_rotator_dispatch_paused{reason=\"\"} 0";
    running.until("all goes on", |m| m.contains(goes_on)).await;

    let unfit = scene.run(&["pause", "crm", "--reason", "two\nlines"]).await;
    assert_eq!(unfit.code, 64, "{unfit:?}");

    let server = running.url();
    let status = scene.json(&["status", "--server", &server]).await;
    assert_eq!(status["tokens"][0]["name"], "crm");
    let missing = scene.run(&["status", "cmr", "--server", &server]).await;
    assert_eq!(missing.code, 75, "{missing:?}");
    let log = running.end().await;
    drained.abort_all();
    assert!(log.contains("a request of a person is accepted"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_daemon_is_kept_and_that_is_said() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let asked = scene.run(&["rotate", "crm"]).await;
    assert_eq!(asked.code, 75, "{asked:?}");
    assert!(asked.err.contains("no daemon has answered"), "{asked:?}");
    assert_eq!(scene.sp.stats().issued, 1);
    for _ in 0..2 {
        assert_eq!(scene.run(&["once"]).await.code, 0);
        assert_eq!(scene.sp.stats().issued, 2, "it is carried out once");
    }
}
