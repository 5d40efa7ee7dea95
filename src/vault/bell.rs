//! The bell: one document with the names of what has changed, and a counter.
//!
//! Every replica reads it every few seconds. Who writes something that others
//! must notice (a request, a switch) adds its name by check-and-set. Nothing is
//! believed that stands there: a name only says what to read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;

/// Its name below `state_path`. No token can have this name.
pub const NAME: &str = ".bell";

/// How many names it holds.
const MOST_NAMES: usize = 64;
/// Longest name: an entity, a slash, a token.
const LONGEST_NAME: usize = 256;

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bell {
    /// Grows with each name.
    counter: u64,
    /// The last names, oldest first.
    names: Vec<Rung>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rung {
    counter: u64,
    name: String,
}

/// What has changed since the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Its names.
    pub names: BTreeSet<String>,
    /// Whether further names were lost: more were rung than the bell holds, or
    /// the document was replaced.
    pub incomplete: bool,
}

impl Bell {
    fn from_fields(fields: Fields) -> Option<Self> {
        let bell: Self = serde_json::from_value(fields.into_value()).ok()?;
        let is_bounded = bell.names.len() <= MOST_NAMES
            && bell
                .names
                .iter()
                .all(|rung| rung.name.len() <= LONGEST_NAME);
        is_bounded.then_some(bell)
    }

    fn ring(&mut self, names: &[String]) {
        for name in names {
            self.counter = self.counter.saturating_add(1);
            self.names.retain(|rung| rung.name != *name);
            self.names.push(Rung {
                counter: self.counter,
                name: name.clone(),
            });
        }
        let excess = self.names.len().saturating_sub(MOST_NAMES);
        self.names.drain(..excess);
    }

    /// What was rung since the counter was `seen`.
    fn since(&self, seen: u64) -> News {
        if self.counter < seen {
            let names = self.names.iter().map(|rung| rung.name.clone()).collect();
            return News {
                names,
                incomplete: true,
            };
        }
        let new = self.names.iter().filter(|rung| rung.counter > seen);
        let names: BTreeSet<_> = new.map(|rung| rung.name.clone()).collect();
        let rung = self.counter - seen;
        // A name that was rung twice stands there once.
        let oldest = self.names.first().map_or(self.counter, |rung| rung.counter);
        let incomplete =
            rung > 0 && self.names.len() >= MOST_NAMES && oldest > seen.saturating_add(1);
        News {
            incomplete: incomplete || (rung > 0 && names.is_empty()),
            names,
        }
    }
}

/// What a replica remembers of the bell between two looks.
#[derive(Debug, Default)]
pub struct Listener {
    seen: Option<u64>,
}

impl Listener {
    /// Reads the bell. The first look brings no news: everything is read at the
    /// start anyway.
    pub(super) async fn look(
        &mut self,
        session: &Session,
        path: &KvPath,
    ) -> Result<News, VaultError> {
        let stored = kv::read(session, path).await?;
        let version = stored.version();
        let bell = match stored {
            Stored::Present { fields, .. } => Bell::from_fields(fields),
            Stored::Absent | Stored::Deleted { .. } => Some(Bell::default()),
        };
        let Some(bell) = bell else {
            return self.replace(session, path, version).await;
        };
        let news = self.seen.map(|seen| bell.since(seen));
        self.seen = Some(bell.counter);
        Ok(news.unwrap_or_default())
    }

    /// Somebody wrote there what is no bell: a new one replaces it, and what
    /// was rung is lost.
    async fn replace(
        &mut self,
        session: &Session,
        path: &KvPath,
        version: u64,
    ) -> Result<News, VaultError> {
        tracing::warn!(%path, "this document is not what scim-rotator writes there; it is replaced");
        let bell = Bell {
            counter: self.seen.unwrap_or_default().saturating_add(1),
            names: Vec::new(),
        };
        match kv::write(session, path, fields(&bell), version).await {
            Ok(_) => self.seen = Some(bell.counter),
            Err(error) if error.kind == VaultErrorKind::CasConflict => {}
            Err(error) => return Err(error),
        }
        Ok(News {
            names: BTreeSet::new(),
            incomplete: true,
        })
    }
}

fn fields(bell: &Bell) -> Fields {
    match serde_json::to_value(bell) {
        Ok(Value::Object(fields)) => fields.into(),
        Ok(_) | Err(_) => Fields::new(),
    }
}

/// Rings these names.
pub(super) async fn ring(
    session: &Session,
    path: &KvPath,
    names: &[String],
) -> Result<(), VaultError> {
    let mut attempts = kv::Attempts::new();
    loop {
        let stored = kv::read(session, path).await?;
        let version = stored.version();
        let mut bell = match stored {
            Stored::Present { fields, .. } => Bell::from_fields(fields).unwrap_or_default(),
            Stored::Absent | Stored::Deleted { .. } => Bell::default(),
        };
        bell.ring(names);
        match kv::write(session, path, fields(&bell), version).await {
            Ok(_) => return Ok(()),
            // A name that is rung twice is looked at twice, which is harmless.
            Err(error) => attempts.again(error)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_listener_hears_each_name_once() {
        let mut bell = Bell::default();
        bell.ring(&names(&["a", "b", "a"]));
        assert_eq!(bell.since(3), News::default());
        let news = bell.since(0);
        assert_eq!(news.names, names(&["a", "b"]).into_iter().collect());
        assert!(!news.incomplete);
        bell.ring(&names(&["c"]));
        assert_eq!(bell.since(3).names, names(&["c"]).into_iter().collect());
    }

    #[test]
    fn lost_names_are_noticed() {
        let mut bell = Bell::default();
        let many: Vec<String> = (0..=MOST_NAMES).map(|n| n.to_string()).collect();
        bell.ring(&many);
        assert_eq!(bell.names.len(), MOST_NAMES);
        assert!(bell.since(0).incomplete, "the first name is lost");
        assert!(!bell.since(1).incomplete, "no name is lost since then");
        assert!(bell.since(u64::MAX).incomplete, "another bell");
    }

    #[test]
    fn what_is_no_bell_is_not_read_as_one() {
        let of = |value: Value| {
            let Value::Object(fields) = value else {
                return None;
            };
            Bell::from_fields(fields.into())
        };
        let good = serde_json::json!({ "counter": 1, "names": [{ "counter": 1, "name": "a" }] });
        assert!(of(good).is_some());
        let rung = serde_json::json!({ "counter": 1, "name": "a" });
        for bad in [
            serde_json::json!({}),
            serde_json::json!({ "counter": -1, "names": [] }),
            serde_json::json!({ "counter": 1, "names": [], "more": 1 }),
            serde_json::json!({ "counter": 1, "names": vec![rung.clone(); 65] }),
            serde_json::json!({ "counter": 1, "names": [{ "counter": 1, "name": "x".repeat(257) }] }),
        ] {
            assert!(of(bad.clone()).is_none(), "{bad}");
        }
    }
}
