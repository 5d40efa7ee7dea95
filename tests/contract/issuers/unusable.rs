//! A complete answer to the request for a token that cannot be used: it is told
//! what was expected and what came, and that another request is of no use.

use scim_rotator::fault::{Fault, FaultClass};
use serde_json::json;

use super::world::{PLAIN, World};
use crate::connections::world::{Reply, reply};

/// The token that the server makes; nobody knows it yet.
const MADE: &str = "cAnArY-made/44af+b==q";

async fn refused(settings: &str, answer: impl Fn() -> Reply + Send + 'static) -> Fault {
    let world = World::new(settings, move |_| answer()).await;
    let fault = world.refused().await;
    assert_eq!(world.server.calls().len(), 1, "{fault}");
    fault
}

fn tells(fault: &Fault, words: &[&str]) {
    for word in words {
        assert!(fault.message.contains(word), "{word} in: {fault}");
    }
}

#[tokio::test]
async fn each_says_what_was_expected_and_what_came() {
    type Case = (&'static str, fn() -> Reply, &'static [&'static str]);
    let cases: [Case; 8] = [
        (
            "a mistyped pointer",
            || reply(201, json!({"data": {"token": MADE}, "id": "t-1"})),
            &["no token at `/token`", "`data.token`", "`id`"],
        ),
        (
            "plain text",
            || reply(200, MADE).with("content-type", "text/plain"),
            &["not JSON", "token = { text = true }"],
        ),
        (
            "GraphQL",
            || {
                reply(
                    200,
                    json!({"data": null, "errors": [{"message": "Field 'mint' doesn't exist"}]}),
                )
            },
            &[
                "no token at `/token`",
                "it says: Field 'mint' doesn't exist",
            ],
        ),
        (
            "an error with 200",
            || reply(200, json!({"ok": false, "error": "not_allowed"})),
            &["it says: not_allowed"],
        ),
        (
            "the scheme before it",
            || reply(200, json!({"token": format!("Bearer {MADE}"), "id": "t-1"})),
            &["begins with `Bearer `", "between = [\"Bearer \", \"\"]"],
        ),
        (
            "accepted",
            || reply(202, json!({"id": "t-1", "status": "accepted"})),
            &["answered 202", "`status`"],
        ),
        (
            "in a header",
            || reply(201, "").with("x-api-token", MADE),
            &["empty", "`x-api-token`"],
        ),
        (
            "a redirect",
            || reply(303, "").with("location", "/tokens/t-1"),
            &["a redirect"],
        ),
    ];
    for (what, answer, words) in cases {
        let fault = refused(PLAIN, answer).await;
        assert_eq!(fault.class, FaultClass::Ambiguous, "{what}: {fault}");
        assert!(fault.unusable.is_some(), "{what}: {fault}");
        tells(&fault, words);
    }
}

#[tokio::test]
async fn the_id_of_what_was_made_is_kept() {
    for (status, expected) in [(201, Some("t-1")), (202, Some("t-1"))] {
        let fault = refused(PLAIN, move || reply(status, json!({"id": "t-1"}))).await;
        let made = fault.unusable.expect("complete").made;
        assert_eq!(made.as_deref(), expected, "{status}");
    }
}

/// What was cut off on the way is no complete answer, and neither is an error
/// of the server.
#[tokio::test]
async fn what_another_request_may_help_is_not_stopped() {
    let cut: fn() -> Reply = || reply(201, "{\"id\": \"t-1\", \"token\": \"cAnA");
    for answer in [cut, || reply(500, "{}"), || reply(503, "")] {
        let fault = refused(PLAIN, answer).await;
        assert_eq!(fault.class, FaultClass::Ambiguous, "{fault}");
        assert_eq!(fault.unusable, None, "{fault}");
    }
    let refusal = refused(PLAIN, || reply(422, json!({"error": "no"}))).await;
    assert_eq!(refusal.class, FaultClass::Rejected);
    assert_eq!(refusal.unusable, None);
}

/// The first call makes the token, and the one that discloses it is refused
/// each time.
#[tokio::test]
async fn a_later_call_that_is_always_refused_is_no_lost_reply() {
    let settings = PLAIN.replace(
        "issue = { url = \"@SP@/tokens\", body.json = { name = \"{{ label }}\" }, read = { token = \"/token\", id = \"/id\" } }",
        "issue = [
           { name = \"create\", url = \"@SP@/tokens\", body.json = { name = \"{{ label }}\" }, read.id = \"/id\" },
           { name = \"disclose\", url = \"@SP@/tokens/secret\", effect = \"none\", read.token = \"/token\" },
         ]",
    );
    for (status, stops) in [(403, true), (404, true), (503, false), (429, false)] {
        let world = World::new(&settings, move |seen| match seen.path.as_str() {
            "/tokens" => reply(201, json!({"id": "t-1"})),
            _ => reply(status, "{}"),
        })
        .await;
        let fault = world.refused().await;
        assert_eq!(fault.class, FaultClass::Ambiguous, "{status}: {fault}");
        let made = fault.unusable.map(|unusable| unusable.made);
        let expected = stops.then(|| Some("t-1".to_owned()));
        assert_eq!(made, expected, "{status}");
    }
}
