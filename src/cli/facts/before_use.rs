//! The store with the index of fingerprints behind it: a new token is in the index before
//! its commit is reported, and so before anybody uses it.

use std::sync::Arc;

use async_trait::async_trait;

use super::index::IndexWriter;
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
use crate::rotation::record::Record;
use crate::scim::evidence::Passed;

/// A store whose new tokens are noted.
pub(in crate::cli) struct IndexedStore {
    inner: Arc<dyn Store>,
    index: Arc<IndexWriter>,
}

impl IndexedStore {
    pub(in crate::cli) fn new(inner: Arc<dyn Store>, index: Arc<IndexWriter>) -> Self {
        Self { inner, index }
    }
}

#[async_trait]
impl Store for IndexedStore {
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        self.inner.load(token).await
    }

    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
        let version = self.inner.commit(record, expected).await?;
        self.index.note_before_use(record).await;
        Ok(version)
    }

    async fn full_cycle(&self, token: &str) -> Result<Option<Passed>, StoreError> {
        self.inner.full_cycle(token).await
    }

    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError> {
        self.inner.published(token).await
    }

    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError> {
        self.inner.publish(token, value).await
    }

    async fn published_by(&self, token: &str) -> Option<String> {
        self.inner.published_by(token).await
    }

    fn forget(&self, token: &str) {
        self.inner.forget(token);
    }
}
