use serde_json::json;

use super::*;

fn place(text: &str) -> JsonPlace {
    JsonPlace::parse(text).expect(text)
}

#[test]
fn places_are_found() {
    let document = json!({
        "a": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "y2", "n": 7, "v": 3}],
        "s": [{"m": {"name": "one"}}, {"m": {"name": "two"}, "v": 8}],
        "b.c": {"d/e": {"~": 4}}, "": 5, "0": 6,
    });
    let cases = [
        ("", Some(document.clone())),
        ("/a/0/v", Some(json!(1))),
        ("/a/00/v", None),
        ("/a/-", None),
        ("/a/3", None),
        ("/b.c/d~1e/~0", Some(json!(4))),
        ("/", Some(json!(5))),
        ("a[1].v", Some(json!(2))),
        ("a[k=y].v", Some(json!(2))),
        ("a[k=\"x\"].v", Some(json!(1))),
        ("a[n=7].v", Some(json!(3))),
        ("a[k=z].v", None),
        ("s[m.name=two].v", Some(json!(8))),
        ("[\"b.c\"][\"d/e\"].~", Some(json!(4))),
        ("0", Some(json!(6))),
    ];
    for (text, expected) in cases {
        assert_eq!(place(text).get(&document), expected.as_ref(), "{text}");
    }
}

#[test]
fn what_is_no_place_is_refused() {
    for text in [
        "a..b", "a.", ".a", "a[", "a[x]", "a]b", "a[=x]", "a[0]b", "a.[0]", "/a~2",
    ] {
        assert!(JsonPlace::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_place_of_another_language_is_told_as_a_pointer() {
    for (text, pointer) in [
        ("$.token", "/token"),
        ("$.data.items[0].id", "/data/items/0/id"),
        ("$[0].id", "/0/id"),
        (".token", "/token"),
        ("$.a/b", "/a~1b"),
    ] {
        let why = JsonPlace::parse(text).expect_err(text);
        assert!(why.ends_with(&format!(": write \"{pointer}\"")), "{why}");
    }
    for text in ["$schema", "token.$", "/$/x"] {
        assert!(JsonPlace::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn setting_makes_nothing_unless_allowed() {
    let document = json!({"p": [{"key": "a", "value": "1"}], "t": "text"});
    let mut here = document.clone();
    place("p[key=a].value")
        .set(&mut here, json!("2"), false)
        .expect("there");
    assert_eq!(here["p"][0]["value"], "2");

    let mut here = document.clone();
    let absent = place("p[key=b].value").set(&mut here, json!("2"), false);
    assert!(
        matches!(absent, Err(JsonPlaceError::Absent(_))),
        "{absent:?}"
    );
    assert_eq!(here, document, "nothing was touched");
    place("p[key=b].value")
        .set(&mut here, json!("2"), true)
        .expect("made");
    assert_eq!(here["p"][1], json!({"key": "b", "value": "2"}));
    place("q.r[key=c].v")
        .set(&mut here, json!(3), true)
        .expect("made");
    assert_eq!(here["q"], json!({"r": [{"key": "c", "v": 3}]}));

    place("q.s[m.n=c].v")
        .set(&mut here, json!(3), true)
        .expect("made");
    assert_eq!(here["q"]["s"], json!([{"m": {"n": "c"}, "v": 3}]));

    let through = place("t.x").set(&mut here, json!(1), true);
    assert!(
        matches!(through, Err(JsonPlaceError::InTheWay(_))),
        "{through:?}"
    );
}

#[test]
fn two_matches_are_no_match() {
    let mut document = json!({"p": [{"key": "a"}, {"key": "a"}]});
    let twice = place("p[key=a].value").set(&mut document, json!(1), true);
    assert!(
        matches!(twice, Err(JsonPlaceError::ManyMatches(_))),
        "{twice:?}"
    );
    assert_eq!(place("p[key=a]").get(&document), None);
}

#[test]
fn adding_and_removing_follow_json_patch() {
    let mut document = json!({"a": [1, 3], "o": {}});
    place("/a/1")
        .add(&mut document, json!(2))
        .expect("inserted");
    place("/a/-")
        .add(&mut document, json!(4))
        .expect("appended");
    place("/o/x").add(&mut document, json!(5)).expect("made");
    assert_eq!(document, json!({"a": [1, 2, 3, 4], "o": {"x": 5}}));
    assert!(place("/a/9").add(&mut document, json!(0)).is_err());
    assert!(place("/a/0").remove(&mut document));
    assert!(place("o.x").remove(&mut document));
    assert!(!place("o.x").remove(&mut document));
    assert_eq!(document, json!({"a": [2, 3, 4], "o": {}}));
}
