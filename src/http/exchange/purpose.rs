//! What follows from what a call is for: its usual method and successes, its effect, and what its
//! templates may hold.

use http::Method;
use serde::Deserialize;

pub use crate::http::names::Purpose;

/// What a call does at the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only reads.
    None,
    /// It makes something new each time.
    Creates,
    /// It changes something.
    Writes,
    /// It ends something; ending it twice does no more.
    Ends,
}

impl Purpose {
    /// Whether the answer is a list, of which there may be several pages.
    #[must_use]
    pub fn lists(self) -> bool {
        matches!(self, Self::List | Self::Inventory | Self::InventoryEach)
    }

    /// The method of a call that names none.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Login
            | Self::Issue
            | Self::Complete
            | Self::Cancel
            | Self::TestCandidate
            | Self::AfterDeliver
            | Self::TestSaved => Method::POST,
            Self::Lookup
            | Self::List
            | Self::Get
            | Self::Status
            | Self::State
            | Self::Inventory
            | Self::InventoryEach
            | Self::Label
            | Self::Probe
            | Self::Command
            | Self::Instructions => Method::GET,
            Self::Revoke => Method::DELETE,
            Self::Deliver | Self::Revert => Method::PUT,
        }
    }

    /// The effect of a call that names none.
    #[must_use]
    pub fn effect(self) -> Effect {
        match self {
            Self::Issue => Effect::Creates,
            Self::Revoke | Self::Complete | Self::Cancel => Effect::Ends,
            Self::Deliver | Self::AfterDeliver | Self::Revert => Effect::Writes,
            Self::Login
            | Self::Lookup
            | Self::List
            | Self::Get
            | Self::Status
            | Self::TestCandidate
            | Self::TestSaved
            | Self::State
            | Self::Inventory
            | Self::InventoryEach
            | Self::Label
            | Self::Probe
            | Self::Command
            | Self::Instructions => Effect::None,
        }
    }

    /// The success codes of a call without a rule for success.
    #[must_use]
    pub fn success(self) -> &'static [u16] {
        match self {
            Self::Issue => &[200, 201],
            Self::List | Self::Get | Self::Status | Self::Inventory | Self::InventoryEach => &[200],
            Self::Revoke | Self::Complete | Self::Cancel => &[200, 201, 202, 204],
            Self::Login
            | Self::Lookup
            | Self::TestCandidate
            | Self::Deliver
            | Self::AfterDeliver
            | Self::TestSaved
            | Self::State
            | Self::Revert
            | Self::Label
            | Self::Probe
            | Self::Command
            | Self::Instructions => &[200, 201, 202, 204],
        }
    }

    /// The codes that mean "there is no such token" for a call without a rule
    /// for that: only a question about one thing can be answered so.
    #[must_use]
    pub fn gone(self) -> &'static [u16] {
        match self {
            Self::Get | Self::Revoke | Self::InventoryEach => &[404, 410],
            Self::Login
            | Self::Lookup
            | Self::Issue
            | Self::List
            | Self::Status
            | Self::Complete
            | Self::Cancel
            | Self::TestCandidate
            | Self::Deliver
            | Self::AfterDeliver
            | Self::TestSaved
            | Self::State
            | Self::Revert
            | Self::Inventory
            | Self::Label
            | Self::Probe
            | Self::Command
            | Self::Instructions => &[],
        }
    }
}
