//! The keys of the main file that list further files, and what their patterns
//! mean.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::finding::{Finding, Findings};

/// A key of the main file that lists files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    /// More settings.
    Include,
    /// Vendor files.
    Vendors,
}

impl List {
    pub(super) const ALL: [Self; 2] = [Self::Include, Self::Vendors];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Vendors => "vendors",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Include => "write include = [\"tokens.d/*.toml\"]",
            Self::Vendors => "write vendors = [\"vendors.d/*.toml\"]",
        }
    }
}

/// A pattern of files in one of these lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) list: List,
    pub(super) text: String,
}

impl Pattern {
    /// The files and folders that match.
    pub(super) fn paths(&self, main: &Path) -> Result<glob::Paths, glob::PatternError> {
        // `*` finds no hidden files, as in a shell: editors and archive tools leave
        // `.#crm.toml` and `._crm.toml` beside a file.
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            ..glob::MatchOptions::default()
        };
        glob::glob_with(&beside(main, &self.text), options)
    }

    /// Whether a path that matches is meant. Replays stand beside vendor files.
    pub(super) fn means(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Only a pattern that spells the name out means a hidden file.
        if name.starts_with('.') && !self.text.ends_with(&*name) {
            return false;
        }
        let replay = self.list == List::Vendors && name.ends_with(".replay.toml");
        !replay && !path.is_dir()
    }
}

/// The patterns of the files that a main file with this text names.
pub(super) fn patterns(text: &str) -> Vec<Pattern> {
    let mut ignored = Findings::default();
    let patterns = lists(text, &mut ignored).into_iter();
    patterns.map(|(pattern, _)| pattern).collect()
}

/// Every file that belongs to a configuration now, as far as it is there; the
/// main file has these patterns.
pub(super) fn files(path: &Path, patterns: &[Pattern]) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    for pattern in patterns {
        let found = pattern.paths(path).into_iter().flatten();
        files.extend(found.flatten().filter(|file| pattern.means(file)));
    }
    files
}

/// The patterns of all lists, with their places. Syntax errors are noted later.
pub(super) fn lists(text: &str, findings: &mut Findings) -> Vec<(Pattern, Range<usize>)> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut patterns = Vec::new();
    for list in List::ALL {
        let Some(value) = table.get_ref().get(list.key()) else {
            continue;
        };
        let mut wrong = Vec::new();
        match value.get_ref().as_array() {
            Some(items) => {
                for item in items.iter() {
                    let text = item.get_ref().as_str().map(str::to_owned);
                    match text {
                        Some(text) => patterns.push((Pattern { list, text }, item.span())),
                        None => wrong.push(item.span()),
                    }
                }
            }
            None => wrong.push(value.span()),
        }
        for span in wrong.into_iter().filter(|_| errors.is_empty()) {
            let message = format!("`{}` is a list of file patterns", list.key());
            findings.push(Finding::error(0, span, list.key(), message, list.example()));
        }
    }
    patterns
}

/// A pattern counts from the folder of the file that holds it.
fn beside(main: &Path, pattern: &str) -> String {
    let folder = main.parent().unwrap_or(Path::new(""));
    if Path::new(pattern).is_absolute() || folder.as_os_str().is_empty() {
        return pattern.to_owned();
    }
    // Only the pattern is a pattern: the folder's own name may hold `[`.
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    format!("{folder}/{pattern}")
}
