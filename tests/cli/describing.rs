//! `describe`: everything about one token, in the words of the other commands.

use serde_json::Value;

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_a_token_is_on_one_screen() {
    let scene = Scene::new("").await;
    for _ in 0..2 {
        let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let ran = scene.run(&["describe", "crm"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("crm: fresh"), "{ran:?}");
    for title in [
        "About",
        "Token in use",
        "Connections",
        "Plan",
        "Old tokens that are not shown to be dead",
        "Last rotations",
        "Settings in force",
    ] {
        assert!(
            ran.out.lines().any(|line| line == title),
            "{title}: {ran:?}"
        );
    }
    let line = |begin: &str| {
        let mut lines = ran.out.lines().map(str::trim);
        let line = lines.find(|line| line.starts_with(begin));
        let words = line.unwrap_or_default().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    assert!(
        line("overlap").ends_with("scim-rotator.toml:14)"),
        "{ran:?}"
    );
    assert!(line("overlap").contains("\"1h\" [tokens.crm]"), "{ran:?}");
    assert!(line("issues_per_day").ends_with("built in"), "{ran:?}");
    assert!(line("because").contains(": "), "a reason in words: {ran:?}");

    let unknown = scene.run(&["describe", "cmr"]).await;
    assert_eq!(unknown.code, 64, "{unknown:?}");
    assert!(unknown.err.contains("configured are: crm"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_fields_are_those_of_status_plan_and_history() {
    let scene = Scene::new("").await;
    let ran = scene.run(&["rotate", "crm", "--foreground"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let described = scene.json(&["describe", "crm"]).await;
    let status = scene.json(&["status", "crm"]).await;
    let told = status["tokens"][0].as_object().expect("an object");
    let token = &described["tokens"][0];
    // `status` tells of the rotations without their steps.
    for (name, value) in told.iter().filter(|(name, _)| *name != "rotations") {
        assert_eq!(token[name], *value, "{name}");
    }
    let history = scene.json(&["history", "crm"]).await;
    assert_eq!(token["rotations"], history["rotations"]);
    assert!(token["rotations"][0]["steps"][0]["step"].is_string());
    let plan = scene.json(&["plan", "crm"]).await;
    assert_eq!(token["plan"]["next"], plan["tokens"][0]["next"]);
    let settings = token["settings"].as_array().expect("a list");
    let overlap = settings.iter().find(|one| one["key"] == "overlap");
    assert_eq!(overlap.expect("there")["table"], "tokens.crm");
    assert_ne!(described["summary"], Value::Null);
}
