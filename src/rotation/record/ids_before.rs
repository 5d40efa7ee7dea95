//! The ids that an issuer listed before a token was requested, as digests.
//!
//! An issuer may list tens of thousands of tokens. The record has only to tell
//! whether an id is one of them, so it keeps twelve hex digits of a digest of each,
//! in one text.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// How many ids are kept. Of more, none is: then a token whose reply was lost is
/// counted until it expires, and nothing is revoked on suspicion.
pub const MOST_IDS: usize = 32_768;

/// Hex digits of each digest. A collision only means that a token is not revoked.
const DIGITS: usize = 12;

/// The ids before a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IdsBefore {
    /// The ids themselves, as earlier programs wrote them.
    Plain(Vec<String>),
    /// Digests of them, one after the other.
    Digests(String),
    /// There were too many to keep.
    TooMany {
        /// How many.
        count: usize,
    },
}

impl Default for IdsBefore {
    fn default() -> Self {
        Self::Digests(String::new())
    }
}

impl IdsBefore {
    /// Keeps these ids, unless they are too many.
    pub fn of<'i>(ids: impl ExactSizeIterator<Item = &'i str>) -> Self {
        let count = ids.len();
        if count > MOST_IDS {
            return Self::TooMany { count };
        }
        Self::Digests(ids.map(digest).collect())
    }

    /// Whether there were none, or none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(ids) => ids.is_empty(),
            Self::Digests(digests) => digests.is_empty(),
            Self::TooMany { .. } => false,
        }
    }

    /// How many there were, if they were too many to keep.
    #[must_use]
    pub fn too_many(&self) -> Option<usize> {
        match self {
            Self::TooMany { count } => Some(*count),
            Self::Plain(_) | Self::Digests(_) => None,
        }
    }

    /// Tells of many ids whether they were there before.
    #[must_use]
    pub fn known(&self) -> KnownIds<'_> {
        match self {
            Self::Plain(ids) => KnownIds::Plain(ids.iter().map(String::as_str).collect()),
            Self::Digests(text) => {
                let starts = (0..text.len()).step_by(DIGITS);
                let digests = starts.filter_map(|start| text.get(start..start + DIGITS));
                KnownIds::Digests(digests.collect())
            }
            Self::TooMany { .. } => KnownIds::All,
        }
    }

    /// Whether this id was there before, or may have been.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.known().contains(id)
    }
}

/// [`IdsBefore`], to be asked often.
#[derive(Debug)]
pub enum KnownIds<'i> {
    /// The ids.
    Plain(HashSet<&'i str>),
    /// Their digests.
    Digests(HashSet<&'i str>),
    /// None was kept, so each may have been there.
    All,
}

impl KnownIds<'_> {
    /// Whether this id was there before, or may have been.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Self::Plain(ids) => ids.contains(id),
            Self::Digests(digests) => digests.contains(digest(id).as_str()),
            Self::All => true,
        }
    }
}

fn digest(id: &str) -> String {
    Fingerprint::of(id).short()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_thousand_ids_are_kept_in_little_room() {
        let ids: Vec<_> = (0..30_000).map(|n| format!("tok_{n:032}")).collect();
        let before = IdsBefore::of(ids.iter().map(String::as_str));
        let text = serde_json::to_string(&before).expect("JSON");
        assert!(text.len() < 400_000, "{} bytes", text.len());
        let again: IdsBefore = serde_json::from_str(&text).expect("read again");
        assert_eq!(again, before);
        let known = again.known();
        assert!(ids.iter().all(|id| known.contains(id)));
        assert!(!known.contains("tok_new"));
    }

    #[test]
    fn of_too_many_none_is_kept_and_each_may_have_been_there() {
        let ids = vec!["x"; MOST_IDS + 1];
        let before = IdsBefore::of(ids.into_iter());
        assert_eq!(before.too_many(), Some(MOST_IDS + 1));
        assert!(before.contains("any"));
        let text = serde_json::to_string(&before).expect("JSON");
        assert_eq!(text, format!("{{\"count\":{}}}", MOST_IDS + 1));
        assert_eq!(serde_json::from_str::<IdsBefore>(&text).ok(), Some(before));
    }

    #[test]
    fn what_earlier_programs_wrote_is_read() {
        let before: IdsBefore = serde_json::from_str(r#"["a","b"]"#).expect("ids");
        assert!(before.contains("a") && !before.contains("c"));
        let none: IdsBefore = serde_json::from_str("[]").expect("ids");
        assert!(none.is_empty() && !none.contains("a"));
        assert!(IdsBefore::default().is_empty());
    }
}
