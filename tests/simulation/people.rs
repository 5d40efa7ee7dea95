//! What people do: make tokens by hand and write them into Vault.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::ports::PublishedToken;
use scim_rotator::rotation::record::{Request as AskedFor, StageName};

use crate::request::Request;
use crate::tenant::Tenant;
use crate::world::World;

/// How long a person takes to come when a token waits for one.
pub(crate) const PERSON_TAKES: SignedDuration = SignedDuration::from_mins(40);

impl Tenant {
    /// Whether this write makes the token wait for a person.
    pub(crate) fn calls_a_person(&self, request: &Request) -> bool {
        let Request::Commit { record, .. } = request else {
            return false;
        };
        let stored = self.record.as_ref().is_some_and(|r| Arc::ptr_eq(r, record));
        stored && self.profile.is_by_hand() && record.stage_name() == StageName::WaitingOperator
    }

    /// A person asks for a rotation.
    pub(crate) fn request(&mut self, request: AskedFor) {
        if let Some(record) = self.record.as_deref() {
            let mut record = record.clone();
            record.request = Some(request);
            self.record = Some(Arc::new(record));
            self.version += 1;
        }
    }

    /// A person makes a token and writes it where readers find it.
    fn supply(&mut self, now: jiff::Timestamp) {
        let made = self.provider.issue_by_hand(false, now);
        self.published_version += 1;
        self.published = Some(PublishedToken {
            value: made.value,
            token_id: Some(made.id),
            issued_at: None,
            expires_at: None,
            generation: None,
        });
    }
}

impl World {
    pub(crate) fn person_acts(&mut self, token: &str) {
        let now = self.now;
        let Some(tenant) = self.tenants.get_mut(token) else {
            return;
        };
        let stage = tenant.record.as_deref().map(|r| r.stage_name());
        if stage == Some(StageName::WaitingOperator) {
            tenant.supply(now);
            self.note(None, "person", || format!("supplies a token for {token}"));
        }
    }

    /// A token that a person has made and set up at all connections, before
    /// this program was ever run.
    pub(crate) fn set_up_by_hand(&mut self, token: &str) {
        let now = self.now;
        if let Some(tenant) = self.tenants.get_mut(token) {
            tenant.supply(now);
            let value = tenant.published.as_ref().map(|p| p.value.clone());
            tenant.held.fill(value);
        }
    }
}
