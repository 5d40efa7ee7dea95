//! What scenes are made of: times, tokens, evidence, and what is common of
//! issuers, connections and policies.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, ExpirySource, IssueEffect,
    IssuerCapabilities, LastUsed, LiveTokens, Overlap, Readback, Recovery, Revoke, SideEffects,
    Supply, Writer,
};
use scim_rotator::rotation::issuer_id::IssuerId;
use scim_rotator::rotation::outcome::ListedToken;
use scim_rotator::rotation::policy::{AcceptSupplied, Policy, Renew};
use scim_rotator::rotation::privilege::PrivilegeRules;
use scim_rotator::rotation::record::{
    Delivery, DeliveryState, ExpiryKnown, HeldToken, IdsBefore, Intent, Origin,
};
use scim_rotator::rotation::schedule::Windows;
use scim_rotator::scim::evidence::{Evidence, Finding, FindingReason, Refusal};
use scim_rotator::secret::{BearerToken, Fingerprint};
use serde_json::json;

/// The time of every scene.
const NOW: &str = "2026-11-24T12:00:00Z";

/// The replica that looks.
pub(crate) const ME: &str = "replica-a";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a timestamp")
}

pub(crate) fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

pub(crate) fn mins(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

pub(crate) fn days(count: i64) -> SignedDuration {
    hours(24 * count)
}

pub(crate) fn ago(duration: SignedDuration) -> Timestamp {
    now() - duration
}

pub(crate) fn ahead(duration: SignedDuration) -> Timestamp {
    now() + duration
}

/// The value of the token that a test calls `name`.
pub(crate) fn value(name: &str) -> BearerToken {
    BearerToken::parse(format!("value-of-{name}")).expect("a token")
}

pub(crate) fn print(name: &str) -> Fingerprint {
    value(name).fingerprint()
}

/// What a probe that passed would say. Only the probe can make evidence; a
/// stored record is the other place where it comes from.
pub(crate) fn evidence(name: &str, at: Timestamp) -> Evidence {
    evidence_of(&print(name), at, "refused")
}

/// Evidence of a probe whose negative controls gave no clear answer.
pub(crate) fn weak_evidence(name: &str, at: Timestamp) -> Evidence {
    evidence_of(&print(name), at, "unclear")
}

pub(crate) fn evidence_of(fingerprint: &Fingerprint, at: Timestamp, controls: &str) -> Evidence {
    let stored = json!({"fingerprint": fingerprint, "at": at, "controls": controls});
    serde_json::from_value(stored).expect("evidence as it is stored")
}

pub(crate) fn refusal_of(fingerprint: &Fingerprint, at: Timestamp) -> Refusal {
    let stored = json!({"fingerprint": fingerprint, "at": at});
    serde_json::from_value(stored).expect("a refusal as it is stored")
}

pub(crate) fn finding(reason: FindingReason) -> Finding {
    Finding {
        reason,
        detail: format!("the service provider answered: {}", reason.as_str()),
    }
}

/// An id as an issuer's list shows it.
pub(crate) fn shown_id(id: &str) -> IssuerId {
    ListedToken::with_id(id).issuer_id()
}

/// A token issued ten days ago that lives for thirty, proven a minute ago.
pub(crate) fn held(name: &str) -> HeldToken {
    HeldToken {
        value: value(name),
        id: Some(shown_id(&format!("id-{name}"))),
        stated_id: None,
        issued_at_is_seen: false,
        supplied_by: None,
        issuer: None,
        issued_at: ago(days(10)),
        expires_at: Some(ahead(days(20))),
        expiry: ExpiryKnown::Api,
        origin: Origin::Issued,
        evidence: Some(evidence(name, ago(mins(1)))),
        scopes: None,
        asked_life: None,
    }
}

/// The commonest issuer: several tokens, we revoke, a label finds lost ones.
pub(crate) fn common_issuer() -> IssuerCapabilities {
    IssuerCapabilities {
        supply: Supply::Issuer,
        live_tokens: LiveTokens::Many,
        overlap: Overlap::ExplicitRetire,
        issue_effect: IssueEffect::Keeps,
        recovery: Recovery::ByLabel,
        revoke: Revoke::ById,
        expiry: ExpirySource::Reported,
        last_used: LastUsed::None,
    }
}

pub(crate) fn plain_connection() -> ConnectionCapabilities {
    ConnectionCapabilities {
        writer: Writer::Daemon,
        test: ConnectionTest::Saved,
        write: ConnectionWrite::Merge,
        readback: Readback::Masked,
        side_effects: SideEffects::None,
    }
}

/// Renews at two thirds of the life, without jitter; otherwise the defaults of
/// the configuration.
pub(crate) fn policy() -> Policy {
    Policy {
        renew: Renew {
            fraction: Some(2.0 / 3.0),
            ..Renew::default()
        },
        overlap: hours(24),
        windows: Windows::default(),
        lifetime: None,
        declared_lifetime: None,
        retry_min: secs(30),
        retry_max: hours(1),
        max_attempts: 5,
        issues_per_day: 3,
        probe_every: hours(1),
        max_clock_skew: mins(2),
        operator_deadline: days(7),
        operator_poll: mins(1),
        settle: mins(2),
        new_token_patience: mins(5),
        confirm_timeout: hours(2),
        confirm_every: mins(1),
        lease: mins(2),
        full_cycle: None,
        accept_supplied: AcceptSupplied::default(),
        privilege: PrivilegeRules::default(),
        life_tolerance: 0.1,
        // One refusal is enough, where nothing else is said.
        refusal_window: SignedDuration::ZERO,
    }
}

pub(crate) fn intent(at: Timestamp) -> Intent {
    Intent {
        at,
        issuer: None,
        label: "crm-r1-1".to_owned(),
        ids_before: IdsBefore::of(["id-a", "id-foreign"].into_iter()),
        etag: None,
        chosen: None,
        unusable: None,
    }
}

pub(crate) fn delivery(state: DeliveryState) -> Delivery {
    Delivery {
        state,
        at: ago(mins(3)),
        ask_again_at: None,
    }
}
