//! The record of one token, as it is stored in Vault.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::control::{Lease, Paused, Request, Trigger};
use super::ending::{Orphan, Retiring};
use super::failures::{Failures, Halt};
use super::flight::{ConnectionHolds, Intent, Rotation};
use super::history::{LastProbe, PastRotation};
use super::rehearsal::Rehearsal;
use super::requests::Handled;
use super::restored::{Restored, RestoredTodo};
use super::stage::StageName;
use super::supplied::{EndNote, PublishedEnd, SuppliedNote};
use super::token::HeldToken;
use crate::secret::Fingerprint;

/// Schema version that this program writes. It does not touch a record with a
/// newer one.
pub const SCHEMA: u32 = 1;

/// How many finished rotations a record remembers.
pub const HISTORY: usize = 10;

/// Everything that is stored of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout.
    pub schema: u32,
    /// Name of the token in the configuration.
    pub token: String,
    /// How many tokens have become current: grows by one with each promotion.
    pub generation: u64,
    /// Random id of the write that made this version. It tells our own write
    /// from another writer's when the answer was lost.
    pub write_id: String,
    /// When this version was made.
    pub updated_at: Timestamp,
    /// Which replica may act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Set by a person: nothing is done for this token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// A rotation asked for by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The newest request of each author that was handled, at most
    /// [`MOST_AUTHORS`](super::MOST_AUTHORS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handled: Vec<Handled>,
    /// The token is halted until a person acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
    /// Vault was restored from a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// Random word at the end of the id of every rotation of this record. The
    /// labels of its tokens contain it, also of those that the record does not
    /// know of any more because Vault was restored from a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// How many rotations have begun; feeds the jitter.
    #[serde(default)]
    pub ordinal: u64,
    /// The token in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<HeldToken>,
    /// Superseded tokens that still have to be retired, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retiring: Vec<Retiring>,
    /// The rotation in flight; `None` is the stage `idle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Failures since the last success.
    #[serde(default)]
    pub failures: Failures,
    /// When tokens were issued in the last day: the runaway guard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Timestamp>,
    /// Tokens of ours whose value was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphan>,
    /// Tokens of ours that may be alive, that nobody uses, and that cannot be
    /// found or ended one by one: when each dies at the latest.
    #[serde(default)]
    pub orphans_uncounted: Vec<Timestamp>,
    /// Issuance requests that a process sent after it had lost its lease. Whether
    /// the issuer made a token for them is not known yet. Earlier programs wrote
    /// this field as `strays`.
    #[serde(default, alias = "strays", skip_serializing_if = "Vec::is_empty")]
    pub issues_after_lease_loss: Vec<Intent>,
    /// The rehearsal whose throw-away token may be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Box<Rehearsal>>,
    /// The last probe of `current`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<LastProbe>,
    /// Which token each connection was last given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, ConnectionHolds>,
    /// Values at the published path that were refused; not tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_values: Vec<Fingerprint>,
    /// The last of them, for people and alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplied: Option<SuppliedNote>,
    /// The last end that a person wrote for the token in use, if it was not
    /// taken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_end: Option<EndNote>,
    /// The end that was last published; tells an end that a person wrote from
    /// ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_end: Option<PublishedEnd>,
    /// When a rotation last began although the full cycle that it waits for had not
    /// passed: the token in use would have expired otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_cycle_ignored_at: Option<Timestamp>,
    /// The last rotations, newest first, at most [`HISTORY`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRotation>,
}

impl Record {
    /// An empty record, for a token that nothing is known of yet.
    #[must_use]
    pub fn new(token: impl Into<String>, now: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            token: token.into(),
            generation: 0,
            write_id: String::new(),
            updated_at: now,
            lease: None,
            paused: None,
            request: None,
            handled: Vec::new(),
            halt: None,
            restored: None,
            mark: None,
            ordinal: 0,
            current: None,
            retiring: Vec::new(),
            rotation: None,
            failures: Failures::default(),
            issues: Vec::new(),
            orphans: Vec::new(),
            orphans_uncounted: Vec::new(),
            issues_after_lease_loss: Vec::new(),
            rehearsal: None,
            probe: None,
            connections: BTreeMap::new(),
            refused_values: Vec::new(),
            supplied: None,
            stated_end: None,
            published_end: None,
            full_cycle_ignored_at: None,
            history: Vec::new(),
        }
    }

    /// Every text that was written for people, some of which quote servers.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let rotation = self.rotation.as_mut().into_iter().flat_map(|rotation| {
            let intent = rotation.intent.as_mut();
            let unusable = intent.and_then(|intent| intent.unusable.as_mut());
            let detail = unusable.map(|answer| &mut answer.detail);
            let why = rotation.asked_why.iter_mut();
            rotation.rollback.iter_mut().chain(why).chain(detail)
        });
        let halt = self.halt.as_mut().map(|halt| &mut halt.detail);
        let failure = self.failures.last.as_mut().map(|last| &mut last.message);
        let finding = self.probe.as_mut().and_then(|probe| probe.finding.as_mut());
        let finding = finding.map(|finding| &mut finding.detail);
        let retiring = self.retiring.iter_mut();
        let retiring = retiring.flat_map(|old| [old.last_finding.as_mut(), old.used_by.as_mut()]);
        let retiring = retiring.flatten();
        let history = self.history.iter_mut();
        let history = history.flat_map(|past| past.detail.iter_mut().chain(&mut past.asked_why));
        let paused = self.paused.as_mut().map(|paused| &mut paused.reason);
        let supplied = self.supplied.as_mut().map(|note| &mut note.detail);
        let end = self.stated_end.as_mut().map(|note| &mut note.detail);
        let handled = self.handled.iter_mut();
        let handled = handled.flat_map(super::requests::Handled::texts_mut);
        let request = self.request.as_mut().map(|request| &mut request.reason);
        let single = [halt, failure, finding, paused, supplied, end, request];
        let single = single.into_iter().flatten();
        rotation
            .chain(single)
            .chain(retiring)
            .chain(history)
            .chain(handled)
    }

    /// The stage as people see it.
    #[must_use]
    pub fn stage_name(&self) -> StageName {
        match (&self.halt, &self.rotation) {
            (Some(_), _) => StageName::Halted,
            (None, None) => StageName::Idle,
            (None, Some(rotation)) => rotation.stage.name(),
        }
    }

    /// What still has to be done because Vault was restored from a snapshot.
    #[must_use]
    pub fn restored_todo(&self) -> RestoredTodo {
        let restored = self.restored.as_ref();
        restored.map_or(RestoredTodo::Nothing, |restored| restored.todo)
    }

    /// Whether a person asked for a rotation after the halt began: a halt takes
    /// what was asked for before out of the record. Times would not tell, since
    /// a person's clock may be behind ours.
    #[must_use]
    pub fn halt_is_lifted(&self) -> bool {
        self.halt.is_some() && self.request.is_some()
    }

    /// What a person asked for. A token in the wrong hands stays there, whatever
    /// else is asked for to lift a halt.
    #[must_use]
    pub fn asked_for(&self) -> Option<Trigger> {
        let request = self.request.as_ref()?;
        let halt = self.halt.as_ref();
        Some(match halt.is_some_and(|halt| halt.compromised) {
            true => Trigger::Compromise,
            false => request.trigger,
        })
    }

    /// Whether a person said that the token is in the wrong hands, and nothing
    /// came of it yet.
    #[must_use]
    pub fn is_compromised(&self) -> bool {
        let request = self.request.as_ref();
        request.is_some_and(|request| request.trigger == Trigger::Compromise)
            || self.halt.as_ref().is_some_and(|halt| halt.compromised)
    }

    /// Whether this value is or was one of ours, so that finding it at the
    /// published path means "old copy", not "a person wrote a new token".
    #[must_use]
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.current
            .as_ref()
            .is_some_and(|t| &t.fingerprint() == fingerprint)
            || self
                .retiring
                .iter()
                .any(|r| &r.token.fingerprint() == fingerprint)
            || self
                .history
                .iter()
                .any(|h| h.old.as_ref() == Some(fingerprint) || h.new.as_ref() == Some(fingerprint))
            || self.refused_values.contains(fingerprint)
    }

    /// Whether this value is or was a token in use of this record. A refused
    /// value is in the history too, and was never in use.
    #[must_use]
    pub fn owns(&self, fingerprint: &Fingerprint) -> bool {
        let in_use = |token: &HeldToken| &token.fingerprint() == fingerprint;
        let superseded = self.retiring.iter().map(|old| &old.token);
        let mut held = self.current.iter().chain(superseded);
        held.any(in_use) || (self.knows(fingerprint) && !self.refused_values.contains(fingerprint))
    }

    /// Whether this value was refused, and the token in use was not published
    /// in its place yet. Records of earlier programs do not say when.
    #[must_use]
    pub fn awaits_write_back(&self, fingerprint: &Fingerprint) -> bool {
        match &self.supplied {
            None => self.refused_values.contains(fingerprint),
            Some(note) => note.fingerprint == *fingerprint && note.written_back_at.is_none(),
        }
    }

    /// Whether a rotation of the past had a value that a person had written, and
    /// that was refused. Such a rotation says nothing about the issuer.
    #[must_use]
    pub fn was_of_a_refused_value(&self, past: &PastRotation) -> bool {
        let new = past.new.as_ref();
        new.is_some_and(|new| self.refused_values.contains(new))
    }
}
