//! Tokens whose every metric has a sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::condition::{Condition, ConnectionState};
use scim_rotator::ports::unit::HandoverPlace;
use scim_rotator::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
    Supply,
};
use scim_rotator::rotation::decision::{Action, Decision, Reason};
use scim_rotator::rotation::outcome::ListedToken;
use scim_rotator::rotation::policy::{AcceptSupplied, Policy, Renew};
use scim_rotator::rotation::privilege::{AcceptedRisk, PrivilegeRules, PrivilegeVerdict};
use scim_rotator::rotation::record::{
    ConnectionHolds, Delivery, DeliveryState, ExpiryKnown, HeldToken, LastProbe, Origin,
    PastRotation, Record, Retiring, Rotation, RotationResult, Stage, SuppliedNote, Trigger,
};
use scim_rotator::rotation::schedule::Windows;
use scim_rotator::scim::cycle::journal::{JournalDocument, LastRun};
use scim_rotator::scim::cycle::report::CycleVerdict;
use scim_rotator::scim::evidence::Evidence;
use scim_rotator::scim::federated::sight::{Look, Part, Saw, Source};
use scim_rotator::scim::federated::verdict::{Standing, judge};
use scim_rotator::scim::scopes::{ScopeSource, Scopes};
use scim_rotator::secret::BearerToken;
use scim_rotator::telemetry::facts::{ConnectionFacts, TokenFacts};
use scim_rotator::telemetry::snapshot::{PrivilegeFacts, TokenSnapshot};

/// The moment at which all of this is looked at.
pub(crate) fn now() -> Timestamp {
    "2027-01-15T12:00:00Z".parse().expect("a time")
}

/// What an issuer with overlapping tokens can do.
pub(crate) fn capabilities() -> IssuerCapabilities {
    IssuerCapabilities {
        supply: Supply::Issuer,
        live_tokens: LiveTokens::Many,
        overlap: Overlap::ExplicitRetire,
        issue_effect: IssueEffect::Keeps,
        recovery: Recovery::ByLabel,
        revoke: Revoke::ById,
        expiry: ExpirySource::Reported,
        last_used: LastUsed::Exact,
    }
}

/// A federated credential.
pub(crate) fn federated(name: &str) -> Arc<TokenFacts> {
    let issuer = "https://idp.example.com";
    Arc::new(TokenFacts::federated(name, issuer, "production"))
}

/// What looks at it showed: every part, and another subject at the service provider.
pub(crate) fn broken_trust() -> Standing {
    let mut look = Look::default();
    for part in Part::ALL {
        look.see(part, Source::Assertion, Saw::Agrees);
    }
    let other = Saw::differs("scim-outbound", "somebody-else");
    look.see(Part::Subject, Source::Trust, other);
    look.certificate_ends_at = Some(now() + SignedDuration::from_hours(24));
    judge(None, &look, now())
}

/// A token of the issuer `crm` that feeds the connection `entra-hr`.
pub(crate) fn facts(name: &str) -> Arc<TokenFacts> {
    let connection = ConnectionFacts {
        name: "entra-hr".to_owned(),
        kind: "http".to_owned(),
        can_confirm: true,
        handover: None,
    };
    let by_hand = ConnectionFacts {
        name: "by-hand".to_owned(),
        kind: "manual".to_owned(),
        can_confirm: true,
        handover: Some(HandoverPlace {
            vault_path: format!("kv/handover/by-hand/{name}"),
            instructions: "Paste the token.".to_owned(),
            command: format!("scim-rotator ack {name} by-hand --reason pasted"),
        }),
    };
    Arc::new(TokenFacts::new(
        name,
        "crm",
        "http",
        Some("production".to_owned()),
        &capabilities(),
        vec![connection, by_hand],
    ))
}

/// A connection that provisioned a minute ago.
pub(crate) fn condition() -> Condition {
    Condition {
        state: ConnectionState::Healthy,
        last_success_at: Some(now() - SignedDuration::from_mins(1)),
    }
}

/// A token issued ten days ago for ninety.
pub(crate) fn held(value: &str) -> HeldToken {
    HeldToken {
        value: BearerToken::parse(value).expect("valid"),
        id: Some(ListedToken::with_id(format!("id-of-{value}")).issuer_id()),
        stated_id: None,
        issued_at_is_seen: false,
        supplied_by: None,
        issuer: None,
        issued_at: now() - SignedDuration::from_hours(240),
        expires_at: Some(now() + SignedDuration::from_hours(24 * 80)),
        expiry: ExpiryKnown::Api,
        origin: Origin::Issued,
        evidence: None,
        scopes: None,
        asked_life: None,
    }
}

/// A token at rest: in use at its connection, nothing to do.
pub(crate) fn fresh_record(name: &str) -> Record {
    let mut record = Record::new(name, now());
    let current = held(&format!("{name}-current"));
    record.generation = 2;
    let holds = |by_person| ConnectionHolds {
        fingerprint: current.fingerprint(),
        at: now() - SignedDuration::from_hours(240),
        confirmed_at: Some(now() - SignedDuration::from_hours(239)),
        in_doubt: false,
        by_person,
        ack: None,
    };
    record.connections = BTreeMap::from([
        ("entra-hr".to_owned(), holds(false)),
        ("by-hand".to_owned(), holds(true)),
    ]);
    record.current = Some(current);
    record.probe = Some(LastProbe {
        at: now(),
        refused: 0,
        passed_at: Some(now()),
        finding: None,
    });
    record.history = vec![PastRotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: "r-1".to_owned(),
        trigger: Trigger::Schedule,
        began_at: now() - SignedDuration::from_hours(241),
        ended_at: now() - SignedDuration::from_hours(240),
        result: RotationResult::Success,
        old: None,
        new: None,
        old_refused: None,
        detail: None,
    }];
    record
}

/// The same token in the middle of a rotation, with an old token still alive.
pub(crate) fn busy_record(name: &str) -> Record {
    let mut record = fresh_record(name);
    if let Some(current) = record.current.as_mut() {
        current.evidence = Some(weak_evidence(current));
        let told = Scopes::read(ScopeSource::Answer, ["scim admin"], None);
        current.scopes = told.map(Box::new);
    }
    record.retiring = vec![Retiring {
        token: held(&format!("{name}-previous")),
        superseded_at: now() - SignedDuration::from_hours(240),
        not_before: now() - SignedDuration::from_hours(1),
        extended: false,
        use_checked: None,
        revoked_at: None,
        still_accepted: false,
        attempts: 1,
        retry_at: None,
        last_finding: Some("the service provider could not be reached".to_owned()),
        still_used: true,
        used_by: Some("an old job".to_owned()),
        refused_since: None,
    }];
    record.full_cycle_ignored_at = Some(now() - SignedDuration::from_mins(5));
    record.supplied = Some(SuppliedNote {
        fingerprint: held(&format!("{name}-planted")).fingerprint(),
        at: now() - SignedDuration::from_mins(2),
        by: Some("userpass-ann".to_owned()),
        detail: "a value of somebody else".to_owned(),
        count: 1,
        written_back_at: Some(now() - SignedDuration::from_mins(1)),
    });
    record.rotation = Some(Rotation {
        steps: Vec::new(),
        asked_by: None,
        asked_why: None,
        id: "r-2".to_owned(),
        trigger: Trigger::Force,
        began_at: now() - SignedDuration::from_mins(5),
        stage: Stage::Delivering,
        stage_entered_at: now() - SignedDuration::from_mins(1),
        intent: None,
        attempts: 1,
        pending: Some(held(&format!("{name}-pending"))),
        deliveries: BTreeMap::new(),
        completed: false,
        rollback: None,
        operator_deadline: None,
        may_be_delivered: true,
        supplied_is_meant: false,
    });
    record
}

/// A token whose renewal is due, and of which no more may be issued today.
pub(crate) fn capped_record(name: &str) -> Record {
    let mut record = fresh_record(name);
    let hours = |hours| now() - SignedDuration::from_hours(hours);
    record.issues = vec![hours(3), hours(2), hours(1)];
    if let Some(current) = record.current.as_mut() {
        current.issued_at = hours(24 * 40);
        current.expires_at = Some(now() + SignedDuration::from_hours(24 * 50));
    }
    record
}

/// The same token while a person writes the new one into a connection.
pub(crate) fn handed_over_record(name: &str) -> Record {
    let mut record = busy_record(name);
    let since = now() - SignedDuration::from_mins(1);
    let rotation = record.rotation.as_mut().expect("in flight");
    rotation.stage = Stage::HandedOver;
    rotation.operator_deadline = Some(now() + SignedDuration::from_hours(24 * 7));
    let delivery = Delivery {
        state: DeliveryState::Delivered,
        at: since,
        ask_again_at: None,
    };
    rotation.deliveries.insert("by-hand".to_owned(), delivery);
    let holds = ConnectionHolds {
        fingerprint: held(&format!("{name}-pending")).fingerprint(),
        at: since,
        confirmed_at: None,
        in_doubt: false,
        by_person: true,
        ack: None,
    };
    record.connections.insert("by-hand".to_owned(), holds);
    record
}

/// Proof of a token at a service provider that redirects wrong ones.
fn weak_evidence(token: &HeldToken) -> Evidence {
    let stored = serde_json::json!({
        "fingerprint": token.fingerprint(),
        "at": now(),
        "controls": "unclear",
        "unclear": { "reason": "redirect", "detail": "a wrong token is redirected" },
    });
    serde_json::from_value(stored).expect("evidence as it is stored")
}

/// What is decided for a token at rest.
pub(crate) fn resting() -> Decision {
    Decision {
        action: Action::Wait,
        reason: Reason::Fresh,
        wake_at: now() + SignedDuration::from_hours(1),
    }
}

/// Renewal 77 days before expiry, which is in three days.
pub(crate) fn policy() -> Policy {
    let hour = SignedDuration::from_hours(1);
    Policy {
        renew: Renew {
            before: Some(SignedDuration::from_hours(24 * 77)),
            ..Renew::default()
        },
        overlap: SignedDuration::from_hours(24),
        windows: Windows::default(),
        lifetime: None,
        declared_lifetime: None,
        retry_min: SignedDuration::from_mins(1),
        retry_max: hour,
        max_attempts: 5,
        issues_per_day: 3,
        probe_every: hour,
        max_clock_skew: SignedDuration::from_secs(30),
        operator_deadline: SignedDuration::from_hours(72),
        operator_poll: hour,
        settle: SignedDuration::from_secs(30),
        new_token_patience: hour,
        confirm_timeout: hour,
        confirm_every: SignedDuration::from_mins(1),
        lease: SignedDuration::from_mins(1),
        accept_supplied: AcceptSupplied::default(),
        full_cycle: None,
        privilege: PrivilegeRules::default(),
        life_tolerance: 0.1,
        refusal_window: SignedDuration::from_secs(30),
    }
}

/// A token at rest of which this is known.
pub(crate) fn judged(name: &str, verdict: PrivilegeVerdict) -> TokenSnapshot {
    let privilege = PrivilegeFacts {
        verdict,
        source: Some(ScopeSource::Listing),
        detail: "what was seen".to_owned(),
        checked_at: Some(now()),
        accepted_risk: None,
    };
    TokenSnapshot {
        privilege: Some(Box::new(privilege)),
        ..snapshot(&fresh_record(name))
    }
}

/// The snapshot of a record at rest.
pub(crate) fn snapshot(record: &Record) -> TokenSnapshot {
    let mut policy = policy();
    // Somebody accepts that the busy one is broad.
    let is_broad = record.current.as_ref().is_some_and(|t| t.scopes.is_some());
    policy.privilege.accepted_risk = is_broad.then(|| AcceptedRisk {
        reason: "the vendor has one scope".to_owned(),
        owner: "people team".to_owned(),
        until: now() + SignedDuration::from_hours(24 * 30),
    });
    TokenSnapshot::from_record(&facts(&record.token), record, &resting(), &policy, now())
}

/// The journal of full cycles after one that passed.
pub(crate) fn journal() -> JournalDocument {
    let mut journal = JournalDocument::default();
    let last = LastRun {
        run: "0199aa".to_owned(),
        at: now() - SignedDuration::from_hours(1),
        verdict: CycleVerdict::Passed,
        detail: String::new(),
        fingerprint: held("erp-current").fingerprint(),
    };
    journal.conclude(last, now() - SignedDuration::from_hours(2));
    journal
}
