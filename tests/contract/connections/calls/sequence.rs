//! In which order calls are made, what they use of each other, and which are
//! left out.

use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::outcome::Confirmation;
use serde_json::{Value, json};

use super::{PLAIN, shown};
use crate::connections::world::{Idp, NEW, OLD, Reply, SCIM_URL, Seen, class, reply};

/// A list, a search in what it shows, the object that was found; and a state
/// that is asked for by the id.
const FOUND: &str = r#"
    address = "@IDP@/api"
    auth.bearer = { env = "ADMIN" }
    headers = { X-Tenant = "{{ config.tenant }}" }
    config = { tenant = "acme", app = "CRM & more" }
    base_url = [{ step = "connection", at = "/settings/base" }]
    [[lookups]]
    name = "apps"
    url = "/apps"
    query = { filter = 'name eq "{{ config.app }}"' }
    answers = [
        { means = "success", when = [{ at = "/items/0/id", exists = true }, { at = "/items/1", exists = false }] },
        { means = "gone", when = [{ at = "/items", exists = true }] },
    ]
    [[lookups]]
    name = "connections"
    url = "/apps/{{ steps.apps.json['items'][0].id }}/connections"
    [[lookups]]
    name = "connection"
    url = "/connections/{{ steps.connections.json[0].key }}"
    [[lookups]]
    name = "jobs"
    url = "/apps/{{ steps.apps.json['items'][0].id }}/jobs"
    [deliver]
    url = "/connections/{{ steps.connections.json[0].key }}"
    [deliver.body.merge]
    onto = "connection"
    drop = ["/id"]
    set = [{ at = "/settings/token", value = "{{ token }}" }]
    [state]
    url = "/jobs/{{ steps.jobs.json[0].id }}"
    [state.read]
    state = "/state"
    words = { healthy = ["on"] }
"#;

fn provider(seen: &Seen) -> Reply {
    assert_eq!(seen.header("x-tenant"), "acme", "{}", seen.path);
    let path = seen.path.strip_prefix("/api").expect("the address");
    match (seen.method.as_str(), path) {
        ("GET", "/apps?filter=name+eq+%22CRM+%26+more%22") => {
            reply(200, json!({"items": [{"id": "a/7"}]}))
        }
        ("GET", "/apps/a%2F7/connections") => reply(200, json!([{"key": "k1"}])),
        ("GET", "/apps/a%2F7/jobs") => reply(200, json!([{"id": "j1"}])),
        ("GET", "/connections/k1") => reply(200, connection()).with("etag", "\"3\""),
        ("PUT", "/connections/k1") if seen.header("if-match") == "\"3\"" => reply(204, ""),
        ("GET", "/jobs/j1") => reply(200, json!({"state": "on"})),
        _ => reply(599, ""),
    }
}

fn connection() -> Value {
    json!({"id": "k1", "settings": {"base": SCIM_URL, "token": "***"}, "other": [1]})
}

const LOOKUPS: [&str; 4] = [
    "GET /api/apps?filter=name+eq+%22CRM+%26+more%22",
    "GET /api/apps/a%2F7/connections",
    "GET /api/connections/k1",
    "GET /api/apps/a%2F7/jobs",
];

#[tokio::test]
async fn lookups_find_an_id_and_then_the_object() {
    let idp = Idp::start(provider).await;
    let connected = idp.connection(FOUND);
    connected.preflight().await.expect("fine");
    assert_eq!(idp.calls(), LOOKUPS);
    connected.deliver().await.expect("delivered");
    let put = idp.seen().pop().expect("a write");
    assert!(put.is("PUT", "/api/connections/k1"), "{put:?}");
    let mut expected = connection();
    expected.as_object_mut().expect("an object").remove("id");
    expected["settings"]["token"] = NEW.into();
    assert_eq!(
        put.json(),
        expected,
        "the lookup that is named, not the last"
    );
}

#[tokio::test]
async fn a_question_that_uses_an_id_has_it_looked_up() {
    let idp = Idp::start(provider).await;
    let connection = idp.connection(FOUND);
    assert_eq!(connection.confirm().await, Ok(Confirmation::Works));
    let mut calls = LOOKUPS.to_vec();
    calls.push("GET /api/jobs/j1");
    assert_eq!(idp.calls(), calls);
    let seen = connection.look().await.expect("told").expect("a state");
    assert_eq!(seen.state.as_str(), "healthy");
    assert_eq!(idp.calls().len(), 2 * calls.len());
    assert!(!idp.saw_a_token());

    let idp = Idp::start(|_| shown()).await;
    let state =
        "[state]\nurl = \"@IDP@/s\"\nread = { state = \"/state\", words = { healthy = [\"on\"] } }";
    let connection = idp.connection(&format!("{PLAIN}\n{state}"));
    assert_eq!(connection.confirm().await, Ok(Confirmation::Works));
    assert_eq!(
        idp.calls(),
        ["GET /s"],
        "nothing is looked up that is not used"
    );
}

#[tokio::test]
async fn every_way_to_use_a_lookup_has_it_made() {
    for (keys, made) in [
        ("headers.X-Try = \"{{ scim_url }}\"", false),
        ("headers.X-Try = \"{{ steps.object.status }}\"", true),
        (
            "when = [{ step = \"object\", at = \"/state\", equals = \"on\" }]",
            true,
        ),
        (
            "answers = [{ means = \"success\", when = [{ step = \"object\", at = \"/state\", equals = \"on\" }] }]",
            true,
        ),
        (
            "body.merge.set = [{ at = \"/state\", value = \"tried\" }]",
            true,
        ),
        ("if_match = \"require\"", true),
    ] {
        let idp = Idp::start(|_| shown().with("etag", "\"1\"")).await;
        let test = format!("[test_saved]\nurl = \"@IDP@/test\"\n{keys}");
        let seen = idp.connection(&format!("{PLAIN}\n{test}")).confirm().await;
        assert_eq!(seen, Ok(Confirmation::Works), "{keys}");
        let calls: &[&str] = if made {
            &["GET /c", "POST /test"]
        } else {
            &["POST /test"]
        };
        assert_eq!(idp.calls(), calls, "{keys}");
        assert!(!idp.saw_a_token(), "{keys}");
    }
}

#[tokio::test]
async fn a_lookup_that_finds_nothing_or_too_much_stops_before_the_token() {
    for items in [json!([]), json!([{"id": "a/7"}, {"id": "b"}])] {
        let answer = json!({ "items": items });
        let idp = Idp::start(move |_| reply(200, &answer)).await;
        let connection = idp.connection(FOUND);
        for result in [connection.preflight().await, connection.deliver().await] {
            assert_eq!(class(&result), (FaultClass::Rejected, FaultKind::Config));
            let message = result.expect_err("nothing").message;
            assert!(
                message.contains("the lookup `apps` found nothing"),
                "{message}"
            );
        }
        assert_eq!(idp.calls(), [LOOKUPS[0]; 2]);
        assert!(!idp.saw_a_token());
    }
}

#[tokio::test]
async fn a_lookup_that_was_left_out_shows_no_base_url() {
    let settings = PLAIN.replace(
        "name = \"object\"",
        "name = \"first\"\nurl = \"@IDP@/first\"\n[[lookups]]\nname = \"object\"\nwhen = [{ step = \"first\", at = \"/more\", equals = true }]",
    );
    for (more, expected) in [(true, true), (false, false)] {
        let idp = Idp::start(move |seen| match seen.path.as_str() {
            "/first" => reply(200, json!({ "more": more })),
            _ => shown(),
        })
        .await;
        let result = idp.connection(&settings).deliver().await;
        assert_eq!(result.is_ok(), expected, "{more}: {result:?}");
        assert_eq!(idp.saw_a_token(), expected);
    }
}

const STARTS: &str = r#"
    [[after_deliver]]
    name = "job"
    method = "GET"
    effect = "none"
    url = "@IDP@/job"
    [[after_deliver]]
    name = "start"
    url = "@IDP@/job/start"
    when = [{ step = "job", at = "/status", equals = "held" }, { step = "object", at = "/state", equals = "on" }]
    [[after_deliver]]
    name = "resume"
    url = "@IDP@/job/resume"
    when = [{ step = "job", at = "/status", one_of = ["paused"] }]
"#;

#[tokio::test]
async fn what_follows_a_write_depends_on_what_was_seen() {
    for (status, more) in [
        ("held", Some("POST /job/start")),
        ("paused", Some("POST /job/resume")),
        ("active", None),
    ] {
        let idp = Idp::start(move |seen| match seen.path.as_str() {
            "/job" => reply(200, json!({ "status": status })),
            _ => shown(),
        })
        .await;
        let connection = idp.connection(&format!("{PLAIN}\n{STARTS}"));
        connection.deliver().await.expect("delivered");
        let mut expected = vec!["GET /c", "PUT /c", "GET /job"];
        expected.extend(more);
        assert_eq!(idp.calls(), expected, "{status}");
    }
}

#[tokio::test]
async fn what_follows_a_write_uses_its_answer_whichever_call_it_was() {
    let more = r#"
        [revert]
        url = "@IDP@/undo"
        body.form = { back = "{{ token }}", was = "{{ old_token }}" }
        [[after_deliver]]
        name = "publish"
        url = "@IDP@/c/{{ steps.deliver.json.revision }}/publish"
        [[after_deliver]]
        method = "PATCH"
        url = "@IDP@/live/{{ steps.publish.json.live }}"
    "#;
    let idp = Idp::start(|seen| match seen.path.as_str() {
        "/undo" => reply(200, json!({"revision": 8})),
        "/c" if seen.method == "PUT" => reply(200, json!({"revision": 7})),
        "/c" => shown(),
        _ => reply(200, json!({"live": "x"})),
    })
    .await;
    let connection = idp.connection(&format!("{PLAIN}\n{more}"));
    connection.deliver().await.expect("delivered");
    connection.revert().await.expect("reverted");
    let calls = idp.calls();
    assert_eq!(
        calls[..4],
        ["GET /c", "PUT /c", "POST /c/7/publish", "PATCH /live/x"]
    );
    assert_eq!(
        calls[4..],
        ["GET /c", "PUT /undo", "POST /c/8/publish", "PATCH /live/x"]
    );
    let undo = idp.seen().swap_remove(5).body;
    let form: Vec<_> = url::form_urlencoded::parse(undo.as_bytes()).collect();
    assert_eq!(
        form,
        [("back".into(), OLD.into()), ("was".into(), NEW.into())]
    );
}
