//! The names that the templates of one place may use, and why another name is
//! not one of them.

use std::collections::BTreeMap;
use std::fmt;

use super::{Purpose, ROWS, Side};
use crate::http::context::ConfigValue;
use crate::problem::nearest;

/// The names that a template may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<Known>);

/// What the configuration adds to the table of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured(Vec<Known>);

/// Why a name is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    path: Vec<String>,
    below: Below,
}

/// What may stand below a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    /// The elements of a list.
    Items,
    /// Whatever the server answered.
    Anything,
    /// One name in lower case.
    Header,
    /// One name.
    Cookie,
}

impl Configured {
    /// Adds the names `config.<key>`.
    #[must_use]
    pub fn config(mut self, values: &BTreeMap<String, ConfigValue>) -> Self {
        self.0.extend(values.iter().map(|(key, value)| Known {
            path: vec!["config".to_owned(), key.clone()],
            below: match value {
                ConfigValue::List(_) => Below::Items,
                ConfigValue::Text(_)
                | ConfigValue::Integer(_)
                | ConfigValue::Boolean(_)
                | ConfigValue::Url(_) => Below::Nothing,
            },
        }));
        self
    }

    /// Adds the names `secrets.<key>`.
    #[must_use]
    pub fn secrets<K: AsRef<str>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let keys = keys.into_iter();
        self.0
            .extend(keys.map(|key| Known::plain(&["secrets", key.as_ref()])));
        self
    }

    /// Adds what the answers of earlier calls hold: `steps.<call>.json` and the
    /// others of the table.
    #[must_use]
    pub fn steps<K: AsRef<str>>(mut self, calls: impl IntoIterator<Item = K>) -> Self {
        self.0
            .extend(calls.into_iter().flat_map(|call| step(call.as_ref())));
        self
    }
}

impl Names {
    /// The names of the table that exist there, and those that the
    /// configuration adds.
    #[must_use]
    pub fn of(side: Side, purpose: Purpose, configured: &Configured) -> Self {
        let here = || ROWS.iter().filter(|row| row.exists_in(side, purpose));
        let plain = here().filter(|row| !row.name.contains('<'));
        let mut all: Vec<Known> = plain.map(|row| Known::plain(&[row.name])).collect();
        // `config.<key>` stands for the keys of the table `config`.
        let open: Vec<&str> = here()
            .filter_map(|row| row.name.split_once(".<"))
            .map(|(head, _)| head)
            .collect();
        let added = configured.0.iter();
        all.extend(
            added
                .filter(|k| open.contains(&k.path[0].as_str()))
                .cloned(),
        );
        Self(all)
    }

    /// These names, and those that every operation has (`now`, `uuid`).
    /// `steps.<call>` stands for all that the answer of a call holds.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let all = Self(vec![Known::plain(&["now"]), Known::plain(&["uuid"])]);
        names.into_iter().fold(all, Self::with)
    }

    /// The same names and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        match name.split_once('.') {
            Some(("steps", call)) => self.0.extend(step(call)),
            Some((head, key)) => self.0.push(Known::plain(&[head, key])),
            None => self.0.push(Known::plain(&[&name])),
        }
        self
    }

    /// Whether a template may use this name. `open`: an expression in brackets
    /// follows it, so that nobody knows which name below it is meant.
    ///
    /// # Errors
    /// Says what is wrong with the name, and which ones there are.
    pub fn find(&self, path: &[String], open: bool) -> Result<(), Unknown> {
        if self.0.iter().any(|known| known.covers(path, open)) {
            return Ok(());
        }
        let name = path.join(".");
        let uses = format!("the template uses `{name}`");
        Err(self.near(path, open, &uses).unwrap_or_else(|| {
            let meant = nearest(
                &name,
                self.0
                    .iter()
                    .map(|k| k.shown())
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str),
            )
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            Unknown {
                message: format!("{uses}, which does not exist here"),
                remedy: format!("{meant}use one of: {self}"),
            }
        }))
    }

    /// The reason where the name begins or goes on like one that exists.
    fn near(&self, path: &[String], open: bool, uses: &str) -> Option<Unknown> {
        let unknown = |message: String, remedy: String| Some(Unknown { message, remedy });
        if let Some(known) = self.0.iter().find(|k| path.starts_with(&k.path)) {
            let shown = known.path.join(".");
            return match known.below {
                Below::Nothing => unknown(
                    format!("{uses}, but nothing stands below `{shown}`"),
                    format!("write `{shown}` alone"),
                ),
                Below::Items => unknown(
                    format!("{uses}, but `{shown}` is a list"),
                    format!("write `{shown}[0]`, or `{shown} | join(' ')` for all of it"),
                ),
                Below::Header => unknown(
                    format!("{uses}, which is not one header in lower case"),
                    format!("write `{shown}['content-type']`"),
                ),
                Below::Cookie => unknown(
                    format!("{uses}, which is not one cookie"),
                    format!("write `{shown}['SESSION']`"),
                ),
                // It covers all that is below it.
                Below::Anything => None,
            };
        }
        let below: Vec<String> = self
            .0
            .iter()
            .filter(|known| known.path.starts_with(path))
            .map(Known::shown)
            .collect();
        match below.first() {
            Some(_) if open => unknown(
                format!(
                    "{uses} with an expression in brackets: nobody can tell which name is meant"
                ),
                format!("write one of these names: {}", below.join(", ")),
            ),
            Some(_) => unknown(
                format!("{uses}, which has no value of its own"),
                format!("write one of the names below it: {}", below.join(", ")),
            ),
            None => None,
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown: Vec<String> = self.0.iter().map(Known::shown).collect();
        shown.sort();
        f.write_str(&shown.join(", "))
    }
}

impl Known {
    fn plain(path: &[&str]) -> Self {
        Self {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            below: Below::Nothing,
        }
    }

    fn covers(&self, path: &[String], open: bool) -> bool {
        let Some(rest) = path.strip_prefix(self.path.as_slice()) else {
            return false;
        };
        match (self.below, rest) {
            (Below::Anything, _) | (Below::Items, []) => true,
            (Below::Nothing, []) => !open,
            (Below::Items, [index]) => !open && index.parse::<i64>().is_ok(),
            (Below::Cookie, [_]) => !open,
            (Below::Header, [name]) => !open && !name.contains(|c: char| c.is_ascii_uppercase()),
            (Below::Nothing | Below::Items | Below::Header | Below::Cookie, _) => false,
        }
    }

    fn shown(&self) -> String {
        let path = self.path.join(".");
        match self.below {
            Below::Nothing | Below::Items => path,
            Below::Anything => format!("{path}…"),
            Below::Header | Below::Cookie => format!("{path}.<name>"),
        }
    }
}

/// What the answer of one call holds.
fn step(call: &str) -> [Known; 5] {
    let parts = [
        ("status", Below::Nothing),
        ("json", Below::Anything),
        ("text", Below::Nothing),
        ("headers", Below::Header),
        ("cookies", Below::Cookie),
    ];
    parts.map(|(part, below)| Known {
        path: vec!["steps".to_owned(), call.to_owned(), part.to_owned()],
        below,
    })
}
