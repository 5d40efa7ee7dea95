//! What a rehearsal has shown, step by step.

use jiff::SignedDuration;

use crate::fault::Fault;
use crate::scim::evidence::{Finding, Verdict};

/// One thing that a rehearsal tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// The issuer's tokens are listed.
    List,
    /// A throw-away token is issued.
    Issue,
    /// The list shows it.
    Found,
    /// The service provider accepts it, and refuses wrong ones.
    Proven,
    /// It lives as long as was asked for.
    Life,
    /// It has the scopes that were asked for.
    Scopes,
    /// A connection can be reached, and has the configured base URL.
    Preflight,
    /// A connection accepts the throw-away token in its test of candidates.
    Candidate,
    /// The issuer revokes it.
    Revoke,
    /// The service provider refuses it from then on.
    Refused,
    /// The list does not show it any more.
    Gone,
    /// The token in use works as before.
    InUse,
}

impl Trial {
    /// The word for tables and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Issue => "issue",
            Self::Found => "found_in_list",
            Self::Proven => "accepted",
            Self::Life => "lifetime",
            Self::Scopes => "scopes",
            Self::Preflight => "preflight",
            Self::Candidate => "candidate_test",
            Self::Revoke => "revoke",
            Self::Refused => "refused",
            Self::Gone => "gone_from_list",
            Self::InUse => "token_in_use",
        }
    }
}

/// What a trial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Result {
    /// It was shown.
    Shown,
    /// It was not shown, and nothing speaks against it.
    NotShown,
    /// It does not work.
    Failed,
}

impl Result {
    /// The word for tables and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::NotShown => "not shown",
            Self::Failed => "failed",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was tried.
    pub trial: Trial,
    /// At which connection, by its place in the configuration.
    pub connection: Option<usize>,
    /// What came of it.
    pub result: Result,
    /// Machine word of why it was not shown; empty if it was.
    pub reason: &'static str,
    /// For a person.
    pub detail: String,
    /// How long it took.
    pub took: SignedDuration,
}

/// A row without its duration.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) result: Result,
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

impl Said {
    pub(super) fn shown(detail: impl Into<String>) -> Self {
        Self {
            result: Result::Shown,
            reason: "",
            detail: detail.into(),
        }
    }

    pub(super) fn not_shown(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            result: Result::NotShown,
            reason,
            detail: detail.into(),
        }
    }

    pub(super) fn failed(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            result: Result::Failed,
            reason,
            detail: detail.into(),
        }
    }

    /// A port that could not do it.
    pub(super) fn fault(fault: &Fault) -> Self {
        Self::failed(fault.kind.as_str(), fault.message.clone())
    }

    /// A verdict of the probe.
    pub(super) fn verdict<T>(verdict: &Verdict<T>, shown: &str) -> Self {
        let detail = |finding: &Finding| finding.detail.clone();
        match verdict {
            Verdict::Pass(_) => Self::shown(shown),
            Verdict::Fail(finding) => Self::failed(finding.reason.as_str(), detail(finding)),
            Verdict::Inconclusive(finding) => {
                Self::not_shown(finding.reason.as_str(), detail(finding))
            }
        }
    }
}
