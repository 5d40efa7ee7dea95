//! The documents beside the records: requests, facts, the bell, the switch of
//! all tokens, the key for fingerprints.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::bell::{self, Listener, News};
use super::facts::{self, StoredFacts};
use super::path::KvPath;
use super::store::{VaultStore, config_fault, fault};
use super::{audit_heads, control, installation_key, requests};
use crate::audit::chain::Head;
use crate::notify::Notes;
use crate::ports::StoreError;
use crate::ports::switch::{Switch, Switched};
use crate::rotation::apply::take_requests_for_all;
use crate::rotation::record::{Control, RequestsOf, WrittenRequest};
use crate::secret::FingerprintKey;

/// The folder of the notes of what people were told, below `state_path`.
const NOTES: &str = "notify";

#[async_trait]
impl Notes for VaultStore {
    async fn note(&self, token: &str) -> Result<(Option<Value>, u64), StoreError> {
        let path = self.note_path(token)?;
        let read = facts::read(&self.documents.session, &path).await;
        read.map(|stored| (stored.facts, stored.version))
            .map_err(fault)
    }

    async fn write_note(
        &self,
        token: &str,
        note: Value,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let path = self.note_path(token)?;
        let Value::Object(fields) = note else {
            return Err(config_fault("a note is an object".to_owned()));
        };
        let written = facts::write(&self.documents.session, &path, fields.into(), version);
        written.await.map_err(fault)
    }

    async fn record_version(&self, token: &str) -> Result<u64, StoreError> {
        let path = self.record_path(token)?;
        let stored = self.documents.read(&path).await.map_err(fault)?;
        Ok(stored.version())
    }
}

impl VaultStore {
    /// Whether all work is stopped, since when and why.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if the document cannot be understood; then no
    /// work should be done.
    pub async fn control(&self) -> Result<Control, StoreError> {
        let path = self.record_path(control::NAME)?;
        control::read(&self.documents.session, &path).await
    }

    /// The requests of one author for one token, or for all
    /// ([`requests::ALL`]).
    ///
    /// # Errors
    /// When Vault does not answer.
    pub async fn requests_of(
        &self,
        author: &str,
        name: &str,
    ) -> Result<Option<RequestsOf>, StoreError> {
        let path = self.requests_path(author, name)?;
        let read = requests::read(&self.documents.session, &path, author).await;
        read.map_err(fault)
    }

    /// Author and token of every document of requests for a token that is
    /// known, and for all tokens.
    ///
    /// # Errors
    /// When Vault does not answer.
    pub async fn list_requests(
        &self,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let listed = requests::list(&self.documents.session, &self.state_path, |name| {
            name == requests::ALL || is_known(name)
        });
        listed.await.map_err(fault)
    }

    /// Writes a request in the name of this author, and returns its number.
    ///
    /// # Errors
    /// When Vault cannot be written.
    pub async fn write_request(
        &self,
        author: &str,
        name: &str,
        request: &WrittenRequest,
        least: u64,
    ) -> Result<u64, StoreError> {
        let path = self.requests_path(author, name)?;
        let written = requests::write(&self.documents.session, &path, request, least);
        written.await.map_err(fault)
    }

    /// The entity of our own Vault token; `None` if it has none.
    ///
    /// # Errors
    /// When Vault does not answer.
    pub async fn own_entity(&self) -> Result<Option<String>, StoreError> {
        requests::own_entity(&self.documents.session)
            .await
            .map_err(fault)
    }

    /// Where the note of what was told of a token is.
    fn note_path(&self, token: &str) -> Result<KvPath, StoreError> {
        let folder = self.record_path(NOTES)?;
        let path = folder.child(token);
        path.map_err(|reason| config_fault(format!("no path for the note: {reason}")))
    }

    /// The facts of a token, or of all work ([`requests::ALL`]).
    ///
    /// # Errors
    /// When Vault does not answer.
    pub async fn facts(&self, name: &str) -> Result<StoredFacts, StoreError> {
        let path = self.facts_path(name)?;
        let read = facts::read(&self.documents.session, &path).await;
        read.map_err(fault)
    }

    /// Writes facts over this version of their document, and returns the new
    /// one. `None`: another replica wrote first.
    ///
    /// # Errors
    /// When Vault cannot be written.
    pub async fn write_facts(
        &self,
        name: &str,
        facts: Value,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let path = self.facts_path(name)?;
        let Value::Object(fields) = facts else {
            return Err(config_fault("facts are an object".to_owned()));
        };
        let written = facts::write(&self.documents.session, &path, fields.into(), version);
        written.await.map_err(fault)
    }

    /// What was rung since this listener last looked.
    ///
    /// # Errors
    /// When Vault does not answer.
    pub async fn listen(&self, listener: &mut Listener) -> Result<News, StoreError> {
        let path = self.record_path(bell::NAME)?;
        let looked = listener.look(&self.documents.session, &path).await;
        looked.map_err(fault)
    }

    /// Tells every replica that these have changed.
    ///
    /// # Errors
    /// When Vault cannot be written.
    pub async fn ring(&self, names: &[String]) -> Result<(), StoreError> {
        let path = self.record_path(bell::NAME)?;
        let rung = bell::ring(&self.documents.session, &path, names).await;
        rung.map_err(fault)
    }

    /// The key for keyed fingerprints of secrets. The first call reads it from Vault,
    /// and makes it if there is none yet.
    ///
    /// # Errors
    /// When Vault does not answer, or [`StoreError::Unusable`] if there is something else
    /// at its path: it is never overwritten.
    pub async fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        let read = self.fingerprint_key.get_or_try_init(async || {
            let path = self.record_path(installation_key::NAME)?;
            let made = installation_key::read_or_make(&self.documents.session, &path);
            Ok::<_, StoreError>(made.await?.for_fingerprints())
        });
        read.await.cloned()
    }

    /// The key for keyed fingerprints, for commands that change nothing; `None` if no
    /// replica has made it yet.
    ///
    /// # Errors
    /// As of [`Self::fingerprint_key`].
    pub async fn existing_fingerprint_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        let path = self.record_path(installation_key::NAME)?;
        let read = installation_key::read(&self.documents.session, &path).await?;
        Ok(read.map(|key| key.for_fingerprints()))
    }

    /// The last line of a replica's audit that is stored, with the version of its
    /// document.
    ///
    /// # Errors
    /// When Vault does not answer, or [`StoreError::Unusable`] if somebody changed it.
    pub async fn audit_head(&self, replica: &str) -> Result<(Option<Head>, u64), StoreError> {
        let path = self.audit_path(replica)?;
        audit_heads::read(&self.documents.session, &path).await
    }

    /// Stores the last line of a replica's audit over this version of its document, and
    /// returns the new one. `None`: somebody else wrote first.
    ///
    /// # Errors
    /// When Vault cannot be written.
    pub async fn write_audit_head(
        &self,
        replica: &str,
        head: Head,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let path = self.audit_path(replica)?;
        audit_heads::write(&self.documents.session, &path, head, version).await
    }

    fn audit_path(&self, replica: &str) -> Result<KvPath, StoreError> {
        let folder = self.state_path.child(audit_heads::FOLDER);
        let path = folder.and_then(|folder| folder.child(replica));
        path.map_err(|reason| config_fault(format!("no path for the audit: {reason}")))
    }

    fn requests_path(&self, author: &str, name: &str) -> Result<KvPath, StoreError> {
        let path = requests::path(&self.state_path, author, name);
        path.map_err(|reason| config_fault(format!("no path for the request: {reason}")))
    }

    fn facts_path(&self, name: &str) -> Result<KvPath, StoreError> {
        let folder = self.state_path.child(facts::FOLDER);
        let path = folder.and_then(|folder| folder.child(name));
        path.map_err(|reason| config_fault(format!("no path for the facts: {reason}")))
    }
}

#[async_trait]
impl Switch for VaultStore {
    async fn take_requests_for_all(
        &self,
        from: &[RequestsOf],
        now: Timestamp,
    ) -> Result<Switched, StoreError> {
        let path = self.record_path(control::NAME)?;
        let take = |control: &Control| take_requests_for_all(control, from, now);
        let (before, control) = control::change(&self.documents.session, &path, take).await?;
        let handled = control.handled.iter();
        let newly_handled = handled.filter(|noted| !before.handled.contains(noted));
        Ok(Switched {
            newly_handled: newly_handled.cloned().collect(),
            control,
        })
    }
}
