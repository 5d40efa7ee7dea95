//! A federated credential between two real realms: the identity provider's signs
//! assertions, the service provider's trusts them. Each of the four parts is really
//! changed, at the side where such a change happens.

use serde_json::Value;

use super::commands::Ran;
use super::house::{House, text};
use super::support::keycloak::federation::{CLIENT, Federation, READER, READER_SECRET};
use super::wait::eventually;

const TOKEN: &str = "workforce";

struct Scene {
    house: House,
    both: Federation,
    sections: String,
}

impl Scene {
    async fn new() -> Option<Self> {
        let (Some(mut house), Some(both)) = (House::new().await, Federation::start().await) else {
            return None;
        };
        house.longest_call = 15;
        house.plant(READER_SECRET);
        let secret = house.credential("keycloak-reader", READER_SECRET).await;
        let file = house.path("assertion.jwt");
        let sections = format!(
            r#"
[tokens.{TOKEN}]
scim_url = "{scim}"
credential = "federated"
token_url = "{token}"

[tokens.{TOKEN}.federated]
issuer = "{issuer}"
audience = "{audience}"
subject = "{subject}"
assertion = {{ file = {file:?} }}
look_every = "30s"

[tokens.{TOKEN}.federated.trust]
address = "{admin}"
auth.oauth2 = {{ token_url = "{token}", client_id = "{READER}", client_secret = {secret} }}
lookups = [
    {{ name = "provider", url = "/identity-provider/instances/corp" }},
    {{ name = "client", url = "/clients?clientId={CLIENT}" }},
]
issuer = {{ step = "provider", at = "/config/issuer" }}
subject = "/0/attributes/jwt.credential.sub"
"#,
            scim = both.scim_url(),
            token = both.token_url(),
            issuer = both.issuer(),
            audience = both.audience(),
            subject = both.subject().await,
            admin = both.admin_url(),
        );
        let mut scene = Self {
            house,
            both,
            sections,
        };
        scene.sign().await;
        Some(scene)
    }

    /// What the identity provider's platform does: it writes a new assertion.
    async fn sign(&mut self) {
        let assertion = self.both.assertion().await;
        self.house.plant(&assertion);
        self.house.file("assertion.jwt", &assertion);
    }

    /// Looks now; how it ended.
    async fn look(&self) -> (Option<i32>, Value) {
        let Ran {
            code,
            stdout,
            stderr,
        } = self
            .house
            .command(&["once", TOKEN, "--output", "json"])
            .await;
        let told: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
        (code, told["tokens"][0].clone())
    }

    async fn trusted(&self) {
        let (code, told) = self.look().await;
        assert_eq!(
            (code, text(&told["result"])),
            (Some(0), "trusted"),
            "{told}"
        );
    }

    async fn broken(&self, words: &[&str]) {
        let (code, told) = self.look().await;
        assert_eq!((code, text(&told["result"])), (Some(1), "broken"), "{told}");
        for word in words {
            assert!(text(&told["detail"]).contains(word), "{word}: {told}");
        }
    }
}

#[tokio::test]
async fn each_of_the_four_parts_that_is_changed_at_a_real_server_is_named() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    scene.house.configure(&scene.sections);
    scene.trusted().await;
    let (issuer, audience) = (scene.both.issuer(), scene.both.audience());
    let subject = scene.both.subject().await;

    scene.both.trust_subject("somebody-else").await;
    scene
        .broken(&["subject broken since", &subject, "shows somebody-else"])
        .await;
    scene.both.trust_subject(&subject).await;
    scene.trusted().await;

    scene.both.trust_issuer("https://other.example.com").await;
    let seen = "shows https://other.example.com";
    scene.broken(&["issuer broken since", &issuer, seen]).await;
    scene.both.trust_issuer(&issuer).await;
    scene.trusted().await;

    scene
        .both
        .change_audience("https://other.example.com")
        .await;
    scene.sign().await;
    scene
        .broken(&["audience broken since", &audience, seen])
        .await;
    scene.both.change_audience(&audience).await;
    scene.sign().await;
    scene.trusted().await;

    scene.both.rotate_key().await;
    scene
        .broken(&["key broken since", "which is not published"])
        .await;
    scene.sign().await;
    // The service provider fetches new keys at most every ten seconds.
    eventually("the new key is trusted", async || {
        (scene.look().await.0 == Some(0)).then_some(())
    })
    .await;

    for refused in [&["rotate", TOKEN][..], &["pause", TOKEN, "--reason", "x"]] {
        let ran = scene.house.command(refused).await;
        assert_eq!(ran.code, Some(64), "{refused:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("federated"), "{}", ran.stderr);
    }
    scene.house.close().await;
}

/// The daemon notices by itself, and shows it everywhere; since when, it still knows
/// after a restart.
#[tokio::test]
async fn the_daemon_tells_of_a_break_on_the_page_in_the_metrics_and_in_status() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let daemon = scene.house.run(&scene.sections).await;
    let federated = |page: &Value| page["federation"].clone();
    let state = async |daemon: &super::daemon::Daemon| {
        let (_, body) = daemon.get("/api/v1/tokens/workforce").await?;
        serde_json::from_str::<Value>(&body).ok()
    };
    let first = eventually("it is trusted", async || {
        let state = state(&daemon).await?;
        (state["state"]["word"] == "fresh").then_some(state)
    })
    .await;
    assert!(federated(&first)["certificate_ends_at"].is_string());

    scene.both.trust_subject("somebody-else").await;
    let broken = eventually("it is broken", async || {
        let state = state(&daemon).await?;
        (state["state"]["word"] == "refused").then_some(state)
    })
    .await;
    let since = federated(&broken)["breaks"][0]["since"].clone();
    assert!(since.is_string(), "{broken}");
    let (_, metrics) = daemon.get("/metrics").await.expect("metrics");
    let line = "scim_rotator_federation_broken{token=\"workforce\",part=\"subject\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    let (_, page) = daemon.get("/").await.expect("the page");
    assert!(page.contains("subject broken since"), "{page}");

    let status = eventually("status tells it", async || {
        let ran = scene.house.command(&["status", TOKEN]).await;
        ran.stdout.contains("subject broken since").then_some(ran)
    })
    .await;
    assert_eq!(status.code, Some(0));
    let plan = scene.house.command(&["plan", TOKEN]).await;
    assert!(
        plan.stdout.contains("nothing is rotated"),
        "{}",
        plan.stdout
    );
    assert!(scene.house.record_of(TOKEN).await.is_null(), "no record");
    daemon.stop().await;

    scene.sign().await;
    let again = scene.house.run(&scene.sections).await;
    let later = eventually("it is still broken", async || {
        let state = state(&again).await?;
        (state["state"]["word"] == "refused").then_some(state)
    })
    .await;
    let breaks = federated(&later)["breaks"].clone();
    let breaks = breaks.as_array().into_iter().flatten();
    let mut trust = breaks.filter(|one| one["source"] == "trust");
    assert_eq!(trust.next().expect("a break")["since"], since);
    again.stop().await;
    scene.house.close().await;
}
