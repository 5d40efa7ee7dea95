//! Expansion of small files: what is put where, and what is left out.

mod places;
mod settings;

use serde::Deserialize as _;
use toml::de::ValueDeserializer;

use super::*;
use crate::vendors::example::testing::ISSUER;

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
