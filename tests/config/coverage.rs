//! What it means that the example files show every key.
//!
//! 1. A key is shown at its full path: `issuers.http.issue.url` is not shown by
//!    `connections.http.deliver.url`.
//! 2. A comment "as in `PATH`" above a key or a table stands for everything below
//!    it that is shown below PATH. PATH begins at the top, with the names of people
//!    left out (`issuers.http.issue`), or below the kind (`issue`). It cannot stand
//!    above a whole kind.
//! 3. [`SMALL`] types stand in dozens of places of a kind: each of their keys is
//!    shown once a kind. A reference to a credential is shown once.

use std::collections::{BTreeMap, BTreeSet};

use scim_rotator::config::keys::{ANY, Key};

use super::example_set::Shown;

/// Types of which every place of a kind takes the same: answers are looked into
/// everywhere.
pub(crate) const SMALL: [&str; 8] = [
    "Place",
    "JoinPart",
    "Condition",
    "TimeField",
    "TimeFormat",
    "Missing",
    "Rule",
    "Means",
];

/// Its keys are explained in the head of the main file.
pub(crate) const CREDENTIAL: &str = "Credential";

/// Which keys stand for which.
pub(crate) struct Coverage {
    shown: BTreeSet<String>,
    /// Owner and last part of what is shown, by kind.
    small: BTreeSet<(String, String, String)>,
    references: BTreeMap<String, Vec<String>>,
}

impl Coverage {
    /// With these keys shown, and the references of these files.
    pub(crate) fn new<'k>(shown: impl IntoIterator<Item = &'k Key>, files: &[Shown]) -> Self {
        let mut coverage = Self {
            shown: BTreeSet::new(),
            small: BTreeSet::new(),
            references: references(files),
        };
        for key in shown {
            coverage.shown.insert(key.path.clone());
            coverage.small.insert(short(key));
        }
        coverage
    }

    /// Whether a key is shown, or something that stands for it.
    pub(crate) fn has(&self, key: &Key) -> bool {
        let places = self.places(&key.path);
        let (_, owner, name) = short(key);
        if owner == CREDENTIAL {
            let mut all = self.small.iter();
            return all.any(|(_, of, shown)| (of, shown) == (&owner, &name));
        }
        let is_small = SMALL.contains(&owner.as_str());
        places.iter().any(|place| {
            let small = || (kind_of(place), owner.clone(), name.clone());
            self.shown.contains(place) || is_small && self.small.contains(&small())
        })
    }

    /// The path itself, and those that references lead to from it.
    fn places(&self, path: &str) -> BTreeSet<String> {
        let mut places = BTreeSet::new();
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            if !places.insert(path.clone()) {
                continue;
            }
            for (from, to) in &self.references {
                if is_below(&path, from) {
                    let below = &path[from.len()..];
                    open.extend(to.iter().map(|to| format!("{to}{below}")));
                }
            }
        }
        places
    }
}

/// Whether a path is that one, or below it.
fn is_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn short(key: &Key) -> (String, String, String) {
    let last = key.path.rsplit('.').next().unwrap_or_default();
    (kind_of(&key.path), key.owner.clone(), last.to_owned())
}

/// The part of the configuration that has a file of its own: `issuers.*.http`, or
/// a section.
pub(crate) fn kind_of(path: &str) -> String {
    let depth = match path.split('.').next() {
        Some("issuers" | "connections") => 3,
        _ => 1,
    };
    path.split('.').take(depth).collect::<Vec<_>>().join(".")
}

/// What stands for what, by the comments of these files.
pub(crate) fn references(files: &[Shown]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for shown in files {
        for entry in shown.commented() {
            let Some(key) = &entry.key else { continue };
            let comment = shown.example.comment(entry.line).join(" ");
            let to: Vec<_> = named(&comment).map(|to| full(to, &key.path)).collect();
            if !to.is_empty() {
                found.entry(key.path.clone()).or_default().extend(to);
            }
        }
    }
    found
}

fn named(comment: &str) -> impl Iterator<Item = &str> {
    let parts = comment.split("as in `").skip(1);
    parts.filter_map(|rest| Some(rest.split_once('`')?.0))
}

/// `issue` of the kind at hand, or `issuers.http.issue`, with `*` for names.
fn full(to: &str, at: &str) -> String {
    let (first, rest) = to.split_once('.').unwrap_or((to, ""));
    match first {
        "issuers" | "connections" => format!("{first}.{ANY}.{rest}"),
        "tokens" => format!("{first}.{ANY}"),
        "defaults" => first.to_owned(),
        _ => format!("{}.{to}", kind_of(at)),
    }
}
