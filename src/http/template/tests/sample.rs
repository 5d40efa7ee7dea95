//! An operation with a value for every name, made as the program makes one.

use std::collections::BTreeMap;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Method};
use zeroize::Zeroizing;

use crate::http::Answer;
use crate::http::message::Origin;
use crate::http::names::Configured;
use crate::http::template::{ConfigValue, Context};
use crate::secret::{BearerToken, SecretText};

fn token(text: &str) -> BearerToken {
    BearerToken::parse(text).expect("valid")
}

fn config() -> BTreeMap<String, ConfigValue> {
    let scopes = ["users", "groups"].map(str::to_owned).to_vec();
    BTreeMap::from([
        ("tenant".to_owned(), ConfigValue::Text("acme".to_owned())),
        ("scopes".to_owned(), ConfigValue::List(scopes)),
    ])
}

/// An answer with this body.
pub(in crate::http) fn answer(headers: HeaderMap, body: &str) -> Answer {
    Answer {
        parsed: crate::http::message::Parsed::default(),
        status: 200,
        headers,
        body: Zeroizing::new(body.as_bytes().to_vec()),
        origin: Origin {
            method: Method::GET,
            host: "idp.example".to_owned(),
            operation: "lookups",
            idempotent: true,
        },
    }
}

/// The configuration that goes with [`sample`].
pub(in crate::http) fn configured() -> Configured {
    Configured::default()
        .config(&config())
        .secrets(["api_key"])
        .steps(["login", "find", "page"])
}

/// A value for every name of the table.
pub(in crate::http) fn sample() -> Context {
    let header = HeaderValue::from_static;
    let mut found = HeaderMap::new();
    found.insert("x-request-id", header("r-7"));
    let mut session = HeaderMap::new();
    session.append(SET_COOKIE, header("XSRF-TOKEN=c2FsdA==; Path=/; Secure"));
    Context::new("2026-01-31T12:00:00.7Z".parse().expect("time"))
        .text("uuid", "0d4f8f4e-6b1c-4c58-9a3e-5f6f0f0c7a11")
        .text("token_name", "crm-prod")
        .config(&config())
        .named_secret("api_key", &SecretText::parse("k3y").expect("valid"))
        .step("login", &answer(session, ""))
        .step(
            "find",
            &answer(found, r#"{"apps": [{"id": 42}], "none": null}"#),
        )
        .step("page", &answer(HeaderMap::new(), " ready\n"))
        .text("issuer", "crm")
        .text("connection", "entra-hr")
        .url(
            "scim_url",
            &"https://acme.example.com/scim/v2/".parse().expect("URL"),
        )
        .secret("token", &token("tok_8f3a"))
        .secret("old_token", &token("tok_11c0"))
        .text("client_id", "scim-client-7")
        .url(
            "token_url",
            &"https://login.example.com/oauth2/token"
                .parse()
                .expect("URL"),
        )
        .text("scope", "scim.read scim.write")
        .text("id", "tid_77")
        .text("label", "scim-rotator-crm-prod-r1-1")
        .number("lifetime", 90)
        .number("lifetime_seconds", 7_776_000)
        .text("expires_at", "2026-05-01T12:00:00Z")
        .number("overlap_seconds", 86_400)
        .text("overlap_ends_at", "2026-02-01T12:00:00Z")
        .text("etag", "W/\"3\"")
        .text("rotation_id", "0198c3a0-1111-7222-8333-444455556666")
        .number("attempt", 1)
        .text("action", "deliver")
}
