//! An issuer whose revocation is several calls.

use scim_rotator::problem::Severity::Error;

use super::{SOUND, paths};

const ISSUER: &str = "
[issuers.sso.http]
address = 'https://sso.example.com'
capabilities = { live_tokens = 'two', issue_effect = 'keeps', recovery = 'by_set_difference', revoke = 'by_id', expiry = 'declared' }
lifetime = { declared = '90d' }
issue = { url = '/secrets', read = { token = '/secret', id = '/id' } }
list = { url = '/secrets', read.id = '/id' }
[[issuers.sso.http.revoke]]
name = 'look'
effect = 'none'
method = 'GET'
url = '/secrets/{{ id }}'
[[issuers.sso.http.revoke]]
name = 'disable'
method = 'POST'
url = '/secrets/{{ id }}/disable'
when = [{ step = 'look', at = '/state', equals = 'on' }]
[[issuers.sso.http.revoke]]
name = 'delete'
url = '/secrets/{{ id }}'
";

fn with(issuer: &str) -> String {
    let (begin, rest) = SOUND.split_once("[issuers.sso.oauth2]").expect("an issuer");
    let (_, rest) = rest
        .split_once("revocation_url = 'https://sso.example.com/revoke'")
        .expect("its last key");
    format!("{begin}{issuer}{rest}")
}

#[test]
fn several_calls_revoke_a_token_and_the_last_one_ends_it() {
    assert_eq!(paths(&with(ISSUER)), []);
    let cases = [
        ("name = 'disable'\n", "", "revoke[1].name"),
        ("'/secrets/{{ id }}/disable'", "'/disable'", "revoke[1]"),
        (
            "name = 'delete'\n",
            "name = 'delete'\neffect = 'none'\n",
            "revoke",
        ),
        ("step = 'look'", "step = 'delete'", "revoke[1].when[0]"),
        ("name = 'delete'\n", "name = 'look'\n", "revoke[2].name"),
    ];
    for (from, to, key) in cases {
        assert_eq!(ISSUER.matches(from).count(), 1, "{from}");
        let found = paths(&with(&ISSUER.replace(from, to)));
        let wanted = (Error, format!("issuers.sso.http.{key}"));
        let there = found
            .iter()
            .any(|f| f.0 == Error && f.1.starts_with(&wanted.1));
        assert!(there, "{from} -> {to}: {found:?}");
    }
}

#[test]
fn a_call_without_a_url_is_found_before_it_is_made() {
    let found = paths(&with(
        &ISSUER.replace("url = '/secrets', read.id", "url = '', read.id"),
    ));
    assert_eq!(found, [(Error, "issuers.sso.http.list.url".to_owned())]);
}
