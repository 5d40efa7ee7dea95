//! What must hold after every port call.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::TokenHandle;
use scim_rotator::rotation::capability::{IssueEffect, Overlap};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::record::{HeldToken, Origin, Record, Stage, Trigger};
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
    /// A delivery of such a process landed: the connection holds what nobody
    /// meant it to hold any more.
    stray: BTreeSet<usize>,
    /// Tokens that expired while something held their renewal back.
    missed: BTreeSet<Fingerprint>,
    /// A connection was not configured for a while, and was given nothing since.
    unfed: BTreeSet<usize>,
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
                self.check_commit(record, holder.as_deref(), wall)?;
                self.note_promotion(record, now);
                self.void_requests(record);
                Ok(())
            }
            Request::Publish { value, expected } if *expected == self.published_version => {
                self.note_readable(&value.value, now);
                Ok(())
            }
            Request::Revoke(handle) => self.check_end_of(handle, now),
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
            | Request::Deliver { .. }
            | Request::Confirm { .. }
            | Request::Prove { .. }
            | Request::ProveRefused { .. } => Ok(()),
        }
    }

    /// Readers find this token from now on.
    pub(crate) fn note_readable(&mut self, value: &BearerToken, now: Timestamp) {
        let readable = self.published.as_ref().map(|p| &p.value);
        if readable != Some(value) {
            self.ledger.readable_at.insert(value.fingerprint(), now);
        }
    }

    /// I7 and I9, and that nothing is promoted before all hold it.
    fn check_commit(&self, new: &Record, holder: Option<&str>, wall: Timestamp) -> Checked {
        invariant::check(new).map_err(|violation| format!("I9: {violation}"))?;
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
            Some(current) if grown == Some(1) => self.check_promotion(current),
            Some(_) | None => Ok(()),
        }
    }

    fn check_promotion(&self, current: &HeldToken) -> Checked {
        if current.origin == Origin::Adopted {
            return Ok(());
        }
        if current.evidence.is_none() {
            return Err("I2: a token became current without evidence".to_owned());
        }
        let without = |index: &usize| {
            !self.detached.contains(index) && self.held[*index].as_ref() != Some(&current.value)
        };
        match (0..self.held.len()).find(without) {
            Some(index) => Err(format!(
                "I2: a token became current before connection {index} held it"
            )),
            None => Ok(()),
        }
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
        let readable = current
            .filter(|c| self.published.as_ref().is_some_and(|p| p.value == c.value))
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
                id: Some(token.id.clone()),
                value: None,
            };
            self.check_end_of(&handle, now)?;
        }
        Ok(())
    }

    fn issuer_overlap(&self) -> Overlap {
        self.profile.issuer.can.overlap
    }

    /// An issue that no stored intent stands for lands: its process stood still
    /// while another took over. Nothing can fence it; the worst case is a token
    /// that nobody knows, or where issuing cuts the others off, an outage until
    /// the probe sees it.
    pub(crate) fn note_stale_issue(&mut self) {
        if self.profile.issuer.can.issue_effect != IssueEffect::Keeps {
            self.ledger.cut_off = true;
        }
    }

    /// A connection is in the configuration again. Until it is given a token, what
    /// it holds is what it held when it left. That cannot be helped: nobody looked
    /// after it meanwhile. At rest it must have been given the token in use.
    pub(crate) fn note_attached(&mut self, connection: usize) {
        self.ledger.unfed.insert(connection);
    }

    /// Whether a connection is configured, and was given a token since it is.
    pub(crate) fn is_fed(&self, connection: usize) -> bool {
        !self.detached.contains(&connection) && !self.ledger.unfed.contains(&connection)
    }

    /// A phase is dropped that its process did not mean: the record is past
    /// that.
    pub(crate) fn note_cancellation(&mut self) {
        let rotation = self.record.as_deref().and_then(|r| r.rotation.as_ref());
        let meant = rotation.is_some_and(|r| r.stage == Stage::Discarding || r.intent.is_some());
        self.ledger.cut_off |= !meant;
    }

    /// Somebody outside ended the token in use: until the next one, that is
    /// nobody's fault here.
    pub(crate) fn note_cut_from_outside(&mut self) {
        self.ledger.cut_off = true;
    }

    /// Whether a connection is given what the record wants it to hold.
    pub(crate) fn note_delivery(&mut self, connection: usize, value: &BearerToken) {
        let record = self.record.as_deref();
        let current = record.and_then(|r| r.current.as_ref());
        let pending = record
            .and_then(|r| r.rotation.as_ref())
            .filter(|r| r.rollback.is_none())
            .and_then(|r| r.pending.as_ref());
        let meant = [current, pending].into_iter().flatten();
        self.ledger.unfed.remove(&connection);
        if meant.map(|t| &t.value).any(|v| v == value) {
            self.ledger.stray.remove(&connection);
        } else {
            self.ledger.stray.insert(connection);
        }
    }

    /// Whether the stored intent is the one of this issue.
    pub(crate) fn is_intended(&self, label: &str) -> bool {
        let rotation = self.record.as_deref().and_then(|r| r.rotation.as_ref());
        let intent = rotation.and_then(|r| r.intent.as_ref());
        intent.is_some_and(|i| i.label == label)
    }

    /// I1: what a connection holds works.
    pub(crate) fn check_after(&mut self, now: Timestamp, all_paused: bool) -> Checked {
        self.note_missed(now, all_paused);
        for (index, held) in self.held.iter().enumerate() {
            let Some(held) = held else {
                continue;
            };
            let excused = !self.is_fed(index)
                || self.ledger.stray.contains(&index)
                || self.is_cutting_over(held, now);
            let works = || self.provider.accepts(held, now);
            if !excused && !works() && !self.ledger.missed.contains(&held.fingerprint()) {
                return Err(format!(
                    "I1: connection {index} holds {}, which the service provider refuses",
                    held.fingerprint()
                ));
            }
        }
        Ok(())
    }

    /// Tokens that expired while something held their renewal back. When that is
    /// over, they are dead until they are replaced.
    fn note_missed(&mut self, now: Timestamp, all_paused: bool) {
        let held = self.held.iter().flatten();
        let expired = held.filter(|held| self.has_expired(held, now));
        let expired: Vec<_> = expired.map(BearerToken::fingerprint).collect();
        if !expired.is_empty() && self.is_hindered(all_paused, now) {
            self.ledger.missed.extend(expired);
        }
    }

    fn has_expired(&self, held: &BearerToken, now: Timestamp) -> bool {
        self.in_storm && self.provider.has_expired(held, now)
    }

    /// Whether it is known why a token could not be renewed in time: a person
    /// holds it back, must act, or has used up its issues; or a rotation is under
    /// way, or failed; or a person has brought the token and not said when it
    /// expires. A token that expires while its record says that all is well is a
    /// violation in a storm too.
    fn is_hindered(&self, all_paused: bool, now: Timestamp) -> bool {
        let Some(record) = self.record.as_deref() else {
            return true;
        };
        let policy = &self.profile.policy;
        let untold = record.current.as_ref().is_some_and(|current| {
            let told = policy.expiry(current);
            current.origin != Origin::Issued && told.is_none_or(|end| end > now)
        });
        all_paused
            || untold
            || record.paused.is_some()
            || record.halt.is_some()
            || record.rotation.is_some()
            || record.failures.last.is_some()
            || self.is_capped(record, now)
    }

    /// Whether the runaway cap forbids the next issue. Clocks may be this wrong.
    fn is_capped(&self, record: &Record, now: Timestamp) -> bool {
        let policy = &self.profile.policy;
        let earlier = now - SignedDuration::from_hours(2);
        let permitted = policy.issue_permitted_at(&record.issues, earlier);
        permitted.is_some()
    }

    /// Whether the configuration declared that provisioning is cut off now: an
    /// issuer that keeps one token has been asked for the next one, and that has
    /// ended the token that is held, or it works only after the completion.
    fn is_cutting_over(&self, held: &BearerToken, now: Timestamp) -> bool {
        if self.ledger.cut_off {
            return true;
        }
        let Some(record) = self.record.as_deref() else {
            return false;
        };
        // A token that works only after the completion is given away unproven.
        let unproven = self.issuer_overlap() == (Overlap::TwoPhase { next_usable: false });
        // Issues whose answers were lost have set the end of the token in use, and
        // the cap that a person may override has been used up by them.
        let schedules = self.profile.issuer.can.issue_effect == IssueEffect::SchedulesDeath;
        let between = self.provider.is_between(held)
            || (unproven && self.provider.is_useless(held))
            || (schedules && self.is_capped(record, now));
        if !between {
            return false;
        }
        let Some(rotation) = record.rotation.as_ref() else {
            return false;
        };
        match (self.profile.issuer.can.issue_effect, self.issuer_overlap()) {
            (IssueEffect::Kills, _) => true,
            // The place for one predecessor is taken by a token that was lost, and
            // the issuer dropped the one in use for it. Nobody can know before
            // that whether the lost token was made: to ask again is the only way
            // on, and the connections are given the answer in haste.
            (IssueEffect::SchedulesDeath, _) => {
                rotation.attempts > 1 || !record.orphans_uncounted.is_empty()
            }
            (IssueEffect::Keeps, Overlap::TwoPhase { next_usable: false }) => {
                matches!(
                    rotation.stage,
                    Stage::Delivering | Stage::Completing | Stage::Proving | Stage::Confirming
                ) || rotation.completed
            }
            (
                IssueEffect::Keeps,
                Overlap::TwoPhase { next_usable: true }
                | Overlap::ExplicitRetire
                | Overlap::IssuerTimed { .. }
                | Overlap::None,
            ) => false,
        }
    }
}

/// Whether a write only says what its process may have done after it had lost
/// its lease. That needs no lease.
fn only_owns_up(old: &Record, new: &Record) -> bool {
    let mut same = new.clone();
    same.write_id.clone_from(&old.write_id);
    same.updated_at = old.updated_at;
    same.connections.clone_from(&old.connections);
    same.strays.clone_from(&old.strays);
    same.probe.clone_from(&old.probe);
    if let (Some(same), Some(old)) = (same.current.as_mut(), &old.current) {
        same.expires_at = old.expires_at;
    }
    same == *old
}
