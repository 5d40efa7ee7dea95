//! How a connection shows that it works with the token.

use jiff::SignedDuration;
use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::ports::condition::{Condition, ConnectionState};
use scim_rotator::rotation::capability::ConnectionTest;
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::json;

use super::world::{Idp, SCIM_URL, class, reply};

const WRITES: &str = r#"
    confirm.ask_again = "30s"
    base_url = [{ at = "/base" }]
    [[lookups]]
    name = "object"
    url = "@IDP@/c"
    [deliver]
    method = "POST"
    url = "@IDP@/c"
    body.json = { token = "{{ token }}" }
"#;

const STATE: &str = r#"
    [state]
    url = "@IDP@/state"
    [state.read]
    state = "/state"
    words = { healthy = ["on"], degraded = ["partly"], quarantined = ["held"], disabled = ["off"] }
"#;

const TEST: &str = r#"
    [test_saved]
    method = "POST"
    url = "@IDP@/test"
    answers = [
        { means = "success", when = [{ at = "/ok", equals = true }] },
        { means = "later", when = [{ at = "/ok", equals = false }] },
    ]
"#;

/// What is seen when the test and the state answer so.
async fn seen(
    steps: &str,
    test: (u16, &'static str),
    state: &'static str,
) -> Result<Confirmation, scim_rotator::fault::Fault> {
    let idp = Idp::start(move |seen| match seen.path.as_str() {
        "/test" => reply(test.0, test.1),
        "/state" => reply(200, json!({ "state": state })),
        _ => reply(599, ""),
    })
    .await;
    idp.connection(&format!("{WRITES}{steps}")).confirm().await
}

fn not_yet(seen: &Result<Confirmation, scim_rotator::fault::Fault>) -> bool {
    let half_a_minute = Some(SignedDuration::from_secs(30));
    matches!(seen, Ok(Confirmation::NotYet { ask_again, .. }) if *ask_again == half_a_minute)
}

#[tokio::test]
async fn without_a_call_that_proves_it_cannot_tell() {
    assert_eq!(
        seen("", (599, ""), "on").await,
        Ok(Confirmation::CannotTell)
    );
}

#[tokio::test]
async fn states_and_tests_together() {
    const GOOD: (u16, &str) = (200, "{\"ok\":true}");
    const BAD: (u16, &str) = (200, "{\"ok\":false}");
    let both = format!("{TEST}{STATE}");
    for (steps, test, state, expected) in [
        (STATE, GOOD, "on", Some(Confirmation::Works)),
        (STATE, GOOD, "new", Some(Confirmation::CannotTell)),
        (STATE, GOOD, "partly", None),
        (STATE, GOOD, "held", None),
        (STATE, GOOD, "off", None),
        (TEST, GOOD, "", Some(Confirmation::Works)),
        (TEST, BAD, "", None),
        (TEST, (400, "{}"), "", None),
        (&both, GOOD, "on", Some(Confirmation::Works)),
        (&both, GOOD, "new", Some(Confirmation::Works)),
        (&both, GOOD, "held", None),
        (&both, BAD, "on", None),
    ] {
        let seen = seen(steps, test, state).await;
        match expected {
            Some(expected) => assert_eq!(seen, Ok(expected), "{test:?} {state}"),
            None => assert!(not_yet(&seen), "{test:?} {state}: {seen:?}"),
        }
    }
}

/// At some identity providers the state tells of users, and nothing of the token.
#[tokio::test]
async fn a_state_that_proves_nothing_is_shown_and_not_asked_for_proof() {
    const GOOD: (u16, &str) = (200, "{\"ok\":true}");
    let no_proof = "confirm.by_state = false";
    for (steps, expected, capability) in [
        (
            STATE.to_owned(),
            Confirmation::CannotTell,
            ConnectionTest::None,
        ),
        (
            format!("{TEST}{STATE}"),
            Confirmation::Works,
            ConnectionTest::Saved,
        ),
    ] {
        for state in ["on", "held", "off"] {
            let idp = Idp::start(move |seen| match seen.path.as_str() {
                "/test" => reply(GOOD.0, GOOD.1),
                "/state" => reply(200, json!({ "state": state })),
                _ => reply(599, ""),
            })
            .await;
            let connection = idp.connection(&format!("{no_proof}\n{WRITES}{steps}"));
            assert_eq!(connection.capabilities().test, capability, "{steps}");
            assert_eq!(connection.confirm().await, Ok(expected.clone()), "{state}");
            let asked = idp.calls();
            assert!(!asked.contains(&"GET /state".to_owned()), "{asked:?}");
            let looked = connection.look().await.expect("told").expect("a state");
            let is_healthy = looked.state == ConnectionState::Healthy;
            assert_eq!(is_healthy, state == "on", "it is shown");
        }
    }
    let idp = Idp::start(|_| reply(599, "")).await;
    let proves = idp.connection(&format!("{WRITES}{STATE}"));
    assert_eq!(proves.capabilities().test, ConnectionTest::Saved);
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_a_failure_not_an_answer() {
    for (status, expected) in [
        (401, (FaultClass::Unauthorized, FaultKind::Auth)),
        (429, (FaultClass::Throttled, FaultKind::Throttled)),
        (503, (FaultClass::NotApplied, FaultKind::Server)),
    ] {
        let seen = seen(TEST, (status, ""), "").await;
        assert_eq!(class(&seen), expected, "{status}");
    }
    let html = seen(TEST, (200, "<html>"), "").await;
    assert_eq!(class(&html).1, FaultKind::Schema);
}

#[tokio::test]
async fn it_must_look_good_several_times_in_a_row() {
    let mut looks = ["on", "held", "on", "on", "on"].into_iter();
    let idp =
        Idp::start(move |_| reply(200, json!({ "state": looks.next().unwrap_or("on") }))).await;
    let settings = format!("confirm.stable_count = 2\n{WRITES}{STATE}");
    let connection = idp.connection(&settings);
    let mut works = Vec::new();
    for _ in 0..5 {
        works.push(connection.confirm().await == Ok(Confirmation::Works));
    }
    assert_eq!(works, [false, false, false, true, true]);
}

#[tokio::test]
async fn a_success_from_before_the_delivery_proves_nothing() {
    let mut looks = 0;
    let idp = Idp::start(move |seen| {
        if seen.path != "/state" {
            return reply(200, json!({ "base": SCIM_URL }));
        }
        looks += 1;
        let at = if looks < 3 {
            "2026-06-01T11:59:59Z"
        } else {
            "2026-06-01T12:00:01Z"
        };
        reply(200, json!({ "state": "on", "last": at }))
    })
    .await;
    let settings = format!("{WRITES}{STATE}\nlast_success_at = \"/last\"");
    let connection = idp.connection(&settings);
    connection.deliver().await.expect("delivered");
    for expected in [false, false, true] {
        let seen = connection.confirm().await;
        assert_eq!(seen == Ok(Confirmation::Works), expected, "{seen:?}");
    }
}

#[tokio::test]
async fn how_provisioning_is_doing_is_told_whatever_the_token_is_worth() {
    let last = "2026-05-01T00:00:00Z";
    for (state, expected) in [
        ("on", ConnectionState::Healthy),
        ("held", ConnectionState::Quarantined),
        ("new", ConnectionState::Unknown),
    ] {
        let idp = Idp::start(move |_| reply(200, json!({ "state": state, "last": last }))).await;
        let settings = format!("{WRITES}{STATE}\nlast_success_at = \"/last\"");
        let seen = idp.connection(&settings).look().await;
        let expected = Condition {
            state: expected,
            last_success_at: Some(last.parse().expect("a time")),
        };
        assert_eq!(seen, Ok(Some(expected)), "{state}");
        assert_eq!(idp.calls(), ["GET /state"]);
        assert!(!idp.saw_a_token());
    }
    let idp = Idp::start(|_| reply(599, "")).await;
    let seen = idp.connection(&format!("{WRITES}{TEST}")).look().await;
    assert_eq!(seen, Ok(None), "no call tells");
}

#[tokio::test]
async fn a_look_that_sends_the_token_sends_it_to_no_other_server() {
    let idp = Idp::start(|seen| match seen.path.as_str() {
        "/c" => reply(200, json!({ "base": "https://elsewhere.example.com/scim" })),
        _ => reply(200, json!({ "state": "on" })),
    })
    .await;
    let with_token = STATE.replace(
        "[state.read]",
        "headers.x-token = \"{{ token }}\"\n[state.read]",
    );
    let seen = idp
        .connection(&format!("{WRITES}{with_token}"))
        .look()
        .await;
    assert_eq!(class(&seen), (FaultClass::Rejected, FaultKind::WrongTarget));
    assert!(!idp.saw_a_token(), "{:?}", idp.calls());
}
