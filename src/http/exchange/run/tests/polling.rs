//! Waiting for the end of what a call started.

use super::*;

const STARTS: &str = r#"
    method = "POST"
    url = "@SP@/start"
    headers = { X-Session = "s1", If-Match = "\"7\"", Content-Type = "application/json" }
    error = { text = "/reason" }
    [poll]
    until = [{ at = "/status", equals = "done" }]
    failed = [{ at = "/status", equals = "broken" }]
    url = "/url"
    every = "5s"
    at_most = "30s"
"#;

#[tokio::test]
async fn an_operation_is_asked_until_it_has_ended() {
    let mut asked = 0;
    let world = World::new(move |line, headers| {
        if line == "POST /start" {
            return (202, "", status("running"));
        }
        assert_eq!(headers["x-session"], "s1", "the session goes along");
        assert!(
            !headers.contains_key("if-match"),
            "the version is the write's"
        );
        assert!(!headers.contains_key("content-type"), "there is no body");
        asked += 1;
        let word = if asked < 3 { "running" } else { "done" };
        (200, "", status(word))
    })
    .await;
    let Ok(Reply::Done(last)) = world.call(STARTS, Purpose::Deliver).await else {
        panic!("it has ended well");
    };
    assert_eq!(
        last.json().expect("JSON")["status"],
        "done",
        "the newest answer"
    );
    let question = "GET /operations/1";
    assert_eq!(world.seen(), ["POST /start", question, question, question]);
    assert_eq!(world.slept(), [5, 5, 5]);
}

#[tokio::test]
async fn an_end_that_is_told_at_once_is_not_asked_for() {
    for (body, good) in [
        (r#"{"status":"done"}"#, true),
        (r#"{"status":"broken","reason":"no room"}"#, false),
    ] {
        let world = World::new(move |_, _| (200, "", body.to_owned())).await;
        let reply = world.call(STARTS, Purpose::Deliver).await;
        assert_eq!(reply.is_ok(), good, "{body}");
        if !good {
            let fault = failed(reply).fault;
            assert_eq!(
                (fault.class, fault.kind),
                (FaultClass::Rejected, FaultKind::Refused)
            );
            assert!(fault.message.ends_with("it says: no room"), "{fault}");
        }
        assert_eq!(world.seen(), ["POST /start"]);
        assert_eq!(world.slept(), [] as [i64; 0]);
    }
}

#[tokio::test]
async fn the_time_to_wait_ends() {
    for (call, class) in [
        (STARTS.to_owned(), FaultClass::Ambiguous),
        (
            format!("effect = \"none\"\n{STARTS}"),
            FaultClass::NotApplied,
        ),
    ] {
        let world = World::new(|line, _| {
            let code = if line.starts_with("POST") { 202 } else { 200 };
            (code, "", status("running"))
        })
        .await;
        let fault = failed(world.call(&call, Purpose::Deliver).await).fault;
        assert_eq!(
            (fault.class, fault.kind),
            (class, FaultKind::Timeout),
            "{fault}"
        );
        assert_eq!(world.slept(), [5; 6], "30 s in all");
    }
}

#[tokio::test]
async fn a_question_that_fails_is_asked_again_within_the_time() {
    let mut asked = 0;
    let world = World::new(move |line, _| {
        if line == "POST /start" {
            return (202, "", status("running"));
        }
        asked += 1;
        match asked {
            1 => (503, "", String::new()),
            2 => (429, "", String::new()),
            _ => (200, "", status("done")),
        }
    })
    .await;
    let reply = world.call(STARTS, Purpose::Deliver).await;
    assert!(matches!(reply, Ok(Reply::Done(_))), "{reply:?}");
    assert_eq!(world.seen().len(), 4, "the write was made once");

    let away = World::new(|line, _| match line {
        "POST /start" => (202, "", status("running")),
        _ => (503, "", String::new()),
    })
    .await;
    let fault = failed(away.call(STARTS, Purpose::Deliver).await).fault;
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Ambiguous, FaultKind::Timeout)
    );
    assert!(fault.message.contains("answered 503"), "{fault}");
}

#[tokio::test]
async fn a_question_that_is_refused_does_not_undo_the_write() {
    for (code, rule, class) in [
        (404, "", FaultClass::Ambiguous),
        (401, "", FaultClass::Ambiguous),
        (200, "", FaultClass::Ambiguous),
        (
            410,
            "{ means = 'refused', status = 410 }",
            FaultClass::Rejected,
        ),
        (
            410,
            "{ means = 'gone', status = 410 }",
            FaultClass::Ambiguous,
        ),
    ] {
        let world = World::new(move |line, _| match line {
            "POST /start" => (202, "", status("running")),
            _ => (code, "", "<html>".to_owned()),
        })
        .await;
        let call = format!(
            "answers = [{{ means = 'success', when = [{{ at = '/status', exists = true }}] }}, {rule}]\n{STARTS}"
        )
        .replace(", ]", "]");
        let failed = failed(world.call(&call, Purpose::Deliver).await);
        assert_eq!(failed.fault.class, class, "{code}: {}", failed.fault);
        assert!(
            !failed.unauthenticated,
            "a new session must not start it again"
        );
        assert_eq!(world.seen(), ["POST /start", "GET /operations/1"], "{code}");
    }
}

#[tokio::test]
async fn our_credential_follows_no_operation_to_another_server() {
    let world = World::new(|_, _| (202, "https://evil.example/op", status("running"))).await;
    let call = STARTS.replace("url = \"/url\"", "url = { header = \"Location\" }");
    let fault = failed(world.call(&call, Purpose::Deliver).await).fault;
    assert_eq!(fault.class, FaultClass::Ambiguous, "it was started");
    assert!(fault.message.contains("another server"), "{fault}");
    assert_eq!(world.seen(), ["POST /start"]);

    let world = World::new(|_, _| (202, "", status("running"))).await;
    let fault = failed(world.call(&call, Purpose::Deliver).await).fault;
    assert!(
        fault
            .message
            .contains("no URL to ask at the header `Location`"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_read_without_a_url_is_repeated() {
    let mut asked = 0;
    let world = World::new(move |_, _| {
        asked += 1;
        (200, "", status(if asked < 3 { "running" } else { "done" }))
    })
    .await;
    let call = r#"
        url = "@SP@/state"
        poll = { until = [{ at = "/status", equals = "done" }], every = "1s" }
    "#;
    let reply = world.call(call, Purpose::Status).await;
    assert!(matches!(reply, Ok(Reply::Done(_))), "{reply:?}");
    assert_eq!(world.seen(), ["GET /state"; 3]);
}
