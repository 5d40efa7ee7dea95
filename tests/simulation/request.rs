//! What a port can ask of the world. A request is plain data, so that it may
//! land late, or twice.

use std::sync::Arc;

use scim_rotator::fault::Fault;
use scim_rotator::ports::{IssueRequest, PublishedSecret, PublishedToken, TokenHandle};
use scim_rotator::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use scim_rotator::rotation::record::Record;
use scim_rotator::scim::evidence::Tenancy;
use scim_rotator::secret::BearerToken;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// Number of the process; grows with each restart.
    pub(crate) id: usize,
    /// Its machine, which has the clock.
    pub(crate) machine: usize,
}

/// One request, on behalf of one token.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Load,
    Commit {
        record: Arc<Record>,
        expected: u64,
        /// Id that the driver gave itself as a holder of leases; `None` for
        /// people.
        holder: Option<Arc<str>>,
    },
    Published,
    Publish {
        value: PublishedToken,
        expected: u64,
    },
    List,
    Issue(IssueRequest),
    Get {
        id: String,
    },
    Revoke(TokenHandle),
    Complete,
    Cancel,
    Preflight {
        connection: usize,
    },
    /// A delivery or the return to the former token.
    Deliver {
        connection: usize,
        value: BearerToken,
    },
    Confirm {
        connection: usize,
        value: BearerToken,
    },
    Prove {
        value: BearerToken,
    },
    CompareTenants {
        new: BearerToken,
        old: BearerToken,
    },
    ProveRefused {
        old: BearerToken,
        new: BearerToken,
    },
}

impl Request {
    /// The word for event logs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Load => "vault.load",
            Self::Commit { .. } => "vault.commit",
            Self::Published => "vault.published",
            Self::Publish { .. } => "vault.publish",
            Self::List => "issuer.list",
            Self::Issue(_) => "issuer.issue",
            Self::Get { .. } => "issuer.get",
            Self::Revoke(_) => "issuer.revoke",
            Self::Complete => "issuer.complete",
            Self::Cancel => "issuer.cancel",
            Self::Preflight { .. } => "connection.preflight",
            Self::Deliver { .. } => "connection.deliver",
            Self::Confirm { .. } => "connection.confirm",
            Self::Prove { .. } => "probe.prove",
            Self::CompareTenants { .. } => "probe.compare_tenants",
            Self::ProveRefused { .. } => "probe.prove_refused",
        }
    }

    /// Whether it only asks the service provider about a token.
    pub(crate) fn is_probe(&self) -> bool {
        matches!(
            self,
            Self::Prove { .. } | Self::CompareTenants { .. } | Self::ProveRefused { .. }
        )
    }

    /// Whether it goes to Vault.
    pub(crate) fn is_for_vault(&self) -> bool {
        match self {
            Self::Load | Self::Commit { .. } | Self::Published | Self::Publish { .. } => true,
            Self::List
            | Self::Issue(_)
            | Self::Get { .. }
            | Self::Revoke(_)
            | Self::Complete
            | Self::Cancel
            | Self::Preflight { .. }
            | Self::Deliver { .. }
            | Self::Confirm { .. }
            | Self::Prove { .. }
            | Self::CompareTenants { .. }
            | Self::ProveRefused { .. } => false,
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Nothing,
    Record(Option<(Arc<Record>, u64)>),
    /// The new version.
    Written(u64),
    Published(PublishedSecret, u64),
    Listing(Listing),
    Issued(IssuedToken),
    Found(Option<ListedToken>),
    Confirmation(Confirmation),
    /// Whether the service provider took the token.
    Accepted(bool),
    Tenancy(Tenancy),
    /// Whether it took the old one, and the new one.
    Both {
        old: bool,
        new: bool,
    },
}

/// Why nothing came back.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Check-and-set refused a write to Vault.
    Conflict,
    Fault(Fault),
}

pub(crate) type Answered = Result<Reply, Failure>;
