//! The body of a service provider's answer: accepted only as what was asked for,
//! and nothing of it is shown or kept.

use scim_rotator::scim::answer::{Asked, NotScim, ProbeAnswer, RawAnswer};
use scim_rotator::scim::message::{ERROR, SERVICE_PROVIDER_CONFIG};
use scim_rotator::scim::outline;
use scim_rotator::scim::words::describe;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use url::Url;

use super::hold::{hides, in_time, is_for_people, planted};

const MOST_SCHEMAS: usize = 32;

pub(super) fn run(input: &[u8]) {
    let body = planted(input).map_or_else(|| input.to_vec(), String::into_bytes);
    let url = Url::parse("https://sp.example/scim/v2/Users").expect("a URL");
    for asked in [Asked::List, Asked::Discovery] {
        for cut in [false, true] {
            for accept_non_scim in [false, true] {
                let raw = RawAnswer {
                    status: 200,
                    location: None,
                    challenge: None,
                    body: &body,
                    cut,
                };
                let answer = in_time(|| ProbeAnswer::read(raw, asked, &url, true, accept_non_scim));
                let finding = describe(&answer);
                hides(&format!("{answer:?} {finding:?}"));
                is_for_people(&finding.detail, 1000);
                match answer {
                    ProbeAnswer::Accepted if cut => assert_eq!(asked, Asked::List),
                    ProbeAnswer::Accepted => is_what_was_asked_for(&body, asked, accept_non_scim),
                    ProbeAnswer::NotScim(why) => assert!(!matches!(why, NotScim::Status(_))),
                    ProbeAnswer::Oversized => assert!(cut),
                    other => panic!("a 200 is read as {other:?}"),
                }
            }
        }
    }
    keeps_little(&body);
}

/// As another parser reads it.
fn is_what_was_asked_for(body: &[u8], asked: Asked, accept_non_scim: bool) {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // What nothing reads is skipped: it may be nested deep, or hold half a character.
    let Ok(whole) = serde_json::from_slice::<Map<String, Value>>(body) else {
        serde_json::from_slice::<IgnoredAny>(body).expect("JSON");
        assert!(body.trim_ascii_start().starts_with(b"{"));
        return;
    };
    let schemas: Vec<&str> = match member(&whole, "schemas") {
        Some(Value::String(schema)) => vec![schema],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let named = |schema: &str| schemas.iter().any(|s| s.eq_ignore_ascii_case(schema));
    let error = schemas
        .iter()
        .take(MOST_SCHEMAS)
        .any(|s| s.eq_ignore_ascii_case(ERROR));
    assert!(!error, "an error is accepted");
    match asked {
        Asked::Discovery => assert!(named(SERVICE_PROVIDER_CONFIG)),
        Asked::List => {
            assert!(accept_non_scim || !schemas.is_empty());
            let entries = member(&whole, "Resources");
            let listed = entries.is_none_or(|entries| entries.is_array() || entries.is_null());
            assert!(listed, "something else than a list of entries is accepted");
        }
    }
}

fn member<'m>(whole: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    let mut members = whole.iter();
    let found = members.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn keeps_little(body: &[u8]) {
    for message in [outline::read(body), outline::read_beginning(body)] {
        let Some(message) = message else {
            continue;
        };
        assert!(
            message.schemas.len() <= MOST_SCHEMAS,
            "{}",
            message.schemas.len()
        );
        if let Some(kind) = message.scim_type {
            hides(kind.as_str());
        }
    }
}
