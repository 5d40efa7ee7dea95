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
    /// What happens with it: requests of people that a commit takes.
    besides: Vec<Event>,
}

impl<'a> Begun<'a> {
    pub(super) fn new(auditor: &'a Arc<Auditor>, event: Event) -> Self {
        Self::with(auditor, event, Vec::new())
    }

    pub(super) fn with(auditor: &'a Arc<Auditor>, event: Event, besides: Vec<Event>) -> Self {
        Self {
            auditor,
            event: Some(event),
            besides,
        }
    }

    /// Writes the line as `ended` completes it. What happens with it has the same
    /// outcome; if it failed, that has not happened.
    pub(super) async fn ended(mut self, ended: impl FnOnce(Event) -> Event) {
        let Some(event) = self.event.take().map(ended) else {
            return;
        };
        for one in std::mem::take(&mut self.besides) {
            match event.result {
                Outcome::Ok => self.auditor.note(one).await,
                Outcome::Unknown => self.auditor.note(unknown(one)).await,
                Outcome::Failed => {}
            }
        }
        self.auditor.note(event).await;
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let event = self.event.take();
        for event in self.besides.drain(..).chain(event) {
            self.auditor.note_now(&unknown(event));
        }
    }
}

fn unknown(event: Event) -> Event {
    let event = Event {
        result: Outcome::Unknown,
        ..event
    };
    event.because("it was given up before its outcome was known, or its answer was lost")
}

/// The event with the outcome of a call that returns nothing.
pub(super) fn told(event: Event, done: Result<&(), &Fault>) -> Event {
    match done {
        Ok(()) => event,
        Err(fault) => event.failed(fault),
    }
}
