//! Looks at servers that answer what a test says.

mod presented;
mod stage;

use serde_json::json;

use self::stage::{SUBJECT, Stage, World};
use crate::scim::federated::sight::{Part, Saw, Source};
use crate::scim::federated::verdict::Word;
use crate::scim::federated::watch::Federation as _;
use crate::scim::jwt::tests::jwt;

#[tokio::test]
async fn both_sides_agree() {
    let mut stage = Stage::new().await;
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Trusted, "{look:#?}");
    let shown: Vec<_> = look.sights.iter().map(|sight| sight.source).collect();
    for source in [
        Source::Discovery,
        Source::Keys,
        Source::Assertion,
        Source::Trust,
        Source::TokenEndpoint,
        Source::Scim,
    ] {
        assert!(shown.contains(&source), "{source:?}: {look:#?}");
    }
    let asked = stage.world.lock().asked.clone();
    let form = "client_assertion client_assertion_type client_id grant_type scope";
    assert_eq!(asked, [form, form], "the assertion, and a wrong one");
}

/// Each of the four, really changed at one side.
#[tokio::test]
async fn each_part_that_is_changed_is_named() {
    type Change = fn(&mut World);
    let cases: [(Change, &[(Part, Source)]); 11] = [
        (
            |w| w.issuer_named = json!("https://new.example"),
            &[(Part::Issuer, Source::Discovery)],
        ),
        (
            |w| w.claims["iss"] = json!("https://new.example"),
            &[(Part::Issuer, Source::Assertion)],
        ),
        (
            |w| w.trust["issuer"] = json!("https://old.example"),
            &[(Part::Issuer, Source::Trust)],
        ),
        (
            |w| w.claims["aud"] = json!("else"),
            &[(Part::Audience, Source::Assertion)],
        ),
        (
            |w| w.trust["audiences"] = json!(["else"]),
            &[(Part::Audience, Source::Trust)],
        ),
        (
            |w| w.claims["sub"] = json!("else"),
            &[(Part::Subject, Source::Assertion)],
        ),
        (
            |w| w.trust["jwt.credential.sub"] = json!("else"),
            &[(Part::Subject, Source::Trust)],
        ),
        (|w| w.key_id = "k9", &[(Part::Key, Source::Assertion)]),
        (
            |w| w.keys = json!([{ "kty": "oct", "kid": "k3" }]),
            &[(Part::Key, Source::Assertion), (Part::Key, Source::Trust)],
        ),
        (
            |w| w.trust["keys"] = json!(["k8"]),
            &[(Part::Key, Source::Trust)],
        ),
        (
            |w| w.trust["keys"] = json!(["k2"]),
            &[(Part::Key, Source::Trust)],
        ),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let mut stage = Stage::new().await;
        assert_eq!(stage.looks(1).await, Word::Trusted);
        stage.change(change);
        assert_eq!(stage.looks(1).await, Word::Broken, "case {index}");
        assert_eq!(stage.broken(), expected, "case {index}");
    }
}

#[tokio::test]
async fn no_answer_that_is_unclear_is_a_break_however_often_it_comes() {
    for status in [429, 500, 502, 503, 302, 401] {
        let mut stage = Stage::new().await;
        stage.change(|w| {
            w.discovery_status = status;
            w.keys_status = status;
            w.trust_status = status;
            w.token_status = if status == 401 { 503 } else { status.max(429) };
        });
        assert_eq!(stage.looks(6).await, Word::Unclear, "{status}");
    }
    let mut stage = Stage::new().await;
    stage.change(|w| w.scim_status = 503);
    assert_eq!(stage.looks(4).await, Word::Unclear);
}

#[tokio::test]
async fn keys_that_are_gone_are_a_break_when_they_stay_away() {
    type Change = fn(&mut World);
    let changes: [Change; 3] = [
        |w| w.keys = json!([]),
        |w| w.keys = json!("no list"),
        |w| w.keys_status = 404,
    ];
    for change in changes {
        let mut stage = Stage::new().await;
        stage.looks(1).await;
        stage.change(change);
        assert_eq!(stage.looks(2).await, Word::Unclear);
        assert_eq!(stage.looks(1).await, Word::Broken);
        assert_eq!(stage.broken(), [(Part::Key, Source::Keys)]);
        stage.change(|w| {
            w.keys = json!([{ "kty": "oct", "kid": "k1" }, { "kty": "oct", "kid": "k2" }]);
            w.keys_status = 200;
        });
        assert_eq!(stage.looks(1).await, Word::Trusted, "it is over");
    }
}

#[tokio::test]
async fn a_trust_that_was_deleted_breaks_all_its_parts() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.trust_status = 404);
    assert_eq!(stage.looks(3).await, Word::Broken);
    let parts: Vec<_> = stage.broken().into_iter().map(|(part, _)| part).collect();
    assert_eq!(
        parts,
        [Part::Issuer, Part::Audience, Part::Key, Part::Subject]
    );
}

#[tokio::test]
async fn keys_that_one_side_has_and_the_other_lacks_are_told() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.trust["keys"] = json!(["k1", "old"]));
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Trusted);
    let notes = look.notes.join("\n");
    assert!(notes.contains("publishes the key k2, which"), "{notes}");
    assert!(notes.contains("still trusts the key old"), "{notes}");
}

#[tokio::test]
async fn what_is_trusted_instead_is_shown() {
    let mut stage = Stage::new().await;
    stage.looks(1).await;
    let other = "b7ea6cb2-59a9-4b0d-9f0e-16e7a2a6d9f1";
    stage.change(|w| w.trust["jwt.credential.sub"] = json!(other));
    assert_eq!(stage.looks(1).await, Word::Broken);
    let standing = stage.standing.as_ref().expect("a look");
    let (_, against) = standing.breaks().next().expect("a break");
    assert_eq!(against.difference.expected, SUBJECT);
    assert_eq!(against.difference.seen, other);
}

#[tokio::test]
async fn neither_an_assertion_nor_an_access_token_is_told() {
    let mut stage = Stage::new().await;
    let own = stage.watch.look().await;
    drop(own);
    let header = json!({ "alg": "RS256", "kid": "k1" }).to_string();
    let text = jwt(&header, &stage.world.lock().claims.to_string());
    stage.change(|w| {
        w.trust["jwt.credential.sub"] = json!(format!("seen {text}"));
        w.issuer_named = json!(text);
    });
    let look = stage.look().await;
    assert_eq!(stage.looks(0).await, Word::Broken);
    let said = format!("{look:?} {:?}", stage.standing);
    assert!(said.contains("[secret]"), "{said}");
    assert!(
        !said.contains(&text) && !said.contains("access-1"),
        "{said}"
    );
    assert!(matches!(look.sights[0].saw, Saw::Against(..)));
}
