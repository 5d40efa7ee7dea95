//! `identify` with a real Vault and a service provider that others wrote.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::commands::{BINARY, Ran};
use super::house::{House, is_settled, text};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

impl House {
    /// Runs a command that reads this from its standard input.
    async fn told(&self, args: &[&str], input: &str) -> Ran {
        let mut child = tokio::process::Command::new(BINARY)
            .arg("--config")
            .arg(self.config())
            .args(args)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).await.expect("written");
        drop(stdin);
        let output = child.wait_with_output().await.expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let mut heard = self.heard().lock();
        for (stream, said) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let all = heard.entry(format!("identify: {stream}")).or_default();
            all.extend_from_slice(said);
        }
        Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    async fn identified(&self, input: &str) -> Value {
        let ran = self.told(&["--output", "json", "identify"], input).await;
        assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
        let told: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
        assert_eq!(told["known"], ran.code == Some(0));
        told["secrets"][0].clone()
    }
}

#[tokio::test]
async fn it_tells_current_and_retired_tokens_and_responds_to_a_leak() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ];
    let daemon = house.run(&sections.concat()).await;
    let record = house
        .until("the rotation is completed", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let current = text(&record["current"]["value"]).to_owned();
    let line = format!("WARN 401 for \"Authorization: Bearer {current}\" at /Users");
    let hit = eventually("the facts tell of the new token", async || {
        let hit = house.identified(&line).await;
        (hit["state"] == "current").then_some(hit)
    })
    .await;
    assert_eq!(hit["token"], "crm");
    assert_eq!(hit["lives"], json!(true));
    let unknown = house
        .identified("scim_0123456789012345678901234567890123456789")
        .await;
    assert_eq!(unknown, Value::Null);

    let args = [
        "identify",
        "--respond",
        "--yes",
        "--reason",
        "found in a log",
    ];
    let ran = house.told(&args, &line).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let next = house
        .until("it is rotated as compromised", |record| {
            record["generation"] == 3 && is_settled(record)
        })
        .await;
    assert_eq!(next["history"][0]["trigger"], "compromise");
    assert!(
        !server
            .live()
            .await
            .contains(&text(&record["current"]["id"]).to_owned())
    );
    // The end of the daemon writes what the index lacks.
    daemon.stop().await;
    for dead in [current.as_str(), old.token.as_str()] {
        let hit = house.identified(dead).await;
        assert_eq!(hit["token"], "crm", "{hit}");
        assert_eq!(hit["state"], "retired", "{hit}");
        assert_eq!(hit["lives"], json!(false));
    }
    house.close().await;
}

/// A token that leaks in the moment in which it is delivered is known.
#[tokio::test]
async fn a_new_token_is_known_before_anybody_uses_it() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    due_at_once(&house, &server).await;
    let keeper = Keeper::slow(&house, "4");
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ];
    let daemon = house.run(&sections.concat()).await;
    let record = house
        .until(
            "the new token is stored, and delivered just now",
            |record| record["rotation"]["pending"]["value"].is_string(),
        )
        .await;
    let new = text(&record["rotation"]["pending"]["value"]).to_owned();
    let hit = house.identified(&format!("Bearer {new}")).await;
    assert_eq!(hit["token"], "crm", "{hit}");
    assert_ne!(hit["lives"], json!(false), "{hit}");

    house
        .until("the rotation is completed", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let steps = eventually("the history tells the steps", async || {
        let ran = house.command(&["--output", "json", "history", "crm"]).await;
        let told: Value = serde_json::from_str(&ran.stdout).ok()?;
        let steps = told["rotations"][0]["steps"].as_array()?.clone();
        steps
            .iter()
            .any(|step| step["step"] == "retire")
            .then_some(steps)
    })
    .await;
    let names: Vec<&str> = steps.iter().map(|step| text(&step["step"])).collect();
    for step in ["issue", "prove", "deliver", "publish"] {
        assert!(names.contains(&step), "no {step}: {names:?}");
    }
    let deliver = steps.iter().find(|step| step["step"] == "deliver");
    let deliver = deliver.expect("it was delivered");
    assert_eq!(deliver["connection"], "idp");
    assert!(
        deliver["took_ms"].as_u64() >= Some(3_000),
        "its program takes four seconds: {deliver}"
    );
    let shown = house.command(&["history", "crm"]).await;
    assert!(shown.stdout.contains("deliver"), "{}", shown.stdout);

    // Once the index is complete it answers alone.
    let told = eventually("the index is complete", async || {
        let asked = house
            .told(
                &["--output", "json", "identify"],
                "scim_01234567890123456789",
            )
            .await;
        let told: Value = serde_json::from_str(&asked.stdout).ok()?;
        told["index_complete_since"].is_string().then_some(told)
    })
    .await;
    assert_eq!(told["known"], json!(false));
    daemon.stop().await;
    house.close().await;
}
