//! `WWW-Authenticate`: at most a registered error is taken from it, and nothing
//! of it is shown.

use http::HeaderValue;
use scim_rotator::scim::answer::{Asked, ProbeAnswer, RawAnswer};
use scim_rotator::scim::words::describe;
use url::Url;

use super::hold::{hides, in_time, is_for_people, planted};

pub(super) fn run(input: &[u8]) {
    let text = planted(input).map_or_else(|| input.to_vec(), String::into_bytes);
    // As the client hands it on.
    let value = HeaderValue::from_bytes(&text).ok();
    let challenge = value.as_ref().and_then(|value| value.to_str().ok());
    let url = Url::parse("https://sp.example/scim/v2/Users").expect("a URL");
    for status in [401, 403] {
        let raw = RawAnswer {
            status,
            location: challenge,
            challenge,
            body: &text,
            cut: false,
        };
        let answer = in_time(|| ProbeAnswer::read(raw, Asked::List, &url, true, false));
        let error = match &answer {
            ProbeAnswer::Unauthorized(error) if status == 401 => *error,
            ProbeAnswer::Forbidden(error) if status == 403 => *error,
            other => panic!("{status} is read as {other:?}"),
        };
        if let Some(error) = error {
            let challenge = challenge.expect("an error comes from a challenge");
            assert!(challenge.contains(error.as_str()) && challenge.contains("error="));
        }
        assert!(answer.is_refused() && !answer.is_accepted());
        let finding = describe(&answer);
        hides(&format!("{answer:?} {finding:?}"));
        is_for_people(&finding.detail, 600);
    }
    redirects(challenge, &url);
}

/// `Location` comes from the same server: with a token in the request no name of
/// a host is kept, and without one it is a name.
fn redirects(location: Option<&str>, url: &Url) {
    for carried_token in [false, true] {
        let raw = RawAnswer {
            status: 302,
            location,
            challenge: None,
            body: b"",
            cut: false,
        };
        let answer = ProbeAnswer::read(raw, Asked::List, url, carried_token, false);
        assert!(matches!(answer, ProbeAnswer::Redirect(_)));
        let finding = describe(&answer);
        is_for_people(&finding.detail, 1000);
        if carried_token {
            hides(&format!("{answer:?} {finding:?}"));
        }
    }
}
