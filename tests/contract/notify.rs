//! The shipped forms of messages against receivers that check what each service
//! documents.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../support/receiver.rs"]
mod receiver;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use scim_rotator::clock::SystemClock;
use scim_rotator::fault::Fault;
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target as Whom};
use scim_rotator::notify::{Deps, Event, Format, Message, Phase, Sender, Severity, Target};
use scim_rotator::ports::{Resolved, Secrets};
use scim_rotator::secret::{SecretRef, SecretText};
use serde_json::Value;

use receiver::{Got, Receiver};

/// Every reference is resolved to its own name, `/url` to that of the receiver.
struct Named(String);

#[async_trait]
impl Secrets for Named {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let text = match reference {
            SecretRef::File(path) if path.ends_with("url") => self.0.clone(),
            other @ (SecretRef::Vault { .. }
            | SecretRef::VaultLease { .. }
            | SecretRef::File(_)
            | SecretRef::Env(_)) => other.to_string(),
        };
        let value = SecretText::parse(text).expect("a secret");
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _: &SecretRef) {}
}

fn message(event: Event, phase: Phase, severity: Severity) -> Message {
    let at: Timestamp = "2027-01-15T12:00:00Z".parse().expect("a time");
    Message {
        id: "11111111-1111-8111-8111-111111111111".to_owned(),
        key: "22222222-2222-8222-8222-222222222222".to_owned(),
        event,
        phase,
        severity,
        token: "wiki-prod".to_owned(),
        environment: "production".to_owned(),
        issuer: "wiki".to_owned(),
        owner: Some("wiki team".to_owned()),
        connection: Some("directory".to_owned()),
        summary: "A person must write the SCIM token <!channel> ".to_owned() + &"x".repeat(400),
        detail: Some(format!("[a](https://b) <@U1> {}", "y".repeat(5000))),
        instructions: Some("z\n".repeat(3000)),
        command: Some("scim-rotator ack wiki-prod directory --reason …".to_owned()),
        since: at,
        deadline: Some(at),
        expires_at: None,
    }
}

/// All that can be told, in every phase.
fn messages() -> Vec<Message> {
    let phases = [Phase::Began, Phase::Reminder, Phase::Ended, Phase::Once];
    let severities = [Severity::Info, Severity::Warning, Severity::Critical];
    let all = Event::ALL.into_iter().flat_map(|event| {
        phases.into_iter().flat_map(move |phase| {
            severities
                .into_iter()
                .map(move |severity| message(event, phase, severity))
        })
    });
    let mut all: Vec<_> = all.collect();
    let mut bare = message(Event::Rotated, Phase::Once, Severity::Info);
    bare.connection = None;
    bare.detail = None;
    bare.instructions = None;
    bare.command = None;
    bare.deadline = None;
    bare.summary = "The SCIM token wiki-prod was rotated".to_owned();
    all.push(bare);
    all
}

/// What a receiver gets of all messages in this form.
async fn told(settings: &str) -> Vec<(Message, Got)> {
    let receiver = Receiver::start().await;
    let url = format!("{}/hook", receiver.url());
    let target: Target = toml::from_str(settings).expect("settings");
    let http = Client::new(
        &ClientSettings::default(),
        Whom::Notify,
        Arc::new(SystemClock),
        Arc::new(NoObserver),
    );
    let deps = Deps {
        http: http.expect("a client"),
        secrets: Arc::new(Named(url)),
        clock: Arc::new(SystemClock),
    };
    let sender = Sender::new("x", &target, deps);
    let mut told = Vec::new();
    for message in messages() {
        sender.send(&message).await.expect("accepted");
        let got = receiver.got().pop().expect("it came");
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("webhook-id"), message.id);
        told.push((message, got));
    }
    told
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

fn length(value: &Value, pointer: &str) -> usize {
    text(value, pointer).chars().count()
}

/// At most 50 blocks, 150 characters in a header, 3000 in a section; `plain_text` is
/// shown as it is.
#[tokio::test]
async fn slack_gets_blocks_within_its_limits_and_without_mentions() {
    for (message, got) in told("format = 'slack'\nsecret_url = { file = '/url' }").await {
        let body = got.json();
        let blocks = body["blocks"].as_array().expect("blocks");
        assert!((1..=50).contains(&blocks.len()));
        for block in blocks {
            let texts = match text(block, "/type") {
                "header" => {
                    assert!((1..=150).contains(&length(block, "/text/text")));
                    vec![&block["text"]]
                }
                "section" => {
                    assert!((1..=3000).contains(&length(block, "/text/text")));
                    vec![&block["text"]]
                }
                "context" => {
                    let elements = block["elements"].as_array().expect("elements");
                    assert!((1..=10).contains(&elements.len()));
                    elements.iter().collect()
                }
                other => panic!("an unknown block {other}"),
            };
            for one in texts {
                assert_eq!(one["type"], "plain_text", "{one}");
            }
        }
        let begins = message.summary.get(..40).unwrap_or(&message.summary);
        assert!(text(&body, "/blocks/1/text/text").contains(begins));
        // What notifications show is no place for mentions either.
        assert!(!text(&body, "/text").contains('<'), "{}", body["text"]);
    }
}

/// A message with one attachment, an Adaptive Card of at most 28 kB; text runs know no
/// Markdown.
#[tokio::test]
async fn teams_gets_an_adaptive_card() {
    for (message, got) in told("format = 'teams'\nsecret_url = { file = '/url' }").await {
        assert!(got.body.len() < 28 * 1024, "{} bytes", got.body.len());
        let body = got.json();
        assert_eq!(body["type"], "message");
        let attachments = body["attachments"].as_array().expect("attachments");
        assert_eq!(attachments.len(), 1);
        let kind = text(&attachments[0], "/contentType");
        assert_eq!(kind, "application/vnd.microsoft.card.adaptive");
        let card = &attachments[0]["content"];
        assert_eq!(
            (text(card, "/type"), text(card, "/version")),
            ("AdaptiveCard", "1.4")
        );
        for element in card["body"].as_array().expect("a body") {
            match text(element, "/type") {
                "RichTextBlock" => {
                    let runs = element["inlines"].as_array().expect("inlines");
                    assert!(runs.iter().all(|run| run["type"] == "TextRun"));
                }
                "FactSet" => {
                    for fact in element["facts"].as_array().expect("facts") {
                        assert!(!text(fact, "/title").is_empty());
                        assert!(!text(fact, "/value").contains(['*', '[', '<']));
                    }
                }
                other => panic!("an element that knows Markdown: {other}"),
            }
        }
        let colour = text(card, "/body/0/inlines/0/color");
        let colours = [
            "default",
            "dark",
            "light",
            "accent",
            "good",
            "warning",
            "attention",
        ];
        assert!(colours.contains(&colour), "{colour}");
        if message.phase == Phase::Ended {
            assert_eq!(colour, "good");
        }
    }
}

/// `routing_key` and `event_action` are required; a trigger has a summary of at most
/// 1024 characters, a source and one of four severities; a resolve needs `dedup_key`,
/// of at most 255 characters.
#[tokio::test]
async fn pagerduty_is_triggered_and_resolved_by_one_key() {
    let settings = "format = 'pagerduty'\nsecret_url = { file = '/url' }\nsecrets.routing_key = { env = 'ROUTING' }";
    for (message, got) in told(settings).await {
        let body = got.json();
        assert_eq!(body["routing_key"], "environment variable ROUTING");
        let action = match message.phase {
            Phase::Ended => "resolve",
            Phase::Began | Phase::Reminder | Phase::Once => "trigger",
        };
        assert_eq!(body["event_action"], action);
        assert_eq!(body["dedup_key"], message.key.as_str());
        assert!(length(&body, "/dedup_key") <= 255);
        let payload = &body["payload"];
        assert!((1..=1024).contains(&length(payload, "/summary")));
        assert_eq!(payload["source"], "wiki-prod");
        let severity = text(payload, "/severity");
        assert!(["critical", "error", "warning", "info"].contains(&severity));
        let at: Timestamp = text(payload, "/timestamp").parse().expect("ISO 8601");
        assert_eq!(at, message.since);
        assert!(payload["custom_details"].is_object());
        assert!(got.body.len() < 512 * 1024);
    }
    let format = Format::named("pagerduty").expect("shipped");
    let url = format.url.expect("one for all");
    assert_eq!(url.source(), "https://events.pagerduty.com/v2/enqueue");
}

/// A list of records; severity 0 clears, 1 to 5 are critical to information;
/// `additional_info` is a text that is JSON.
#[tokio::test]
async fn servicenow_gets_events_that_clear_by_their_key() {
    let settings = "format = 'servicenow'\nsecret_url = { file = '/url' }\nheaders.Authorization = 'Bearer {{ secrets.t }}'\nsecrets.t = { env = 'LOGIN' }";
    for (message, got) in told(settings).await {
        assert_eq!(
            got.header("authorization"),
            "Bearer environment variable LOGIN"
        );
        let body = got.json();
        let records = body["records"].as_array().expect("records");
        assert_eq!(records.len(), 1);
        let record = &records[0];
        for key in [
            "source",
            "node",
            "type",
            "resource",
            "metric_name",
            "message_key",
        ] {
            assert!(!text(record, &format!("/{key}")).is_empty(), "{key}");
        }
        let severity = text(record, "/severity");
        let expected = match (message.phase, message.severity) {
            (Phase::Ended, _) => "0",
            (_, Severity::Critical) => "1",
            (_, Severity::Warning) => "3",
            (_, Severity::Info) => "5",
        };
        assert_eq!(severity, expected);
        let closing = record["resolution_state"] == "Closing";
        assert_eq!(closing, message.phase == Phase::Ended);
        assert!(length(record, "/description") <= 4000);
        let info: Value = serde_json::from_str(text(record, "/additional_info")).expect("JSON");
        assert_eq!(info["id"], message.id.as_str());
    }
}

#[tokio::test]
async fn a_receiver_of_json_can_check_who_sent_it() {
    let settings = "secret_url = { file = '/url' }\nsecret = { env = 'SIGN' }";
    for (message, got) in told(settings).await {
        assert!(got.is_signed_with(b"environment variable SIGN"));
        assert!(!got.is_signed_with(b"environment variable OTHER"));
        let mut changed = got.clone();
        changed.body.push(b' ');
        assert!(!changed.is_signed_with(b"environment variable SIGN"));
        let body = got.json();
        let kind = format!(
            "scim_rotator.{}.{}",
            message.event.as_str(),
            message.phase.as_str()
        );
        assert_eq!(body["type"], kind.as_str());
        assert_eq!(body["data"]["key"], message.key.as_str());
        let absent = message.deadline.is_none();
        assert_eq!(body["data"].get("deadline").is_none(), absent);
    }
}

#[tokio::test]
async fn a_body_of_ones_own_takes_the_place_of_that_of_the_form() {
    let settings = "format = 'slack'\nsecret_url = { file = '/url' }\nbody = { text = '{{ event }}/{{ phase }}', deadline = '{{ deadline | or_omit }}' }";
    for (message, got) in told(settings).await {
        let body = got.json();
        let expected = format!("{}/{}", message.event.as_str(), message.phase.as_str());
        assert_eq!(body["text"], expected.as_str());
        assert_eq!(body.get("deadline").is_some(), message.deadline.is_some());
    }
}
