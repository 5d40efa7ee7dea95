//! The words of states, and how urgent one is.

use serde::{Deserialize, Serialize};

/// One word for the state of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It was shown to work, at the service provider and at every connection.
    Fresh,
    /// A new token is made for it, or is due.
    Renewing,
    /// Nothing shows that it works, or a connection has not confirmed it.
    Unproven,
    /// The service provider refuses it.
    Refused,
    /// It should have been renewed, and its end comes near.
    Expiring,
    /// It has expired.
    Expired,
    /// No more tokens may be issued for it today.
    LimitReached,
    /// A person must supply a token, or write it into a connection.
    WaitingForYou,
    /// An identity provider has suspended a connection, or it is switched off there.
    Quarantined,
    /// A person paused it, or everything.
    Paused,
    /// A person must decide first.
    Halted,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 11] = [
        Self::Fresh,
        Self::Renewing,
        Self::Unproven,
        Self::Refused,
        Self::Expiring,
        Self::Expired,
        Self::LimitReached,
        Self::WaitingForYou,
        Self::Quarantined,
        Self::Paused,
        Self::Halted,
    ];

    /// The word for labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Renewing => "renewing",
            Self::Unproven => "unproven",
            Self::Refused => "refused",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::LimitReached => "limit_reached",
            Self::WaitingForYou => "waiting_for_you",
            Self::Quarantined => "quarantined",
            Self::Paused => "paused",
            Self::Halted => "halted",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::LimitReached => "limit reached",
            Self::WaitingForYou => "waiting for you",
            Self::Fresh
            | Self::Renewing
            | Self::Unproven
            | Self::Refused
            | Self::Expiring
            | Self::Expired
            | Self::Quarantined
            | Self::Paused
            | Self::Halted => self.as_str(),
        }
    }

    /// The word that is written so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Whether only a person ends such a state.
    #[must_use]
    pub fn waits_for_person(self) -> bool {
        match self {
            Self::LimitReached
            | Self::WaitingForYou
            | Self::Quarantined
            | Self::Paused
            | Self::Halted => true,
            Self::Fresh
            | Self::Renewing
            | Self::Unproven
            | Self::Refused
            | Self::Expiring
            | Self::Expired => false,
        }
    }
}

/// Whether a person must look at a token, and how soon; ordered.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Nobody needs to do anything.
    #[default]
    Fine,
    /// Somebody should look at it in the next working hours.
    Attention,
    /// Provisioning stops soon, or has stopped.
    Urgent,
}

impl Urgency {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Fine, Self::Attention, Self::Urgent];

    /// The word for JSON and people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Attention => "attention",
            Self::Urgent => "urgent",
        }
    }

    /// The value of the metric.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Attention => 1,
            Self::Urgent => 2,
        }
    }
}
