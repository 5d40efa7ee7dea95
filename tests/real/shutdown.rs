//! TERM in the middle of a step.

use super::house::{House, is_settled, text};
use super::mid_mint::MidMint;
use super::wait::eventually;

#[tokio::test]
async fn a_step_that_runs_is_finished_and_stored_before_the_daemon_ends() {
    let Some(scene) = MidMint::at(House::new().await).await else {
        return;
    };
    let (mut daemon, gate) = scene.begin().await;
    let MidMint {
        house,
        server,
        keeper,
        ..
    } = &scene;
    daemon.terminate();
    eventually("it is about to end", async || {
        daemon.log().contains("ending:").then_some(())
    })
    .await;
    gate.open();
    assert_eq!(daemon.wait().await.code(), Some(0));

    let record = house.record().await;
    let pending = text(&record["rotation"]["pending"]["value"]).to_owned();
    assert!(record["lease"].is_null(), "the lease is given back");
    assert_eq!(keeper.holds(), None, "no further step was begun");

    let daemon = scene.run().await;
    let record = house
        .until("the next process completes it", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert_eq!(record["current"]["value"], pending.as_str());
    assert_eq!(record["issues"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    daemon.stop().await;
    scene.house.close().await;
}
