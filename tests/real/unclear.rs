//! Service providers that do not answer wrong and dead tokens by 401. What is
//! said of the old token is what was shown of it.

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;

use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, due_fields, read_users, scim2_server_issuer_at, token};
use super::support::meddler::Meddler;
use super::support::scim2_server::{Minted, Scim2Server};
use super::wait::eventually;

struct Scene {
    house: House,
    server: Scim2Server,
    meddler: Meddler,
    keeper: Keeper,
    old: Minted,
}

impl Scene {
    /// A token that is due, at a service provider that refuses by this status.
    async fn new(status: u16) -> Option<Self> {
        let (mut house, server) = (House::new().await?, Scim2Server::start()?);
        house.log = "info";
        let old = server.mint(30.0 * 86_400.0).await;
        house.write_by_hand(due_fields(&old.token, &old.id)).await;
        let meddler = Meddler::start(&server.base_url().parse().expect("a URL")).await;
        meddler.refuse_by(status);
        let keeper = Keeper::new(&house);
        Some(Self {
            house,
            server,
            meddler,
            keeper,
            old,
        })
    }

    fn sections(&self, more: &str) -> String {
        let base = &self.meddler.url;
        [
            scim2_server_issuer_at("sp", base.as_str()),
            self.keeper.connection(&self.house),
            token(
                &base.join("v2").expect("a path"),
                "idp",
                &format!("{DUE}\n{more}"),
            ),
        ]
        .concat()
    }

    async fn old_works(&self) -> bool {
        read_users(&self.server.scim_url(), &self.old.token).await == 200
    }

    async fn status(&self, output: &[&str]) -> String {
        let args = [&["status"], output].concat();
        // The daemon writes its facts some seconds after a change.
        eventually("the daemon has told its facts", async || {
            let status = self.house.command(&args).await;
            (status.code == Some(0)).then_some(status.stdout)
        })
        .await
    }
}

#[tokio::test]
async fn an_old_token_that_lives_is_not_said_to_be_retired() {
    let Some(scene) = Scene::new(302).await else {
        return;
    };
    let daemon = scene.house.run(&scene.sections("")).await;
    let promoted = |r: &Value| r["generation"] == 2 && r["retiring"].is_array();
    let record = scene.house.until("the new token is in use", promoted).await;
    let due = text(&record["retiring"][0]["not_before"]).to_owned();
    let due: jiff::Timestamp = due.parse().expect("a time");
    eventually("the overlap has ended", async || {
        (SystemClock.now() > due + SignedDuration::from_secs(3)).then_some(())
    })
    .await;
    assert!(
        scene.old_works().await,
        "nobody showed that wrong ones are refused"
    );

    let record = scene.house.record().await;
    let cause = &record["current"]["evidence"]["unclear"];
    assert_eq!(cause["reason"], "redirect", "{record}");

    let shown = scene.status(&[]).await;
    assert!(
        shown.contains("the old token is not retired (due "),
        "{shown}"
    );
    assert!(shown.contains("`answers`"), "{shown}");
    let shown: Value =
        serde_json::from_str(&scene.status(&["--output", "json"]).await).expect("JSON");
    let shown = &shown["tokens"][0];
    assert_eq!(
        shown["retirement_obstacle"]["reason"], "redirect",
        "{shown}"
    );
    assert_eq!(shown["current"]["unclear_controls"]["reason"], "redirect");

    let (_, page) = daemon.get("/tokens/crm").await.expect("the page");
    let (_, due) = page
        .split_once("Retirement of the old token")
        .expect("its row");
    let (due, _) = due.split_once("</dd>").expect("its end");
    assert!(due.contains("; not yet: "), "{due}");
    let series = "scim_rotator_token_proven_timestamp_seconds{token=\"crm\",proof=\"works\",controls=\"redirect\"}";
    assert!(daemon.metric(series).await > Some(0.0));
    assert!(
        daemon
            .log()
            .contains("accepted, without proof that wrong tokens are refused")
    );
    daemon.stop().await;

    let said =
        "probe_every = \"3s\"\nprobe = { answers = [{ means = \"refused\", status = 302 }] }";
    let daemon = scene.house.run(&scene.sections(said)).await;
    let record = scene
        .house
        .until("the old token is retired", is_settled)
        .await;
    assert!(record["history"][0]["old_refused"].is_object());
    assert!(!scene.old_works().await);
    assert_eq!(daemon.metric(series).await, None);
    daemon.stop().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_token_that_is_answered_by_404_is_dead_after_its_retirement_and_in_use() {
    let Some(scene) = Scene::new(404).await else {
        return;
    };
    let daemon = scene
        .house
        .run(&scene.sections("probe_every = \"3s\"\nretry_min = \"1s\""))
        .await;
    let settled = |r: &Value| r["generation"] == 2 && is_settled(r);
    let record = scene.house.until("the old token is retired", settled).await;
    assert!(record["history"][0]["old_refused"].is_object());
    assert!(!scene.old_works().await);

    let id = text(&record["current"]["id"]).to_owned();
    scene.server.revoke(&id).await;
    let replaced = |r: &Value| r["generation"] == 3 && is_settled(r);
    let record = scene
        .house
        .until("the revoked token is replaced", replaced)
        .await;
    assert_eq!(record["history"][0]["trigger"], "drift");
    assert_eq!(
        scene.keeper.holds().as_deref(),
        record["current"]["value"].as_str()
    );
    daemon.stop().await;
    scene.house.close().await;
}
