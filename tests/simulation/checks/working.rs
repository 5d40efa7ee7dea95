//! I1: what a connection holds works; and what excuses that it does not.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::capability::{IssueEffect, Overlap};
use scim_rotator::rotation::record::{Origin, Record, Stage};
use scim_rotator::secret::BearerToken;

use super::Checked;
use crate::tenant::Tenant;

impl Tenant {
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
            self.ledger.in_doubt.remove(&connection);
        } else {
            self.ledger.in_doubt.insert(connection);
        }
    }

    /// No identity provider and no reader ever has the id of one client and the secret
    /// of another, in no moment and by no excuse.
    fn check_bundles(&self) -> Checked {
        let held = self.held.iter().chain(&self.waiting).flatten();
        if let Some(mixed) = held.into_iter().find(|held| self.provider.is_mixed(held)) {
            return Err(format!(
                "bundle: a connection holds {} with the id of another client",
                mixed.fingerprint()
            ));
        }
        Ok(())
    }

    /// I1: what a connection holds works.
    pub(crate) fn check_after(&mut self, now: Timestamp, all_paused: bool) -> Checked {
        self.check_bundles()?;
        self.note_missed(now, all_paused);
        for (index, held) in self.held.iter().enumerate() {
            let Some(held) = held else {
                continue;
            };
            let excused = !self.is_fed(index)
                || self.ledger.in_doubt.contains(&index)
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
        let current = record.current.as_ref();
        let permitted = policy.issue_permitted_at(&record.issues, current, earlier);
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
            || (unproven && self.provider.is_too_new(held, now))
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
