//! The complete example: the main file, and one file for each kind of issuer and
//! connection.

use scim_rotator::config::{Loaded, Report, known_keys};

use super::example::{Entry, Example};
use super::{Folder, repository};

/// The main file, which includes the others.
const MAIN: &str = "complete.toml";

/// All files of the complete example.
pub(crate) const FILES: [&str; 10] = [
    MAIN,
    "issuers/http.toml",
    "issuers/oauth2.toml",
    "issuers/local.toml",
    "issuers/exec.toml",
    "issuers/vault_dynamic.toml",
    "issuers/operator.toml",
    "connections/http.toml",
    "connections/exec.toml",
    "connections/manual.toml",
];

/// The text of an example file.
pub(crate) fn text(file: &str) -> String {
    std::fs::read_to_string(repository("config").join(file)).expect("an example")
}

/// A file whose keys count, and which of them do.
pub(crate) struct Shown {
    /// Its name below `config`.
    pub(crate) file: &'static str,
    pub(crate) example: Example,
    pub(crate) entries: Vec<Entry>,
}

impl Shown {
    fn whole(file: &'static str) -> Self {
        let example = Example::new(text(file), known_keys());
        let entries = example.entries.clone();
        Self {
            file,
            example,
            entries,
        }
    }

    /// Loads the complete example with this text in the place of this file.
    pub(crate) fn load_with(&self, text: &str) -> Result<Loaded, Report> {
        let folder = Folder::new();
        for file in FILES {
            let name = if file == MAIN { "main.toml" } else { file };
            if file == self.file {
                folder.write(name, text);
            } else {
                folder.write(name, self::text(file));
            }
        }
        folder.load()
    }

    /// Whether it is the main file with another login.
    pub(crate) fn is_alternative(&self) -> bool {
        self.file == MAIN && self.entries.len() < self.example.entries.len()
    }

    /// Its entries that begin their lines.
    pub(crate) fn leading(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.leads)
    }

    /// Its entries that may have a comment: those, and the headers of tables.
    pub(crate) fn commented(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.leads || entry.heads)
    }
}

/// All files with all their keys, and each alternative of the main file with the
/// keys of its login.
pub(crate) fn all() -> Vec<Shown> {
    let others = alternatives().into_iter().map(|example| {
        let entries = example.entries.iter();
        let login = entries.filter(|entry| entry.path.starts_with("vault.auth."));
        let entries = login.cloned().collect();
        Shown {
            file: MAIN,
            example,
            entries,
        }
    });
    FILES.map(Shown::whole).into_iter().chain(others).collect()
}

/// The main file once for each of the other logins, which cannot stand beside the
/// first: what is commented out without a space after the `#`.
fn alternatives() -> Vec<Example> {
    let text = text(MAIN);
    let first = text.find("[vault.auth.approle]").expect("the first login");
    let others = text.find("#[vault.auth.").expect("the other logins");
    let end = text.find("[http]").expect("what follows the logins");
    let comments = text[first..others].lines().filter(|l| l.starts_with("# "));
    let before = format!(
        "{}{}\n",
        &text[..first],
        comments.collect::<Vec<_>>().join("\n")
    );
    let starts = text[others..end].match_indices("#[vault.auth.");
    let starts: Vec<_> = starts.map(|(at, _)| others + at).collect();
    let ends = starts.iter().skip(1).copied().chain([end]);
    let blocks = starts.iter().zip(ends);
    let made = blocks.map(|(&start, end)| {
        let block = enabled(&text[start..end]);
        let rest = [&text[others..start], &block, &text[end..]].concat();
        Example::new(before.clone() + &rest, known_keys())
    });
    made.collect()
}

/// A block with the `#` before its keys taken off.
fn enabled(block: &str) -> String {
    let disabled = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line != "#";
    let lines = block.split_inclusive('\n');
    let lines = lines.map(|line| {
        if disabled(line.trim_end()) {
            &line[1..]
        } else {
            line
        }
    });
    lines.collect()
}
