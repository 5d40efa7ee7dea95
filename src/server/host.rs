//! Whether a request names this server. A page of a stranger in a browser can have
//! its own name point at this server's address (DNS rebinding) and then read its
//! answers; the `Host` of such requests is the stranger's name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rustix::system::uname;

/// The names under which this server may be asked.
#[derive(Debug)]
pub(super) struct Names {
    configured: Vec<String>,
    /// The name of this machine.
    machine: Option<String>,
}

impl Names {
    /// `hosts` are those of the configuration.
    pub(super) fn new(hosts: &[String]) -> Self {
        let machine = uname().nodename().to_str().ok().map(str::to_owned);
        Self {
            configured: hosts.to_vec(),
            machine,
        }
    }

    /// Whether requests for this host are answered. An address is no name that
    /// could be pointed elsewhere, and nobody else can have a name without a dot.
    fn has(&self, host: &str) -> bool {
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        if plain.parse::<IpAddr>().is_ok() || !host.contains('.') {
            return true;
        }
        let mut known = self.configured.iter().chain(&self.machine);
        known.any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Why a request is refused; `None` if it is not.
    fn refusal(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let mut hosts: Vec<&str> = Vec::new();
        for value in headers.get_all(header::HOST) {
            match value.to_str() {
                Ok(text) => hosts.push(text),
                Err(_) => return Some(UNREADABLE.to_owned()),
            }
        }
        if hosts.len() > 1 {
            return Some("the request has two Host headers\n".to_owned());
        }
        hosts.extend(uri.authority().map(Authority::as_str));
        for text in hosts {
            // An empty one is what HTTP asks for where there is no name.
            if text.is_empty() {
                continue;
            }
            let Ok(authority) = text.parse::<Authority>() else {
                return Some(UNREADABLE.to_owned());
            };
            let host = authority.host().trim_end_matches('.');
            if !self.has(host) {
                return Some(format!(
                    "this server is not known as `{host}`: if that is one of its names, add it to `hosts` in [server]\n"
                ));
            }
        }
        None
    }
}

const UNREADABLE: &str = "the Host header of the request is not a host with or without a port\n";

/// Answers 421 to requests that are meant for another server.
pub(super) async fn check(
    State(names): State<Arc<Names>>,
    request: Request,
    next: Next,
) -> Response {
    match names.refusal(request.uri(), request.headers()) {
        Some(why) => (StatusCode::MISDIRECTED_REQUEST, why).into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answers(host: &str) -> bool {
        let names = Names {
            configured: vec!["Rotator.example.com".to_owned()],
            machine: Some("web-1.internal".to_owned()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).expect("a header"));
        names.refusal(&Uri::from_static("/"), &headers).is_none()
    }

    #[test]
    fn addresses_names_of_this_machine_and_configured_names_are_answered() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9767",
            "[::1]:9767",
            "10.1.2.3:80",
            "localhost:9767",
            "scim-rotator:9767",
            "rotator.example.com",
            "ROTATOR.EXAMPLE.COM.:9767",
            "web-1.internal",
            "",
        ] {
            assert!(answers(host), "{host}");
        }
    }

    #[test]
    fn names_of_others_are_refused() {
        for host in [
            "attacker.example",
            "attacker.example:9767",
            "rotator.example.com.attacker.example",
            "127.0.0.1.attacker.example",
            "a.localhost.attacker.example",
            "localhost.attacker.example",
            "user@attacker.example",
            "a b",
            "http://127.0.0.1/",
        ] {
            assert!(!answers(host), "{host}");
        }
    }

    #[test]
    fn an_absolute_address_and_a_second_header_count_too() {
        let names = Names::new(&[]);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
        let absolute = Uri::from_static("http://attacker.example/metrics");
        assert!(names.refusal(&absolute, &headers).is_some());
        headers.append(header::HOST, HeaderValue::from_static("127.0.0.1"));
        assert!(names.refusal(&Uri::from_static("/"), &headers).is_some());
    }
}
