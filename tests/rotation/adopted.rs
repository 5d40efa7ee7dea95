//! What a person tells of an adopted token: `adopt`.

use scim_rotator::rotation::apply::take_requests;
use scim_rotator::rotation::decision::{Action, Decision, Reason};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{
    ExpiryKnown, Handled, HeldToken, Origin, Record, RequestsOf, Wish, WrittenRequest,
};
use scim_rotator::rotation::state::{About, Urgency, judge};
use serde::Deserialize;
use serde_json::Value;

use crate::scene::{ago, ahead, days, healthy, now};

/// A token that was adopted today, without a date, with a declared life of 90 days.
fn adopted() -> Record {
    let scene = healthy().current(|token| {
        token.origin = Origin::Adopted;
        token.issuer = None;
        token.id = None;
        token.issued_at = now();
        token.issued_at_is_seen = true;
        token.expires_at = Some(ahead(days(90)));
        token.expiry = ExpiryKnown::Declared;
    });
    scene.record
}

fn told(record: &Record, change: impl FnOnce(&mut WrittenRequest)) -> Record {
    let current = record.current.as_ref().expect("a token");
    let mut request = WrittenRequest {
        id: "one".to_owned(),
        seq: 1,
        at: now(),
        what: Wish::Adopt,
        compromised: false,
        override_guards: false,
        supplied: false,
        reason: "the admin page says so".to_owned(),
        connection: String::new(),
        fingerprint: current.fingerprint().short(),
        issued_at: None,
        expires_at: None,
        token_id: String::new(),
    };
    change(&mut request);
    let letter = RequestsOf {
        author: "ann".to_owned(),
        name: None,
        version: 1,
        requests: Ok(vec![request]),
    };
    let next = take_requests(record, &[letter], now());
    assert_eq!(invariant::check(&next), Ok(()));
    next
}

fn current(record: &Record) -> &HeldToken {
    record.current.as_ref().expect("a token")
}

#[test]
fn an_end_that_follows_from_the_declared_life_moves_with_the_date_of_issue() {
    let next = told(&adopted(), |request| {
        request.issued_at = Some(ago(days(60)))
    });
    let token = current(&next);
    assert_eq!(token.issued_at, ago(days(60)));
    assert!(!token.issued_at_is_seen);
    assert_eq!(token.expires_at, Some(ahead(days(30))));
    let noted = &next.handled[0];
    assert_eq!(noted.refused, None);
    assert_eq!(noted.what, Some(Wish::Adopt));
    let mut stored = serde_json::to_value(noted).expect("JSON");
    let read = |stored: &Value| Handled::deserialize(stored).expect("noted");
    assert_eq!(read(&stored), *noted);
    stored["what"] = "something later".into();
    assert_eq!(read(&stored).what, None, "a word of a later program");
    assert_eq!(noted.options, [format!("issued {}", ago(days(60)))]);
}

#[test]
fn the_end_and_the_id_are_taken_and_the_id_is_for_people_only() {
    let next = told(&adopted(), |request| {
        request.issued_at = Some(ago(days(60)));
        request.expires_at = Some(ahead(days(5)));
        request.token_id = "tok_7".to_owned();
    });
    let token = current(&next);
    assert_eq!(token.expires_at, Some(ahead(days(5))));
    assert_eq!(token.expiry, ExpiryKnown::Api);
    assert_eq!(token.stated_id.as_deref(), Some("tok_7"));
    assert_eq!(token.id, None, "it is never sent to an issuer");
}

#[test]
fn what_cannot_be_is_refused_and_says_why() {
    let refused = |record: &Record, change: fn(&mut WrittenRequest), why: &str| {
        let next = told(record, change);
        let said = next.handled[0].refused.clone().unwrap_or_default();
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(next.current, record.current, "{why}");
    };
    let record = adopted();
    refused(
        &record,
        |r| r.issued_at = Some(ahead(days(1))),
        "in the future",
    );
    refused(
        &record,
        |r| r.expires_at = Some(ago(days(1))),
        "before it was issued",
    );
    let other = |r: &mut WrittenRequest| {
        r.fingerprint = "0123456789ab".to_owned();
        r.issued_at = Some(ago(days(1)));
    };
    refused(&record, other, "another token is in use now");
    let mut jwt = adopted();
    if let Some(token) = jwt.current.as_mut() {
        token.expiry = ExpiryKnown::Jwt;
        token.expires_at = Some(ahead(days(3)));
    }
    refused(
        &jwt,
        |r| r.expires_at = Some(ahead(days(4))),
        "the token itself says",
    );
    let issued = healthy().record;
    refused(
        &issued,
        |r| r.issued_at = Some(ago(days(1))),
        "its issuer made it",
    );
}

#[test]
fn a_token_of_unknown_age_says_so_and_has_no_end() {
    let state = |record: Record| {
        let policy = healthy().policy;
        let decision = Decision {
            action: Action::Wait,
            reason: Reason::Fresh,
            wake_at: now(),
        };
        judge(&record, &policy, &decision, &About::default(), now())
    };
    let unknown = state(adopted());
    assert_eq!(unknown.deadline, None, "no false end");
    assert_eq!(unknown.urgency, Urgency::Attention);
    assert!(
        unknown
            .sentence
            .contains("Its age is unknown: it was adopted without a date")
    );
    let command = unknown.command.as_deref();
    assert_eq!(command, Some("scim-rotator adopt crm --issued DAY"));
    let known = state(told(&adopted(), |request| {
        request.issued_at = Some(ago(days(60)))
    }));
    assert_eq!(known.deadline, Some(ahead(days(30))));
    assert!(!known.sentence.contains("unknown"), "{known:?}");
}
