//! Writes whose end is told later, at a URL of their own.

use jiff::SignedDuration;
use scim_rotator::fault::{FaultClass, FaultKind};
use serde_json::json;

use super::{PLAIN, shown};
use crate::connections::world::{Idp, class, reply};

const POLL: &str = r#"
    error.text = "/why"
    [POLLED.poll]
    url = { header = "Location" }
    until = [{ at = "/status", equals = "succeeded" }]
    failed = [{ at = "/status", one_of = ["failed", "cancelled"] }]
    every = "10s"
    at_most = "1m"
"#;

/// What comes of a write that is accepted with 202, and how often its end was
/// asked for.
async fn ended(
    settings: &str,
    path: &'static str,
    answers: &'static [(u16, &'static str)],
) -> (
    Result<(), scim_rotator::fault::Fault>,
    usize,
    Vec<SignedDuration>,
) {
    let mut answers = answers.iter().cycle();
    let idp = Idp::start(
        move |seen| match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/c") => shown(),
            ("GET", "/operations/9") => {
                let (status, word) = answers.next().expect("an answer");
                reply(*status, json!({"status": word, "why": "quota"}))
            }
            (_, asked) if asked == path => reply(202, "").with("location", "/operations/9"),
            _ => reply(200, "{}"),
        },
    )
    .await;
    let result = idp.connection(settings).deliver().await;
    let calls = idp.calls();
    let asked = calls.iter().filter(|c| *c == "GET /operations/9").count();
    assert_eq!(
        calls.iter().filter(|c| *c == "PUT /c").count(),
        1,
        "written once: {calls:?}"
    );
    (result, asked, idp.clock().slept())
}

#[tokio::test]
async fn the_end_of_a_write_is_waited_for() {
    let settings = format!("{PLAIN}{}", POLL.replace("POLLED", "deliver"));
    let (result, asked, slept) =
        ended(&settings, "/c", &[(202, "running"), (200, "succeeded")]).await;
    assert_eq!((result, asked), (Ok(()), 2));
    assert_eq!(slept, [SignedDuration::from_secs(10); 2]);

    let (result, asked, _) = ended(&settings, "/c", &[(200, "running"), (200, "failed")]).await;
    assert_eq!(asked, 2);
    assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Refused));
    let message = result.expect_err("failed").message;
    assert!(message.ends_with("it says: quota"), "{message}");

    let (result, asked, _) = ended(&settings, "/c", &[(200, "running"), (503, "")]).await;
    assert_eq!(asked, 6, "one minute");
    assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Timeout));
}

#[tokio::test]
async fn the_end_of_what_follows_a_write_is_waited_for() {
    let start = "[[after_deliver]]\nname = \"start\"\nurl = \"@IDP@/start\"";
    let settings = format!(
        "{PLAIN}\n{start}\n{}",
        POLL.replace("POLLED", "after_deliver")
    );
    // A table below the last element of the list.
    let (result, asked, _) =
        ended(&settings, "/start", &[(200, "running"), (200, "succeeded")]).await;
    assert_eq!((result, asked), (Ok(()), 2));

    let (result, ..) = ended(&settings, "/start", &[(200, "cancelled")]).await;
    assert_eq!(class(&result).0, FaultClass::Rejected);
    let message = result.expect_err("failed").message;
    assert!(
        message.contains("the token was written before this"),
        "{message}"
    );

    let (result, ..) = ended(&settings, "/start", &[(200, "running")]).await;
    assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Timeout));
}

#[tokio::test]
async fn an_operation_on_another_server_is_not_asked_for() {
    let other = Idp::start(|_| reply(200, json!({"status": "succeeded"}))).await;
    let target = format!("{}/operations/9", other.address());
    let idp = Idp::start(move |seen| match seen.method.as_str() {
        "GET" => shown(),
        _ => reply(202, "").with("location", &target),
    })
    .await;
    let settings = format!("{PLAIN}{}", POLL.replace("POLLED", "deliver"));
    let result = idp.connection(&settings).deliver().await;
    assert_eq!(class(&result), (FaultClass::Ambiguous, FaultKind::Schema));
    assert_eq!(other.calls(), Vec::<String>::new());
}
