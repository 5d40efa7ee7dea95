use super::*;

fn read(status: u16, body: &str) -> ProbeAnswer {
    read_with(status, body, false)
}

fn read_with(status: u16, body: &str, accept_non_scim: bool) -> ProbeAnswer {
    let url = Url::parse("https://sp.example/scim/v2/Users").expect("valid");
    let raw = RawAnswer {
        status,
        location: None,
        challenge: None,
        body: body.as_bytes(),
        cut: false,
    };
    ProbeAnswer::read(raw, Asked::List, &url, true, accept_non_scim)
}

/// The beginning of a body that goes on.
fn read_beginning(body: &str) -> ProbeAnswer {
    let url = Url::parse("https://sp.example/scim/v2/Users").expect("valid");
    let raw = RawAnswer {
        status: 200,
        location: None,
        challenge: None,
        body: body.as_bytes(),
        cut: true,
    };
    ProbeAnswer::read(raw, Asked::List, &url, true, false)
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
    for bare in [
        r#"{"Resources":[]}"#,
        r#"{"Resources":null,"totalResults":0}"#,
        r#"{"totalResults":0}"#,
    ] {
        assert_eq!(read_with(200, bare, true), ProbeAnswer::Accepted, "{bare}");
        let strict = ProbeAnswer::NotScim(NotScim::NoSchema);
        assert_eq!(read(200, bare), strict, "{bare}");
    }
    assert_eq!(
        read_with(200, "{}", true),
        ProbeAnswer::NotScim(NotScim::NoSchema)
    );
    let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"Resources":[]}"#;
    assert_eq!(
        read_with(200, error, true),
        ProbeAnswer::NotScim(NotScim::ErrorInside)
    );
}

#[test]
fn an_empty_list_is_one_in_every_form() {
    let named = r#""schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]"#;
    let word = r#""schemas":"urn:ietf:params:scim:api:messages:2.0:ListResponse""#;
    let old = r#""schemas":["urn:scim:schemas:core:1.0"]"#;
    for body in [
        format!(r#"{{{named},"totalResults":0,"Resources":[]}}"#),
        format!(r#"{{{named},"totalResults":0,"Resources":null}}"#),
        format!(r#"{{{named},"totalResults":0}}"#),
        format!(r#"{{{named},"Resources":null}}"#),
        format!("{{{named}}}"),
        format!(r#"{{{word},"totalResults":0,"Resources":[]}}"#),
        format!(r#"{{{old},"totalResults":0,"Resources":[]}}"#),
        format!(r#"{{{old},"totalResults":0,"Resources":null}}"#),
        format!(r#"{{{old},"totalResults":0}}"#),
        format!("\u{feff}{{{named},\"totalResults\":0}}"),
        r#"{"schemas":["urn:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#.to_owned(),
    ] {
        assert_eq!(read(200, &body), ProbeAnswer::Accepted, "{body}");
    }
    // An entry of SCIM 1.1 names the same schema as a list; an error names none.
    let entry = r#"{"schemas":["urn:scim:schemas:core:1.0"],"userName":"x"}"#;
    assert_eq!(read(200, entry), ProbeAnswer::NotScim(NotScim::NoSchema));
    let error = r#"{"Errors":[{"description":"no","code":"401"}]}"#;
    assert_eq!(read(200, error), ProbeAnswer::NotScim(NotScim::ErrorInside));
}

#[test]
fn the_beginning_of_a_list_is_proof() {
    let schema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1"}"#;
    for begins in [
        format!(r#"{{"schemas":["{schema}"],"totalResults":9,"Resources":[{{"id":"#),
        format!(r#"{{"Resources":[{user},{{"userName":"al"#),
    ] {
        assert_eq!(read_beginning(&begins), ProbeAnswer::Accepted, "{begins}");
        let whole = ProbeAnswer::NotScim(NotScim::NotJson);
        assert_eq!(read(200, &begins), whole, "a cut that the server made");
    }
    for (begins, expected) in [
        ("   ", ProbeAnswer::Oversized),
        ("<html>", ProbeAnswer::Oversized),
        (r#"{"Resources":[{"id":"1"},{"#, ProbeAnswer::Oversized),
        (r#"{"schemas":["x"],"totalResults"#, ProbeAnswer::Oversized),
        (r#"{"Resources":[1,]"#, ProbeAnswer::Oversized),
        (
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":""#,
            ProbeAnswer::NotScim(NotScim::ErrorInside),
        ),
    ] {
        assert_eq!(read_beginning(begins), expected, "{begins}");
    }
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
