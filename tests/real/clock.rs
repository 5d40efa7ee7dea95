//! Clocks: ours that jumps, a server's that is wrong, and a machine that is
//! suspended. Nothing is retired early, and what was missed is done once.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{Keeper, due_fields, read_users, scim2_server_issuer_at, token};
use super::support::meddler::Meddler;
use super::support::part;
use super::support::scim2_server::{Minted, Scim2Server};
use super::wait::eventually;

/// Probes are so frequent that every clock is looked at all the time.
const TIMES: &str = "lifetime = \"30d\"\noverlap = \"15s\"\nprobe_every = \"2s\"";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A token that is due at once, before a service provider with a clock of its
/// own.
struct Scene {
    house: House,
    server: Scim2Server,
    meddler: Meddler,
    keeper: Keeper,
    old: Minted,
}

impl Scene {
    async fn new() -> Option<Self> {
        let (mut house, server) = (House::new().await?, Scim2Server::start()?);
        house.log = "info";
        let old = server.mint(30.0 * 86_400.0).await;
        house.write_by_hand(due_fields(&old.token, &old.id)).await;
        let meddler = Meddler::start(&server.base_url().parse().expect("a URL")).await;
        let keeper = Keeper::new(&house);
        Some(Self {
            house,
            server,
            meddler,
            keeper,
            old,
        })
    }

    fn sections(&self, times: &str) -> String {
        let base = &self.meddler.url;
        [
            scim2_server_issuer_at("sp", base.as_str()),
            self.keeper.connection(&self.house),
            token(&base.join("v2").expect("a path"), "idp", times),
        ]
        .concat()
    }

    /// Waits until the new token is in use; returns until when the old one must
    /// live.
    async fn promoted(&self) -> Timestamp {
        let promoted = |r: &Value| r["generation"] == 2 && r["retiring"].is_array();
        let record = self.house.until("the new token is in use", promoted).await;
        time(&record["retiring"][0]["not_before"])
    }

    /// The overlap has long ended by a right clock, and the old token works.
    async fn lives_beyond(&self, end: Timestamp) {
        eventually("the overlap has long ended", async || {
            (SystemClock.now() > end + SignedDuration::from_secs(3)).then_some(())
        })
        .await;
        assert!(self.old_works().await, "it was retired by a wrong clock");
        let record = self.house.record().await;
        assert_eq!(record["retiring"].as_array().map(Vec::len), Some(1));
        assert_eq!(record["generation"], 2);
    }

    async fn old_works(&self) -> bool {
        read_users(&self.server.scim_url(), &self.old.token).await == 200
    }

    /// All is done that was held back, each once.
    async fn caught_up(&self, end: Timestamp) {
        let settled = |r: &Value| r["generation"] == 2 && is_settled(r);
        let record = self.house.until("the old token is retired", settled).await;
        assert!(SystemClock.now() >= end);
        assert!(!self.old_works().await);
        assert!(record["history"][0]["old_refused"].is_object());
        assert_eq!(self.server.live().await, [text(&record["current"]["id"])]);
        assert_eq!(record["issues"].as_array().map(Vec::len), Some(1));
        let revoked = format!("DELETE /_tokens/{}", self.old.id);
        let seen = self.meddler.seen();
        let revoked = seen.iter().filter(|line| **line == revoked);
        assert_eq!(revoked.count(), 1, "once");
        assert_eq!(
            self.keeper.holds().as_deref(),
            record["current"]["value"].as_str()
        );
    }
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().expect("a time")
}

/// The wall clock of one process.
struct FakeClock {
    library: String,
    file: String,
}

impl FakeClock {
    /// Right at first; `None` if the part is missing.
    fn new(house: &House) -> Option<Self> {
        let library = part::find("faketime")?.join("libfaketime.so.1");
        let file = house.file("clock", "+0");
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        Some(Self {
            library: text(&library),
            file: text(&file),
        })
    }

    async fn run(&self, house: &House, sections: &str) -> Daemon {
        let environment = [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.as_str()),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        house.run_with(sections, &environment).await
    }

    fn set(&self, ahead: SignedDuration) {
        let new = format!("{}.new", self.file);
        std::fs::write(&new, format!("{:+}", ahead.as_secs())).expect("a file");
        std::fs::rename(&new, &self.file).expect("a file");
    }
}

#[tokio::test]
async fn a_clock_set_back_retires_nothing_until_it_is_right_again() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let Some(clock) = FakeClock::new(&scene.house) else {
        return;
    };
    scene.house.sweep = "10s";
    let daemon = clock.run(&scene.house, &scene.sections(TIMES)).await;
    let end = scene.promoted().await;
    clock.set(-HOUR);
    daemon.until_reason("crm", "clock_skew").await;
    scene.lives_beyond(end).await;
    // What people write is seen by any clock.
    for (word, shown) in [("pause", true), ("resume", false)] {
        let ran = scene.house.command(&[word, "crm"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        eventually(&format!("the {word} is seen"), async || {
            let (_, body) = daemon.get("/api/v1/tokens/crm").await?;
            let token: Value = serde_json::from_str(&body).ok()?;
            (token["paused"].is_object() == shown).then_some(())
        })
        .await;
    }
    clock.set(SignedDuration::ZERO);
    scene.caught_up(end).await;
    assert!(daemon.log().contains("clock_skew"), "the log says why");
    daemon.stop().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_clock_set_forward_retires_nothing_until_it_is_right_again() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let Some(clock) = FakeClock::new(&scene.house) else {
        return;
    };
    let daemon = clock.run(&scene.house, &scene.sections(TIMES)).await;
    let end = scene.promoted().await;
    clock.set(HOUR);
    daemon.until_reason("crm", "clock_skew").await;
    let skew = "scim_rotator_clock_skew_seconds{target=\"vault\"}";
    // A request that was under way when the clock was set shows the old one.
    eventually("the metric shows it", async || {
        let shown = daemon.metric(skew).await?;
        ((shown - 3600.0).abs() < 60.0).then_some(())
    })
    .await;
    scene.lives_beyond(end).await;

    // By the servers' time nothing of the future was written. They tell it in whole
    // seconds, in answers that take their time.
    let record = scene.house.record().await;
    let latest = SystemClock.now() + SignedDuration::from_secs(10);
    assert!(time(&record["updated_at"]) <= latest, "{record}");
    clock.set(SignedDuration::ZERO);
    scene.caught_up(end).await;
    daemon.stop().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_clock_that_is_a_year_ahead_at_the_start_writes_nothing_of_that_year() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let Some(clock) = FakeClock::new(&scene.house) else {
        return;
    };
    clock.set(24 * 365 * HOUR);
    let daemon = clock.run(&scene.house, &scene.sections(TIMES)).await;
    scene.promoted().await;
    daemon.stop().await;
    // The token that is issued lives for 30 days.
    let latest = SystemClock.now() + SignedDuration::from_hours(31 * 24);
    for record in scene.house.every_record().await {
        let written = time(&record["updated_at"]);
        assert!(written <= SystemClock.now() + HOUR, "{record}");
        for (place, at) in times(&record) {
            assert!(at <= latest, "{place} is {at}: {record}");
        }
    }
    let (_, facts) = scene.house.vault.api("GET", FACTS, Value::Null).await;
    let facts = &facts["data"]["data"];
    assert!(facts.is_object(), "there are facts");
    for (place, at) in times(facts) {
        assert!(at <= latest, "{place} is {at}: {facts}");
    }
    let daemon = scene.house.run(&scene.sections(TIMES)).await;
    let settled = |r: &Value| r["generation"] == 2 && is_settled(r);
    scene.house.until("a right clock goes on", settled).await;
    daemon.stop().await;
    scene.house.close().await;
}

/// Where the daemon writes what people may know of the token.
const FACTS: &str = "kv/data/scim-rotator/facts/crm";

/// Every time in a document, with its place.
fn times(of: &Value) -> Vec<(String, Timestamp)> {
    let within = |key: String, value: &Value| {
        let inner = times(value).into_iter();
        inner
            .map(|(place, at)| (format!("{key}/{place}"), at))
            .collect::<Vec<_>>()
    };
    match of {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| within(key.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, value)| within(at.to_string(), value))
            .collect(),
        Value::String(text) => text
            .parse()
            .map(|at| (String::new(), at))
            .into_iter()
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[tokio::test]
async fn one_server_whose_clock_is_wrong_holds_nothing_back() {
    tokio::join!(retired_in_spite_of(HOUR), retired_in_spite_of(-HOUR));
}

/// The clock of the service provider is ahead by this much.
async fn retired_in_spite_of(ahead: SignedDuration) {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let daemon = scene.house.run(&scene.sections(TIMES)).await;
    let end = scene.promoted().await;
    scene.meddler.set_clock_ahead(ahead);
    let skew = "scim_rotator_clock_skew_seconds{target=\"sp\"}";
    eventually("the metric tells", async || {
        let shown = daemon.metric(skew).await?;
        ((shown + ahead.as_secs_f64()).abs() < 60.0).then_some(())
    })
    .await;
    scene.caught_up(end).await;
    daemon.stop().await;
    scene.house.close().await;
}

#[tokio::test]
async fn a_suspended_machine_catches_up_once() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    // Suspended over the end of the overlap and over the next renewal.
    let times = "lifetime = \"1h\"\nrenew_at = \"1%\"\noverlap = \"4s\"";
    let daemon = scene.house.run(&scene.sections(times)).await;
    let end = scene.promoted().await;
    let second = scene.house.record().await["current"].clone();
    daemon.stand_still();
    let renewal = time(&second["issued_at"]) + SignedDuration::from_secs(36);
    eventually("the renewal was missed", async || {
        (SystemClock.now() > renewal.max(end)).then_some(())
    })
    .await;
    assert!(scene.old_works().await, "nobody was there to retire it");
    daemon.go_on();
    let third = |r: &Value| r["generation"] == 3;
    scene.house.until("the renewal is made up for", third).await;
    let other = |r: &Value| {
        let retiring = r["retiring"].as_array().into_iter().flatten();
        !retiring
            .into_iter()
            .any(|e| e["token"]["id"] == scene.old.id.as_str())
    };
    scene.house.until("the old token is retired", other).await;
    assert!(!scene.old_works().await);
    daemon.stop().await;

    let records = scene.house.every_record().await;
    let last = records.last().expect("records");
    let issues: Vec<_> = last["issues"].as_array().into_iter().flatten().collect();
    for pair in issues.windows(2) {
        let apart = time(pair[1]).duration_since(time(pair[0]));
        assert!(
            apart >= SignedDuration::from_secs(34),
            "made up for once: {issues:?}"
        );
    }
    records
        .windows(2)
        .for_each(|pair| nothing_ended_early(&pair[0], &pair[1]));
    scene.house.close().await;
}

/// Whatever left the list of superseded tokens had had its overlap.
fn nothing_ended_early(before: &Value, after: &Value) {
    let entries = |record: &Value| {
        let entries = record["retiring"].as_array().cloned();
        entries.unwrap_or_default()
    };
    let is_there = |id: &Value| entries(after).iter().any(|e| e["token"]["id"] == *id);
    for entry in entries(before) {
        let ended = !is_there(&entry["token"]["id"]);
        let late_enough = time(&after["updated_at"]) >= time(&entry["not_before"]);
        assert!(!ended || late_enough, "{entry}");
    }
}
