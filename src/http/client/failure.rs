//! Why a request brought no answer, and what that means.

use super::super::message::Origin;
use crate::rotation::fault::{Fault, FaultClass, FaultKind};

/// Why there is no usable answer.
pub(super) enum Failure {
    Dns,
    Connect,
    ConnectTimeout,
    Timeout,
    Network,
    TooLarge(usize),
}

impl Failure {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimeout,
            (true, false) if error.is_dns() => Self::Dns,
            (true, false) => Self::Connect,
            (false, true) => Self::Timeout,
            (false, false) => Self::Network,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Dns | Self::Connect | Self::ConnectTimeout => "connect",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::TooLarge(_) => "too_large",
        }
    }

    pub(super) fn fault(&self, origin: &Origin) -> Fault {
        let unknown = if origin.idempotent {
            ""
        } else {
            "; whether it was carried out is not known"
        };
        let (class, kind, text) = match self {
            Self::Dns => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "the host name could not be resolved: check the URL and DNS".to_owned(),
            ),
            Self::Connect => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "no connection: check that the server listens, that a firewall lets it through and that its TLS certificate is trusted".to_owned(),
            ),
            Self::ConnectTimeout => (
                FaultClass::NotApplied,
                FaultKind::Timeout,
                "no connection within the time allowed: check the network and the firewall".to_owned(),
            ),
            Self::Timeout => (
                origin.unclear(),
                FaultKind::Timeout,
                format!("no complete answer within the time allowed{unknown}"),
            ),
            Self::Network => (
                origin.unclear(),
                FaultKind::Network,
                format!("the connection broke before the answer was complete{unknown}"),
            ),
            Self::TooLarge(max) => (
                origin.unclear(),
                FaultKind::Schema,
                format!("the answer is larger than {max} bytes and was dropped{unknown}"),
            ),
        };
        Fault::new(class, kind, format!("{origin}: {text}"))
    }
}
