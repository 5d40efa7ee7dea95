//! With `--output json` a command writes one JSON document, failures too.

use serde_json::Value;

use super::scene::{Ran, Scene};

/// The only document of a command.
fn document(ran: &Ran) -> Value {
    let read = serde_json::from_str(&ran.out);
    read.unwrap_or_else(|error| panic!("one document: {error}: {ran:?}"))
}

/// The failure in it, which has everything that a program needs.
fn failure(ran: &Ran) -> Value {
    let error = document(ran)["error"].take();
    assert_eq!(error["exit_code"], ran.code, "{ran:?}");
    for key in ["code", "message", "remedy"] {
        let text = error[key].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{key}: {ran:?}");
    }
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_one_document_with_code_message_and_remedy() {
    let mut scene = Scene::new("").await;
    for args in [
        &["status", "cmr", "-o", "json"][..],
        &["history", "cmr", "-o", "json"],
        &["describe", "cmr", "--output=json"],
        &["plan", "cmr", "-ojson"],
        &["rotate", "cmr", "-o", "json"],
        &["pause", "cmr", "-o", "json"],
        &["once", "cmr", "-o", "json"],
    ] {
        let ran = scene.run(args).await;
        assert_eq!(ran.code, 64, "{args:?}: {ran:?}");
        let error = failure(&ran);
        assert_eq!(error["code"], "usage");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("no such token: cmr"), "{args:?}: {ran:?}");
        assert!(ran.err.contains("cmr"), "people read it too: {ran:?}");
    }
    let misspelt = scene.run(&["stauts", "--output", "json"]).await;
    assert_eq!(misspelt.code, 64, "{misspelt:?}");
    let error = failure(&misspelt);
    assert!(
        error["remedy"]
            .as_str()
            .unwrap_or_default()
            .contains("status"),
        "{error}"
    );
    let plain = scene.run(&["stauts"]).await;
    assert_eq!(plain.out, "", "{plain:?}");

    scene.write("broken.toml", "[vault]\naddress = 7\n");
    let broken = scene
        .run_with("broken.toml", &["status", "-o", "json"])
        .await;
    assert_eq!(broken.code, 64, "{broken:?}");
    let error = failure(&broken);
    let lines = error["problems"].as_array().expect("a list");
    assert!(lines.iter().any(|problem| problem["line"] == 2), "{error}");

    scene.stop_vault().await;
    for args in [
        &["status"][..],
        &["plan"],
        &["history", "crm"],
        &["describe", "crm"],
        &["once"],
        &["rotate", "crm"],
        &["pause", "crm"],
        &["report"],
        &["check", "--online"],
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["-o", "json"]).collect();
        let ran = scene.run(&args).await;
        assert_eq!(ran.code, 75, "{args:?}: {ran:?}");
        assert_eq!(failure(&ran)["code"], "try_again", "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_several_tokens_is_answered_in_one_document() {
    let scene = Scene::new("").await;
    let config = scene.read("scim-rotator.toml");
    let (_, rest) = config.split_once("[tokens.crm]").expect("there");
    let (section, _) = rest.split_once("[issuers").expect("there");
    let more = format!("\n[tokens.erp]{}", section.replace("scim/crm", "scim/erp"));
    scene.write("scim-rotator.toml", &format!("{config}{more}"));
    let paused = ["pause", "crm", "erp", "--no-wait", "-o", "json"];
    let ran = scene.run(&paused).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = document(&ran);
    let names = [&told["tokens"][0]["name"], &told["tokens"][1]["name"]];
    assert_eq!(names, ["crm", "erp"], "{told}");

    // A token has one name in all of them.
    assert_eq!(
        scene.run(&["resume", "crm", "erp", "--no-wait"]).await.code,
        0
    );
    let once = scene.json(&["once"]).await;
    let status = scene.json(&["status"]).await;
    let plan = scene.json(&["plan"]).await;
    for told in [&once, &status, &plan] {
        let tokens = told["tokens"].as_array().expect("a list");
        assert!(
            tokens.iter().all(|token| token["name"].is_string()),
            "{told}"
        );
    }
    let history = scene.json(&["history", "crm"]).await;
    assert_eq!(history["name"], "crm");
}
