//! Why a request brought no answer, and what that means.

use std::error::Error as _;

use super::super::message::Origin;
use super::addresses::Forbidden;
use super::observer::Target;
use super::tls::TlsTrouble;
use crate::fault::{Fault, FaultClass, FaultKind};

/// Why there is no usable answer.
pub(super) enum Failure {
    Dns,
    Forbidden(Forbidden),
    Connect,
    ConnectTimeout,
    Tls(TlsTrouble),
    HungUp,
    Timeout,
    Network,
    TooLarge(usize),
}

impl Failure {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if let Some(trouble) = TlsTrouble::of(error)
            && (error.is_connect() || trouble.is_of_the_beginning())
        {
            return Self::Tls(trouble);
        }
        if let Some(forbidden) = forbidden_in(error) {
            return Self::Forbidden(forbidden);
        }
        if was_never_sent(error) {
            return Self::HungUp;
        }
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
            Self::Dns
            | Self::Forbidden(_)
            | Self::Connect
            | Self::ConnectTimeout
            | Self::HungUp => "connect",
            Self::Tls(_) => "tls",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::TooLarge(_) => "too_large",
        }
    }

    pub(super) fn fault(&self, origin: &Origin, target: Target) -> Fault {
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
            // What DNS says may be right again a minute later.
            Self::Forbidden(why) => (
                FaultClass::NotApplied,
                FaultKind::Network,
                format!("the host name leads to {why}"),
            ),
            Self::Connect => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "no connection: check that the server listens and that a firewall lets it through"
                    .to_owned(),
            ),
            Self::ConnectTimeout => (
                FaultClass::NotApplied,
                FaultKind::Timeout,
                "no connection within the time allowed: check the network and the firewall"
                    .to_owned(),
            ),
            Self::Tls(trouble) => (
                FaultClass::NotApplied,
                FaultKind::Network,
                trouble.to_string(),
            ),
            Self::HungUp => (
                FaultClass::NotApplied,
                FaultKind::Network,
                "it hung up before the request was sent: if it asks for a client certificate, we showed none or one that it does not accept (for Vault, `client_cert_file` in [vault])".to_owned(),
            ),
            Self::Timeout => (
                origin.unclear(),
                FaultKind::Timeout,
                format!("no complete answer within the time allowed{unknown}"),
            ),
            Self::Network => (
                origin.unclear(),
                FaultKind::Network,
                format!(
                    "the connection broke before the answer was complete{unknown}{}",
                    hint(target)
                ),
            ),
            Self::TooLarge(max) => (
                origin.unclear(),
                FaultKind::Schema,
                format!("the answer is larger than {max} bytes and was dropped{unknown}"),
            ),
        };
        let fault = Fault::new(class, kind, format!("{origin}: {text}"));
        match self {
            Self::TooLarge(_) => fault.complete(),
            Self::Dns
            | Self::Forbidden(_)
            | Self::Connect
            | Self::ConnectTimeout
            | Self::Tls(_)
            | Self::HungUp
            | Self::Timeout
            | Self::Network => fault,
        }
    }
}

/// A server of TLS 1.3 may refuse our certificate when the request is out, and
/// its reason is lost if it hangs up at once.
fn hint(target: Target) -> &'static str {
    match target {
        Target::Vault => {
            "; if Vault's listener asks for a client certificate, its refusal may look like this (`client_cert_file` in [vault])"
        }
        Target::Sp | Target::Idp | Target::Notify | Target::Traces => "",
    }
}

/// The address to which a name led that is not contacted.
fn forbidden_in(error: &reqwest::Error) -> Option<Forbidden> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Forbidden>() {
            return Some(*found);
        }
        next = error.source();
    }
    None
}

/// Whether the connection ended before the request went out. That is how a
/// server of TLS 1.3 looks that refuses our certificate: its alert comes while
/// the connection already counts as made, and is lost with it.
fn was_never_sent(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        let http: Option<&hyper::Error> = error.downcast_ref();
        if http.is_some_and(hyper::Error::is_canceled) {
            return true;
        }
        next = error.source();
    }
    false
}
