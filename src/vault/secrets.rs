//! Credentials that the configuration refers to.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

use super::fields::other_fields;
use super::kv::{self, Stored};
use super::leased::Leased;
use super::local;
use super::path::KvPath;
use super::session::Session;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::{Clock, Resolved, Secrets};
use crate::secret::{SecretRef, SecretText};

/// Resolves references to Vault, to files and to the environment. Values from
/// Vault are cached for a short time, or until a server refuses them.
pub struct VaultSecrets {
    session: Arc<Session>,
    clock: Arc<dyn Clock>,
    memory: SignedDuration,
    leased: Leased,
    remembered: Mutex<HashMap<SecretRef, (Resolved, Timestamp)>>,
}

impl VaultSecrets {
    /// How long a value from Vault is cached by default.
    pub const MEMORY: SignedDuration = SignedDuration::from_mins(5);

    /// Reads from Vault through `session`; a value is cached for `memory`.
    #[must_use]
    pub fn new(session: Arc<Session>, clock: Arc<dyn Clock>, memory: SignedDuration) -> Self {
        let leased = Leased::new(Arc::clone(&session), Arc::clone(&clock), memory);
        Self {
            session,
            clock,
            memory,
            leased,
            remembered: Mutex::default(),
        }
    }

    async fn read_vault(&self, path: &str, field: &str) -> Result<SecretText, Fault> {
        let place = format!("the Vault secret {path}#{field}");
        let parsed = KvPath::parse(path).map_err(|reason| config(format!("{place}: {reason}")))?;
        let fields = match kv::read(&self.session, &parsed).await? {
            Stored::Present { fields, .. } => fields,
            Stored::Absent => {
                return Err(config(format!(
                    "{place} does not exist: write it, or correct the reference"
                )));
            }
            Stored::Deleted { edition, .. } => {
                let version = edition.version;
                return Err(config(format!(
                    "{place}: version {version} was deleted; bring it back with `vault kv undelete`, or write a new one"
                )));
            }
        };
        match fields.get(field) {
            None => Err(config(format!(
                "{place}: the secret has no such field; {}",
                other_fields(field, fields.keys().map(String::as_str))
            ))),
            Some(Value::String(text)) => SecretText::parse(text.as_str())
                .map_err(|error| config(format!("{place} cannot be used: {error}"))),
            Some(_) => Err(config(format!("{place} is not a string"))),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<SecretRef, (Resolved, Timestamp)>> {
        self.remembered.lock()
    }
}

#[async_trait]
impl Secrets for VaultSecrets {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let (path, field) = match reference {
            SecretRef::Vault { path, field } => (path, field),
            SecretRef::VaultLease { path, field } => {
                return self.leased.field(path, field).await.map(resolved);
            }
            SecretRef::File(_) | SecretRef::Env(_) => {
                let value = local::read(reference, "a credential").await;
                return value.map(resolved).map_err(config);
            }
        };
        let now = self.clock.now();
        let known = self.remembered().get(reference).cloned();
        if let Some((value, at)) = known
            && now.duration_since(at).abs() < self.memory
        {
            return Ok(value);
        }
        let value = resolved(self.read_vault(path, field).await?);
        self.remembered()
            .insert(reference.clone(), (value.clone(), now));
        Ok(value)
    }

    fn refused(&self, reference: &SecretRef) {
        match reference {
            SecretRef::VaultLease { path, .. } => self.leased.refused(path),
            SecretRef::Vault { .. } | SecretRef::File(_) | SecretRef::Env(_) => {
                self.remembered().remove(reference);
            }
        }
    }
}

fn resolved(value: SecretText) -> Resolved {
    Resolved {
        fingerprint: value.fingerprint(),
        value,
    }
}

fn config(message: String) -> Fault {
    Fault::new(FaultClass::Rejected, FaultKind::Config, message)
}
