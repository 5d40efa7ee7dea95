//! Sends the messages of one token to one target, and remembers what failed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::note::Due;
use super::super::sender::{NotSent, Sender};
use super::round::Batch;
use super::{Failing, Messenger, Noted};

/// The pause after the first failure of a receiver; it doubles with each further one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How often a receiver may refuse a message before it is given up.
const MOST_REFUSALS: u32 = 5;

/// What one target was told, and what was given up.
pub(super) struct Outcome {
    target: String,
    done: Vec<Due>,
}

impl Messenger {
    /// Sends in order, until the receiver fails.
    pub(super) async fn tell(&self, batch: Batch) -> Outcome {
        let target = batch.sender.name().to_owned();
        let mut done = Vec::new();
        for due in batch.due {
            if due.is_late {
                self.give_up(&target, &due, "it could not be told within a day");
                done.push(due);
                continue;
            }
            match batch.sender.send(&due.message).await {
                Ok(()) => {
                    self.worked(&target, &due);
                    done.push(due);
                }
                Err(error) if error.only_this => {
                    if self.refused(&target, &due, &error) {
                        done.push(due);
                    }
                }
                Err(error) => {
                    self.failed(&target, &due, &error);
                    break;
                }
            }
        }
        Outcome { target, done }
    }

    pub(super) fn note_told(&self, noted: &mut Noted, outcomes: Vec<Outcome>) {
        let now = self.clock.now();
        for Outcome { target, done } in outcomes {
            if let Some(told) = noted.note.targets.get_mut(&target) {
                done.iter().for_each(|due| told.note(due, now));
            }
        }
    }

    fn worked(&self, target: &str, due: &Due) {
        let (before, message) = (self.state.lock().failing.remove(target), &due.message);
        self.tally.sent(target);
        if before.is_some() {
            tracing::info!(target_name = target, "the receiver accepts messages again");
        }
        tracing::info!(
            token = %message.token,
            target_name = target,
            event = message.event.as_str(),
            phase = message.phase.as_str(),
            id = %message.id,
            "people were told"
        );
    }

    /// The receiver, or the way to it, does not work now.
    fn failed(&self, target: &str, due: &Due, error: &NotSent) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let failing = state.failing.entry(target.to_owned());
        let failing = failing.or_insert_with(|| Failing {
            since: now,
            attempts: 0,
            not_before: now,
            waiting: BTreeSet::new(),
        });
        let pause = pause_after(failing.attempts).max(error.retry_after.unwrap_or_default());
        failing.attempts = failing.attempts.saturating_add(1);
        failing.not_before = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        failing.waiting.insert(due.message.token.clone());
        let (since, attempts, again_at) = (failing.since, failing.attempts, failing.not_before);
        drop(state);
        self.tally.failed(target, Some(since));
        // A warning that repeats with the pauses.
        tracing::warn!(
            token = %due.message.token,
            target_name = target,
            event = due.message.event.as_str(),
            attempts,
            error = %error.why,
            %again_at,
            "people could not be told; it is tried again"
        );
    }

    /// The receiver refuses this one message. Returns whether it is given up.
    fn refused(&self, target: &str, due: &Due, error: &NotSent) -> bool {
        let now = self.clock.now();
        let key = (target.to_owned(), due.message.id.clone());
        let mut state = self.state.lock();
        let refusals = state.refusals.entry(key.clone()).or_insert((0, now));
        refusals.0 += 1;
        let count = refusals.0;
        let pause = pause_after(count);
        refusals.1 = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let given_up = count >= MOST_REFUSALS;
        if given_up {
            state.refusals.remove(&key);
        }
        drop(state);
        self.tally.failed(target, None);
        tracing::warn!(
            token = %due.message.token,
            target_name = target,
            event = due.message.event.as_str(),
            attempts = count,
            error = %error.why,
            "people could not be told: the receiver refuses the message"
        );
        if given_up {
            self.give_up(target, due, "the receiver refuses it again and again");
        }
        given_up
    }

    /// Nothing of this token has to be told to the target now.
    pub(super) fn settled(&self, target: &str, token: &str) {
        let mut state = self.state.lock();
        let Some(failing) = state.failing.get_mut(target) else {
            return;
        };
        failing.waiting.remove(token);
        if failing.waiting.is_empty() {
            state.failing.remove(target);
            drop(state);
            self.tally.settled(target);
        }
    }

    fn give_up(&self, target: &str, due: &Due, why: &str) {
        self.tally.given_up(target);
        tracing::error!(
            token = %due.message.token,
            target_name = target,
            event = due.message.event.as_str(),
            phase = due.message.phase.as_str(),
            id = %due.message.id,
            why,
            "a message to people is given up"
        );
    }

    /// Whether the receiver refused this message lately.
    pub(super) fn rests(&self, sender: &Sender, due: &Due, now: Timestamp) -> bool {
        let key = (sender.name().to_owned(), due.message.id.clone());
        let state = self.state.lock();
        let refusals = state.refusals.get(&key);
        refusals.is_some_and(|(_, not_before)| *not_before > now)
    }
}

fn pause_after(failures: u32) -> SignedDuration {
    let factor = 2_i32.saturating_pow(failures.min(20));
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}
