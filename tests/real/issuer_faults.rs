//! What issuers do wrong on the wire, with the real binary before a real
//! service provider: a proxy bends its answers.

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::house::{House, is_settled, text};
use super::parts::{
    DUE, Keeper, better_auth_issuer, due_at_once, due_fields, read_users, scim2_server_issuer_at,
    token,
};
use super::support::better_auth::BetterAuth;
use super::support::meddler::{Meddle, Meddler};
use super::support::scim2_server::{Minted, Scim2Server};
use super::wait::eventually;

/// A token that is due at once, and a proxy before its service provider.
struct Scene {
    house: House,
    server: Scim2Server,
    meddler: Meddler,
    keeper: Keeper,
    old: Minted,
}

impl Scene {
    async fn new() -> Option<Self> {
        let (house, server) = (House::new().await?, Scim2Server::start()?);
        let old = server.mint(3600.0).await;
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

    fn issuer(&self) -> String {
        scim2_server_issuer_at("sp", self.meddler.url.as_str())
    }

    async fn run(&self, issuer: &str) -> Daemon {
        let sections = [
            issuer.to_owned(),
            self.keeper.connection(&self.house),
            token(&self.server.scim_url(), "idp", DUE),
        ];
        self.house.run(&sections.concat()).await
    }

    /// The rotation is completed: one token lives, everybody holds it.
    async fn settled(&self) -> Value {
        let record = self
            .house
            .until("the rotation is completed", |record| {
                record["generation"] == 2 && is_settled(record) && record["orphans"].is_null()
            })
            .await;
        assert_eq!(self.server.live().await, [text(&record["current"]["id"])]);
        assert_eq!(
            self.keeper.holds().as_deref(),
            record["current"]["value"].as_str()
        );
        let old = read_users(&self.server.scim_url(), &self.old.token).await;
        assert_eq!(old, 401);
        assert_eq!(record["orphans_uncounted"], json!([]));
        record
    }

    async fn end(self, daemon: Daemon) {
        daemon.stop().await;
        self.house.close().await;
    }
}

fn count(seen: &[String], what: &str) -> usize {
    seen.iter().filter(|line| line.starts_with(what)).count()
}

/// A complete answer that cannot be used: one request, what it made is revoked,
/// and the rotation continues when the settings are corrected.
#[tokio::test]
async fn a_mistyped_pointer_stops_after_one_request_until_it_is_corrected() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let mistyped = scene
        .issuer()
        .replace("token = \"/token\", id", "token = \"/tokn\", id");
    assert_ne!(mistyped, scene.issuer());
    let daemon = scene.run(&mistyped).await;
    let stopped = |record: &Value| {
        record["halt"]["cause"] == "unusable_answer" && record["orphans"].is_null()
    };
    let record = scene
        .house
        .until("the token that was made is revoked", stopped)
        .await;
    let detail = text(&record["halt"]["detail"]);
    for told in [
        "no token at `/tokn`",
        "`token`",
        "is revoked",
        "rotate crm`",
    ] {
        assert!(detail.contains(told), "{told} in {detail}");
    }
    // Long enough for three attempts.
    SystemClock.sleep(SignedDuration::from_secs(7)).await;
    let seen = scene.meddler.seen();
    assert_eq!(count(&seen, "POST /_tokens"), 1);
    assert_eq!(count(&seen, "DELETE /_tokens"), 1);
    assert_eq!(
        scene.server.live().await,
        std::slice::from_ref(&scene.old.id)
    );

    let corrected = [
        scene.issuer(),
        scene.keeper.connection(&scene.house),
        token(&scene.server.scim_url(), "idp", DUE),
    ];
    scene.house.reconfigure(&corrected.concat());
    let record = scene.settled().await;
    assert!(record["halt"].is_null());
    assert_eq!(count(&scene.meddler.seen(), "POST /_tokens"), 1, "one more");
    scene.end(daemon).await;
}

/// The same for `202`, which is corrected at the other side: then a person asks for the
/// rotation.
#[tokio::test]
async fn accepted_stops_after_one_request() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.house.sweep = "2s";
    let (status, body) = (202, "{\"status\": \"accepted\"}");
    scene
        .meddler
        .next("POST /_tokens", Meddle::Instead { status, body });
    let daemon = scene.run(&scene.issuer()).await;
    let stopped = |record: &Value| {
        record["halt"]["cause"] == "unusable_answer" && record["orphans"].is_null()
    };
    let record = scene.house.until("it is halted", stopped).await;
    let detail = text(&record["halt"]["detail"]);
    assert!(detail.contains("`status`"), "{detail}");
    assert_eq!(count(&scene.meddler.seen(), "POST /_tokens"), 1);
    scene
        .house
        .command(&["rotate", "crm", "--foreground"])
        .await;
    scene.settled().await;
    assert_eq!(count(&scene.meddler.seen(), "POST /_tokens"), 1, "one more");
    scene.end(daemon).await;
}

/// A gateway answers with its page, and a moment later the issuer is there again: its
/// list shows that no token was made, and nobody has to act.
#[tokio::test]
async fn a_page_of_a_gateway_ends_by_itself() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.house.sweep = "2s";
    let (status, body) = (200, "<!doctype html><title>Back soon</title>");
    scene
        .meddler
        .next("POST /_tokens", Meddle::Instead { status, body });
    let daemon = scene.run(&scene.issuer()).await;
    let record = scene.settled().await;
    assert!(record["halt"].is_null());
    assert_eq!(count(&scene.meddler.seen(), "POST /_tokens"), 2);
    scene.end(daemon).await;
}

/// The token is made each time; its value is lost each time.
#[tokio::test]
async fn cut_json_is_looked_up_and_not_believed() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let cut = Meddle::Instead {
        status: 201,
        body: "{\"id\": \"7f2a\", \"token\": \"cut-in-the-mid",
    };
    for _ in 0..3 {
        scene.meddler.next("POST /_tokens", cut.clone());
    }
    let daemon = scene.run(&scene.issuer()).await;
    let record = scene.settled().await;
    assert_eq!(
        record["issues"].as_array().map(Vec::len),
        Some(4),
        "all count"
    );
    let seen = scene.meddler.seen();
    assert_eq!(count(&seen, "POST /_tokens"), 4);
    assert_eq!(count(&seen, "DELETE /_tokens"), 4, "three lost, one old");
    let first = seen
        .iter()
        .position(|l| l.starts_with("POST"))
        .expect("one");
    let next = seen
        .iter()
        .skip(first + 1)
        .find(|l| !l.starts_with("GET /v2"));
    assert_eq!(
        next.map(String::as_str),
        Some("GET /_tokens"),
        "looked up first"
    );
    let classes: Vec<_> = failures(&scene.house.every_record().await, "class");
    assert_eq!(classes, ["ambiguous"; 3], "nobody knows what it did");
    scene.end(daemon).await;
}

/// A fact of each failure that a record told of, each once.
fn failures(records: &[Value], fact: &str) -> Vec<String> {
    let lasts = records.iter().map(|record| &record["failures"]["last"]);
    let mut seen: Vec<(&Value, &Value)> = Vec::new();
    for last in lasts.filter(|last| last.is_object()) {
        if seen.iter().all(|(at, _)| **at != last["at"]) {
            seen.push((&last["at"], &last[fact]));
        }
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    seen.into_iter().map(|(_, fact)| text(fact)).collect()
}

#[tokio::test]
async fn an_id_that_the_answer_lacks_is_read_from_the_list() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let issuer = scene
        .issuer()
        .replace("token = \"/token\", id = \"/id\"", "token = \"/token\"");
    assert_ne!(issuer, scene.issuer());
    let daemon = scene.run(&issuer).await;
    let record = scene.settled().await;
    assert!(record["current"]["id"].is_string());
    scene.end(daemon).await;
}

#[tokio::test]
async fn not_found_for_not_permitted_ends_nothing() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let hidden = Meddle::Answer {
        status: 404,
        header: None,
        body: "",
    };
    scene.meddler.next("DELETE /_tokens", hidden.clone());
    scene.meddler.next("DELETE /_tokens", hidden);
    let daemon = scene.run(&scene.issuer()).await;
    let doubted = |r: &Value| r["retiring"][0]["last_finding"].is_string();
    let record = scene
        .house
        .until("the revocation is doubted", doubted)
        .await;
    let finding = text(&record["retiring"][0]["last_finding"]);
    assert!(finding.contains("yet lists it"), "{finding}");
    assert!(finding.contains("permission"), "{finding}");
    assert_eq!(record["generation"], 2, "the rotation stands");
    let record = scene.settled().await;
    assert!(record["history"][0]["old_refused"].is_object());
    scene.end(daemon).await;
}

#[tokio::test]
async fn three_dialects_of_a_rate_limit_are_waited_out() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let now = SystemClock.now();
    // Whole seconds: that is what these headers tell.
    let later = jiff::Timestamp::from_second(now.as_second() + 8).expect("a time");
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let date = printer.timestamp_to_rfc9110_string(&later).expect("a date");
    let limits = [
        ("retry-after", "2".to_owned()),
        ("retry-after", date),
        ("x-ratelimit-reset", (later.as_second() + 3).to_string()),
    ];
    for header in limits {
        let limit = Meddle::Answer {
            status: 429,
            header: Some(header),
            body: "slow down",
        };
        scene.meddler.next("POST /_tokens", limit);
    }
    let dialect =
        "\n[issuers.sp.http.rate_limit]\nheader = \"X-RateLimit-Reset\"\nunit = \"epoch_s\"\n";
    let daemon = scene.run(&(scene.issuer() + dialect)).await;
    let record = scene.settled().await;
    let issued_at: jiff::Timestamp = text(&record["current"]["issued_at"])
        .parse()
        .expect("a time");
    assert!(
        issued_at >= later + SignedDuration::from_secs(3),
        "before it was permitted"
    );
    assert_eq!(
        record["issues"].as_array().map(Vec::len),
        Some(1),
        "refusals do not count"
    );
    let records = scene.house.every_record().await;
    assert_eq!(failures(&records, "class"), ["throttled"; 3]);
    let seen = scene.meddler.seen();
    assert_eq!(count(&seen, "POST /_tokens"), 4, "each limit was believed");
    assert_eq!(
        count(&seen, "DELETE /_tokens"),
        1,
        "nothing was made in vain"
    );
    scene.end(daemon).await;
}

#[tokio::test]
async fn a_lost_token_on_the_second_page_is_found() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let old = due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let issuer = better_auth_issuer(&mut house, &server).await;
    let paged = issuer
        .replace("per_page=50", "per_page=1")
        .replace("size = 50", "size = 1");
    assert_ne!(issuer, paged);
    server
        .plan_fault(json!({ "mint": "lose_reply", "count": 1 }))
        .await;
    let sections = [
        paged,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ];
    let daemon = house.run(&sections.concat()).await;
    eventually("the reply was lost", async || {
        (server.live().await.len() == 2).then_some(())
    })
    .await;
    let record = house
        .until("the rotation is completed", |record| {
            record["generation"] == 2 && is_settled(record) && record["orphans"].is_null()
        })
        .await;
    assert_eq!(server.live().await, [text(&record["current"]["id"])]);
    assert_eq!(record["issues"].as_array().map(Vec::len), Some(2));
    assert_eq!(read_users(&server.scim_url(), &old.token).await, 401);
    daemon.stop().await;
    house.close().await;
}
