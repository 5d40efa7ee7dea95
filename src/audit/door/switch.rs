//! The door of the switch that stops all work.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::audit::auditor::Auditor;
use crate::ports::StoreError;
use crate::ports::switch::{Switch, Switched};
use crate::rotation::record::RequestsOf;

/// A switch whose changes are written down.
pub struct AuditedSwitch {
    inner: Arc<dyn Switch>,
    auditor: Arc<Auditor>,
}

impl AuditedSwitch {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Switch>, auditor: Arc<Auditor>) -> Self {
        Self { inner, auditor }
    }
}

#[async_trait]
impl Switch for AuditedSwitch {
    async fn take_requests_for_all(
        &self,
        from: &[RequestsOf],
        now: Timestamp,
    ) -> Result<Switched, StoreError> {
        let switched = self.inner.take_requests_for_all(from, now).await?;
        for noted in &switched.newly_handled {
            for event in self.auditor.asked(None, noted) {
                self.auditor.note(event).await;
            }
        }
        Ok(switched)
    }
}
