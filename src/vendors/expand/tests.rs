//! Expansion of small files: what is put where, and what is left out.

use serde::Deserialize as _;
use toml::de::ValueDeserializer;

use super::*;
use crate::connections::ConnectionKind;
use crate::http::template::Context;
use crate::issuers::IssuerKind;
use crate::ports::kind::Origin;
use crate::vendors::example::testing::{CONNECTION, ISSUER};
use crate::vendors::example::{self, Filled};

/// A file with parameters of each type, and this below `[http]`.
fn file(http: &str) -> String {
    let (head, _) = ISSUER.split_once("\n[http]").expect("there");
    format!("{head}\n[http]\n{http}")
}

fn given<'i>(text: &'i str) -> Values<'i> {
    let table = DeTable::parse(text).expect("valid").into_inner();
    let values = table.into_iter().map(|(key, value)| {
        let key = key.into_inner().into_owned();
        (key.clone(), Given { key, value })
    });
    values.collect()
}

fn plain(value: Spanned<DeValue<'_>>) -> toml::Table {
    toml::Table::deserialize(ValueDeserializer::from(value)).expect("a table")
}

/// What the file becomes with these values and the user's own `http`.
fn expanded(http: &str, values: &str, own: &str) -> toml::Table {
    let text = file(http);
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let own = DeTable::parse(own).expect("valid");
    let own = Spanned::new(own.span(), DeValue::Table(own.into_inner()));
    plain(expand(&vendor, &given(values), Some(&own), Places::Foreign).body)
}

fn toml(text: &str) -> toml::Table {
    text.parse().expect("valid")
}

#[test]
fn references_are_replaced_by_the_value_as_it_was_written() {
    let values = "domain = 'a.example'\nadmin_key = { vault = 'kv/x#y' }\nlife = '5d'\nlabel_length = 00_7\nscopes = ['a', 'b']"
        .replace("00_7", "7");
    let cases = [
        ("a = { parameter = 'domain' }", "a = 'a.example'"),
        (
            "a.b.c = { parameter = 'admin_key' }",
            "a.b.c = { vault = 'kv/x#y' }",
        ),
        ("a = { parameter = 'life' }", "a = '5d'"),
        ("a = { parameter = 'label_length' }", "a = 7"),
        ("a = { parameter = 'scopes' }", "a = ['a', 'b']"),
        // In odd places.
        (
            "a = ['x', { parameter = 'life' }, 'y']",
            "a = ['x', '5d', 'y']",
        ),
        ("a = [[{ parameter = 'life' }]]", "a = [['5d']]"),
        ("a = [{ b = { parameter = 'life' } }]", "a = [{ b = '5d' }]"),
        ("a = [{ parameter = 'scopes' }]", "a = [['a', 'b']]"),
        ("parameter = { parameter = 'life' }", "parameter = '5d'"),
        ("a.parameter.parameter = 'life'", "a.parameter = '5d'"),
        ("'odd key' = { parameter = 'life' }", "'odd key' = '5d'"),
        // No references.
        (
            "a = { parameter = 'life', x = 1 }",
            "a = { parameter = 'life', x = 1 }",
        ),
        ("parameter = 'life'", "parameter = 'life'"),
        (
            "a = \"{ parameter = 'life' }\"",
            "a = \"{ parameter = 'life' }\"",
        ),
    ];
    for (http, expected) in cases {
        assert_eq!(expanded(http, &values, ""), toml(expected), "{http}");
    }
}

#[test]
fn no_value_changes_its_type() {
    for value in [
        "'00123'",
        "'1e5'",
        "'true'",
        "'null'",
        "'2026-01-01'",
        "'{}'",
        "'say \"yes\"'",
        "'{{ token }}'",
    ] {
        let values = format!("team = {value}");
        let http = "a = { parameter = 'team' }\nb = '{{ config.team }}'";
        let expected = format!("a = {value}\nb = '{{{{ config.team }}}}'\nconfig.team = {value}");
        assert_eq!(expanded(http, &values, ""), toml(&expected), "{value}");
    }
}

#[test]
fn what_is_absent_is_left_out() {
    let cases = [
        ("a = { parameter = 'region' }\nb = 1", "b = 1"),
        ("a = [1, { parameter = 'region' }, 2]", "a = [1, 2]"),
        ("a.b = { parameter = 'signature' }", "a = {}"),
        ("a = '{{ config.region }}'", "a = '{{ config.region }}'"),
        // These have defaults.
        ("a = { parameter = 'life' }", "a = '60d'"),
        (
            "a = '{{ config.life }}'",
            "a = '{{ config.life }}'\nconfig.life = '60d'",
        ),
    ];
    for (http, expected) in cases {
        assert_eq!(expanded(http, "", ""), toml(expected), "{http}");
    }
    let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
    let none = expand(&vendor, &Values::new(), None, Places::Foreign);
    let expected = [
        "config.domain",
        "secrets.admin_key",
        "config.region",
        "secrets.signature",
        "config.team",
    ];
    assert_eq!(none.absent, expected);
}

/// What a file with an entry of `auth` for each of two parameters becomes.
fn with_two_entries(values: &str, own: &str) -> toml::Table {
    let parameter = "[parameters.key]\ntype = 'credential'\nabout = 'a key'\nexample = { file = '/key' }\ninstead_of = 'admin_key'\n\n[refused]";
    let text = file(
        "auth.headers = [{ name = 'X', value = { parameter = 'admin_key' } }]\nauth.oauth2 = { client_id = 'c', key = { private_key = { parameter = 'key' } } }",
    );
    let text = text.replacen("[refused]", parameter, 1);
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let own = DeTable::parse(own).expect("valid");
    let own = Spanned::new(own.span(), DeValue::Table(own.into_inner()));
    plain(expand(&vendor, &given(values), Some(&own), Places::Foreign).body)
}

#[test]
fn of_several_entries_of_auth_the_one_of_the_given_parameter_stays() {
    let by_header = "auth.headers = [{ name = 'X', value = { file = '/a' } }]";
    let made = with_two_entries("admin_key = { file = '/a' }", "");
    assert_eq!(made, toml(by_header));
    let by_key = "auth.oauth2 = { client_id = 'c', key = { private_key = { file = '/k' } } }";
    assert_eq!(with_two_entries("key = { file = '/k' }", ""), toml(by_key));
    // What a user chooses replaces both.
    let own = "auth.bearer = { env = 'T' }";
    assert_eq!(with_two_entries("key = { file = '/k' }", own), toml(own));
}

#[test]
fn only_what_templates_use_is_put_into_config_and_secrets() {
    let values = "domain = 'a.example'\nadmin_key = { file = '/k' }\nteam = 't'";
    let cases = [
        ("a = '{{ config.domain }}'", "config.domain = 'a.example'"),
        ("a = ['{{ config.domain }}']", "config.domain = 'a.example'"),
        (
            "a = '{{ config[\"domain\"] }}'",
            "config.domain = 'a.example'",
        ),
        // The keys of a JSON body are templates too.
        (
            "issue.body.json = { '{{ config.domain }}' = 1 }",
            "config.domain = 'a.example'",
        ),
        (
            "a.b = [{ c = { '{{ secrets.admin_key }}' = { d = 1 } } }]",
            "secrets.admin_key = { file = '/k' }",
        ),
        (
            "a = \"{{ config['domain'] }}\"",
            "config.domain = 'a.example'",
        ),
        (
            "a = '{% if config.team %}x{% endif %}'",
            "config.team = 't'",
        ),
        (
            "a = '{{ secrets.admin_key | b64encode }}'",
            "secrets.admin_key = { file = '/k' }",
        ),
        ("a = { parameter = 'admin_key' }", ""),
        ("a = 'config.domain'", ""),
        ("a = '{{ my_config.domain }}'", ""),
        ("a = '{{ steps.config.domain }}'", ""),
        ("a = '{{ config.domains }}'", ""),
        ("a = '{{ secrets.domain }}'", ""),
        (
            "config = { domain = 'own' }\na = '{{ config.domain }}'",
            "config.domain = 'own'",
        ),
    ];
    for (http, expected) in cases {
        let mut found = expanded(http, values, "");
        found.retain(|key, _| ["config", "secrets"].contains(&key));
        assert_eq!(found, toml(expected), "{http}");
    }
}

#[test]
fn the_users_own_keys_go_last_and_may_use_parameters_too() {
    let values = "domain = 'a.example'\nadmin_key = { file = '/k' }";
    let http = "auth = { bearer = { parameter = 'admin_key' } }\nlifetime = { declared = '1d', max = '2d' }";
    let cases = [
        (
            "lifetime.max = '9d'",
            "auth.bearer.file = '/k'\nlifetime = { declared = '1d', max = '9d' }",
        ),
        (
            "auth.bearer = { env = 'KEY' }",
            "auth.bearer.env = 'KEY'\nlifetime = { declared = '1d', max = '2d' }",
        ),
        (
            "auth.basic = { username = 'u', password = { parameter = 'admin_key' } }",
            "auth.basic = { username = 'u', password.file = '/k' }\nlifetime = { declared = '1d', max = '2d' }",
        ),
        (
            "lifetime = { max = { parameter = 'life' } }\nheaders.X = '{{ config.domain }}'",
            "auth.bearer.file = '/k'\nlifetime = { declared = '1d', max = '60d' }\nheaders.X = '{{ config.domain }}'\nconfig.domain = 'a.example'",
        ),
    ];
    for (own, expected) in cases {
        assert_eq!(expanded(http, values, own), toml(expected), "{own}");
    }
}

#[test]
fn places_are_the_users_and_everything_else_is_foreign() {
    let text = file("a = { parameter = 'domain' }\nb = '{{ config.domain }}'\nc.d = 1");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let user = "host = 'a.example'";
    let mut values = given(user);
    let value = values.remove("host").expect("given");
    let values = Values::from([("domain".to_owned(), value)]);
    let expansion = expand(&vendor, &values, None, Places::Foreign);
    let part = |path: &[&str]| {
        let root = expansion.body.get_ref();
        let at = path
            .iter()
            .try_fold(root, |at, key| Some(at.get(*key)?.get_ref()));
        at.map(|_| ()).expect("there");
        let (last, above) = path.split_last().expect("a key");
        let above = above.iter().fold(root, |at, key| at[*key].get_ref());
        above.get(*last).expect("there").span()
    };
    assert_eq!(&user[part(&["a"])], "'a.example'");
    assert_eq!(&user[part(&["config", "domain"])], "'a.example'");
    for foreign in [vec!["b"], vec!["c"], vec!["c", "d"], vec!["config"]] {
        assert!(is_foreign(&part(&foreign)), "{foreign:?}");
    }
    // Paths lead back to the key that the user wrote.
    let moved = |path: &str| (path.to_owned(), "host".to_owned());
    assert_eq!(
        expansion.moved,
        [moved("http.a"), moved("http.config.domain")]
    );
}

#[test]
fn in_the_file_a_value_stands_where_it_is_referred_to() {
    let text = file("a = { parameter = 'scopes' }");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let values = example::values(&vendor, Filled::All);
    let expansion = expand(&vendor, &values, None, Places::File);
    let part = &expansion.body.get_ref()["a"];
    assert_eq!(&text[part.span()], "{ parameter = 'scopes' }");
    let item = part
        .get_ref()
        .as_array()
        .and_then(|items| items.iter().next());
    assert_eq!(
        &text[item.expect("an item").span()],
        "{ parameter = 'scopes' }"
    );
}

#[test]
fn references_that_lead_nowhere_are_told() {
    let text = file("a = { parameter = 'nobody' }\nb = [{ parameter = 5 }]");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let expansion = expand(&vendor, &Values::new(), None, Places::File);
    let told = expansion.stray.iter();
    let told: Vec<_> = told
        .map(|s| (s.path.as_str(), &text[s.span.clone()], s.name.as_deref()))
        .collect();
    let expected = [
        ("http.a", "{ parameter = 'nobody' }", Some("nobody")),
        ("http.b[0]", "{ parameter = 5 }", None),
    ];
    assert_eq!(told, expected);
    assert_eq!(plain(expansion.body), toml("b = []"));
}

#[test]
fn the_typed_settings_know_their_vendor() {
    let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
    for filled in [Filled::All, Filled::Required] {
        let values = example::values(&vendor, filled);
        let issuer: IssuerKind = vendor.settings(&values).expect("typed");
        assert_eq!(issuer.as_kind().kind(), "acme");
        let mark = issuer.as_kind().vendor().expect("marked");
        assert_eq!(
            (mark.sha256.as_str(), mark.origin),
            (vendor.sha256.as_str(), Origin::Shipped)
        );
        let life = issuer.as_kind().declared_lifetime().expect("stated");
        assert_eq!(life.as_hours(), 60 * 24);
        let mut problems = crate::problem::Problems::default();
        issuer.as_kind().check("issuers.crm.acme", &mut problems);
        assert_eq!(problems.all(), []);
    }
    let vendor = Vendor::shipped("acme", CONNECTION).expect("sound");
    let values = example::values(&vendor, Filled::All);
    let connection: ConnectionKind = vendor.settings(&values).expect("typed");
    assert_eq!(connection.as_kind().kind(), "acme");
    assert_eq!(connection.as_kind().credentials().len(), 1);
}

#[test]
fn a_url_stands_in_templates_as_a_url_and_elsewhere_as_a_text() {
    let text = CONNECTION.replace("\n[http]\n", "\n[http]\nheaders.X = '{{ config.url }}'\n");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let mut values = example::values(&vendor, Filled::All);
    let own = DeTable::parse("server = 'https://a.example/x'").expect("valid");
    let (_, value) = own.into_inner().into_iter().next().expect("one");
    let key = "server".to_owned();
    values.insert("url".to_owned(), Given { key, value });
    let expansion = expand(&vendor, &values, None, Places::Foreign);
    for path in ["http.address", "http.config.url", "http.config.url.url"] {
        let moved = (path.to_owned(), "server".to_owned());
        assert!(
            expansion.moved.contains(&moved),
            "{path}: {:?}",
            expansion.moved
        );
    }
    let http = plain(expansion.body);
    assert_eq!(http["address"], "https://a.example/x".into());
    let expected = toml("url.url = 'https://a.example/x'\nconnection = 'con_1'");
    assert_eq!(http["config"], expected.into());
}

/// What a user writes for a host or a URL stands in the URLs of the calls.
#[test]
fn hosts_and_urls_lead_to_the_users_server() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let one = |key: &str, value: &'static str| {
        let value = DeValue::parse(value).expect("valid");
        let key = key.to_owned();
        (key.clone(), Given { key, value })
    };
    let text = CONNECTION.replace("{ parameter = \"url\" }", "\"{{ config.url }}/api\"");
    let vendor = Vendor::shipped("acme", &text).expect("sound");
    let mut values = example::values(&vendor, Filled::Required);
    values.extend([one("url", "'https://login.acme.example:8443/base/'")]);
    let connection: ConnectionKind = vendor.settings(&values).expect("typed");
    let ConnectionKind::Http(settings) = &connection else {
        panic!("{connection:?}");
    };
    let context = Context::new(now).config(&settings.config);
    let address = settings.address.as_ref().expect("an address");
    let url = address.url(&context).map(|url| url.to_string());
    assert_eq!(
        url.as_deref(),
        Ok("https://login.acme.example:8443/base/api")
    );

    let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
    let mut values = example::values(&vendor, Filled::Required);
    values.extend([one("domain", "'127.0.0.1:8443'")]);
    let issuer: IssuerKind = vendor.settings(&values).expect("typed");
    let IssuerKind::Http(settings) = &issuer else {
        panic!("{issuer:?}");
    };
    let context = Context::new(now).config(&settings.config);
    let url = settings.issue.0[0]
        .url
        .url(&context)
        .map(|url| url.to_string());
    assert_eq!(url.as_deref(), Ok("https://127.0.0.1:8443/api/tokens"));
}
