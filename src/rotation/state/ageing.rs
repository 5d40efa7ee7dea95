//! What the passing of time makes of a state.

use jiff::{SignedDuration, Timestamp};

use super::model::{State, Text, section};
use super::word::{Urgency, Word};
use super::wording::{command, time};

/// The times of the token in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Life {
    /// When it was issued, or first seen.
    pub issued_at: Option<Timestamp>,
    /// When it is to be renewed.
    pub renew_at: Option<Timestamp>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When a person should have acted at the latest.
    pub person_due: Option<Timestamp>,
}

/// Beyond this share of the time between renewal and expiry somebody should look; as
/// the alert `ScimRotationOverdue` has it.
const OVERDUE: f64 = 0.3;
/// Beyond this share somebody must look now; as `ScimTokenExpiresSoon` has it.
const SOON: f64 = 0.8;
/// Beyond this share of the age at which a token without an end is renewed, it is
/// late; as `ScimTokenTooOld` has it.
const TOO_OLD: f64 = 0.1;

impl State {
    /// The state at `now`, of the token with this name and these times.
    #[must_use]
    pub fn at(mut self, token: &str, life: &Life, now: Timestamp) -> Self {
        let person_is_late = life.person_due.is_some_and(|due| due <= now);
        if self.word == Word::WaitingForYou && person_is_late {
            self.urgency = Urgency::Urgent;
        }
        let Some(end) = life.expires_at else {
            return self.of_a_token_without_end(token, life, now);
        };
        if end <= now {
            return self.expired(token, end);
        }
        let used = life.window_used(end, now);
        let urgency = match used {
            _ if used > SOON => Urgency::Urgent,
            _ if used > OVERDUE => Urgency::Attention,
            _ => return self,
        };
        self.urgency = self.urgency.max(urgency);
        if self.word.is_told_by_its_end() {
            let late = "It should have been renewed by now";
            let held = self.held(format!("{late}, and expires at {}.", time(end)));
            let alert = match urgency {
                Urgency::Urgent => "ScimTokenExpiresSoon",
                Urgency::Attention | Urgency::Fine => "ScimRotationOverdue",
            };
            self.turn(Word::Expiring, held, alert, token);
            self.since = life.renew_at.or(self.since);
        }
        self
    }

    fn expired(mut self, token: &str, end: Timestamp) -> Self {
        let over = format!("It expired at {}: provisioning has stopped.", time(end));
        let held = self.held(over);
        self.turn(Word::Expired, held, "ScimTokenExpired", token);
        self.urgency = Urgency::Urgent;
        self.since = Some(end);
        self.deadline = Some(end);
        self
    }

    /// It goes on working, and is not renewed.
    fn of_a_token_without_end(mut self, token: &str, life: &Life, now: Timestamp) -> Self {
        let (Some(issued), Some(due)) = (life.issued_at, life.renew_at) else {
            return self;
        };
        let late = now.duration_since(due).as_secs_f64();
        let is_late = late > TOO_OLD * due.duration_since(issued).as_secs_f64().max(0.0);
        if due < now && is_late && self.word.is_told_by_its_end() {
            self.urgency = self.urgency.max(Urgency::Attention);
            let text = format!("It should have been renewed at {}.", time(due));
            let held = self.held(text);
            self.turn(Word::Expiring, held, "ScimTokenTooOld", token);
            self.since = Some(due);
        }
        self
    }

    fn turn(&mut self, word: Word, sentence: String, alert: &str, token: &str) {
        self.word = word;
        self.sentence = sentence.into();
        self.runbook = section(alert);
        if self.command.is_none() {
            self.command = Some(Text::from(command("rotate", token)));
        }
    }

    /// This text, followed by what is known to hold the renewal up.
    fn held(&self, text: String) -> String {
        match (self.word, self.urgency) {
            (Word::Fresh, Urgency::Fine) => text,
            _ => format!("{text} {}", self.sentence),
        }
    }
}

impl Life {
    /// The share of the time between renewal and expiry that has passed.
    fn window_used(&self, end: Timestamp, now: Timestamp) -> f64 {
        let two_thirds = || {
            let issued = self.issued_at?;
            let life = end.duration_since(issued);
            issued
                .checked_add(SignedDuration::from_secs(life.as_secs() / 3 * 2))
                .ok()
        };
        let begin = self.renew_at.filter(|at| *at < end).or_else(two_thirds);
        let Some(begin) = begin else { return 0.0 };
        let whole = end.duration_since(begin).as_secs_f64();
        match whole > 0.0 {
            true => now.duration_since(begin).as_secs_f64() / whole,
            false => 0.0,
        }
    }
}

impl Word {
    /// Whether the coming end of the token says more than this word. The others tell
    /// what holds the renewal up.
    fn is_told_by_its_end(self) -> bool {
        match self {
            Self::Fresh | Self::Renewing | Self::Unproven => true,
            Self::Refused
            | Self::Expiring
            | Self::Expired
            | Self::LimitReached
            | Self::WaitingForYou
            | Self::Quarantined
            | Self::Paused
            | Self::Halted => false,
        }
    }
}
