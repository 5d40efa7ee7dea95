//! A1: only an id that the issuer has shown reaches a revocation.

use scim_rotator::rotation::capability::Revoke;
use scim_rotator::rotation::decision::{Action, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::{
    ListedToken, Listing, Lookup, Outcome, Preparation, Supplied,
};
use scim_rotator::rotation::record::{ExpiryKnown, HeldToken, Origin, Record, Stage, Trigger};
use scim_rotator::scim::evidence::Verdict;
use scim_rotator::secret::shown_parts::ShownParts;

use crate::apply_table::{preparation, supplied};
use crate::scene::{
    Scene, ago, ahead, days, evidence, finding, healthy, hours, mins, nothing_yet, now, print,
    shown_id,
};

/// An adopted token that names a stranger's id.
fn adopted() -> Scene {
    let stated = Supplied {
        stated_id: Some("victim".to_owned()),
        ..supplied("x")
    };
    nothing_yet().person_wrote("x").then(Outcome::Adopted {
        supplied: stated,
        lookup: None,
    })
}

fn listed(id: &str, label: Option<&str>) -> ListedToken {
    ListedToken {
        label: label.map(str::to_owned),
        ..ListedToken::with_id(id)
    }
}

fn lookup(tokens: Vec<ListedToken>) -> Lookup {
    let listing = Listing { tokens, etag: None };
    Lookup {
        listing,
        id_in_value: None,
        sample_labels: ["rot-crm-0000-1", "rot-crm-ffff-1"].map(str::to_owned),
    }
}

fn prepared(scene: Scene, lookup: Lookup) -> HeldToken {
    let scene = scene.then(Outcome::Prepared(Preparation {
        listing: Some(lookup.listing.clone()),
        lookup: Some(lookup),
        ..preparation(Trigger::Schedule)
    }));
    scene.record.current.expect("a current token")
}

#[test]
fn an_id_from_the_published_secret_is_shown_and_nothing_else() {
    let current = adopted().record.current.expect("a current token");
    assert_eq!(current.id, None);
    assert_eq!(current.stated_id.as_deref(), Some("victim"));
}

#[test]
fn the_id_of_an_adopted_token_is_looked_up() {
    let ours = "rot-crm-01ab-3";
    let others = "rot-crm-prod-01ab-3";
    let stranger = || listed("victim", Some("made by hand"));
    let rows = [
        ("the only one", vec![listed("t-1", None)], Some("t-1")),
        (
            "by its label",
            vec![stranger(), listed("t-2", Some(ours))],
            Some("t-2"),
        ),
        ("two that fit", vec![listed("t-1", None), stranger()], None),
        (
            "two with our label",
            vec![listed("t-1", Some(ours)), listed("t-2", Some(ours))],
            None,
        ),
        (
            "the only one is another token's",
            vec![listed("t-3", Some(others))],
            None,
        ),
        ("none", vec![], None),
    ];
    for (how, tokens, wanted) in rows {
        let current = prepared(adopted(), lookup(tokens));
        assert_eq!(current.id, wanted.map(shown_id), "{how}");
        let issuer = wanted.map(|_| "idp-admin".to_owned());
        assert_eq!(current.issuer, issuer, "{how}");
    }
}

/// The value is `value-of-x`, and every value begins with `value-`.
#[test]
fn the_beginning_or_the_end_of_its_value_tells_it() {
    let shown = |id: &str, label, prefix, suffix| ListedToken {
        shown: ShownParts::new(prefix, suffix),
        ..listed(id, label)
    };
    let ours = Some("rot-crm-01ab-3");
    let other = || shown("victim", None, Some("value-of-y"), None);
    let rows = [
        (
            "its beginning",
            vec![shown("t-1", None, Some("value-of-x"), None), other()],
            Some("t-1"),
        ),
        (
            "its end",
            vec![shown("t-1", None, None, Some("…of-x")), other()],
            Some("t-1"),
        ),
        (
            "both",
            vec![
                shown("t-1", None, Some("valu…of-x"), Some("valu…of-x")),
                other(),
            ],
            Some("t-1"),
        ),
        (
            "too little",
            vec![
                shown("t-1", None, Some("value-o"), None),
                listed("t-2", None),
            ],
            None,
        ),
        (
            "three characters",
            vec![shown("t-1", None, None, Some("f-x")), listed("t-2", None)],
            None,
        ),
        (
            "two that fit",
            vec![
                shown("t-1", None, None, Some("of-x")),
                shown("t-2", None, None, Some("of-x")),
            ],
            None,
        ),
        (
            "two that fit, and one has our label",
            vec![
                shown("t-1", None, None, Some("of-x")),
                shown("t-2", ours, None, Some("of-x")),
            ],
            Some("t-2"),
        ),
        ("the only one differs", vec![other()], None),
        (
            "the one with our label differs",
            vec![shown("t-1", ours, None, Some("y"))],
            None,
        ),
    ];
    for (how, tokens, wanted) in rows {
        let current = prepared(adopted(), lookup(tokens));
        assert_eq!(current.id, wanted.map(shown_id), "{how}");
    }
}

#[test]
fn the_only_token_of_a_shared_issuer_may_be_another_s() {
    let shared = adopted().with(|scene| scene.shares_issuer = true);
    let current = prepared(shared.clone(), lookup(vec![listed("t-1", None)]));
    assert_eq!(current.id, None);
    let labelled = lookup(vec![listed("t-1", Some("rot-crm-01ab-3"))]);
    assert_eq!(prepared(shared, labelled).id, Some(shown_id("t-1")));
}

#[test]
fn an_id_in_the_text_of_a_token_counts_if_the_issuer_lists_it() {
    let named = |id: &str, tokens| Lookup {
        id_in_value: Some(id.to_owned()),
        ..lookup(tokens)
    };
    let both = || vec![listed("t-1", None), listed("t-2", None)];
    let current = prepared(adopted(), named("t-2", both()));
    assert_eq!(current.id, Some(shown_id("t-2")));
    let current = prepared(adopted(), named("t-9", both()));
    assert_eq!(current.id, None);
    let current = prepared(adopted(), named("t-9", vec![listed("t-1", None)]));
    assert_eq!(current.id, None, "the only one has another id");
}

#[test]
fn a_listed_token_that_cannot_be_it_is_not_taken_for_it() {
    let younger = ListedToken {
        created_at: Some(ahead(hours(72))),
        ..listed("t-1", None)
    };
    assert_eq!(prepared(adopted(), lookup(vec![younger])).id, None);
    // Nobody told when it was issued: it was there when it was adopted.
    let soon_after = ListedToken {
        created_at: Some(ahead(hours(1))),
        ..listed("t-1", None)
    };
    let found = |scene: Scene| prepared(scene, lookup(vec![soon_after.clone()])).id;
    let seen = |is_seen| adopted().current(|token| token.issued_at_is_seen = is_seen);
    assert_eq!(found(seen(true)), None);
    assert!(found(seen(false)).is_some(), "people write days");
    let jwt = adopted().current(|token| {
        token.expires_at = Some(ahead(days(10)));
        token.expiry = ExpiryKnown::Jwt;
    });
    let other_end = ListedToken {
        expires_at: Some(ahead(days(20))),
        ..listed("t-1", None)
    };
    assert_eq!(prepared(jwt, lookup(vec![other_end])).id, None);
}

/// The issuer's word about the end counts, if it is the earlier one.
#[test]
fn the_issuer_tells_the_end_of_an_adopted_token() {
    let far = adopted().current(|token| token.expires_at = Some(ahead(days(60_000))));
    let told = ListedToken {
        expires_at: Some(ahead(days(12))),
        ..listed("t-1", None)
    };
    let current = prepared(far, lookup(vec![told]));
    assert_eq!(current.expires_at, Some(ahead(days(12))));
    assert_eq!(current.expiry, ExpiryKnown::Api);
}

#[test]
fn an_id_that_an_earlier_program_stored_is_not_believed() {
    let mut record = healthy().record;
    for (origin, issuer, kept) in [
        (Origin::Issued, None, true),
        (Origin::Adopted, None, false),
        (Origin::Operator, None, false),
        (Origin::Adopted, Some("idp-admin"), true),
    ] {
        let current = record.current.as_mut().expect("a current token");
        current.origin = origin;
        current.issuer = issuer.map(str::to_owned);
        current.id = Some(shown_id("id-a"));
        let stored = serde_json::to_value(&record).expect("stored");
        let read: Record = serde_json::from_value(stored).expect("read");
        let current = read.current.clone().expect("a current token");
        let (id, stated) = match kept {
            true => (Some(shown_id("id-a")), None),
            false => (None, Some("id-a".to_owned())),
        };
        assert_eq!((current.id, current.stated_id), (id, stated), "{origin:?}");
        assert_eq!(invariant::check(&read), Ok(()), "{origin:?}");
        let unshown = origin != Origin::Issued && issuer.is_none();
        assert_eq!(invariant::check(&record).is_err(), unshown, "{origin:?}");
    }
}

/// A token without an id is left to expire, and that is said.
#[test]
fn a_token_whose_id_is_not_known_is_left_to_expire() {
    let end = ahead(days(20));
    let confirming = |change: fn(&mut HeldToken)| {
        let scene = healthy().issued(days(10)).current(change);
        let scene = scene
            .stage(Stage::Delivering)
            .with(|s| s.connections.clear());
        scene.then(crate::apply_table::proved("b"))
    };
    let known = confirming(|_| {});
    assert_eq!(known.record.retiring[0].not_before, now() + hours(24));
    assert_eq!(known.record.retiring[0].last_finding, None);
    let unknown = confirming(|token| token.id = None);
    let entry = &unknown.record.retiring[0];
    assert_eq!(entry.not_before, end, "not at the end of the overlap");
    let told = entry.last_finding.as_deref().unwrap_or_default();
    assert!(told.contains("id at the issuer is not known"), "{told}");
    let by_value = healthy()
        .issued(days(10))
        .issuer(|i| i.revoke = Revoke::ByValue);
    let by_value = by_value.current(|token| token.id = None);
    let by_value = by_value
        .stage(Stage::Delivering)
        .with(|s| s.connections.clear());
    let by_value = by_value.then(crate::apply_table::proved("b"));
    assert_eq!(by_value.record.retiring[0].not_before, now() + hours(24));
}

/// It is not said to be revoked, and a compromise cannot hurry it.
#[test]
fn a_token_that_was_not_revoked_is_not_called_revoked() {
    let scene = healthy().retire_due().superseded(|old| old.token.id = None);
    assert!(matches!(
        scene.plan().action,
        Action::Do(Step::Retire { .. })
    ));
    let still = finding(scim_rotator::scim::evidence::FindingReason::StillAccepted);
    let after = scene.then(Outcome::Retired {
        fingerprint: print("old"),
        refusal: Verdict::Fail(still),
    });
    let entry = &after.record.retiring[0];
    assert_eq!(entry.revoked_at, None);
    let told = entry.last_finding.as_deref().unwrap_or_default();
    assert!(told.contains("revoke it at the issuer by hand"), "{told}");

    let compromised = healthy()
        .retiring("old", ahead(days(3)))
        .superseded(|old| old.token.id = None)
        .requested(Trigger::Compromise, ago(mins(1)))
        .with(|s| s.record.issues = vec![ago(hours(1)); 3])
        .current(|token| token.evidence = Some(evidence("a", now())));
    assert!(!matches!(
        compromised.plan().action,
        Action::Do(Step::Retire { .. })
    ));
}
