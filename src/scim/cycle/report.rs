//! The steps of a run, how each ended, and the verdict.

use serde::{Deserialize, Serialize};

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An access token for a client secret.
    Access,
    /// The journal and the right to run.
    Journal,
    /// The number of users is that of a test directory.
    Population,
    /// The tenant is the pinned one.
    Tenant,
    /// What an earlier run left behind is deleted.
    Sweep,
    /// The name is free.
    Absent,
    /// A user is created.
    Create,
    /// It is read by its id.
    Read,
    /// It is found by its name.
    Query,
    /// A second user of the same name is refused.
    Duplicate,
    /// An attribute is changed.
    Change,
    /// The user is deactivated.
    Deactivate,
    /// And activated again.
    Reactivate,
    /// A group is created.
    GroupCreate,
    /// The user becomes a member.
    MemberAdd,
    /// And is none any more.
    MemberRemove,
    /// The group is deleted.
    GroupDelete,
    /// The user is deleted, and is gone.
    UserDelete,
    /// A read without a token is refused.
    NoToken,
    /// A read with a wrong token is refused.
    WrongToken,
    /// A token without its scheme is refused.
    Malformed,
    /// URLs beside SCIM refuse the token.
    AdminReach,
    /// Nothing is left behind.
    Leftovers,
}

impl Step {
    /// The word for output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Journal => "journal",
            Self::Population => "population",
            Self::Tenant => "tenant",
            Self::Sweep => "sweep",
            Self::Absent => "absent",
            Self::Create => "create",
            Self::Read => "read",
            Self::Query => "query",
            Self::Duplicate => "duplicate",
            Self::Change => "change",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::GroupCreate => "group_create",
            Self::MemberAdd => "member_add",
            Self::MemberRemove => "member_remove",
            Self::GroupDelete => "group_delete",
            Self::UserDelete => "user_delete",
            Self::NoToken => "no_token",
            Self::WrongToken => "wrong_token",
            Self::Malformed => "malformed",
            Self::AdminReach => "admin_reach",
            Self::Leftovers => "leftovers",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As the standard says.
    Passed,
    /// It works, with a deviation.
    Warned,
    /// It was not tried.
    Skipped,
    /// Nothing is shown: the server was away, throttled, or answered with a page.
    Inconclusive,
    /// It does not work.
    Failed,
}

impl Grade {
    /// The word for output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "passed, with a deviation",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "FAILED",
        }
    }
}

/// A finished step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Which step.
    pub step: Step,
    /// How it ended.
    pub grade: Grade,
    /// For a person; without any text of the server.
    pub detail: String,
}

/// Why a run stops: the step that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) step: Step,
    pub(super) grade: Grade,
    pub(super) detail: String,
}

impl Stop {
    pub(super) fn failed(step: Step, detail: impl Into<String>) -> Self {
        Self {
            step,
            grade: Grade::Failed,
            detail: detail.into(),
        }
    }

    pub(super) fn inconclusive(step: Step, detail: impl Into<String>) -> Self {
        Self {
            step,
            grade: Grade::Inconclusive,
            detail: detail.into(),
        }
    }
}

/// What a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleVerdict {
    /// Every required step passed, and nothing is left behind.
    Passed,
    /// A step failed, or something is left behind.
    Failed,
    /// Nothing is shown in either direction.
    Inconclusive,
}

impl CycleVerdict {
    /// The word for output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its id, from which the names follow.
    pub run: String,
    /// The steps that were tried, in their order.
    pub steps: Vec<StepReport>,
    /// Requests to the service provider.
    pub requests: u32,
    /// Users and groups that may still be there.
    pub leftovers: usize,
}

impl Report {
    /// What it shows.
    #[must_use]
    pub fn verdict(&self) -> CycleVerdict {
        let any = |grade| self.steps.iter().any(|step| step.grade == grade);
        if any(Grade::Failed) {
            CycleVerdict::Failed
        } else if any(Grade::Inconclusive) || self.steps.is_empty() {
            CycleVerdict::Inconclusive
        } else {
            CycleVerdict::Passed
        }
    }

    /// The step that decided, for a person.
    #[must_use]
    pub fn decisive(&self) -> Option<&StepReport> {
        let worst = match self.verdict() {
            CycleVerdict::Passed => return None,
            CycleVerdict::Failed => Grade::Failed,
            CycleVerdict::Inconclusive => Grade::Inconclusive,
        };
        self.steps.iter().find(|step| step.grade == worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_step_decides() {
        let report = |grades: &[Grade]| Report {
            run: "r".to_owned(),
            steps: grades
                .iter()
                .map(|grade| StepReport {
                    step: Step::Read,
                    grade: *grade,
                    detail: String::new(),
                })
                .collect(),
            requests: 0,
            leftovers: 0,
        };
        use CycleVerdict as V;
        use Grade::{Failed, Inconclusive, Passed, Skipped, Warned};
        for (grades, verdict) in [
            (&[Passed, Warned, Skipped][..], V::Passed),
            (&[Passed, Inconclusive], V::Inconclusive),
            (&[Inconclusive, Failed], V::Failed),
            (&[], V::Inconclusive),
        ] {
            assert_eq!(report(grades).verdict(), verdict, "{grades:?}");
        }
    }
}
