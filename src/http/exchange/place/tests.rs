use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::http::message::Origin;

fn answer(body: &str) -> Answer {
    let headers = [
        ("location", "https://sp.example/tokens/t-7?x=1"),
        ("empty", ""),
    ];
    let pairs = headers.map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, value.parse().expect("a header"))
    });
    Answer {
        parsed: crate::http::message::Parsed::default(),
        status: 201,
        headers: pairs.into_iter().collect(),
        body: Zeroizing::new(body.as_bytes().to_vec()),
        origin: Origin {
            method: http::Method::POST,
            host: "sp.example".to_owned(),
            operation: "issue",
            idempotent: false,
        },
    }
}

fn place(toml: &str) -> Place {
    #[derive(Deserialize)]
    struct Keys {
        at: Place,
    }
    let keys: Keys = toml::from_str(&format!("at = {toml}")).expect(toml);
    keys.at
}

fn text(toml: &str, body: &str) -> Option<String> {
    let answer = answer(body);
    let json = answer.secret_json().ok();
    place(toml).text(View::of(&answer, json.as_ref()))
}

#[test]
fn a_json_body_a_header_and_a_plain_text_are_looked_into() {
    let body = json!({
        "id": 7, "on": false, "none": null, "empty": "", "list": [1],
        "keys": [{"name": "a", "value": "x"}, {"name": "b", "value": "y"}],
        "inner": json!({"token": "t"}).to_string(),
        "link": "https://sp.example/a/b?c=d",
    });
    let body = body.to_string();
    for (toml, expected) in [
        ("'/id'", Some("7")),
        ("'on'", Some("false")),
        ("'keys[name=b].value'", Some("y")),
        ("{ at = '/keys/0/value' }", Some("x")),
        ("{ at = '/token', json_text = '/inner' }", Some("t")),
        ("{ at = '/token', json_text = '/link' }", None),
        ("{ at = '/link', between = ['/a/', '?'] }", Some("b")),
        (
            "{ at = '/link', between = ['', '/a/'] }",
            Some("https://sp.example"),
        ),
        ("{ at = '/link', between = ['?', ''] }", Some("c=d")),
        ("{ at = '/link', between = ['#', ''] }", None),
        ("{ at = '/link', between = ['/a/', '#'] }", None),
        (
            "{ header = 'Location', between = ['/tokens/', '?'] }",
            Some("t-7"),
        ),
        ("{ header = 'Empty' }", None),
        ("{ header = 'Absent' }", None),
        ("'/none'", None),
        ("'/empty'", None),
        ("'/list'", None),
        ("'/absent'", None),
    ] {
        assert_eq!(text(toml, &body).as_deref(), expected, "{toml}");
    }
    let plain = "user=scim\ntoken=abc\r\n";
    for (toml, expected) in [
        (
            "{ text = true, between = ['token=', \"\\r\"] }",
            Some("abc"),
        ),
        ("{ text = true, between = ['token=', ''] }", Some("abc")),
        (
            "{ text = true, between = ['user=', \"\\n\"] }",
            Some("scim"),
        ),
        ("'/token'", None),
    ] {
        assert_eq!(text(toml, plain).as_deref(), expected, "{toml}");
    }
}

#[test]
fn an_item_of_a_list_has_no_headers_and_no_text() {
    let item = json!({"id": "a"});
    let view = View::item(&item);
    assert_eq!(place("'/id'").text(view).as_deref(), Some("a"));
    assert_eq!(place("{ header = 'Location' }").text(view), None);
    assert_eq!(place("{ text = true }").text(view), None);
}

#[test]
fn places_that_say_nothing_or_two_things_are_refused() {
    for toml in [
        "{ }",
        "{ text = false }",
        "{ at = '/a', header = 'A' }",
        "{ at = '/a', text = true }",
        "{ header = 'A', json_text = '/a' }",
        "{ header = 'a b' }",
        "{ header = 'A:' }",
        "{ at = 'a..b' }",
        "{ at = '/a', where = '/b' }",
        "{ at = '/a', between = ['x'] }",
        "'a..b'",
        "7",
    ] {
        let text = format!("at = {toml}");
        let parsed = toml::from_str::<BTreeMap<String, Place>>(&text);
        assert!(parsed.is_err(), "{toml}");
    }
}

#[test]
fn names_in_a_place_come_from_the_configuration() {
    let body = json!({
        "settings": {"bearer.token": ["new"], "bearer": {"token": ["wrong"]}},
        "rows": [{"key": "a/b", "id": "1"}, {"key": "{{ x }}", "id": "2"}],
    });
    let config = BTreeMap::from([
        ("name".to_owned(), "bearer.token".to_owned()),
        ("key".to_owned(), "a/b".to_owned()),
        ("odd".to_owned(), "{{ x }}".to_owned()),
    ]);
    let context = Context::new(Timestamp::UNIX_EPOCH).texts("config", &config);
    for (toml, expected) in [
        ("'settings[\"{{ config.name }}\"][0]'", "new"),
        ("'settings.{{ config.name }}[0]'", "new"),
        ("'/settings/{{ config.name }}/0'", "new"),
        ("'rows[key={{ config.key }}].id'", "1"),
        ("'rows[key={{ config.odd }}].id'", "2"),
    ] {
        let mut place = place(toml);
        assert_eq!(place.text(View::item(&body)), None, "not yet: {toml}");
        place.resolve(&context).expect(toml);
        assert_eq!(
            place.text(View::item(&body)).as_deref(),
            Some(expected),
            "{toml}"
        );
    }
    let absent = place("'/a/{{ config.absent }}'").resolve(&context);
    assert!(absent.is_err(), "an undefined name");
}

#[test]
fn only_the_configuration_may_be_named_in_a_place() {
    let known = Names::default().with("config.key").with("token");
    for (toml, problems) in [
        ("'/a/{{ config.key }}'", 0),
        ("{ at = '/a', json_text = '/{{ config.key }}' }", 0),
        ("'/a/{{ config.no }}'", 1),
        ("'/a/{{ token }}'", 1),
        ("{ at = '/a', json_text = '/{{ token }}' }", 1),
        ("{ header = 'X' }", 0),
    ] {
        let mut found = Problems::default();
        place(toml).check("x", &known, &mut found);
        assert_eq!(found.all().len(), problems, "{toml}");
    }
}

#[test]
fn errors_can_say_where_it_is() {
    for (toml, shown) in [
        ("'/a/b'", "`/a/b`"),
        ("''", "the whole body"),
        ("{ header = 'Location' }", "the header `Location`"),
        ("{ text = true }", "the text of the body"),
    ] {
        assert_eq!(place(toml).to_string(), shown);
        let in_json = !toml.contains("header") && !toml.contains("text");
        assert_eq!(place(toml).is_in_json(), in_json, "{toml}");
    }
}

/// A token may stand in several places of an answer.
#[test]
fn a_text_can_be_made_of_several_places() {
    let read = |written: &str| -> Result<Place, toml::de::Error> {
        let table: std::collections::BTreeMap<String, Place> = toml::from_str(written)?;
        Ok(table.into_values().next().expect("a place"))
    };
    let body = serde_json::json!({"id": "su1", "key": "k3y", "n": 7});
    let text = |written: &str| read(written).expect("a place").text(View::item(&body));
    let joined = "p = { join = [{ at = '/id' }, { fixed = ':' }, { at = '/key' }] }";
    assert_eq!(text(joined).as_deref(), Some("su1:k3y"));
    let encoded = joined.replace("] }", "], base64 = true }");
    assert_eq!(text(&encoded).as_deref(), Some("c3UxOmszeQ=="));
    let number = "p = { join = [{ at = '/id' }, { at = '/n' }] }";
    assert_eq!(text(number).as_deref(), Some("su17"));
    let absent = "p = { join = [{ at = '/id' }, { at = '/nowhere' }] }";
    assert_eq!(text(absent), None, "half a token is none");
    for wrong in [
        "p = { join = [{ at = '/id', fixed = ':' }] }",
        "p = { join = [{}] }",
        "p = { join = [{ fixed = ':' }], at = '/id' }",
        "p = { at = '/id', base64 = true }",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
