//! The door of the place where tokens wait for a person.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::{Begun, told};
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Port};
use crate::fault::Fault;
use crate::ports::handover::{Handover, Waiting};
use crate::secret::BearerToken;

/// A place whose changes are written down.
pub struct AuditedHandover {
    inner: Arc<dyn Handover>,
    auditor: Arc<Auditor>,
}

impl AuditedHandover {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Handover>, auditor: Arc<Auditor>) -> Self {
        Self { inner, auditor }
    }
}

#[async_trait]
impl Handover for AuditedHandover {
    async fn check(&self, path: &str) -> Result<(), Fault> {
        self.inner.check(path).await
    }

    async fn put(&self, path: &str, waiting: &Waiting<'_>) -> Result<(), Fault> {
        let event = Event {
            target: Some(path.to_owned()),
            after: self.auditor.fingerprint(waiting.value),
            ..self.auditor.about(Port::Handover, "put", waiting.token)
        };
        let begun = Begun::new(&self.auditor, event);
        let done = self.inner.put(path, waiting).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn take_away(&self, path: &str, value: &BearerToken) -> Result<(), Fault> {
        let event = Event {
            target: Some(path.to_owned()),
            before: self.auditor.fingerprint(value),
            ..self.auditor.event(Port::Handover, "take_away")
        };
        let begun = Begun::new(&self.auditor, event);
        let done = self.inner.take_away(path, value).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }
}
