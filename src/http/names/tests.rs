use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::http::context::ConfigValue;
use crate::http::template::tests::{configured, sample};
use crate::http::template::{FUNCTIONS, Template};
use crate::problem::Problems;

fn names(side: Side, purpose: Purpose) -> Names {
    Names::of(side, purpose, &configured())
}

fn path(name: &str) -> Vec<String> {
    name.split('.').map(str::to_owned).collect()
}

fn unknown(names: &Names, name: &str) -> Unknown {
    names.find(&path(name), false).expect_err(name)
}

#[test]
fn every_example_of_a_name_gives_what_the_table_says() {
    for row in ROWS {
        let template = Template::new(row.example);
        for (side, purposes) in row.exists {
            for purpose in *purposes {
                let mut problems = Problems::default();
                template.check(row.name, &names(*side, *purpose), &mut problems);
                assert_eq!(problems.all(), [], "{} in {purpose:?}", row.name);
            }
        }
        let text = template.text(&sample()).expect(row.name);
        assert_eq!(*text, row.gives, "{}", row.name);
        let mut fixed = row.name.split('.').filter(|part| !part.contains('<'));
        assert!(fixed.all(|part| row.example.contains(part)), "{}", row.name);
    }
}

#[test]
fn every_example_of_a_filter_gives_what_the_table_says() {
    for function in FUNCTIONS {
        let name = function.name();
        let template = Template::new(function.example);
        assert!(function.example.contains(name), "{name}");
        let text = template.text(&sample());
        assert_eq!(
            text.as_deref().map(String::as_str),
            Ok(function.gives),
            "{name}"
        );
    }
}

#[test]
fn a_name_exists_only_where_the_table_says() {
    for row in ROWS.iter().filter(|row| !row.name.contains('<')) {
        for side in Side::ALL {
            for purpose in Purpose::ALL {
                let found = names(side, purpose).find(&path(row.name), false).is_ok();
                let told = row.exists_in(side, purpose);
                assert_eq!(found, told, "{} in {side:?} {purpose:?}", row.name);
            }
        }
    }
    let delivers = names(Side::Connection, Purpose::Deliver);
    let logs_in = names(Side::Connection, Purpose::Login);
    assert!(delivers.find(&path("token"), false).is_ok());
    assert!(logs_in.find(&path("token"), false).is_err());
    assert!(logs_in.find(&path("secrets.api_key"), false).is_ok());
    let label = names(Side::Issuer, Purpose::Label);
    assert!(label.find(&path("secrets.api_key"), false).is_err());
}

#[test]
fn what_is_below_a_name_is_known_too() {
    let names = names(Side::Connection, Purpose::Deliver);
    let cases = [
        ("steps.find.json", false, true),
        ("steps.find.json.a.0.b", false, true),
        ("steps.find.json.a", true, true),
        ("steps.find.status", false, true),
        ("steps.find.status.x", false, false),
        ("steps.find.text", false, true),
        ("steps.find.headers.x-request-id", false, true),
        ("steps.find.headers.X-Request-Id", false, false),
        ("steps.find.headers", false, false),
        ("steps.find.headers", true, false),
        ("steps.find.cookies.SESSION", false, true),
        ("steps.find.cookies.SESSION.x", false, false),
        ("steps.find.body", false, false),
        ("steps.find", false, false),
        ("steps.other.json", false, false),
        ("steps", true, false),
        ("config.tenant", false, true),
        ("config.tenant.x", false, false),
        ("config.scopes", false, true),
        ("config.scopes.0", false, true),
        ("config.scopes", true, true),
        ("config.scopes.x", false, false),
        ("config.other", false, false),
        ("secrets", true, false),
        ("token", false, true),
        ("token.x", false, false),
        ("token", true, false),
    ];
    for (name, open, known) in cases {
        assert_eq!(
            names.find(&path(name), open).is_ok(),
            known,
            "{name} {open}"
        );
    }
}

#[test]
fn the_reason_helps() {
    let names = names(Side::Connection, Purpose::Deliver);
    let cases = [
        ("tokn", "which does not exist here", "did you mean `token`?"),
        (
            "steps.find",
            "no value of its own",
            "steps.find.cookies.<name>",
        ),
        ("steps.find.body", "does not exist here", "steps.find.json…"),
        (
            "steps.find.headers.X-A",
            "header in lower case",
            "['content-type']",
        ),
        ("steps.find.cookies", "not one cookie", "['SESSION']"),
        ("token.x", "nothing stands below `token`", "`token` alone"),
        ("config.scopes.x", "`config.scopes` is a list", "join"),
        (
            "secrets.api_kye",
            "does not exist here",
            "did you mean `secrets.api_key`?",
        ),
    ];
    for (name, message, remedy) in cases {
        let why = unknown(&names, name);
        assert!(why.message.contains(message), "{name}: {why:?}");
        assert!(why.remedy.contains(remedy), "{name}: {why:?}");
    }
}

#[test]
fn no_name_and_no_purpose_stands_twice() {
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(rows.len(), ROWS.len());
    let words: BTreeSet<_> = Purpose::ALL.iter().map(|p| p.as_str()).collect();
    assert_eq!(words.len(), Purpose::ALL.len());
    let config = BTreeMap::from([("a".to_owned(), ConfigValue::Integer(1))]);
    let names = Names::of(
        Side::Issuer,
        Purpose::Issue,
        &Configured::default().config(&config),
    );
    assert_eq!(names.to_string().matches("config.a").count(), 1);
}
