//! Where each part of an expansion was written, and references that lead nowhere.

use super::*;
use crate::vendors::example::{self, Filled};

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
