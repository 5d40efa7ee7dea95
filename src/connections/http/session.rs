//! The answer of `login`, used again for a while.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::http::Answer;

/// A session at the identity provider.
#[derive(Clone)]
pub(super) struct Session {
    answer: Arc<Answer>,
    until: Timestamp,
}

impl Session {
    pub(super) fn new(answer: Answer, until: Timestamp) -> Self {
        Self {
            answer: Arc::new(answer),
            until,
        }
    }

    pub(super) fn answer(&self) -> &Answer {
        &self.answer
    }
}

/// The session of a connection. One login at a time.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Slot>);

/// Where the session is kept.
#[derive(Default)]
pub(super) struct Slot(Option<Session>);

impl Sessions {
    pub(super) async fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().await
    }

    pub(super) async fn forget(&self) {
        self.0.lock().await.0 = None;
    }
}

impl Slot {
    pub(super) fn good(&self, now: Timestamp) -> Option<Session> {
        self.0.clone().filter(|session| now < session.until)
    }

    pub(super) fn put(&mut self, session: Session) -> Session {
        self.0.insert(session).clone()
    }
}
