//! The answer of `login`, used again for a while.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::http::Answer;

/// A session at the other side.
#[derive(Clone)]
pub(crate) struct Session {
    answer: Arc<Answer>,
    until: Timestamp,
}

impl Session {
    pub(crate) fn new(answer: Arc<Answer>, until: Timestamp) -> Self {
        Self { answer, until }
    }

    pub(crate) fn answer(&self) -> &Arc<Answer> {
        &self.answer
    }
}

/// The session of an issuer or connection. One login at a time.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Slot>);

/// Where the session is kept.
#[derive(Default)]
pub(crate) struct Slot(Option<Session>);

impl Sessions {
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().await
    }

    pub(crate) async fn forget(&self) {
        self.0.lock().await.0 = None;
    }
}

impl Slot {
    pub(crate) fn good(&self, now: Timestamp) -> Option<Session> {
        self.0.clone().filter(|session| now < session.until)
    }

    pub(crate) fn put(&mut self, session: Session) -> Session {
        self.0.insert(session).clone()
    }
}
