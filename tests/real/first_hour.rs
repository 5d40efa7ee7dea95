//! `init` against a real Vault: what it writes is enough for the daemon.

use std::process::Stdio;

use serde_json::{Value, json};

use super::commands::BINARY;
use super::house::House;

#[tokio::test]
async fn a_first_configuration_and_its_policy_are_enough() {
    let Some(house) = House::new().await else {
        return;
    };
    for name in ["crm", "erp"] {
        house
            .write_by_hand_for(name, json!({ "token": "made-by-hand-and-not-read" }))
            .await;
    }
    let out = house.path("first");
    let output = tokio::process::Command::new(BINARY)
        .arg("init")
        .args(["--path", "kv/scim", "--state-path", "kv/first-state"])
        .args(["--auth", "token", "--output", "json", "--out"])
        .arg(&out)
        .env("VAULT_ADDR", house.vault.url().as_str())
        .env("VAULT_TOKEN", house.vault.root_token())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{complained}");
    let told: Value = serde_json::from_str(&said).expect("one document");
    assert_eq!(told["tokens"], json!(["crm", "erp"]), "{said}");
    assert!(said.contains("1.21"), "the version of Vault: {said}");

    // The policy that it wrote is all that the daemon's token gets.
    let policy = std::fs::read_to_string(out.join("scim-rotator.hcl")).expect("written");
    house.vault.policy("first", &policy).await;
    let made = house
        .vault
        .must(
            "POST",
            "auth/token/create",
            json!({ "policies": ["first"], "no_default_policy": true, "period": "1h" }),
        )
        .await;
    let token = made["auth"]["client_token"].as_str().expect("a token");
    let file = house.file("first-token", token);
    let path = out.join("scim-rotator.toml");
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(!text.contains("made-by-hand"), "{text}");
    let edited = text.replace("/etc/scim-rotator/vault-token", &file.display().to_string());
    assert_ne!(edited, text);
    std::fs::write(&path, edited).expect("written");
    let check = tokio::process::Command::new(BINARY)
        .args(["check", "--online", "--config"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    let said = said + &String::from_utf8_lossy(&check.stderr);
    assert!(said.contains("our token may do all that"), "{said}");
    assert_eq!(check.status.code(), Some(0), "{said}");
    house.close().await;
}
