//! The oldest version of a document that may be believed.
//!
//! A node that lags behind, or that led the cluster and has not noticed yet
//! that it does not any more, answers reads with what was. Whoever has read or
//! written version 7 of a document is not shown version 6 any more. No header
//! of a server's is needed for it, so it holds for every product.

use std::collections::HashMap;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use super::path::KvPath;

/// One version of a document, and when Vault wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition {
    pub(super) version: u64,
    pub(super) created_at: Option<Timestamp>,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// Nothing later is known.
    Latest,
    /// A later version is known.
    Outdated,
    /// There is nothing, where something was: out of date, or deleted.
    Vanished,
    /// Somebody deleted the document with its metadata, and it was written again
    /// since: its version numbers start at 1 again.
    Recreated,
}

/// The latest editions that this process has seen.
#[derive(Default)]
pub(super) struct Floors(Mutex<HashMap<KvPath, Edition>>);

impl Floors {
    /// Notes an edition that was read or written, unless a later one is known.
    pub(super) fn raise(&self, path: &KvPath, seen: Edition) {
        let mut known = self.known();
        match known.get_mut(path) {
            Some(floor) if floor.version >= seen.version => {}
            Some(floor) => *floor = seen,
            None => {
                known.insert(path.clone(), seen);
            }
        }
    }

    /// The document began anew: what was known of it does not count any more.
    pub(super) fn forget(&self, path: &KvPath) {
        self.known().remove(path);
    }

    /// What an answer is worth; `None`: there is no such document.
    pub(super) fn judge(&self, path: &KvPath, seen: Option<Edition>) -> Worth {
        let Some(floor) = self.known().get(path).copied() else {
            return Worth::Latest;
        };
        match seen {
            None => Worth::Vanished,
            Some(seen) if seen.version >= floor.version => Worth::Latest,
            Some(seen) => match (seen.created_at, floor.created_at) {
                (Some(seen), Some(floor)) if seen > floor => Worth::Recreated,
                (Some(_) | None, Some(_) | None) => Worth::Outdated,
            },
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<KvPath, Edition>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_is_not_believed_and_a_new_beginning_is() {
        let edition = |version, second| Edition {
            version,
            created_at: Timestamp::from_second(second).ok(),
        };
        let path = KvPath::parse("kv/state/crm").expect("a path");
        let floors = Floors::default();
        assert_eq!(floors.judge(&path, None), Worth::Latest);
        floors.raise(&path, edition(7, 700));
        floors.raise(&path, edition(6, 600));
        let cases = [
            (Some(edition(7, 700)), Worth::Latest),
            (Some(edition(9, 900)), Worth::Latest),
            (Some(edition(6, 600)), Worth::Outdated),
            (Some(edition(1, 100)), Worth::Outdated),
            (Some(edition(1, 701)), Worth::Recreated),
            (None, Worth::Vanished),
        ];
        for (seen, expected) in cases {
            assert_eq!(floors.judge(&path, seen), expected, "{seen:?}");
        }
        let unknown = Edition {
            version: 6,
            created_at: None,
        };
        assert_eq!(floors.judge(&path, Some(unknown)), Worth::Outdated);
        floors.forget(&path);
        assert_eq!(floors.judge(&path, Some(edition(1, 1))), Worth::Latest);
    }
}
