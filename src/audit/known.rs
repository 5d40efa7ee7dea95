//! What is remembered of each token's record, so that a line can say what came before and
//! which rotation an effect belongs to.

use crate::rotation::record::{Handled, PastRotation, Record, Trigger};
use crate::secret::{FingerprintKey, KeyedFingerprint};

/// What the last record that was read or written says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) generation: u64,
    pub(super) stage: Option<&'static str>,
    pub(super) current: Option<KeyedFingerprint>,
    pub(super) pending: Option<KeyedFingerprint>,
    pub(super) flight: Option<Box<Flight>>,
    /// The last decision to do something.
    pub(super) reason: Option<&'static str>,
    facts: Facts,
    /// Author and number of the newest request of each author that was handled.
    handled: Vec<(String, u64)>,
}

/// The rotation in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) id: String,
    pub(super) trigger: Trigger,
}

/// What tells commits apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facts {
    exists: bool,
    is_paused: bool,
    is_halted: bool,
    has_intent: bool,
    has_request: bool,
    holder: Option<String>,
    retiring: usize,
    orphans: usize,
    deliveries: usize,
    probed: Option<jiff::Timestamp>,
}

impl Known {
    pub(super) fn of(record: &Record, key: Option<&FingerprintKey>, before: Option<&Self>) -> Self {
        let rotation = record.rotation.as_ref();
        let pending = rotation.and_then(|rotation| rotation.pending.as_ref());
        let of =
            |token: &crate::rotation::record::HeldToken| key.map(|key| key.of_token(&token.value));
        let handled = record.handled.iter();
        Self {
            generation: record.generation,
            stage: Some(record.stage_name().as_str()),
            current: record.current.as_ref().and_then(of),
            pending: pending.and_then(of),
            flight: rotation.map(|rotation| {
                Box::new(Flight {
                    id: rotation.id.clone(),
                    trigger: rotation.trigger,
                })
            }),
            reason: before.and_then(|before| before.reason),
            facts: Facts {
                exists: true,
                is_paused: record.paused.is_some(),
                is_halted: record.halt.is_some(),
                has_intent: rotation.is_some_and(|rotation| rotation.intent.is_some()),
                has_request: record.request.is_some(),
                holder: record.lease.as_ref().map(|lease| lease.holder.clone()),
                retiring: record.retiring.len(),
                orphans: record.orphans.len(),
                deliveries: record.connections.len(),
                probed: record.probe.as_ref().map(|probe| probe.at),
            },
            handled: handled
                .map(|noted| (noted.author.clone(), noted.seq))
                .collect(),
        }
    }

    /// What a commit changes, in words.
    pub(super) fn changes(&self, after: &Self, record: &Record) -> Vec<String> {
        let (old, new) = (&self.facts, &after.facts);
        let mut changes = Vec::new();
        let mut add = |applies: bool, word: &str| {
            if applies {
                changes.push(word.to_owned());
            }
        };
        add(!old.exists, "record_created");
        add(
            old.holder != new.holder && new.holder.is_some(),
            "lease_taken",
        );
        add(
            old.holder.is_some() && new.holder.is_none(),
            "lease_returned",
        );
        add(new.has_intent && !old.has_intent, "intent_stored");
        add(!old.has_request && new.has_request, "rotation_asked_for");
        add(
            after.flight_id().is_some() && self.flight_id() != after.flight_id(),
            "rotation_began",
        );
        add(
            after.pending.is_some() && self.pending != after.pending,
            "new_token_stored",
        );
        add(after.generation > self.generation, "promoted");
        add(new.retiring > old.retiring, "old_token_kept_for_overlap");
        add(new.retiring < old.retiring, "old_token_retired");
        add(new.orphans > old.orphans, "orphan_noted");
        add(new.orphans < old.orphans, "orphan_gone");
        add(new.deliveries > old.deliveries, "delivery_noted");
        add(!old.is_paused && new.is_paused, "paused");
        add(old.is_paused && !new.is_paused, "resumed");
        add(!old.is_halted && new.is_halted, "halted");
        add(old.is_halted && !new.is_halted, "halt_ended");
        add(old.probed != new.probed, "probe_noted");
        if self.stage != after.stage
            && let Some(stage) = after.stage
        {
            changes.push(format!("stage_{stage}"));
        }
        let ended = self.flight_id().filter(|id| after.flight_id() != Some(id));
        if let Some(past) = ended.and_then(|id| past(record, id)) {
            changes.push(format!("rotation_{}", past.result.as_str()));
        }
        if changes.is_empty() {
            changes.push("progress".to_owned());
        }
        changes
    }

    fn flight_id(&self) -> Option<&str> {
        self.flight.as_ref().map(|flight| flight.id.as_str())
    }

    /// Requests that a record notes as handled and that were not before.
    pub(super) fn new_requests<'r>(&self, record: &'r Record) -> Vec<&'r Handled> {
        let is_known = |noted: &Handled| {
            let mut known = self.handled.iter();
            known.any(|(author, seq)| *author == noted.author && *seq >= noted.seq)
        };
        let handled = record.handled.iter();
        handled.filter(|noted| !is_known(noted)).collect()
    }
}

fn past<'r>(record: &'r Record, id: &str) -> Option<&'r PastRotation> {
    record.history.iter().find(|past| past.id == id)
}
