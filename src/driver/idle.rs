//! A token between two wakes.

use jiff::Timestamp;

use super::memory::{Known, Memory};
use super::run::Runner;

/// What the supervisor keeps of it.
pub(super) struct IdleToken {
    /// `None` for most tokens: nothing of them is remembered.
    pub(super) memory: Option<Box<Memory>>,
    /// When it was last read from the store.
    pub(super) read_at: Timestamp,
    /// Whether another writer will have changed the record by the next wake.
    pub(super) outdated: bool,
}

impl IdleToken {
    /// A token whose record was not read yet.
    pub(super) fn unread(now: Timestamp) -> Self {
        Self {
            memory: None,
            read_at: now,
            outdated: false,
        }
    }
}

impl Runner {
    /// Drops the record and the published secret from memory if they will be
    /// read again before the next step. Both contain the token itself.
    pub(super) fn drop_unneeded(&self, token: &str, memory: &mut Memory) {
        let now = self.clock.now();
        let known = memory.known.as_ref();
        if known.is_some_and(|known| is_idle(known, &self.holder, now)) {
            memory.known = None;
            memory.newest = None;
            self.store.forget(token);
        }
    }
}

/// Whether no rotation or retirement is in progress, and the record is stored
/// and our lease given back.
fn is_idle(known: &Known, holder: &str, now: Timestamp) -> bool {
    let record = &known.record;
    let lease = record.lease.as_ref();
    let is_held = lease.is_some_and(|lease| lease.holder == holder && lease.expires_at > now);
    let is_stored = !known.dirty && known.unanswered.is_empty();
    is_stored && !is_held && record.rotation.is_none() && record.retiring.is_empty()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::ports::Version;
    use crate::rotation::record::{Lease, Record};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn known() -> Known {
        Known {
            record: Record::new("crm", NOW),
            version: Version(1),
            dirty: false,
            written_here: false,
            must_commit_first: false,
            unanswered: Vec::new(),
        }
    }

    fn leased(holder: &str, seconds: i64) -> Known {
        let mut known = known();
        known.record.lease = Some(Lease {
            holder: holder.to_owned(),
            epoch: 1,
            expires_at: NOW + SignedDuration::from_secs(seconds),
        });
        known
    }

    #[test]
    fn what_is_not_stored_or_not_given_back_is_kept() {
        let mut dirty = known();
        dirty.dirty = true;
        let mut unanswered = known();
        unanswered.unanswered.push("a write".to_owned());
        let cases = [
            ("stored", known(), true),
            ("not stored", dirty, false),
            ("perhaps stored", unanswered, false),
            ("our lease", leased("me", 90), false),
            ("our lease, run out", leased("me", 0), true),
            ("the lease of another", leased("you", 90), true),
        ];
        for (what, known, expected) in cases {
            assert_eq!(is_idle(&known, "me", NOW), expected, "{what}");
        }
    }
}
