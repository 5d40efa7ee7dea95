//! `rehearse` with a real Vault and a service provider that others wrote.

use std::process::Stdio;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};

use super::commands::BINARY;
use super::house::{House, text};
use super::parts::{Keeper, better_auth_issuer, read_users, token};
use super::support::better_auth::{BetterAuth, Minted};
use super::wait::eventually;

/// The token is not due during a test.
const CALM: &str = "lifetime = \"1h\"\noverlap = \"2s\"";

struct Scene {
    house: House,
    server: BetterAuth,
    keeper: Keeper,
    old: Minted,
}

impl Scene {
    /// A token that a person has made, which no daemon has seen yet.
    async fn new() -> Option<Self> {
        let (mut house, server) = (House::new().await?, BetterAuth::start()?);
        house.longest_call = 10;
        let old = server.mint("old", 3600).await;
        let now = SystemClock.now();
        let fields = json!({
            "token": old.token,
            "token_id": old.id,
            "issued_at": now,
            "expires_at": now + SignedDuration::from_hours(1),
        });
        house.write_by_hand(fields).await;
        let keeper = Keeper::new(&house);
        let sections = [
            better_auth_issuer(&mut house, &server).await,
            keeper.connection(&house),
            token(&server.scim_url(), "idp", CALM),
        ];
        house.configure(&sections.concat());
        Some(Self {
            house,
            server,
            keeper,
            old,
        })
    }

    async fn only_the_old_one_lives(&self) {
        assert_eq!(self.server.live().await, [self.old.id.as_str()]);
        let status = read_users(&self.server.scim_url(), &self.old.token).await;
        assert_eq!(status, 200);
        assert_eq!(self.keeper.holds(), None, "no connection was written");
    }
}

fn result<'r>(rows: &'r Value, step: &str) -> &'r str {
    let mut rows = rows.as_array().expect("rows").iter();
    let row = rows.find(|row| row["step"] == step);
    text(&row.unwrap_or_else(|| panic!("no row {step}"))["result"])
}

#[tokio::test]
async fn it_shows_the_issuer_before_any_daemon_runs_and_leaves_nothing() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let path = scene.house.path("evidence.json");
    let report = path.to_str().expect("a path");
    let args = ["--output", "json", "rehearse", "crm", "--report", report];
    let ran = scene.house.command(&args).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(told["ok"], true);
    let shown = [
        "list",
        "issue",
        "found_in_list",
        "accepted",
        "lifetime",
        "preflight",
        "revoke",
        "refused",
        "gone_from_list",
    ];
    for step in shown {
        assert_eq!(result(&told["rows"], step), "shown", "{step}: {told:#}");
    }
    assert_eq!(result(&told["rows"], "candidate_test"), "not shown");
    scene.only_the_old_one_lives().await;
    let record = scene.house.record().await;
    assert_eq!(record["rehearsal"], Value::Null);
    assert_eq!(
        record["issues"].as_array().map(Vec::len),
        Some(1),
        "it is counted"
    );

    let evidence = std::fs::read_to_string(&path).expect("a report");
    let document: Value = serde_json::from_str(&evidence).expect("JSON");
    assert_eq!(document["issuer"]["capabilities"]["revoke"], "by_id");
    assert_eq!(result(&document["rows"], "refused"), "shown");
    let host = scene.server.scim_url();
    let host = host.host_str().expect("a host");
    for private in [host, "crm", "sp", scene.old.id.as_str()] {
        let quoted = format!("\"{private}");
        assert!(!evidence.contains(&quoted), "{private}: {evidence}");
    }
    let again = scene.house.command(&args).await;
    assert_eq!(
        again.code,
        Some(64),
        "a report is not overwritten: {again:?}"
    );
    scene.only_the_old_one_lives().await;
    scene.house.close().await;
}

#[tokio::test]
async fn killed_while_the_throw_away_token_is_issued_the_next_command_revokes_it() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let fault = json!({ "mint": "slow", "count": 1, "delay_ms": 9000 });
    scene.server.plan_fault(fault).await;
    let mut child = tokio::process::Command::new(BINARY)
        .arg("--config")
        .arg(scene.house.config())
        .args(["rehearse", "crm"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary runs");
    let throwaway = eventually("the throw-away token is made", async || {
        let live = scene.server.live().await;
        live.into_iter().find(|id| *id != scene.old.id)
    })
    .await;
    child.kill().await.expect("KILL");
    let record = scene.house.record().await;
    assert!(record["rehearsal"]["intent"].is_object(), "{record:#}");
    assert!(record["rehearsal"]["issued"].is_null(), "its text was lost");

    let early = scene.house.command(&["rehearse", "crm"]).await;
    assert_eq!(
        early.code,
        Some(75),
        "the lease of the dead process: {early:?}"
    );
    let record = eventually("the throw-away token is found and revoked", async || {
        scene.house.command(&["once"]).await;
        let record = scene.house.record().await;
        let is_gone = record["rehearsal"].is_null() && record["orphans"].is_null();
        is_gone.then_some(record)
    })
    .await;
    assert_eq!(
        record["generation"], 1,
        "it was adopted meanwhile: {record:#}"
    );
    assert_eq!(text(&record["current"]["id"]), scene.old.id);
    assert_ne!(text(&record["current"]["id"]), throwaway);
    assert_eq!(scene.server.live().await, [scene.old.id.as_str()]);
    scene.house.close().await;
}
