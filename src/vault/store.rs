//! Stores records and published secrets in KV v2.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::documents::Documents;
use super::error::{VaultError, VaultErrorKind};
use super::fields::FieldNames;
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use super::{published, record};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
use crate::rotation::record::Record;
use crate::scim::evidence::Passed;
use crate::secret::FingerprintKey;

/// Where a token is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishTarget {
    /// The secret.
    pub path: KvPath,
    /// Its field names; most tokens have the same.
    pub fields: Arc<FieldNames>,
}

/// The store in Vault.
///
/// The content of published paths is cached, because check-and-set shows when it
/// is out of date: publishing then takes one request. Records are not cached here;
/// the driver has them.
pub struct VaultStore {
    pub(super) documents: Documents,
    pub(super) state_path: KvPath,
    targets: RwLock<BTreeMap<String, Arc<PublishTarget>>>,
    remembered: Mutex<HashMap<String, Remembered>>,
    /// The versions of published secrets that have fields and no token, as people were
    /// told.
    misnamed: Mutex<HashMap<String, u64>>,
    /// Read once: it never changes.
    pub(super) fingerprint_key: OnceCell<FingerprintKey>,
}

/// The latest known version of a published secret.
struct Remembered {
    /// The path of this version; a reload may have changed the configured one.
    target: Arc<PublishTarget>,
    version: u64,
    /// Its fields as JSON text: a map takes five times the memory, and there is
    /// one for each token.
    text: Zeroizing<Box<str>>,
}

impl Remembered {
    fn new(target: &Arc<PublishTarget>, version: u64, fields: &Fields) -> Option<Self> {
        let text = serde_json::to_string(fields).ok()?;
        Some(Self {
            target: Arc::clone(target),
            version,
            text: Zeroizing::new(text.into_boxed_str()),
        })
    }
}

impl VaultStore {
    /// A store with its records below `state_path`, and published secrets by
    /// the name of the token.
    #[must_use]
    pub fn new(
        session: Arc<Session>,
        state_path: KvPath,
        targets: BTreeMap<String, PublishTarget>,
    ) -> Self {
        Self {
            documents: Documents::new(session),
            state_path,
            targets: RwLock::new(shared(targets).collect()),
            remembered: Mutex::default(),
            misnamed: Mutex::default(),
            fingerprint_key: OnceCell::new(),
        }
    }

    /// Replaces the published paths after a reload of the configuration, and
    /// drops what is cached of changed ones. A token that was taken out keeps
    /// its path until its work is finished.
    pub fn set_targets(&self, targets: BTreeMap<String, PublishTarget>) {
        let mut known = self.targets.write();
        let mut remembered = self.remembered();
        for (token, target) in shared(targets) {
            if known.get(&token) != Some(&target) {
                remembered.remove(&token);
                known.insert(token, target);
            }
        }
    }

    /// Whether a token of this name is configured.
    #[must_use]
    pub fn has(&self, token: &str) -> bool {
        self.targets.read().contains_key(token)
    }

    /// Where each token is published.
    #[must_use]
    pub fn targets(&self) -> BTreeMap<String, Arc<PublishTarget>> {
        self.targets.read().clone()
    }

    pub(super) fn record_path(&self, token: &str) -> Result<KvPath, StoreError> {
        let path = self.state_path.child(token);
        path.map_err(|reason| config_fault(format!("no path for the record: {reason}")))
    }

    fn target(&self, token: &str) -> Result<Arc<PublishTarget>, StoreError> {
        let targets = self.targets.read();
        let target = targets.get(token).cloned();
        target.ok_or_else(|| config_fault(format!("the token `{token}` has no `vault_path`")))
    }

    /// The fields of a published secret, with the number of their version.
    async fn published_fields(
        &self,
        token: &str,
        target: &Arc<PublishTarget>,
    ) -> Result<(u64, Fields), VaultError> {
        if let Some(known) = self.recall(token, target) {
            return Ok(known);
        }
        // A deleted version counts as none: the record decides, and the next
        // publication names the number of the deleted version.
        let stored = self.documents.read(&target.path).await?;
        let version = stored.version();
        let fields = match stored {
            Stored::Absent | Stored::Deleted { .. } => Fields::new(),
            Stored::Present { fields, .. } => fields,
        };
        self.remember(token, target, version, &fields);
        self.warn_of_misnamed(token, target, version, &fields);
        Ok((version, fields))
    }

    /// Once for each version of the secret.
    fn warn_of_misnamed(&self, token: &str, target: &PublishTarget, version: u64, fields: &Fields) {
        let found = published::misnamed(fields, &target.fields);
        let mut told = self.misnamed.lock();
        let Some(what) = found else {
            told.remove(token);
            return;
        };
        if told.insert(token.to_owned(), version) != Some(version) {
            tracing::warn!(token, path = %target.path, "{token}: {}: {what}", target.path);
        }
    }

    fn recall(&self, token: &str, target: &PublishTarget) -> Option<(u64, Fields)> {
        let remembered = self.remembered();
        let known = remembered.get(token)?;
        let fields = serde_json::from_str(&known.text).ok()?;
        (known.target.path == target.path).then_some((known.version, fields))
    }

    fn remember(&self, token: &str, target: &Arc<PublishTarget>, version: u64, fields: &Fields) {
        if let Some(latest) = Remembered::new(target, version, fields) {
            self.remembered().insert(token.to_owned(), latest);
        }
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered.lock()
    }
}

#[async_trait]
impl Store for VaultStore {
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        let path = self.record_path(token)?;
        let unusable = |reason: String| {
            StoreError::Unusable(format!("the record at {path} is left untouched: {reason}"))
        };
        let (stored, lost) = self.documents.read_with_lost(&path).await.map_err(fault)?;
        match stored {
            Stored::Absent => Ok(None),
            Stored::Deleted {
                edition,
                deletion_time,
                destroyed,
            } => Err(unusable(deleted_text(
                &path,
                edition.version,
                &deletion_time,
                destroyed,
            ))),
            Stored::Present {
                edition, fields, ..
            } => {
                let value = record::decode(fields, token).map_err(unusable)?;
                Ok(Some(Versioned {
                    value,
                    version: Version(edition.version),
                    lost: lost.map(Version),
                }))
            }
        }
    }

    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
        let path = self.record_path(&record.token)?;
        let fields = record::encode_checked(record).map_err(StoreError::Unusable)?;
        let is_ours = |stored: &Fields| {
            let id = stored.get("write_id").and_then(serde_json::Value::as_str);
            !record.write_id.is_empty() && id == Some(record.write_id.as_str())
        };
        let written = self.documents.write(&path, &fields, expected.0, is_ours);
        written.await.map(Version).map_err(write_error)
    }

    async fn full_cycle(&self, token: &str) -> Result<Option<Passed>, StoreError> {
        self.passed_cycle(token).await
    }

    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError> {
        let target = self.target(token)?;
        let known = self.published_fields(token, &target).await;
        let (_, fields) = known.map_err(fault)?;
        Ok(published::decode(&fields, &target.fields))
    }

    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError> {
        let target = self.target(token)?;
        let known = self.published_fields(token, &target).await;
        let (version, mut fields) = known.map_err(fault)?;
        published::encode(&mut fields, &target.fields, value);
        let is_ours = |stored: &Fields| *stored == fields;
        let written = self
            .documents
            .write(&target.path, &fields, version, is_ours);
        match written.await {
            Ok(version) => {
                self.remember(token, &target, version, &fields);
                Ok(())
            }
            Err(error) => {
                self.forget(token);
                Err(write_error(error))
            }
        }
    }

    async fn published_by(&self, token: &str) -> Option<String> {
        let target = self.target(token).ok()?;
        let (version, _) = self.recall(token, &target)?;
        kv::author(&self.documents.session, &target.path, version).await
    }

    fn forget(&self, token: &str) {
        self.remembered().remove(token);
    }
}

fn shared(
    targets: BTreeMap<String, PublishTarget>,
) -> impl Iterator<Item = (String, Arc<PublishTarget>)> {
    let share = |(token, target)| (token, Arc::new(target));
    targets.into_iter().map(share)
}

fn write_error(error: VaultError) -> StoreError {
    if error.kind == VaultErrorKind::CasConflict {
        StoreError::Conflict
    } else {
        fault(error)
    }
}

pub(super) fn fault(error: VaultError) -> StoreError {
    StoreError::Fault(error.into())
}

pub(super) fn config_fault(message: String) -> StoreError {
    StoreError::Fault(Fault::new(FaultClass::Rejected, FaultKind::Config, message))
}

pub(super) fn deleted_text(
    path: &KvPath,
    version: u64,
    deletion_time: &str,
    destroyed: bool,
) -> String {
    let mount = path.mount();
    let below = path.path();
    if destroyed {
        format!(
            "version {version} was destroyed and cannot come back; bring an older one back with `vault kv rollback -mount={mount} -version=<older> {below}`, or start anew with `vault kv metadata delete -mount={mount} {below}`"
        )
    } else {
        format!(
            "version {version} was deleted at {deletion_time}; bring it back with `vault kv undelete -mount={mount} -versions={version} {below}`, or start anew with `vault kv metadata delete -mount={mount} {below}`"
        )
    }
}
