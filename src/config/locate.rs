//! Where in the files a key stands.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One file, parsed with the places of everything in it.
pub(super) type Document<'a> = Spanned<DeTable<'a>>;

/// Line and column, both from one; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextPlace {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Turns a byte offset into line and column.
pub(super) fn text_place(text: &str, offset: usize) -> TextPlace {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    TextPlace {
        line: before.matches('\n').count() + 1,
        column: before.get(start..).unwrap_or("").chars().count() + 1,
    }
}

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

fn split(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, indexes) = match part.find('[') {
            Some(at) => part.split_at(at),
            None => (part, ""),
        };
        match key.parse() {
            Ok(index) => steps.push(Step::Index(index)),
            Err(_) if key.is_empty() => {}
            Err(_) => steps.push(Step::Key(key.to_owned())),
        }
        let inner = indexes.split(['[', ']']).filter_map(|i| i.parse().ok());
        steps.extend(inner.map(Step::Index));
    }
    steps
}

/// The file and the bytes of the key at this dotted path, or of its nearest
/// ancestor that stands in a file. A table is shown by its key.
pub(super) fn locate(documents: &[Document<'_>], path: &str) -> (usize, Range<usize>) {
    let steps = split(path);
    let mut best = (0, 0..0, 0);
    for (source, document) in documents.iter().enumerate() {
        let (span, depth) = descend(document.get_ref(), &steps);
        if depth > best.2 {
            best = (source, span, depth);
        }
    }
    (best.0, best.1)
}

fn descend(table: &DeTable<'_>, steps: &[Step]) -> (Range<usize>, usize) {
    let mut span = 0..0;
    let Some(Step::Key(first)) = steps.first() else {
        return (span, 0);
    };
    let Some((key, mut value)) = table.get_key_value(first.as_str()) else {
        return (span, 0);
    };
    span = place(key.span(), value);
    for (depth, step) in steps.iter().enumerate().skip(1) {
        let next = match (value.get_ref(), step) {
            (DeValue::Table(table), Step::Key(key)) => table
                .get_key_value(key.as_str())
                .map(|(key, value)| (key.span(), value)),
            // A key of digits looks like an index.
            (DeValue::Table(table), Step::Index(index)) => table
                .get_key_value(index.to_string().as_str())
                .map(|(key, value)| (key.span(), value)),
            (DeValue::Array(items), Step::Index(index)) => {
                items.get(*index).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((key, found)) = next else {
            return (span, depth);
        };
        value = found;
        span = place(key, value);
    }
    (span, steps.len())
}

fn place(key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    if value.get_ref().is_table() {
        key
    } else {
        value.span()
    }
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

/// The way to the innermost table that has these bytes: a table that only
/// holds another one has the bytes of that one's header.
pub(super) fn find_table(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Vec<Step> {
    let mut trail = find_span(value, span);
    let mut at = follow(value, &trail);
    while let Some(DeValue::Table(table)) = at.map(Spanned::get_ref) {
        let mut inner = table.iter().filter(|(_, part)| part.get_ref().is_table());
        let Some((key, part)) = inner.find(|(_, part)| part.span() == *span) else {
            break;
        };
        trail.push(Step::Key(key.get_ref().to_string()));
        at = Some(part);
    }
    trail
}

fn follow<'a, 'i>(
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

/// Puts a value at the end of this way.
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
        (DeValue::Array(items), [Step::Index(index), rest @ ..]) => items
            .get_mut(*index)
            .is_some_and(|part| insert(part, rest, new)),
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
    use super::*;

    const TEXT: &str = "[tokens.crm]\nscim_url = \"x\"\nconnections = [\"a\", \"bc\"]\n\n[issuers.crm.http.mint]\nurl = 1\n";

    fn found(path: &str) -> &'static str {
        let document = DeTable::parse(TEXT).expect("valid");
        let (_, span) = locate(&[document], path);
        &TEXT[span]
    }

    #[test]
    fn a_path_leads_to_the_value_or_the_nearest_ancestor() {
        assert_eq!(found("tokens.crm.scim_url"), "\"x\"");
        assert_eq!(found("tokens.crm.connections[1]"), "\"bc\"");
        assert_eq!(found("tokens.crm.connections.0"), "\"a\"");
        assert_eq!(found("tokens.crm.vault_path"), "crm");
        assert_eq!(found("issuers.crm.http.mint.headers.x"), "mint");
        assert_eq!(found("issuers.crm"), "crm");
        assert_eq!(found("vault.address"), "");
    }

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nü = ä\n";
        let at = text.find('ä').expect("there");
        assert_eq!(text_place(text, at), TextPlace { line: 2, column: 5 });
    }

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
}
