//! The door of the store of refresh tokens.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::Begun;
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Port};
use crate::fault::Fault;
use crate::ports::Version;
use crate::ports::refresh::{RefreshTokens, StoredRefresh};

/// Refresh tokens whose writes are written down.
pub struct AuditedRefreshTokens {
    inner: Arc<dyn RefreshTokens>,
    auditor: Arc<Auditor>,
}

impl AuditedRefreshTokens {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn RefreshTokens>, auditor: Arc<Auditor>) -> Self {
        Self { inner, auditor }
    }
}

#[async_trait]
impl RefreshTokens for AuditedRefreshTokens {
    async fn load(&self, path: &str) -> Result<StoredRefresh, Fault> {
        self.inner.load(path).await
    }

    async fn store(&self, path: &str, wanted: &StoredRefresh) -> Result<Version, Fault> {
        let event = Event {
            target: Some(path.to_owned()),
            after: self.auditor.fingerprint_of(wanted.token.expose()),
            ..self.auditor.event(Port::RefreshToken, "store")
        };
        let begun = Begun::new(&self.auditor, event);
        let stored = self.inner.store(path, wanted).await;
        begun
            .ended(|event| match &stored {
                Ok(version) => Event {
                    stored_version: Some(version.0),
                    ..event
                },
                Err(fault) => event.failed(fault),
            })
            .await;
        stored
    }
}
