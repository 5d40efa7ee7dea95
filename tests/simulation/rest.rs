//! What must hold once nothing is in flight any more.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::capability::LiveTokens;
use scim_rotator::rotation::record::HeldToken;
use scim_rotator::secret::BearerToken;

use crate::service_provider::SpToken;
use crate::tenant::Tenant;

impl Tenant {
    /// I3 and I4: what must hold once nothing is in flight any more. `None`:
    /// not at rest yet; the text says why.
    pub(crate) fn unrest(&self, now: Timestamp, generation: u64) -> Option<String> {
        let Some(record) = self.record.as_deref() else {
            return Some("there is no record".to_owned());
        };
        let Some(current) = &record.current else {
            return Some("there is no current token".to_owned());
        };
        let published = self.published.as_ref().map(|p| &p.value);
        let reasons = [
            (record.halt.is_some(), "it is halted"),
            (record.rotation.is_some(), "a rotation is in flight"),
            (record.request.is_some(), "a request is open"),
            (record.generation < generation, "the token is not renewed"),
            (
                !record.retiring.is_empty(),
                "a token is still to be retired",
            ),
            (
                !record.orphans.is_empty(),
                "an orphan is still to be revoked",
            ),
            (
                !record.issues_after_lease_loss.is_empty(),
                "an issue is still to be found out",
            ),
            (
                record.rehearsal.is_some(),
                "the throw-away token of a rehearsal is still to be ended",
            ),
            (
                published != Some(&current.value),
                "readers find another token",
            ),
            (
                self.lacks(&current.value),
                "a connection holds another token",
            ),
            (
                !self.provider.accepts(&current.value, now),
                "the current token is refused",
            ),
        ];
        let found = reasons.into_iter().find(|(unrest, _)| *unrest);
        found.map(|(_, why)| why.to_owned())
    }

    /// Whether a configured connection holds another token. One that came back is
    /// given it; one that was never given any is new, and is given the next.
    fn lacks(&self, current: &BearerToken) -> bool {
        let given = |connection: usize| {
            let name = &self.profile.connections[connection].0;
            let record = self.record.as_deref();
            record.is_some_and(|r| r.connections.contains_key(name))
        };
        let configured = |c: &usize| !self.detached.contains(c);
        let wanted = (0..self.held.len()).filter(configured);
        let wanted = wanted.filter(|c| self.is_fed(*c) || given(*c));
        let mut held = wanted.map(|connection| self.held[connection].as_ref());
        held.any(|held| held != Some(current))
    }

    /// I4: a token that is due is not fresh.
    pub(crate) fn is_stale(&self, now: Timestamp) -> Option<String> {
        let record = self.record.as_deref()?;
        let current = record.current.as_ref()?;
        let policy = &self.profile.policy;
        let due = policy.renew_at(&record.token, record.generation, current);
        due.is_some_and(|at| at <= now)
            .then(|| "the token is due for renewal".to_owned())
    }

    /// I3, and that nothing that a person asked for was dropped.
    pub(crate) fn check_rest(&self, now: Timestamp) -> Result<(), String> {
        self.check_orphans(now)?;
        self.check_requests(now)
    }

    /// I3: at rest, every live token is one that the record accounts for.
    pub(crate) fn check_orphans(&self, now: Timestamp) -> Result<(), String> {
        let Some(record) = self.record.as_deref() else {
            return Ok(());
        };
        let current = record.current.as_ref().map(HeldToken::fingerprint);
        let elsewhere = |t: &SpToken| t.foreign || t.stale || t.by_hand;
        let unowned = self
            .provider
            .live(now)
            .filter(|t| !elsewhere(t) && Some(&t.fingerprint) != current.as_ref());
        let unowned: Vec<_> = unowned.map(|t| t.id.as_str()).collect();
        let counted = record.orphans_uncounted.len();
        if unowned.len() > counted {
            return Err(format!(
                "I3: at rest {} live at the service provider, and the record knows of {counted}",
                unowned.join(", ")
            ));
        }
        Ok(())
    }
}

/// How long a run may take until all is at rest. A token that was cut off from
/// outside is found by the next probe, and one that a person wrote by the next
/// look at Vault. The token that comes then may have to wait a day for the
/// runaway guard. Its predecessor may be as young as that, and may have no other
/// end than its expiry; where there are two slots, the rotation that a person asked
/// for may have to wait for the same of the one before.
pub(crate) fn patience(tenant: &Tenant) -> SignedDuration {
    let policy = &tenant.profile.policy;
    // Probes are spread over a tenth of their interval.
    let probed_within = policy.probe_every + policy.probe_every / 10;
    let noticed_within = probed_within.max(tenant.profile.sweep);
    let can = &tenant.profile.issuer.can;
    let was_asked = tenant.asked.is_any();
    let two_slots = can.live_tokens == LiveTokens::Two && !can.ends_old_tokens_for_us();
    let waits_twice = was_asked && two_slots;
    let lives = tenant.profile.issuer.life * if waits_twice { 2 } else { 1 };
    noticed_within + lives + SignedDuration::from_hours(48)
}
