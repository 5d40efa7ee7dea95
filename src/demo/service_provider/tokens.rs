//! The tokens of the service provider, by their digest.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// All live tokens, oldest first.
#[derive(Default)]
pub(super) struct Tokens {
    rows: BTreeMap<u64, Row>,
    issued: u64,
    revoked: u64,
}

struct Row {
    digest: Vec<u8>,
    label: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl Tokens {
    /// Takes a new token; returns its id.
    pub(super) fn add(
        &mut self,
        token: &str,
        label: String,
        life: SignedDuration,
        now: Timestamp,
    ) -> String {
        self.issued += 1;
        let row = Row {
            digest: digest_of(token),
            label,
            created_at: now,
            expires_at: now.saturating_add(life).unwrap_or(Timestamp::MAX),
            last_used_at: None,
        };
        self.rows.insert(self.issued, row);
        name(self.issued)
    }

    /// Notes a use; whether the token is alive.
    pub(super) fn use_up(&mut self, token: &str, now: Timestamp) -> bool {
        self.forget_expired(now);
        let digest = digest_of(token);
        match self.rows.values_mut().find(|row| row.digest == digest) {
            Some(row) => {
                row.last_used_at = Some(now);
                true
            }
            None => false,
        }
    }

    /// The live tokens as the admin API shows them.
    pub(super) fn live(&mut self, now: Timestamp) -> Vec<Value> {
        self.forget_expired(now);
        self.rows.iter().map(|(id, row)| row.shown(*id)).collect()
    }

    /// One live token.
    pub(super) fn get(&mut self, id: &str, now: Timestamp) -> Option<Value> {
        self.forget_expired(now);
        let number = number(id)?;
        self.rows.get(&number).map(|row| row.shown(number))
    }

    /// The live token of this value, as [`Tokens::get`] shows it.
    pub(super) fn find(&mut self, token: &str, now: Timestamp) -> Option<Value> {
        self.forget_expired(now);
        let digest = digest_of(token);
        let found = self.rows.iter().find(|(_, row)| row.digest == digest);
        found.map(|(id, row)| row.shown(*id))
    }

    /// Revokes all tokens.
    pub(super) fn revoke_all(&mut self, now: Timestamp) {
        self.forget_expired(now);
        self.revoked += u64::try_from(self.rows.len()).unwrap_or_default();
        self.rows.clear();
    }

    /// Revokes a live token; whether there was one.
    pub(super) fn revoke(&mut self, id: &str, now: Timestamp) -> bool {
        self.forget_expired(now);
        let gone = number(id).and_then(|number| self.rows.remove(&number));
        self.revoked += u64::from(gone.is_some());
        gone.is_some()
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }

    pub(super) fn revoked(&self) -> u64 {
        self.revoked
    }

    fn forget_expired(&mut self, now: Timestamp) {
        self.rows.retain(|_, row| row.expires_at > now);
    }
}

impl Row {
    fn shown(&self, id: u64) -> Value {
        json!({
            "id": name(id),
            "label": self.label,
            "status": "active",
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "last_used_at": self.last_used_at,
        })
    }
}

fn name(number: u64) -> String {
    format!("tok-{number}")
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix("tok-")?.parse().ok()
}

fn digest_of(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
