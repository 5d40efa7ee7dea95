//! A key or a table that a file has twice.

use std::ops::Range;

use super::line::{Line, assignment};
use crate::config::file::Source;
use crate::config::finding::Finding;

/// What is defined twice, and where it is first. `None` for a key of a table that
/// is the second one as a whole: that is said of the table.
pub(super) fn finding(
    index: usize,
    source: &Source,
    line: &Line<'_>,
    span: Range<usize>,
) -> Option<Finding> {
    let before = source.text.get(..line.span.start).unwrap_or_default();
    let tables = Tables::of(before);
    let name = header(line.text);
    let before_equals = line.text.split('=').next().map_or(0, str::len);
    let is_key = span.start < line.span.start + before_equals;
    let key = assignment(line.text).map(|(key, _)| key).filter(|_| is_key);
    let inside = tables.all.last().map(|(path, _)| *path);
    let is_second = inside.is_some_and(|path| tables.count(path) > 1);
    let (what, first) = match (name, key) {
        (Some(name), _) => (
            name.to_owned(),
            tables.table(name).or_else(|| tables.key(name)),
        ),
        (None, Some(_)) if is_second => return None,
        (None, Some(key)) => {
            let whole = inside.map_or_else(|| key.to_owned(), |path| format!("{path}.{key}"));
            let first = tables.key(&whole).or_else(|| tables.table(&whole));
            (whole, first)
        }
        (None, None) => {
            let inner = source.text.get(span.clone()).unwrap_or_default();
            (inner.to_owned(), None)
        }
    };
    let message = match what.as_str() {
        "" => "a key stands twice here".to_owned(),
        what => format!("`{what}` is defined twice"),
    };
    let remedy = match name {
        Some(_) => {
            "merge the two tables into one, or rename one of them: a table header stands once per file"
        }
        None => "keep one of the two",
    };
    let found = Finding::error(index, span, what, message, remedy);
    Some(match first {
        Some(first) => found.and_at(index, first, "first defined here"),
        None => found,
    })
}

/// The path of a table header; headers of lists may stand twice.
fn header(line: &str) -> Option<&str> {
    let inner = line.trim().split('#').next()?.trim();
    let inner = inner.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.starts_with('[')).then(|| inner.trim())
}

/// The tables of the text before, and their keys.
struct Tables<'a> {
    all: Vec<(&'a str, Range<usize>)>,
    keys: Vec<(String, Range<usize>)>,
}

impl<'a> Tables<'a> {
    fn of(text: &'a str) -> Self {
        let mut tables = Self {
            all: Vec::new(),
            keys: Vec::new(),
        };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let from = start + line.len() - line.trim_start().len();
            if let Some(path) = header(line) {
                tables.all.push((path, from..start + line.trim_end().len()));
            } else if let Some((key, _)) = assignment(line) {
                let path = match tables.all.last() {
                    Some((table, _)) => format!("{table}.{key}"),
                    None => key.to_owned(),
                };
                tables.keys.push((path, from..from + key.len()));
            }
            start += line.len();
        }
        tables
    }

    fn count(&self, path: &str) -> usize {
        self.all.iter().filter(|(known, _)| *known == path).count()
    }

    fn table(&self, path: &str) -> Option<Range<usize>> {
        let below = format!("{path}.");
        let is = |known: &str| known == path || known.starts_with(&below);
        let found = self.all.iter().find(|(known, _)| is(known));
        found.map(|(_, place)| place.clone())
    }

    fn key(&self, path: &str) -> Option<Range<usize>> {
        let found = self.keys.iter().find(|(known, _)| known == path);
        found.map(|(_, place)| place.clone())
    }
}
