//! `verify`: what is proven of a token, and what it says and ends with.

use serde_json::Value;

use crate::scene::{Ran, Scene};

/// The rows of `--output json`, by their level.
fn level<'v>(told: &'v Value, level: &str) -> &'v Value {
    let rows = told["levels"].as_array().expect("levels");
    let row = rows.iter().find(|row| row["level"] == level);
    row.unwrap_or_else(|| panic!("{level}: {told}"))
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

async fn token_in_use(scene: &Scene) -> String {
    let stored = scene.stored("kv/data/scim/crm").await;
    let stored: Value = serde_json::from_str(&stored).expect("JSON");
    let token = stored["data"]["data"]["token"].as_str();
    token.expect("a published token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_is_proven_level_by_level() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let record = scene.stored("kv/data/scim-rotator/crm").await;
    let ran = scene.run(&["verify", "crm"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows: Vec<&str> = ran
        .out
        .lines()
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_eq!(
        rows[..9],
        ["LEVEL", "L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7"]
    );
    assert!(
        rows[9].contains("requests to the service provider, of at most 10"),
        "{ran:?}"
    );
    let token = token_in_use(&scene).await;
    assert!(!ran.out.contains(&token) && !ran.err.contains(&token));

    let told = scene.json(&["verify", "crm"]).await;
    for (name, verdict) in [
        ("L0", "pass"),
        ("L1", "pass"),
        ("L2", "pass"),
        ("L3", "pass"),
        ("L4", "not_asked"),
        ("L5", "not_asked"),
        ("L6", "not_asked"),
        ("L7", "pass"),
    ] {
        assert_eq!(level(&told, name)["verdict"], verdict, "{name}: {told}");
    }
    assert_eq!(told["read_from"], "record");
    let requests = told["requests"].as_u64().expect("a number");
    assert!((4..=10).contains(&requests), "{told}");
    assert!(level(&told, "L2")["duration_ms"].is_u64(), "{told}");
    assert!(!told.to_string().contains(&token));
    let after = scene.stored("kv/data/scim-rotator/crm").await;
    let data = |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["data"].clone();
    assert_eq!(data(&record), data(&after), "it changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_to_be_wrong_ends_with_one_and_what_is_unclear_with_75() {
    let scene = Scene::new("").await;
    let ran = scene.run(&["verify", "crm"]).await;
    assert_eq!(ran.code, 1, "there is no token yet: {ran:?}");
    assert_eq!(scene.run(&["verify", "erp"]).await.code, 64);
    assert_eq!(scene.run(&["once"]).await.code, 0);

    // Nothing listens where the token should be tested.
    let config = scene.read("scim-rotator.toml");
    let url = scene.sp.scim_url().to_string();
    let nowhere = config.replace(url.trim_end_matches('/'), "http://127.0.0.1:9/scim/v2");
    assert_ne!(nowhere, config);
    scene.write("nowhere.toml", &nowhere);
    let ran = scene
        .run_with("nowhere.toml", &["verify", "crm", "--output", "json"])
        .await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert_eq!(level(&parsed(&ran), "L1")["reason"], "unreachable");

    // The token is refused: somebody revoked it.
    scene.sp.revoke_all();
    let ran = scene.run(&["verify", "crm", "--output", "json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = parsed(&ran);
    assert_eq!(level(&told, "L2")["reason"], "rejected");
    assert_eq!(level(&told, "L3")["reason"], "not_reached");
    assert_eq!(level(&told, "L4")["verdict"], "not_asked");
}

/// What the demo's service provider shows of a user is what its administrator may
/// see too: any URL that lets the token in stands for one that must not.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_reaches_too_far_is_refused_accepted_or_told_of() {
    let scene = Scene::new("").await;
    let config = scene.read("scim-rotator.toml");
    let url = format!(
        "{}/Users",
        scene.sp.scim_url().as_str().trim_end_matches('/')
    );
    let with = |more: &str| {
        let keys = format!("confirm_every = \"1s\"\nmust_refuse = [\"{url}\"]\n{more}\n");
        config.replace("confirm_every = \"1s\"\n", &keys)
    };
    scene.write("scim-rotator.toml", &with(""));
    // A new token is discarded before anybody is given it.
    let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains("deliver hr"), "{ran:?}");
    assert!(ran.out.contains("discard"), "{ran:?}");

    scene.write("scim-rotator.toml", &with("on_broad = \"warn\""));
    assert_eq!(scene.run(&["rotate", "crm", "--foreground"]).await.code, 0);
    let ran = scene.run(&["verify", "crm", "--output", "json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = parsed(&ran);
    assert_eq!(level(&told, "L4")["reason"], "over_privileged");
    let status = scene.run(&["status"]).await;
    assert!(status.out.contains("PRIVILEGE"), "{status:?}");
    assert!(status.out.contains("over privileged"), "{status:?}");

    let risk = |until| {
        let risk = format!(
            "accepted_risk = {{ reason = \"one role\", owner = \"people team\", until = \"{until}\" }}"
        );
        scene.write("scim-rotator.toml", &with(&risk));
    };
    risk("2199-12-31");
    let told = scene.json(&["verify", "crm"]).await;
    assert_eq!(level(&told, "L4")["reason"], "accepted_risk");
    risk("2001-12-31");
    let ran = scene.run(&["verify", "crm", "--output", "json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(level(&parsed(&ran), "L4")["reason"], "accepted_risk_over");
}

/// Who may not read the record tests what is published.
#[tokio::test(flavor = "multi_thread")]
async fn the_published_token_is_tested_where_the_record_is_out_of_reach() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let config = scene.read("scim-rotator.toml");
    // There is no record of this name below another path.
    let other = config.replace("\"kv/scim-rotator\"", "\"kv/elsewhere\"");
    assert_ne!(other, config);
    scene.write("elsewhere.toml", &other);
    let ran = scene
        .run_with("elsewhere.toml", &["verify", "crm", "--output", "json"])
        .await;
    let told = parsed(&ran);
    assert_eq!(told["read_from"], "published", "{ran:?}");
    assert_eq!(level(&told, "L2")["verdict"], "pass");
    assert_eq!(level(&told, "L6")["reason"], "no_record");
}
