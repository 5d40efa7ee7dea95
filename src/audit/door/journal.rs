//! The door of the journals of full cycles: each creation and deletion at a service
//! provider has a write of the journal before or after it.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::Begun;
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Outcome, Port};
use crate::ports::Journal;
use crate::scim::cycle::journal::{JournalDocument, JournalError};

/// Journals whose writes are written down.
pub struct AuditedJournal {
    inner: Arc<dyn Journal>,
    auditor: Arc<Auditor>,
}

impl AuditedJournal {
    /// The door before journals.
    #[must_use]
    pub fn new(inner: Arc<dyn Journal>, auditor: Arc<Auditor>) -> Self {
        Self { inner, auditor }
    }
}

/// What may be at the service provider, and how the last run ended.
fn said(document: &JournalDocument) -> String {
    let names = document.entries.iter().map(|entry| entry.name.as_str());
    let names: Vec<&str> = names.collect();
    let there = match names.is_empty() {
        true => "nothing of a full cycle is at the service provider".to_owned(),
        false => format!("at the service provider may be: {}", names.join(", ")),
    };
    match document.last.as_ref().filter(|_| document.runner.is_none()) {
        Some(last) => format!(
            "{there}; the last run {} {}",
            last.run,
            last.verdict.as_str()
        ),
        None => there,
    }
}

#[async_trait]
impl Journal for AuditedJournal {
    async fn read(&self, token: &str) -> Result<(JournalDocument, u64), JournalError> {
        self.inner.read(token).await
    }

    async fn write(
        &self,
        token: &str,
        document: &JournalDocument,
        version: u64,
    ) -> Result<u64, JournalError> {
        let event = self.auditor.about(Port::Probe, "full_cycle", token);
        let begun = Begun::new(&self.auditor, event.because(&said(document)));
        let written = self.inner.write(token, document, version).await;
        begun
            .ended(|event| match &written {
                Ok(version) => Event {
                    stored_version: Some(*version),
                    ..event
                },
                Err(error) => {
                    let result = match error {
                        JournalError::Conflict => Outcome::Failed,
                        JournalError::Failed(_) => Outcome::Unknown,
                    };
                    Event { result, ..event }.because(&error.to_string())
                }
            })
            .await;
        written
    }

    async fn wake(&self, tokens: &[String]) {
        self.inner.wake(tokens).await;
    }
}
