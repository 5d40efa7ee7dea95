//! What must hold after every port call.

mod working;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::TokenHandle;
use scim_rotator::rotation::capability::Overlap;
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{HeldToken, LastProbe, Origin, Record, Trigger};
use scim_rotator::secret::{BearerToken, Fingerprint};

use crate::control::Control;
use crate::request::Request;
use crate::tenant::Tenant;

/// What the checks remember of a token's past.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Tokens that were in use once, and are not any more.
    superseded: BTreeMap<Fingerprint, Superseded>,
    /// When readers of the published secret could first find a token.
    readable_at: BTreeMap<Fingerprint, Timestamp>,
    /// The token in use was cut off by somebody at the service provider, or by
    /// a call of a process that stood still beyond its lease, which nothing can
    /// fence.
    cut_off: bool,
    /// Connections that such a process wrote a token to which the record does not
    /// want them to hold.
    in_doubt: BTreeSet<usize>,
    /// Tokens that expired while something held their renewal back.
    missed: BTreeSet<Fingerprint>,
    /// A connection was not configured for a while, and was given nothing since; or a
    /// person was not waited for who writes it.
    unfed: BTreeSet<usize>,
    /// A person wrote what stands at the published path, or deleted it.
    published_by_person: bool,
    pub(crate) control: Control,
}

#[derive(Debug, Clone)]
struct Superseded {
    at: Timestamp,
    by: Option<Fingerprint>,
    compromised: bool,
    /// As it was configured then.
    overlap: SignedDuration,
}

pub(crate) type Checked = Result<(), String>;

impl Tenant {
    /// What must hold before a request is carried out.
    pub(crate) fn check_before(
        &mut self,
        request: &Request,
        now: Timestamp,
        wall: Timestamp,
    ) -> Checked {
        match request {
            Request::Commit {
                record,
                expected,
                holder,
            } if *expected == self.version => {
                self.check_commit(record, holder.as_deref(), now, wall)?;
                self.check_requested(record)?;
                self.note_pause(record, now);
                self.note_promotion(record, now);
                self.void_requests(record);
                Ok(())
            }
            Request::Publish { value, expected } if *expected == self.published_version => {
                if self.provider.is_mixed(&value.value) {
                    return Err("bundle: what is published has the id of another client".to_owned());
                }
                self.note_readable(&value.value, now);
                self.ledger.published_by_person = false;
                Ok(())
            }
            Request::Revoke(handle) => {
                self.check_end_of(handle, now)?;
                self.check_shown(handle)
            }
            Request::Deliver { value, .. } => self.check_delivery(value),
            Request::Complete => self.check_completion(now),
            Request::Issue(asked) => self.check_cap(&asked.label),
            Request::Load
            | Request::Commit { .. }
            | Request::Published
            | Request::Publish { .. }
            | Request::List
            | Request::Get { .. }
            | Request::Cancel
            | Request::Preflight { .. }
            | Request::Confirm { .. }
            | Request::Prove { .. }
            | Request::CompareTenants { .. }
            | Request::ProveRefused { .. } => Ok(()),
        }
    }

    /// A person writes to the published path, or deletes what stands there.
    pub(crate) fn note_person_at_path(&mut self) {
        self.published_version += 1;
        self.ledger.published_by_person = true;
    }

    /// Readers find this token from now on.
    pub(crate) fn note_readable(&mut self, value: &BearerToken, now: Timestamp) {
        let readable = self.published.as_ref().map(|p| &p.value);
        if readable != Some(value) {
            self.ledger.readable_at.insert(value.fingerprint(), now);
        }
    }

    /// I7 and I9, and that nothing is promoted before all hold it.
    fn check_commit(
        &self,
        new: &Record,
        holder: Option<&str>,
        now: Timestamp,
        wall: Timestamp,
    ) -> Checked {
        invariant::check(new).map_err(|violation| format!("I9: {violation}"))?;
        let pending = new.rotation.as_ref().and_then(|r| r.pending.as_ref());
        let retiring = new.retiring.iter().map(|old| &old.token);
        let mut kept = new.current.iter().chain(pending).chain(retiring);
        if kept.any(|token| self.provider.is_mixed(&token.value)) {
            return Err("bundle: the record has the id of another client".to_owned());
        }
        let Some(old) = self.record.as_deref() else {
            return Ok(());
        };
        let grown = new.generation.checked_sub(old.generation);
        if !matches!(grown, Some(0 | 1)) {
            return Err(format!(
                "I7: the generation went from {} to {}",
                old.generation, new.generation
            ));
        }
        if let (Some(lease), Some(holder)) = (&old.lease, holder)
            && lease.holder != holder
            && lease.expires_at > wall
            && !only_owns_up(old, new)
        {
            return Err("I7: a record was written under the lease of another replica".to_owned());
        }
        match &new.current {
            Some(current) if grown == Some(1) => {
                let is_hasty = self.is_hasty(old, new, now);
                self.check_promotion(current, is_hasty)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_promotion(&self, current: &HeldToken, is_hasty: bool) -> Checked {
        self.check_in_use(current)?;
        if current.origin == Origin::Adopted {
            return Ok(());
        }
        if current.evidence.is_none() {
            return Err("I2: a token became current without evidence".to_owned());
        }
        let without = |index: &usize| {
            let waits = is_hasty && self.is_by_person(*index);
            let wanted = !self.detached.contains(index) && !waits;
            wanted && self.held[*index].as_ref() != Some(&current.value)
        };
        match (0..self.held.len()).find(without) {
            Some(index) => Err(format!(
                "I2: a token became current before connection {index} held it"
            )),
            None => Ok(()),
        }
    }

    /// Whether the token in use does not work any more, or must not: no person is
    /// waited for then.
    fn is_hasty(&self, old: &Record, new: &Record, now: Timestamp) -> bool {
        let trigger = old.rotation.as_ref().map(|r| r.trigger);
        let current = old.current.as_ref();
        let expiry = current.and_then(|c| self.profile.policy.expiry(c));
        let works = current.is_some_and(|c| self.provider.accepts(&c.value, now));
        let is_drift = old.probe.as_ref().is_some_and(LastProbe::is_drift);
        let is_compromised = old.is_compromised() || trigger == Some(Trigger::Compromise);
        let has_expired = expiry.is_some_and(|end| end <= new.updated_at);
        !works || is_drift || is_compromised || has_expired
    }

    fn note_promotion(&mut self, new: &Record, now: Timestamp) {
        let Some(old) = self
            .record
            .as_deref()
            .filter(|r| r.generation < new.generation)
        else {
            return;
        };
        self.ledger.cut_off = false;
        let given = new.current.as_ref().map(|token| &token.value);
        let lacks =
            |index: &usize| self.is_by_person(*index) && self.held[*index].as_ref() != given;
        let open: Vec<_> = (0..self.held.len()).filter(lacks).collect();
        self.ledger.unfed.extend(open);
        let trigger = new.history.first().map(|past| past.trigger);
        let compromised = trigger == Some(Trigger::Compromise);
        for before in self.ledger.superseded.values_mut() {
            before.compromised |= compromised;
        }
        if let Some(token) = &old.current {
            let superseded = Superseded {
                at: now,
                by: new.current.as_ref().map(HeldToken::fingerprint),
                compromised,
                overlap: self.profile.policy.overlap,
            };
            self.ledger
                .superseded
                .insert(token.fingerprint(), superseded);
        }
    }

    /// I2, for a token that is revoked.
    fn check_end_of(&self, handle: &TokenHandle, now: Timestamp) -> Checked {
        let Some(index) = self.provider.find(handle) else {
            return Ok(());
        };
        let token = &self.provider.tokens[index];
        if !token.is_live(now) {
            return Ok(());
        }
        if token.foreign {
            return Err(format!("I2: the foreign token {} is revoked", token.id));
        }
        let holds = |(index, held): (usize, &Option<BearerToken>)| {
            held.as_ref() == Some(&token.value) && self.is_fed(index)
        };
        if self.held.iter().enumerate().any(holds) {
            return Err(format!(
                "I2: {} is revoked while a connection holds it",
                token.id
            ));
        }
        let used = |t: &HeldToken| t.fingerprint() == token.fingerprint;
        if self
            .record
            .as_deref()
            .and_then(|r| r.current.as_ref())
            .is_some_and(used)
        {
            return Err(format!("I2: {} is revoked while it is current", token.id));
        }
        self.check_overlap(&token.fingerprint, now)
    }

    fn check_overlap(&self, old: &Fingerprint, now: Timestamp) -> Checked {
        let Some(superseded) = self.ledger.superseded.get(old) else {
            return Ok(());
        };
        let current = self.record.as_deref().and_then(|r| r.current.as_ref());
        let proven = current
            .and_then(|token| token.evidence.as_ref())
            .is_some_and(scim_rotator::scim::evidence::Evidence::is_full);
        if !proven {
            return Err("I2: the old token ends without full proof of the new one".to_owned());
        }
        let works = current.is_some_and(|c| self.provider.accepts(&c.value, now));
        if !works && !self.ledger.cut_off {
            return Err("I2: the old token ends while the new one does not work".to_owned());
        }
        if superseded.compromised || self.is_compromise_asked() {
            return Ok(());
        }
        // What somebody writes over the token in use, or deletes, is noticed at the next
        // look.
        let published = self.published.as_ref().map(|p| &p.value);
        let by_person = self.ledger.published_by_person;
        let readable = current
            .filter(|c| by_person || published == Some(&c.value))
            .and_then(|c| self.ledger.readable_at.get(&c.fingerprint()));
        let Some(readable_at) = readable else {
            return Err("I2: the old token ends before readers find the new one".to_owned());
        };
        // Clocks may be this wrong without anybody noticing, and a publication
        // this late.
        let tolerated = self.profile.policy.max_clock_skew * 2;
        // Readers may have found its own successor long before.
        let by = superseded.by.as_ref();
        let successor_at = by.and_then(|by| self.ledger.readable_at.get(by));
        let readable_at = successor_at.map_or(*readable_at, |at| (*at).min(*readable_at));
        let lived = now.duration_since(superseded.at.max(readable_at));
        if lived + tolerated < superseded.overlap {
            return Err(format!(
                "I2: the old token ends {lived:#} after its successor, before the overlap of {:#}",
                superseded.overlap
            ));
        }
        Ok(())
    }

    /// I2, for a two-phase issuer: completion ends every token but the next.
    fn check_completion(&self, now: Timestamp) -> Checked {
        if self.issuer_overlap() != (Overlap::TwoPhase { next_usable: true }) {
            return Ok(());
        }
        let ending = self.provider.ended_by_completion(now);
        for token in ending {
            let handle = TokenHandle {
                id: Some(token.shown_id()),
                value: None,
            };
            self.check_end_of(&handle, now)?;
        }
        Ok(())
    }

    fn issuer_overlap(&self) -> Overlap {
        self.profile.issuer.can.overlap
    }

    /// Whether the stored intent is the one of this issue.
    pub(crate) fn is_intended(&self, label: &str) -> bool {
        let rotation = self.record.as_deref().and_then(|r| r.rotation.as_ref());
        let intent = rotation.and_then(|r| r.intent.as_ref());
        intent.is_some_and(|i| i.label == label)
    }
}

/// Whether a write only says what its process may have done after it had lost
/// its lease. That needs no lease.
fn only_owns_up(old: &Record, new: &Record) -> bool {
    let mut same = new.clone();
    same.write_id.clone_from(&old.write_id);
    same.updated_at = old.updated_at;
    same.connections.clone_from(&old.connections);
    same.issues_after_lease_loss
        .clone_from(&old.issues_after_lease_loss);
    same.probe.clone_from(&old.probe);
    if let (Some(same), Some(old)) = (same.current.as_mut(), &old.current) {
        same.expires_at = old.expires_at;
    }
    same == *old
}
