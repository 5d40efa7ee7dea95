//! The documents beside the records: requests, facts, the bell, the switch of
//! all tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::bell::{self, Listener, News};
use super::facts::{self, StoredFacts};
use super::path::KvPath;
use super::store::{VaultStore, config_fault, fault};
use super::{control, requests};
use crate::notify::Notes;
use crate::ports::StoreError;
use crate::rotation::apply::take_requests_for_all;
use crate::rotation::record::{Control, RequestsOf, WrittenRequest};

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

    /// Handles requests about all tokens. Returns what is stored then, and
    /// whether it was changed here.
    ///
    /// # Errors
    /// When Vault cannot be written.
    pub async fn take_requests_for_all(
        &self,
        from: &[RequestsOf],
        now: Timestamp,
    ) -> Result<(Control, bool), StoreError> {
        let path = self.record_path(control::NAME)?;
        let take = |control: &Control| take_requests_for_all(control, from, now);
        control::change(&self.documents.session, &path, take).await
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
