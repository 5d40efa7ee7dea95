//! The door of the store.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::Begun;
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Port};
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
use crate::rotation::record::Record;
use crate::scim::evidence::Passed;

/// A store whose writes are written down.
pub struct AuditedStore {
    inner: Arc<dyn Store>,
    auditor: Arc<Auditor>,
}

impl AuditedStore {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, auditor: Arc<Auditor>) -> Self {
        Self { inner, auditor }
    }
}

#[async_trait]
impl Store for AuditedStore {
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        let loaded = self.inner.load(token).await;
        if let Ok(Some(stored)) = &loaded {
            self.auditor.read(&stored.value);
        }
        loaded
    }

    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
        let mut events = self.auditor.commit(record);
        let Some(commit) = events.pop() else {
            return self.inner.commit(record, expected).await;
        };
        let begun = Begun::with(&self.auditor, commit, events);
        let committed = self.inner.commit(record, expected).await;
        if committed.is_ok() {
            self.auditor.read(record);
        }
        begun
            .ended(|event| match &committed {
                Ok(version) => Event {
                    stored_version: Some(version.0),
                    ..event
                },
                Err(error) => event.not_stored(error),
            })
            .await;
        committed
    }

    async fn full_cycle(&self, token: &str) -> Result<Option<Passed>, StoreError> {
        self.inner.full_cycle(token).await
    }

    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError> {
        self.inner.published(token).await
    }

    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError> {
        let event = Event {
            after: self.auditor.fingerprint(&value.value),
            token_id: value.token_id.clone(),
            ..self.auditor.about(Port::Store, "publish", token)
        };
        let begun = Begun::new(&self.auditor, event);
        let published = self.inner.publish(token, value).await;
        begun
            .ended(|event| match &published {
                Ok(()) => event,
                Err(error) => event.not_stored(error),
            })
            .await;
        published
    }

    async fn published_by(&self, token: &str) -> Option<String> {
        self.inner.published_by(token).await
    }

    fn forget(&self, token: &str) {
        self.inner.forget(token);
    }
}
