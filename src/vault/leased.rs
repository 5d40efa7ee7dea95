//! Credentials that a secrets engine of Vault makes under a Vault lease.
//!
//! Without requests nothing is done: an unused Vault lease expires, and the engine
//! revokes its credential. A request returns a credential with at least a third of
//! its lifetime left: its lease is renewed for that, or a new credential is made
//! if a renewal does not grant enough (max TTL).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use super::client::{Call, VaultAnswer};
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::path::check_segments;
use super::session::Session;
use super::wiped::Fields;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::Clock;
use crate::secret::SecretText;

/// The path at which a Vault lease is renewed.
pub(super) const RENEW: &str = "sys/leases/renew";

/// The credentials in use, by the path that they are read from. All fields of
/// one path belong to one Vault lease.
pub(super) struct Leased {
    session: Arc<Session>,
    clock: Arc<dyn Clock>,
    /// How long an answer without a Vault lease is cached.
    memory: SignedDuration,
    entries: Mutex<BTreeMap<String, Arc<Entry>>>,
}

#[derive(Default)]
struct Entry {
    held: tokio::sync::Mutex<Option<LeasedCredential>>,
    refused: AtomicBool,
}

/// One credential with its Vault lease.
struct LeasedCredential {
    lease: VaultLease,
    fields: BTreeMap<String, SecretText>,
    /// The login that it hangs on: it ends with that token of ours.
    login: u64,
}

/// The times of one Vault lease.
#[derive(Debug, Clone, PartialEq, Eq)]
struct VaultLease {
    /// Empty: there is none.
    id: String,
    renewable: bool,
    /// The lifetime that was granted first.
    granted: SignedDuration,
    due_at: Timestamp,
    ends_at: Timestamp,
}

/// What must be done before a credential is returned.
#[derive(Debug, PartialEq, Eq)]
enum Want {
    Nothing,
    Renewal,
    Another,
}

impl VaultLease {
    fn new(answer: &LeaseAnswer, memory: SignedDuration, now: Timestamp) -> Self {
        let granted = match (answer.lease_id.as_str(), answer.duration()) {
            ("", _) => memory,
            (_, granted) => granted,
        };
        let mut lease = Self {
            id: answer.lease_id.clone(),
            renewable: answer.renewable && !answer.lease_id.is_empty(),
            granted,
            due_at: now,
            ends_at: now,
        };
        lease.lasts(granted, now);
        lease
    }

    fn lasts(&mut self, duration: SignedDuration, now: Timestamp) {
        let after = |wait| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.due_at = after(duration * 2 / 3);
        self.ends_at = after(duration);
    }

    fn wants(&self, now: Timestamp) -> Want {
        match self {
            _ if now < self.due_at => Want::Nothing,
            _ if self.renewable && now < self.ends_at => Want::Renewal,
            _ => Want::Another,
        }
    }

    /// Notes a renewal, and returns whether it granted enough. Near the max TTL
    /// less and less is granted.
    fn renewed(&mut self, duration: SignedDuration, now: Timestamp) -> bool {
        self.lasts(duration, now);
        duration * 3 >= self.granted
    }
}

/// What an engine answers. No `Debug`: it holds what the engine made.
#[derive(Deserialize)]
pub(super) struct LeaseAnswer {
    #[serde(default)]
    pub(super) lease_id: String,
    #[serde(default)]
    pub(super) lease_duration: u32,
    #[serde(default)]
    pub(super) renewable: bool,
    pub(super) data: Option<Fields>,
}

impl LeaseAnswer {
    pub(super) fn duration(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.lease_duration))
    }
}

impl Leased {
    pub(super) fn new(
        session: Arc<Session>,
        clock: Arc<dyn Clock>,
        memory: SignedDuration,
    ) -> Self {
        Self {
            session,
            clock,
            memory,
            entries: Mutex::default(),
        }
    }

    /// One field of what the engine at `path` makes.
    pub(super) async fn field(&self, path: &str, field: &str) -> Result<SecretText, Fault> {
        check_segments(path).map_err(|why| config(path, &why))?;
        let entry = self.entry(path);
        let mut held = entry.held.lock().await;
        if entry.refused.swap(false, Ordering::Relaxed) {
            *held = None;
        }
        self.keep_alive(path, &mut held).await?;
        let value = held.as_ref().and_then(|held| held.fields.get(field));
        value.cloned().ok_or_else(|| {
            let why = format!("the engine gives no text in the field `{field}`");
            config(path, &why)
        })
    }

    /// A server refused the credential: the next request makes another one.
    pub(super) fn refused(&self, path: &str) {
        self.entry(path).refused.store(true, Ordering::Relaxed);
    }

    async fn keep_alive(
        &self,
        path: &str,
        held: &mut Option<LeasedCredential>,
    ) -> Result<(), Fault> {
        let login = self.session.state().logins;
        let wants = match held {
            Some(held) if held.login == login => held.lease.wants(self.clock.now()),
            Some(_) | None => Want::Another,
        };
        if wants == Want::Nothing {
            return Ok(());
        }
        if let (Want::Renewal, Some(held)) = (wants, held.as_mut())
            && self.renew(&mut held.lease).await
        {
            return Ok(());
        }
        match self.make(path).await {
            Ok(made) => {
                *held = Some(made);
                Ok(())
            }
            // The present credential can be used until its lease ends.
            Err(error) if is_alive(held.as_ref(), self.clock.now()) => {
                tracing::warn!(path, %error, "no new credential from Vault: the one at hand goes on");
                Ok(())
            }
            Err(error) => {
                *held = None;
                Err(explained(path, error))
            }
        }
    }

    /// Whether the lease has enough life again.
    async fn renew(&self, lease: &mut VaultLease) -> bool {
        let call = Call::new("renew_lease", RENEW);
        let request = Plain::post(RENEW, json!({ "lease_id": lease.id }));
        let answer = self.session.call(&call, &request).await;
        match answer.map(VaultAnswer::whole::<LeaseAnswer>) {
            Ok(Some(answer)) => {
                let worth_it = lease.renewed(answer.duration(), self.clock.now());
                self.session.note_lease_end(lease.ends_at);
                worth_it
            }
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(%error, "a Vault lease was not renewed");
                false
            }
        }
    }

    async fn make(&self, path: &str) -> Result<LeasedCredential, VaultError> {
        let login = self.session.state().logins;
        let call = Call::new("read_leased", path);
        let answer = self.session.call(&call, &Plain::get(path)).await?;
        let answer: LeaseAnswer = answer.whole().ok_or_else(|| {
            let text = "there is no `data` in it".to_owned();
            VaultError::new(&call, VaultErrorKind::Malformed(text))
        })?;
        let lease = VaultLease::new(&answer, self.memory, self.clock.now());
        if !lease.id.is_empty() {
            self.session.note_lease_end(lease.ends_at);
        }
        let data = answer.data.unwrap_or_default();
        let fields = data.iter().filter_map(|(name, value)| {
            let value = SecretText::parse(value.as_str()?).ok()?;
            Some((name.clone(), value))
        });
        Ok(LeasedCredential {
            lease,
            fields: fields.collect(),
            login,
        })
    }

    fn entry(&self, path: &str) -> Arc<Entry> {
        let mut entries = self.entries.lock();
        Arc::clone(entries.entry(path.to_owned()).or_default())
    }
}

fn is_alive(held: Option<&LeasedCredential>, now: Timestamp) -> bool {
    held.is_some_and(|held| now < held.lease.ends_at)
}

/// Adds the reference, and what to check, to the engine's refusal.
fn explained(path: &str, error: VaultError) -> Fault {
    if error.kind == VaultErrorKind::NotFound {
        return config(path, "there is nothing: is its role there?");
    }
    error.into()
}

fn config(path: &str, why: &str) -> Fault {
    let text = format!("the credential of the Vault engine at {path}: {why}");
    Fault::new(FaultClass::Rejected, FaultKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lease_id: &str, lease_duration: u32, renewable: bool) -> LeaseAnswer {
        LeaseAnswer {
            lease_id: lease_id.to_owned(),
            lease_duration,
            renewable,
            data: None,
        }
    }

    #[test]
    fn nobody_gets_a_credential_with_less_than_a_third_of_its_life() {
        let memory = SignedDuration::from_mins(5);
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let cases = [
            (answer("a", 30, true), 19, Want::Nothing),
            (answer("a", 30, true), 20, Want::Renewal),
            (answer("a", 30, true), 29, Want::Renewal),
            (answer("a", 30, true), 30, Want::Another),
            (answer("a", 30, false), 19, Want::Nothing),
            (answer("a", 30, false), 20, Want::Another),
            // Without a lease: cached like any other credential.
            (answer("", 0, false), 199, Want::Nothing),
            (answer("", 0, true), 200, Want::Another),
        ];
        for (answer, seconds, expected) in cases {
            let lease = VaultLease::new(&answer, memory, start);
            assert_eq!(lease.wants(at(seconds)), expected, "{lease:?} at {seconds}");
        }
    }

    #[test]
    fn a_renewal_near_the_end_is_not_worth_it() {
        let start = Timestamp::UNIX_EPOCH;
        let lease = VaultLease::new(&answer("a", 30, true), SignedDuration::ZERO, start);
        for (granted, worth_it) in [(30, true), (10, true), (9, false), (0, false)] {
            let mut lease = lease.clone();
            let granted = SignedDuration::from_secs(granted);
            assert_eq!(lease.renewed(granted, start), worth_it, "{granted}");
            assert_eq!(lease.ends_at, start + granted);
        }
    }
}
