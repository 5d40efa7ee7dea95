//! The newest known version of each document.
//!
//! A node that is behind, or a former leader that has not noticed the election,
//! returns an old version to reads. If this process has read or written version 7
//! of a document, it rejects version 6. This needs no header of the server, so it
//! works with every compatible product.

use std::collections::HashMap;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use super::path::KvPath;

/// A version of a document, and when Vault stored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition {
    pub(super) version: u64,
    pub(super) created_at: Option<Timestamp>,
}

/// How an answer compares with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// No newer version is known.
    Latest,
    /// A newer version is known.
    Outdated,
    /// There is no document, where one was known: the answer is out of date, or
    /// it was deleted.
    Vanished,
    /// Somebody deleted the document with its metadata, and it was written again
    /// since: its version numbers start at 1 again.
    Recreated,
}

/// The newest versions that this process has read or written.
#[derive(Default)]
pub(super) struct Floors(Mutex<HashMap<KvPath, Edition>>);

impl Floors {
    /// Notes a version that was read or written, unless a newer one is known.
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

    /// The document was recreated: what was known of it is dropped.
    pub(super) fn forget(&self, path: &KvPath) {
        self.known().remove(path);
    }

    /// Compares an answer with what is known; `seen` is `None` if there is no
    /// document.
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
