//! An example file with the comments above its keys.

use std::collections::BTreeMap;

use scim_rotator::config::keys::{ANY, Key};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One place at which a key stands.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Dotted path with the names of the file.
    pub(crate) path: String,
    /// The key among the known ones; `None`: the configuration does not know it.
    pub(crate) key: Option<Key>,
    /// Index of its line.
    pub(crate) line: usize,
    /// The line begins with it: `key = …`.
    pub(crate) leads: bool,
    /// The line is its header: `[key]`.
    pub(crate) heads: bool,
    /// A table, or an array of tables.
    pub(crate) is_table: bool,
}

/// A file, line by line and key by key.
pub(crate) struct Example {
    pub(crate) text: String,
    pub(crate) entries: Vec<Entry>,
}

impl Example {
    pub(crate) fn new(text: String, known: impl IntoIterator<Item = Key>) -> Self {
        let known = known.into_iter().map(|key| (key.path.clone(), key));
        let mut walk = Walk {
            known: known.collect(),
            text: &text,
            entries: Vec::new(),
        };
        let document = DeTable::parse(&text).expect("valid TOML");
        walk.table(document.get_ref(), "", Some(""));
        let entries = walk.entries;
        Self { text, entries }
    }

    /// The comment right above a line, without its marks.
    pub(crate) fn comment(&self, line: usize) -> Vec<&str> {
        let lines: Vec<_> = self.text.lines().take(line).collect();
        let above = lines.iter().rev();
        let mut comment: Vec<_> = above.map_while(|l| l.strip_prefix("# ")).collect();
        comment.reverse();
        comment
    }

    /// The text with this line replaced.
    pub(crate) fn with_line(&self, line: usize, new: &str) -> String {
        let lines = self.text.lines().enumerate();
        let lines = lines.map(|(index, old)| if index == line { new } else { old });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }
}

struct Walk<'a> {
    known: BTreeMap<String, Key>,
    text: &'a str,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    /// `known` is the path of this table with names replaced; `None` in what
    /// belongs to somebody else, such as a JSON body.
    fn table(&mut self, table: &DeTable<'_>, path: &str, known: Option<&str>) {
        for (key, value) in table {
            let name = key.get_ref();
            let joined = |base: &str, name: &str| match base {
                "" => name.to_owned(),
                base => format!("{base}.{name}"),
            };
            let found = known.and_then(|known| {
                let exact = self.known.get(&joined(known, name));
                exact.or_else(|| self.known.get(&joined(known, ANY)))
            });
            let whole = joined(path, name);
            let entry = Entry {
                heads: self.heads(key.span().start, &whole),
                path: whole,
                key: found.cloned(),
                line: self.text[..key.span().start].matches('\n').count(),
                leads: self.leads(key.span().start),
                is_table: is_table(value.get_ref()),
            };
            let below = entry.key.as_ref().map(|key| key.path.clone());
            let below = below.filter(|below| self.is_told_apart(below));
            let path = entry.path.clone();
            // Below a key whose insides nobody knows there is nothing to look
            // for; below a name there is.
            if known.is_some() {
                self.entries.push(entry);
            }
            self.value(value, &path, below.as_deref());
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, path: &str, known: Option<&str>) {
        if let Some(table) = value.get_ref().as_table() {
            self.table(table, path, known);
        }
        for item in value.get_ref().as_array().into_iter().flatten() {
            self.value(item, path, known);
        }
    }

    /// Whether the types know what is below this path.
    fn is_told_apart(&self, path: &str) -> bool {
        let below = format!("{path}.");
        self.known.keys().any(|known| known.starts_with(&below))
    }

    fn heads(&self, at: usize, path: &str) -> bool {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let name = line.trim_start_matches('[').trim_end_matches(']');
        line.starts_with('[') && name == path
    }

    fn leads(&self, at: usize) -> bool {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = &self.text[start..at];
        let dotted = before
            .chars()
            .all(|c| c.is_alphanumeric() || "_.-".contains(c));
        let line = self.text[start..].lines().next().unwrap_or_default();
        dotted
            && line
                .split('=')
                .next()
                .is_some_and(|key| key.trim().len() > before.len())
    }
}

fn is_table(value: &DeValue<'_>) -> bool {
    let array = value.as_array().into_iter().flatten();
    value.is_table() || array.clone().count() > 0 && array.clone().all(|v| v.get_ref().is_table())
}
