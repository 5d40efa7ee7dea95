//! A service provider that mints by API, an identity provider that provisions
//! without a pause: whole rotations with an overlap.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::identity_provider::{DemoIdentityProvider, Options};
use scim_rotator::ports::Clock;
use serde_json::{Value, json};

use super::audit::{Audit, is_housekeeping};
use super::daemon::Daemon;
use super::house::{House, is_settled, seconds, text};
use super::parts::{better_auth_issuer, read_users, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

/// Renewed after 20 seconds: a slow machine has the rest of their life, and sees
/// what there is between two rotations. The old token is asked twice whether it is
/// dead, which costs Vault nothing.
const TIMES: &str =
    "lifetime = \"200s\"\nrenew_at = \"10%\"\noverlap = \"4s\"\nrefusal_window = \"2s\"";

#[tokio::test]
async fn a_token_turns_over_with_overlap_and_the_old_one_is_dead() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    // Nothing that any part of it logs may hold a secret.
    house.log = "trace";
    // A lease that outlasts the time in which the old token is asked again.
    house.longest_call = 30;
    let scim_url = server.scim_url();
    let mut options = Options::new(scim_url.clone(), Arc::new(SystemClock));
    options.pace = SignedDuration::from_millis(100);
    let idp = DemoIdentityProvider::start(options).await.expect("starts");
    let admin = house.credential("idp", idp.admin_token().expose()).await;
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        idp.connection_config("hr", &admin),
        token(&scim_url, "hr", TIMES),
    ];
    house.write_by_hand(json!({ "owner": "people team" })).await;
    let audit = Audit::start(&house).await;
    let daemon = house.run(&sections.concat()).await;

    let first = house.until("the first token", is_settled).await;
    let first_token = text(&first["current"]["value"]).to_owned();
    assert_eq!(read_users(&scim_url, &first_token).await, 200);
    the_old_token_lives_on(&house, &server).await;
    // First, as the next rotation does not wait for slow looks.
    let (second, requests) = one_rotation(&house, &audit).await;
    // A new token is in the index of fingerprints before anybody uses it: one document is
    // read and written. With many rotations at once, several share that.
    let is_index = |r: &&String| r.contains("/facts/.fingerprints");
    let (index, about_tokens): (Vec<_>, Vec<_>) = requests
        .iter()
        .filter(|r| !is_housekeeping(r))
        .partition(is_index);
    assert!(!index.is_empty() && index.len() <= 4, "{index:#?}");
    eprintln!(
        "{} requests to Vault in a rotation: {about_tokens:#?}",
        about_tokens.len()
    );
    // That the old token is asked twice whether it is dead costs no commit.
    let commits = about_tokens.iter();
    let commits = commits.filter(|request| request.as_str() == "update kv/data/scim-rotator/crm");
    assert!(commits.count() <= 5, "{about_tokens:#?}");
    // In an overlap this short, facts are written once for both ends of it.
    assert!(about_tokens.len() <= 7, "{about_tokens:#?}");
    assert!(requests.iter().any(|r| r == "update kv/data/scim/crm"));

    assert_ne!(first_token, text(&second["current"]["value"]));
    assert_eq!(read_users(&scim_url, &first_token).await, 401);
    let past = &second["history"][0];
    assert_eq!(past["result"], "success");
    assert!(past["old_refused"].is_object(), "no proof of death: {past}");
    eventually(
        "everybody tells the same between two rotations",
        async || {
            let record = house.record().await;
            if !is_settled(&record) {
                return None;
            }
            let told = Told::by_all(&house, &server, &daemon).await;
            // Another rotation meanwhile, and they may differ. The command reads
            // facts, which are written some seconds after the record.
            let is_settled_still = house.record().await["current"] == record["current"];
            let by_facts = told.status["tokens"][0]["generation"] == record["generation"];
            (is_settled_still && by_facts).then(|| told.agrees_with(&record))
        },
    )
    .await;

    // Its first call may have come before its first token.
    let stats = idp.stats();
    assert_eq!((stats.refused, stats.failed), (0, 0), "{stats:?}");
    assert!(stats.ok > 0);
    daemon.stop().await;
    house.close().await;
}

/// The record after the first token's end, and what the daemon asked Vault for
/// from one rest to the next: in the steady state nothing is read that
/// check-and-set makes safe to remember.
async fn one_rotation(house: &House, audit: &Audit) -> (Value, Vec<String>) {
    loop {
        let settled_after = async |generation: u64| {
            let wanted = |record: &Value| {
                record["generation"].as_u64() > Some(generation) && is_settled(record)
            };
            house.until("another token, alone", wanted).await
        };
        let generation = |record: &Value| record["generation"].as_u64().expect("a number");
        let record = settled_after(1).await;
        let before = audit.requests_of_the_daemon().len();
        let next = settled_after(generation(&record)).await;
        let requests = audit.requests_of_the_daemon().split_off(before);
        // A machine that is slow enough sees two at once.
        if generation(&next) == generation(&record) + 1 {
            return (record, requests);
        }
    }
}

/// While the superseded token waits for the end of its overlap, both work.
async fn the_old_token_lives_on(house: &House, server: &BetterAuth) {
    let scim_url = server.scim_url();
    eventually("a look at the overlap", async || {
        let record = house.record().await;
        let waiting = record["retiring"].get(0)?.clone();
        let old = text(&waiting["token"]["value"]);
        let new = text(&record["current"]["value"]);
        assert_ne!(new, old);
        let statuses = [
            read_users(&scim_url, old).await,
            read_users(&scim_url, new).await,
        ];
        let end: jiff::Timestamp = text(&waiting["not_before"]).parse().expect("a time");
        // A slow look that ends after the overlap shows nothing.
        (SystemClock.now() < end).then(|| assert_eq!(statuses, [200, 200]))
    })
    .await;
}

/// What each of those who tell of the token says.
struct Told {
    published: Value,
    status: Value,
    metric: Option<f64>,
    live: Vec<String>,
    accepted: u16,
}

impl Told {
    async fn by_all(house: &House, server: &BetterAuth, daemon: &Daemon) -> Self {
        let published = house.published().await;
        let expiry = "scim_rotator_token_expiry_timestamp_seconds{token=\"crm\"}";
        let status = house.command(&["status", "--output", "json"]).await;
        assert_eq!(status.code, Some(0), "{}", status.stderr);
        Self {
            accepted: read_users(&server.scim_url(), text(&published["token"])).await,
            metric: daemon.metric(expiry).await,
            live: server.live().await,
            status: serde_json::from_str(&status.stdout).expect("JSON"),
            published,
        }
    }

    /// The record, the published secret, the service provider, the metrics and
    /// the command tell the same.
    fn agrees_with(&self, record: &Value) {
        let current = &record["current"];
        let published = &self.published;
        assert_eq!(published["owner"], "people team", "a foreign field");
        assert_eq!(published["token"], current["value"]);
        assert_eq!(published["token_id"], current["id"]);
        assert_eq!(published["issued_at"], current["issued_at"]);
        assert_eq!(published["expires_at"], current["expires_at"]);
        assert_eq!(published["generation"], record["generation"]);
        assert_eq!(self.accepted, 200);
        assert_eq!(self.live, [text(&current["id"])]);
        let expected = seconds(&current["expires_at"]);
        let shown = self.metric.expect("the expiry in the metrics");
        assert!((shown - expected as f64).abs() < 1.0, "{shown}");
        let shown = &self.status["tokens"][0]["current"];
        assert_eq!(seconds(&shown["expires_at"]), expected, "{shown}");
    }
}
