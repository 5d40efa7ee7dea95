use super::*;
use crate::scim::message::LIST_RESPONSE;

#[test]
fn names_are_read_in_any_case() {
    let body = format!(
        r#"{{"SCHEMAS":["{}"],"resources":[{{"id":"1"}},2],"TotalResults":2,"x":[{{}}]}}"#,
        LIST_RESPONSE.to_uppercase()
    );
    let message = read(body.as_bytes()).expect("readable");
    assert!(message.names(LIST_RESPONSE) && message.is_list());
    assert_eq!((message.resources, message.total), (Some(2), Some(2.0)));
}

#[test]
fn hostile_bodies_are_unreadable() {
    let deep = "[".repeat(100_000);
    let deep_inside = format!(r#"{{"schemas":{deep}"#);
    let cases: [&[u8]; 12] = [
        b"",
        b"null",
        b"[]",
        b"\"text\"",
        b"{\"schemas\":[]} trailing",
        b"{\"schemas\":[",
        b"{\"totalResults\":1,\"totalResults\":2}",
        b"{\"totalResults\":1,\"TOTALRESULTS\":2}",
        b"{\"scimType\":\"\\ud800\"}",
        b"\xff\xfe{\x00}\x00",
        deep.as_bytes(),
        deep_inside.as_bytes(),
    ];
    for body in cases {
        assert_eq!(read(body), None, "{:?}", body.get(..40).unwrap_or(body));
    }
    assert_eq!(read(b"{\"totalResults\":1e400}"), None);
}

#[test]
fn lists_that_lie_are_no_lists() {
    for (body, is_list) in [
        (r#"{"Resources":[]}"#, true),
        (r#"{"totalResults":0}"#, true),
        (r#"{"totalResults":-1}"#, true),
        (r#"{"nextCursor":"x","Resources":[1]}"#, true),
        (r#"{"totalResults":7}"#, false),
        (r#"{"Resources":{}}"#, false),
        (r#"{"Resources":null,"totalResults":0}"#, true),
        (r#"{"Resources":null,"totalResults":7}"#, false),
    ] {
        let message = read(body.as_bytes()).expect(body);
        assert_eq!(message.is_list(), is_list, "{body}");
    }
}

#[test]
fn only_registered_words_are_kept() {
    let message = read(br#"{"scimType":"INVALIDFILTER"}"#).expect("readable");
    assert_eq!(
        message.scim_type.map(ScimType::as_str),
        Some("invalidFilter")
    );
    let echo = read(br#"{"scimType":"canary-token"}"#).expect("readable");
    assert_eq!(echo.scim_type, None);
    let config = read(br#"{"filter":{"supported":false,"max":1}}"#).expect("readable");
    assert_eq!(config.filter_supported, Some(false));
}
