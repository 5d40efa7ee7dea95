//! A token between two wakes.

use jiff::Timestamp;

use super::memory::{Known, Memory};
use super::run::Runner;

/// What is remembered of it.
pub(super) struct Resting {
    /// On its own: a map of these has places that are free.
    pub(super) memory: Box<Memory>,
    /// When it was last read from the store.
    pub(super) read_at: Timestamp,
    /// Somebody else will have written when the token is woken.
    pub(super) outdated: bool,
}

impl Resting {
    /// Nothing is known of the token.
    pub(super) fn unread(now: Timestamp) -> Self {
        Self {
            memory: Box::default(),
            read_at: now,
            outdated: false,
        }
    }
}

impl Runner {
    /// Lets go of a token that will be read again before anything is done for
    /// it: what is stored and what is published, both of which hold the token
    /// itself, are not kept in memory for nothing.
    pub(super) fn set_down(&self, token: &str, memory: &mut Memory) {
        let now = self.clock.now();
        let known = memory.known.as_ref();
        if known.is_some_and(|known| is_at_rest(known, &self.holder, now)) {
            memory.known = None;
            self.store.forget(token);
        }
    }
}

/// Whether nothing is under way, and nothing is left to be stored: neither what
/// is known nor that our lease is given back.
fn is_at_rest(known: &Known, holder: &str, now: Timestamp) -> bool {
    let record = &known.record;
    let lease = record.lease.as_ref();
    let is_held = lease.is_some_and(|lease| lease.holder == holder && lease.expires_at > now);
    let is_stored = !known.dirty && known.unheard.is_empty();
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
            must_commit_first: false,
            unheard: Vec::new(),
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
        let mut unheard = known();
        unheard.unheard.push("a write".to_owned());
        let cases = [
            ("stored", known(), true),
            ("not stored", dirty, false),
            ("perhaps stored", unheard, false),
            ("our lease", leased("me", 90), false),
            ("our lease, run out", leased("me", 0), true),
            ("the lease of another", leased("you", 90), true),
        ];
        for (what, known, expected) in cases {
            assert_eq!(is_at_rest(&known, "me", NOW), expected, "{what}");
        }
    }
}
