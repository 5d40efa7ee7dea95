//! What a call is for: its usual method and successes, its effect, and what its
//! templates may hold.

use http::Method;
use serde::Deserialize;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Gets a session for the calls that follow.
    Login,
    /// Reads something that later calls need.
    Lookup,
    /// Has a token issued.
    Issue,
    /// Lists the live tokens.
    List,
    /// Reads one token.
    Get,
    /// Revokes one token.
    Revoke,
    /// Reads the version of the issuer's state.
    Status,
    /// Two-phase issuers: ends the old token.
    Complete,
    /// Two-phase issuers: drops the new token.
    Cancel,
    /// Has the identity provider try a token before it is saved.
    TestCandidate,
    /// Writes the token into the connection.
    Deliver,
    /// What must follow the write: activate, start, publish.
    AfterDeliver,
    /// Has the identity provider try the token that it holds.
    TestSaved,
    /// Asks how provisioning is doing.
    State,
    /// Writes the former token back.
    Revert,
}

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
    /// The key of the call, also its name in errors and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Lookup => "lookup",
            Self::Issue => "issue",
            Self::List => "list",
            Self::Get => "get",
            Self::Revoke => "revoke",
            Self::Status => "status",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::TestCandidate => "test_candidate",
            Self::Deliver => "deliver",
            Self::AfterDeliver => "after_deliver",
            Self::TestSaved => "test_saved",
            Self::State => "state",
            Self::Revert => "revert",
        }
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
            Self::Lookup | Self::List | Self::Get | Self::Status | Self::State => Method::GET,
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
            | Self::State => Effect::None,
        }
    }

    /// The success codes of a call without a rule for success.
    #[must_use]
    pub fn success(self) -> &'static [u16] {
        match self {
            Self::Issue => &[200, 201],
            Self::List | Self::Get | Self::Status => &[200],
            Self::Revoke | Self::Complete | Self::Cancel => &[200, 201, 202, 204],
            Self::Login
            | Self::Lookup
            | Self::TestCandidate
            | Self::Deliver
            | Self::AfterDeliver
            | Self::TestSaved
            | Self::State
            | Self::Revert => &[200, 201, 202, 204],
        }
    }

    /// The codes that mean "there is no such token" for a call without a rule
    /// for that: only a question about one token can be answered so.
    #[must_use]
    pub fn gone(self) -> &'static [u16] {
        match self {
            Self::Get | Self::Revoke => &[404, 410],
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
            | Self::Revert => &[],
        }
    }
}
