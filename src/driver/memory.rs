//! What the driver remembers of a token between two wakes.

use tokio_util::sync::CancellationToken;

use crate::ports::Version;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::Record;
use crate::rotation::uncommitted::{Uncommitted, UnrecordedToken};

/// What is remembered of a token between two wakes. Safe to lose: everything
/// that matters is stored, and check-and-set refuses what is outdated.
#[derive(Debug, Default)]
pub struct Memory {
    /// On its own: most tokens rest for most of the time, and nothing is known.
    pub(super) known: Option<Box<Known>>,
    /// Label of an intent that was made here and whose issue was not started.
    pub(super) fresh_intent: Option<String>,
    pub(super) store_failures: u32,
    /// Effects since the last commit.
    pub(super) uncommitted: Uncommitted,
    /// Effects whose commit was refused, because another writer came first. They
    /// are reconciled with the record of that writer.
    pub(super) conflicted: Uncommitted,
    /// Tokens that were issued to this process and are in no record. It revokes
    /// them.
    pub(super) unrecorded: Vec<UnrecordedToken>,
    /// Ends the wake between two steps; there is one while a wake runs.
    pub(super) interruption: Option<CancellationToken>,
}

/// The record as this process has it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) record: Record,
    pub(super) version: Version,
    pub(super) dirty: bool,
    /// Whether it must be committed before anything else is done: it may
    /// contain a token that is stored nowhere else.
    pub(super) must_commit_first: bool,
    /// Ids of the writes on this version of which it is not known whether they
    /// were carried out.
    pub(super) unheard: Vec<String>,
}

impl Memory {
    /// Makes the next wake read from the store, unless something here is not
    /// stored yet.
    pub fn reload(&mut self) {
        if self.known.as_ref().is_some_and(|known| !known.dirty) {
            self.known = None;
        }
    }

    /// What ends the next wake between two steps: the configuration has changed,
    /// and what is left to do is done under the new one.
    pub(super) fn interruption(&mut self) -> CancellationToken {
        self.interruption.insert(CancellationToken::new()).clone()
    }

    /// Whether the stored intent was made here, and its effect was not started.
    pub(super) fn has_fresh_intent(&self, record: &Record) -> bool {
        let rotation = record.rotation.as_ref();
        let intent = rotation.and_then(|r| r.intent.as_ref());
        intent.is_some_and(|intent| self.fresh_intent.as_ref() == Some(&intent.label))
    }

    /// The record as last seen.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.known.as_ref().map(|known| &known.record)
    }
}

/// An intent that this outcome made, and whose effect was not started.
pub(super) fn fresh_label(outcome: &Outcome, record: Option<&Record>) -> Option<String> {
    match outcome {
        Outcome::Prepared(_) | Outcome::Recovered { .. } => {
            let rotation = record.and_then(|r| r.rotation.as_ref());
            rotation
                .and_then(|r| r.intent.as_ref())
                .map(|intent| intent.label.clone())
        }
        Outcome::Adopted(_)
        | Outcome::Issued(_)
        | Outcome::Supplied { .. }
        | Outcome::Proved(_)
        | Outcome::Delivered { .. }
        | Outcome::Confirmed { .. }
        | Outcome::Completed
        | Outcome::Published
        | Outcome::Reverted { .. }
        | Outcome::Discarded
        | Outcome::UseSeen { .. }
        | Outcome::Retired { .. }
        | Outcome::OrphanRevoked { .. }
        | Outcome::UnrecordedRevoked { .. }
        | Outcome::Verified(_)
        | Outcome::Failed { .. } => None,
    }
}

/// Whether a step changed anything that is worth a commit.
pub(super) fn differs_in_more_than_time(before: &Record, after: &Record) -> bool {
    let mut same_time = after.clone();
    same_time.updated_at = before.updated_at;
    same_time != *before
}
