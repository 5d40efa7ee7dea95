//! Federated credentials: what they need, and what only tokens have that are rotated.

use scim_rotator::problem::Severity::{Error, Warning};

use super::super::said_of;
use super::SOUND;

const FEDERATED: &str = "
[tokens.hr]
scim_url = 'https://hr.example.com/scim'
credential = 'federated'
token_url = 'https://login.hr.example.com/token'

[tokens.hr.federated]
issuer = 'https://idp.example.com/realms/hr'
audience = 'https://login.hr.example.com'
subject = 'outbound'
assertion = { file = '/run/hr.jwt' }
";

const TRUST: &str = "
[tokens.hr.federated.trust]
lookups = [{ name = 'client', url = 'https://admin.hr.example.com/client' }]
issuer = '/issuer'
audience = '/audience'
subject = '/subject'
";

fn whole(federated: &str) -> String {
    format!("{SOUND}{federated}")
}

/// What is found: the key, and whether it is an error.
fn found(federated: &str) -> Vec<(String, bool)> {
    let found = said_of(&whole(federated));
    let found = found.into_iter();
    found.map(|f| (f.path, f.severity == Error)).collect()
}

#[test]
fn a_sound_one_raises_no_word() {
    assert_eq!(said_of(&whole(FEDERATED)), []);
    assert_eq!(said_of(&whole(&format!("{FEDERATED}{TRUST}"))), []);
    let by_trust = format!("{FEDERATED}{TRUST}")
        .replace("assertion = { file = '/run/hr.jwt' }", "")
        .replace("token_url = 'https://login.hr.example.com/token'", "");
    assert_eq!(said_of(&whole(&by_trust)), []);
}

#[test]
fn alone_it_is_a_whole_configuration() {
    let head = SOUND.split("[issuers").next().expect("a head");
    assert_eq!(said_of(&format!("{head}{FEDERATED}")), []);
}

#[test]
fn keys_of_a_rotation_are_refused_with_the_reason() {
    for (key, why) in [
        ("issuer = 'by-hand'", "nothing is issued"),
        ("connections = ['idp']", "nothing is delivered"),
        ("vault_path = 'kv/scim/hr'", "no secret to publish"),
        ("client_auth = 'post'", "no client secret"),
        ("renew_at = '50%'", "nothing expires"),
        ("overlap = '1h'", "nothing expires"),
    ] {
        let text = FEDERATED.replace("token_url =", &format!("{key}\ntoken_url ="));
        let said = said_of(&whole(&text));
        assert_eq!(said.len(), 1, "{key}: {said:#?}");
        let name = key.split(' ').next().expect("a key");
        assert_eq!(said[0].path, format!("tokens.hr.{name}"), "{key}");
        assert_eq!(said[0].severity, Error);
        assert!(said[0].message.contains(why), "{key}: {:?}", said[0]);
        let shown = said[0]
            .line
            .and_then(|line| whole(&text).lines().nth(line - 1).map(str::to_owned));
        assert_eq!(shown.as_deref(), Some(key));
    }
}

#[test]
fn what_cannot_work_is_told_at_its_key() {
    for (from, to, path, is_error) in [
        ("credential = 'federated'", "", "tokens.hr.credential", true),
        (
            "credential = 'federated'",
            "credential = 'key'",
            "tokens.hr.credential",
            true,
        ),
        (
            "audience = 'https://login.hr.example.com'",
            "",
            "tokens.hr.federated.audience",
            true,
        ),
        (
            "'https://login.hr.example.com'\n",
            "''\n",
            "tokens.hr.federated.audience",
            true,
        ),
        (
            "subject = 'outbound'",
            "subject = ' '",
            "tokens.hr.federated.subject",
            true,
        ),
        (
            "'https://idp.example.com/realms/hr'",
            "'hr'",
            "tokens.hr.federated.issuer",
            true,
        ),
        (
            "'https://idp.example.com/realms/hr'",
            "'http://idp.example.com'",
            "tokens.hr.federated.issuer",
            true,
        ),
        (
            "realms/hr'",
            "realms/hr?x=1'",
            "tokens.hr.federated.issuer",
            true,
        ),
        (
            "assertion =",
            "look_every = '1s'\nassertion =",
            "tokens.hr.federated.look_every",
            true,
        ),
        (
            "assertion =",
            "jwks_url = 'http://idp.example.com/keys'\nassertion =",
            "tokens.hr.federated.jwks_url",
            true,
        ),
        (
            "token_url = 'https://login.hr.example.com/token'",
            "",
            "tokens.hr.token_url",
            true,
        ),
        (
            "assertion =",
            "assertion_as = 'bearer'\nassertion =",
            "tokens.hr.token_url",
            true,
        ),
        (
            "https://login.hr.example.com/token",
            "http://login.hr.example.com/token",
            "tokens.hr.token_url",
            true,
        ),
        (
            "token_url =",
            "client_id = ''\ntoken_url =",
            "tokens.hr.client_id",
            true,
        ),
        (
            "token_url =",
            "scopes = ['scim.read scim.write']\ntoken_url =",
            "tokens.hr.scopes[0]",
            true,
        ),
        (
            "token_url =",
            "token_params = { grant_type = 'password' }\ntoken_url =",
            "tokens.hr.token_params.grant_type",
            true,
        ),
        (
            "token_url =",
            "token_params = { assertion = 'x' }\ntoken_url =",
            "tokens.hr.token_params.assertion",
            true,
        ),
        (
            "assertion = { file = '/run/hr.jwt' }",
            "assertion = 'eyJhbGciOi'",
            "tokens.hr.federated.assertion",
            true,
        ),
    ] {
        let text = FEDERATED.replace(from, to);
        assert_ne!(text, FEDERATED, "{from}");
        assert_eq!(found(&text), [(path.to_owned(), is_error)], "{to}");
    }
}

#[test]
fn what_nothing_shows_is_told() {
    let nothing = FEDERATED
        .replace("assertion = { file = '/run/hr.jwt' }", "")
        .replace("token_url = 'https://login.hr.example.com/token'", "");
    assert_eq!(found(&nothing), [("tokens.hr.federated".to_owned(), true)]);
    let no_subject = format!("{nothing}{}", TRUST.replace("subject = '/subject'", ""));
    let said = said_of(&whole(&no_subject));
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(said[0].path, "tokens.hr.federated.trust.subject");
    assert_eq!(said[0].severity, Warning);

    for (from, to, path) in [
        (
            "issuer = '/issuer'",
            "issuer = { step = 'none', at = '/issuer' }",
            "issuer.step",
        ),
        ("url = 'https", "url = '{{ token }}https", "lookups[0].url"),
        ("{ name = 'client', ", "{ ", "lookups[0].name"),
    ] {
        let text = format!("{FEDERATED}{}", TRUST.replace(from, to));
        let path = format!("tokens.hr.federated.trust.{path}");
        assert_eq!(found(&text), [(path, true)], "{to}");
    }
}

/// The table without the word, and the word without the table.
#[test]
fn a_token_is_federated_as_a_whole() {
    let without = FEDERATED
        .split("[tokens.hr.federated]")
        .next()
        .expect("a head");
    let said = found(without);
    assert_eq!(said, [("tokens.hr.federated".to_owned(), true)]);
}
