//! `adopt`: a person tells how old an adopted token is.

use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_unknown_age_is_told_of_until_a_person_says_its_age() {
    let scene = Scene::new("").await;
    // A token of the service provider that no record knows.
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let published = scene.stored("kv/data/scim/crm").await;
    let published: Value = serde_json::from_str(&published).expect("JSON");
    let token = &published["data"]["data"]["token"];
    scene
        .store("kv/data/scim/crm", &json!({ "data": { "token": token } }))
        .await;
    let config = scene.read("scim-rotator.toml");
    // The list of the issuer would tell the age.
    let (before, rest) = config.split_once("[issuers.").expect("there");
    let (_, connection) = rest.split_once("[connections.").expect("there");
    let operator = "[issuers.sp.operator]\ninstructions = \"Ask.\"\nlive_tokens = \"many\"\nissue_effect = \"keeps\"\n";
    let other = format!("{before}{operator}[connections.{connection}");
    let other = other.replace("kv/scim-rotator\"", "kv/other-state\"");
    assert_ne!(other, config);
    scene.write("scim-rotator.toml", &other);

    let early = scene
        .run(&["adopt", "crm", "--issued", "2026-01-31", "--foreground"])
        .await;
    assert_ne!(early.code, 0, "nothing is adopted yet: {early:?}");
    let once = scene.run(&["once"]).await;
    assert_eq!(once.code, 0, "{once:?}");

    let status = scene.run(&["status"]).await;
    assert!(status.out.contains("Its age is unknown"), "{status:?}");
    assert!(
        status.out.contains("age unknown: adopted without a date"),
        "{status:?}"
    );
    assert!(
        status.out.contains("scim-rotator adopt crm --issued"),
        "{status:?}"
    );
    let told = scene.json(&["status"]).await;
    assert!(
        told["tokens"][0]["current"]["expires_at"].is_null(),
        "no false end: {told}"
    );

    let issued = SystemClock.now() - jiff::SignedDuration::from_hours(48);
    let issued = issued.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let future = scene
        .run(&["adopt", "crm", "--issued", "2199-01-01", "--foreground"])
        .await;
    assert_eq!(future.code, 1, "{future:?}");
    assert!(future.err.contains("in the future"), "{future:?}");
    let late = scene
        .run(&[
            "adopt",
            "crm",
            "--issued",
            &issued,
            "--expires",
            "2199-01-01",
            "--foreground",
        ])
        .await;
    assert_eq!(late.code, 64, "{late:?}");
    assert!(late.err.contains("`lifetime`"), "{late:?}");
    assert_eq!(
        scene.run(&["adopt", "crm", "--foreground"]).await.code,
        64,
        "nothing is told"
    );

    let adopted = scene
        .run(&[
            "adopt",
            "crm",
            "--issued",
            &issued,
            "--id",
            "tok-by-hand",
            "--foreground",
            "--reason",
            "the admin page",
        ])
        .await;
    assert_eq!(adopted.code, 0, "{adopted:?}");
    // Facts follow the record when somebody looks at it.
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let told = scene.json(&["status"]).await;
    let current = &told["tokens"][0]["current"];
    assert_eq!(current["issued_at"], issued, "{told}");
    assert_eq!(current["id"], "tok-by-hand", "{told}");
    assert!(current["expires_at"].is_string(), "{told}");
    assert_eq!(current["issued_at_is_seen"], Value::Null, "{told}");
}
