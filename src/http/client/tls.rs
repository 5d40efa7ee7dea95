//! What went wrong while TLS was agreed on, in words that say what to do.
//!
//! No request is carried out before that, so such a failure is `NotApplied`.
//! With TLS 1.3 the server looks at our certificate after our side is done, so
//! its refusal may only show when the answer is read.

use std::error::Error;
use std::fmt;
use std::io;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

/// Names of a foreign certificate that are shown at most.
const NAMES: usize = 3;

/// Why no TLS connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsTrouble {
    UnknownAuthority,
    /// The names that the certificate is for.
    WrongName(Vec<String>),
    Expired(Option<Timestamp>),
    NotYetValid(Option<Timestamp>),
    BadCertificate,
    OursIsMissing,
    /// What the server holds against our certificate.
    OursIsRefused(&'static str),
    NoCommonVersion,
    HandshakeRefused,
    NoTls,
    Other,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign, open list of which a few are worth words of their own"
)]
impl TlsTrouble {
    /// Whether it belongs to the beginning of a connection, whenever it shows.
    pub(super) fn is_of_the_beginning(&self) -> bool {
        matches!(self, Self::OursIsMissing | Self::OursIsRefused(_))
    }

    /// What TLS says below an error, if it says anything.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        tls_error(error).map(Self::meaning)
    }

    fn meaning(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => Self::of_their_certificate(fault),
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert),
            rustls::Error::PeerIncompatible(_) => Self::NoCommonVersion,
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::Other,
        }
    }

    fn of_their_certificate(fault: &CertificateError) -> Self {
        match fault {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName => Self::WrongName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::WrongName(presented.iter().take(NAMES).map(|n| plain(n)).collect())
            }
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(time(*not_after)),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid(time(*not_before))
            }
            _ => Self::BadCertificate,
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::CertificateRequired => Self::OursIsMissing,
            AlertDescription::BadCertificate => Self::OursIsRefused("it is bad or missing"),
            AlertDescription::UnsupportedCertificate => {
                Self::OursIsRefused("it is of another kind")
            }
            AlertDescription::CertificateRevoked => Self::OursIsRefused("it was revoked"),
            AlertDescription::CertificateExpired => Self::OursIsRefused("it expired"),
            AlertDescription::CertificateUnknown => Self::OursIsRefused("it is not acceptable"),
            AlertDescription::UnknownCA => {
                Self::OursIsRefused("its certificate authority is not trusted there")
            }
            AlertDescription::AccessDenied => Self::OursIsRefused("it may not connect"),
            AlertDescription::ProtocolVersion => Self::NoCommonVersion,
            AlertDescription::HandshakeFailure => Self::HandshakeRefused,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for TlsTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority => f.write_str(
                "the authority that signed its TLS certificate is not trusted here: name that authority's PEM file (`ca_file`) in [vault] for Vault, else in [http] or [[http.hosts]]; if you know of no such authority, find out who answers there",
            ),
            Self::WrongName(names) if names.is_empty() => f.write_str(
                "its TLS certificate is not for the name in the URL: correct the URL, or have a certificate with this name issued",
            ),
            Self::WrongName(names) => write!(
                f,
                "its TLS certificate is not for the name in the URL but for {}: use such a name in the URL, or have a certificate with this one issued",
                names.join(", ")
            ),
            Self::Expired(at) => write!(
                f,
                "its TLS certificate expired{}: have it renewed there; if that is not so, set the clock of this machine",
                since(" at ", *at)
            ),
            Self::NotYetValid(at) => write!(
                f,
                "its TLS certificate is not valid yet{}: set the clock of this machine or of the one that issued it",
                since(", only from ", *at)
            ),
            Self::BadCertificate => f.write_str(
                "its TLS certificate cannot be accepted: it is malformed, revoked, or made for another purpose than a server (such as a certificate authority's own)",
            ),
            Self::OursIsMissing => f.write_str(
                "it asks for a client certificate and we have none: set `client_cert_file` and `client_key_file`, for Vault in [vault], for another host in [[http.hosts]]",
            ),
            Self::OursIsRefused(why) => write!(
                f,
                "it refuses our client certificate ({why}): that is `client_cert_file`, for Vault in [vault], for another host in [[http.hosts]]; have one issued that it accepts, the file is read again when it changes"
            ),
            Self::NoCommonVersion => f.write_str(
                "it speaks no version of TLS that is allowed here: TLS 1.2 is the least (for Vault, `tls_min_version` in [vault] may ask for more)",
            ),
            Self::HandshakeRefused => f.write_str(
                "it breaks the TLS handshake off: it asks for a client certificate and we have none (`client_cert_file`, for Vault in [vault], for another host in [[http.hosts]]), or for a cipher that is not allowed here",
            ),
            Self::NoTls => f.write_str(
                "what answers there does not speak TLS: check the port, and that https is right",
            ),
            Self::Other => f.write_str("no TLS connection came about: look at the server's log"),
        }
    }
}

/// The TLS library's error in a chain of others.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An I/O error hides what it wraps from `source`.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// A name out of a foreign certificate, without what could break a line, and
/// without the word of the TLS library around it: `DnsName("a.b")`.
fn plain(name: &str) -> String {
    let good = |c: &char| c.is_ascii_alphanumeric() || "*.-_: ".contains(*c);
    let inside = name
        .split_once("(\"")
        .and_then(|(_, name)| name.strip_suffix("\")"));
    let name = inside.unwrap_or(name);
    name.chars().filter(good).take(100).collect()
}

fn since(word: &str, at: Option<Timestamp>) -> String {
    at.map(|at| format!("{word}{at}")).unwrap_or_default()
}

fn time(at: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(at.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_below_other_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(TlsTrouble::of(&wrapped), Some(TlsTrouble::UnknownAuthority));
        assert_eq!(TlsTrouble::of(&io::Error::other("reset")), None);
    }

    #[test]
    fn a_foreign_name_cannot_break_a_line() {
        assert_eq!(plain("DnsName(\"*.a-b.c\")"), "*.a-b.c");
        assert_eq!(plain("10.0.0.1"), "10.0.0.1");
        assert_eq!(plain("a\n\u{1b}[31mERROR"), "a31mERROR");
    }
}
