//! Parsed TOML values: their places, references in them, and one laid over
//! another.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Places from here on stand in a vendor file, and not in the file of the
/// value's user. No file is that long.
const FOREIGN: usize = 1 << (usize::BITS - 2);

/// Tables of which exactly one entry is chosen: a user who names another one
/// replaces the vendor's.
const CHOICES: [&str; 2] = ["auth", "body"];

/// Whether a place of an expanded table stands in the vendor file.
pub(super) fn is_foreign(span: &Range<usize>) -> bool {
    span.start >= FOREIGN
}

/// The value with its places marked as those of a vendor file. Each stays
/// different from all others.
pub(super) fn foreign<'i>(value: Spanned<DeValue<'i>>) -> Spanned<DeValue<'i>> {
    placed(value, &|span| span.start + FOREIGN..span.end + FOREIGN)
}

/// The value with all its parts at one place.
pub(super) fn at<'i>(value: Spanned<DeValue<'i>>, place: &Range<usize>) -> Spanned<DeValue<'i>> {
    placed(value, &|_| place.clone())
}

fn placed<'i>(
    value: Spanned<DeValue<'i>>,
    to: &dyn Fn(Range<usize>) -> Range<usize>,
) -> Spanned<DeValue<'i>> {
    let span = to(value.span());
    let inner = match value.into_inner() {
        DeValue::Table(table) => {
            let parts = table.into_iter();
            let parts = parts.map(|(key, part)| {
                let key = Spanned::new(to(key.span()), key.into_inner());
                (key, placed(part, to))
            });
            DeValue::Table(parts.collect())
        }
        DeValue::Array(items) => {
            let items = items.into_iter().map(|item| placed(item, to));
            DeValue::Array(items.collect::<DeArray<'_>>())
        }
        single @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => single,
    };
    Spanned::new(span, inner)
}

/// What `{ parameter = … }` refers to; `None` for every other value. A table
/// with more keys than that one is no reference, and neither is one with a table
/// or a list below that key.
pub(super) fn reference<'v>(value: &'v DeValue<'_>) -> Option<Result<&'v str, NoName>> {
    let table = value.as_table().filter(|table| table.len() == 1)?;
    let named = table.get("parameter")?.get_ref();
    let single = !named.is_table() && !named.is_array();
    single.then(|| named.as_str().ok_or(NoName))
}

/// A reference that holds something else than a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoName;

/// Lays a table over another: tables are merged key by key, everything else is
/// replaced.
pub(super) fn lay_over<'i>(base: &mut DeTable<'i>, over: &DeTable<'i>) {
    for (key, value) in over {
        let name = key.get_ref().as_ref();
        let laid = match base.remove(name) {
            Some(old) => laid(name, old, value),
            None => value.clone(),
        };
        base.insert(key.clone(), laid);
    }
}

fn laid<'i>(
    name: &str,
    old: Spanned<DeValue<'i>>,
    new: &Spanned<DeValue<'i>>,
) -> Spanned<DeValue<'i>> {
    let refers = |value: &DeValue<'_>| reference(value).is_some();
    let whole = refers(old.get_ref())
        || refers(new.get_ref())
        || chooses_another(name, old.get_ref(), new.get_ref());
    match (old.into_inner(), new.get_ref()) {
        (DeValue::Table(mut base), DeValue::Table(over)) if !whole => {
            lay_over(&mut base, over);
            // What is missing in a table that both have, the user's is without.
            Spanned::new(new.span(), DeValue::Table(base))
        }
        _ => new.clone(),
    }
}

fn chooses_another(name: &str, old: &DeValue<'_>, new: &DeValue<'_>) -> bool {
    let only = |value: &DeValue<'_>| {
        let table = value.as_table().filter(|table| table.len() == 1)?;
        table.keys().next().map(|key| key.get_ref().to_string())
    };
    CHOICES.contains(&name) && only(old) != only(new)
}

/// Calls `look` with every text of a value.
pub(super) fn each_text(value: &DeValue<'_>, look: &mut dyn FnMut(&str)) {
    match value {
        DeValue::String(text) => look(text),
        DeValue::Table(table) => {
            for (key, part) in table {
                // The keys of a JSON body are templates too.
                look(key.get_ref());
                each_text(part.get_ref(), look);
            }
        }
        DeValue::Array(items) => {
            for item in items.iter() {
                each_text(item.get_ref(), look);
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn table(text: &str) -> DeTable<'_> {
        DeTable::parse(text).expect("valid").into_inner()
    }

    fn laid(base: &str, over: &str) -> toml::Table {
        let mut result = table(base);
        lay_over(&mut result, &table(over));
        plain(result)
    }

    fn plain(table: DeTable<'_>) -> toml::Table {
        use serde::Deserialize as _;
        let value = Spanned::new(0..0, DeValue::Table(table));
        toml::Table::deserialize(toml::de::ValueDeserializer::from(value)).expect("a table")
    }

    #[test]
    fn tables_are_merged_and_the_rest_is_replaced() {
        let cases = [
            ("a = 1", "b = 2", "a = 1\nb = 2"),
            ("a = { x = 1, y = 1 }", "a.y = 2", "a = { x = 1, y = 2 }"),
            ("a = [1, 2]", "a = [3]", "a = [3]"),
            ("a = { x = 1 }", "a = 'text'", "a = 'text'"),
            ("a = 'text'", "a = { x = 1 }", "a = { x = 1 }"),
            // A reference is one value, on either side.
            (
                "a = { parameter = 'p' }",
                "a = { file = '/x' }",
                "a = { file = '/x' }",
            ),
            (
                "a = { file = '/x' }",
                "a = { parameter = 'p' }",
                "a = { parameter = 'p' }",
            ),
            // Of a choice, the user's.
            (
                "auth.basic = { user = 'u' }",
                "auth.bearer.token = 't'",
                "auth.bearer.token = 't'",
            ),
            (
                "auth.basic = { user = 'u' }",
                "auth.basic.user = 'v'",
                "auth.basic.user = 'v'",
            ),
            (
                "a.body.json = { x = 1 }",
                "a.body.form = { x = 'y' }",
                "a.body.form.x = 'y'",
            ),
            (
                "a.body.json = { x = 1 }",
                "a.body.json = { z = 2 }",
                "a.body.json = { x = 1, z = 2 }",
            ),
        ];
        for (base, over, expected) in cases {
            assert_eq!(laid(base, over), plain(table(expected)), "{base} / {over}");
        }
    }

    #[test]
    fn a_reference_is_a_table_of_that_key_alone() {
        let of = |text: &str| {
            let value = DeValue::parse(text).expect("valid").into_inner();
            reference(&value).map(|name| name.map(str::to_owned))
        };
        assert_eq!(of("{ parameter = 'p' }"), Some(Ok("p".to_owned())));
        assert_eq!(of("{ parameter = 5 }"), Some(Err(NoName)));
        assert_eq!(of("{ parameter = 'p', limit = 1 }"), None);
        assert_eq!(of("{ parameters = 'p' }"), None);
        assert_eq!(of("{ parameter = ['p'] }"), None);
        assert_eq!(of("{ parameter = { parameter = 'p' } }"), None);
        assert_eq!(of("'parameter'"), None);
    }

    #[test]
    fn foreign_places_are_known_and_stay_apart() {
        let text = "a = { b = [1, 'x'] }\nc = 2.5\n";
        let document = DeTable::parse(text).expect("valid");
        let value = Spanned::new(document.span(), DeValue::Table(document.into_inner()));
        assert!(!is_foreign(&value.span()));
        let mut seen = BTreeSet::new();
        let mut look = |span: Range<usize>| {
            assert!(is_foreign(&span));
            assert!(seen.insert((span.start, span.end)), "{span:?} twice");
        };
        let moved = foreign(value);
        let top = moved.get_ref().as_table().expect("a table");
        for (key, part) in top {
            look(key.span());
            look(part.span());
        }
        let list = top["a"].get_ref().get("b").expect("there");
        for item in list.get_ref().as_array().expect("a list").iter() {
            look(item.span());
        }
        assert_eq!(seen.len(), 6);
    }
}
