//! The guide for authors is true: its example passes, and every key stands in it.

use std::collections::BTreeSet;

use scim_rotator::vendors::replay::Replay;

use super::{ISSUER, played};

const GUIDE: &str = include_str!("../../config/vendors/REPLAYS.md");

fn example() -> &'static str {
    let after = GUIDE.split("```toml\n").nth(1).expect("an example");
    after.split("```").next().expect("its end")
}

#[tokio::test]
async fn its_example_passes() {
    let report = played(ISSUER, example()).await;
    assert_eq!(report.scenes[0].failure, None);
    assert_eq!(report.scenes[0].requests.len(), 3);
    assert_eq!(report.not_fired.len(), 2, "it needs more scenes");
}

/// The keys of a table: what the reader says that it knows when a key of this
/// table is unknown.
fn keys(place: &str, with_unknown: &str) -> BTreeSet<String> {
    let example = example();
    assert!(example.contains(place), "not there: {place}");
    let error = Replay::parse(&example.replacen(place, with_unknown, 1)).expect_err(place);
    let (_, known) = error.split_once("expected ").expect(&error);
    let known = known.split('`').skip(1).step_by(2);
    known.map(str::to_owned).collect()
}

#[test]
fn every_key_stands_in_it() {
    let places = [
        ("vendor = ", "zzz = 1\nvendor = "),
        ("about = ", "zzz = 1\nabout = "),
        ("call = \"issue\"", "call = \"issue\"\nzzz = 1"),
        ("call = \"issue\"", "call = \"zzz\""),
        ("with = { ", "with = { zzz = 1, "),
        ("fault = { ", "fault = { zzz = 1, "),
        ("listed = { ", "listed = { zzz = 1, "),
        (
            "{ listed = { count = 1, tokens = [{ id = \"tok_2\", label = \"{label}\" }] } }",
            "{ zzz = 1 }",
        ),
        (
            "{ listed = { count = 1, tokens = [{ id = \"tok_2\", label = \"{label}\" }] } }",
            "{ issued = { zzz = 1 } }",
        ),
        (
            "{ listed = { count = 1, tokens = [{ id = \"tok_2\", label = \"{label}\" }] } }",
            "{ condition = { zzz = 1 } }",
        ),
        (
            "{ listed = { count = 1, tokens = [{ id = \"tok_2\", label = \"{label}\" }] } }",
            "{ confirmation = { zzz = 1 } }",
        ),
        ("tokens = [{ ", "tokens = [{ zzz = 1, "),
        ("class = \"ambiguous\"", "class = \"zzz\""),
        ("kind = \"network\"", "kind = \"zzz\""),
        ("[[scene.exchange]]\n", "[[scene.exchange]]\nzzz = 1\n"),
        ("request = {", "request = { zzz = 1,"),
        ("answer = { ", "answer = { zzz = 1, "),
        ("lost = \"after\"", "lost = \"zzz\""),
    ];
    let mut all = BTreeSet::new();
    for (place, unknown) in places {
        let keys = keys(place, unknown);
        assert!(!keys.is_empty(), "{unknown}");
        all.extend(keys);
    }
    assert!(all.len() > 60, "{all:?}");
    let words: BTreeSet<&str> = GUIDE
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    // Vault takes no part in a replay.
    all.remove("vault_unavailable");
    let missing: Vec<_> = all
        .iter()
        .filter(|key| !words.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
