//! Tokens in the states that the status page is looked at in.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::ports::Clock;
use scim_rotator::ports::condition::{Condition, ConnectionState};
use scim_rotator::rotation::decision::{Reason, Step};
use scim_rotator::rotation::forecast::Upcoming;
use scim_rotator::rotation::record::{
    ConnectionHolds, Halt, HaltCause, LastFailure, Lease, Paused, Record, Trigger,
};
use scim_rotator::server::Rotations;
use scim_rotator::telemetry::facts::{ConnectionFacts, TokenFacts};
use scim_rotator::telemetry::notify::Notifier;
use scim_rotator::telemetry::snapshot::TokenSnapshot;
use scim_rotator::telemetry::{Telemetry, VaultSigns};
use serde_json::{Value, json};

use crate::fixture::{self, now};

/// The clock of the scene.
pub(super) struct Fixed;

#[async_trait]
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        now()
    }
    async fn sleep(&self, _duration: SignedDuration) {}
}

/// The rotations of every token.
pub(super) struct Kept;

#[async_trait]
impl Rotations for Kept {
    async fn of(&self, _token: &str) -> Result<Vec<Value>, String> {
        let began = hours(-240);
        let at = |seconds| began + SignedDuration::from_secs(seconds);
        let step = |step: &str, connection: Option<&str>, second, took_ms: u64| {
            let mut step = json!({ "step": step, "began_at": at(second), "took_ms": took_ms });
            if let Some(connection) = connection {
                step["connection"] = json!(connection);
            }
            step
        };
        let past = json!({
            "id": "0199b2a4", "trigger": "schedule", "asked_by": null, "asked_why": null,
            "began_at": began, "ended_at": at(42), "took_seconds": 42, "result": "success",
            "old": "5d41402abc4b", "new": "7d793037a076", "old_refused_at": at(90_000),
            "old_gone_at_issuer": false, "detail": null,
            "steps": [
                step("prepare", None, 0, 240), step("issue", None, 1, 1_310),
                step("prove", None, 3, 820), step("deliver", Some("entra-hr"), 5, 2_450),
                step("confirm", Some("entra-hr"), 12, 26_000), step("publish", None, 41, 190),
            ],
        });
        Ok(vec![past])
    }
}

/// No token, Vault answers, the configuration is in force.
pub(super) fn empty() -> Telemetry {
    let telemetry = Telemetry::new(hours(-30), Notifier::silent()).expect("metrics");
    telemetry.config_read(true, hours(-30));
    telemetry.vault(VaultSigns {
        up: true,
        ..VaultSigns::default()
    });
    telemetry
}

/// No token is configured, and all work is paused.
pub(super) fn nothing_and_paused(telemetry: &Telemetry) {
    telemetry.health.all_paused(Some(Paused {
        since: hours(-2),
        reason: "the vendor <b>migrates</b> its tenants".to_owned(),
        by: Some("ann".to_owned()),
    }));
    telemetry.config_read(false, hours(-1));
}

const VENDORS: [(&str, &str, &str); 6] = [
    ("crm", "salesforce", "entra-hr"),
    ("chat", "slack", "okta-people"),
    ("video", "zoom", "okta-people"),
    ("design", "figma", "entra-hr"),
    ("code", "github", "entra-engineering"),
    ("tickets", "http", "okta-people"),
];
const PLACES: [&str; 4] = ["prod", "eu", "us", "staging"];

/// Every token works.
pub(super) fn all_fine(telemetry: &Telemetry) {
    for place in PLACES {
        for vendor in VENDORS {
            let days = i64::try_from(place.len() * vendor.1.len()).expect("few");
            let mut record = record_for(&name(vendor.0, place), vendor.2);
            let current = record.current.as_mut().expect("a token");
            current.expires_at = Some(hours(24 * (80 + days % 9)));
            show(telemetry, vendor, place, &record);
        }
    }
}

/// The same, and some need a person or fail.
pub(super) fn trouble(telemetry: &Telemetry) {
    all_fine(telemetry);
    let (crm, chat, video, design) = (VENDORS[0], VENDORS[1], VENDORS[2], VENDORS[3]);
    let (code, tickets) = (VENDORS[4], VENDORS[5]);

    let mut expired = record_for("video-prod", video.2);
    expired.current.as_mut().expect("a token").expires_at = Some(hours(-2));
    expired.failures.consecutive = 5;
    expired.failures.last = Some(failed(
        "issue",
        "POST https://api.example.com/tokens answered 403: the scope scim:write is missing; grant it to the application",
    ));
    show(telemetry, video, "prod", &expired);

    let mut refused = record_for("crm-eu", crm.2);
    refused.probe = serde_json::from_value(json!({
        "at": now(), "refused": 3, "passed_at": hours(-6),
        "finding": { "reason": "rejected", "detail": "401 from https://acme.example.com/scim/v2/Users" },
    }))
    .expect("a probe");
    show(telemetry, crm, "eu", &refused);

    let mut halted = record_for("design-prod", design.2);
    halted.halt = Some(Halt {
        step: String::new(),
        retry_at: None,
        may_pass: false,
        asked: None,
        settings: String::new(),
        cause: HaltCause::SameToken,
        since: hours(-20),
        detail: "the issuer answered with the token that is in use".to_owned(),
        compromised: false,
    });
    show(telemetry, design, "prod", &halted);

    let mut paused = record_for("chat-eu", chat.2);
    paused.paused = Some(Paused {
        since: hours(-50),
        reason: "acceptance test until Monday".to_owned(),
        by: Some("ann".to_owned()),
    });
    show(telemetry, chat, "eu", &paused);

    show(
        telemetry,
        tickets,
        "prod",
        &fixture::handed_over_record("tickets-prod"),
    );
    let mut limited = fixture::capped_record("code-us");
    rename(&mut limited, code.2);
    show(telemetry, code, "us", &limited);

    let mut busy = fixture::busy_record("crm-us");
    rename(&mut busy, crm.2);
    busy.lease = Some(Lease {
        holder: "0199beef".to_owned(),
        epoch: 4,
        expires_at: now() + SignedDuration::from_secs(40),
    });
    show(telemetry, crm, "us", &busy);

    let seen = Condition {
        state: ConnectionState::Quarantined,
        last_success_at: Some(hours(-3)),
    };
    let looks = telemetry.board.looks("code-prod").expect("a token");
    looks.set(code.2, Some(seen), now());
    let looks = telemetry.board.looks("crm-prod").expect("a token");
    looks.set(crm.2, Some(fixture::condition()), now());
    telemetry.board.expect(fixture::federated("workforce"));
    telemetry.board.looked("workforce", fixture::broken_trust());
    telemetry.config_read(false, hours(-1));
}

/// One of the tokens that work expires.
pub(super) fn break_one(telemetry: &Telemetry) {
    let mut expired = record_for("chat-eu", VENDORS[1].2);
    expired.current.as_mut().expect("a token").expires_at = Some(hours(-1));
    show(telemetry, VENDORS[1], "eu", &expired);
}

fn hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn name(what: &str, place: &str) -> String {
    format!("{what}-{place}")
}

fn failed(step: &str, message: &str) -> LastFailure {
    LastFailure {
        at: hours(-1),
        step: step.to_owned(),
        class: FaultClass::Rejected,
        kind: FaultKind::Auth,
        message: message.to_owned(),
        retry_after: None,
    }
}

fn record_for(name: &str, connection: &str) -> Record {
    let mut record = fixture::fresh_record(name);
    rename(&mut record, connection);
    record
}

/// What the fixture's first connection holds is held by this one.
fn rename(record: &mut Record, connection: &str) {
    let holds: Option<ConnectionHolds> = record.connections.get("entra-hr").cloned();
    let holds = holds.map(|holds| (connection.to_owned(), holds));
    record.connections = BTreeMap::from_iter(holds);
}

fn show(
    telemetry: &Telemetry,
    (issuer, provider, connection): (&str, &str, &str),
    place: &str,
    record: &Record,
) {
    let mut facts: TokenFacts = (*fixture::facts(&record.token)).clone();
    facts.issuer = format!("{issuer}-admin");
    facts.provider = provider.to_owned();
    facts.owner = Some("people team".to_owned());
    facts.vault_path = format!("kv/scim/{}", record.token);
    facts.environment = Some(match place {
        "staging" => "staging".to_owned(),
        _ => "production".to_owned(),
    });
    // A token that a person hands over keeps the fixture's connections.
    if !record.connections.contains_key("by-hand") {
        facts.connections = vec![ConnectionFacts {
            name: connection.to_owned(),
            kind: "http".to_owned(),
            can_confirm: true,
            handover: None,
        }];
    }
    let decided = fixture::resting();
    let policy = fixture::policy();
    let snapshot = TokenSnapshot::from_record(&Arc::new(facts), record, &decided, &policy, now());
    let next = snapshot.renew_at.map(|at| Upcoming {
        at,
        step: Step::Prepare {
            trigger: Trigger::Schedule,
        },
        reason: Reason::RenewalDue,
    });
    telemetry.board.set(snapshot);
    telemetry.board.foresee(&record.token, next);
}
