//! What persons say is heeded: requests, pauses, and the runaway cap.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::record::{Intent, Record, RotationResult};
use scim_rotator::secret::BearerToken;

use crate::checks::Checked;
use crate::fault::Nature;
use crate::gate::Gate;
use crate::request::Request;
use crate::tenant::Tenant;
use crate::world::World;

/// What the checks remember of what persons have said about a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control {
    /// The generation at the time when a person asked for a rotation.
    asked_at: Option<u64>,
    /// A token that a person said is in the wrong hands.
    compromised: Option<BearerToken>,
    /// Since when it is paused.
    pub(crate) paused_since: Option<Timestamp>,
    /// The intents under which tokens were made.
    issues: Vec<(String, Timestamp)>,
}

/// The runaway cap counts so far back at most.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Tenant {
    /// The intent that is stored for an issue. A process that stood still beyond
    /// its lease has none, and nothing can fence it.
    fn stored_intent(&self, label: &str) -> Option<&Intent> {
        let record = self.record.as_deref()?;
        let rotation = record.rotation.as_ref();
        let asked = rotation.and_then(|rotation| rotation.intent.as_ref());
        let rehearsed = record.rehearsal.as_deref().map(|r| &r.intent);
        let mut intents = asked.into_iter().chain(rehearsed);
        intents.find(|intent| intent.label == label)
    }

    /// The runaway cap: so many tokens in a day, by the times of their intents,
    /// unless a person overrides it.
    pub(crate) fn check_cap(&self, label: &str) -> Checked {
        let Some(intent) = self.stored_intent(label) else {
            return Ok(());
        };
        let request = self.record.as_deref().and_then(|r| r.request.as_ref());
        if request.is_some_and(|request| request.override_guards) {
            return Ok(());
        }
        let current = self.record.as_deref().and_then(|r| r.current.as_ref());
        let window = self.profile.policy.issue_window(current).min(DAY);
        let before = self.ledger.control.issues.iter().filter(|(other, at)| {
            other != label && *at <= intent.at && intent.at.duration_since(*at) < window
        });
        let (before, cap) = (before.count(), self.profile.policy.issues_per_day);
        if u32::try_from(before).is_ok_and(|before| before < cap) {
            return Ok(());
        }
        Err(format!(
            "control: a token is issued although {before} were in the last {window:#}, and {cap} are permitted"
        ))
    }

    /// A token was made.
    pub(crate) fn note_issue(&mut self, label: &str) {
        let Some(at) = self.stored_intent(label).map(|intent| intent.at) else {
            return;
        };
        let issues = &mut self.ledger.control.issues;
        if issues.iter().all(|(known, _)| known != label) {
            issues.push((label.to_owned(), at));
        }
    }

    /// A token in the wrong hands takes the overlap of its predecessors with it.
    pub(crate) fn is_compromise_asked(&self) -> bool {
        self.record.as_deref().is_some_and(Record::is_compromised)
    }

    /// A person asked for a rotation.
    pub(crate) fn note_request(&mut self, compromised: bool) {
        let Some(record) = self.record.as_deref() else {
            return;
        };
        self.ledger.control.asked_at = Some(record.generation);
        if compromised {
            let current = record.current.as_ref();
            self.ledger.control.compromised = current.map(|token| token.value.clone());
        }
    }

    /// A replica stores what a person said of a pause.
    pub(crate) fn note_pause(&mut self, new: &Record, now: Timestamp) {
        let known = self.ledger.control.paused_since;
        let is_paused = new.paused.is_some();
        self.ledger.control.paused_since = is_paused.then(|| known.unwrap_or(now));
    }

    /// A person must decide anew, or sees that the rotation was rolled back:
    /// what was asked for before is void. A token in the wrong hands stays there.
    pub(crate) fn void_requests(&mut self, new: &Record) {
        let latest = new.history.first().map(|past| past.result);
        if latest == Some(RotationResult::RolledBack) {
            self.ledger.control.asked_at = None;
        }
        if new.halt.is_some() {
            self.ledger.control.asked_at = None;
        }
    }

    /// What a person asked for has been done.
    pub(crate) fn check_requests(&self, now: Timestamp) -> Checked {
        let Some(record) = self.record.as_deref() else {
            return Ok(());
        };
        let control = &self.ledger.control;
        if control.asked_at.is_some_and(|at| record.generation <= at) {
            return Err("control: a rotation that a person asked for was dropped".to_owned());
        }
        let Some(compromised) = &control.compromised else {
            return Ok(());
        };
        if record
            .current
            .as_ref()
            .is_some_and(|c| c.value == *compromised)
        {
            return Err("control: a token in the wrong hands stays in use".to_owned());
        }
        if self.provider.rules.can.ends_old_tokens_for_us()
            && self.provider.accepts(compromised, now)
        {
            return Err("control: a token in the wrong hands is still accepted".to_owned());
        }
        Ok(())
    }
}

impl World {
    /// A token that is paused is left alone: nothing is sent to its issuer or to
    /// its connections.
    ///
    /// The kill switch is looked at before every step, so that only the step
    /// that runs goes on, at most while its lease lasts. A pause is written into
    /// the record: whoever has read that before finds out at the next commit, and
    /// needs none as long as the lease is fresh. A replica that holds no lease
    /// commits before it changes anything; it may look around until its next
    /// sweep.
    pub(crate) fn check_left_alone(&mut self, gate: &Gate, request: &Request) {
        let Some(tenant) = self.tenants.get(&gate.token) else {
            return;
        };
        if request.is_for_vault() || request.is_probe() {
            return;
        }
        let nature = Nature::of(request);
        let lease = tenant.profile.policy.lease + self.offsets[gate.process.machine].abs();
        let notices_within = match nature {
            Nature::Read => lease + tenant.profile.sweep,
            Nature::Commit | Nature::Effect => lease,
        };
        let long = |since: Option<Timestamp>, within| {
            since.is_some_and(|since| self.now.duration_since(since) > within)
        };
        let paused = tenant.ledger.control.paused_since;
        if long(self.all_paused_since, lease) || long(paused, notices_within) {
            self.violate(format!(
                "control: `{}` for a token that is paused",
                request.word()
            ));
        }
    }
}
