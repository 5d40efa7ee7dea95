//! What all doors have in common: what stands behind them, and an effect that has begun.

use std::sync::Arc;

use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Outcome};
use crate::fault::Fault;

/// What an issuer or connection is, for its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name in the configuration.
    pub name: String,
    /// Its kind: the vendor, or a word such as `http`.
    pub kind: String,
    /// SHA-256 of the vendor file, or the digest of its settings.
    pub settings: Option<String>,
}

impl Place {
    pub(super) fn event(&self, event: Event) -> Event {
        Event {
            target: Some(self.name.clone()),
            kind: Some(self.kind.clone()),
            settings: self.settings.clone(),
            ..event
        }
    }
}

/// An effect that has begun. If its future is dropped, because it took longer than the
/// lease lasts, the line says that its outcome is not known.
pub(super) struct Begun<'a> {
    auditor: &'a Arc<Auditor>,
    event: Option<Event>,
}

impl<'a> Begun<'a> {
    pub(super) fn new(auditor: &'a Arc<Auditor>, event: Event) -> Self {
        Self {
            auditor,
            event: Some(event),
        }
    }

    /// Writes the line as `ended` completes it.
    pub(super) async fn ended(mut self, ended: impl FnOnce(Event) -> Event) {
        if let Some(event) = self.event.take() {
            self.auditor.note(ended(event)).await;
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            let event = Event {
                result: Outcome::Unknown,
                ..event
            };
            let why = "it was given up before its outcome was known";
            self.auditor.note_now(&event.because(why));
        }
    }
}

/// The event with the outcome of a call that returns nothing.
pub(super) fn told(event: Event, done: Result<&(), &Fault>) -> Event {
    match done {
        Ok(()) => event,
        Err(fault) => event.failed(fault),
    }
}
