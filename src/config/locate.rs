//! Where in the files a key stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::Step;

/// One file, parsed with the places of everything in it.
pub(super) type Document<'a> = Spanned<DeTable<'a>>;

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
}
