mod looks;
mod verdicts;

use serde_json::{Value, json};

use super::assertion::Assertion;
use super::keys::{self, PublicKey};
use super::{certificate, words};
use crate::scim::jwt::tests::jwt;

/// RFC 7638, 3.1.
const RFC: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;

fn rfc() -> Value {
    serde_json::from_str(RFC).expect("JSON")
}

#[test]
fn a_key_is_known_by_its_thumbprint_and_else_by_its_id() {
    let keys = keys::of_document(&json!({ "keys": [rfc()] })).expect("a JWKS");
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(keys[0].thumbprint.as_deref(), Some(thumbprint));
    assert!(keys[0].is(&PublicKey::of_id("2011-04-29")));
    assert!(!keys[0].is(&PublicKey::of_id("other")));

    let mut renamed = rfc();
    renamed["kid"] = json!("another name");
    assert!(keys[0].is(&keys::of_value(&renamed)[0]), "the same key");
    let mut replaced = rfc();
    replaced["n"] = json!("AQAB");
    assert!(
        !keys[0].is(&keys::of_value(&replaced)[0]),
        "another key of that id"
    );
}

#[test]
fn keys_at_a_place_are_ids_keys_sets_or_texts_of_these() {
    let set = json!({ "keys": [rfc()] });
    let forms = [
        json!("2011-04-29"),
        json!(["2011-04-29"]),
        rfc(),
        json!([rfc()]),
        set.clone(),
        json!(set.to_string()),
    ];
    for form in forms {
        let found = keys::of_value(&form);
        assert_eq!(found.len(), 1, "{form}");
        assert_eq!(found[0].id.as_deref(), Some("2011-04-29"), "{form}");
    }
    for form in [
        json!(null),
        json!(""),
        json!([]),
        json!({"keys": []}),
        json!(7),
    ] {
        assert_eq!(keys::of_value(&form), [], "{form}");
    }
    let encryption = json!({ "keys": [{"kty": "oct", "use": "enc", "kid": "a"}] });
    assert_eq!(keys::of_document(&encryption), Some(Vec::new()));
    assert_eq!(keys::of_document(&json!({ "error": "x" })), None);
}

#[test]
fn the_end_of_a_certificate_is_read_and_nothing_else_is_taken_for_one() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = rcgen::KeyPair::generate().expect("a key");
    for (year, expected) in [
        (2031, "2031-02-03T00:00:00Z"),
        (2061, "2061-02-03T00:00:00Z"),
    ] {
        let mut params = rcgen::CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(year, 2, 3);
        let der = params.self_signed(&key).expect("signs").der().to_vec();
        let end = certificate::ends_at(&STANDARD.encode(&der)).expect("an end");
        assert_eq!(end.to_string(), expected);
        for length in 0..der.len().min(60) {
            assert_eq!(certificate::ends_at(&STANDARD.encode(&der[..length])), None);
        }
    }
    for text in ["", "AAAA", "not base64!", "MIIB", "MIT/////AAAA"] {
        assert_eq!(certificate::ends_at(text), None, "{text}");
    }
}

#[test]
fn an_assertion_tells_what_it_states() {
    let header = r#"{"alg":"RS256","kid":"k1"}"#;
    let one = Assertion::read(&jwt(
        header,
        r#"{"iss":"i","sub":"s","aud":"a","exp":1800000000}"#,
    ));
    let one = one.expect("a JWT");
    assert_eq!(
        (one.issuer.as_deref(), one.subject.as_deref()),
        (Some("i"), Some("s"))
    );
    assert_eq!(
        (one.audience, one.key_id.as_deref()),
        (vec!["a".to_owned()], Some("k1"))
    );
    let several = Assertion::read(&jwt(r#"{"alg":"RS256"}"#, r#"{"aud":["a",7,"b"]}"#));
    let several = several.expect("a JWT");
    assert_eq!(several.audience, ["a", "b"]);
    assert_eq!(several.key_id, None);
    assert_eq!(Assertion::read("opaque"), None);
}

#[test]
fn the_time_of_an_assertion_is_read() {
    let now = "2027-01-15T08:00:00Z".parse().expect("a time");
    let out = |claims: &str| {
        let read = Assertion::read(&jwt(r#"{"alg":"RS256"}"#, claims)).expect("a JWT");
        read.is_out_of_time(now).is_some()
    };
    assert!(out(r#"{"exp":1800000000}"#), "it ends at this moment");
    assert!(!out(r#"{"exp":1800000001}"#));
    assert!(
        !out(r#"{"exp":1800000100,"nbf":1800000060}"#),
        "clocks differ"
    );
    assert!(out(r#"{"exp":1800000100,"nbf":1800000061}"#));
    assert!(!out("{}"));
}

/// Words that people read: which part, since when, both values, what stops, what to
/// type.
#[test]
fn a_break_is_told_whole() {
    use super::sight::{Look, Part, Saw, Source};
    use super::verdict::judge;
    let now = "2027-01-15T08:00:00Z".parse().expect("a time");
    let mut look = Look::default();
    look.see(
        Part::Subject,
        Source::Trust,
        Saw::differs("scim-hr", "other"),
    );
    let text = words::of_standing("hr", &judge(None, &look, now)).expect("a break");
    for part in [
        "subject broken since 2027-01-15T08:00:00Z",
        "expected scim-hr",
        "what the service provider trusts shows other",
        "Provisioning stops",
        "scim-rotator once hr",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
