//! Mistakes, planted one at a time into replays that pass. Each must be found,
//! and told so that its author knows where to look.

mod of_the_connection;
mod of_the_issuer;

use scim_rotator::vendors::replay::{Replay, Settings, run};

use super::{CONNECTION, CONNECTION_REPLAY, ISSUER, ISSUER_REPLAY};

/// A mistake: in this scene, in place of this text, this one; and what must be
/// told of it.
type Mistake = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

#[tokio::test]
async fn each_mistake_in_the_issuers_replay_is_found() {
    for mistake in of_the_issuer::MISTAKES {
        found(ISSUER, ISSUER_REPLAY, mistake).await;
    }
}

#[tokio::test]
async fn each_mistake_in_the_connections_replay_is_found() {
    for mistake in of_the_connection::MISTAKES {
        found(CONNECTION, CONNECTION_REPLAY, mistake).await;
    }
}

async fn found(settings: &str, replay: &str, (scene, good, bad, told): &Mistake) {
    assert!(replay.contains(good), "not there: {good}");
    let replay = Replay::parse(&replay.replace(good, bad)).expect(bad);
    let settings = Settings::parse(settings).expect("settings");
    let scene = [(*scene).to_owned()];
    let report = run(&settings, &replay, &scene).await.expect("it runs");
    assert!(!report.is_ok(), "not found: {bad}");
    let failures = report.failures();
    for words in *told {
        assert!(failures.contains(words), "{bad}\n{words}\n{failures}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_told_once() {
    let settings = ISSUER.replace("live_tokens = \"many\"\n", "");
    let report = super::played(&settings, ISSUER_REPLAY).await;
    let failures = report.failures();
    assert_eq!(failures.matches("live_tokens").count(), 2, "{failures}");
    assert_eq!(
        failures.matches("  the same\n").count(),
        report.scenes.len() - 1
    );
}

#[tokio::test]
async fn what_cannot_run_at_all_is_refused() {
    let replay = Replay::parse(ISSUER_REPLAY).expect("a replay");
    let issuer = Settings::parse(ISSUER).expect("settings");
    let connection = Settings::parse(CONNECTION).expect("settings");
    let refused = run(&connection, &replay, &[]).await.expect_err("refused");
    assert!(refused.contains("family `connection`"), "{refused}");
    let scene = ["good pth".to_owned()];
    let refused = run(&issuer, &replay, &scene).await.expect_err("refused");
    assert!(refused.contains("no scene `good pth`"), "{refused}");
    assert!(refused.contains("`good path`, `lost reply`"), "{refused}");
    for text in ["", "[issuers]", &format!("{ISSUER}\n{CONNECTION}")] {
        let refused = Settings::parse(text).expect_err("refused");
        assert!(
            refused.contains("one issuer or one connection"),
            "{refused}"
        );
    }
}
