//! One look at one token: what has to be told, the right to send it, sending it, and
//! the note that it is told.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::super::note::{Claim, Due, Note, Question, Told};
use super::super::sender::Sender;
use super::super::view::View;
use super::{Messenger, Noted};
use crate::ports::StoreError;

/// How long the right to send lasts: longer than a round.
const CLAIM: SignedDuration = SignedDuration::from_mins(3);
/// Messages to one target in one round.
const IN_ONE_ROUND: usize = 4;
/// When a token is looked at again after Vault failed, or another replica wrote its
/// note.
const AGAIN: SignedDuration = SignedDuration::from_secs(15);
/// The same if the record is newer than the view: the supervisor brings another one.
const STALE: SignedDuration = SignedDuration::from_mins(1);

/// What came of a round.
enum End {
    /// Nothing is due before this time.
    Until(Option<Timestamp>),
    Again(SignedDuration),
}

/// What one target is told in this round.
pub(super) struct Batch {
    pub(super) sender: Arc<Sender>,
    pub(super) due: Vec<Due>,
}

impl Messenger {
    /// Looks at one token once.
    pub(super) async fn round(&self, name: &str) {
        let Some((view, edition, noted)) = self.known(name) else {
            return;
        };
        let (end, noted) = match self.look(&view, noted).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::warn!(token = %name, %error, "what people have to be told is not sent now: the note of it in Vault cannot be used");
                (End::Again(AGAIN), None)
            }
        };
        let now = self.clock.now();
        let after = |wait| now.checked_add(wait).unwrap_or(Timestamp::MAX);
        let at = match end {
            End::Until(at) => at.unwrap_or(Timestamp::MAX),
            End::Again(wait) => after(wait),
        };
        let mut state = self.state.lock();
        let Some(known) = state.known.get_mut(name) else {
            return;
        };
        let has_changed = known.edition != edition;
        known.noted = noted;
        let at = match has_changed {
            true => now,
            false => at,
        };
        state.schedule(name, at);
    }

    fn known(&self, name: &str) -> Option<(Arc<View>, u64, Option<Noted>)> {
        let mut state = self.state.lock();
        let known = state.known.get_mut(name)?;
        Some((Arc::clone(&known.view), known.edition, known.noted.clone()))
    }

    async fn look(
        &self,
        view: &View,
        noted: Option<Noted>,
    ) -> Result<(End, Option<Noted>), StoreError> {
        let name = &view.token;
        let mut noted = match noted {
            Some(noted) => noted,
            None => self.read(name).await?,
        };
        let senders = self.senders();
        if noted
            .note
            .add(senders.iter().map(|s| s.name()), self.started_at)
        {
            noted.unsaved = true;
        }
        let now = self.clock.now();
        let batches = self.batches(view, &noted.note, &senders, now);
        if batches.is_empty() && !noted.unsaved {
            let next = self.next(view, &noted.note, &senders, now);
            return Ok((End::Until(next), Some(noted)));
        }
        let theirs = noted.note.claim.as_ref();
        let theirs = theirs.filter(|claim| claim.holder != self.holder && claim.until > now);
        if let Some(claim) = theirs {
            // It is read again then.
            return Ok((End::Until(Some(claim.until)), None));
        }
        if let Some(version) = view.version.filter(|_| !batches.is_empty())
            && self.notes.record_version(name).await? != version
        {
            return Ok((End::Again(STALE), None));
        }
        noted.note.claim = (!batches.is_empty()).then(|| Claim {
            holder: self.holder.clone(),
            until: now.checked_add(CLAIM).unwrap_or(Timestamp::MAX),
        });
        let Some(mut noted) = self.write(name, noted).await? else {
            return Ok((End::Again(AGAIN), None));
        };
        if batches.is_empty() {
            return Ok((End::Again(SignedDuration::ZERO), Some(noted)));
        }
        let told = join_all(batches.into_iter().map(|batch| self.tell(batch))).await;
        self.note_told(&mut noted, told);
        noted.note.claim = None;
        noted.unsaved = true;
        let before = noted.clone();
        match self.write(name, noted).await {
            Ok(written) => Ok((End::Again(SignedDuration::ZERO), written)),
            Err(error) => {
                tracing::warn!(token = %name, %error, "people were told, and that is not noted in Vault yet: another replica may tell them the same again");
                Ok((End::Again(AGAIN), Some(before)))
            }
        }
    }

    async fn read(&self, name: &str) -> Result<Noted, StoreError> {
        let (stored, version) = self.notes.note(name).await?;
        let note = match stored {
            None => Note::default(),
            Some(value) => serde_json::from_value(value).map_err(|_| {
                StoreError::Unusable(format!(
                    "the note of what was told of the token `{name}` is not what scim-rotator writes: delete it, and what lasts is told again"
                ))
            })?,
        };
        Ok(Noted {
            note,
            version,
            unsaved: false,
        })
    }

    /// `None`: another replica wrote first.
    async fn write(&self, name: &str, mut noted: Noted) -> Result<Option<Noted>, StoreError> {
        let value = serde_json::to_value(&noted.note).unwrap_or_default();
        let written = self.notes.write_note(name, value, noted.version).await?;
        Ok(written.map(|version| {
            noted.version = version;
            noted.unsaved = false;
            noted
        }))
    }

    /// What is due for receivers that are not left alone now.
    fn batches(
        &self,
        view: &View,
        note: &Note,
        senders: &[Arc<Sender>],
        now: Timestamp,
    ) -> Vec<Batch> {
        let batch = |sender: &Arc<Sender>| {
            let told = note.targets.get(sender.name())?;
            if self.left_alone_until(sender, now).is_some() {
                return None;
            }
            let mut due = told.due(&self.question(view, sender, now));
            due.retain(|due| !self.rests(sender, due, now));
            due.truncate(IN_ONE_ROUND);
            let sender = Arc::clone(sender);
            (!due.is_empty()).then_some(Batch { sender, due })
        };
        senders.iter().filter_map(batch).collect()
    }

    fn question<'a>(&'a self, view: &'a View, sender: &'a Sender, now: Timestamp) -> Question<'a> {
        Question {
            scope: &self.scope,
            view,
            wants: &sender.wants,
            now,
        }
    }

    /// When the token is to be looked at again.
    fn next(
        &self,
        view: &View,
        note: &Note,
        senders: &[Arc<Sender>],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let next = |sender: &Arc<Sender>| {
            let told: &Told = note.targets.get(sender.name())?;
            let question = self.question(view, sender, now);
            let waits = !told.due(&question).is_empty();
            if !waits {
                self.settled(sender.name(), &view.token);
            }
            let by_time = told.next(&question);
            let retry = match self.left_alone_until(sender, now) {
                Some(until) => Some(until),
                None => now.checked_add(AGAIN).ok(),
            };
            let retry = retry.filter(|_| waits);
            [retry, by_time].into_iter().flatten().min()
        };
        senders.iter().filter_map(next).min()
    }

    fn left_alone_until(&self, sender: &Sender, now: Timestamp) -> Option<Timestamp> {
        let state = self.state.lock();
        let failing = state.failing.get(sender.name())?;
        Some(failing.not_before).filter(|until| *until > now)
    }
}
