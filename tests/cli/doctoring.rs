//! `doctor`: one table of everything that the work depends on.

use serde_json::Value;

use super::scene::{Ran, Scene};

/// The checks of one area, of a run with `--output json`.
fn checks<'d>(document: &'d Value, area: &str) -> Vec<&'d Value> {
    let all = document["checks"].as_array().expect("a list");
    all.iter().filter(|check| check["area"] == area).collect()
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_looked_at_and_nothing_is_changed() {
    let scene = Scene::new("").await;
    let ran = scene.run(&["doctor", "-o", "json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = document(&ran);
    for (area, count) in [
        ("configuration", 2),
        ("file", 3),
        ("vault", 2),
        ("policy", 1),
        ("credential", 2),
        ("issuer", 1),
        ("connection", 1),
        ("clock", 1),
    ] {
        assert_eq!(checks(&told, area).len(), count, "{area}: {told}");
    }
    assert_eq!(told["summary"]["failed"], 0, "{told}");
    assert_eq!(scene.sp.stats().issued, 0);
    let text = scene.run(&["doctor"]).await;
    assert_eq!(text.code, 0, "{text:?}");
    assert!(text.out.starts_with("STATUS"), "{text:?}");
    assert!(text.out.trim_end().ends_with("ok"), "{text:?}");
    let quiet = scene.run(&["doctor", "-q"]).await;
    assert!(!quiet.out.contains("not sealed"), "{quiet:?}");
    for secret in ["sp-admin", "idp-admin"] {
        let value = scene.read(secret);
        assert!(!text.out.contains(&value), "{secret}: {text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_the_remedy() {
    let scene = Scene::new("").await;
    scene.write("sp-admin", "not-the-credential-of-anybody");
    std::fs::remove_file(scene.path("idp-admin")).expect("removed");
    let ran = scene.run(&["doctor", "--output", "json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = document(&ran);
    let failed = |area: &str| -> Value {
        let all = checks(&told, area);
        let found = all.into_iter().find(|check| check["status"] == "failed");
        found.unwrap_or_else(|| panic!("{area}: {told}")).clone()
    };
    let issuer = failed("issuer");
    assert_eq!(issuer["subject"], "sp");
    assert!(
        issuer["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("401")
    );
    assert!(
        issuer["remedy"]
            .as_str()
            .unwrap_or_default()
            .contains("credential")
    );
    for area in ["file", "credential", "connection"] {
        let subject = failed(area);
        assert!(subject["remedy"].is_string(), "{area}: {subject}");
    }
    assert!(
        failed("file")["subject"]
            .as_str()
            .unwrap_or_default()
            .contains("idp-admin")
    );

    scene.log_in_without_publishing();
    let ran = scene.run(&["doctor"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = "add to the policy: path \"kv/data/scim/crm\" { capabilities = [\"create\", \"read\", \"update\"] }";
    assert!(ran.out.contains(line), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_a_silent_vault_and_a_broken_configuration_have_their_codes() {
    let mut scene = Scene::new("").await;
    let secret_id = scene.read("daemon-secret-id");
    scene.write("daemon-secret-id", "wrong");
    let ran = scene.run(&["doctor", "-o", "json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = document(&ran);
    let login = checks(&told, "vault");
    assert!(
        login.iter().any(|row| row["status"] == "ok"),
        "it answers: {told}"
    );
    assert!(
        login
            .iter()
            .any(|row| row["subject"] == "login by approle" && row["status"] == "failed"),
        "{told}"
    );
    assert_eq!(checks(&told, "issuer").len(), 0, "{told}");
    scene.write("daemon-secret-id", &secret_id);

    scene.write("broken.toml", "[vault]\naddress = 7\n");
    let broken = scene
        .run_with("broken.toml", &["doctor", "-o", "json"])
        .await;
    assert_eq!(broken.code, 64, "{broken:?}");
    let told = document(&broken);
    let rows = checks(&told, "configuration");
    let places = rows.iter().filter_map(|row| row["subject"].as_str());
    assert!(
        places
            .into_iter()
            .any(|place| place.contains("broken.toml:2")),
        "{told}"
    );

    scene.stop_vault().await;
    let away = scene.run(&["doctor"]).await;
    assert_eq!(away.code, 75, "{away:?}");
    assert!(away.out.contains("unknown"), "{away:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_under_another_field_name_is_told_of_with_path_field_and_names() {
    let scene = Scene::new("operator").await;
    let body = serde_json::json!({ "data": { "tokn": "canary-value" } });
    scene.store("kv/data/scim/crm", &body).await;
    for command in [&["doctor"][..], &["check", "--online"]] {
        let ran = scene.run(command).await;
        assert_eq!(ran.code, 1, "{ran:?}");
        for word in ["kv/scim/crm", "no field `token`", "did you mean `tokn`?"] {
            assert!(ran.out.contains(word), "{word}: {ran:?}");
        }
        assert!(!ran.out.contains("canary"), "{ran:?}");
    }
    let once = scene.run(&["once"]).await;
    assert!(once.err.contains("did you mean `tokn`?"), "{once:?}");
    assert_eq!(
        once.err.matches("no field `token`").count(),
        1,
        "once: {once:?}"
    );
}
