//! `once` ends at once where waiting does not help, and says why.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{Ran, Scene};

/// Runs `once`, which has ten minutes, and ends long before.
async fn ends_at_once(scene: &Scene) -> Ran {
    let ran = tokio::time::timeout(Duration::from_secs(25), scene.run(&["once"])).await;
    let ran = ran.expect("it still waits");
    assert!(ran.out.starts_with("TOKEN"), "the table: {ran:?}");
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_newer_schema_is_not_waited_for() {
    let scene = Scene::new("").await;
    assert_eq!(scene.run(&["once"]).await.code, 0);
    let path = "kv/data/scim-rotator/crm";
    let stored: Value = serde_json::from_str(&scene.stored(path).await).expect("JSON");
    let mut record = stored["data"]["data"].clone();
    record["schema"] = json!(99);
    scene.store(path, &json!({ "data": record })).await;
    let ran = ends_at_once(&scene).await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.out.contains("a newer scim-rotator wrote it"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_not_waited_for() {
    let scene = Scene::new("").await;
    scene.log_in_without_publishing();
    let ran = ends_at_once(&scene).await;
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.out.contains("kv/data/scim/crm"), "{ran:?}");
    assert!(ran.out.contains("check --online"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_a_person_must_end_is_not_waited_for() {
    let scene = Scene::new("").await;
    scene.write("sp-admin", "not-the-credential-of-anybody");
    let ran = ends_at_once(&scene).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("refused") && ran.out.contains("401"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_a_person_has_paused_is_not_waited_for() {
    let scene = Scene::new("").await;
    scene.refuse_minting();
    let ran = scene.run(&["once", "--timeout", "1s"]).await;
    assert_eq!(ran.code, 75, "{ran:?}");
    let status = scene.json(&["status"]).await;
    assert_eq!(status["tokens"][0]["stage"], "issuing", "it is in flight");
    assert_eq!(scene.run(&["pause", "crm", "--no-wait"]).await.code, 0);
    let ran = ends_at_once(&scene).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("paused"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_a_person_writes_is_not_waited_for() {
    let scene = Scene::new("").await;
    let config = scene.read("scim-rotator.toml");
    let (before, _) = config.split_once("[connections.hr").expect("there");
    let manual = "[connections.hr.manual]\nvault_path = \"kv/handover/hr\"\ninstructions = \"Paste it into the directory.\"\n";
    scene.write("scim-rotator.toml", &format!("{before}{manual}"));
    let ran = ends_at_once(&scene).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("needs a person"), "{ran:?}");
    assert!(ran.out.contains("kv/handover/hr"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_token_is_shown_as_soon_as_it_has_ended() {
    let scene = Scene::new("").await;
    let config = scene.read("scim-rotator.toml");
    let (before, _) = config.split_once("[issuers").expect("there");
    let (_, section) = before.split_once("[tokens.crm]").expect("there");
    let slow = section
        .replace("kv/scim/crm", "kv/scim/aaa")
        .replace("issuer = \"sp\"", "issuer = \"nobody\"");
    let more = format!(
        "\n[tokens.aaa]{slow}\n[issuers.nobody.operator]\ninstructions = \"Ask.\"\nlive_tokens = \"many\"\nissue_effect = \"keeps\"\n"
    );
    scene.write("scim-rotator.toml", &format!("{config}{more}"));
    let ran = scene.run(&["once"]).await;
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:?}");
    let json = scene.run(&["once", "--output", "json"]).await;
    let told: Value = serde_json::from_str(&json.out).expect("one document");
    let names: Vec<&str> = told["tokens"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(names, ["aaa", "crm"], "in the order of their names");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_a_credential_lacks_is_told_as_that() {
    let scene = Scene::new("").await;
    let body = json!({ "data": { "api_key": "canary-value" } });
    scene.store("kv/data/admin/idp", &body).await;
    let config = scene.read("scim-rotator.toml");
    let file = scene.path("idp-admin");
    let reference = format!("{{ file = {:?} }}", file.display().to_string());
    assert!(config.contains(&reference), "{config}");
    let missing = "{ vault = \"kv/admin/idp#apikey\" }";
    scene.write("scim-rotator.toml", &config.replace(&reference, missing));
    let ran = ends_at_once(&scene).await;
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("did you mean `api_key`?"), "{ran:?}");
    let status = scene.json(&["status"]).await;
    let token = &status["tokens"][0];
    assert_eq!(token["last_failure"]["reason"], "config", "{status}");
    assert!(!status.to_string().contains("wrong_target"), "{status}");
}
