//! What the driver keeps in memory of a token between two wakes.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::ports::Version;
use crate::rotation::outcome::Outcome;
use crate::rotation::record::{HeldToken, Record};
use crate::rotation::uncommitted::{Uncommitted, UnrecordedToken};
use crate::secret::Fingerprint;

/// What the driver keeps of a token between two wakes. It may be lost:
/// everything that matters is stored, and check-and-set refuses what is
/// outdated.
#[derive(Debug, Default)]
pub struct Memory {
    /// Boxed, because most tokens are idle most of the time and keep none.
    pub(super) known: Option<Box<Known>>,
    /// The record as this process had it before it began to load it again. It is
    /// put back if the store turns out to have lost it.
    pub(super) newest: Option<Box<Known>>,
    /// Version of a record with another replica's lease that a clock of the future
    /// has written, and when this process first saw it.
    pub(super) future_lease: Option<(Version, Timestamp)>,
    /// Label of an intent that this process stored and whose request it has not
    /// sent.
    pub(super) fresh_intent: Option<String>,
    /// The pending token whose deliveries this process knows of, all of them.
    pub(super) delivers: Option<Fingerprint>,
    pub(super) store_failures: u32,
    /// Effects since the last commit.
    pub(super) uncommitted: Uncommitted,
    /// Effects whose commit was refused because another writer came first. They
    /// are reconciled with that writer's record.
    pub(super) conflicted: Uncommitted,
    /// Tokens that were issued to this process and are in no record. This
    /// process revokes them.
    pub(super) unrecorded: Vec<UnrecordedToken>,
    /// Ends a running wake between two steps; set while a wake runs.
    pub(super) interruption: Option<CancellationToken>,
}

/// The record as this process has it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) record: Record,
    pub(super) version: Version,
    pub(super) dirty: bool,
    /// Whether this process wrote this version.
    pub(super) written_here: bool,
    /// Whether it must be committed before anything else is done: it may
    /// contain a token that is stored nowhere else.
    pub(super) must_commit_first: bool,
    /// Ids of the writes over this version whose answers were lost: they may
    /// have been carried out.
    pub(super) unanswered: Vec<String>,
}

impl Memory {
    /// Makes the next wake read the record from the store, unless this one is
    /// not stored yet.
    pub fn reload(&mut self) {
        if self.known.as_ref().is_some_and(|known| !known.dirty) {
            self.keep_newest();
        }
    }

    /// The same, unless nothing is remembered.
    pub(super) fn unless_blank(self: Box<Self>) -> Option<Box<Self>> {
        let Self {
            known,
            newest,
            future_lease,
            fresh_intent,
            delivers,
            store_failures,
            uncommitted,
            conflicted,
            unrecorded,
            interruption,
        } = &*self;
        let is_blank = known.is_none()
            && newest.is_none()
            && future_lease.is_none()
            && fresh_intent.is_none()
            && delivers.is_none()
            && *store_failures == 0
            && uncommitted.is_empty()
            && conflicted.is_empty()
            && unrecorded.is_empty()
            && interruption.is_none();
        (!is_blank).then_some(self)
    }

    /// Drops the record, but keeps it aside until it is loaded again.
    pub(super) fn keep_newest(&mut self) {
        self.newest = self.known.take().or_else(|| self.newest.take());
    }

    /// A token that ends the next wake between two steps when the configuration
    /// changes. The rest is then done under the new configuration.
    pub(super) fn interruption(&mut self) -> CancellationToken {
        self.interruption.insert(CancellationToken::new()).clone()
    }

    /// Whether this process stored the record's intent and has not sent its
    /// request.
    pub(super) fn has_fresh_intent(&self, record: &Record) -> bool {
        let rotation = record.rotation.as_ref();
        let intent = rotation.and_then(|r| r.intent.as_ref());
        intent.is_some_and(|intent| self.fresh_intent.as_ref() == Some(&intent.label))
    }

    /// A step that began with this record ended: if it brought the pending token,
    /// nobody has delivered that yet.
    pub(super) fn pending_came(&mut self, before: &Record) {
        let now = self.record().and_then(pending);
        if now != pending(before) {
            self.delivers = now;
        }
    }

    /// Whether this process stored the pending token, and knows of every delivery
    /// of it since.
    pub(super) fn knows_deliveries(&self, record: &Record) -> bool {
        let pending = pending(record);
        pending.is_some() && pending == self.delivers
    }

    /// The record as last read or changed.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.known.as_ref().map(|known| &known.record)
    }
}

fn pending(record: &Record) -> Option<Fingerprint> {
    let rotation = record.rotation.as_ref()?;
    rotation.pending.as_ref().map(HeldToken::fingerprint)
}

/// The label of the intent that this outcome put into the record, and whose
/// request was not sent.
pub(super) fn fresh_label(outcome: &Outcome, record: Option<&Record>) -> Option<String> {
    match outcome {
        Outcome::Prepared(_) | Outcome::Recovered { .. } => {
            let rotation = record.and_then(|r| r.rotation.as_ref());
            rotation
                .and_then(|r| r.intent.as_ref())
                .map(|intent| intent.label.clone())
        }
        Outcome::Adopted { .. }
        | Outcome::Issued(_)
        | Outcome::Supplied { .. }
        | Outcome::CannotBeHeld(_)
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
        | Outcome::RehearsalEnded(_)
        | Outcome::Verified(_)
        | Outcome::Failed { .. } => None,
    }
}

/// Whether a step changed anything but `updated_at`.
pub(super) fn differs_in_more_than_time(before: &Record, after: &Record) -> bool {
    let mut same = after.clone();
    same.updated_at = before.updated_at;
    same != *before
}
