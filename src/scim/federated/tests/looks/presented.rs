//! Assertions that are presented: in which way and how often, and what the answers of
//! the token endpoint and of SCIM mean.

use jiff::SignedDuration;
use serde_json::json;

use super::stage::Stage;
use crate::clock::{Clock as _, SystemClock};
use crate::scim::federated::sight::{Part, Source};
use crate::scim::federated::verdict::Word;

#[tokio::test]
async fn a_refusal_of_the_token_endpoint_counts_twice_and_names_what_its_text_names() {
    for (text, part) in [
        ("the audience of this assertion is wrong", Part::Audience),
        ("Invalid signature", Part::Key),
        ("Unknown subject", Part::Subject),
        ("No matching issuer", Part::Issuer),
        ("Invalid client or invalid credentials", Part::Access),
        ("issuer or subject", Part::Access),
    ] {
        let mut stage = Stage::new().await;
        stage.change(|w| {
            w.token_status = 401;
            w.refusal = (
                401,
                json!({ "error": "invalid_client", "error_description": text }),
            );
        });
        assert_eq!(stage.looks(1).await, Word::Unclear, "{text}");
        assert_eq!(stage.looks(1).await, Word::Broken, "{text}");
        assert_eq!(stage.broken(), [(part, Source::TokenEndpoint)], "{text}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_takes_any_signature_proves_nothing() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.accepts_forged = true);
    let look = stage.look().await;
    assert_eq!(stage.looks(3).await, Word::Unclear);
    let said = format!("{look:?}");
    assert!(said.contains("wrong signature"), "{said}");
}

#[tokio::test]
async fn scim_that_refuses_the_access_token_is_a_break_of_access() {
    let mut stage = Stage::new().await;
    stage.change(|w| w.scim_status = 401);
    assert_eq!(stage.looks(2).await, Word::Broken);
    assert_eq!(stage.broken(), [(Part::Access, Source::Scim)]);
}

#[tokio::test]
async fn an_assertion_that_nobody_writes_again_is_told_and_not_presented() {
    let mut stage = Stage::new().await;
    let ended = SystemClock.now() - SignedDuration::from_mins(5);
    stage.change(|w| w.claims["exp"] = json!(ended.as_second()));
    assert_eq!(stage.looks(2).await, Word::Unclear);
    assert_eq!(stage.looks(1).await, Word::Broken);
    assert_eq!(stage.broken(), [(Part::Access, Source::Assertion)]);
    assert!(stage.world.lock().asked.is_empty());
}

#[tokio::test]
async fn an_assertion_is_presented_in_the_configured_way() {
    let ways = [
        (
            "jwt_bearer",
            vec!["assertion client_id grant_type scope"; 2],
        ),
        (
            "subject_token",
            vec!["client_id grant_type scope subject_token subject_token_type"; 2],
        ),
        ("bearer", vec![]),
    ];
    for (way, expected) in ways {
        let more = format!("assertion = {{ env = \"ASSERTION\" }}\nassertion_as = \"{way}\"");
        let mut stage = Stage::with(&more).await;
        let look = stage.look().await;
        assert_eq!(stage.looks(0).await, Word::Trusted, "{way}: {look:#?}");
        assert_eq!(stage.world.lock().asked, expected, "{way}");
    }
}

/// A server that takes each assertion once refuses the second time.
#[tokio::test]
async fn an_assertion_that_is_taken_once_is_presented_once() {
    let more = "assertion = { env = \"ASSERTION\" }\nassertion_once = true";
    let mut stage = Stage::with(more).await;
    assert_eq!(stage.looks(3).await, Word::Trusted);
    assert_eq!(stage.world.lock().asked.len(), 1);
    let later = SystemClock.now() + SignedDuration::from_hours(2);
    stage.change(|w| w.claims["exp"] = json!(later.as_second()));
    assert_eq!(stage.looks(2).await, Word::Trusted);
    assert_eq!(stage.world.lock().asked.len(), 2);
    // Another replica was first with each of the next ones.
    for hours in 3..6 {
        let later = SystemClock.now() + SignedDuration::from_hours(hours);
        stage.change(|w| {
            w.token_status = 401;
            w.claims["exp"] = json!(later.as_second());
        });
        assert_ne!(stage.looks(1).await, Word::Broken);
    }
}
