//! The newest known version of each document.
//!
//! A node that is behind, or a former leader that has not noticed the election,
//! returns an old version to reads. If this process has read or written version 7
//! of a document, it rejects version 6. This needs no header of the server, so it
//! works with every compatible product.
//!
//! A Vault that was restored from a snapshot returns an old version too, and for
//! ever. After [`SET_BACK_AFTER`] the old version is therefore used. The next
//! write names it, and that write proves which of the two it is: check-and-set
//! refuses the write if a node was only behind.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use super::path::KvPath;

/// How long Vault has to return the same old version until Vault counts as
/// restored. Followers catch up within seconds, and a former leader notices the
/// election within seconds.
const SET_BACK_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// After a write has proved that Vault was restored, other old versions count as
/// restored at once for this long.
const PROVEN: SignedDuration = SignedDuration::from_hours(1);

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
    Outdated {
        /// The number of the newer version.
        known: u64,
    },
    /// A newer version is known, and Vault has returned this one for so long that
    /// the newer one must be lost.
    SetBack {
        /// The number of the lost version.
        known: u64,
    },
    /// There is no document, where one was known: the answer is out of date, or
    /// it was deleted.
    Vanished,
    /// The version has a smaller number than a known one and is younger. Somebody
    /// deleted the document with its metadata, or another replica has written to
    /// a Vault that was restored.
    Recreated {
        /// The number of the version that was known.
        known: u64,
    },
}

/// What is known of a document.
struct Floor {
    newest: Edition,
    /// Boxed, because there is one of these for each document, and most are up to
    /// date.
    behind: Option<Box<Behind>>,
}

/// The older version that Vault returns now.
struct Behind {
    seen: Edition,
    since: Timestamp,
}

/// The newest versions that this process has read or written.
#[derive(Default)]
pub(super) struct Floors(Mutex<Known>);

#[derive(Default)]
struct Known {
    keys: [RandomState; 2],
    floors: BTreeMap<Key, Floor>,
    /// When a write last proved that Vault was restored.
    restored_at: Option<Timestamp>,
}

/// A path in few bytes, under keys of this process: three documents of each token are
/// known, and no two paths have the same.
type Key = [u64; 2];

impl Known {
    fn key(&self, path: &KvPath) -> Key {
        let [first, second] = &self.keys;
        [first.hash_one(path), second.hash_one(path)]
    }

    fn floor(&mut self, path: &KvPath) -> Option<&mut Floor> {
        let key = self.key(path);
        self.floors.get_mut(&key)
    }

    fn insert(&mut self, path: &KvPath, floor: Floor) -> Option<Floor> {
        let key = self.key(path);
        self.floors.insert(key, floor)
    }
}

impl Floors {
    /// Notes a version that was read, unless a newer one is known.
    pub(super) fn raise(&self, path: &KvPath, seen: Edition) {
        let mut known = self.known();
        match known.floor(path) {
            Some(floor) if floor.newest.version > seen.version => {}
            Some(floor) => *floor = Floor::at(seen),
            None => {
                known.insert(path, Floor::at(seen));
            }
        }
    }

    /// Notes a version that this process has written. Check-and-set took it, so
    /// it is the newest one, whatever was known before.
    pub(super) fn wrote(&self, path: &KvPath, written: Edition, now: Timestamp) {
        let mut known = self.known();
        let before = known.insert(path, Floor::at(written));
        if before.is_some_and(|floor| floor.newest.version >= written.version) {
            known.restored_at = Some(now);
        }
    }

    /// Check-and-set refused a write: an old version that Vault returned was that
    /// of a node that lagged behind.
    pub(super) fn refused(&self, path: &KvPath) {
        if let Some(floor) = self.known().floor(path) {
            floor.behind = None;
        }
    }

    /// The document was recreated: what was known of it is dropped.
    pub(super) fn forget(&self, path: &KvPath) {
        let mut known = self.known();
        let key = known.key(path);
        known.floors.remove(&key);
    }

    /// Compares an answer with what is known; `seen` is `None` if there is no
    /// document.
    pub(super) fn judge(&self, path: &KvPath, seen: Option<Edition>, now: Timestamp) -> Worth {
        let mut all = self.known();
        let proven = all
            .restored_at
            .is_some_and(|at| now.duration_since(at) < PROVEN);
        let Some(floor) = all.floor(path) else {
            return Worth::Latest;
        };
        let known = floor.newest.version;
        let Some(seen) = seen else {
            return Worth::Vanished;
        };
        if seen.version >= known {
            floor.behind = None;
            return Worth::Latest;
        }
        match (seen.created_at, floor.newest.created_at) {
            (Some(seen), Some(floor)) if seen > floor => Worth::Recreated { known },
            (Some(_) | None, Some(_) | None) if proven => Worth::SetBack { known },
            (Some(_) | None, Some(_) | None) => floor.is_behind(seen, now),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock()
    }
}

impl Floor {
    fn at(newest: Edition) -> Self {
        Self {
            newest,
            behind: None,
        }
    }

    fn is_behind(&mut self, seen: Edition, now: Timestamp) -> Worth {
        let known = self.newest.version;
        let same = self.behind.as_ref().filter(|behind| behind.seen == seen);
        match same.map(|behind| behind.since) {
            Some(since) if now.duration_since(since) >= SET_BACK_AFTER => Worth::SetBack { known },
            Some(since) if since <= now => Worth::Outdated { known },
            // The first such answer, or the clock was set back.
            Some(_) | None => {
                self.behind = Some(Box::new(Behind { seen, since: now }));
                Worth::Outdated { known }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn edition(version: u64, second: i64) -> Edition {
        Edition {
            version,
            created_at: Timestamp::from_second(second).ok(),
        }
    }

    fn path() -> KvPath {
        KvPath::parse("kv/state/crm").expect("a path")
    }

    #[test]
    fn an_older_version_is_not_believed_and_a_new_beginning_is() {
        let path = path();
        let floors = Floors::default();
        assert_eq!(floors.judge(&path, None, NOW), Worth::Latest);
        floors.raise(&path, edition(7, 700));
        floors.raise(&path, edition(6, 600));
        let known = 7;
        let cases = [
            (Some(edition(7, 700)), Worth::Latest),
            (Some(edition(9, 900)), Worth::Latest),
            (Some(edition(6, 600)), Worth::Outdated { known }),
            (Some(edition(1, 100)), Worth::Outdated { known }),
            (Some(edition(1, 701)), Worth::Recreated { known }),
            (None, Worth::Vanished),
        ];
        for (seen, expected) in cases {
            assert_eq!(floors.judge(&path, seen, NOW), expected, "{seen:?}");
        }
        let unknown = Edition {
            version: 6,
            created_at: None,
        };
        let outdated = Worth::Outdated { known };
        assert_eq!(floors.judge(&path, Some(unknown), NOW), outdated);
        floors.forget(&path);
        assert_eq!(floors.judge(&path, Some(edition(1, 1)), NOW), Worth::Latest);
    }

    #[test]
    fn an_old_version_that_stays_is_that_of_a_restored_vault() {
        let path = path();
        let floors = Floors::default();
        floors.raise(&path, edition(7, 700));
        let at = |seconds| NOW + SignedDuration::from_secs(seconds);
        let judged = |version, seconds| {
            let seen = edition(version, 100 * i64::try_from(version).expect("small"));
            floors.judge(&path, Some(seen), at(seconds))
        };
        let (outdated, set_back) = (Worth::Outdated { known: 7 }, Worth::SetBack { known: 7 });
        assert_eq!(judged(5, 0), outdated);
        assert_eq!(judged(5, 59), outdated);
        assert_eq!(judged(6, 60), outdated, "a follower that catches up");
        assert_eq!(judged(6, 119), outdated);
        assert_eq!(judged(6, 120), set_back);
        floors.refused(&path);
        assert_eq!(judged(6, 121), outdated, "it was a node that lagged behind");
        assert_eq!(judged(7, 122), Worth::Latest);
        assert_eq!(judged(6, 300), outdated, "counted anew");
        assert_eq!(judged(6, 360), set_back);
        floors.wrote(&path, edition(7, 701), at(361));
        assert_eq!(judged(6, 362), set_back, "a write has proved a restore");
        assert_eq!(judged(7, 362), Worth::Latest);
    }
}
