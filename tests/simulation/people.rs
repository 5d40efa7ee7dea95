//! What people do: make tokens by hand and write them into Vault.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::PublishedToken;
use scim_rotator::rotation::record::{
    Record, Request as AskedFor, Stage, StageName, Trigger, Wish, WrittenRequest,
};

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
        stored && self.waits_for_a_person(record)
    }

    fn waits_for_a_person(&self, record: &Record) -> bool {
        match record.stage_name() {
            StageName::WaitingOperator | StageName::Idle if self.is_handed_over(record) => {
                !self.nobody_writes
            }
            StageName::WaitingOperator => self.profile.is_by_hand(),
            StageName::Halted => !record.halt_is_lifted(),
            StageName::Idle
            | StageName::Issuing
            | StageName::Proving
            | StageName::Delivering
            | StageName::Completing
            | StageName::Confirming
            | StageName::Reverting
            | StageName::Discarding => false,
        }
    }

    /// Whether a person has to write the new token into a connection: in a rotation
    /// that waits for it, or after one that did not.
    fn is_handed_over(&self, record: &Record) -> bool {
        let waits_there = self.waiting.iter().any(Option::is_some);
        record.halt.is_none()
            && match &record.rotation {
                Some(rotation) => rotation.stage == Stage::HandedOver,
                None => waits_there,
            }
    }

    /// Whether only a person can make the next token: always, or because a
    /// credential that is its own caller is lost with its value.
    fn needs_a_token(&self, record: &Record) -> bool {
        let nothing_issued = record
            .rotation
            .as_ref()
            .is_some_and(|r| r.stage == Stage::Issuing && r.intent.is_none());
        self.profile.is_by_hand() || (self.provider.rules.caller_is_token && nothing_issued)
    }

    /// A person asks for a rotation.
    pub(crate) fn request(&mut self, request: AskedFor) {
        self.amend(|record| record.request = Some(request));
    }

    /// A person's write: the document as it is, with one change.
    pub(crate) fn amend(&mut self, change: impl FnOnce(&mut Record)) {
        let Some(before) = self.record.as_deref() else {
            return;
        };
        let mut record = before.clone();
        change(&mut record);
        if record != *before {
            self.record = Some(Arc::new(record));
            self.version += 1;
        }
    }

    /// A person looks after the connections and has the token go on.
    fn mend(&mut self, wall: Timestamp) {
        self.mend_connection();
        self.request(AskedFor {
            by: None,
            reason: String::new(),
            trigger: Trigger::Force,
            at: wall,
            override_guards: false,
            supplied: false,
        });
    }

    /// `rotate --supplied`, where a written value alone is not taken.
    fn say_that_it_is_meant(&mut self, record: &Record, at: Timestamp) {
        let rotation = record.rotation.as_ref();
        let hasty =
            record.is_compromised() || rotation.is_some_and(|r| r.trigger == Trigger::Compromise);
        if hasty || !self.profile.is_by_hand() {
            self.request(AskedFor {
                by: None,
                reason: String::new(),
                trigger: match hasty {
                    true => Trigger::Compromise,
                    false => Trigger::Force,
                },
                at,
                override_guards: false,
                supplied: true,
            });
        }
    }

    /// A person makes a token and writes it where readers find it.
    pub(crate) fn supply(&mut self, now: Timestamp) {
        let made = self.provider.issue_by_hand(false, now);
        self.note_readable(&made.value, now);
        self.note_person_at_path();
        self.published = Some(PublishedToken {
            value: made.value,
            token_id: Some(made.id),
            issued_at: None,
            expires_at: None,
            generation: None,
            unreadable: None,
        });
    }
}

impl World {
    pub(crate) fn person_acts(&mut self, token: &str) {
        let now = self.now;
        let wall = self.wall(0);
        let Some(tenant) = self.tenants.get_mut(token) else {
            return;
        };
        let record = tenant.record.clone();
        let Some(record) = record.filter(|record| tenant.waits_for_a_person(record)) else {
            return;
        };
        if tenant.is_handed_over(&record) {
            for (connection, fingerprint) in tenant.write_by_hand(now) {
                let request = WrittenRequest {
                    reason: "I saw users arrive".to_owned(),
                    connection,
                    fingerprint,
                    ..self.wish(Wish::Ack)
                };
                self.ask(token, request, true);
            }
            self.note(None, "person", || format!("writes what waits for {token}"));
        } else if tenant.needs_a_token(&record) {
            tenant.supply(now);
            tenant.say_that_it_is_meant(&record, wall);
            self.note(None, "person", || format!("supplies a token for {token}"));
        } else {
            tenant.mend(wall);
            self.note(None, "person", || format!("mends what stops {token}"));
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
