//! What an auditor sees, with the auditor's policy and no other.

use serde_json::{Value, json};

use super::commands::BINARY;
use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

/// Runs a command with this Vault token in its environment. It is heard like all.
async fn as_person(house: &House, person: &str, args: &[&str]) -> (Option<i32>, String) {
    let output = tokio::process::Command::new(BINARY)
        .arg("--config")
        .arg(house.config())
        .args(args)
        .env_clear()
        .env("VAULT_TOKEN", person)
        .output()
        .await
        .expect("the binary runs");
    let mut heard = house.heard().lock();
    let all = heard.entry(args.join(" ")).or_default();
    all.extend_from_slice(&output.stdout);
    all.extend_from_slice(&output.stderr);
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(said).expect("UTF-8"),
    )
}

#[tokio::test]
async fn an_auditor_reads_the_report_and_the_history_without_reading_a_token() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(
            &server.scim_url(),
            "idp",
            &format!("{DUE}\nowner = \"=cmd(), Inc.\""),
        ),
    ]
    .concat();
    let daemon = house.run(&sections).await;
    house.until("it is rotated", is_settled).await;
    let wish = json!({ "policies": ["scim-rotator-auditor"], "no_default_policy": true });
    let made = house.vault.must("POST", "auth/token/create", wish).await;
    let auditor = text(&made["auth"]["client_token"]).to_owned();
    house.plant(&auditor);

    let report = eventually("the facts tell of the end of the old token", async || {
        let args = ["report", "--since", "1d", "--output", "json"];
        let (code, said) = as_person(&house, &auditor, &args).await;
        let report: Value = serde_json::from_str(&said).ok()?;
        let dead = report["tokens"][0]["old_dead_at"].is_string();
        (code == Some(0) && dead).then_some(report)
    })
    .await;
    let crm = &report["tokens"][0];
    assert_eq!(crm["owner"], "=cmd(), Inc.");
    assert_eq!(
        (&crm["rotations"], &crm["failures"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(crm["connections"], json!(["idp"]));
    assert_eq!(crm["expiry_source"], "api");
    assert_eq!(report["summary"]["rotation_seconds"]["count"], 1);
    assert_eq!(report["summary"]["old_tokens_alive"], 0);

    let (code, csv) = as_person(&house, &auditor, &["report", "--csv"]).await;
    assert_eq!(code, Some(0), "{csv}");
    assert!(csv.starts_with("token,environment,owner,"), "{csv}");
    assert!(csv.contains(",\"'=cmd(), Inc.\","), "{csv}");
    assert_eq!(csv.matches("\r\n").count(), 2, "{csv}");
    let (code, table) = as_person(&house, &auditor, &["report"]).await;
    assert!(
        code == Some(0) && table.contains("time to rotate"),
        "{table}"
    );
    let (code, said) = as_person(&house, &auditor, &["report", "--since", "yesterday"]).await;
    assert_eq!(code, Some(64), "{said}");

    let args = ["history", "crm", "--output", "json"];
    let (code, said) = as_person(&house, &auditor, &args).await;
    assert_eq!(code, Some(0), "{said}");
    let history: Value = serde_json::from_str(&said).expect("JSON");
    let last = &history["rotations"][0];
    assert_eq!(last["result"], "success");
    assert!(
        last["took_seconds"].is_number() && last["old_refused_at"].is_string(),
        "{last}"
    );
    let (code, said) = as_person(&house, &auditor, &["history", "crm"]).await;
    assert!(code == Some(0) && said.contains("refused"), "{said}");
    let (code, said) = as_person(&house, &auditor, &["history", "nobody"]).await;
    assert_eq!(code, Some(64), "{said}");

    // That is all that this person may do.
    for path in [
        "kv/data/scim-rotator/crm",
        "kv/data/scim/crm",
        "kv/data/scim-rotator/notify/crm",
    ] {
        let (status, _) = house.vault.api_as(&auditor, "GET", path, Value::Null).await;
        assert_eq!(status, 403, "{path}");
    }
    daemon.stop().await;
    house.close().await;
}
