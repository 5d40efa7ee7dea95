//! What the issuer tells of what a token may do, and of who used it.

use scim_rotator::fault::FaultClass;
use scim_rotator::ports::TokenHandle;
use scim_rotator::rotation::outcome::ListedToken;
use scim_rotator::scim::scopes::{ScopeSource, Scopes};
use scim_rotator::secret::BearerToken;
use serde_json::{Value, json};

use super::world::{PLAIN, World};
use crate::connections::world::reply;

const TOKEN: &str = "cAnArY-4711-new";

fn telling() -> String {
    PLAIN
        .replace(
            "token = \"/token\", id = \"/id\"",
            "token = \"/token\", id = \"/id\", scopes = \"/scope\"",
        )
        .replace(
            "label = \"/name\",",
            "label = \"/name\", scopes = \"/scopes\", last_used_by = \"/used/by\", last_used_at = { at = \"/used/at\" },",
        )
}

fn names(scopes: Option<Scopes>) -> Option<(ScopeSource, Vec<String>)> {
    scopes.map(|scopes| (scopes.source, scopes.names))
}

fn some(source: ScopeSource, names: &[&str]) -> Option<(ScopeSource, Vec<String>)> {
    Some((
        source,
        names.iter().map(|name| (*name).to_owned()).collect(),
    ))
}

#[tokio::test]
async fn the_answer_to_an_issue_tells_the_scopes() {
    let answer = ScopeSource::Answer;
    let rows = [
        (
            json!("users:read users:write"),
            some(answer, &["users:read", "users:write"]),
        ),
        (
            json!(["users:write", "users:read"]),
            some(answer, &["users:read", "users:write"]),
        ),
        (json!([]), some(answer, &[])),
        (json!(null), None),
        (json!({"a": "b"}), None),
        (
            json!(format!("scim {TOKEN}")),
            some(answer, &["[masked]", "scim"]),
        ),
    ];
    for (told, expected) in rows {
        let body = json!({ "token": TOKEN, "id": "t1", "scope": told });
        let world = World::new(&telling(), move |_| reply(200, &body)).await;
        let issued = world.issue().await.expect("a token");
        assert_eq!(names(issued.scopes), expected, "{told}");
    }
}

async fn listed(item: Value) -> ListedToken {
    let body = json!({ "tokens": [item] });
    let world = World::new(&telling(), move |_| reply(200, &body)).await;
    world.list().await.expect("a list").tokens.remove(0)
}

#[tokio::test]
async fn the_list_tells_the_scopes_and_who_used_a_token() {
    let item = json!({
        "id": "t1", "scopes": ["scim"],
        "used": { "by": " Okta\u{1b}[31m (10.0.0.7)", "at": "2026-09-01T00:00:00Z" },
    });
    let token = listed(item).await;
    assert_eq!(names(token.scopes), some(ScopeSource::Listing, &["scim"]));
    assert_eq!(token.last_used_by.as_deref(), Some("Okta?[31m (10.0.0.7)"));
    assert!(token.last_used_at.is_some());
    let silent = listed(json!({ "id": "t1" })).await;
    assert_eq!((silent.scopes, silent.last_used_by), (None, None));
}

fn handle(id: Option<&str>) -> TokenHandle {
    TokenHandle {
        id: id.map(|id| ListedToken::with_id(id).issuer_id()),
        value: Some(BearerToken::parse(TOKEN).expect("a token")),
    }
}

#[tokio::test]
async fn the_issuer_is_asked_for_the_scopes_of_one_token() {
    let body =
        json!({ "tokens": [{ "id": "t1", "scopes": "scim" }, { "id": "t2", "scopes": "admin" }] });
    let world = World::new(&telling(), move |_| reply(200, &body)).await;
    let rows = [
        (Some("t1"), some(ScopeSource::Listing, &["scim"])),
        (Some("t2"), some(ScopeSource::Listing, &["admin"])),
        (Some("t3"), None),
        (None, None),
    ];
    for (id, expected) in rows {
        let told = world.scopes(&handle(id)).await.expect("an answer");
        assert_eq!(names(told), expected, "{id:?}");
    }
    // Without a place, nothing is asked.
    let world = World::new(PLAIN, |_| reply(500, "")).await;
    assert_eq!(
        world.scopes(&handle(Some("t1"))).await.expect("nothing"),
        None
    );
    assert_eq!(world.server.calls(), Vec::<String>::new());
}

const OAUTH2: &str = r#"
    [oauth2]
    token_url = "@SP@/token"
    client_id = "rotator"
    client_secret = { env = "ADMIN" }
    scopes = ["scim:read", "scim:write"]
    introspection_url = "@SP@/introspect"
"#;

/// RFC 6749, section 5.1: without `scope` in the answer, what was asked for was
/// granted.
#[tokio::test]
async fn a_token_endpoint_tells_what_it_granted() {
    let rows = [
        (
            json!("scim:read"),
            some(ScopeSource::Answer, &["scim:read"]),
        ),
        (json!(""), some(ScopeSource::Answer, &[])),
        (
            json!(null),
            some(ScopeSource::Declared, &["scim:read", "scim:write"]),
        ),
    ];
    for (scope, expected) in rows {
        let body = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600, "scope": scope });
        let world = World::new(OAUTH2, move |_| reply(200, &body)).await;
        let issued = world.issue().await.expect("a token");
        assert_eq!(names(issued.scopes), expected, "{scope}");
    }
}

#[tokio::test]
async fn introspection_tells_what_a_token_may_do_now() {
    let body = json!({ "active": true, "scope": "scim:read admin" });
    let world = World::new(OAUTH2, move |_| reply(200, &body)).await;
    let told = world.scopes(&handle(None)).await.expect("an answer");
    assert_eq!(
        names(told),
        some(ScopeSource::Introspection, &["admin", "scim:read"])
    );
    assert_eq!(world.server.calls(), ["POST /introspect"]);

    let world = World::new(OAUTH2, |_| reply(503, "")).await;
    let fault = world.scopes(&handle(None)).await.expect_err("no answer");
    assert_eq!(fault.class, FaultClass::NotApplied);
}
