use super::*;

fn read(status: u16, body: &str) -> ProbeAnswer {
    read_with(status, body, &ProbeConfig::default())
}

fn read_with(status: u16, body: &str, config: &ProbeConfig) -> ProbeAnswer {
    let url = Url::parse("https://sp.example/scim/v2/Users").expect("valid");
    let raw = RawAnswer {
        status,
        location: None,
        challenge: None,
        body: body.as_bytes(),
    };
    ProbeAnswer::read(raw, Asked::List, &url, true, config)
}

const EMPTY_LIST: &str =
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#;

#[test]
fn statuses_mean_what_the_table_says() {
    let cases = [
        (201, ProbeAnswer::NotScim(NotScim::Status(201))),
        (202, ProbeAnswer::NotScim(NotScim::Status(202))),
        (204, ProbeAnswer::NotScim(NotScim::Status(204))),
        (302, ProbeAnswer::Redirect(RedirectTo::Nowhere)),
        (400, ProbeAnswer::BadRequest(None)),
        (401, ProbeAnswer::Unauthorized(None)),
        (403, ProbeAnswer::Forbidden(None)),
        (404, ProbeAnswer::NotFound),
        (405, ProbeAnswer::NotOffered(405)),
        (413, ProbeAnswer::TooLarge(413)),
        (418, ProbeAnswer::Unexpected(418)),
        (429, ProbeAnswer::Throttled),
        (431, ProbeAnswer::TooLarge(431)),
        (500, ProbeAnswer::ServerError(500)),
        (501, ProbeAnswer::NotOffered(501)),
        (503, ProbeAnswer::ServerError(503)),
    ];
    for (status, expected) in cases {
        assert_eq!(read(status, ""), expected, "{status}");
        assert_eq!(read(status, EMPTY_LIST), expected, "{status} with a list");
    }
}

#[test]
fn only_a_list_is_an_acceptance() {
    assert_eq!(read(200, EMPTY_LIST), ProbeAnswer::Accepted);
    let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}"#;
    let both = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse","urn:ietf:params:scim:api:messages:2.0:Error"],"Resources":[]}"#;
    for (body, why) in [
        ("<html>login</html>", NotScim::NotJson),
        ("", NotScim::NotJson),
        ("null", NotScim::NotJson),
        ("{}", NotScim::NoSchema),
        (r#"{"Resources":[]}"#, NotScim::NoSchema),
        (error, NotScim::ErrorInside),
        (both, NotScim::ErrorInside),
        (&EMPTY_LIST.replace(":0}", ":5}"), NotScim::BadList),
    ] {
        assert_eq!(read(200, body), ProbeAnswer::NotScim(why), "{body}");
    }
}

#[test]
fn the_lenient_profile_takes_bare_lists_and_no_errors() {
    let lenient = ProbeConfig {
        accept_non_scim: true,
        ..ProbeConfig::default()
    };
    let old = r#"{"schemas":["urn:scim:schemas:core:1.0"],"Resources":[],"totalResults":0}"#;
    assert_eq!(read_with(200, old, &lenient), ProbeAnswer::Accepted);
    assert_eq!(
        read_with(200, "{}", &lenient),
        ProbeAnswer::NotScim(NotScim::NoSchema)
    );
    let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"Resources":[]}"#;
    assert_eq!(
        read_with(200, error, &lenient),
        ProbeAnswer::NotScim(NotScim::ErrorInside)
    );
}

#[test]
fn challenges_give_a_registered_word_or_nothing() {
    let huge = format!("Bearer error=\"invalid_token\" {}", "x".repeat(64 << 10));
    for (challenge, expected) in [
        (
            r#"Bearer realm="SCIM", error="invalid_token""#,
            Some(AuthError::InvalidToken),
        ),
        (
            "Negotiate, Bearer error=insufficient_scope",
            Some(AuthError::InsufficientScope),
        ),
        (r#"Bearer error="canary-token"#, None),
        ("\"\"\"", None),
        (huge.as_str(), None),
    ] {
        assert_eq!(auth_error(Some(challenge)), expected);
    }
    assert_eq!(auth_error(None), None);
}

#[test]
fn redirects_name_a_host_only_if_it_cannot_be_an_echo() {
    let from = Url::parse("https://sp.example/scim/v2/Users").expect("valid");
    let evil = Some("https://canary.evil.example/");
    assert_eq!(redirect(evil, &from, true), RedirectTo::OtherHost(None));
    let named = RedirectTo::OtherHost(Some("canary.evil.example".to_owned()));
    assert_eq!(redirect(evil, &from, false), named);
    for (location, expected) in [
        ("http://sp.example/scim/v2/Users", RedirectTo::OtherScheme),
        ("/login", RedirectTo::OtherPath),
        ("//other", RedirectTo::OtherHost(None)),
        ("mailto:x", RedirectTo::Nowhere),
        ("https://", RedirectTo::Nowhere),
    ] {
        assert_eq!(
            redirect(Some(location), &from, true),
            expected,
            "{location}"
        );
    }
}
