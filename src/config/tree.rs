//! Parts of a parsed value: the way from a place in the text to a part, and
//! what can be done at the end of a way.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

/// One step from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Writes a path the way people read it: `tokens.crm.connections[1]`.
pub(super) fn join(base: &str, steps: &[Step]) -> String {
    let mut path = base.to_owned();
    for step in steps {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// The way from a value to the part that has these bytes, or else to the
/// smallest part that holds them. Empty: the value itself.
pub(super) fn find_span(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Vec<Step> {
    let mut trail = Vec::new();
    if value.span() == *span {
        return trail;
    }
    if exact(value.get_ref(), span, &mut trail) {
        return trail;
    }
    trail.clear();
    holding(value.get_ref(), span, &mut trail);
    trail
}

fn exact(value: &DeValue<'_>, span: &Range<usize>, trail: &mut Vec<Step>) -> bool {
    parts(value).any(|(step, key, part)| {
        trail.push(step);
        if key.as_ref() == Some(span) || part.span() == *span || exact(part.get_ref(), span, trail)
        {
            return true;
        }
        trail.pop();
        false
    })
}

fn holding(value: &DeValue<'_>, span: &Range<usize>, trail: &mut Vec<Step>) -> bool {
    parts(value).any(|(step, key, part)| {
        trail.push(step);
        let own = part.span();
        let inside = own.start <= span.start && span.end <= own.end;
        let key_inside = key.is_some_and(|key| key.start <= span.start && span.end <= key.end);
        if holding(part.get_ref(), span, trail) || inside || key_inside {
            return true;
        }
        trail.pop();
        false
    })
}

type Part<'a, 'i> = (Step, Option<Range<usize>>, &'a Spanned<DeValue<'i>>);

fn parts<'a, 'i>(value: &'a DeValue<'i>) -> impl Iterator<Item = Part<'a, 'i>> {
    let table = value.as_table().into_iter().flatten();
    let array = value.as_array().into_iter().flatten();
    let keyed = table.map(|(key, part)| {
        let step = Step::Key(key.get_ref().to_string());
        (step, Some(key.span()), part)
    });
    let indexed = array
        .enumerate()
        .map(|(index, part)| (Step::Index(index), None, part));
    keyed.chain(indexed)
}

/// Where the single values stand at the end of this way and below.
pub(super) fn leaves(value: &Spanned<DeValue<'_>>, trail: &[Step]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if let Some(part) = follow(value, trail) {
        gather_leaves(part, &mut found);
    }
    found
}

fn gather_leaves(value: &Spanned<DeValue<'_>>, found: &mut Vec<Range<usize>>) {
    let inner = value.get_ref();
    if !inner.is_table() && !inner.is_array() {
        found.push(value.span());
    }
    for (_, _, part) in parts(inner) {
        gather_leaves(part, found);
    }
}

/// The way to the innermost table that has these bytes: what only holds another
/// table, or is an array of tables, has the bytes of that one's header.
pub(super) fn find_table(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Vec<Step> {
    let mut trail = find_span(value, span);
    let mut at = follow(value, &trail);
    while let Some(part) = at {
        let holds = |v: &DeValue<'_>| v.is_table() || v.is_array();
        let mut inner = parts(part.get_ref())
            .filter(|(_, _, part)| part.span() == *span && holds(part.get_ref()));
        let Some((step, _, part)) = inner.next() else {
            break;
        };
        trail.push(step);
        at = Some(part);
    }
    trail
}

/// The part at the end of this way.
pub(super) fn follow<'a, 'i>(
    value: &'a Spanned<DeValue<'i>>,
    trail: &[Step],
) -> Option<&'a Spanned<DeValue<'i>>> {
    trail
        .iter()
        .try_fold(value, |at, step| match (at.get_ref(), step) {
            (DeValue::Table(table), Step::Key(key)) => table.get(key.as_str()),
            (DeValue::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        })
}

/// Puts a value at the end of this way, in place of what stands there.
pub(super) fn insert<'i>(
    value: &mut Spanned<DeValue<'i>>,
    trail: &[Step],
    new: Spanned<DeValue<'i>>,
) -> bool {
    match (value.get_mut(), trail) {
        (DeValue::Table(table), [Step::Key(key)]) => {
            let key = Spanned::new(new.span(), Cow::Owned(key.clone()));
            table.insert(key, new);
            true
        }
        (DeValue::Table(table), [Step::Key(key), rest @ ..]) => table
            .get_mut(key.as_str())
            .is_some_and(|part| insert(part, rest, new)),
        (DeValue::Array(items), [Step::Index(index), rest @ ..]) => {
            items.get_mut(*index).is_some_and(|part| {
                if rest.is_empty() {
                    *part = new;
                    return true;
                }
                insert(part, rest, new)
            })
        }
        _ => false,
    }
}

/// Takes the part at the end of this way out.
pub(super) fn remove(value: &mut Spanned<DeValue<'_>>, trail: &[Step]) -> bool {
    match (value.get_mut(), trail) {
        (DeValue::Table(table), [Step::Key(key)]) => table.remove(key.as_str()).is_some(),
        (DeValue::Table(table), [Step::Key(key), rest @ ..]) => table
            .get_mut(key.as_str())
            .is_some_and(|part| remove(part, rest)),
        (DeValue::Array(items), [Step::Index(index)]) if *index < items.len() => {
            let kept = items.clone().into_iter().enumerate();
            *items = kept
                .filter(|(at, _)| at != index)
                .map(|(_, item)| item)
                .collect();
            true
        }
        (DeValue::Array(items), [Step::Index(index), rest @ ..]) => {
            items.get_mut(*index).is_some_and(|part| remove(part, rest))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    const TEXT: &str = "[tokens.crm]\nscim_url = \"x\"\nconnections = [\"a\", \"bc\"]\n\n[issuers.crm.http.mint]\nurl = 1\n";

    #[test]
    fn spans_lead_back_to_their_path_and_can_be_cut_out() {
        let document = DeTable::parse(TEXT).expect("valid");
        let mut value = Spanned::new(document.span(), DeValue::Table(document.into_inner()));
        let at = TEXT.find("\"bc\"").expect("there");
        let trail = find_span(&value, &(at..at + 4));
        assert_eq!(join("", &trail), "tokens.crm.connections[1]");
        assert!(remove(&mut value, &trail));
        let left = find_span(&value, &(at..at + 4));
        assert_eq!(join("", &left), "tokens.crm.connections");
    }

    #[test]
    fn leaves_are_single_values_at_any_depth() {
        let document = DeTable::parse(TEXT).expect("valid");
        let value = Spanned::new(document.span(), DeValue::Table(document.into_inner()));
        let below = |way: &[&str]| {
            let way: Vec<_> = way.iter().map(|k| Step::Key((*k).to_owned())).collect();
            let spans = leaves(&value, &way).into_iter();
            spans.map(|span| &TEXT[span]).collect::<Vec<_>>()
        };
        assert_eq!(
            below(&["tokens", "crm", "connections"]),
            ["\"a\"", "\"bc\""]
        );
        assert_eq!(below(&["issuers"]), ["1"]);
        assert_eq!(below(&["vault"]), [""; 0]);
    }
}
