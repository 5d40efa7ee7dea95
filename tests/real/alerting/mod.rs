//! The whole chain, with the shipped rules and the shipped routing: the daemon,
//! a Prometheus that scrapes it, its Alertmanager, and who is told. Once with
//! Debian's Prometheus and once with Prometheus 3, side by side.

mod panels;
mod shipped;
mod watch;
mod webhook;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::clock::SystemClock;
use scim_rotator::demo::identity_provider::{DemoIdentityProvider, Options};
use scim_rotator::ports::Clock as _;
use scim_rotator::secret::BearerToken;
use serde_json::{Value, json};
use url::Url;

use super::daemon::Daemon;
use super::house::House;
use super::parts::{better_auth_issuer_at, token};
use super::support::better_auth::{BetterAuth, Minted};
use super::support::cut::{Cut, Line};
use super::support::dashboards;
use super::support::{promtool, series};
use super::wait::eventually;
use panels::Panels;
use watch::Watch;

/// How long a token lives, and when it is renewed: the defaults of the issuer
/// that these tests claim. Tokens of another environment would wake nobody.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
const RENEWED_AFTER: f64 = 0.67;
const TIMES: &str =
    "lifetime = \"24h\"\noverlap = \"30m\"\nprobe_every = \"3s\"\nenvironment = \"production\"";

/// Of the three tokens the first is about to expire, the second is late, and
/// the third has time.
const AGES: [(&str, f64); 3] = [("crm", 0.9), ("erp", 0.4), ("hr", -1.0)];

/// The token that a connection holds.
const AT_IDP: &str = "crm";

/// What is told while the issuer cannot be reached: receiver and alert.
const TOLD: [(&str, &str); 4] = [
    ("pager", "ScimTokenExpiresSoon crm"),
    ("tickets", "ScimRotationFailing crm"),
    ("tickets", "ScimRotationFailing erp"),
    ("tickets", "ScimRotationOverdue erp"),
];
/// What is not told, as something worse is.
const INHIBITED: &str = "ScimRotationOverdue crm";
/// What is told when the token is taken away at the service provider meanwhile.
const TAKEN_AWAY: [&str; 2] = ["ScimIdpQuarantined crm", "ScimTokenRejected crm"];
/// What is told when somebody writes another value to a published path, and the
/// metric that tells so.
const PLANTED: &str = "ScimSuppliedValueRefused erp";
const SUPPLIED_REFUSED: &str = "scim_rotator_token_supplied_refused_timestamp_seconds";
/// Exported after such an event, or where it is configured, only; `restored`, `manual`,
/// `federated`, `full_cycle`, `notified` and `more_scopes` look at most of the others, and
/// the tests of the rules and of the dashboards' queries at all.
const OF_EVENTS: [&str; 22] = [
    SUPPLIED_REFUSED,
    "scim_rotator_inventory_coverage_ratio",
    "scim_rotator_inventory_last_success_timestamp_seconds",
    "scim_rotator_notifications_total",
    "scim_rotator_retirement_due_timestamp_seconds",
    "scim_rotator_token_paused_since_timestamp_seconds",
    "scim_rotator_token_record_unreadable",
    "scim_rotator_tokens_orphaned",
    "scim_rotator_vault_restored_timestamp_seconds",
    "scim_rotator_connection_waits_for_person_since_timestamp_seconds",
    "scim_rotator_connection_person_deadline_timestamp_seconds",
    "scim_rotator_federation_broken",
    "scim_rotator_federation_certificate_expiry_timestamp_seconds",
    "scim_rotator_federation_clear_timestamp_seconds",
    "scim_rotator_full_cycle_ignored_timestamp_seconds",
    "scim_rotator_full_cycle_leftovers",
    "scim_rotator_full_cycle_waited",
    "scim_rotator_inventory_connections",
    "scim_rotator_inventory_credentials",
    "scim_rotator_notify_failing_since_timestamp_seconds",
    "scim_rotator_token_accepted_risk_until_timestamp_seconds",
    "scim_rotator_token_privilege",
];
/// Told to the tickets: no renewal is due when the daemon dies.
const ABSENT: &str = "ScimRotatorAbsent";
const DOWN: &str = "ScimRotatorReplicaDown";

#[tokio::test]
async fn a_blocked_issuer_and_a_dead_daemon_are_told_to_the_right_people() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let daemon = scene.begin().await;
    let watches = scene.watches(&daemon).await;
    if watches.is_empty() {
        return;
    }
    let began = now();

    for watch in &watches {
        the_right_people_are_told(watch).await;
    }
    let mut panels: Vec<Panels> = watches.iter().map(|_| Panels::new()).collect();
    for (watch, panels) in watches.iter().zip(&mut panels) {
        panels.ask(watch, AT_IDP, began).await;
    }

    scene.issuer.set(Line::Open);
    for watch in &watches {
        they_are_told_that_it_is_over(watch).await;
        the_daemon_exports_what_the_files_name(watch, &daemon).await;
    }
    for (watch, panels) in watches.iter().zip(panels) {
        panels.ask_until_full(watch, AT_IDP, began).await;
    }

    scene.take_the_token_away().await;
    for watch in &watches {
        somebody_is_woken_for(watch, &TAKEN_AWAY).await;
    }
    scene.plant_a_value().await;
    for watch in &watches {
        somebody_is_woken_for(watch, &[PLANTED]).await;
        assert!(watch.names().await.contains(SUPPLIED_REFUSED));
    }

    daemon.kill();
    for watch in &watches {
        it_is_told(watch, "tickets", ABSENT).await;
        let what = format!("{} says it once", watch.part);
        eventually(&what, async || {
            watch.inhibited().await.contains(DOWN).then_some(())
        })
        .await;
        nobody_was_told_of_the_token_that_has_time(watch);
    }
    scene.house.close().await;
}

/// The alerts that fire are these and no others; each reaches its receiver with
/// all that a person needs.
async fn the_right_people_are_told(watch: &Watch) {
    let all: BTreeSet<String> = TOLD
        .iter()
        .map(|(_, subject)| *subject)
        .chain([INHIBITED])
        .map(str::to_owned)
        .collect();
    let part = watch.part;
    eventually(&format!("{part} raises {all:?}"), async || {
        (watch.firing().await == all).then_some(())
    })
    .await;
    eventually(&format!("{part} keeps {INHIBITED} back"), async || {
        (watch.inhibited().await == BTreeSet::from([INHIBITED.to_owned()])).then_some(())
    })
    .await;
    for (receiver, subject) in TOLD {
        eventually(&format!("{part}: {subject} at {receiver}"), async || {
            watch.webhook.has(receiver, "firing", subject).then_some(())
        })
        .await;
    }
    for notice in watch.webhook.told("pager") {
        let annotations = &notice.alert["annotations"];
        for key in ["summary", "description"] {
            let said = annotations[key].as_str().expect(key);
            assert!(!said.contains("{{") && !said.is_empty(), "{annotations}");
        }
        let runbook = format!("{}/RUNBOOK.md#scim", shipped::WIKI);
        let url = annotations["runbook_url"].as_str().expect("a runbook");
        assert!(url.starts_with(&runbook), "{url}");
        let url = annotations["dashboard_url"].as_str().expect("a dashboard");
        assert!(url.starts_with("https://grafana.example.com/d/scim-rotator-token?"));
        assert!(url.ends_with(notice.alert["labels"]["token"].as_str().expect("a token")));
        assert_eq!(notice.alert["labels"]["severity"], "critical");
        assert_eq!(notice.alert["labels"]["environment"], "production");
    }
}

async fn they_are_told_that_it_is_over(watch: &Watch) {
    let part = watch.part;
    for (receiver, subject) in TOLD {
        eventually(&format!("{part}: {subject} is over"), async || {
            watch
                .webhook
                .has(receiver, "resolved", subject)
                .then_some(())
        })
        .await;
    }
    eventually(&format!("{part} is content"), async || {
        watch.firing().await.is_empty().then_some(())
    })
    .await;
}

async fn somebody_is_woken_for(watch: &Watch, subjects: &[&str]) {
    for subject in subjects {
        it_is_told(watch, "pager", subject).await;
    }
}

async fn it_is_told(watch: &Watch, receiver: &str, subject: &str) {
    let what = format!("{}: {subject} at {receiver}", watch.part);
    eventually(&what, async || {
        watch.webhook.has(receiver, "firing", subject).then_some(())
    })
    .await;
}

/// What rules and dashboards name was scraped, what was scraped is documented,
/// and Prometheus finds no fault with it.
async fn the_daemon_exports_what_the_files_name(watch: &Watch, daemon: &Daemon) {
    let (_, text) = daemon.get("/metrics").await.expect("it runs");
    promtool::check_metrics(watch.part, &text);
    let scraped = watch.names().await;
    let mut named = names_in(&read("deploy/prometheus/scim-rotator.rules.yml"));
    for dashboard in dashboards::all() {
        let queries = dashboard.queries().into_iter();
        named.extend(queries.flat_map(|query| names_in(&query.expr)));
    }
    assert!(named.len() > 40, "{named:?}");
    let of_event = |name: &&String| OF_EVENTS.contains(&name.as_str());
    let missing: Vec<&String> = named
        .difference(&scraped)
        .filter(|n| !of_event(n))
        .collect();
    assert_eq!(missing, Vec::<&String>::new(), "{} lacks them", watch.part);
    let of_tokens =
        "count by (token) ({__name__=~\"scim_rotator_.*\", token!=\"\", connection=\"\"})";
    let counts = watch.numbers(of_tokens, &[("time", now())]).await;
    assert_eq!(counts.len(), AGES.len(), "{counts:?}");
    let most = f64::from(u32::try_from(series::OF_A_TOKEN).expect("small"));
    assert!(counts.iter().all(|count| *count <= most), "{counts:?}");
    let documented = read("deploy/prometheus/METRICS.md");
    let headers = text.lines().filter_map(|l| l.strip_prefix("# TYPE "));
    let exported: Vec<&str> = headers.filter_map(|l| l.split(' ').next()).collect();
    assert!(exported.len() > 40, "{exported:?}");
    for name in exported {
        let row = format!("| `{name}` |");
        assert!(documented.contains(&row), "{name} is not documented");
    }
}

/// The metrics of ours that a text names, recorded ones too.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let comments = |line: &&str| !line.trim_start().starts_with('#');
    let lines: Vec<&str> = text.lines().filter(comments).collect();
    let text = lines.join("\n");
    let words = text.split(|c| !is_name(c));
    let names = words.map(|word| word.trim_end_matches(':'));
    names
        .filter(|word| word.starts_with("scim_rotator_") || word.starts_with("scim_rotator:"))
        .map(str::to_owned)
        .collect()
}

fn nobody_was_told_of_the_token_that_has_time(watch: &Watch) {
    for receiver in ["pager", "tickets", "chat"] {
        for notice in watch.webhook.told(receiver) {
            let token = &notice.alert["labels"]["token"];
            assert_ne!(token, "hr", "{receiver}: {notice:?}");
        }
    }
}

/// Name and token of an alert, by its labels.
fn subject(labels: &Value) -> String {
    let label = |name: &str| labels[name].as_str().unwrap_or_default();
    format!("{} {}", label("alertname"), label("token"))
        .trim_end()
        .to_owned()
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).expect(file)
}

/// Seconds since 1970.
fn now() -> f64 {
    let milliseconds = SystemClock.now().as_millisecond();
    f64::from(i32::try_from(milliseconds / 1000).expect("before 2038"))
}

/// Three tokens of one issuer that cannot be reached, one of them at an
/// identity provider.
struct Scene {
    house: House,
    server: BetterAuth,
    issuer: Cut,
    idp: DemoIdentityProvider,
    /// The token of [`AT_IDP`] that its connection holds from the start.
    first: Minted,
}

impl Scene {
    async fn new() -> Option<Self> {
        let (house, server) = (House::new().await?, BetterAuth::start()?);
        let admin = Url::parse(&server.admin_url()).expect("a URL");
        let issuer = Cut::start(&admin).await;
        issuer.set(Line::Reset);
        let first = server.mint(AT_IDP, 86_400).await;
        let mut options = Options::new(server.scim_url(), Arc::new(SystemClock));
        options.pace = SignedDuration::from_millis(500);
        options.token = Some(BearerToken::parse(&first.token).expect("a token"));
        let idp = DemoIdentityProvider::start(options).await.expect("starts");
        Some(Self {
            house,
            server,
            issuer,
            idp,
            first,
        })
    }

    /// Starts the daemon and waits until it has taken the tokens over.
    async fn begin(&mut self) -> Daemon {
        for (name, used) in AGES {
            self.write_token(name, used).await;
        }
        let admin = self.idp.admin_token().expose().to_owned();
        let admin = self.house.credential("idp", &admin).await;
        let url = format!("{}admin", self.issuer.url);
        let mut sections = better_auth_issuer_at(&mut self.house, &url).await;
        sections += &self.idp.connection_config("entra", &admin);
        let scim_url = self.server.scim_url();
        let crm = token(&scim_url, "entra", TIMES);
        let alone = crm.replace("[\"entra\"]", "[]");
        sections += &crm;
        sections += &alone.replace("crm", "erp");
        sections += &alone.replace("crm", "hr");
        let daemon = self.house.run(&sections).await;
        for (name, _) in AGES {
            eventually(&format!("{name} is taken over"), async || {
                let record = self.house.record_of(name).await;
                (!record["current"].is_null()).then_some(())
            })
            .await;
        }
        daemon
    }

    /// Puts a token into Vault of whose renewal window so much is used.
    async fn write_token(&self, name: &str, used: f64) {
        let other;
        let minted = match name == AT_IDP {
            true => &self.first,
            false => {
                other = self.server.mint(name, 86_400).await;
                &other
            }
        };
        let age = LIFE.mul_f64(RENEWED_AFTER + used * (1.0 - RENEWED_AFTER));
        let issued_at: Timestamp = SystemClock.now() - age;
        let fields = json!({
            "token": minted.token,
            "token_id": minted.id,
            "issued_at": issued_at.to_string(),
            "expires_at": (issued_at + LIFE).to_string(),
        });
        let path = format!("kv/data/scim/{name}");
        let wish = json!({ "data": fields });
        self.house.vault.must("POST", &path, wish).await;
    }

    /// Revokes it at the service provider, while its issuer cannot be reached.
    async fn take_the_token_away(&self) {
        self.issuer.set(Line::Reset);
        let record = self.house.record_of(AT_IDP).await;
        let id = record["current"]["id"].as_str().expect("an id");
        self.server.revoke(id).await;
    }

    /// Writes a token of somebody else over a published one.
    async fn plant_a_value(&self) {
        let other = self.server.mint("a stranger's", 3600).await;
        let wish = json!({ "data": { "token": other.token } });
        let vault = &self.house.vault;
        vault.must("POST", "kv/data/scim/erp", wish).await;
    }

    /// Every Prometheus that there is.
    async fn watches(&self, daemon: &Daemon) -> Vec<Watch> {
        let mut watches = Vec::new();
        for part in promtool::PARTS {
            watches.extend(Watch::start(part, &self.house, daemon.address()).await);
        }
        watches
    }
}
