//! The steps of a connection over HTTP, and what each may know and do.

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Login,
    Preflight,
    Read,
    TestCandidate,
    Push,
    PostPush,
    TestSaved,
    State,
    Rollback,
}

impl Purpose {
    /// The key of the step, also its name in errors and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Preflight => "preflight",
            Self::Read => "read",
            Self::TestCandidate => "test_candidate",
            Self::Push => "push",
            Self::PostPush => "post_push",
            Self::TestSaved => "test_saved",
            Self::State => "state",
            Self::Rollback => "rollback",
        }
    }

    /// Whether it changes something at the identity provider.
    pub(super) fn writes(self) -> bool {
        match self {
            Self::Push | Self::PostPush | Self::Rollback => true,
            Self::Login
            | Self::Preflight
            | Self::Read
            | Self::TestCandidate
            | Self::TestSaved
            | Self::State => false,
        }
    }

    /// Whether it may hold the token: only after the base URL was checked.
    pub(super) fn may_hold_token(self) -> bool {
        match self {
            Self::Login | Self::Preflight | Self::Read => false,
            Self::TestCandidate
            | Self::Push
            | Self::PostPush
            | Self::TestSaved
            | Self::State
            | Self::Rollback => true,
        }
    }

    /// The steps whose answers a step may use.
    pub(super) fn earlier(self) -> &'static [Self] {
        match self {
            Self::Login => &[],
            Self::Preflight | Self::TestSaved | Self::State => &[Self::Login],
            Self::Read => &[Self::Login, Self::Preflight],
            Self::TestCandidate | Self::Push | Self::Rollback => {
                &[Self::Login, Self::Preflight, Self::Read]
            }

            Self::PostPush => &[Self::Login, Self::Preflight, Self::Read, Self::Push],
        }
    }
}
