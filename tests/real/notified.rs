//! People are told by signed messages what happens to tokens: the real binary, a real
//! Vault, and a receiver that checks signatures.

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};

use super::house::{House, is_settled, text};
use super::parts::{Keeper, due_fields, scim2_server_issuer_at, token};
use super::support::better_auth::BetterAuth;
use super::support::meddler::{Meddle, Meddler};
use super::support::receiver::{Got, Receiver, Reply};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

const OPERATOR: &str = r#"
[issuers.sp.operator]
live_tokens = "many"
issue_effect = "keeps"
instructions = "Settings > Tokens > New"
"#;

const SIGNING: &str = "whsec_c2lnbmluZy1rZXktOXNENGZHNmhKMGFMWnEzdlQ4eUsxbU4=";
const KEY: &[u8] = b"signing-key-9sD4fG6hJ0aLZq3vT8yK1mN";

/// A target for this receiver, whose secret is in Vault.
async fn target(house: &mut House, receiver: &Receiver) -> String {
    let secret = house.credential("hub", SIGNING).await;
    let url = receiver.url();
    format!("\n[notify.hub]\nurl = \"{url}/hook\"\nsecret = {secret}\n")
}

/// The event and the phase of what was told, in order.
fn kinds(got: &[Got]) -> Vec<String> {
    let kinds = got.iter().map(|got| {
        let body = got.json();
        format!(
            "{} {}",
            text(&body["data"]["event"]),
            text(&body["data"]["phase"])
        )
    });
    kinds.collect()
}

async fn until_told(receiver: &Receiver, expected: &[&str]) -> Vec<Got> {
    let what = format!("people are told {expected:?}");
    eventually(&what, async || {
        let got = receiver.got();
        (kinds(&got) == expected).then_some(got)
    })
    .await
}

/// Ends the test: what the receiver got is searched for secrets too.
async fn close(house: House, receiver: &Receiver) {
    for got in receiver.got() {
        assert!(got.is_signed_with(KEY), "{got:?}");
        let mut heard = house.heard().lock();
        let said = heard.entry("notify".to_owned()).or_default();
        said.extend_from_slice(&got.body);
        said.extend_from_slice(format!("{:?}", got.headers).as_bytes());
    }
    let note = house
        .vault
        .api("GET", "kv/data/scim-rotator/notify/crm", Value::Null);
    let note = note.await.1.to_string();
    house
        .heard()
        .lock()
        .insert("note".to_owned(), note.into_bytes());
    house.close().await;
}

#[tokio::test]
async fn a_person_is_asked_reminded_by_nobody_after_a_restart_and_told_that_it_is_done() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    house.sweep = "24h";
    let receiver = Receiver::start().await;
    let scim_url = server.scim_url();
    let old = server.mint("old", 600).await;
    let keeper = Keeper::new(&house);
    let times = "declared_lifetime = \"2h\"\nrenew_at = \"20%\"\noverlap = \"5s\"";
    let sections = [
        OPERATOR.to_owned(),
        keeper.connection(&house),
        token(&scim_url, "idp", times),
        target(&mut house, &receiver).await,
    ]
    .concat();
    let now = SystemClock.now();
    house
        .write_by_hand(json!({
            "token": old.token,
            "issued_at": (now - SignedDuration::from_secs(300)).to_string(),
            "expires_at": (now + SignedDuration::from_secs(600)).to_string(),
        }))
        .await;
    // The first attempts fail; the message keeps its id.
    receiver.then(Reply::status(503));
    let daemon = house.run(&sections).await;
    let waiting = |record: &Value| record["rotation"]["stage"] == "waiting_operator";
    house.until("a person is asked", waiting).await;
    let got = until_told(&receiver, &["waiting began", "waiting began"]).await;
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    let body = got[1].json();
    let data = &body["data"];
    assert_eq!(body["type"], "scim_rotator.waiting.began");
    assert!(
        text(&data["instructions"]).contains("Settings > Tokens > New"),
        "{data}"
    );
    assert_eq!(data["command"], "vault kv put kv/scim/crm token=@file");
    assert!(data["deadline"].is_string(), "{data}");
    let sent = "scim_rotator_notifications_total{result=\"sent\",to=\"hub\"}";
    eventually("the metrics tell", async || {
        (daemon.metric(sent).await? == 1.0).then_some(())
    })
    .await;

    // The next process knows that it was told.
    daemon.kill();
    let daemon = house.run(&sections).await;
    daemon.until_reason("crm", "waiting_operator").await;
    let new = server.mint("new", 3600).await;
    let written = json!({
        "token": new.token, "expires_at": (now + SignedDuration::from_hours(1)).to_string(),
    });
    house.write_by_hand(written).await;
    house
        .until("the new token is in use", |record| {
            record["current"]["value"] == new.token.as_str() && record["rotation"].is_null()
        })
        .await;
    let all = eventually("it is told that it is done", async || {
        let mut told = kinds(&receiver.got());
        told.drain(..2);
        told.sort();
        (told.len() >= 2).then_some(told)
    })
    .await;
    assert_eq!(all, ["rotated once", "waiting ended"]);
    let keys: Vec<String> = receiver
        .got()
        .iter()
        .map(Got::json)
        .filter(|body| body["data"]["event"] == "waiting")
        .map(|body| text(&body["data"]["key"]).to_owned())
        .collect();
    assert!(
        keys.len() == 3 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    daemon.stop().await;

    let listed = house.command(&["notify"]).await;
    assert!(
        listed.stdout.contains("hub") && listed.stdout.contains("/hook"),
        "{listed:?}"
    );
    let before = receiver.got().len();
    let tested = house.command(&["notify", "hub", "--test"]).await;
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert_eq!(receiver.got().len(), before + 1);
    receiver.then(Reply::status(401));
    let tested = house
        .command(&["notify", "--test", "--output", "json"])
        .await;
    assert_eq!(tested.code, Some(1), "{tested:?}");
    let told: Value = serde_json::from_str(&tested.stdout).expect("JSON");
    assert!(
        text(&told["targets"][0]["detail"]).contains("401"),
        "{told}"
    );
    let unknown = house.command(&["notify", "nobody", "--test"]).await;
    assert_eq!(unknown.code, Some(64), "{unknown:?}");
    close(house, &receiver).await;
}

/// Two replicas with the same target: each message comes once.
#[tokio::test]
async fn a_halt_and_its_end_are_told_once_by_two_replicas() {
    let (Some(mut house), Some(server)) = (House::new().await, Scim2Server::start()) else {
        return;
    };
    house.sweep = "2s";
    let receiver = Receiver::start().await;
    let old = server.mint(3600.0).await;
    house.write_by_hand(due_fields(&old.token, &old.id)).await;
    let meddler = Meddler::start(&server.base_url().parse().expect("a URL")).await;
    let (status, body) = (202, "{\"status\": \"accepted\"}");
    meddler.next("POST /_tokens", Meddle::Instead { status, body });
    let keeper = Keeper::new(&house);
    let sections = [
        scim2_server_issuer_at("sp", meddler.url.as_str()),
        keeper.connection(&house),
        token(
            &server.scim_url(),
            "idp",
            "lifetime = \"1h\"\noverlap = \"2s\"",
        ),
        target(&mut house, &receiver).await,
    ]
    .concat();
    let one = house.run_replica(0, &sections).await;
    let two = house.run_replica(1, &sections).await;
    let halted = |record: &Value| record["halt"]["cause"] == "unusable_answer";
    house.until("it is halted", halted).await;
    let got = until_told(&receiver, &["halted began"]).await;
    let told = got[0].json();
    assert_eq!(told["data"]["severity"], "critical");
    assert_eq!(told["data"]["command"], "scim-rotator rotate crm");

    let rotate = house.command(&["rotate", "crm"]).await;
    assert_eq!(rotate.code, Some(0), "{rotate:?}");
    house.until("it is rotated", is_settled).await;
    let all = eventually("the end and the rotation are told", async || {
        let mut told = kinds(&receiver.got());
        told.sort();
        (told.len() >= 3).then_some(told)
    })
    .await;
    assert_eq!(all, ["halted began", "halted ended", "rotated once"]);
    // The other replica sees the record a minute later at the latest, and is silent.
    tokio::time::sleep(std::time::Duration::from_secs(70)).await;
    assert_eq!(receiver.got().len(), 3, "{:?}", kinds(&receiver.got()));
    one.stop().await;
    two.stop().await;
    close(house, &receiver).await;
}
