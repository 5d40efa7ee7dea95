//! What one HTTP answer of a service provider says about the credential of its
//! request.

use url::Url;

use super::message::{Message, SERVICE_PROVIDER_CONFIG, ScimType};
use super::outline;

/// An HTTP answer, its body already cut to a maximum length.
#[derive(Debug, Clone, Copy)]
pub struct RawAnswer<'a> {
    /// Status code.
    pub status: u16,
    /// `Location`.
    pub location: Option<&'a str>,
    /// `WWW-Authenticate`.
    pub challenge: Option<&'a str>,
    /// The body, or its beginning.
    pub body: &'a [u8],
    /// Whether the body goes on after what was read of it.
    pub cut: bool,
}

/// The meaning of an answer. It contains no text of the server's, except the
/// host name of a redirect if the request carried no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// 200 with what was asked for.
    Accepted,
    /// 2xx with anything else: a login page, an error, nothing.
    NotScim(NotScim),
    /// 401.
    Unauthorized(Option<AuthError>),
    /// 403.
    Forbidden(Option<AuthError>),
    /// 404 or 410.
    NotFound,
    /// 400: the server rejected the query, with or without having checked the
    /// credential.
    BadRequest(Option<ScimType>),
    /// 405 or 501: the server does not support this read.
    NotOffered(u16),
    /// 413, 414 or 431.
    TooLarge(u16),
    /// 3xx; never followed.
    Redirect(RedirectTo),
    /// 429.
    Throttled,
    /// 5xx other than 501.
    ServerError(u16),
    /// Any other status.
    Unexpected(u16),
    /// A body longer than the maximum, whose beginning shows nothing: the status
    /// is not used.
    Oversized,
    /// A rule of `answers` says that this status refuses the credential.
    RefusedByRule(u16),
    /// A rule of `answers` says that this status shows nothing.
    LaterByRule(u16),
    /// The certificate is not trusted; nothing was sent.
    Tls,
    /// No answer (DNS, connect, reset, timeout), in our own words.
    Unreachable(String),
}

/// Why a 2xx is not an acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotScim {
    /// Not one JSON object: HTML, empty, truncated; or what is read of it is nested
    /// too deep or not UTF-8.
    NotJson,
    /// JSON without the schema of a SCIM list.
    NoSchema,
    /// The schema of a list, with contents that are no list.
    BadList,
    /// A SCIM error with a 2xx status.
    ErrorInside,
    /// A 2xx status that is no answer to a read, such as 202 or 204.
    Status(u16),
}

/// The error codes of RFC 6750, section 3.1. Other codes are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthError {
    /// `invalid_request`.
    InvalidRequest,
    /// `invalid_token`.
    InvalidToken,
    /// `insufficient_scope`.
    InsufficientScope,
}

impl AuthError {
    const ALL: [Self; 3] = [
        Self::InvalidRequest,
        Self::InvalidToken,
        Self::InsufficientScope,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

/// The target of a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectTo {
    /// Another path on the same server.
    OtherPath,
    /// Another scheme or port of the same host.
    OtherScheme,
    /// Another host. Its name is kept only if the request carried no token,
    /// since a server may write a token into it.
    OtherHost(Option<String>),
    /// No usable `Location`.
    Nowhere,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A list of resources.
    List,
    /// `ServiceProviderConfig`.
    Discovery,
}

/// The longest `WWW-Authenticate` that is parsed, in bytes.
const LONGEST_CHALLENGE: usize = 4096;
/// The longest host name (RFC 1035).
const LONGEST_HOST: usize = 253;

impl ProbeAnswer {
    /// Reads an answer to a request for `url`.
    #[must_use]
    pub fn read(
        raw: RawAnswer<'_>,
        asked: Asked,
        url: &Url,
        carried_token: bool,
        accept_non_scim: bool,
    ) -> Self {
        match raw.status {
            200 => read_success(raw, asked, accept_non_scim),
            201..=299 => Self::NotScim(NotScim::Status(raw.status)),
            300..=399 => Self::Redirect(redirect(raw.location, url, carried_token)),
            400 => Self::BadRequest(outline::read(raw.body).and_then(|m| m.scim_type)),
            401 => Self::Unauthorized(auth_error(raw.challenge)),
            403 => Self::Forbidden(auth_error(raw.challenge)),
            404 | 410 => Self::NotFound,
            405 | 501 => Self::NotOffered(raw.status),
            407 => Self::Unreachable("a proxy asks for credentials (407)".to_owned()),
            408 | 425 => Self::Unreachable(format!("the server did not wait ({})", raw.status)),
            413 | 414 | 431 => Self::TooLarge(raw.status),
            429 => Self::Throttled,
            500..=599 => Self::ServerError(raw.status),
            other => Self::Unexpected(other),
        }
    }

    /// Whether the service provider accepted the credential and answered.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }

    /// Whether the credential was refused, and nothing else explains the answer
    /// once the same request was accepted with another credential.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized(_)
                | Self::Forbidden(_)
                | Self::NotFound
                | Self::BadRequest(_)
                | Self::RefusedByRule(_)
        )
    }

    /// Whether a server answers a request without a credential like this when it
    /// does not expect one: it fails, or shows a person where to log in.
    #[must_use]
    pub fn is_no_acceptance(&self) -> bool {
        matches!(
            self,
            Self::ServerError(500) | Self::Redirect(_) | Self::NotScim(NotScim::NotJson)
        )
    }

    /// Whether the service provider said nothing of the credential: it limits
    /// requests, is not available, or did not answer.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::Unreachable(_)
                | Self::LaterByRule(_)
                | Self::Tls
                | Self::ServerError(502..=504)
        )
    }

    /// Whether another kind of read may work. A search that finds nobody may be
    /// answered by 404 or 204.
    #[must_use]
    pub fn suggests_another_read(&self) -> bool {
        matches!(
            self,
            Self::BadRequest(_)
                | Self::NotFound
                | Self::NotScim(NotScim::Status(204))
                | Self::NotOffered(_)
                | Self::ServerError(_)
                | Self::Oversized
        )
    }
}

fn read_success(raw: RawAnswer<'_>, asked: Asked, accept_non_scim: bool) -> ProbeAnswer {
    if raw.cut {
        let beginning = outline::read_beginning(raw.body);
        return match beginning {
            Some(message) if message.is_error() => ProbeAnswer::NotScim(NotScim::ErrorInside),
            Some(message) if asked == Asked::List && begins_list(&message, accept_non_scim) => {
                ProbeAnswer::Accepted
            }
            Some(_) | None => ProbeAnswer::Oversized,
        };
    }
    let Some(message) = outline::read(raw.body) else {
        return ProbeAnswer::NotScim(NotScim::NotJson);
    };
    if message.is_error() {
        return ProbeAnswer::NotScim(NotScim::ErrorInside);
    }
    match asked {
        Asked::Discovery if message.names(SERVICE_PROVIDER_CONFIG) => ProbeAnswer::Accepted,
        Asked::Discovery => ProbeAnswer::NotScim(NotScim::NoSchema),
        Asked::List if message.names_list() && message.is_list() => ProbeAnswer::Accepted,
        Asked::List if message.names_list() => ProbeAnswer::NotScim(NotScim::BadList),
        Asked::List if accept_non_scim && is_bare_list(&message) => ProbeAnswer::Accepted,
        Asked::List => ProbeAnswer::NotScim(NotScim::NoSchema),
    }
}

/// Entries, or a total of none, without the schema of a list.
fn is_bare_list(message: &Message) -> bool {
    message.is_list() && (message.resources.is_some() || message.total.is_some())
}

/// Whether the beginning of a body shows that it is a list. Where the entries
/// come first, the schema of the list is not in it: then an entry must name a
/// schema of SCIM.
fn begins_list(message: &Message, accept_non_scim: bool) -> bool {
    message.resources.is_some()
        && (message.names_list() || message.has_scim_entry || accept_non_scim)
}

/// The first registered `error` of a challenge. Nothing else of it is used: it
/// may be hostile.
fn auth_error(challenge: Option<&str>) -> Option<AuthError> {
    let text = challenge.filter(|text| text.len() <= LONGEST_CHALLENGE)?;
    AuthError::ALL.into_iter().find(|error| {
        let word = error.as_str();
        text.contains(&format!("error=\"{word}\"")) || text.contains(&format!("error={word}"))
    })
}

fn redirect(location: Option<&str>, from: &Url, carried_token: bool) -> RedirectTo {
    let Some(to) = location.and_then(|text| from.join(text).ok()) else {
        return RedirectTo::Nowhere;
    };
    match to.host_str() {
        None => RedirectTo::Nowhere,
        host if host != from.host_str() => RedirectTo::OtherHost(
            host.filter(|host| !carried_token && host.len() <= LONGEST_HOST)
                .map(str::to_owned),
        ),
        Some(_) if to.origin() != from.origin() => RedirectTo::OtherScheme,
        Some(_) => RedirectTo::OtherPath,
    }
}

#[cfg(test)]
mod tests;
